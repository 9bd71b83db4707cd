package verify

import (
	"maps"
	"slices"
	"strings"

	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// mostPoints is more than any program asks of one traveller.
const mostPoints = 1_500_000

// awards checks the facts of a program that concern awards.
func (c *checker) awards(p *kg.ProgramFacts) {
	for _, a := range p.AwardPartners {
		fact := "awardPartners/" + a.ID
		c.sourced(fact, a.Provenance)
		c.span(fact, a.EffectiveDate, a.ExpirationDate)
		c.carriers(fact, a.Carriers, a.Except)
		c.alliance(fact, a.Alliance)
		c.age(fact, a.Validity, a.Provenance, p.Program)
	}
	for _, a := range p.AwardCharts {
		fact := "awardCharts/" + strings.TrimPrefix(a.ID, c.program+"/")
		c.sourced(fact, a.Provenance)
		c.span(fact, a.EffectiveDate, a.ExpirationDate)
		c.carriers(fact, a.Carriers)
		c.route(fact, a.Route)
		for i := range a.Rows {
			c.route(fact, &a.Rows[i].Route)
		}
		c.prices(fact, a)
		c.age(fact, a.Validity, a.Provenance, p.Program)
	}
	for _, a := range p.AwardSeasons {
		fact := "awardSeasons/" + a.ID
		c.sourced(fact, a.Provenance)
		c.route(fact, a.Route)
		for _, span := range a.Spans {
			c.span(fact, span.From, span.To)
		}
	}
	for _, a := range p.AwardFees {
		fact := "awardFees/" + a.ID
		c.sourced(fact, a.Provenance)
		c.span(fact, a.EffectiveDate, a.ExpirationDate)
		c.carriers(fact, a.Carriers)
		for i := range a.Typical {
			c.route(fact, &a.Typical[i].Route)
			c.currency(fact, a.Typical[i].Currency)
		}
		if a.Booking != nil {
			c.currency(fact, a.Booking.Currency)
		}
		c.age(fact, a.Validity, a.Provenance, p.Program)
	}
	for _, a := range p.AwardRules {
		fact := "awardRules/" + a.ID
		c.sourced(fact, a.Provenance)
		c.span(fact, a.EffectiveDate, a.ExpirationDate)
		c.carriers(fact, a.Carriers)
		c.age(fact, a.Validity, a.Provenance, p.Program)
	}
	for _, a := range p.SweetSpots {
		fact := "sweetSpots/" + a.ID
		c.sourced(fact, a.Provenance)
		c.carriers(fact, a.Carriers)
		c.route(fact, &a.Route)
	}
}

// prices looks for cells that cannot be right: a cabin for less than the one
// below it, or for many times as much.
func (c *checker) prices(fact string, a *schemas.AwardChart) {
	for i, row := range a.Rows {
		for _, cabin := range slices.Sorted(maps.Keys(row.Prices)) {
			if row.Prices[cabin] > mostPoints {
				c.add(Error, Rate, fact, "row %d: %d for %s is more than any program is known to ask", i+1, row.Prices[cabin], cabin)
			}
		}
		below := ""
		for _, cabin := range schemas.Cabins {
			price, ok := row.Prices[cabin]
			if !ok {
				continue
			}
			if lower := row.Prices[below]; below != "" && price < lower {
				c.add(Warning, Rate, fact, "row %d: %s costs %d, less than %s (%d)", i+1, cabin, price, below, lower)
			} else if below != "" && price > 6*lower {
				c.add(Warning, Rate, fact, "row %d: %s costs %d, more than six times %s (%d)", i+1, cabin, price, below, lower)
			}
			below = cabin
		}
	}
}

// network checks where a carrier flies.
func (c *checker) network(n *schemas.Network) {
	fact := "networks/" + n.Carrier
	c.sourced(fact, n.Provenance)
	c.carriers(fact, []string{n.Carrier})
	for from, list := range n.Nonstops {
		for _, airport := range append(strings.Fields(list), from) {
			c.area(fact, "airport/"+airport)
		}
	}
	for _, change := range slices.Concat(n.Added, n.Ended) {
		c.sourced(fact, change.Provenance)
		c.area(fact, "airport/"+change.From)
		c.area(fact, "airport/"+change.To)
	}
}

func (c *checker) currency(fact, code string) {
	if c.facts.ExchangeRates[code] == nil {
		c.unknown(fact, "currency", code)
	}
}

func (c *checker) route(fact string, r *schemas.Route) {
	if r != nil {
		for _, area := range slices.Concat(r.Between, r.And, r.Within) {
			c.area(fact, area)
		}
	}
}
