package earnings

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quagmt/udecimal"

	"loyalty-mcp/internal/geo"
	"loyalty-mcp/internal/nearest"
	"loyalty-mcp/schemas"
)

// request is a checked question with its codes resolved.
type request struct {
	segments  []segment
	fare      *schemas.Fare
	ticketing string // carrier of the ticket stock
	booked    string // day of purchase, "" if unknown
	today     string
	warnings  []string
	// assumed* are said only by the programs for which they matter.
	assumedTicketing bool
	assumedBooked    bool
}

type segment struct {
	*schemas.Segment
	marketing, operating string
	class                byte
	brand                string // lower case
	origin, destination  *schemas.Airport
	from, to             int    // indices in area sets
	miles                int    // geodesic
	distance             string // the line that says so
	date                 string
}

// member is the traveller's standing in one program.
type member struct {
	tier          *schemas.Tier
	elite         bool // above membership without status
	cards         []string
	choice        string
	assumedChoice bool
}

// parse checks the question and resolves its codes. Errors are *schemas.CallError.
func (b *Book) parse(q *schemas.EarningsQuestion, today string) (*request, error) {
	r := &request{segments: make([]segment, len(q.Segments)), fare: q.Fare, today: today}
	if len(q.Segments) == 0 {
		return nil, &schemas.CallError{Code: "wrong_count", Field: "segments", Message: "segments is empty: give at least one flight"}
	}
	assumedDate := false
	for i := range q.Segments {
		if err := b.parseSegment(r, i, &q.Segments[i], &assumedDate); err != nil {
			return nil, err
		}
	}
	for i := 1; i < len(r.segments); i++ {
		if r.segments[i].date < r.segments[i-1].date {
			field := fmt.Sprintf("segments[%d].departureDate", i)
			return nil, &schemas.CallError{Code: "out_of_range", Field: field, Given: r.segments[i].date,
				Message: field + " is before the flight that precedes it: give the flights in order of travel, each with its date"}
		}
	}
	if assumedDate {
		r.warnings = append(r.warnings, "departureDate was not given: the rules in force on "+today+" (today) were used")
	}
	r.ticketing, r.assumedTicketing = r.segments[0].marketing, true
	if q.Fare == nil {
		r.assumeBooked()
		return r, nil
	}
	fare := *q.Fare
	r.fare = &fare
	fare.Currency = strings.ToUpper(fare.Currency)
	if b.facts.ExchangeRates[fare.Currency] == nil {
		return nil, unknown("unknown_currency", "fare.currency", fare.Currency, "currency",
			nearest.Of(fare.Currency, sortedKeys(b.facts.ExchangeRates), nil))
	}
	if err := b.parseRates(&fare); err != nil {
		return nil, err
	}
	if fare.TicketingCarrier != "" {
		code, err := b.carrier("fare.ticketingCarrier", fare.TicketingCarrier)
		if err != nil {
			return nil, err
		}
		r.ticketing, r.assumedTicketing = code, false
	}
	r.booked = fare.BookedOn
	if r.booked == "" {
		r.assumeBooked()
	} else if first := r.segments[0].date; r.booked > first {
		return nil, &schemas.CallError{Code: "out_of_range", Field: "fare.bookedOn", Given: r.booked,
			Message: fmt.Sprintf("fare.bookedOn %s is after the first departure %s: check the two dates", r.booked, first)}
	}
	return r, nil
}

// assumeBooked takes a ticket for future travel as bought today. When travel is
// past the day of purchase stays unknown, and rules that go by it need it.
func (r *request) assumeBooked() {
	if r.segments[0].date >= r.today {
		r.booked, r.assumedBooked = r.today, true
	}
}

