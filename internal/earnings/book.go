// Package earnings computes what flights earn in loyalty programs. It is pure:
// it takes the question and the facts and returns the answer with its
// arithmetic; it opens no connection and reads no clock.
//
// A program's quirks are data: nothing here knows a program by its id.
package earnings

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/tidwall/geodesic"

	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// Book is the rules of all programs, indexed to be matched fast. It is immutable.
type Book struct {
	facts     *kg.Facts
	airports  map[string]int // code -> index in the bit sets of areas
	programs  map[string]*program
	byCarrier map[string][]string // carrier -> ids of the programs that have a rule for it
}

type program struct {
	*schemas.Program
	units      []string // redeemable first, then the metrics in their order
	categories map[string][]*categoryMap
	rules      map[string][]*rule // by carrier: the marketing one, or the operating one of a rule that names no other
	distances  map[[2]string]*schemas.RouteDistance
	choice     string // the earning choice of a member who never chose, "" if unknown
}

type rule struct {
	*schemas.EarningRule
	conditions
	role string
	earn map[string]*formula
}

type formula struct {
	schemas.Earn
	rows []row
}

type row struct {
	schemas.RateRow
	classes classSet
}

type categoryMap struct {
	*schemas.FareCategory
	conditions
	byClass [26]string
	byBrand map[string]string // lower-case brand -> category
}

// conditions is the compiled form of schemas.Conditions.
type conditions struct {
	given       *schemas.Conditions
	classes     classSet
	between     bitSet
	and         bitSet
	within      bitSet
	specificity int
}

// classSet is a set of booking classes; 0 is "not restricted".
type classSet uint32

func newClassSet(letters string) (s classSet) {
	for _, l := range letters {
		s |= 1 << (l - 'A')
	}
	return s
}

func (s classSet) has(class byte) bool { return s&(1<<(class-'A')) != 0 }

// bitSet is a set of indices: of airports, of rules.
type bitSet []uint64

func newBitSet(size int) bitSet { return make(bitSet, (size+63)/64) }

func (s bitSet) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s bitSet) add(i int) { s[i/64] |= 1 << (i % 64) }

// NewBook indexes facts. An area that does not resolve is an error: the facts
// were not checked when they were loaded.
func NewBook(facts *kg.Facts) (*Book, error) {
	b := &Book{facts: facts, airports: make(map[string]int, len(facts.Airports)),
		programs: map[string]*program{}, byCarrier: map[string][]string{}}
	codes := make([]string, 0, len(facts.Airports))
	for code := range facts.Airports {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	for i, code := range codes {
		b.airports[code] = i
	}
	areas := &areaIndex{book: b, codes: codes, sets: map[string]bitSet{}}
	for id, pf := range facts.Programs {
		if len(pf.Program.Tiers) == 0 {
			continue // nothing is on file of what its flights earn
		}
		p, err := compile(pf, areas)
		if err != nil {
			return nil, fmt.Errorf("program %s: %w", id, err)
		}
		b.programs[id] = p
		for carrier := range p.rules {
			b.byCarrier[carrier] = append(b.byCarrier[carrier], id)
		}
	}
	for _, ids := range b.byCarrier {
		slices.Sort(ids)
	}
	return b, nil
}

func compile(pf *kg.ProgramFacts, areas *areaIndex) (*program, error) {
	p := &program{Program: pf.Program, units: []string{schemas.UnitRedeemable},
		categories: map[string][]*categoryMap{}, rules: map[string][]*rule{},
		distances: make(map[[2]string]*schemas.RouteDistance, len(pf.Distances))}
	for _, m := range pf.Program.Metrics {
		p.units = append(p.units, m.Code)
	}
	for _, c := range pf.Program.EarningChoices {
		if c.Default {
			p.choice = c.ID
		}
	}
	for _, d := range pf.Distances {
		p.distances[pair(d.From, d.To)] = d
	}
	for _, f := range pf.FareCategories {
		cond, err := areas.conditions(&f.Conditions)
		if err != nil {
			return nil, fmt.Errorf("fare categories %s: %w", f.ID, err)
		}
		m := &categoryMap{FareCategory: f, conditions: cond, byBrand: map[string]string{}}
		for category, classes := range f.ByCategory {
			for _, class := range classes {
				m.byClass[class-'A'] = category
			}
		}
		for category, brands := range f.BrandsByCategory {
			for _, brand := range brands {
				m.byBrand[strings.ToLower(brand)] = category
			}
		}
		for _, carrier := range cond.index() {
			p.categories[carrier] = append(p.categories[carrier], m)
		}
	}
	for _, r := range pf.EarningRules {
		cond, err := areas.conditions(&r.Conditions)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", r.ID, err)
		}
		compiled := &rule{EarningRule: r, conditions: cond, role: r.Role, earn: map[string]*formula{}}
		if compiled.role == "" {
			compiled.role = roleEarns
		}
		for unit, e := range r.Earn {
			f := &formula{Earn: e}
			for _, rate := range e.Rates {
				f.rows = append(f.rows, row{RateRow: rate, classes: newClassSet(rate.Classes)})
			}
			compiled.earn[unit] = f
		}
		for _, carrier := range cond.index() {
			p.rules[carrier] = append(p.rules[carrier], compiled)
		}
	}
	// The best rule comes first, so that the first that fits is the one; see best.
	for _, list := range p.rules {
		sort.SliceStable(list, func(i, j int) bool {
			if list[i].Precedence != list[j].Precedence {
				return list[i].Precedence > list[j].Precedence
			}
			return list[i].specificity > list[j].specificity
		})
	}
	for _, list := range p.categories {
		sort.SliceStable(list, func(i, j int) bool { return list[i].specificity > list[j].specificity })
	}
	return p, nil
}

