package earnings

import (
	"fmt"
	"slices"
	"strings"

	"loyalty-mcp/schemas"
)

// Roles of rules.
const (
	roleEarns   = "earns"
	roleAdds    = "adds"
	roleMinimum = "minimum"
	roleMaximum = "maximum"
)

// Inputs that a rule may need and that a question may leave out.
const (
	inputBookedOn = "fare.bookedOn"
	inputChoice   = "memberships[].earningChoice"
	inputBrand    = "segments[].fareBrand"
	inputCabin    = "segments[].cabin"
)

// obstacle is the first thing that keeps a rule from a flight, in the order in
// which they are tried: the rule that comes furthest explains best why a
// program has no answer.
type obstacle int

const (
	none obstacle = iota
	wrongCarrier
	wrongRoute
	wrongTicket
	wrongDate
	wrongBooking
	wrongMember
	wrongFare    // booking class, category, brand, cabin
	missingInput // all else fits
)

// leg is one segment in the light of one program.
type leg struct {
	*segment
	miles    int // the program's own figure, or the geodesic
	own      *schemas.RouteDistance
	category category
	rules    []candidate // those that fit, best first
	// What stood in the way of the rule that came furthest, if none fits.
	obstacle obstacle
	closest  *rule
	missing  string
	// otherTicket: a rule fits but for the carrier that issued the ticket.
	otherTicket bool
}

// category is the fare category of a leg.
type category struct {
	name    string
	nothing bool   // a source says that a fare outside all categories earns nothing
	missing string // input without which the category is not known
	from    *categoryMap
}

// candidate is a rule that fits a leg, but for what an unknown input may decide.
type candidate struct {
	*rule
	missing string // input that the rule needs and that was not given
	nothing bool   // fits as "earns nothing"
}

// pick is the rule and row that state one unit for one leg.
type pick struct {
	*rule
	formula *formula
	row     *row
	nothing bool
}

// test tries conditions other than fare categories. It returns the first
// obstacle, and the name of an input that was not given but would decide.
func (c *conditions) test(s *segment, miles int, r *request, m *member, v schemas.Validity) (obstacle, string) {
	switch {
	case !allows(c.given.Marketing, s.marketing) || !allows(c.given.Operating, s.operating):
		return wrongCarrier, ""
	case c.given.Route != nil && !c.onRoute(s, miles):
		return wrongRoute, ""
	case !c.onTicket(r.ticketing):
		return wrongTicket, ""
	case !inForce(v, s.date):
		return wrongDate, ""
	}
	missing := ""
	if c.given.Booked != nil {
		switch {
		case r.booked == "":
			missing = inputBookedOn
		case !c.bookable(r.booked):
			return wrongBooking, ""
		}
	}
	if !c.onCards(m.cards) {
		return wrongMember, ""
	}
	if c.given.EarningChoice != "" && c.given.EarningChoice != m.choice {
		if m.choice != "" {
			return wrongMember, ""
		}
		missing = inputChoice
	}
	if c.classes != 0 && !c.classes.has(s.class) {
		return wrongFare, ""
	}
	switch fits(c.given.Brands, s.brand) {
	case no:
		return wrongFare, ""
	case notGiven:
		missing = inputBrand
	}
	switch fits(c.given.Cabins, s.Cabin) {
	case no:
		return wrongFare, ""
	case notGiven:
		missing = inputCabin
	}
	if missing != "" {
		return missingInput, missing
	}
	return none, ""
}

type answer int

const (
	yes answer = iota
	no
	notGiven
)

// fits tells whether an optional input is among those that a rule is for.
func fits(wanted []string, given string) answer {
	switch {
	case len(wanted) == 0:
		return yes
	case given == "":
		return notGiven
	case slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, given) }):
		return yes
	}
	return no
}

// allows tells whether a list of carriers, which restricts nothing if it is
// empty, allows one.
func allows(carriers []string, code string) bool {
	return len(carriers) == 0 || slices.Contains(carriers, code)
}

