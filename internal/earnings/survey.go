package earnings

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"loyalty-mcp/internal/geo"
	"loyalty-mcp/schemas"
)

// Survey is what comes out when a program's rules and fare categories are tried
// on one flight of every kind that they tell apart: each combination of carriers,
// ticket, days, member, route, booking class, brand and cabin that any of them
// treats differently from the rest. Nothing between these flights can differ, so
// what does not come up here never does.
type Survey struct {
	Ties       []Tie
	Impossible []Impossible
	Outranked  []Outranked
	Gaps       []Gap
}

// Item is an earning rule or a map of fare categories: one of the two is set.
type Item struct {
	Rule       *schemas.EarningRule
	Categories *schemas.FareCategory
}

// Tie is two items that fit a flight equally well.
type Tie struct {
	Items   [2]Item
	Units   []string // those that both state, if they are rules
	Example string   // a flight on which it comes to that
}

// Impossible is an item that fits no flight.
type Impossible struct {
	Item
	Why string
}

// Outranked is an item that fits flights, but never decides: another one always does.
type Outranked struct {
	Item
	By Item
}

// Gap is booking classes that rules for the same carrier name elsewhere, and of
// which nothing is said where this one decides.
type Gap struct {
	Item
	Classes string
	Example string
}

// Survey tries the rules of a program. today is an ISO date: gaps are looked for
// from that day on, all else on every day.
func (b *Book) Survey(program, today string) *Survey {
	s := newSurveyor(b, b.programs[program], today)
	days, tickets, members, routes := s.days(), s.tickets(), s.members(), s.routes()
	for _, carrier := range s.carriers() {
		cells := s.narrow([]cell{{fits: s.all()}}, []setting{carrier})
		for _, dimension := range [][]setting{days, tickets, members, routes} {
			cells = s.narrow(cells, dimension)
		}
		s.visit(cells)
	}
	s.conclude(days, tickets, routes)
	return &s.survey
}

// item is an Item in its compiled form.
type item struct {
	*conditions
	schemas.Validity
	rule       *rule
	categories *categoryMap

	stated  bool  // something of some flight
	decides bool  // for some flight
	by      *item // what decided instead
}

func (it *item) public() Item {
	if it.rule != nil {
		return Item{Rule: it.rule.EarningRule}
	}
	return Item{Categories: it.categories.FareCategory}
}

type surveyor struct {
	book    *Book
	program *program
	today   string
	items   []*item // rules, then maps
	ofRule  map[*rule]*item
	ofMap   map[*categoryMap]*item
	visited map[string]coverage // by the items that a cell leaves
	gaps    map[*item]int       // index in survey.Gaps
	tied    map[[2]*item]int    // index in survey.Ties
	reached geo.Set             // the items of all cells
	places  []*schemas.Airport  // by index; see airports
	survey  Survey
}

// circumstances are all that items go by except the fare.
type circumstances struct {
	marketing, operating, ticketing string
	date, booked                    string
	cards                           []string
	choice                          string
	from, to                        int // airports
	miles                           int
}

// setting is one way in which one dimension of the circumstances can be.
type setting struct {
	fits geo.Set // the items that allow it
	set  func(*circumstances)
}

// cell is all circumstances that leave the same items.
type cell struct {
	fits geo.Set
	at   circumstances // an example
}

// coverage is which booking classes are answered in a cell.
type coverage struct {
	known classSet  // the redeemable amount is, given the brand and cabin that it may need
	named classSet  // those of them that a table or a category names
	blame [26]*item // what leaves a class out that is not known
}

func newSurveyor(b *Book, p *program, today string) *surveyor {
	s := &surveyor{book: b, program: p, today: today, ofRule: map[*rule]*item{}, ofMap: map[*categoryMap]*item{},
		visited: map[string]coverage{}, gaps: map[*item]int{}, tied: map[[2]*item]int{}}
	for _, list := range p.rules {
		for _, r := range list {
			if s.ofRule[r] == nil {
				s.ofRule[r] = &item{conditions: &r.conditions, Validity: r.Validity, rule: r}
				s.items = append(s.items, s.ofRule[r])
			}
		}
	}
	for _, list := range p.categories {
		for _, m := range list {
			if s.ofMap[m] == nil {
				s.ofMap[m] = &item{conditions: &m.conditions, Validity: m.Validity, categories: m}
				s.items = append(s.items, s.ofMap[m])
			}
		}
	}
	name := func(it *item) string {
		if it.rule != nil {
			return "0" + it.rule.ID
		}
		return "1" + it.categories.ID
	}
	slices.SortFunc(s.items, func(a, b *item) int { return strings.Compare(name(a), name(b)) })
	s.reached = geo.NewSet(len(s.items))
	return s
}

