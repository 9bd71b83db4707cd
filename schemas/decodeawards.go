package schemas

import (
	"slices"
	"strings"
)

// awards checks the facts of a sheet that concern awards.
func (c *checker) awards() {
	s := c.sheet
	unique := c.unique("awardPartners", "id")
	for i, f := range s.AwardPartners {
		unique(i, f.ID)
		field := at("awardPartners", i)
		c.provenance(field, f.Provenance)
		c.span(field, f.EffectiveDate, f.ExpirationDate)
		if (len(f.Carriers) == 0) == (f.Alliance == "") {
			c.add(field, "needs one of carriers and alliance")
		}
		if len(f.Except) > 0 && f.Alliance == "" {
			c.add(field+".except", "takes members out of an alliance, which is missing")
		}
	}
	unique = c.unique("awardCharts", "id")
	for i, f := range s.AwardCharts {
		unique(i, f.ID)
		c.awardChart(at("awardCharts", i), f)
	}
	unique = c.unique("awardSeasons", "id")
	for i, f := range s.AwardSeasons {
		unique(i, f.ID)
		field := at("awardSeasons", i)
		c.provenance(field, f.Provenance)
		for j, id := range f.Charts {
			if !slices.ContainsFunc(s.AwardCharts, func(chart AwardChart) bool { return chart.ID == id }) {
				c.add(at(field+".charts", j), "no awardCharts has the id %q", id)
			}
		}
		if f.Route != nil {
			c.route(field+".route", *f.Route, true)
		}
		for j, span := range f.Spans {
			c.span(at(field+".spans", j), span.From, span.To)
		}
	}
	unique = c.unique("awardFees", "id")
	for i, f := range s.AwardFees {
		unique(i, f.ID)
		field := at("awardFees", i)
		c.provenance(field, f.Provenance)
		c.span(field, f.EffectiveDate, f.ExpirationDate)
		for j, t := range f.Typical {
			typical := at(field+".typical", j)
			c.route(typical, t.Route, false)
			if t.Cabin != "" {
				c.cabins(typical+".cabin", []string{t.Cabin})
			}
			if t.Low.IsNeg() || t.High != nil && t.High.LessThan(t.Low.Decimal) {
				c.add(typical, "low must not be below zero, nor high below low")
			}
		}
	}
	unique = c.unique("awardRules", "id")
	for i, f := range s.AwardRules {
		unique(i, f.ID)
		field := at("awardRules", i)
		c.provenance(field, f.Provenance)
		c.span(field, f.EffectiveDate, f.ExpirationDate)
		c.cabins(field+".cabins", f.Cabins)
		if strings.TrimSpace(f.Text) == "" {
			c.add(field+".text", "must not be empty")
		}
	}
	unique = c.unique("sweetSpots", "id")
	for i, f := range s.SweetSpots {
		unique(i, f.ID)
		field := at("sweetSpots", i)
		c.provenance(field, f.Provenance)
		c.route(field+".route", f.Route, true)
		if f.Price <= 0 || f.High != 0 && f.High < f.Price {
			c.add(field, "price must be above zero, and high not below it")
		}
	}
}

func (c *checker) awardChart(field string, f AwardChart) {
	c.provenance(field, f.Provenance)
	c.span(field, f.EffectiveDate, f.ExpirationDate)
	if f.Mixed && len(f.Carriers) > 0 {
		c.add(field+".carriers", "a mixed chart is for whatever the program books")
	}
	if f.Mixed && f.Per != "journey" {
		c.add(field+".per", "a mixed chart prices the journey")
	}
	if len(f.Rows) == 0 && f.Kind != "dynamic" {
		c.add(field+".rows", "is missing; only a dynamic chart has none")
	}
	if f.Route != nil {
		c.route(field+".route", *f.Route, true)
	}
	for i, row := range f.Rows {
		rowField := at(field+".rows", i)
		c.route(rowField, row.Route, false)
		if len(row.Prices) == 0 {
			c.add(rowField+".prices", "states none")
		}
		for cabin, points := range row.Prices {
			c.cabins(rowField+".prices", []string{cabin})
			if points <= 0 {
				c.add(rowField+".prices."+cabin, "must be above zero")
			}
		}
		for cabin, points := range row.High {
			if low, ok := row.Prices[cabin]; !ok || points < low {
				c.add(rowField+".high."+cabin, "must be no less than the price of the cabin")
			}
		}
	}
}

func (c *checker) network(field string, f Network) {
	c.provenance(field, f.Provenance)
	for from, list := range f.Nonstops {
		for _, to := range append(strings.Fields(list), from) {
			if !areaPattern.MatchString("airport/" + to) {
				c.add(field+".nonstops."+from, "%q is not an IATA airport code", to)
			}
		}
	}
	for name, changes := range map[string][]Nonstop{"added": f.Added, "ended": f.Ended} {
		for i, n := range changes {
			c.provenance(at(field+"."+name, i), n.Provenance)
			if n.From == n.To {
				c.add(at(field+"."+name, i), "goes nowhere")
			}
		}
	}
}
