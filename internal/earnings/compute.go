package earnings

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sort"
	"strings"

	"github.com/quagmt/udecimal"

	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// Calculate answers what the flights earn in each program asked for. today is
// an ISO date. A wrong question is a *schemas.CallError; rules that contradict
// each other leave their program unanswered.
func (b *Book) Calculate(q *schemas.EarningsQuestion, today string) (*schemas.EarningsAnswer, error) {
	r, err := b.parse(q, today)
	if err != nil {
		return nil, err
	}
	ids, err := b.asked(q, r)
	if err != nil {
		return nil, err
	}
	out := &schemas.EarningsAnswer{Options: make([]schemas.EarningOption, 0, len(ids)), Unanswered: []schemas.Unanswered{}, Warnings: r.warnings}
	scratch := &line{b: make([]byte, 0, 256)}
	for _, id := range ids {
		p := b.programs[id]
		m, err := b.member(q, p)
		if err != nil {
			return nil, err
		}
		c := &calculation{book: b, program: p, request: r, member: m, line: scratch}
		option, reason := c.run()
		if reason != "" {
			if known := knownMetrics(option); known != "" {
				reason += "; known: " + known
			}
			out.Unanswered = append(out.Unanswered, schemas.Unanswered{Program: id, Reason: reason})
			continue
		}
		out.Options = append(out.Options, *option)
	}
	sort.SliceStable(out.Options, func(i, j int) bool {
		return out.Options[i].Redeemable.Amount > out.Options[j].Redeemable.Amount
	})
	if len(ids) == 0 {
		out.Warnings = append(out.Warnings, "no program here is known to credit flights of "+join(r.carriers(), "or"))
	}
	if out.Warnings == nil {
		out.Warnings = []string{}
	}
	return out, nil
}

func (r *request) carriers() []string {
	var out []string
	for i := range r.segments {
		if !slices.Contains(out, r.segments[i].marketing) {
			out = append(out, r.segments[i].marketing)
		}
	}
	return out
}

// calculation is one program's part of an answer.
type calculation struct {
	book    *Book
	program *program
	request *request
	member  *member

	legs     []leg
	total    int // miles of all legs
	option   schemas.EarningOption
	used     []*rule // cited so far
	fareUsed bool    // the fare entered the arithmetic
	picks    []pick  // of the unit at hand, by leg
	groups   []int   // of the unit at hand: the first leg of each leg's group
	line     *line
}

// amount is what one leg earns of one unit.
type amount struct {
	value int64
	base  int64 // without elite and cabin bonus
}

// unknownAmount says why a unit is not known for a leg.
type unknownAmount struct{ reason string }

func (e *unknownAmount) Error() string { return e.reason }

func unknownf(format string, args ...any) error { return &unknownAmount{fmt.Sprintf(format, args...)} }

// run computes the program's option. A reason says why the redeemable amount is
// not known; the option, if there is one, then has the metrics that are.
func (c *calculation) run() (*schemas.EarningOption, string) {
	p, segments := c.program, c.request.segments
	c.legs = make([]leg, len(segments))
	for i := range segments {
		if err := p.fillLeg(&c.legs[i], &segments[i], c.request, c.member); err != nil {
			return nil, faulty(err)
		}
		c.total += c.legs[i].miles
	}
	// Most programs have nothing on most carriers: that is said without more work.
	for i := range c.legs {
		if l := &c.legs[i]; len(l.rules) == 0 {
			return nil, c.unknownUnit(c.explain(l, ""))
		}
	}
	if from, to, connects := c.connection(); connects {
		return nil, c.unknownUnit(unknownf("it credits connecting flights by the ends of the journey: ask for %s-%s as one flight", from, to))
	}
	c.picks, c.groups = make([]pick, len(segments)), make([]int, len(segments))
	c.option = schemas.EarningOption{Program: p.ID, ProgramName: p.Name, EliteMetrics: make([]schemas.MetricAmount, 0, len(p.units)-1),
		Segments: make([]schemas.SegmentEarning, len(segments)), Sources: []schemas.CitedSource{}, Warnings: []string{}}
	for i := range c.legs {
		l := &c.legs[i]
		c.option.Segments[i] = schemas.SegmentEarning{Origin: l.origin.Code, Destination: l.destination.Code,
			DistanceMiles: l.miles, EliteMetrics: make([]schemas.MetricAmount, 0, len(p.units)-1), Notes: make([]string, 0, len(p.units)+1)}
		c.noteDistance(i)
	}
	c.option.Redeemable.Unit = p.Unit
	reason := ""
	award, err := c.unit(schemas.UnitRedeemable, nil)
	if err != nil {
		reason = c.unknownUnit(err)
	}
	for i, a := range award {
		c.option.Segments[i].Redeemable = a.value
		c.option.Redeemable.Amount += a.value
	}
	for _, metric := range p.units[1:] {
		c.metric(metric, award)
	}
	c.warn()
	return &c.option, reason
}