func (s *surveyor) all() geo.Set {
	out := geo.NewSet(len(s.items))
	for i := range s.items {
		out.Add(i)
	}
	return out
}

// setting makes a setting that the items allow of which fits is true.
func (s *surveyor) setting(fits func(*item) bool, set func(*circumstances)) setting {
	out := setting{fits: geo.NewSet(len(s.items)), set: set}
	for i, it := range s.items {
		if fits(it) {
			out.fits.Add(i)
		}
	}
	return out
}

// distinct keeps the first of the settings that allow the same items.
func distinct(settings []setting) []setting {
	seen := map[string]bool{}
	return slices.DeleteFunc(settings, func(x setting) bool {
		k := key(x.fits)
		again := seen[k]
		seen[k] = true
		return again
	})
}

func key(s geo.Set) string {
	var out []byte
	for _, word := range s {
		out = binary.LittleEndian.AppendUint64(out, word)
	}
	return string(out)
}

// narrow splits cells by one more dimension. Of two ways to the same items the
// one by the earlier setting is kept as the example.
func (s *surveyor) narrow(cells []cell, dimension []setting) []cell {
	var out []cell
	seen := map[string]bool{}
	for _, x := range dimension {
		for _, c := range cells {
			fits, empty := make(geo.Set, len(c.fits)), true
			for i := range fits {
				fits[i] = c.fits[i] & x.fits[i]
				empty = empty && fits[i] == 0
			}
			k := key(fits)
			if empty || seen[k] {
				continue
			}
			seen[k] = true
			x.set(&c.at) // c is a copy
			out = append(out, cell{fits: fits, at: c.at})
		}
	}
	return out
}

