package schemas

import (
	"bytes"
	"fmt"
	"math/big"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/invopop/jsonschema"
	"github.com/quagmt/udecimal"
)

// Decimal is an exact decimal number: a rate, a fare, an exchange rate. It is
// written as a plain number in YAML and JSON and never passes through a float.
type Decimal struct{ udecimal.Decimal }

// MustDecimal parses a constant; it panics on a malformed one.
func MustDecimal(s string) Decimal { return Decimal{udecimal.MustParse(s)} }

// UnmarshalYAML decodes a scalar and names the line of a malformed one.
func (d *Decimal) UnmarshalYAML(node ast.Node) error {
	text := node.GetToken().Value
	v, err := udecimal.Parse(text)
	if err != nil {
		return fmt.Errorf("[%d:%d] %q is not a decimal number",
			node.GetToken().Position.Line, node.GetToken().Position.Column, text)
	}
	d.Decimal = v
	return nil
}

// MarshalYAML writes a plain number.
func (d Decimal) MarshalYAML() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalJSON accepts a JSON number only: a quoted number is a wrong type. What
// has more places than are computed with is refused, not rounded.
func (d *Decimal) UnmarshalJSON(text []byte) error {
	number := string(bytes.TrimSpace(text))
	if strings.ContainsAny(number, "eE") && plausible(number) {
		if exact, ok := new(big.Rat).SetString(number); ok {
			number = exact.FloatString(mostDigits + mostExponent)
			number = strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
		}
	}
	v, err := udecimal.Parse(number)
	if err != nil {
		return fmt.Errorf("%s is not a decimal number", text)
	}
	d.Decimal = v
	return nil
}

// MarshalJSON writes a plain number.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(d.String()), nil }

// JSONSchema says that a Decimal is a number.
func (Decimal) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "number"} }
