package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"loyalty-mcp/internal/earnings"
	"loyalty-mcp/internal/geo"
	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

const heading = `# What the bundled facts can answer

Written by ` + "`make docs`" + `, not by hand. Everything is asked as of %s, the date of the newest source.

Every program is asked, for each carrier that its rules name, what the %d booking classes A to Z earn on three typical flights of
that carrier: within its country, to the nearest city abroad, and over %d miles or more, on its own ticket, for a member
without status, bought and flown on that day, with no fare brand or cabin given.

- **Classes** is how many have a known answer (amounts or a known nothing) on the flight with the most. No airline sells all of A to Z.
- **Newest** is the newest date of the rules in force that day that state what can be redeemed; **confidence** the lowest of all rules, if one is lowered.
- **Missing** lists the classes without an answer, what some of them need to be known, flights on which fewer are known, and the
  status metrics that are not known in some class whose answer is.

%d programs, %d pairs of program and carrier, %d earning rules.
`

const longHaul = 3000 // miles

// write asks about every program and carrier.
func write(w io.Writer, facts *kg.Facts) error {
	book, err := earnings.NewBook(facts)
	if err != nil {
		return err
	}
	s := &surveyor{facts: facts, book: book}
	for _, source := range facts.Sources {
		s.today = max(s.today, source.AsOf)
	}
	var body strings.Builder
	programs, pairs, rules := 0, 0, 0
	for _, id := range slices.Sorted(maps.Keys(facts.Programs)) {
		p := facts.Programs[id]
		if len(p.EarningRules) == 0 {
			continue // a currency to transfer from or to
		}
		programs++
		rules += len(p.EarningRules)
		fmt.Fprintf(&body, "\n## %s (`%s`)\n\n%s\n", p.Program.Name, id, summary(p))
		carriers := s.carriers(p)
		pairs += len(carriers)
		if len(carriers) == 0 {
			body.WriteString("\nNo rule is in force on that day.\n")
			continue
		}
		body.WriteString("\n| Carrier | Classes | Newest | Confidence | Missing |\n| --- | ---: | --- | --- | --- |\n")
		for _, code := range slices.Sorted(maps.Keys(carriers)) {
			row, err := s.row(p.Program, code, carriers[code])
			if err != nil {
				return err
			}
			body.WriteString(row)
		}
	}
	fmt.Fprintf(w, heading, s.today, classes, longHaul, programs, pairs, rules)
	if _, err = io.WriteString(w, body.String()); err != nil {
		return err
	}
	writeAwards(w, facts, s.today)
	return nil
}

// summary is a program's line: units, tiers, rules, dates.
func summary(p *kg.ProgramFacts) string {
	units, tiers := []string{p.Program.Unit}, []string{}
	for _, m := range p.Program.Metrics {
		units = append(units, m.Code)
	}
	for _, t := range p.Program.Tiers {
		tiers = append(tiers, t.Name)
	}
	dates := []string{p.Program.AsOf}
	for _, r := range p.EarningRules {
		dates = append(dates, r.AsOf)
	}
	return fmt.Sprintf("Units: %s. Tiers: %s. Rules: %d, dated %s to %s.", strings.Join(units, ", "), strings.Join(tiers, ", "),
		len(p.EarningRules), slices.Min(dates), slices.Max(dates))
}

type surveyor struct {
	facts *kg.Facts
	book  *earnings.Book
	today string
}

// carriers lists the rules in force for each carrier whose flights they are for.
func (s *surveyor) carriers(p *kg.ProgramFacts) map[string][]*schemas.EarningRule {
	out := map[string][]*schemas.EarningRule{}
	for _, r := range p.EarningRules {
		if r.EffectiveDate > s.today || r.ExpirationDate != "" && r.ExpirationDate < s.today {
			continue
		}
		carriers := r.Marketing
		if len(carriers) == 0 {
			carriers = r.Operating
		}
		for _, code := range carriers {
			out[code] = append(out[code], r)
		}
	}
	return out
}

const classes = 26

// classSet is a set of booking classes; bit 0 is A.
type classSet uint32

const all classSet = 1<<classes - 1

