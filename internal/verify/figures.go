package verify

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/quagmt/udecimal"

	"loyalty-mcp/internal/geo"
	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// most is the largest usual rate by basis: what no program is known to exceed.
var most = map[string]schemas.Decimal{
	"distance": schemas.MustDecimal("5"),
	"fare":     schemas.MustDecimal("30"),
	"segment":  schemas.MustDecimal("50000"), // Skywards gives up to 49,000
	"ticket":   schemas.MustDecimal("200000"),
	"base":     schemas.MustDecimal("5"),
	"award":    schemas.MustDecimal("5"),
}

var mostBonus = schemas.MustDecimal("3")

// rates checks the figures of a formula.
func (c *checker) rates(fact, unit string, e *schemas.Earn) {
	if e.DivideBy != nil && !e.DivideBy.IsPos() {
		c.add(Error, Rate, fact, "%s is divided by %s", unit, e.DivideBy)
		return
	}
	var largest udecimal.Decimal
	for i := range e.Rates {
		row := &e.Rates[i]
		rates := slices.Collect(maps.Values(row.ByTier))
		if row.Rate != nil {
			rates = append(rates, *row.Rate)
		}
		for _, rate := range rates {
			c.notNegative(fact, unit+": the rate", rate)
			if rate.GreaterThan(largest) {
				largest = rate.Decimal
			}
		}
		if row.CabinBonus != nil {
			c.bonus(fact, unit+": the cabin bonus", *row.CabinBonus)
		}
	}
	if e.DivideBy != nil {
		largest, _ = largest.Div(e.DivideBy.Decimal) // not by zero
	}
	if limit, ok := most[e.Basis]; ok && largest.GreaterThan(limit.Decimal) {
		c.add(Error, Rate, fact, "%s: the rate %s by %s is more than any program is known to give (%s)", unit, largest, e.Basis, limit)
	}
}

func (c *checker) bonus(fact, what string, share schemas.Decimal) {
	if share.GreaterThan(mostBonus.Decimal) {
		c.add(Error, Rate, fact, "%s %s is more than any program is known to give (%s); is it a percentage?", what, share, mostBonus)
	}
	c.notNegative(fact, what, share)
}

func (c *checker) notNegative(fact, what string, figure schemas.Decimal) {
	if figure.IsNeg() {
		c.add(Error, Rate, fact, "%s %s is negative", what, figure)
	}
}

// shadowed looks for rows that an earlier one leaves nothing to.
func (c *checker) shadowed(fact, unit string, rows []schemas.RateRow) {
	for i := range rows {
		for j := range i {
			if covers(&rows[j], &rows[i]) {
				c.add(Warning, ShadowedRow, fact, "%s: row %d is never reached, row %d above it takes all its fares", unit, i+1, j+1)
				break
			}
		}
	}
}

// covers tells whether a row fits every fare that another one fits.
func covers(a, b *schemas.RateRow) bool {
	all := func(a, b []string) bool {
		return len(a) == 0 || len(b) > 0 && !slices.ContainsFunc(b, func(x string) bool { return !slices.Contains(a, x) })
	}
	return all(strings.Split(a.Classes, "")[:len(a.Classes)], strings.Split(b.Classes, "")[:len(b.Classes)]) &&
		all(a.Categories, b.Categories) && all(a.Brands, b.Brands) && all(a.Cabins, b.Cabins)
}

// distances checks a program's own mileages, by what the geodesic is.
func (c *checker) distances(p *kg.ProgramFacts) {
	old, oldest := 0, ""
	for _, d := range p.Distances {
		fact := "distances/" + d.From + "-" + d.To
		c.sourced(fact, d.Provenance)
		c.area(fact, "airport/"+d.From)
		c.area(fact, "airport/"+d.To)
		from, to := c.facts.Airports[d.From], c.facts.Airports[d.To]
		if from == nil || to == nil {
			continue
		}
		// Programs' tables are old, and some airports have moved since.
		const slack = 50
		if exact := geo.Miles(from, to); d.Miles <= 0 {
			c.add(Error, Rate, fact, "%d miles", d.Miles)
		} else if off := max(d.Miles-exact, exact-d.Miles); off > slack && off*20 > exact {
			c.add(Error, Rate, fact, "%d miles, where the geodesic is %d", d.Miles, exact)
		}
		if isDate(d.AsOf) && kg.OlderThan(d.AsOf, c.today, p.Program.ReviewDays) {
			old++
			if oldest == "" || d.AsOf < oldest {
				oldest = d.AsOf
			}
		}
	}
	if old > 0 {
		c.add(Warning, Stale, "distances", "%d of %d were last known true more than %d days ago, the oldest on %s", old, len(p.Distances), p.Program.ReviewDays, oldest)
	}
}

