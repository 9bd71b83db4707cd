package awards

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/quagmt/udecimal"

	"loyalty-mcp/internal/geo"
	"loyalty-mcp/internal/nearest"
	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// perProgram is how many options of one program are shown, unless few are searched.
const perProgram = 2

// routesAge is after how many days a route that was known is to be checked.
const routesAge = 365

// Search finds the awards that a question asks for. today is an ISO date. A wrong
// question is a *schemas.CallError.
func (b *Book) Search(q *schemas.AwardQuestion, today string) (*schemas.AwardAnswer, error) {
	s := &search{book: b, q: q, today: today, answer: &schemas.AwardAnswer{Options: []schemas.AwardOption{}, Unanswered: []schemas.Unanswered{}, Warnings: []string{}}}
	if err := s.parse(); err != nil {
		return nil, err
	}
	s.journeys = b.journeys(s.from.airports, s.to.airports, s.stops, s.may)
	if len(s.journeys) == 0 {
		s.fail("noCarrier", fmt.Sprintf("no carrier on file flies from %s to %s %s%s", s.from.name, s.to.name, s.within(), s.narrowed()))
		return s.answer, nil
	}
	s.withCabin()
	if len(s.journeys) == 0 {
		s.fail("noCarrier", fmt.Sprintf("no carrier on file that flies from %s to %s %s%s is known to sell %s on the way", s.from.name, s.to.name, s.within(), s.narrowed(), cabinName(q.Cabin)))
		return s.answer, nil
	}
	var found []*offer
	for _, p := range b.programs {
		if s.wants(p.id) {
			found = append(found, s.offers(p)...)
		}
	}
	s.others()
	found = s.filter(found)
	found = s.fund(found)
	slices.SortStableFunc(found, compareOffers)
	for _, o := range s.choose(found) {
		s.answer.Options = append(s.answer.Options, s.option(o))
	}
	s.conclude(found)
	return s.answer, nil
}

// search is a question on its way to its answer.
type search struct {
	book      *Book
	q         *schemas.AwardQuestion
	today     string
	from, to  place
	stops     int
	limit     int
	travelers int64
	allowed   geo.Set // carriers; nil allows all
	wanted    map[string]bool
	journeys  []*journey
	planner   *planner
	unvalued  string // a program that keeps balances from being valued in dollars
	dropped   map[string]int
	answer    *schemas.AwardAnswer
}

// offer is a journey that a program prices.
type offer struct {
	*ask
	journey *journey
	out     quote
	back    *quote // nil for one way, or where the quote is for both
	trip    string
	// onlyReturn: one way was asked for, and the price is for a round trip.
	onlyReturn bool
	total      int64 // points, for all travellers
	high       int64
	cash       cash
	fees       *int64 // dollars in millionths, for all travellers and the trip
	aim        *aim
	funded     *funded // nil if no balances were given
	cost       int64
	costed     bool
}

// funded is how a number of points comes together.
type funded struct {
	ok       bool
	plan     schemas.TransferPlan
	missing  int64
	reason   string // why not, once it was asked for
	solution solution
	planner  *planner
}

func (s *search) parse() error {
	var err error
	if s.from, err = s.book.places.resolve("origin", s.q.Origin); err != nil {
		return err
	}
	if s.to, err = s.book.places.resolve("destination", s.q.Destination); err != nil {
		return err
	}
	s.apart(&s.to, &s.from)
	s.apart(&s.from, &s.to)
	if len(s.from.airports) == 0 || len(s.to.airports) == 0 {
		return &schemas.CallError{Code: "out_of_range", Field: "destination", Given: s.q.Destination,
			Message: "destination: the origin and the destination are the same place"}
	}
	for _, at := range []place{s.from, s.to} {
		if at.kind == ofCountry {
			var codes []string
			for _, i := range at.airports {
				codes = append(codes, s.book.airports[i].Code)
			}
			s.warn(at.name + " stands for its busiest airports: " + strings.Join(codes, ", "))
		}
	}
	if !slices.Contains(schemas.Cabins, s.q.Cabin) {
		return &schemas.CallError{Code: "not_allowed", Field: "cabin", Given: s.q.Cabin, Allowed: schemas.Cabins, Message: "cabin: must be one of " + strings.Join(schemas.Cabins, ", ")}
	}
	if err := s.dates(); err != nil {
		return err
	}
	s.planner = &planner{Book: s.book, today: s.today, date: s.today, inUSD: true}
	s.travelers, s.limit, s.stops = int64(max(s.q.Travelers, 1)), cmp.Or(s.q.Limit, 8), 1
	for i, id := range s.q.Programs {
		if _, err := s.planner.currency(fmt.Sprintf("programs[%d]", i), id); err != nil {
			return err
		}
		if s.wanted == nil {
			s.wanted = map[string]bool{}
		}
		s.wanted[id] = true
	}
	if p := s.q.Preferences; p != nil {
		if p.MaxStops != nil {
			s.stops = min(max(*p.MaxStops, 0), 2)
		}
		if err := s.carriers(p); err != nil {
			return err
		}
	}
	return s.values()
}

