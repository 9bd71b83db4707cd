package embedded

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"loyalty-mcp/kg"
)

// Properties are stored as a JSON object in which every value has one spelling:
// an integer is digits, a float always has a point or an exponent. So types come
// back as they went in, equal maps have equal text, and a value is matched by
// comparing its text, exact by type.

func encodeProperties(properties map[string]any) (string, error) {
	if len(properties) == 0 {
		return "{}", nil
	}
	b := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(properties)) {
		if i > 0 {
			b = append(b, ',')
		}
		key, err := encodeName(name)
		if err != nil {
			return "", err
		}
		value, err := encodeValue(properties[name])
		if err != nil {
			return "", fmt.Errorf("property %q: %w", name, err)
		}
		b = append(b, key...)
		b = append(b, ':')
		b = append(b, value...)
	}
	return string(append(b, '}')), nil
}

func encodeName(name string) (string, error) {
	if name == "" {
		return "", fmt.Errorf("%w: a property without a name", kg.ErrInvalid)
	}
	return encodeValue(name)
}

func encodeValue(value any) (string, error) {
	switch v := value.(type) {
	case string:
		if !utf8.ValidString(v) {
			return "", fmt.Errorf("%w: %q is not UTF-8", kg.ErrInvalid, v)
		}
		text, err := json.Marshal(v)
		return string(text), err
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", fmt.Errorf("%w: %v is not a finite number", kg.ErrInvalid, v)
		}
		text := strconv.FormatFloat(v+0, 'g', -1, 64) // adding 0 makes -0 equal to 0
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return text, nil
	case bool:
		return strconv.FormatBool(v), nil
	default:
		return "", fmt.Errorf("%w: a %T is not a string, int64, float64 or bool", kg.ErrInvalid, value)
	}
}

func decodeProperties(text string) (map[string]any, error) {
	if text == "{}" {
		return nil, nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var properties map[string]any
	if err := d.Decode(&properties); err != nil {
		return nil, err
	}
	for name, value := range properties {
		number, ok := value.(json.Number)
		if !ok {
			continue
		}
		var err error
		if strings.ContainsAny(string(number), ".e") {
			properties[name], err = number.Float64()
		} else {
			properties[name], err = number.Int64()
		}
		if err != nil {
			return nil, err
		}
	}
	return properties, nil
}

// list encodes texts as a JSON array: one parameter for any number of them.
func list(texts []string) (string, error) {
	for _, s := range texts {
		if !utf8.ValidString(s) {
			return "", fmt.Errorf("%w: %q is not UTF-8", kg.ErrInvalid, s)
		}
	}
	if texts == nil {
		return "[]", nil
	}
	b, err := json.Marshal(texts)
	return string(b), err
}