func (s classSet) String() string {
	var out strings.Builder
	for i := range classes {
		if s&(1<<i) != 0 {
			out.WriteByte('A' + byte(i))
		}
	}
	return out.String()
}

func (s classSet) len() int { return len(s.String()) }

// flight is a typical one of a carrier.
type flight struct {
	what, from, to string
	known          classSet        // classes with an answer
	needing        []string        // inputs, and the classes that have an answer given them
	without        classSet        // classes that have none in any way
	unknown        map[string]bool // metrics, in some class that is known
}

func (s *surveyor) row(p *schemas.Program, carrier string, rules []*schemas.EarningRule) (string, error) {
	flights := s.flights(carrier)
	best := 0
	for i := range flights {
		if err := s.ask(p, carrier, &flights[i]); err != nil {
			return "", err
		}
		// A flight of which more could be known comes before one of which nothing is.
		if a, b := &flights[i], &flights[best]; cmp.Or(cmp.Compare(a.known.len(), b.known.len()), cmp.Compare(b.without.len(), a.without.len())) > 0 {
			best = i
		}
	}
	missing := missing(p, flights, best)
	units := map[string]bool{}
	newest, confidence := "", ""
	for _, r := range rules {
		for unit := range r.Earn {
			units[unit] = true
		}
		if _, states := r.Earn[schemas.UnitRedeemable]; states {
			newest = max(newest, r.AsOf)
		}
		if r.Confidence == "low" || r.Confidence == "medium" && confidence == "" {
			confidence = r.Confidence
		}
	}
	if !units[schemas.UnitRedeemable] {
		missing = fmt.Sprintf("%s; only %s known", p.Unit, strings.Join(slices.Sorted(maps.Keys(units)), ", "))
	}
	return fmt.Sprintf("| %s %s | %d | %s | %s | %s |\n", carrier, s.facts.Airlines[carrier].Name, flights[best].known.len(), newest, confidence, missing), nil
}

// ask fills in which classes have an answer on a flight.
func (s *surveyor) ask(p *schemas.Program, carrier string, f *flight) error {
	f.unknown = map[string]bool{}
	for i := range classes {
		option, err := s.answer(p, s.question(p, carrier, f, i))
		if err != nil {
			return err
		}
		if option == nil {
			continue
		}
		f.known |= 1 << i
		for _, m := range p.Metrics {
			if !slices.ContainsFunc(option.EliteMetrics, func(a schemas.MetricAmount) bool { return a.Metric == m.Code }) {
				f.unknown[m.Code] = true
			}
		}
	}
	return s.need(p, carrier, f)
}

func (s *surveyor) question(p *schemas.Program, carrier string, f *flight, class int) *schemas.EarningsQuestion {
	return &schemas.EarningsQuestion{
		Programs: []string{p.ID},
		Segments: []schemas.Segment{{MarketingCarrier: carrier, Origin: f.from, Destination: f.to,
			BookingClass: string(rune('A' + class)), DepartureDate: s.today}},
		Fare: &schemas.Fare{Base: schemas.MustDecimal("1000"), Currency: "USD", BookedOn: s.today},
	}
}

// answer is nil if the program has none.
func (s *surveyor) answer(p *schemas.Program, q *schemas.EarningsQuestion) (*schemas.EarningOption, error) {
	answer, err := s.book.Calculate(q, s.today)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.ID, err)
	}
	if len(answer.Options) == 0 {
		return nil, nil
	}
	return &answer.Options[0], nil
}

// need is an input that a question can leave out, and ways to give it.
type need struct {
	what string
	give []func(*schemas.EarningsQuestion)
}