// withCabin leaves out journeys on carriers known not to sell the cabin on their
// longest flight, and says so.
func (s *search) withCabin() {
	var without []string
	s.journeys = slices.DeleteFunc(s.journeys, func(j *journey) bool {
		f := j.longest()
		lacks := s.book.lacks(f, s.q.Cabin)
		if code := s.book.codes[f.carrier]; lacks && !slices.Contains(without, code) {
			without = append(without, code)
		}
		return lacks
	})
	without = slices.DeleteFunc(without, func(code string) bool { // on another way it does
		return slices.ContainsFunc(s.journeys, func(j *journey) bool { return s.book.codes[j.longest().carrier] == code })
	})
	if len(without) > 0 {
		slices.Sort(without)
		s.warn("left out, as they are not known to sell " + cabinName(s.q.Cabin) + " on such flights: " + strings.Join(without, ", "))
	}
}

// apart takes the airports of another place out of a country.
func (s *search) apart(country, other *place) {
	inside := func(i int) bool { return slices.Contains(other.airports, i) }
	if country.kind == ofCountry {
		country.airports = slices.DeleteFunc(slices.Clone(country.airports), inside)
	} else if other.kind != ofCountry && slices.ContainsFunc(country.airports, inside) {
		country.airports = nil
	}
}

func (s *search) dates() error {
	latest := ""
	if day, err := time.Parse(time.DateOnly, s.today); err == nil {
		latest = day.AddDate(2, 0, 0).Format(time.DateOnly)
	}
	earliest, field := s.today, "departureDate"
	for _, date := range []string{s.q.DepartureDate, s.q.ReturnDate} {
		if date != "" {
			if _, err := time.Parse(time.DateOnly, date); err != nil {
				return &schemas.CallError{Code: "malformed", Field: field, Given: date, Message: field + ": must be a day such as 2027-09-14"}
			}
			if date < earliest || date > latest {
				return &schemas.CallError{Code: "out_of_range", Field: field, Given: date,
					Message: fmt.Sprintf("%s: must be from %s to %s: award prices of other days are not known", field, earliest, latest)}
			}
			earliest = date
		}
		field = "returnDate"
	}
	return nil
}

// carriers resolves which carriers the traveller wants to fly.
func (s *search) carriers(p *schemas.AwardPreferences) error {
	if len(p.Alliances)+len(p.Carriers) == 0 {
		return nil
	}
	s.allowed = geo.NewSet(len(s.book.codes))
	for i, id := range p.Alliances {
		alliance := ""
		for known := range s.book.facts.Alliances {
			if name := fold(strings.ReplaceAll(id, " ", "")); len(name) > 2 && strings.HasPrefix(fold(known), name) {
				alliance = known
			}
		}
		if alliance == "" {
			return &schemas.CallError{Code: "unknown_alliance", Field: fmt.Sprintf("preferences.alliances[%d]", i), Given: id, Allowed: []string{"SkyTeam", "StarAlliance", "oneworld"},
				Message: fmt.Sprintf("preferences.alliances[%d]: %q is not an alliance: SkyTeam, StarAlliance, oneworld", i, id)}
		}
		for c, of := range s.book.alliance {
			if of == alliance {
				s.allowed.Add(c)
			}
		}
	}
	for i, code := range p.Carriers {
		c, ok := s.book.carriers[strings.ToUpper(code)]
		if !ok {
			near := nearest.Of(code, s.book.codes, func(code string) []string { return []string{code, s.book.facts.Airlines[code].Name} })
			return &schemas.CallError{Code: "unknown_carrier", Field: fmt.Sprintf("preferences.carriers[%d]", i), Given: code, Allowed: near,
				Message: fmt.Sprintf("preferences.carriers[%d]: no carrier %q is known; use its IATA code", i, code)}
		}
		s.allowed.Add(int(c))
	}
	return nil
}