// connection finds flights that connect, in a program that credits journeys. Out
// and back is two journeys.
func (c *calculation) connection() (from, to string, connects bool) {
	if !c.program.ByJourney {
		return "", "", false
	}
	for i := 1; i < len(c.legs); i++ {
		before, after := &c.legs[i-1], &c.legs[i]
		if before.destination == after.origin && after.destination != before.origin {
			return before.origin.Code, after.destination.Code, true
		}
	}
	return "", "", false
}

// metric adds a metric to the option, or says why it is not known.
func (c *calculation) metric(metric string, award []amount) {
	amounts, err := c.unit(metric, award)
	if err != nil {
		c.option.Warnings = append(c.option.Warnings, metric+" is not known: "+reasonOf(err))
		return
	}
	var sum int64
	for i, a := range amounts {
		c.option.Segments[i].EliteMetrics = append(c.option.Segments[i].EliteMetrics, schemas.MetricAmount{Metric: metric, Amount: a.value})
		sum += a.value
	}
	c.option.EliteMetrics = append(c.option.EliteMetrics, schemas.MetricAmount{Metric: metric, Amount: sum})
}

// knownMetrics lists the metrics of an option without a redeemable amount.
func knownMetrics(o *schemas.EarningOption) string {
	if o == nil {
		return ""
	}
	var l line
	for i, m := range o.EliteMetrics {
		if i > 0 {
			l.text(", ")
		}
		l.whole(m.Amount).text(" ", m.Metric)
	}
	return l.String()
}

// unknownUnit says that the redeemable amount is not known, and why.
func (c *calculation) unknownUnit(err error) string {
	return c.program.Unit + " not known: " + reasonOf(err)
}

func reasonOf(err error) string {
	if u, ok := err.(*unknownAmount); ok {
		return u.reason
	}
	return faulty(err)
}

// faulty is the reason when the data contradicts itself.
func faulty(err error) string {
	return "the rules on file contradict each other (" + err.Error() + "), so no amount is given"
}

func (c *calculation) noteDistance(i int) {
	l := &c.legs[i]
	if l.own == nil {
		c.note(i, l.distance)
		return
	}
	c.note(i, c.line.reset().text("distance ", l.origin.Code, "-", l.destination.Code, ": ").whole(int64(l.miles)).
		text(" miles, the program's own figure").String())
	c.cite(l.own.Sources)
}

func (c *calculation) note(i int, text string) {
	c.option.Segments[i].Notes = append(c.option.Segments[i].Notes, text)
}

func (c *calculation) label(unit string) string {
	if unit == schemas.UnitRedeemable {
		return c.program.Unit
	}
	return unit
}

// unit computes one unit for every leg. award is the redeemable amount, nil
// while that is not known. An *unknownAmount says what is missing.
func (c *calculation) unit(unit string, award []amount) ([]amount, error) {
	picks := c.picks
	for i := range c.legs {
		l := &c.legs[i]
		p, found, missing, err := l.choose(unit, roleEarns)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, c.explain(l, missing)
		}
		picks[i], c.groups[i] = p, i
		// A fare that is rounded as a whole makes one group of the flights that
		// earn on it by the same row.
		if f := p.formula; !p.nothing && f.Basis == "fare" && (f.FareRounding == nil || f.FareRounding.Of == "ticket") {
			for j := range i {
				if picks[j].formula == f && picks[j].row == p.row {
					c.groups[i] = j
					break
				}
			}
		}
	}
	out := make([]amount, len(c.legs))
	for i, first := range c.groups {
		if first == i {
			if err := c.earn(unit, picks[i], i, award, out); err != nil {
				return nil, err
			}
		}
	}
	for i := range c.legs {
		if unit == schemas.UnitRedeemable {
			c.option.Segments[i].RuleID = picks[i].ID
		}
		c.use(picks[i].rule)
		if picks[i].nothing {
			continue
		}
		if err := c.adjust(unit, i, award, out); err != nil {
			return nil, err
		}
	}
	return out, c.boundTicket(unit, picks, out)
}