func (b *Book) parseSegment(r *request, i int, q *schemas.Segment, assumedDate *bool) error {
	field := func(name string) string { return fmt.Sprintf("segments[%d].%s", i, name) }
	s := segment{Segment: q, brand: strings.ToLower(strings.TrimSpace(q.FareBrand)), date: q.DepartureDate}
	var err error
	if s.marketing, err = b.carrier(field("marketingCarrier"), q.MarketingCarrier); err != nil {
		return err
	}
	s.operating = s.marketing
	if q.OperatingCarrier != "" {
		if s.operating, err = b.carrier(field("operatingCarrier"), q.OperatingCarrier); err != nil {
			return err
		}
	}
	if s.origin, s.from, err = b.airport(field("origin"), q.Origin); err != nil {
		return err
	}
	if s.destination, s.to, err = b.airport(field("destination"), q.Destination); err != nil {
		return err
	}
	if s.from == s.to {
		return &schemas.CallError{Code: "same_airport", Field: field("destination"), Given: q.Destination,
			Message: fmt.Sprintf("%s is the origin as well: a flight needs two airports", field("destination"))}
	}
	class := strings.ToUpper(q.BookingClass)
	if len(class) != 1 || class[0] < 'A' || class[0] > 'Z' {
		return &schemas.CallError{Code: "malformed", Field: field("bookingClass"), Given: q.BookingClass,
			Message: fmt.Sprintf("%s must be one letter A to Z; given: %q", field("bookingClass"), q.BookingClass)}
	}
	s.class = class[0]
	if s.date == "" {
		s.date, *assumedDate = r.today, true
	}
	if latest := latestTravel(r.today); s.date < earliestTravel || s.date > latest {
		return &schemas.CallError{Code: "out_of_range", Field: field("departureDate"), Given: s.date,
			Message: fmt.Sprintf("%s must be from %s to %s: no rules are known for other days", field("departureDate"), earliestTravel, latest)}
	}
	s.miles = geo.Miles(s.origin, s.destination)
	s.distance = new(line).text("distance ", s.origin.Code, "-", s.destination.Code, ": ").whole(int64(s.miles)).text(" miles (WGS84 geodesic)").String()
	r.segments[i] = s
	return nil
}

// earliestTravel is before the oldest rule; no ticket is sold for later than latestTravel.
const earliestTravel = "1990-01-01"

func latestTravel(today string) string {
	now, err := time.Parse(time.DateOnly, today)
	if err != nil {
		return "9999-12-31"
	}
	return now.AddDate(3, 0, 0).Format(time.DateOnly)
}

// parseRates checks the caller's exchange rates. Their bounds keep every amount
// within what is computed with.
func (b *Book) parseRates(fare *schemas.Fare) error {
	least, most := udecimal.MustParse("0.000001"), udecimal.MustParse("1000000")
	rates := make(map[string]schemas.Decimal, len(fare.ExchangeRates))
	for given, rate := range fare.ExchangeRates {
		field, code := "fare.exchangeRates."+given, strings.ToUpper(given)
		switch {
		case b.facts.ExchangeRates[code] == nil:
			return unknown("unknown_currency", field, given, "currency", nearest.Of(code, sortedKeys(b.facts.ExchangeRates), nil))
		case code == fare.Currency:
			return &schemas.CallError{Code: "not_allowed", Field: field, Given: rate.String(),
				Message: field + " is the fare's own currency: give rates of other currencies"}
		case rate.LessThan(least) || rate.GreaterThan(most):
			return &schemas.CallError{Code: "out_of_range", Field: field, Given: rate.String(),
				Message: fmt.Sprintf("%s must be from %s to %s units for one %s", field, least, most, fare.Currency)}
		}
		rates[code] = rate
	}
	fare.ExchangeRates = rates
	return nil
}

func (b *Book) carrier(field, given string) (string, error) {
	code := strings.ToUpper(strings.TrimSpace(given))
	if b.facts.Airlines[code] != nil {
		return code, nil
	}
	return "", unknown("unknown_carrier", field, given, "airline", b.nearestAirlines(given))
}

func (b *Book) airport(field, given string) (*schemas.Airport, int, error) {
	code := strings.ToUpper(strings.TrimSpace(given))
	if a := b.facts.Airports[code]; a != nil {
		return a, b.airports[code], nil
	}
	if city := b.facts.Cities[code]; city != nil {
		return nil, 0, &schemas.CallError{Code: "unknown_airport", Field: field, Given: given, Allowed: city.Airports,
			Message: fmt.Sprintf("%s: %s is the city %s, not an airport: use one of %s", field, code, city.Name, strings.Join(city.Airports, ", "))}
	}
	return nil, 0, unknown("unknown_airport", field, given, "airport", b.nearestAirports(given))
}

