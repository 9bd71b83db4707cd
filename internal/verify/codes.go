package verify

import (
	"maps"
	"slices"
	"strings"

	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

func (c *checker) unknown(fact, what, code string) {
	c.add(Error, UnknownCode, fact, "the %s %q is not known", what, code)
}

// reference checks the facts that belong to no program.
func (c *checker) reference() {
	f := c.facts
	for id, a := range f.Alliances {
		c.sourced("alliances/"+id, a.Provenance)
	}
	for code, a := range f.Airlines {
		fact := "airlines/" + code
		c.sourced(fact, a.Provenance)
		c.alliance(fact, a.Alliance)
		c.country(fact, a.Country)
	}
	for code, a := range f.Airports {
		fact := "airports/" + code
		c.sourced(fact, a.Provenance)
		c.country(fact, a.Country)
		c.area(fact, "continent/"+a.Continent)
	}
	for code, city := range f.Cities {
		fact := "cities/" + code
		c.sourced(fact, city.Provenance)
		c.country(fact, city.Country)
		for _, airport := range city.Airports {
			c.area(fact, "airport/"+airport)
		}
	}
	for id, r := range f.Regions {
		fact := "regions/" + id
		c.sourced(fact, r.Provenance)
		for _, area := range slices.Concat(r.Areas, r.Except) {
			c.area(fact, area)
		}
	}
	for _, n := range f.Networks {
		c.network(n)
	}
	for code, sold := range f.Cabins {
		fact := "cabins/" + code
		c.sourced(fact, sold.Provenance)
		c.carriers(fact, []string{code})
	}
	for code, r := range f.ExchangeRates {
		fact := "exchangeRates/" + code
		c.sourced(fact, r.Provenance)
		if !r.PerUSD.IsPos() {
			c.add(Error, Rate, fact, "a dollar cannot be worth %s", r.PerUSD)
		}
	}
	for program, list := range f.Valuations {
		for _, v := range list {
			fact := "valuations/" + program + "/" + v.Publisher
			c.sourced(fact, v.Provenance)
			if !v.Cents.IsPos() {
				c.add(Error, Rate, fact, "a unit cannot be worth %s cents", v.Cents)
			}
		}
	}
}

func (c *checker) alliance(fact, id string) {
	if id != "" && c.facts.Alliances[id] == nil {
		c.unknown(fact, "alliance", id)
	}
}

func (c *checker) country(fact, code string) {
	if code != "" {
		c.area(fact, "country/"+code)
	}
}

func (c *checker) carriers(fact string, lists ...[]string) {
	for _, code := range slices.Concat(lists...) {
		if c.facts.Airlines[code] == nil {
			c.unknown(fact, "carrier", code)
		}
	}
}

// area checks airport/JFK, city/LON, country/US, subdivision/US-HI, continent/EU or region/QF_Europe.
func (c *checker) area(fact, area string) {
	kind, code, _ := strings.Cut(area, "/")
	known := false
	switch kind {
	case "airport":
		known = c.facts.Airports[code] != nil
	case "city":
		known = c.facts.Cities[code] != nil
	case "subdivision":
		known = c.subdivisions()[code]
	default:
		known = c.facts.Regions[area] != nil
	}
	if !known {
		c.unknown(fact, kind, code)
	}
}

func (c *checker) conditions(fact string, cond *schemas.Conditions, p *kg.ProgramFacts) {
	c.carriers(fact, cond.Marketing, cond.Operating, cond.Ticketing, cond.TicketingNot)
	c.classes(fact, cond.Classes)
	c.fares(fact, cond.Categories, cond.Brands, cond.Cabins, p)
	for _, id := range cond.Cards {
		if !slices.ContainsFunc(p.Program.Cards, func(card schemas.Card) bool { return card.ID == id }) {
			c.unknown(fact, "card", id)
		}
	}
	if id := cond.EarningChoice; id != "" &&
		!slices.ContainsFunc(p.Program.EarningChoices, func(choice schemas.EarningChoice) bool { return choice.ID == id }) {
		c.unknown(fact, "earning choice", id)
	}
	if cond.Booked != nil {
		c.span(fact, cond.Booked.From, cond.Booked.To)
	}
	c.route(fact, cond.Route)
}

// subdivisions are the states and provinces that have an airport.
func (c *checker) subdivisions() map[string]bool {
	if c.states == nil {
		c.states = map[string]bool{}
		for _, a := range c.facts.Airports {
			c.states[a.Subdivision] = true
		}
	}
	return c.states
}

// fares checks what conditions and rows of tables know fares by.
func (c *checker) fares(fact string, categories, brands, cabins []string, p *kg.ProgramFacts) {
	for _, category := range categories {
		if !slices.ContainsFunc(p.FareCategories, func(m *schemas.FareCategory) bool {
			_, byClass := m.ByCategory[category]
			_, byBrand := m.BrandsByCategory[category]
			return byClass || byBrand
		}) {
			c.unknown(fact, "fare category", category)
		}
	}
	c.brands(fact, brands, p.Program)
	for _, cabin := range cabins {
		if !slices.Contains(schemas.Cabins, cabin) {
			c.unknown(fact, "cabin", cabin)
		}
	}
}

func (c *checker) brands(fact string, brands []string, p *schemas.Program) {
	for _, brand := range brands {
		if !slices.Contains(p.FareBrands, brand) {
			c.unknown(fact, "fare brand", brand)
		}
	}
}

func (c *checker) classes(fact, classes string) {
	for _, class := range classes {
		if class < 'A' || class > 'Z' {
			c.unknown(fact, "booking class", string(class))
		}
	}
}

func (c *checker) categoryMap(fact string, m *schemas.FareCategory, p *schemas.Program) {
	for _, classes := range m.ByCategory {
		c.classes(fact, classes)
	}
	for _, brands := range m.BrandsByCategory {
		c.brands(fact, brands, p)
	}
}

func (c *checker) metric(fact, code string, p *schemas.Program) {
	if !slices.ContainsFunc(p.Metrics, func(m schemas.Metric) bool { return m.Code == code }) {
		c.unknown(fact, "metric", code)
	}
}

// earns checks the tables of a rule: what they name, and their figures.
func (c *checker) earns(fact string, r *schemas.EarningRule, p *kg.ProgramFacts) {
	for _, unit := range slices.Sorted(maps.Keys(r.Earn)) {
		e := r.Earn[unit]
		if unit != schemas.UnitRedeemable {
			c.metric(fact, unit, p.Program)
		}
		if e.Currency != "" && c.facts.ExchangeRates[e.Currency] == nil {
			c.unknown(fact, "currency", e.Currency)
		}
		for i := range e.Rates {
			row := &e.Rates[i]
			c.classes(fact, row.Classes)
			c.fares(fact, row.Categories, row.Brands, row.Cabins, p)
			for tier := range row.ByTier {
				if !slices.ContainsFunc(p.Program.Tiers, func(t schemas.Tier) bool { return t.Name == tier }) {
					c.unknown(fact, "tier", tier)
				}
			}
		}
		c.rates(fact, unit, &e)
		c.shadowed(fact, unit, e.Rates)
	}
}
