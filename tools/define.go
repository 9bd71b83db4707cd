package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"loyalty-mcp/internal/nearest"
	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// readOnly are the hints of a tool that answers from the graph alone.
var readOnly = Hints{ReadOnly: true, Destructive: false, Idempotent: true, OpenWorld: false}

// define makes a Tool from its parts: the schemas come from the types, and
// the caller's scopes are checked, and arguments validated and decoded, before
// handle sees them.
func define[In, Out any](t Tool, handle func(ctx context.Context, in *In) (*Out, error)) Tool {
	input, output := schemas.SchemaOf[In](), schemas.SchemaOf[Out]()
	t.InputSchema, t.OutputSchema = input.JSON, output.JSON
	fields := fieldNames(input.JSON)
	scopes := t.Scopes()
	t.Call = func(ctx context.Context, arguments json.RawMessage) (json.RawMessage, error) {
		if err := Permit(ctx, scopes); err != nil {
			return nil, err
		}
		in := new(In)
		if err := decode(input, fields, arguments, in); err != nil {
			return nil, err
		}
		out, err := handle(ctx, in)
		if err != nil {
			switch {
			case errors.Is(err, kg.ErrDamaged):
				return nil, fmt.Errorf("%w: %w", &Error{Code: "graph_damaged",
					Message: "The knowledge graph's store is damaged, so nothing was looked up. Trying again will not help: whoever runs the server must rebuild the store, as its log says."}, err)
			case errors.Is(err, kg.ErrUnavailable):
				return nil, fmt.Errorf("%w: %w", &Error{Code: "graph_unavailable",
					Message: "The knowledge graph could not be reached, so nothing was looked up. Try again in a moment."}, err)
			}
			return nil, err
		}
		return json.Marshal(out)
	}
	return t
}

// decode validates arguments against a schema and decodes them.
func decode(schema *schemas.Schema, fields []string, arguments json.RawMessage, into any) error {
	plain := json.NewDecoder(bytes.NewReader(arguments))
	plain.UseNumber()
	var value any
	if err := plain.Decode(&value); err != nil {
		return &Error{Code: "malformed", Message: "the arguments are not valid JSON: " + err.Error()}
	}
	if violations := schema.Validate(value); len(violations) > 0 {
		return wrongCall(violations, fields)
	}
	if err := json.Unmarshal(arguments, into); err != nil {
		return &Error{Code: "malformed", Message: err.Error()}
	}
	return nil
}

// wrongCall turns violations into one error: the first is its code and field,
// the message has them all.
func wrongCall(violations []schemas.Violation, fields []string) *Error {
	first := violations[0]
	e := &Error{Code: first.Code, Field: first.Field(), Given: first.Given, Allowed: first.Allowed}
	var lines []string
	for i, v := range violations {
		name := v.Field()
		if name == "" {
			name = "the arguments"
		}
		text := name + " " + v.Message
		if v.Given != "" {
			text += "; given: " + v.Given
		}
		if v.Code == "unknown_field" {
			similar := nearest.Of(v.Path[len(v.Path)-1], fields, nil)
			if i == 0 {
				e.Allowed = similar
			}
			if len(similar) > 0 {
				text += "; did you mean " + similar[0] + "?"
			}
		}
		lines = append(lines, text)
		if len(lines) == 5 {
			break
		}
	}
	e.Message = strings.Join(lines, "\n")
	return e
}

// fieldNames lists every property name in a schema.
func fieldNames(schema json.RawMessage) []string {
	var names []string
	var walk func(node any)
	walk = func(node any) {
		switch n := node.(type) {
		case map[string]any:
			for key, child := range n {
				if properties, ok := child.(map[string]any); ok && key == "properties" {
					for name := range properties {
						names = append(names, name)
					}
				}
				walk(child)
			}
		case []any:
			for _, child := range n {
				walk(child)
			}
		}
	}
	var root any
	if json.Unmarshal(schema, &root) == nil {
		walk(root)
	}
	return names
}
