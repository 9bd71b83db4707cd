package schemas

// CallError is a failure that its caller can act on: a wrong argument, an
// unknown code. Tools answer it as it is.
type CallError struct {
	Code    string   `json:"code"`              // stable, e.g. unknown_airport
	Field   string   `json:"field,omitempty"`   // e.g. segments[0].origin
	Given   string   `json:"given,omitempty"`   // what was given there
	Allowed []string `json:"allowed,omitempty"` // what is allowed, or the nearest matches
	Message string   `json:"message"`           // says all of it in a sentence, and what to do
}

func (e *CallError) Error() string { return e.Message }