// value is a formula's result, part by part.
type value struct {
	basis, rate        udecimal.Decimal
	core, elite, cabin int64
	bonus              udecimal.Decimal // the tier's share, zero if none applies
}

func (v value) total() int64 { return v.core + v.elite + v.cabin }

// evaluate applies a formula to a basis. miles is what cabin and distance bonuses are of.
func (c *calculation) evaluate(p pick, basis udecimal.Decimal, miles int) (value, error) {
	v := value{basis: basis}
	switch {
	case p.row.Unknown:
		return v, unknownf("no source states the rate of %s for this fare", p.Title)
	case p.row.Rate != nil:
		v.rate = p.row.Rate.Decimal
	default:
		rate, ok := p.row.ByTier[c.member.tier.Name]
		if !ok {
			return v, unknownf("no source states the rate of %s for the tier %s", p.Title, c.member.tier.Name)
		}
		v.rate = rate.Decimal
	}
	core := basis.Mul(v.rate)
	if p.formula.DivideBy != nil {
		quotient, err := core.Div(p.formula.DivideBy.Decimal)
		if err != nil {
			return v, fmt.Errorf("rule %s: %w", p.ID, err)
		}
		core = quotient
	}
	v.core = round(core, p.formula.Rounding)
	// A fare that earns nothing is not made to earn by a bonus.
	if v.rate.IsZero() {
		return v, nil
	}
	if p.formula.EliteBonus != "" && c.member.elite {
		if c.member.tier.EarningBonus == nil {
			return v, unknownf("no source states the earning bonus of the tier %s", c.member.tier.Name)
		}
		v.bonus = c.member.tier.EarningBonus.Decimal
		of := decimal(v.core)
		if p.formula.EliteBonus == "distance" {
			of = decimal(int64(miles))
		}
		how := p.formula.EliteBonusRounding
		if how == "" {
			how = p.formula.Rounding
		}
		v.elite = round(of.Mul(v.bonus), how)
	}
	if p.row.CabinBonus != nil {
		v.cabin = round(decimal(int64(miles)).Mul(p.row.CabinBonus.Decimal), p.formula.Rounding)
	}
	return v, nil
}

func decimal(n int64) udecimal.Decimal { return udecimal.MustFromInt64(n, 0) }

func round(d udecimal.Decimal, how string) int64 {
	switch how {
	case "up":
		d = d.Ceil()
	case "down":
		d = d.Floor()
	default:
		d = d.RoundHAZ(0)
	}
	n, err := d.Int64()
	if err != nil {
		return math.MaxInt64 // beyond any fare that is accepted
	}
	return n
}

// earn fills in what the group of a leg earns by one rule and row.
func (c *calculation) earn(unit string, p pick, first int, award, out []amount) error {
	n := c.line.reset().text(c.label(unit), ": ")
	if p.nothing {
		l := &c.legs[first]
		n.text("0")
		if p.formula.Basis != "nothing" { // the fare is outside the rule's table
			n.text(", class ", string(rune(l.class)))
			if l.brand != "" {
				n.text(" (", l.FareBrand, ")")
			}
			n.text(" earns nothing")
		}
		n.text(" (", p.Title, ")")
		c.note(first, n.String())
		return nil
	}
	miles, members := 0, 0
	for i, g := range c.groups {
		if g == first {
			miles += c.legs[i].miles
			members++
		}
	}
	basis, err := c.basis(p.formula, first, miles, award, n)
	if err != nil {
		return err
	}
	v, err := c.evaluate(p, basis, miles)
	if err != nil {
		return err
	}
	c.explainValue(n, p, v, first, miles)
	arithmetic := n.String()
	if members == 1 {
		out[first] = amount{value: v.total(), base: v.core}
		c.note(first, arithmetic)
		return nil
	}
	weights := make([]int, 0, members)
	for i, g := range c.groups {
		if g == first {
			weights = append(weights, c.legs[i].miles)
		}
	}
	totals, bases := share(v.total(), weights), share(v.core, weights)
	k := 0
	for i, g := range c.groups {
		if g == first {
			out[i] = amount{value: totals[k], base: bases[k]}
			c.note(i, n.reset().text(arithmetic, "; this flight's share by distance: ").whole(totals[k]).String())
			k++
		}
	}
	return nil
}

