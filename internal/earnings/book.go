// Package earnings computes what flights earn in loyalty programs. It is pure:
// it takes the question and the facts and returns the answer with its
// arithmetic; it opens no connection and reads no clock.
//
// A program's quirks are data: nothing here knows a program by its id.
package earnings

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"loyalty-mcp/internal/geo"
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
	between     geo.Set
	and         geo.Set
	within      geo.Set
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

// NewBook indexes facts. An area that does not resolve is an error: the facts
// were not checked when they were loaded.
func NewBook(facts *kg.Facts) (*Book, error) {
	areas := geo.NewAreas(facts)
	b := &Book{facts: facts, airports: areas.Index(), programs: map[string]*program{}, byCarrier: map[string][]string{}}
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

func compile(pf *kg.ProgramFacts, areas *geo.Areas) (*program, error) {
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
		cond, err := compileConditions(areas, &f.Conditions)
		if err != nil && f.ExpirationDate != "" {
			continue // what it speaks of is gone from the facts, and it is over
		} else if err != nil {
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
		cond, err := compileConditions(areas, &r.Conditions)
		if err != nil && r.ExpirationDate != "" {
			continue
		} else if err != nil {
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

// compileConditions resolves the areas of conditions and weighs how specific they are.
func compileConditions(areas *geo.Areas, c *schemas.Conditions) (conditions, error) {
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
		set   *geo.Set
	}{{r.Between, &out.between}, {r.And, &out.and}, {r.Within, &out.within}} {
		if len(part.areas) == 0 {
			continue
		}
		if *part.set, err = areas.Union(part.areas); err != nil {
			return out, err
		}
		out.specificity += geo.Fineness(part.areas)
	}
	if r.Domestic != nil {
		out.specificity += geo.FinenessOfContinent
	}
	if r.Miles != nil {
		out.specificity++
	}
	return out, nil
}
