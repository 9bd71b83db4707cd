package awards

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"loyalty-mcp/internal/nearest"
	"loyalty-mcp/schemas"
)

// mostAirports is how many airports a place may stand for: of a country those
// with the most flights.
const mostAirports = 8

// places knows places by codes and names.
type places struct {
	book   *Book
	byName map[string][]place // by folded name
	names  []string           // as they are written, for suggestions
}

// place is a set of airports under one name.
type place struct {
	code     string // how to ask for it: LON, LHR, country name
	name     string
	country  string
	state    string
	kind     int
	airports []int
	flights  int // known routes, which tell what is rather meant
}

const (
	ofCity = iota
	ofTown // an airport's own city
	ofAirport
	ofCountry
)

// countries are names by which people call them, besides those on file.
var countries = map[string]string{"usa": "US", "us": "US", "america": "US", "uk": "GB", "great britain": "GB", "england": "GB", "turkey": "TR",
	"korea": "KR", "south korea": "KR", "czech republic": "CZ", "russia": "RU", "uae": "AE", "holland": "NL", "vietnam": "VN"}

// clearly is how many times busier a place must be than others of its name to be
// taken without asking: London is not London, Ontario.
const clearly = 5

func newPlaces(b *Book) *places {
	p := &places{book: b, byName: map[string][]place{}}
	for _, code := range slices.Sorted(maps.Keys(b.facts.Cities)) {
		city := b.facts.Cities[code]
		airports := b.numbers(city.Airports)
		for _, name := range append([]string{city.Name}, city.Aliases...) {
			p.add(name, place{code: code, name: city.Name, country: city.Country, kind: ofCity, airports: airports})
		}
	}
	countries := map[string][]int{}
	for i, a := range b.airports {
		if len(b.legs[i]) == 0 {
			continue // nobody on file flies there
		}
		countries[a.Country] = append(countries[a.Country], i)
		at := place{code: a.Code, name: a.Name, country: a.Country, state: a.Subdivision, airports: []int{i}}
		at.kind = ofAirport
		p.add(a.Name, at)
		if a.City != "" {
			at.kind, at.name = ofTown, a.City
			p.add(a.City, at)
		}
	}
	for code, airports := range countries {
		region := b.facts.Regions["country/"+code]
		if region == nil {
			continue
		}
		slices.SortStableFunc(airports, func(x, y int) int { return cmp.Compare(len(b.legs[y]), len(b.legs[x])) })
		airports = airports[:min(len(airports), mostAirports)]
		p.add(region.Name, place{code: region.Name, name: region.Name, country: code, kind: ofCountry, airports: airports})
	}
	slices.Sort(p.names)
	p.names = slices.Compact(p.names)
	return p
}

func (b *Book) numbers(codes []string) []int {
	var out []int
	for _, code := range codes {
		if i, ok := b.index[code]; ok {
			out = append(out, i)
		}
	}
	return out
}

func (p *places) add(name string, at place) {
	folded := fold(name)
	for i, known := range p.byName[folded] {
		if known.kind == at.kind && known.country == at.country && known.state == at.state && at.kind == ofTown {
			p.byName[folded][i].airports = append(slices.Clone(known.airports), at.airports...) // one town's airports
			return
		}
		if known.code == at.code {
			return
		}
	}
	p.byName[folded] = append(p.byName[folded], at)
	p.names = append(p.names, name)
}

// fold makes names equal that differ in case, accents and punctuation only.
func fold(name string) string {
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), name)
	if err != nil {
		plain = name
	}
	return strings.Join(strings.FieldsFunc(strings.ToLower(plain), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// resolve finds the airports that a code or name stands for. A name may be
// followed by its country or state: San Jose, Costa Rica.
func (p *places) resolve(field, given string) (place, error) {
	b := p.book
	code := strings.ToUpper(strings.TrimSpace(given))
	if country := countries[fold(given)]; country != "" {
		given, code = b.facts.Regions["country/"+country].Name, ""
	}
	// Goa is a name, GOA a code; jfk can only be one.
	if asName := len(p.byName[fold(given)]) > 0 && code != strings.TrimSpace(given); len(code) == 3 && !asName {
		if i, ok := b.index[code]; ok {
			return place{code: code, name: b.airports[i].Name, airports: []int{i}}, nil
		}
		if city := b.facts.Cities[code]; city != nil {
			return place{code: code, name: city.Name, airports: b.numbers(city.Airports)}, nil
		}
	}
	name, within, _ := strings.Cut(given, ",")
	found := slices.Clone(p.byName[fold(given)])
	if len(found) == 0 {
		found = slices.Clone(p.byName[fold(name)])
		if within = fold(within); within != "" {
			found = slices.DeleteFunc(found, func(at place) bool { return !p.lies(at, within) })
		}
	}
	if len(found) == 0 {
		found = p.partly(given)
	}
	if len(found) == 0 {
		e := &schemas.CallError{Code: "unknown_place", Field: field, Given: given, Allowed: nearest.Of(name, p.names, nil),
			Message: fmt.Sprintf("%s: no airport, city or country %q is known; use the IATA code of an airport or city, such as JFK or LON", field, given)}
		if len(e.Allowed) > 0 {
			e.Message += "; did you mean " + strings.Join(e.Allowed, ", ") + "?"
		}
		return place{}, e
	}
	for i := range found {
		for _, airport := range found[i].airports {
			found[i].flights += len(b.legs[airport])
		}
	}
	slices.SortStableFunc(found, func(x, y place) int { return cmp.Or(cmp.Compare(y.flights, x.flights), cmp.Compare(x.kind, y.kind)) })
	// What lies within what is chosen anyway is no other place: an airport named
	// after its city.
	found = slices.DeleteFunc(found, func(at place) bool { return at.code != found[0].code && inside(at, found[0]) })
	if len(found) > 1 && found[0].flights < clearly*found[1].flights {
		e := &schemas.CallError{Code: "ambiguous_place", Field: field, Given: given}
		for _, at := range found {
			e.Allowed = append(e.Allowed, at.code)
		}
		e.Message = fmt.Sprintf("%s: %q may be any of %s: give the code, or the country after a comma", field, given, strings.Join(e.Allowed, ", "))
		return place{}, e
	}
	return found[0], nil
}

// partly finds airports by a part of their names: Heathrow.
func (p *places) partly(given string) []place {
	part := fold(given)
	if len(part) < 4 {
		return nil
	}
	var found []place
	for _, name := range p.names {
		if strings.Contains(" "+fold(name)+" ", " "+part+" ") {
			for _, at := range p.byName[fold(name)] {
				if at.kind == ofAirport && !slices.ContainsFunc(found, func(known place) bool { return known.code == at.code }) {
					found = append(found, at)
				}
			}
		}
	}
	return found
}

// inside tells whether all airports of one place are of another.
func inside(x, y place) bool {
	return !slices.ContainsFunc(x.airports, func(i int) bool { return !slices.Contains(y.airports, i) })
}

// lies tells whether a place is in a country or state, by name or code.
func (p *places) lies(at place, within string) bool {
	if within == fold(at.country) {
		return true
	}
	if country := p.book.facts.Regions["country/"+at.country]; country != nil && fold(country.Name) == within {
		return true
	}
	for _, i := range at.airports {
		_, state, _ := strings.Cut(p.book.airports[i].Subdivision, "-")
		if state != "" && fold(state) == within {
			return true
		}
	}
	return false
}