// basis returns what a formula multiplies, and begins its line.
func (c *calculation) basis(f *formula, i, miles int, award []amount, n *line) (udecimal.Decimal, error) {
	l := &c.legs[i]
	switch f.Basis {
	case "distance":
		credited := l.miles
		if least := f.MinimumMiles; least != nil && credited < least.Miles && (c.member.elite || !least.EliteOnly) {
			credited = least.Miles
			n.text("minimum distance ")
		}
		n.whole(int64(credited)).text(" miles")
		return decimal(int64(credited)), nil
	case "segment", "ticket":
		return udecimal.One, nil
	case "base", "award":
		if award == nil {
			return udecimal.Zero, unknownf("it follows from the %s, which are not known", c.program.Unit)
		}
		a := award[i].value
		if f.Basis == "base" {
			a = award[i].base
			n.text("base ")
		}
		n.whole(a).text(" ", c.program.Unit)
		return decimal(a), nil
	}
	return c.fareShare(f, miles, n)
}

// fareShare is the part of the eligible fare that falls on so many miles of the
// ticket, in the formula's currency, rounded as the formula says.
func (c *calculation) fareShare(f *formula, miles int, n *line) (udecimal.Decimal, error) {
	r := c.request
	if r.fare == nil {
		return udecimal.Zero, unknownf("it goes by the fare: give fare (base, carrierSurcharges, currency)")
	}
	c.fareUsed = true
	spend := r.spend()
	n.money(spend, r.fare.Currency)
	switch atPar := slices.Contains(f.AtPar, r.fare.Currency); {
	case f.Currency == r.fare.Currency:
	case atPar:
		n.text(", counted as ").money(spend, f.Currency)
	default:
		factor, rates, err := c.book.exchange(r, f.Currency)
		if err != nil {
			return udecimal.Zero, unknownf("%v: give fare.exchangeRates.%s", err, f.Currency)
		}
		spend = spend.Mul(factor)
		n.text(" × ").number(factor).text(" = ").money(spend, f.Currency)
		c.warnExchange(f.Currency, factor, rates)
	}
	roundFare := func(of string) {
		if f.FareRounding == nil || f.FareRounding.Of != of {
			return
		}
		whole := decimal(round(spend, f.FareRounding.To))
		if !whole.Equal(spend) {
			n.text(", rounded ", roundings[f.FareRounding.To], " ").money(whole, f.Currency)
		}
		spend = whole
	}
	roundFare("ticket")
	if miles != c.total {
		part, err := spend.Mul(decimal(int64(miles))).Div(decimal(int64(c.total)))
		if err != nil {
			return udecimal.Zero, err
		}
		spend = part
		if f.FareRounding == nil || f.FareRounding.Of == "ticket" { // else a source says that the program splits it so
			c.assume("only part of the ticket earns by this fare rule: the fare was split over the flights by distance, which the program may do otherwise")
		}
		n.text(", share ").whole(int64(miles)).text(" of ").whole(int64(c.total)).text(" miles = ").money(spend, f.Currency)
	}
	roundFare("segment")
	return spend, nil
}

// roundings says in words how a fare is made whole.
var roundings = map[string]string{"nearest": "to the nearest whole", "up": "up to", "down": "down to"}