// programFacts checks a program and its tiers.
func (c *checker) programFacts(pf *kg.ProgramFacts) {
	p := pf.Program
	c.sourced("program", p.Provenance)
	c.age("program", schemas.Validity{}, p.Provenance, p)
	c.carriers("program", p.Airlines)
	c.alliance("program", p.Alliance)
	if p.Kind == "airline" && p.QualificationYear == nil {
		c.add(Warning, Qualification, "program", "has no qualificationYear, so that progress to a status cannot be dated")
	}
	var unreached []string
	for i := range p.Tiers {
		t := &p.Tiers[i]
		fact := "tiers/" + t.Name
		c.sourced(fact, t.Provenance)
		c.age(fact, schemas.Validity{}, t.Provenance, p)
		if t.EarningBonus != nil {
			c.bonus(fact, "the earning bonus", *t.EarningBonus)
		}
		for _, alternative := range t.Qualification {
			for _, metric := range slices.Sorted(maps.Keys(alternative)) {
				c.metric(fact, metric, p)
				if alternative[metric] < 0 {
					c.add(Error, Rate, fact, "needs %d %s", alternative[metric], metric)
				}
			}
			c.threshold(fact, p.Tiers[:i], alternative)
		}
		if i > 0 && len(t.Qualification) == 0 {
			unreached = append(unreached, t.Name)
		}
	}
	if len(unreached) > 0 {
		c.add(Warning, Qualification, "tiers", "how these are reached is not known: %s", strings.Join(unreached, ", "))
	}
}

// threshold checks that a way to a tier asks for more than the same way, by the
// same metrics, to the tier below.
func (c *checker) threshold(fact string, below []schemas.Tier, needs map[string]int64) {
	for _, t := range slices.Backward(below) {
		same := false
		for _, lower := range t.Qualification {
			if !maps.EqualFunc(lower, needs, func(int64, int64) bool { return true }) {
				continue
			}
			same = true
			more := false
			for metric, amount := range needs {
				if amount < lower[metric] {
					c.add(Error, Thresholds, fact, "needs %d %s, less than %s below it (%d)", amount, metric, t.Name, lower[metric])
				}
				more = more || amount != lower[metric]
			}
			if !more {
				c.add(Error, Thresholds, fact, "needs no more than %s below it", t.Name)
			}
		}
		if same {
			return
		}
	}
}

// version is what rules' ids end in when one supersedes another: ba-own-2026.
var version = regexp.MustCompile(`[-_.](v\d+|(19|20)\d\d(-\d\d){0,2})$`)

// versions looks for rules that stand for the same and are in force at once,
// without the engine choosing between them: versions of one rule that differ in
// rank, and additions, all of which are made.
func (c *checker) versions(rules []*schemas.EarningRule) {
	stems := make([]string, len(rules))
	for i, r := range rules {
		stems[i] = version.ReplaceAllString(r.ID, "")
	}
	for i, a := range rules {
		for j, b := range rules[:i] {
			if cmp.Or(a.Role, "earns") != cmp.Or(b.Role, "earns") || stems[i] != stems[j] && a.Role != "adds" ||
				!shareUnit(a, b) || !sameConditions(&a.Conditions, &b.Conditions) {
				continue
			}
			booked, otherBooked := schemas.Span{}, schemas.Span{}
			if a.Booked != nil {
				booked = *a.Booked
			}
			if b.Booked != nil {
				otherBooked = *b.Booked
			}
			if meet(a.EffectiveDate, a.ExpirationDate, b.EffectiveDate, b.ExpirationDate) && meet(booked.From, booked.To, otherBooked.From, otherBooked.To) {
				c.overlap(c.rule(a), c.rule(b))
			}
		}
	}
}

func (c *checker) overlap(a, b string) {
	c.add(Error, Overlap, min(a, b), "has the same conditions as %s and is in force at the same time", max(a, b))
}

func shareUnit(a, b *schemas.EarningRule) bool {
	for unit := range a.Earn {
		if _, ok := b.Earn[unit]; ok {
			return true
		}
	}
	return false
}

// meet tells whether two spans of days, either end of which may be open, share one.
func meet(from, to, otherFrom, otherTo string) bool {
	return (to == "" || otherFrom <= to) && (otherTo == "" || from <= otherTo)
}

// sameConditions compares conditions other than the day of purchase, whatever
// their lists' order.
func sameConditions(a, b *schemas.Conditions) bool { return canonical(a) == canonical(b) }

func canonical(c *schemas.Conditions) string {
	sorted := func(list []string) []string { return slices.Sorted(slices.Values(list)) }
	out := *c
	out.Booked = nil
	out.Classes = strings.Join(sorted(strings.Split(c.Classes, "")), "")
	for _, list := range []*[]string{&out.Marketing, &out.Operating, &out.Ticketing, &out.TicketingNot, &out.Categories, &out.Brands, &out.Cabins, &out.Cards} {
		*list = sorted(*list)
	}
	if c.Route != nil {
		route := *c.Route
		route.Between, route.And, route.Within = sorted(route.Between), sorted(route.And), sorted(route.Within)
		out.Route = &route
	}
	text, _ := json.Marshal(out) // it has only plain fields
	return string(text)
}