// named collects what the items' lists name, sorted and once each.
func (s *surveyor) named(lists func(*schemas.Conditions) [][]string) []string {
	var out []string
	for _, it := range s.items {
		out = append(out, slices.Concat(lists(it.given)...)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// another stands for any carrier that no item names.
const another = ""

func (s *surveyor) carriers() []setting {
	names := append(s.named(func(c *schemas.Conditions) [][]string { return [][]string{c.Marketing, c.Operating} }), another)
	var own, shared []setting
	for _, marketing := range names {
		for _, operating := range names {
			x := s.setting(func(it *item) bool {
				return allows(it.given.Marketing, marketing) && allows(it.given.Operating, operating)
			},
				func(at *circumstances) { at.marketing, at.operating = marketing, operating })
			if marketing == operating {
				own = append(own, x)
			} else {
				shared = append(shared, x)
			}
		}
	}
	return distinct(append(own, shared...))
}

func (s *surveyor) tickets() []setting {
	names := s.named(func(c *schemas.Conditions) [][]string { return [][]string{c.Ticketing, c.TicketingNot} })
	var out []setting
	for _, carrier := range append(names, another) {
		out = append(out, s.setting(func(it *item) bool { return it.onTicket(carrier) },
			func(at *circumstances) { at.ticketing = carrier }))
	}
	return distinct(out)
}

// validDays is for how long a ticket can be flown after its purchase, and more:
// sold a year ahead, begun within a year.
const validDays = 730

// days are pairs of a day of travel and one of purchase: today and every day on
// which something begins or has just ended.
func (s *surveyor) days() []setting {
	travel, purchase := []string{s.today}, []string{}
	for _, it := range s.items {
		span := schemas.Span{}
		if it.given.Booked != nil {
			span = *it.given.Booked
		}
		for _, day := range []string{it.EffectiveDate, addDays(it.ExpirationDate, 1)} {
			if day != "" {
				travel = append(travel, day)
			}
		}
		for _, day := range []string{span.From, addDays(span.To, 1)} {
			if day != "" {
				purchase = append(purchase, day)
			}
		}
	}
	// A rule may hold for travel long before it can be booked; and one day is
	// before all that is known.
	travel = append(travel, purchase...)
	travel = append(travel, addDays(slices.Min(travel), -1))
	newestFirst := func(a, b string) int { return strings.Compare(b, a) }
	slices.SortFunc(travel, newestFirst)
	slices.SortFunc(purchase, newestFirst)
	var out []setting
	for _, date := range append([]string{s.today}, travel...) { // an example of today is best
		first := addDays(date, -validDays)
		for _, booked := range append(purchase, first) {
			if booked < first || booked > date {
				continue
			}
			out = append(out, s.setting(
				func(it *item) bool {
					return inForce(it.Validity, date) && (it.given.Booked == nil || it.bookable(booked))
				},
				func(at *circumstances) { at.date, at.booked = date, booked }))
		}
	}
	return distinct(out)
}

// addDays is "" where there is no such day.
func addDays(day string, n int) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.AddDate(0, 0, n).Format(time.DateOnly)
}

// members hold no card, one or two of those that matter, and have made each choice.
func (s *surveyor) members() []setting {
	cards := s.named(func(c *schemas.Conditions) [][]string { return [][]string{c.Cards} })
	held := [][]string{nil}
	for i, card := range cards {
		held = append(held, []string{card})
		for _, other := range cards[:i] {
			held = append(held, []string{other, card})
		}
	}
	choices := choiceIDs(s.program)
	if len(choices) == 0 {
		choices = []string{""}
	}
	var out []setting
	for _, cards := range held {
		for _, choice := range choices {
			out = append(out, s.setting(
				func(it *item) bool {
					return it.onCards(cards) && (it.given.EarningChoice == "" || it.given.EarningChoice == choice)
				},
				func(at *circumstances) { at.cards, at.choice = cards, choice }))
		}
	}
	return distinct(out)
}

// fare is all that rules go by within a cell.
type fare struct {
	class        byte
	brand, cabin string
}

// visit tries every kind of fare in every cell of one pair of carriers.
func (s *surveyor) visit(cells []cell) {
	covered := make([]coverage, len(cells))
	var named classSet
	for i := range cells {
		k := key(cells[i].fits)
		done, ok := s.visited[k]
		if !ok {
			done = s.try(&cells[i])
			s.visited[k] = done
		}
		covered[i] = done
		if cells[i].at.date >= s.today {
			named |= done.named
		}
	}
	for i := range cells {
		// On a codeshare the tables of two carriers meet, and need not agree.
		if at := &cells[i].at; at.marketing == at.operating && at.date >= s.today && covered[i].known != 0 {
			s.gap(&cells[i], &covered[i], named)
		}
	}
}

// gap notes the classes that are named in other cells and not known in this one.
func (s *surveyor) gap(c *cell, found *coverage, named classSet) {
	for class := byte('A'); class <= 'Z'; class++ {
		it := found.blame[class-'A']
		if it == nil || !named.has(class) || found.known.has(class) {
			continue
		}
		at, ok := s.gaps[it]
		if !ok {
			at = len(s.survey.Gaps)
			s.gaps[it] = at
			s.survey.Gaps = append(s.survey.Gaps, Gap{Item: it.public(), Example: s.describe(&c.at, fare{class: class})})
		}
		if gap := &s.survey.Gaps[at]; !strings.ContainsRune(gap.Classes, rune(class)) {
			gap.Classes += string(rune(class))
		}
	}
}

// try has the engine choose for every kind of fare in a cell.
func (s *surveyor) try(c *cell) coverage {
	var items []*item
	for i, it := range s.items {
		if c.fits.Has(i) {
			s.reached.Add(i)
			items = append(items, it)
		}
	}
	brands, cabins := []string{""}, []string{""}
	if slices.ContainsFunc(items, func(it *item) bool { return it.goesBy(func(r *schemas.RateRow) []string { return r.Brands }) }) {
		brands = append(brands, s.program.FareBrands...)
	}
	if slices.ContainsFunc(items, func(it *item) bool { return it.goesBy(func(r *schemas.RateRow) []string { return r.Cabins }) }) {
		cabins = append(cabins, schemas.Cabins...)
	}
	var out coverage
	var answering *item // the first rule that states an amount in this cell
	for _, alike := range s.classes(items) {
		var unlisted *item
		for _, brand := range brands {
			for _, cabin := range cabins {
				f := fare{class: alike[0], brand: brand, cabin: cabin}
				l, p := s.choose(c, f)
				if l.category.from != nil && l.category.name == "" && !l.category.nothing && l.category.missing == "" {
					unlisted = s.ofMap[l.category.from]
				}
				if p.rule == nil {
					continue
				}
				if answering == nil {
					answering = s.ofRule[p.rule]
				}
				out.known |= newClassSet(string(alike))
				if p.classes != 0 || p.row != nil && p.row.classes != 0 || l.category.name != "" {
					out.named |= newClassSet(string(alike))
				}
			}
		}
		for _, class := range alike {
			out.blame[class-'A'] = unlisted
		}
	}
	for i := range out.blame {
		if out.blame[i] == nil {
			out.blame[i] = answering
		}
	}
	return out
}

// choose asks the engine about one fare in a cell and keeps count of what it
// says. The pick is what states the redeemable amount, if anything does.
func (s *surveyor) choose(c *cell, f fare) (l leg, redeemable pick) {
	at, airports := &c.at, s.airports()
	flight := &segment{Segment: &schemas.Segment{Cabin: f.cabin}, marketing: at.marketing, operating: at.operating,
		class: f.class, brand: strings.ToLower(f.brand), origin: airports[at.from], destination: airports[at.to],
		from: at.from, to: at.to, miles: at.miles, date: at.date}
	asked := &request{ticketing: at.ticketing, booked: at.booked, today: s.today}
	m := &member{tier: &s.program.Tiers[0], cards: at.cards, choice: at.choice}
	if err := s.program.fillLeg(&l, flight, asked, m); err != nil {
		s.tie(err, "", &c.at, f)
		return l, pick{}
	}
	for i, it := range s.items {
		if it.categories == nil || !c.fits.Has(i) {
			continue
		}
		if o, _ := it.test(flight, at.miles, asked, m, it.Validity); o == none {
			it.stated = true
			it.decided(s.ofMap[l.category.from])
		}
	}
	for _, unit := range s.program.units {
		for _, role := range []string{roleEarns, roleMinimum, roleMaximum} {
			best, found, _, err := l.choose(unit, role)
			if err != nil {
				s.tie(err, unit, &c.at, f)
			}
			if found && role == roleEarns && unit == schemas.UnitRedeemable {
				redeemable = best
			}
			s.count(&l, unit, role, best.rule)
		}
		s.count(&l, unit, roleAdds, nil)
	}
	return l, redeemable
}

// count notes which rules of a role state a unit, and that best is the one taken;
// of those that add, all are.
func (s *surveyor) count(l *leg, unit, role string, best *rule) {
	for _, candidate := range l.rules {
		if candidate.role != role {
			continue
		}
		if _, ok, _ := candidate.state(l, unit); !ok {
			continue
		}
		it := s.ofRule[candidate.rule]
		it.stated = true
		if role == roleAdds {
			it.decides = true
		} else if best != nil {
			it.decided(s.ofRule[best])
		}
	}
}

func (it *item) decided(by *item) {
	if it == by {
		it.decides = true
	} else if it.by == nil {
		it.by = by
	}
}

func (s *surveyor) tie(err error, unit string, at *circumstances, f fare) {
	tied, ok := err.(*tieError)
	if !ok {
		return
	}
	pair := [2]*item{s.ofMap[tied.categories[0]], s.ofMap[tied.categories[1]]}
	if tied.rules[0] != nil {
		pair = [2]*item{s.ofRule[tied.rules[0]], s.ofRule[tied.rules[1]]}
	}
	for _, it := range pair {
		it.stated, it.decides = true, true
	}
	if slices.Index(s.items, pair[0]) > slices.Index(s.items, pair[1]) {
		pair[0], pair[1] = pair[1], pair[0]
	}
	i, again := s.tied[pair]
	if !again {
		i = len(s.survey.Ties)
		s.tied[pair] = i
		s.survey.Ties = append(s.survey.Ties, Tie{Items: [2]Item{pair[0].public(), pair[1].public()}, Example: s.describe(at, f)})
	}
	if known := &s.survey.Ties[i].Units; unit != "" && !slices.Contains(*known, unit) {
		*known = append(*known, unit)
	}
}

// goesBy tells whether an item goes by the brand or the cabin, whichever a row's
// field is.
func (it *item) goesBy(field func(*schemas.RateRow) []string) bool {
	own := schemas.RateRow{Brands: it.given.Brands, Cabins: it.given.Cabins}
	if it.categories != nil {
		for _, brands := range it.categories.BrandsByCategory {
			own.Brands = append(own.Brands, brands...)
		}
	}
	if len(field(&own)) > 0 {
		return true
	}
	if it.rule != nil {
		for _, formula := range it.rule.earn {
			for i := range formula.rows {
				if len(field(&formula.rows[i].RateRow)) > 0 {
					return true
				}
			}
		}
	}
	return false
}

// classes groups the booking classes that no item treats differently.
func (s *surveyor) classes(items []*item) [][]byte {
	var out [][]byte
	at := map[string]int{}
	for class := byte('A'); class <= 'Z'; class++ {
		var treated strings.Builder
		for _, it := range items {
			fmt.Fprint(&treated, it.classes.has(class), " ")
			if it.categories != nil {
				treated.WriteString(it.categories.byClass[class-'A'])
				continue
			}
			for _, unit := range s.program.units {
				if formula := it.rule.earn[unit]; formula != nil {
					for i := range formula.rows {
						fmt.Fprint(&treated, formula.rows[i].classes.has(class), " ")
					}
				}
			}
		}
		i, ok := at[treated.String()]
		if !ok {
			i = len(out)
			at[treated.String()] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], class)
	}
	return out
}

// conclude finds the items that no cell, or no fare in one, has brought up.
func (s *surveyor) conclude(days, tickets, routes []setting) {
	for i, it := range s.items {
		unmet := func(dimension []setting) bool {
			return !slices.ContainsFunc(dimension, func(x setting) bool { return x.fits.Has(i) })
		}
		switch {
		case it.stated && !it.decides:
			s.survey.Outranked = append(s.survey.Outranked, Outranked{Item: it.public(), By: it.by.public()})
		case it.stated:
		case unmet(days):
			s.impossible(it, "no day of travel and of purchase fits its dates")
		case unmet(tickets):
			s.impossible(it, "no ticket is of the stock that it asks for")
		case unmet(routes):
			s.impossible(it, "no flight between two known airports is on its route")
		case !s.reached.Has(i):
			s.impossible(it, "its conditions exclude one another")
		default:
			s.impossible(it, "no fare has the classes, categories, brands and cabins that it asks for")
		}
	}
}

func (s *surveyor) impossible(it *item, why string) {
	s.survey.Impossible = append(s.survey.Impossible, Impossible{Item: it.public(), Why: why})
}

// describe writes an example, with as much of its circumstances as matters to
// this program.
func (s *surveyor) describe(at *circumstances, f fare) string {
	carrier := func(code string) string {
		if code == another {
			return "another carrier"
		}
		return code
	}
	airports := s.airports()
	out := carrier(at.marketing)
	if at.operating != at.marketing {
		out += " operated by " + carrier(at.operating)
	}
	out += fmt.Sprintf(" %s-%s in class %c", airports[at.from].Code, airports[at.to].Code, f.class)
	for _, part := range [][2]string{{", ", f.brand}, {", ", f.cabin}, {", on a ticket of ", at.ticketing}, {", with ", strings.Join(at.cards, " and ")},
		{", earning by ", at.choice}, {", on ", at.date}} {
		if part[1] != "" {
			out += part[0] + part[1]
		}
	}
	if slices.ContainsFunc(s.items, func(it *item) bool { return it.given.Booked != nil }) {
		out += ", bought on " + at.booked
	}
	return out
}