func (c *calculation) warnExchange(currency string, factor udecimal.Decimal, rates []*schemas.ExchangeRate) {
	var text string
	var l line
	l.text("the fare was converted: 1 ", c.request.fare.Currency, " = ").number(factor).text(" ", currency)
	if len(rates) == 0 {
		text = l.text(" (your rate)").String()
	} else {
		text = l.text(" (reference rate of ", rates[0].Date, "; give fare.exchangeRates to use another)").String()
	}
	c.assume(text)
	for _, rate := range rates {
		c.cite(rate.Sources)
	}
}

// assume says once what the answer rests on besides the rules.
func (c *calculation) assume(text string) {
	if !slices.Contains(c.option.Warnings, text) {
		c.option.Warnings = append(c.option.Warnings, text)
	}
}

// explainValue ends the line of a formula.
func (c *calculation) explainValue(n *line, p pick, v value, i, miles int) {
	f := p.formula
	fixed := f.Basis == "segment" || f.Basis == "ticket"
	if fixed {
		n.number(v.rate).text(" a flight")
	} else {
		n.text(" × ").number(v.rate)
		if f.Basis == "fare" {
			n.text(" per ", f.Currency)
		}
	}
	if p.row.Rate == nil {
		n.text(" (", c.member.tier.Name, ")")
	}
	if len(p.row.Categories) > 0 {
		n.text(" (", c.legs[i].category.name, ")")
	}
	if f.DivideBy != nil {
		n.text(" ÷ ").number(f.DivideBy.Decimal)
	}
	if !fixed || f.DivideBy != nil {
		n.text(" = ").whole(v.core)
	}
	if v.elite != 0 {
		n.text(" + ").percent(v.bonus).text(" ", c.member.tier.Name, " bonus ").whole(v.elite)
	}
	if v.cabin != 0 {
		n.text(" + cabin bonus ").percent(p.row.CabinBonus.Decimal).text(" of ").whole(int64(miles)).text(" miles ").whole(v.cabin)
	}
	if v.elite != 0 || v.cabin != 0 {
		n.text(" = ").whole(v.total())
	}
	if f.Rounding == "unknown" {
		n.text(" (how it is rounded is not known: ±1)")
	}
}

// adjust adds what rules of role adds state, then bounds the amount.
func (c *calculation) adjust(unit string, i int, award, out []amount) error {
	l := &c.legs[i]
	for _, candidate := range l.rules {
		if candidate.role != roleAdds {
			continue
		}
		p, ok, missing := candidate.state(l, unit)
		if missing != "" {
			return c.explain(l, missing)
		}
		if !ok || p.nothing {
			continue
		}
		n := c.line.reset().text("+ ", c.label(unit), ": ")
		basis, err := c.basis(p.formula, i, l.miles, award, n)
		if err != nil {
			return err
		}
		v, err := c.evaluate(p, basis, l.miles)
		if err != nil {
			return err
		}
		c.explainValue(n, p, v, i, l.miles)
		c.note(i, n.text(" by ", p.Title).String())
		out[i].value += v.total()
		c.use(p.rule)
	}
	for _, role := range []string{roleMinimum, roleMaximum} {
		p, found, err := c.bound(l, unit, role)
		if err != nil {
			return err
		}
		if !found || p.nothing || p.formula.Basis == "ticket" {
			continue
		}
		var scratch line
		basis, err := c.basis(p.formula, i, l.miles, award, &scratch)
		if err != nil {
			return err
		}
		v, err := c.evaluate(p, basis, l.miles)
		if err != nil {
			return err
		}
		if role == roleMinimum && out[i].value < v.total() || role == roleMaximum && out[i].value > v.total() {
			n := c.line.reset().text(c.label(unit), ": ").whole(out[i].value).text(", by the "+role+" of ", p.Title, " ").whole(v.total())
			c.note(i, n.String())
			out[i].value = v.total()
			c.use(p.rule)
		}
	}
	return nil
}

func (c *calculation) bound(l *leg, unit, role string) (pick, bool, error) {
	p, found, missing, err := l.choose(unit, role)
	if err == nil && missing != "" {
		err = c.explain(l, missing)
	}
	return p, found, err
}