func (s *search) may(c carrier) bool { return s.allowed == nil || s.allowed.Has(int(c)) }

func (s *search) wants(id string) bool { return s.wanted == nil || s.wanted[id] }

// within says how many stops were allowed.
func (s *search) within() string {
	return [...]string{"without a stop (maxStops allows up to 2)", "with at most one stop (maxStops allows up to 2)", "with at most two stops"}[s.stops]
}

// narrowed says that preferences left carriers out.
func (s *search) narrowed() string {
	if s.allowed == nil {
		return ""
	}
	return " on the carriers wanted"
}

func (s *search) fail(constraint, message string) {
	s.answer.Failed = &schemas.FailedSearch{Constraint: constraint, Message: message}
}

// values sets up what points are worth, and the planner for the balances.
func (s *search) values() error {
	p := s.planner
	if err := p.hold(s.q.Balances); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(s.q.CentsPerPoint)) {
		if _, err := p.currency("centsPerPoint."+id, id); err != nil {
			return err
		}
		if _, err := ownValue(id, s.q.CentsPerPoint[id]); err != nil {
			return err
		}
	}
	for i, id := range p.ids {
		p.values[i] = s.worth(id)
	}
	for i, balance := range p.balances {
		if balance > 0 && p.values[i] == 0 && s.unvalued == "" {
			s.unvalued = p.ids[i]
		}
	}
	if s.unvalued != "" { // dollars for some and not for others cannot be compared
		p.inUSD = false
		for i := range p.values {
			p.values[i] = 1
		}
		s.warn("no valuation of " + s.unvalued + " is on file: every point counts the same, whatever the program, and fees are not part of the cost; give centsPerPoint to have it in dollars")
	}
	return nil
}

// worth is what a point is worth in millionths of a dollar, 0 if nobody says.
func (s *search) worth(id string) int64 {
	if cents, ok := s.q.CentsPerPoint[id]; ok {
		value, _ := ownValue(id, cents) // checked before
		return value
	}
	return s.book.worths[id].micro
}

func (s *search) warn(text string) {
	if !slices.Contains(s.answer.Warnings, text) {
		s.answer.Warnings = append(s.answer.Warnings, text)
	}
}

// offers prices the journeys that a program can book; if it can book some but
// none has a price, it is unanswered.
func (s *search) offers(p *program) []*offer {
	a := s.book.newAsk(p, s.q.Cabin, s.q.DepartureDate, s.today)
	var best []*offer // for the same carriers in the same order the cheapest
	var reasons []string
	direct, bookable := "", false // why the first nonstop flight has no price
	for _, j := range s.journeys {
		if slices.ContainsFunc(j.flights, func(f flight) bool { return !a.books.Has(int(f.carrier)) }) {
			continue
		}
		bookable = true
		o, dynamic, ok := s.offer(a, j)
		if !ok {
			if len(j.flights) == 1 && direct == "" {
				direct = a.why(j, dynamic)
			}
			if len(best) == 0 && len(reasons) < 3 {
				if why := a.why(j, dynamic); !slices.Contains(reasons, why) {
					reasons = append(reasons, why)
				}
			}
			continue
		}
		at := slices.IndexFunc(best, func(known *offer) bool { return known.journey.sameCarriers(j) })
		if at < 0 {
			kept := o // so that only what is kept is allocated
			best = append(best, &kept)
		} else if o.total < best[at].total {
			*best[at] = o
		}
	}
	if len(best) > 0 && len(best[0].journey.flights) > 1 && direct != "" {
		s.unanswered(p.id, "besides the connections, nonstop: "+direct)
	}
	if len(best) == 0 {
		if bookable {
			s.unanswered(p.id, strings.Join(reasons, "; "))
		} else if s.wanted != nil {
			s.unanswered(p.id, "it books none of the carriers known to fly this route"+s.narrowed())
		}
		return nil
	}
	for _, o := range best {
		s.fees(o)
	}
	return best
}

