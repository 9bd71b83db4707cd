package earnings

import (
	"fmt"
	"slices"
	"strings"

	"loyalty-mcp/internal/nearest"
	"loyalty-mcp/schemas"
)

// unknown is the error for a code that stands for nothing here.
func unknown(code, field, given, what string, allowed []string) *schemas.CallError {
	e := &schemas.CallError{Code: code, Field: field, Given: given, Allowed: allowed,
		Message: fmt.Sprintf("%s: %q is not a known %s", field, given, what)}
	if len(allowed) > 0 {
		e.Message += "; did you mean " + strings.Join(allowed, ", ") + "?"
	}
	return e
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (b *Book) nearestAirports(given string) []string {
	if code := strings.ToLower(strings.TrimSpace(given)); len(code) > 3 {
		for _, city := range b.facts.Cities {
			if strings.EqualFold(city.Name, code) || slices.ContainsFunc(city.Aliases, func(a string) bool { return strings.EqualFold(a, code) }) {
				return city.Airports
			}
		}
	}
	return nearest.Of(given, sortedKeys(b.facts.Airports), func(code string) []string {
		a := b.facts.Airports[code]
		return []string{code, a.City, a.Name}
	})
}

func (b *Book) nearestAirlines(given string) []string {
	return nearest.Of(given, sortedKeys(b.facts.Airlines), func(code string) []string {
		a := b.facts.Airlines[code]
		return append([]string{code, a.Name, a.TicketCode}, a.Aliases...)
	})
}

func (b *Book) nearestPrograms(given string) []string {
	ids := sortedKeys(b.programs)
	found := nearest.Of(given, ids, func(id string) []string {
		_, short, _ := strings.Cut(id, "_")
		return append([]string{id, short, b.programs[id].Name}, b.programs[id].Airlines...)
	})
	if len(found) == 0 {
		return ids
	}
	return found
}