func needs(p *schemas.Program, carrier string) []need {
	brand, cabin, both := need{what: "a fare brand"}, need{what: "a cabin"}, need{what: "a fare brand and a cabin"}
	choice, stock := need{what: "an earning choice"}, need{what: "a ticket of the program's airline"}
	for _, name := range p.FareBrands {
		brand.give = append(brand.give, func(q *schemas.EarningsQuestion) { q.Segments[0].FareBrand = name })
	}
	for _, name := range schemas.Cabins {
		cabin.give = append(cabin.give, func(q *schemas.EarningsQuestion) { q.Segments[0].Cabin = name })
		for _, brand := range p.FareBrands {
			both.give = append(both.give, func(q *schemas.EarningsQuestion) { q.Segments[0].Cabin, q.Segments[0].FareBrand = name, brand })
		}
	}
	for _, c := range p.EarningChoices {
		choice.give = append(choice.give, func(q *schemas.EarningsQuestion) {
			q.Memberships = []schemas.Membership{{Program: p.ID, EarningChoice: c.ID}}
		})
	}
	if len(p.Airlines) > 1 {
		stock.what += "s"
	}
	for _, code := range p.Airlines {
		if code != carrier {
			stock.give = append(stock.give, func(q *schemas.EarningsQuestion) { q.Fare.TicketingCarrier = code })
		}
	}
	return []need{brand, cabin, both, choice, stock}
}

// need fills in which inputs would give an answer to the classes without one.
func (s *surveyor) need(p *schemas.Program, carrier string, f *flight) error {
	f.without = all &^ f.known
	for _, n := range needs(p, carrier) {
		var met classSet
		for i := range classes {
			for _, give := range n.give {
				if f.without&(1<<i) == 0 || met&(1<<i) != 0 {
					continue
				}
				q := s.question(p, carrier, f, i)
				give(q)
				option, err := s.answer(p, q)
				if err != nil {
					return err
				}
				if option != nil {
					met |= 1 << i
				}
			}
		}
		switch met {
		case 0:
		case all:
			f.needing = append(f.needing, "all need "+n.what)
		default:
			f.needing = append(f.needing, fmt.Sprintf("%s need %s", met, n.what))
		}
		f.without &^= met
	}
	return nil
}

// missing says what is not known of a carrier.
func missing(p *schemas.Program, flights []flight, best int) string {
	f := &flights[best]
	parts := slices.Clone(f.needing)
	switch f.without {
	case 0:
	case all:
		parts = append(parts, "all classes")
	default:
		parts = append(parts, "classes "+f.without.String())
	}
	for _, other := range flights {
		if fewer := f.known &^ other.known; fewer == f.known && fewer != 0 {
			parts = append(parts, other.what)
		} else if fewer != 0 {
			parts = append(parts, fmt.Sprintf("%s in %s", other.what, fewer))
		}
	}
	for _, m := range p.Metrics {
		if f.unknown[m.Code] {
			parts = append(parts, m.Code)
		}
	}
	return strings.Join(parts, "; ")
}

// hubs are where long flights are taken to end.
var hubs = []string{"LHR", "JFK", "SIN", "SYD"}

// flights are typical ones of a carrier, from the largest city of its country.
func (s *surveyor) flights(carrier string) []flight {
	country := s.facts.Airlines[carrier].Country
	var home, inland, abroad *schemas.Airport
	cities := slices.SortedFunc(maps.Values(s.facts.Cities), func(a, b *schemas.City) int {
		return cmp.Or(cmp.Compare(len(b.Airports), len(a.Airports)), cmp.Compare(a.Code, b.Code))
	})
	for _, city := range cities {
		if city.Country != country {
			continue
		}
		if home == nil {
			home = s.facts.Airports[city.Airports[0]]
		} else if inland == nil {
			inland = s.facts.Airports[city.Airports[0]]
		}
	}
	if home == nil {
		home = s.facts.Airports[hubs[0]]
	}
	var out []flight
	if inland != nil {
		out = append(out, flight{what: "domestic flights", from: home.Code, to: inland.Code})
	}
	for _, city := range cities {
		there := s.facts.Airports[city.Airports[0]]
		if there.Country != home.Country && (abroad == nil || geo.Miles(home, there) < geo.Miles(home, abroad)) {
			abroad = there
		}
	}
	out = append(out, flight{what: "short international flights", from: home.Code, to: abroad.Code})
	for _, code := range hubs {
		if there := s.facts.Airports[code]; there.Country != home.Country && geo.Miles(home, there) >= longHaul {
			return append(out, flight{what: "long flights", from: home.Code, to: code})
		}
	}
	return out
}