// offer prices a journey for the whole trip and all travellers.
func (s *search) offer(a *ask, j *journey) (o offer, dynamic, ok bool) {
	o = offer{ask: a, journey: j, trip: "oneWay"}
	if o.out, dynamic, ok = a.price(j); !ok {
		return o, dynamic, false
	}
	o.total, o.high = o.out.low, o.out.high
	switch {
	case o.out.roundTrip:
		o.trip, o.onlyReturn = "roundTrip", s.q.ReturnDate == ""
	case s.q.ReturnDate != "":
		// The same way back, on its own day.
		home := *a
		home.date = s.q.ReturnDate
		back, dynamic, ok := home.price(j)
		if !ok {
			return o, dynamic, false
		}
		o.back, o.trip = &back, "roundTrip"
		o.total, o.high = o.total+back.low, o.high+back.high
	}
	o.total, o.high = o.total*s.travelers, o.high*s.travelers
	return o, false, true
}

// fees sets the cost in money, where it is known, for all travellers and the trip.
func (s *search) fees(o *offer) {
	o.cash = o.ask.cash(o.journey)
	c := &o.cash
	if c.roundTrip && o.trip == "oneWay" {
		c.known = false // what half of it comes to, nobody says
	}
	if !c.known {
		return
	}
	times := s.travelers
	if o.trip == "roundTrip" && !c.roundTrip {
		times *= 2
	}
	n := udecimal.MustFromInt64(times, 0)
	c.low, c.high = c.low.Mul(n), c.high.Mul(n)
	if c.booking != nil && c.booking.Currency == c.currency {
		booking := c.booking.Amount.Mul(udecimal.MustFromInt64(s.travelers, 0))
		c.low, c.high, c.withBooking = c.low.Add(booking), c.high.Add(booking), true
	}
	if total, ok := usd(s.book.facts, c.low, c.currency); ok {
		o.fees = &total
	}
}

func (s *search) unanswered(id, reason string) {
	s.answer.Unanswered = append(s.answer.Unanswered, schemas.Unanswered{Program: id, Reason: reason})
}

// others says which programs may book such flights though nothing is on file of
// their awards.
func (s *search) others() {
	for _, id := range s.book.ids {
		facts := s.book.facts.Programs[id]
		if len(facts.AwardPartners) > 0 || !s.wants(id) {
			continue
		}
		if facts.Program.Kind != "airline" {
			if s.wanted != nil {
				s.unanswered(id, "it has no award flights of its own on file; its points are transferred to airline programs")
			}
			continue
		}
		fits := s.wanted != nil || slices.ContainsFunc(s.journeys, func(j *journey) bool {
			return !slices.ContainsFunc(j.flights, func(f flight) bool { return !slices.Contains(facts.Program.Airlines, s.book.codes[f.carrier]) })
		})
		if fits {
			s.unanswered(id, "no award chart of it is on file")
		}
	}
	slices.SortFunc(s.answer.Unanswered, func(x, y schemas.Unanswered) int { return cmp.Compare(x.Program, y.Program) })
}

// filter drops what preferences about money rule out, and counts it.
func (s *search) filter(found []*offer) []*offer {
	s.dropped = map[string]int{}
	p := s.q.Preferences
	if p == nil {
		return found
	}
	return slices.DeleteFunc(found, func(o *offer) bool {
		if p.AvoidSurcharges && o.cash.passesOn {
			s.dropped["surcharges"]++
			return true
		}
		if p.MaxFees != nil && o.fees != nil && *o.fees > micro(p.MaxFees.Decimal)*s.travelers {
			s.dropped["feesAboveCap"]++
			return true
		}
		return false
	})
}

// fund finds how offers are paid, and what they cost the traveller. Those that
// can be paid are tried in the order of the least they can cost; once enough are
// found that cost no more than any other can, the others are left out.
func (s *search) fund(found []*offer) []*offer {
	for _, o := range found {
		value := s.worth(o.id)
		if !s.planner.inUSD {
			value = 1
		}
		o.cost, o.costed = o.total*value, value > 0
		s.addFees(o)
	}
	if len(s.q.Balances) == 0 {
		return found
	}
	aims := map[string]*aim{}
	var payable, rest []*offer
	for _, o := range found {
		if aims[o.id] == nil {
			aims[o.id] = s.aim(o.id)
		}
		o.aim = aims[o.id]
		o.funded = &funded{}
		if float64(o.total) > o.aim.most {
			rest = append(rest, o)
			continue
		}
		o.cost = int64(o.aim.unit * float64(o.total))
		s.addFees(o)
		payable = append(payable, o)
	}
	slices.SortStableFunc(payable, func(x, y *offer) int { return cmp.Compare(x.cost, y.cost) })
	var paid []*offer
	for _, o := range payable {
		if s.enough(paid, o.cost) {
			break
		}
		o.funded = o.aim.pay(o.total)
		if !o.funded.ok {
			value := s.worth(o.id)
			o.cost, o.costed = o.total*value, value > 0
			s.addFees(o)
			rest = append(rest, o)
			continue
		}
		o.cost, o.costed = o.funded.solution.cost, true
		s.addFees(o)
		paid = append(paid, o)
	}
	return append(paid, rest...)
}

