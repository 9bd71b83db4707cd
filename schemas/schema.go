package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Schema is a JSON Schema together with its compiled form.
type Schema struct {
	JSON     json.RawMessage
	compiled *validator.Schema
}

// SchemaOf makes the schema of T, with every definition inlined because not
// every host resolves references. It panics if T yields no valid schema: that
// is a mistake in the type, found by any test that uses it.
func SchemaOf[T any]() *Schema {
	reflector := jsonschema.Reflector{Anonymous: true, DoNotReference: true, ExpandedStruct: true}
	text, err := json.Marshal(reflector.Reflect(new(T)))
	if err != nil {
		panic(fmt.Sprintf("schema of %T: %v", *new(T), err))
	}
	doc, err := validator.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		panic(fmt.Sprintf("schema of %T: %v", *new(T), err))
	}
	compiler := validator.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", doc); err != nil {
		panic(fmt.Sprintf("schema of %T: %v", *new(T), err))
	}
	compiled, err := compiler.Compile("schema.json")
	if err != nil {
		panic(fmt.Sprintf("schema of %T: %v", *new(T), err))
	}
	return &Schema{JSON: text, compiled: compiled}
}

// Violation is one way in which a value does not fit its schema.
type Violation struct {
	Code    string   // missing_field, unknown_field, wrong_type, not_allowed, out_of_range, malformed, wrong_count
	Path    []string // of the field, from the root
	Given   string   // the value there, if any
	Allowed []string // what is allowed, where that is a list
	Message string
}

// Field writes the path as users write it: segments[0].origin.
func (v Violation) Field() string { return FieldPath(v.Path) }

// FieldPath joins the steps of a path: numbers are indices.
func FieldPath(path []string) string {
	var b strings.Builder
	for _, step := range path {
		if _, err := strconv.Atoi(step); err == nil {
			b.WriteString("[" + step + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(step)
	}
	return b.String()
}

// Validate returns the violations of a decoded JSON value (numbers may be
// json.Number), those nearest the root first.
func (s *Schema) Validate(value any) []Violation {
	// Comparing 1e999999999 with a bound would build the number first.
	if absurd := absurdNumbers(nil, value); len(absurd) > 0 {
		return absurd
	}
	err := s.compiled.Validate(value)
	if err == nil {
		return nil
	}
	var out []Violation
	var walk func(e *validator.ValidationError)
	walk = func(e *validator.ValidationError) {
		if len(e.Causes) > 0 {
			for _, cause := range e.Causes {
				walk(cause)
			}
			return
		}
		out = append(out, violations(e, value)...)
	}
	failure, ok := err.(*validator.ValidationError)
	if !ok {
		return []Violation{{Code: "malformed", Message: err.Error()}}
	}
	walk(failure)
	sort.SliceStable(out, func(i, j int) bool {
		if len(out[i].Path) != len(out[j].Path) {
			return len(out[i].Path) < len(out[j].Path)
		}
		return out[i].Field() < out[j].Field()
	})
	return out
}

// absurdNumbers finds numbers that no question needs and that cost more to compute
// with than to refuse.
func absurdNumbers(path []string, value any) []Violation {
	var out []Violation
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out = append(out, absurdNumbers(append(path[:len(path):len(path)], name), v[name])...)
		}
	case []any:
		for i, child := range v {
			out = append(out, absurdNumbers(append(path[:len(path):len(path)], strconv.Itoa(i)), child)...)
		}
	case json.Number:
		if !plausible(v.String()) {
			out = append(out, Violation{Code: "out_of_range", Path: path, Given: show(v),
				Message: fmt.Sprintf("must be a number of at most %d digits, with an exponent from -%d to %d", mostDigits, mostExponent, mostExponent)})
		}
	}
	return out
}

const mostDigits, mostExponent = 40, 30

// plausible tells whether the text of a JSON number is short enough to compute with.
func plausible(number string) bool {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	if len(mantissa) > mostDigits {
		return false
	}
	if exponent == "" {
		return true
	}
	e, err := strconv.Atoi(exponent)
	return err == nil && -mostExponent <= e && e <= mostExponent
}

func violations(e *validator.ValidationError, root any) []Violation {
	at := func(extra ...string) []string {
		return append(append([]string(nil), e.InstanceLocation...), extra...)
	}
	v := Violation{Path: at(), Given: show(lookup(root, e.InstanceLocation))}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		var out []Violation
		for _, name := range k.Missing {
			out = append(out, Violation{Code: "missing_field", Path: at(name), Message: "is missing"})
		}
		return out
	case *kind.AdditionalProperties:
		var out []Violation
		for _, name := range k.Properties {
			out = append(out, Violation{Code: "unknown_field", Path: at(name), Message: "is not a known field"})
		}
		return out
	case *kind.Type:
		v.Code, v.Message = "wrong_type", fmt.Sprintf("must be of type %s, not %s", strings.Join(k.Want, " or "), k.Got)
	case *kind.Enum:
		for _, w := range k.Want {
			v.Allowed = append(v.Allowed, fmt.Sprint(w))
		}
		v.Code, v.Message = "not_allowed", "must be one of "+strings.Join(v.Allowed, ", ")
	case *kind.Pattern:
		v.Code, v.Message = "malformed", "must match "+k.Want
	case *kind.Format:
		v.Code, v.Message = "malformed", "must be a valid "+k.Want
		if k.Want == "date" {
			v.Message = "must be a date as YYYY-MM-DD"
		}
	case *kind.Minimum:
		v.Code, v.Message = "out_of_range", "must be at least "+k.Want.RatString()
	case *kind.Maximum:
		v.Code, v.Message = "out_of_range", "must be at most "+k.Want.RatString()
	case *kind.MinItems:
		v.Code, v.Message = "wrong_count", fmt.Sprintf("must have at least %d, has %d", k.Want, k.Got)
	case *kind.MaxItems:
		v.Code, v.Message = "wrong_count", fmt.Sprintf("must have at most %d, has %d", k.Want, k.Got)
	case *kind.MinLength:
		v.Code, v.Message = "malformed", fmt.Sprintf("must have at least %d characters, has %d", k.Want, k.Got)
	case *kind.MaxLength:
		v.Code, v.Message = "malformed", fmt.Sprintf("must have at most %d characters, has %d", k.Want, k.Got)
	default:
		v.Code, v.Message = "malformed", "does not fit the schema"
	}
	return []Violation{v}
}

func lookup(value any, path []string) any {
	for _, step := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		}
	}
	return value
}

// show writes a given value for an error message, cut to what a reader needs.
func show(value any) string {
	if value == nil {
		return ""
	}
	text, isText := value.(string)
	if !isText {
		encoded, err := json.Marshal(value)
		if err != nil {
			return ""
		}
		text = string(encoded)
	}
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
