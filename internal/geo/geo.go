// Package geo knows how places lie to each other: which airports an area holds
// and how far they are apart. It is pure, as the engines that use it are.
package geo

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tidwall/geodesic"

	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// metersPerMile is the international statute mile.
const metersPerMile = 1609.344

// Miles is the WGS84 geodesic between two airports in whole statute miles.
func Miles(a, b *schemas.Airport) int {
	var meters float64
	geodesic.WGS84.Inverse(a.Latitude, a.Longitude, b.Latitude, b.Longitude, &meters, nil, nil)
	return int(math.Round(meters / metersPerMile))
}

// Set is a set of small numbers, such as the indices of airports.
type Set []uint64

// NewSet makes a set that can hold numbers below size.
func NewSet(size int) Set { return make(Set, (size+63)/64) }

// Has tells whether i is in the set.
func (s Set) Has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

// Add puts i into the set.
func (s Set) Add(i int) { s[i/64] |= 1 << (i % 64) }

// Areas resolves areas (country/US, region/QF_Europe) to sets of airports, each
// once. It is not safe for use by several goroutines at a time.
type Areas struct {
	facts *kg.Facts
	codes []string
	index map[string]int
	sets  map[string]Set
}

// NewAreas numbers the airports by their codes in alphabetical order.
func NewAreas(facts *kg.Facts) *Areas {
	x := &Areas{facts: facts, codes: slices.Sorted(maps.Keys(facts.Airports)), sets: map[string]Set{}}
	x.index = make(map[string]int, len(x.codes))
	for i, code := range x.codes {
		x.index[code] = i
	}
	return x
}

// Index is the number of each airport, by code.
func (x *Areas) Index() map[string]int { return x.index }

// Codes are the airports by number.
func (x *Areas) Codes() []string { return x.codes }

// finenessOf ranks kinds of area: an airport says more than a continent.
var finenessOf = map[string]int{"airport": 10, "city": 8, "subdivision": 7, "country": 6, "region": 4, "continent": 2}

// FinenessOfContinent is what the coarsest kind of area is worth.
const FinenessOfContinent = 2

// Fineness of a list is that of its coarsest member.
func Fineness(areas []string) int {
	least := math.MaxInt
	for _, area := range areas {
		kind, _, _ := strings.Cut(area, "/")
		least = min(least, finenessOf[kind])
	}
	return least
}

// Union is the set of the airports in any of the areas.
func (x *Areas) Union(areas []string) (Set, error) {
	out := NewSet(len(x.codes))
	for _, area := range areas {
		set, err := x.set(area)
		if err != nil {
			return nil, err
		}
		for i := range out {
			out[i] |= set[i]
		}
	}
	return out, nil
}

func (x *Areas) set(area string) (Set, error) {
	if set, ok := x.sets[area]; ok {
		if set == nil {
			return nil, fmt.Errorf("area %s contains itself", area)
		}
		return set, nil
	}
	x.sets[area] = nil // under way
	out := NewSet(len(x.codes))
	where := func(of func(*schemas.Airport) string, value string) {
		for i, code := range x.codes {
			if of(x.facts.Airports[code]) == value {
				out.Add(i)
			}
		}
	}
	kind, code, _ := strings.Cut(area, "/")
	switch kind {
	case "airport":
		i, ok := x.index[code]
		if !ok {
			return nil, fmt.Errorf("no airport %s", code)
		}
		out.Add(i)
	case "city":
		city := x.facts.Cities[code]
		if city == nil {
			return nil, fmt.Errorf("no city %s", code)
		}
		for _, airport := range city.Airports {
			if i, ok := x.index[airport]; ok {
				out.Add(i)
			}
		}
	case "subdivision":
		where(func(a *schemas.Airport) string { return a.Subdivision }, code)
	case "country":
		where(func(a *schemas.Airport) string { return a.Country }, code)
	case "continent":
		where(func(a *schemas.Airport) string { return a.Continent }, code)
	case "region":
		region := x.facts.Regions[area]
		if region == nil {
			return nil, fmt.Errorf("no region %s", area)
		}
		parts, err := x.Union(region.Areas)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", area, err)
		}
		without, err := x.Union(region.Except)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", area, err)
		}
		for i := range out {
			out[i] = parts[i] &^ without[i]
		}
	}
	x.sets[area] = out
	return out, nil
}