func (c *conditions) onTicket(carrier string) bool {
	return allows(c.given.Ticketing, carrier) && !slices.Contains(c.given.TicketingNot, carrier)
}

func (c *conditions) onCards(cards []string) bool {
	return len(c.given.Cards) == 0 || slices.ContainsFunc(c.given.Cards, func(id string) bool { return slices.Contains(cards, id) })
}

// bookable tells whether conditions on the day of purchase allow a day.
func (c *conditions) bookable(day string) bool {
	return c.given.Booked.From <= day && (c.given.Booked.To == "" || day <= c.given.Booked.To)
}

func inForce(v schemas.Validity, day string) bool {
	return v.EffectiveDate <= day && (v.ExpirationDate == "" || day <= v.ExpirationDate)
}

func (c *conditions) onRoute(s *segment, miles int) bool {
	r := c.given.Route
	if r.Miles != nil && (miles <= r.Miles.Over || r.Miles.UpTo > 0 && miles > r.Miles.UpTo) {
		return false
	}
	switch {
	case c.between != nil:
		return c.between.Has(s.from) && c.and.Has(s.to) || c.between.Has(s.to) && c.and.Has(s.from)
	case c.within != nil:
		return c.within.Has(s.from) && c.within.Has(s.to)
	case r.Domestic != nil:
		return (s.origin.Country == s.destination.Country) == *r.Domestic
	}
	return true
}

// tieError says that two rules, or two maps of fare categories, fit equally well:
// the data contradicts itself.
type tieError struct {
	rules      [2]*rule
	categories [2]*categoryMap
}

func (e *tieError) Error() string {
	if e.rules[0] != nil {
		return fmt.Sprintf("rules %s and %s fit equally well", e.rules[0].ID, e.rules[1].ID)
	}
	return fmt.Sprintf("fare categories %s and %s both fit", e.categories[0].ID, e.categories[1].ID)
}

// fillLeg finds what the program knows of a flight.
func (p *program) fillLeg(l *leg, s *segment, r *request, m *member) error {
	l.segment, l.miles = s, s.miles
	if len(p.distances) > 0 {
		if d := p.distances[pair(s.origin.Code, s.destination.Code)]; d != nil {
			l.miles, l.own = d.Miles, d
		}
	}
	if err := p.categorise(l, r, m); err != nil {
		return err
	}
	p.collect(l, p.rules[s.marketing], r, m)
	if s.operating != s.marketing {
		p.collect(l, p.rules[s.operating], r, m)
		slices.SortStableFunc(l.rules, func(a, b candidate) int { return rank(b.rule, a.rule) })
	}
	return nil
}

// rank is positive if a is chosen over b, zero if neither is.
func rank(a, b *rule) int {
	if a.Precedence != b.Precedence {
		return a.Precedence - b.Precedence
	}
	return a.specificity - b.specificity
}

func (p *program) categorise(l *leg, r *request, m *member) error {
	lists := [2][]*categoryMap{p.categories[l.marketing], nil}
	if l.operating != l.marketing {
		lists[1] = p.categories[l.operating]
	}
	var found, tied *categoryMap
	for _, list := range lists {
		for _, c := range list {
			if o, _ := c.test(l.segment, l.miles, r, m, c.Validity); o != none || c == found || c == tied {
				continue
			}
			switch {
			case found == nil || c.specificity > found.specificity:
				found, tied = c, nil
			case c.specificity == found.specificity:
				tied = c
			}
		}
	}
	if tied != nil {
		return &tieError{categories: [2]*categoryMap{found, tied}}
	}
	if found == nil {
		return nil
	}
	l.category.from = found
	switch {
	case l.brand != "" && found.byBrand[l.brand] != "":
		l.category.name = found.byBrand[l.brand]
	case len(found.ByCategory) == 0 && l.brand == "":
		l.category.missing = inputBrand
	case found.byClass[l.class-'A'] != "":
		l.category.name = found.byClass[l.class-'A']
	default:
		l.category.nothing = found.Unlisted == "nothing"
	}
	return nil
}