// addFees adds what is known of fees to a cost in dollars.
func (s *search) addFees(o *offer) {
	if o.costed && s.planner.inUSD && o.fees != nil {
		o.cost += *o.fees
	}
}

// enough tells whether as many of the offers as are shown cost no more than cost.
func (s *search) enough(paid []*offer, cost int64) bool {
	if len(paid) < s.limit {
		return false
	}
	slices.SortStableFunc(paid, compareOffers)
	shown := s.choose(paid)
	return len(shown) == s.limit && shown[len(shown)-1].cost <= cost && shown[len(shown)-1].incomparable() == 0
}

// aim is the balances turned to one program.
type aim struct {
	planner *planner
	unit    float64 // the least that a point there costs
	most    float64 // no more points can be had
	paid    map[int64]*funded
}

func (s *search) aim(id string) *aim {
	p := *s.planner
	p.answer = &schemas.TransferAnswer{}
	target, _ := slices.BinarySearch(p.ids, id)
	q := s.q.Preferences
	p.ownOnly = q != nil && q.ConsiderTransfers != nil && !*q.ConsiderTransfers
	p.aim(target, 0)
	if !p.inUSD {
		for i := range p.links {
			p.links[i].feePerPoint = 0 // dollars cannot be weighed against points
		}
	}
	a := &aim{planner: &p, unit: math.Inf(1), paid: map[int64]*funded{}}
	bring := func(from int, rate float64) {
		if p.balances[from] > 0 {
			a.unit = min(a.unit, float64(p.values[from])/rate)
			a.most += float64(p.balances[from]) * rate
		}
	}
	bring(target, 1)
	for i := range p.links {
		if l := &p.links[i]; l.to == target {
			bring(l.from, l.rate())
			for j := range p.links {
				if d := &p.links[j]; d.to == l.from {
					bring(d.from, d.rate()*l.rate())
				}
			}
		}
	}
	return a
}

// pay funds so many points.
func (a *aim) pay(points int64) *funded {
	if f := a.paid[points]; f != nil {
		return f
	}
	p := *a.planner
	p.need = points
	f := &funded{planner: &p}
	if f.solution, f.ok = p.solve(); f.ok {
		f.plan = p.plan(&f.solution)
	}
	a.paid[points] = f
	return f
}

// short says by how many points an offer cannot be paid, and why.
func (o *offer) short() (int64, string) {
	f := o.funded
	if f.reason == "" {
		p := *o.aim.planner
		p.need, p.answer = o.total, &schemas.TransferAnswer{}
		p.explain(&schemas.TransferQuestion{Target: o.id, Points: o.total})
		f.missing, f.reason = p.answer.Shortfall, p.answer.Reason
		if p.ownOnly {
			f.reason = fmt.Sprintf("its own balance has %s of the %s points, and transfers were not to be considered", humanize.Comma(p.balances[p.target]), humanize.Comma(o.total))
		}
	}
	return f.missing, f.reason
}

// compareOffers puts what can be paid first, the cheapest before others, then what
// cannot, that before which lacks the fewest points, by and large; of equals the fewer stops and
// the lower surcharges. What costs more than its points say comes after the rest.
func compareOffers(x, y *offer) int {
	return cmp.Or(cmp.Compare(y.payable(), x.payable()), cmp.Compare(x.lacking(), y.lacking()), cmp.Compare(x.incomparable(), y.incomparable()), cmp.Compare(y.valued(), x.valued()), cmp.Compare(x.cost, y.cost),
		cmp.Compare(x.total, y.total), cmp.Compare(len(x.journey.flights), len(y.journey.flights)),
		cmp.Compare(slices.Index(surcharges, x.cash.surcharge), slices.Index(surcharges, y.cash.surcharge)),
		cmp.Compare(x.journey.miles, y.journey.miles), cmp.Compare(x.id, y.id))
}

func (o *offer) payable() int {
	if o.funded == nil || o.funded.ok {
		return 1
	}
	return 0
}

// lacking is about how many points are missing for an offer that cannot be paid.
func (o *offer) lacking() float64 {
	if o.payable() == 1 {
		return 0
	}
	return max(float64(o.total)-o.aim.most, 1)
}