// index returns the carriers under which to look a rule up.
func (c *conditions) index() []string {
	if len(c.given.Marketing) > 0 {
		return c.given.Marketing
	}
	return c.given.Operating
}

func pair(a, b string) [2]string {
	if a > b {
		a, b = b, a
	}
	return [2]string{a, b}
}

// areaIndex resolves areas to sets of airports, each once.
type areaIndex struct {
	book  *Book
	codes []string
	sets  map[string]bitSet
}

func (x *areaIndex) conditions(c *schemas.Conditions) (conditions, error) {
	out := conditions{given: c, classes: newClassSet(c.Classes)}
	given := 0
	for _, present := range []bool{len(c.Marketing) > 0, len(c.Operating) > 0, len(c.Ticketing) > 0, len(c.TicketingNot) > 0,
		c.Classes != "", len(c.Categories) > 0, len(c.Brands) > 0, len(c.Cabins) > 0, len(c.Cards) > 0, c.EarningChoice != "", c.Route != nil} {
		if present {
			given++
		}
	}
	// One more condition outweighs any fineness of the route.
	out.specificity = given * 100
	r := c.Route
	if r == nil {
		return out, nil
	}
	var err error
	for _, part := range []struct {
		areas []string
		set   *bitSet
	}{{r.Between, &out.between}, {r.And, &out.and}, {r.Within, &out.within}} {
		if len(part.areas) == 0 {
			continue
		}
		if *part.set, err = x.union(part.areas); err != nil {
			return out, err
		}
		out.specificity += fineness(part.areas)
	}
	if r.Domestic != nil {
		out.specificity += finenessOf["continent"]
	}
	if r.Miles != nil {
		out.specificity++
	}
	return out, nil
}

// finenessOf ranks kinds of area: an airport says more than a continent.
var finenessOf = map[string]int{"airport": 10, "city": 8, "country": 6, "region": 4, "continent": 2}

// fineness of a list is that of its coarsest member.
func fineness(areas []string) int {
	least := math.MaxInt
	for _, area := range areas {
		kind, _, _ := strings.Cut(area, "/")
		least = min(least, finenessOf[kind])
	}
	return least
}

func (x *areaIndex) union(areas []string) (bitSet, error) {
	out := newBitSet(len(x.codes))
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

func (x *areaIndex) set(area string) (bitSet, error) {
	if set, ok := x.sets[area]; ok {
		if set == nil {
			return nil, fmt.Errorf("area %s contains itself", area)
		}
		return set, nil
	}
	x.sets[area] = nil // under way
	out := newBitSet(len(x.codes))
	add := func(code string) {
		if i, ok := x.book.airports[code]; ok {
			out.add(i)
		}
	}
	kind, code, _ := strings.Cut(area, "/")
	switch kind {
	case "airport":
		if x.book.facts.Airports[code] == nil {
			return nil, fmt.Errorf("no airport %s", code)
		}
		add(code)
	case "city":
		city := x.book.facts.Cities[code]
		if city == nil {
			return nil, fmt.Errorf("no city %s", code)
		}
		for _, airport := range city.Airports {
			add(airport)
		}
	case "country":
		for _, airport := range x.codes {
			if x.book.facts.Airports[airport].Country == code {
				add(airport)
			}
		}
	case "continent":
		for _, airport := range x.codes {
			if x.book.facts.Airports[airport].Continent == code {
				add(airport)
			}
		}
	case "region":
		region := x.book.facts.Regions[area]
		if region == nil {
			return nil, fmt.Errorf("no region %s", area)
		}
		parts, err := x.union(region.Areas)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", area, err)
		}
		without, err := x.union(region.Except)
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

// metersPerMile is the international statute mile.
const metersPerMile = 1609.344

// Miles is the WGS84 geodesic between two airports in whole statute miles.
func Miles(a, b *schemas.Airport) int {
	var meters float64
	geodesic.WGS84.Inverse(a.Latitude, a.Longitude, b.Latitude, b.Longitude, &meters, nil, nil)
	return int(math.Round(meters / metersPerMile))
}
