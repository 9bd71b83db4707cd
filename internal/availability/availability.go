// Package availability is what a live provider of award seats is to the project:
// a question, and three outcomes that are never mixed. Providers implement it;
// nothing else knows which there are.
package availability

import (
	"context"
	"time"
)

// Provider looks for seats that can be had for miles.
type Provider interface {
	// Name is what answers call it.
	Name() string
	// Programs are those that it can be asked for, by id.
	Programs() []string
	// Find looks for seats, the fewest miles first. No seats without an error means
	// that it was asked and has none on file; an error is an *Error: it could not
	// be asked.
	Find(ctx context.Context, q Query) ([]Seat, error)
}

// Query asks for seats between airports on days.
type Query struct {
	Origins, Destinations []string // airport codes
	Cabin                 string   // economy, premiumEconomy, business or first; empty is any
	From, To              string   // ISO days, both included; empty is open
	Programs              []string // such as UA_MileagePlus; empty is all that the provider has
	Seats                 int      // leave out where fewer are known to be left
}

// Seat says that a program sells seats in a cabin on a route on a day. It may sum
// up the flights of that day, so that its parts need not be of the same flight:
// Miles is the least and Remaining the most that any asks or has, Direct tells
// that one of them is, and Carriers are those of all.
type Seat struct {
	Program, Origin, Destination string
	Date, Cabin                  string
	Carriers                     []string
	Direct                       bool
	Miles                        int64     // for one traveller, one way
	Taxes                        int64     // hundredths of TaxesCurrency
	TaxesCurrency                string    // empty: the taxes are not known
	Remaining                    int       // 0: not known
	SeenAt                       time.Time // when the provider last looked; zero: not known
}

// Codes of an Error. They are stable.
const (
	Unauthorized = "unauthorized" // there is no key, or it is refused
	RateLimited  = "rate_limited" // the key has no calls left for now
	Unreachable  = "unreachable"  // no answer in time, or the provider is out of order
	BadAnswer    = "bad_answer"   // an answer that is not what is documented
	Unsupported  = "unsupported"  // a question that the provider cannot be asked
)

// Error says why a provider could not be asked. Message is fit for a traveller;
// Error adds the cause, for logs. Neither has the key, nor what was asked.
type Error struct {
	Code, Message string
	Cause         error
}

func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return e.Message + " (" + e.Cause.Error() + ")"
}

// Unwrap gives the cause, such as context.Canceled.
func (e *Error) Unwrap() error { return e.Cause }