func (b *Book) member(q *schemas.EarningsQuestion, p *program) (*member, error) {
	m := &member{tier: &p.Tiers[0], choice: p.choice, assumedChoice: p.choice != ""}
	for i := range q.Memberships {
		given := &q.Memberships[i]
		if given.Program != p.ID {
			continue
		}
		if given.Tier != "" {
			at, err := p.tier(fmt.Sprintf("memberships[%d].tier", i), given.Tier)
			if err != nil {
				return nil, err
			}
			m.tier, m.elite = &p.Tiers[at], at > 0
		}
		for j, id := range given.Cards {
			if !slices.ContainsFunc(p.Cards, func(c schemas.Card) bool { return c.ID == id }) {
				ids := make([]string, len(p.Cards))
				for k, c := range p.Cards {
					ids[k] = c.ID
				}
				return nil, unknown("unknown_card", fmt.Sprintf("memberships[%d].cards[%d]", i, j), id, p.Name+" card that changes what flights earn", ids)
			}
		}
		m.cards = given.Cards
		if given.EarningChoice != "" {
			if !slices.ContainsFunc(p.EarningChoices, func(c schemas.EarningChoice) bool { return c.ID == given.EarningChoice }) {
				return nil, unknown("unknown_earning_choice", fmt.Sprintf("memberships[%d].earningChoice", i), given.EarningChoice,
					p.Name+" way of earning", choiceIDs(p))
			}
			m.choice, m.assumedChoice = given.EarningChoice, false
		}
	}
	return m, nil
}

// tier finds a tier by its name.
func (p *program) tier(field, given string) (int, error) {
	at := slices.IndexFunc(p.Tiers, func(t schemas.Tier) bool { return strings.EqualFold(t.Name, strings.TrimSpace(given)) })
	if at < 0 {
		names := make([]string, len(p.Tiers))
		for i, t := range p.Tiers {
			names[i] = t.Name
		}
		return 0, unknown("unknown_tier", field, given, p.Name+" tier", names)
	}
	return at, nil
}

func choiceIDs(p *program) []string {
	ids := make([]string, len(p.EarningChoices))
	for i, c := range p.EarningChoices {
		ids[i] = c.ID
	}
	return ids
}

// checkPrograms checks that programs are known, and memberships not given twice.
func (b *Book) checkPrograms(programs []string, memberships []schemas.Membership) error {
	for i, m := range memberships {
		if b.programs[m.Program] == nil {
			return unknown("unknown_program", fmt.Sprintf("memberships[%d].program", i), m.Program, "program", b.nearestPrograms(m.Program))
		}
		for j := range i {
			if memberships[j].Program == m.Program {
				return &schemas.CallError{Code: "duplicate", Field: fmt.Sprintf("memberships[%d].program", i), Given: m.Program,
					Message: fmt.Sprintf("memberships[%d].program: memberships[%d] is for %s already: give each program once", i, j, m.Program)}
			}
		}
	}
	for _, m := range memberships {
		if _, err := b.member(&schemas.EarningsQuestion{Memberships: memberships}, b.programs[m.Program]); err != nil {
			return err
		}
	}
	for i, id := range programs {
		if b.programs[id] == nil {
			return unknown("unknown_program", fmt.Sprintf("programs[%d]", i), id, "program", b.nearestPrograms(id))
		}
	}
	return nil
}

// asked returns the ids of the programs to compute, sorted.
func (b *Book) asked(q *schemas.EarningsQuestion, r *request) ([]string, error) {
	if err := b.checkPrograms(q.Programs, q.Memberships); err != nil {
		return nil, err
	}
	ids := slices.Clone(q.Programs)
	if len(q.Programs) == 0 {
		for i := range r.segments {
			ids = append(ids, b.byCarrier[r.segments[i].marketing]...)
			if r.segments[i].operating != r.segments[i].marketing {
				ids = append(ids, b.byCarrier[r.segments[i].operating]...)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// spend is the part of the fare that programs earn on, in the fare's currency.
func (r *request) spend() udecimal.Decimal {
	spend := r.fare.Base.Decimal
	if r.fare.CarrierSurcharges != nil {
		spend = spend.Add(r.fare.CarrierSurcharges.Decimal)
	}
	return spend
}

// exchange returns units of currency for one unit of the fare's, and the dated
// rates that it rests on, if any.
func (b *Book) exchange(r *request, currency string) (factor udecimal.Decimal, used []*schemas.ExchangeRate, err error) {
	if currency == r.fare.Currency {
		return udecimal.One, nil, nil
	}
	if own, ok := r.fare.ExchangeRates[currency]; ok {
		return own.Decimal, nil, nil
	}
	from, to := b.facts.ExchangeRates[r.fare.Currency], b.facts.ExchangeRates[currency]
	if to == nil {
		return udecimal.Zero, nil, fmt.Errorf("no exchange rate for %s is known", currency)
	}
	factor, err = to.PerUSD.Div(from.PerUSD.Decimal)
	return factor, []*schemas.ExchangeRate{from, to}, err
}