// collect keeps the rules of a list that fit the leg.
func (p *program) collect(l *leg, list []*rule, r *request, m *member) {
	collected := len(l.rules)
	for _, candidateRule := range list {
		if slices.ContainsFunc(l.rules[:collected], func(c candidate) bool { return c.rule == candidateRule }) {
			continue // names both the marketing and the operating carrier
		}
		o, missing := candidateRule.test(l.segment, l.miles, r, m, candidateRule.Validity)
		c := candidate{rule: candidateRule, missing: missing}
		if (o == none || o == missingInput) && len(candidateRule.Categories) > 0 {
			switch {
			case l.category.nothing:
				c.nothing = true
			case l.category.missing != "":
				o, c.missing = missingInput, l.category.missing
			case !slices.Contains(candidateRule.Categories, l.category.name):
				o = wrongFare
			}
		}
		if o == none || o == missingInput {
			l.rules = append(l.rules, c)
		}
		l.otherTicket = l.otherTicket || o == wrongTicket
		if o > l.obstacle {
			l.obstacle, l.closest, l.missing = o, candidateRule, c.missing
		}
	}
}

// rowFor returns the row of a table for the leg's fare.
func (f *formula) rowFor(l *leg) (found *row, nothing bool, missing string) {
	for i := range f.rows {
		r := &f.rows[i]
		if r.classes != 0 && !r.classes.has(l.class) {
			continue
		}
		if a := fits(r.Brands, l.brand); a != yes {
			if a == notGiven {
				missing = inputBrand
			}
			continue
		}
		if a := fits(r.Cabins, l.Cabin); a != yes {
			if a == notGiven {
				missing = inputCabin
			}
			continue
		}
		if len(r.Categories) > 0 && !slices.Contains(r.Categories, l.category.name) {
			nothing = nothing || l.category.nothing
			if l.category.missing != "" {
				missing = l.category.missing
			}
			continue
		}
		return r, false, ""
	}
	return nil, nothing, missing
}

// choose returns the rule that states a unit in a role. found is false when no
// rule does; missing then names an input that would let one do so, if any. Two
// rules of equal rank are an error in the data.
//
// A fare whose brand or cabin is not given falls to the next rule, which is there
// for that. But where the day of purchase or the member's choice decides and is
// not given, the next rule would be a guess.
func (l *leg) choose(unit, role string) (best pick, found bool, missing string, err error) {
	for _, c := range l.rules {
		if c.role != role {
			continue
		}
		if found && rank(c.rule, best.rule) < 0 {
			break
		}
		p, ok, needs := c.state(l, unit)
		switch {
		case ok && found:
			return best, true, "", &tieError{rules: [2]*rule{best.rule, c.rule}}
		case ok:
			best, found = p, true
		case needs == "" || found:
		case needs == inputBookedOn || needs == inputChoice:
			return pick{}, false, needs, nil
		case missing == "":
			missing = needs
		}
	}
	if found {
		missing = ""
	}
	return best, found, missing, nil
}

// state returns what a candidate states of a unit.
func (c candidate) state(l *leg, unit string) (p pick, ok bool, missing string) {
	f := c.earn[unit]
	if f == nil {
		return p, false, ""
	}
	if c.missing != "" {
		return p, false, c.missing
	}
	p = pick{rule: c.rule, formula: f}
	if c.nothing || f.Basis == "nothing" {
		p.nothing = true
		return p, true, ""
	}
	row, nothing, missing := f.rowFor(l)
	switch {
	case row != nil:
		p.row = row
	case nothing || (missing == "" && c.Unlisted == "nothing"):
		p.nothing = true
	default:
		return p, false, missing
	}
	return p, true, ""
}
