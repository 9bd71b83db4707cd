package userprofile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"loyalty-mcp/schemas"
)

var profileSchema = schemas.SchemaOf[schemas.Profile]()

// mostDepth is more than a profile has; it bounds the work on a hostile patch.
const mostDepth = 20

// Merge applies a JSON merge patch (RFC 7396) and says what it changed. The result
// fits the schema of a profile; if it would not, the error is a *schemas.CallError
// that names the field, and nothing is merged.
func Merge(current schemas.Profile, patch json.RawMessage) (next schemas.Profile, changes []schemas.ProfileChange, err error) {
	wanted, err := parse(patch)
	if err != nil {
		return schemas.Profile{}, nil, err
	}
	if _, ok := wanted.(map[string]any); !ok {
		return schemas.Profile{}, nil, refuse("wrong_type", "the patch", excerpt(patch), "must be an object of the fields to change")
	}
	before, err := plain(current)
	if err != nil {
		return schemas.Profile{}, nil, err
	}
	merged := mergePatch(before, wanted)
	if violations := profileSchema.Validate(merged); len(violations) > 0 {
		return schemas.Profile{}, nil, wrong(violations)
	}
	if merged, err = plainNumbers(nil, merged); err != nil {
		return schemas.Profile{}, nil, err
	}
	text, err := json.Marshal(merged)
	if err == nil {
		err = json.Unmarshal(text, &next)
	}
	if err != nil {
		return schemas.Profile{}, nil, fmt.Errorf("a valid profile cannot be decoded: %w", err)
	}
	after, err := plain(next)
	if err != nil {
		return schemas.Profile{}, nil, err
	}
	changes, err = difference(nil, nil, before, after)
	if err != nil {
		return schemas.Profile{}, nil, err
	}
	slices.SortFunc(changes, func(a, b schemas.ProfileChange) int { return strings.Compare(a.Path, b.Path) })
	return next, changes, nil
}

// mergePatch is the algorithm of RFC 7396. It does not change the target.
func mergePatch(target, patch any) any {
	fields, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	result := map[string]any{}
	if object, ok := target.(map[string]any); ok {
		maps.Copy(result, object)
	}
	for name, value := range fields {
		if value == nil {
			delete(result, name)
		} else {
			result[name] = mergePatch(result[name], value)
		}
	}
	return result
}

// parse decodes a patch into maps, slices and json.Number. Unlike package json it
// refuses an object that names a field twice: which one was meant?
func parse(patch json.RawMessage) (any, error) {
	if len(patch) > MaxProfile {
		return nil, refuse("too_large", "the patch", fmt.Sprintf("%d bytes", len(patch)), fmt.Sprintf("must have at most %d bytes", MaxProfile))
	}
	if !utf8.Valid(patch) {
		return nil, refuse("malformed", "the patch", "", "must be UTF-8")
	}
	if err := json.Unmarshal(patch, new(json.RawMessage)); err != nil {
		return nil, refuse("malformed", "the patch", excerpt(patch), "must be valid JSON: "+err.Error())
	}
	d := json.NewDecoder(bytes.NewReader(patch))
	d.UseNumber()
	return parseValue(d, nil)
}

func parseValue(d *json.Decoder, path []string) (any, error) {
	if len(path) > mostDepth {
		return nil, refuse("malformed", schemas.FieldPath(path), "", "is nested too deep")
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	step := func(name string) []string { return append(path[:len(path):len(path)], name) }
	switch token {
	case json.Delim('{'):
		object := map[string]any{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			name := key.(string)
			if _, twice := object[name]; twice {
				return nil, refuse("duplicate", schemas.FieldPath(step(name)), "", "stands twice: give it once")
			}
			if object[name], err = parseValue(d, step(name)); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			value, err := parseValue(d, step(strconv.Itoa(len(list))))
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}

// plain is a profile in the form that parse returns.
func plain(p schemas.Profile) (any, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	err = d.Decode(&value)
	return value, err
}

// plainNumbers writes whole numbers as package json decodes them (1e3 and 5.0 are
// whole to a schema) and refuses fractions that would have to be rounded.
func plainNumbers(path []string, value any) (any, error) {
	var err error
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, child := range v {
			if out[name], err = plainNumbers(append(path[:len(path):len(path)], name), child); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, child := range v {
			if out[i], err = plainNumbers(append(path[:len(path):len(path)], strconv.Itoa(i)), child); err != nil {
				return nil, err
			}
		}
		return out, nil
	case json.Number:
		if exact, ok := new(big.Rat).SetString(v.String()); ok && exact.IsInt() {
			return json.Number(exact.Num().String()), nil
		}
		if err := new(schemas.Decimal).UnmarshalJSON([]byte(v)); err != nil {
			return nil, refuse("out_of_range", schemas.FieldPath(path), v.String(), "has more decimal places than can be kept")
		}
	}
	return value, nil
}

// difference lists the leaves that differ. A list is a leaf, because a patch
// replaces it whole; so is an object without fields.
func difference(changes []schemas.ProfileChange, path []string, before, after any) ([]schemas.ProfileChange, error) {
	if reflect.DeepEqual(before, after) {
		return changes, nil
	}
	old, wasObject := before.(map[string]any)
	now, isObject := after.(map[string]any)
	if (wasObject || before == nil) && (isObject || after == nil) && len(old)+len(now) > 0 {
		names := maps.Clone(now)
		if names == nil {
			names = map[string]any{}
		}
		maps.Copy(names, old)
		var err error
		for name := range names {
			if changes, err = difference(changes, append(path[:len(path):len(path)], name), old[name], now[name]); err != nil {
				return nil, err
			}
		}
		return changes, nil
	}
	change := schemas.ProfileChange{Path: schemas.FieldPath(path)}
	var err error
	if before != nil {
		if change.Before, err = json.Marshal(before); err != nil {
			return nil, err
		}
	}
	if after != nil {
		if change.After, err = json.Marshal(after); err != nil {
			return nil, err
		}
	}
	return append(changes, change), nil
}

// wrong turns violations into one error: the first is its code and field, the
// message has them all, up to five.
func wrong(violations []schemas.Violation) error {
	first := violations[0]
	e := &schemas.CallError{Code: first.Code, Field: first.Field(), Given: first.Given, Allowed: first.Allowed}
	var lines []string
	for i, v := range violations[:min(len(violations), 5)] {
		line := v.Field() + " " + v.Message
		if v.Given != "" {
			line += "; given: " + v.Given
		}
		if v.Code == "unknown_field" {
			known := fieldsAt(v.Path[:len(v.Path)-1])
			line += "; known: " + strings.Join(known, ", ")
			if i == 0 {
				e.Allowed = known
			}
		}
		lines = append(lines, line)
	}
	e.Message = strings.Join(lines, "\n")
	return e
}

// fieldsAt lists the fields that a profile has at a place, in order.
func fieldsAt(path []string) []string {
	var place map[string]any
	if err := json.Unmarshal(profileSchema.JSON, &place); err != nil {
		return nil
	}
	for _, step := range path {
		next := place["additionalProperties"]
		if properties, ok := place["properties"].(map[string]any); ok {
			next = properties[step]
		} else if items, ok := place["items"]; ok {
			next = items
		}
		place, _ = next.(map[string]any)
	}
	properties, _ := place["properties"].(map[string]any)
	return slices.Sorted(maps.Keys(properties))
}

// excerpt is the beginning of a text, for an error message.
func excerpt(text []byte) string {
	const most = 60
	if runes := []rune(string(text)); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(text)
}