// boundTicket applies bounds on the whole ticket, once for each rule that sets one.
func (c *calculation) boundTicket(unit string, picks []pick, out []amount) error {
	for _, role := range []string{roleMinimum, roleMaximum} {
		type bounded struct {
			limit   pick
			members []int
		}
		var limits []bounded
		for i := range c.legs {
			if picks[i].nothing {
				continue
			}
			p, found, err := c.bound(&c.legs[i], unit, role)
			if err != nil {
				return err
			}
			if !found || p.nothing || p.formula.Basis != "ticket" {
				continue
			}
			at := slices.IndexFunc(limits, func(l bounded) bool { return l.limit.rule == p.rule })
			if at < 0 {
				limits, at = append(limits, bounded{limit: p}), len(limits)
			}
			limits[at].members = append(limits[at].members, i)
		}
		for _, l := range limits {
			if err := c.applyTicketBound(unit, role, l.limit, l.members, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// applyTicketBound bounds what some legs earn together.
func (c *calculation) applyTicketBound(unit, role string, limit pick, members []int, out []amount) error {
	v, err := c.evaluate(limit, udecimal.One, 0)
	if err != nil {
		return err
	}
	var sum int64
	weights := make([]int, len(members))
	for k, i := range members {
		sum += out[i].value
		weights[k] = int(out[i].value)
	}
	if role == roleMinimum && sum >= v.total() || role == roleMaximum && sum <= v.total() {
		return nil
	}
	for k, part := range share(v.total(), weights) {
		out[members[k]].value = part
		c.note(members[k], c.line.reset().text(c.label(unit), ": the ticket's ").whole(sum).text(", by the "+role+" of ", limit.Title, " ").
			whole(v.total()).text("; this flight's share: ").whole(part).String())
	}
	c.use(limit.rule)
	return nil
}

// share splits a total by weights so that the parts sum to it: the largest
// remainders get what is left over.
func share(total int64, weights []int) []int64 {
	parts := make([]int64, len(weights))
	if len(weights) == 1 {
		parts[0] = total
		return parts
	}
	sum := 0
	for _, w := range weights {
		sum += w
	}
	if sum == 0 {
		parts[0] = total
		return parts
	}
	remainders := make([]int64, len(weights))
	left := total
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(total), uint64(w))
		part, rest := bits.Div64(hi, lo, uint64(sum)) // w <= sum, so it fits
		parts[i], remainders[i] = int64(part), int64(rest)
		left -= parts[i]
	}
	for ; left > 0; left-- {
		most := 0
		for i := range remainders {
			if remainders[i] > remainders[most] {
				most = i
			}
		}
		parts[most]++
		remainders[most] = -1
	}
	return parts
}

// explain says why no rule states a unit for a leg; missing names an input that
// would let one do so.
func (c *calculation) explain(l *leg, missing string) error {
	n := c.line.reset().text(l.marketing)
	if l.operating != l.marketing {
		n.text(" (operated by ", l.operating, ")")
	}
	flight := n.text(" ", l.origin.Code, "-", l.destination.Code, " in class ", string(rune(l.class))).String()
	if missing == "" && len(l.rules) == 0 && l.obstacle == missingInput {
		missing = l.missing
	}
	if missing != "" {
		return unknownf("%s needs %s%s", flight, missing, c.choices(missing))
	}
	if len(l.rules) > 0 {
		return unknownf("no source states it for %s", flight)
	}
	switch l.obstacle {
	case wrongRoute:
		return unknownf("%s: no rule on file is for this route", flight)
	case wrongTicket:
		return unknownf("%s on a ticket issued by %s (fare.ticketingCarrier): no rule on file is for such a ticket", flight, c.request.ticketing)
	case wrongDate:
		return unknownf("%s on %s: no rule on file is in force on that day (%s: %s)", flight, l.date, l.closest.ID, days(l.closest.EffectiveDate, l.closest.ExpirationDate))
	case wrongBooking:
		return unknownf("%s booked on %s: no rule on file is for that day of purchase (%s: %s)", flight, c.request.booked,
			l.closest.ID, days(l.closest.Booked.From, l.closest.Booked.To))
	case wrongMember, wrongFare:
		return unknownf("%s: no source on file states what this fare earns", flight)
	}
	return unknownf("%s: no rule on file is for this carrier", flight)
}

func days(from, to string) string {
	switch {
	case from == "" && to == "":
		return "any day"
	case from == "":
		return "until " + to
	case to == "":
		return "from " + from
	}
	return from + " to " + to
}

// choices lists what an input that is missing can be.
func (c *calculation) choices(input string) string {
	switch input {
	case inputBrand:
		return " (" + join(c.program.FareBrands, "or") + ")"
	case inputChoice:
		return " (" + join(choiceIDs(c.program), "or") + ")"
	case inputCabin:
		return " (" + join(schemas.Cabins, "or") + ")"
	}
	return ""
}

// use cites a rule.
func (c *calculation) use(r *rule) {
	if slices.Contains(c.used, r) {
		return
	}
	c.used = append(c.used, r)
	c.cite(r.Sources)
}

func (c *calculation) cite(ids []string) {
	for _, id := range ids {
		source := c.book.facts.Sources[id]
		if source != nil && !slices.ContainsFunc(c.option.Sources, func(s schemas.CitedSource) bool { return s.ID == id }) {
			c.option.Sources = append(c.option.Sources, *source)
		}
	}
}

// warn says what the answer assumed and what its reader should check.
func (c *calculation) warn() {
	add := func(text string) { c.option.Warnings = append(c.option.Warnings, text) }
	r := c.request
	if c.fareUsed && r.fare.CarrierSurcharges == nil {
		add("fare.carrierSurcharges was not given: computed on the base fare alone")
	}
	if c.member.assumedChoice && slices.ContainsFunc(c.used, func(u *rule) bool { return u.EarningChoice != "" }) {
		add(inputChoice + " was not given: computed for " + c.member.choice + ", the default")
	}
	byTicket := slices.ContainsFunc(c.legs, func(l leg) bool { return l.otherTicket }) ||
		slices.ContainsFunc(c.used, func(u *rule) bool { return len(u.Ticketing)+len(u.TicketingNot) > 0 })
	if r.assumedTicketing && byTicket {
		add("fare.ticketingCarrier was not given: taken as " + r.ticketing + "; another carrier's ticket may earn differently")
	}
	if r.assumedBooked && slices.ContainsFunc(c.used, func(u *rule) bool { return u.Booked != nil }) {
		add(inputBookedOn + " was not given: taken as " + r.booked + " (today)")
	}
	for i := range c.legs {
		l := &c.legs[i]
		if l.brand != "" && len(c.program.FareBrands) > 0 &&
			!slices.ContainsFunc(c.program.FareBrands, func(b string) bool { return strings.EqualFold(b, l.brand) }) {
			add(fmt.Sprintf("fareBrand %q is not one that the program's rules know (%s): computed by booking class", l.FareBrand, join(c.program.FareBrands, "or")))
			break
		}
	}
	for i := range c.legs {
		if from := c.legs[i].category.from; from != nil {
			c.cite(from.Sources)
			c.warnFact("fare categories "+from.ID, from.Provenance)
		}
	}
	for _, u := range c.used {
		c.warnFact(u.ID, u.Provenance)
		if first := c.legs[0].date; u.EffectiveDate == "" && first < u.AsOf && first < r.today {
			add(u.ID + ": since when it holds is not on file; it was known to hold on " + u.AsOf)
		}
	}
}

// warnFact warns of a fact that is doubtful, annotated or old.
func (c *calculation) warnFact(id string, p schemas.Provenance) {
	var parts []string
	if p.Confidence == "medium" || p.Confidence == "low" {
		parts = append(parts, p.Confidence+" confidence")
	}
	if p.Note != "" {
		parts = append(parts, p.Note)
	}
	if old := kg.OlderThan(p.AsOf, c.request.today, c.program.ReviewDays); old {
		parts = append(parts, "last known true on "+p.AsOf+": check whether it still holds")
	}
	if len(parts) == 0 {
		return
	}
	if text := id + ": " + strings.Join(parts, "; "); !slices.Contains(c.option.Warnings, text) {
		c.option.Warnings = append(c.option.Warnings, text)
	}
}