// incomparable tells whether the cost misses something large: surcharges that are
// high, nobody says how high, that only a round trip can be had, or that the cabin
// may not be sold.
func (o *offer) incomparable() int {
	if o.fees == nil && o.cash.passesOn || o.onlyReturn || o.cabinUnknown() {
		return 1
	}
	return 0
}

// cabinUnknown tells whether nothing on file says that some flight has the cabin.
func (o *offer) cabinUnknown() bool {
	return o.cabin == "business" && slices.ContainsFunc(o.journey.flights, func(f flight) bool { return o.book.sold[f.carrier] == nil })
}

func (o *offer) valued() int {
	if o.costed {
		return 1
	}
	return 0
}

// choose takes the options to show.
func (s *search) choose(found []*offer) []*offer {
	most := perProgram
	if len(s.wanted) > 0 && len(s.wanted) <= 3 {
		most = s.limit
	}
	count := map[string]int{}
	var out []*offer
	for i, o := range found {
		if len(out) == s.limit {
			break
		}
		if count[o.id] < most && !pointless(found, i) {
			count[o.id]++
			out = append(out, o)
		}
	}
	return out
}

// pointless tells whether the program asks no more points for fewer stops, or as
// many for another connection that ranks before.
func pointless(found []*offer, i int) bool {
	o := found[i]
	for j, x := range found {
		if x.id != o.id || x.total > o.total {
			continue
		}
		if fewer := len(o.journey.flights) - len(x.journey.flights); fewer > 0 || fewer == 0 && j < i && len(o.journey.flights) > 1 {
			return true
		}
	}
	return false
}

// conclude says why there is nothing, or nothing that can be paid.
func (s *search) conclude(found []*offer) {
	if len(found) == 0 {
		switch {
		case s.dropped["feesAboveCap"] > 0:
			s.fail("feesAboveCap", fmt.Sprintf("all %d awards with known fees cost more than maxFees allows", s.dropped["feesAboveCap"]))
		case s.dropped["surcharges"] > 0:
			s.fail("surcharges", fmt.Sprintf("all %d awards found pass on moderate or high surcharges", s.dropped["surcharges"]))
		case s.wanted != nil:
			s.fail("noPrice", "none of the programs asked for has a price on file for this route in "+cabinName(s.q.Cabin)+"; see unanswered")
		default:
			s.fail("noPrice", "carriers are known to fly this route, but no program on file has a price for it in "+cabinName(s.q.Cabin)+"; see unanswered")
		}
		return
	}
	for _, why := range []string{"feesAboveCap", "surcharges"} {
		if n := s.dropped[why]; n > 0 {
			s.warn(fmt.Sprintf("%d awards were left out by preference (%s)", n, map[string]string{"feesAboveCap": "maxFees", "surcharges": "avoidSurcharges"}[why]))
		}
	}
	if found[0].payable() == 0 {
		nearest, least := found[0], int64(math.MaxInt64)
		for _, o := range s.choose(found) {
			if short, _ := o.short(); short < least {
				nearest, least = o, short
			}
		}
		_, reason := nearest.short()
		s.fail("notEnoughPoints", fmt.Sprintf("the balances suffice for none of the %d awards found; of those shown nearest is %s, %s points short of %s: %s", len(found),
			nearest.Program.Name, humanize.Comma(least), humanize.Comma(nearest.total), reason))
	}
	if s.q.DepartureDate == "" {
		s.warn("departureDate was not given: charts in force on " + s.today + " (today) were used, and seasons are not told apart")
	}
	s.warn("prices only: whether seats can be had was not looked up, unless an option has availability; see that there are seats before you transfer points")
}

// option writes an offer down.
func (s *search) option(o *offer) schemas.AwardOption {
	w := &writer{search: s, offer: o, option: schemas.AwardOption{Program: o.id, ProgramName: o.Program.Name, Cabin: o.cabin, TripType: o.trip,
		Why: []string{}, Caveats: []string{}, Sources: []schemas.CitedSource{}, Carriers: []string{}, Routing: []string{}}}
	w.write()
	return w.option
}

func decimalOf(d udecimal.Decimal) *schemas.Decimal { return &schemas.Decimal{Decimal: d.RoundHAZ(2)} }

func stale(p *schemas.Provenance, today string, days int) bool {
	return kg.OlderThan(p.AsOf, today, days)
}
