package earnings

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"loyalty-mcp/schemas"
)

// Advise ranks programs by whether and when itineraries reach a status. today is
// an ISO date. A wrong question is a *schemas.CallError.
func (b *Book) Advise(q *schemas.CreditingQuestion, today string) (*schemas.CreditingAnswer, error) {
	trips, err := b.trips(q, today)
	if err != nil {
		return nil, err
	}
	candidates, err := b.candidates(q)
	if err != nil {
		return nil, err
	}
	out := &schemas.CreditingAnswer{Programs: []schemas.CreditingOption{}, Unanswered: []schemas.Unanswered{}, Warnings: []string{}}
	out.Table = make([]schemas.ItineraryRow, len(trips))
	for i, t := range trips {
		out.Table[i] = schemas.ItineraryRow{Itinerary: t.name, Programs: make([]schemas.ItineraryCell, 0, len(candidates))}
		for _, w := range t.request.warnings {
			if w = t.name + ": " + w; !slices.Contains(out.Warnings, w) {
				out.Warnings = append(out.Warnings, w)
			}
		}
	}
	var closeness []float64
	for _, c := range candidates {
		m, err := b.member(&schemas.EarningsQuestion{Memberships: q.Memberships}, c.program)
		if err != nil {
			return nil, err
		}
		s, err := newStatus(c, m, q, today)
		if err != nil {
			return nil, err
		}
		known := false
		for i := range trips {
			cell := s.credit(b, &trips[i])
			known = known || len(cell.EliteMetrics) > 0
			out.Table[i].Programs = append(out.Table[i].Programs, cell)
		}
		option, progress := s.option(b)
		if len(c.program.Tiers[c.tier].Qualification) == 0 && option.Outcome != outcomeAlready {
			out.Unanswered = append(out.Unanswered, schemas.Unanswered{Program: c.program.ID,
				Reason: "no source on file states how " + c.program.Tiers[c.tier].Name + " is reached"})
			continue
		}
		if !known && option.Outcome == outcomeUnknown {
			out.Unanswered = append(out.Unanswered, schemas.Unanswered{Program: c.program.ID,
				Reason: "nothing is known of what these itineraries count towards status: " + out.Table[0].Programs[len(out.Table[0].Programs)-1].Reason})
			continue
		}
		out.Programs = append(out.Programs, *option)
		closeness = append(closeness, progress)
	}
	sortOptions(out.Programs, closeness)
	return out, nil
}

// Outcomes, in the order of the ranking.
const (
	outcomeAlready = "already reached"
	outcomeReached = "reached"
	outcomeMissed  = "not reached"
	outcomeUnknown = "not known"
)

func sortOptions(options []schemas.CreditingOption, closeness []float64) {
	order := make([]int, len(options))
	for i := range order {
		order[i] = i
	}
	class := func(o *schemas.CreditingOption) int {
		return min(slices.Index([]string{outcomeAlready, outcomeReached, outcomeMissed, outcomeUnknown}, o.Outcome), 2)
	}
	sort.SliceStable(order, func(x, y int) bool {
		a, b := &options[order[x]], &options[order[y]]
		switch {
		case class(a) != class(b):
			return class(a) < class(b)
		case a.ReachedOn != b.ReachedOn:
			return a.ReachedOn < b.ReachedOn
		}
		return closeness[order[x]] > closeness[order[y]]
	})
	sorted := make([]schemas.CreditingOption, len(options))
	for i, at := range order {
		sorted[i] = options[at]
	}
	copy(options, sorted)
}

// trip is a checked itinerary.
type trip struct {
	name    string
	request *request
}

// trips checks the itineraries and puts them in the order of travel.
func (b *Book) trips(q *schemas.CreditingQuestion, today string) ([]trip, error) {
	trips := make([]trip, len(q.Itineraries))
	taken := map[string]bool{}
	for i := range q.Itineraries {
		it := &q.Itineraries[i]
		r, err := b.parse(&schemas.EarningsQuestion{Segments: it.Segments, Fare: it.Fare}, today)
		if wrong, ok := err.(*schemas.CallError); ok {
			within := *wrong
			within.Field = fmt.Sprintf("itineraries[%d].%s", i, wrong.Field)
			within.Message = fmt.Sprintf("itineraries[%d].%s", i, wrong.Message)
			return nil, &within
		}
		if err != nil {
			return nil, err
		}
		name := it.Name
		if name == "" {
			name = routeOf(r)
		}
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s (%d)", strings.TrimSuffix(name, fmt.Sprintf(" (%d)", n-1)), n)
		}
		taken[name] = true
		trips[i] = trip{name, r}
	}
	sort.SliceStable(trips, func(i, j int) bool { return trips[i].request.segments[0].date < trips[j].request.segments[0].date })
	return trips, nil
}

// routeOf names an itinerary by its airports: JFK-LHR-JFK.
func routeOf(r *request) string {
	stops := []string{r.segments[0].origin.Code}
	for i := range r.segments {
		if from := r.segments[i].origin.Code; from != stops[len(stops)-1] {
			stops = append(stops, from)
		}
		stops = append(stops, r.segments[i].destination.Code)
	}
	return strings.Join(stops, "-")
}

// goalTier is a program with the tier that would fulfil the goal there.
type goalTier struct {
	program *program
	tier    int
}

// allianceRanks orders the statuses of each alliance.
var allianceRanks = [][]string{
	{"oneworld Ruby", "oneworld Sapphire", "oneworld Emerald"},
	{"Star Alliance Silver", "Star Alliance Gold"},
	{"SkyTeam Elite", "SkyTeam Elite Plus"},
}

// grants tells whether a tier's status is the wanted one or higher.
func grants(status, wanted string) bool {
	for _, ranks := range allianceRanks {
		if at := slices.Index(ranks, wanted); at >= 0 {
			return slices.Index(ranks, status) >= at
		}
	}
	return false
}

func (b *Book) candidates(q *schemas.CreditingQuestion) ([]goalTier, error) {
	if err := b.checkPrograms(q.Programs, q.Memberships); err != nil {
		return nil, err
	}
	wrong := func(code, field, message string) error {
		return &schemas.CallError{Code: code, Field: field, Message: field + " " + message}
	}
	for i, standing := range q.Standing {
		if b.programs[standing.Program] == nil {
			return nil, unknown("unknown_program", fmt.Sprintf("standing[%d].program", i), standing.Program, "program", b.nearestPrograms(standing.Program))
		}
	}
	g := q.Goal
	switch {
	case g.AllianceStatus != "" && g.Program+g.Tier != "":
		return nil, wrong("not_allowed", "goal", "is either a program with a tier or an alliance status, not both")
	case g.AllianceStatus == "" && g.Program == "":
		return nil, wrong("missing_field", "goal", "needs program and tier, or allianceStatus")
	case g.AllianceStatus == "":
		p := b.programs[g.Program]
		if p == nil {
			return nil, unknown("unknown_program", "goal.program", g.Program, "program", b.nearestPrograms(g.Program))
		}
		tier, err := p.tier("goal.tier", g.Tier)
		if err != nil {
			return nil, err
		}
		if tier == 0 {
			return nil, wrong("not_allowed", "goal.tier", "is membership without status: name the tier to reach")
		}
		return []goalTier{{p, tier}}, nil
	}
	ids := q.Programs
	if len(ids) == 0 {
		ids = sortedKeys(b.programs)
	}
	var out []goalTier
	for _, id := range ids {
		p := b.programs[id]
		tier := slices.IndexFunc(p.Tiers, func(t schemas.Tier) bool { return grants(t.AllianceStatus, g.AllianceStatus) })
		if tier > 0 {
			out = append(out, goalTier{p, tier})
		}
	}
	if len(out) == 0 {
		return nil, wrong("not_allowed", "goal.allianceStatus", "is granted by none of the programs asked for")
	}
	return out, nil
}

// status follows a member through the itineraries.
type status struct {
	goalTier
	member   *member
	tierAt   int // index of the highest tier held or reached: what flights earn goes by it
	by       string
	today    string
	yearFrom string // of the qualification year at hand, "" if open
	yearEnd  string
	totals   map[string]int64
	needs    [][]map[string]int64 // by tier: the alternative ways to it
	outcome  string
	after    string // itinerary and day with which the goal was reached
	on       string
	unknown  bool // some amount that counts is not known, in the year at hand
	best     *shortfall
	trips    map[string]map[string]int64 // metrics of each itinerary
	order    []string
	result   schemas.CreditingOption
}

// shortfall is the state at the end of a qualification year.
type shortfall struct {
	closeness float64
	totals    map[string]int64
	yearEnd   string
	unknown   bool
}

func newStatus(g goalTier, m *member, q *schemas.CreditingQuestion, today string) (*status, error) {
	s := &status{goalTier: g, member: m, by: q.Goal.By, today: today, totals: map[string]int64{}, trips: map[string]map[string]int64{}}
	s.tierAt = slices.IndexFunc(g.program.Tiers, func(t schemas.Tier) bool { return t.Name == m.tier.Name })
	s.result = schemas.CreditingOption{Program: g.program.ID, ProgramName: g.program.Name, Tier: g.program.Tiers[g.tier].Name,
		Progress: []schemas.ProgressStep{}, Missing: []schemas.Shortfall{},
		Values: []schemas.WorthEstimate{}, Sources: []schemas.CitedSource{}, Warnings: []string{}}
	given := ""
	for i, standing := range q.Standing {
		if standing.Program != g.program.ID {
			continue
		}
		given = standing.YearEnd
		for j, metric := range standing.Metrics {
			if !slices.Contains(g.program.units[1:], metric.Metric) {
				return nil, unknown("unknown_metric", fmt.Sprintf("standing[%d].metrics[%d].metric", i, j), metric.Metric,
					g.program.Name+" metric", g.program.units[1:])
			}
			s.totals[metric.Metric] += metric.Amount
		}
	}
	s.needs = requirements(g.program, s.tierAt)
	s.openYear(given)
	if s.reachedTier() >= g.tier {
		s.outcome = outcomeAlready
	} else if s.tierAt >= g.tier {
		s.warn("this tier is held already: computed is whether it is reached again in the qualification year")
	}
	s.tierAt = max(s.tierAt, s.reachedTier())
	return s, nil
}

// requirements lists what each tier takes for a member who holds one. Where tiers
// are reached one after the other, what lies between has to be earned as well.
func requirements(p *program, held int) [][]map[string]int64 {
	needs := make([][]map[string]int64, len(p.Tiers))
	for i, t := range p.Tiers {
		needs[i] = t.Qualification
		if !p.Stepwise || i <= held+1 || len(t.Qualification) == 0 || len(needs[i-1]) == 0 {
			continue
		}
		sum := map[string]int64{}
		for _, below := range []map[string]int64{needs[i-1][0], t.Qualification[0]} {
			for metric, need := range below {
				sum[metric] += need
			}
		}
		needs[i] = []map[string]int64{sum}
	}
	return needs
}

// openYear finds the qualification year that contains today.
func (s *status) openYear(given string) {
	y := s.program.QualificationYear
	s.yearFrom, s.yearEnd = YearOf(y, s.today)
	switch {
	case given != "":
		end, _ := time.Parse(time.DateOnly, given)
		s.yearFrom, s.yearEnd = end.AddDate(-1, 0, 1).Format(time.DateOnly), given
	case s.yearEnd != "":
	case y == nil:
		s.warn("no source on file states over which year status is counted: all itineraries are taken to fall in one")
	default:
		s.warn("status is counted over a year of the member's own: give standing[].yearEnd; without it all itineraries are taken to fall in one year")
	}
}

// YearOf is the qualification year that contains a day, both its ends included;
// "" if it is a member's own or not known.
func YearOf(y *schemas.QualificationYear, day string) (from, end string) {
	if y == nil {
		return "", ""
	}
	now, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return "", ""
	}
	switch y.Kind {
	case "calendar":
		return fmt.Sprintf("%d-01-01", now.Year()), fmt.Sprintf("%d-12-31", now.Year())
	case "fixed":
		from = fmt.Sprintf("%d-%s", now.Year(), y.Start)
		if from > day {
			from = fmt.Sprintf("%d-%s", now.Year()-1, y.Start)
		}
		start, _ := time.Parse(time.DateOnly, from)
		return from, start.AddDate(1, 0, -1).Format(time.DateOnly)
	}
	return "", ""
}

func (s *status) warn(text string) {
	if !slices.Contains(s.result.Warnings, text) {
		s.result.Warnings = append(s.result.Warnings, text)
	}
}

// enter moves on to the qualification year of a day; totals begin anew.
func (s *status) enter(day string) (counts bool) {
	if s.yearFrom != "" && day < s.yearFrom {
		return false
	}
	for s.yearEnd != "" && day > s.yearEnd {
		s.close()
		end, _ := time.Parse(time.DateOnly, s.yearEnd)
		s.yearFrom, s.yearEnd = end.AddDate(0, 0, 1).Format(time.DateOnly), end.AddDate(1, 0, 0).Format(time.DateOnly)
		s.totals, s.unknown = map[string]int64{}, false
	}
	return true
}

// close remembers the year at hand if it came closest to the goal.
func (s *status) close() {
	closeness := s.closeness()
	if s.best == nil || closeness >= s.best.closeness || s.best.yearEnd != "" && s.best.yearEnd < s.today {
		s.best = &shortfall{closeness, s.totals, s.yearEnd, s.unknown}
	}
}

// closeness is the share of the goal that is reached, by the best alternative.
func (s *status) closeness() float64 {
	best := 0.0
	for _, alternative := range s.needs[s.tier] {
		least := 1.0
		for metric, need := range alternative {
			least = min(least, float64(s.totals[metric])/float64(max(need, 1)))
		}
		best = max(best, least)
	}
	return best
}

// reachedTier is the highest tier whose requirements the totals fulfil.
func (s *status) reachedTier() int {
	highest := 0
	for i, needs := range s.needs {
		if slices.ContainsFunc(needs, func(alternative map[string]int64) bool {
			for metric, need := range alternative {
				if s.totals[metric] < need {
					return false
				}
			}
			return len(alternative) > 0
		}) {
			highest = i
		}
	}
	return highest
}

// credit adds an itinerary and returns its cell of the table.
func (s *status) credit(b *Book, t *trip) schemas.ItineraryCell {
	m := *s.member
	m.tier, m.elite = &s.program.Tiers[s.tierAt], s.tierAt > 0
	c := &calculation{book: b, program: s.program, request: t.request, member: &m, line: &line{}}
	option, reason := c.run()
	cell := schemas.ItineraryCell{Program: s.program.ID, EliteMetrics: []schemas.MetricAmount{}, Reason: reason}
	step := schemas.ProgressStep{Itinerary: t.name, Metrics: []schemas.MetricAmount{}}
	if option != nil {
		cell.EliteMetrics = option.EliteMetrics
		for _, w := range option.Warnings {
			s.warn(w)
		}
		for _, source := range option.Sources {
			if !slices.Contains(s.result.Sources, source) {
				s.result.Sources = append(s.result.Sources, source)
			}
		}
	}
	if reason == "" {
		cell.Redeemable = &option.Redeemable
		if s.result.Redeemable == nil {
			s.result.Redeemable = &schemas.Amount{Unit: s.program.Unit}
		}
		s.result.Redeemable.Amount += option.Redeemable.Amount
	} else {
		s.warn(s.program.Unit + " of " + t.name + " are not known and not in redeemable")
	}
	before := s.tierAt
	s.count(t, option, &step)
	if s.tierAt > before {
		step.Note = joinNotes(step.Note, "later itineraries are computed as "+s.program.Tiers[s.tierAt].Name+", reached here; an upgrade may take days to show")
	}
	for _, metric := range s.program.units[1:] {
		if total, ok := s.totals[metric]; ok {
			step.Metrics = append(step.Metrics, schemas.MetricAmount{Metric: metric, Amount: total})
		}
	}
	step.YearEnd, step.Tier = s.yearEnd, s.program.Tiers[s.tierAt].Name
	s.result.Progress = append(s.result.Progress, step)
	return cell
}

func joinNotes(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// count adds an itinerary's flights to the totals, each in its year.
func (s *status) count(t *trip, option *schemas.EarningOption, step *schemas.ProgressStep) {
	sum := map[string]int64{}
	note := func(text string) {
		if !strings.Contains(step.Note, text) {
			step.Note = joinNotes(step.Note, text)
		}
	}
	known := func(metric string) bool {
		return option != nil && slices.ContainsFunc(option.EliteMetrics, func(a schemas.MetricAmount) bool { return a.Metric == metric })
	}
	for i := range t.request.segments {
		day := t.request.segments[i].date
		if s.by != "" && day > s.by {
			note("after " + s.by + ": not counted")
			break
		}
		end, before := s.yearEnd, s.describe()
		if !s.enter(day) {
			note("before the qualification year that began on " + s.yearFrom + ": not counted")
			continue
		}
		if i > 0 && s.yearEnd != end && before != "" {
			note("the year to " + end + " ends with " + before)
		}
		var missing []string
		for _, metric := range s.program.units[1:] {
			if s.needed()[metric] && !known(metric) {
				missing = append(missing, metric)
			}
		}
		if len(missing) > 0 {
			s.unknown = true
			note(join(missing, "and") + " of this itinerary not known and not counted")
		}
		if option == nil {
			continue
		}
		for _, a := range option.Segments[i].EliteMetrics {
			if known(a.Metric) { // of the whole itinerary, not of this flight only
				s.totals[a.Metric] += a.Amount
				sum[a.Metric] += a.Amount
			}
		}
		reached := s.reachedTier()
		s.tierAt = max(s.tierAt, reached)
		if s.outcome == "" && reached >= s.tier {
			s.outcome, s.after, s.on = outcomeReached, t.name, day
		}
	}
	if len(sum) > 0 {
		s.trips[t.name] = sum
		s.order = append(s.order, t.name)
	}
}

// describe lists the totals of the year at hand.
func (s *status) describe() string {
	var l line
	for _, metric := range s.program.units[1:] {
		if total, ok := s.totals[metric]; ok {
			if len(l.b) > 0 {
				l.text(", ")
			}
			l.whole(total).text(" ", metric)
		}
	}
	return l.String()
}

// needed are the metrics of which the goal's requirements speak.
func (s *status) needed() map[string]bool {
	out := map[string]bool{}
	for _, alternative := range s.needs[s.tier] {
		for metric := range alternative {
			out[metric] = true
		}
	}
	return out
}

// option is the program's place in the answer, and how close it comes.
func (s *status) option(b *Book) (*schemas.CreditingOption, float64) {
	s.close()
	o := &s.result
	o.Outcome, o.ReachedAfter, o.ReachedOn = s.outcome, s.after, s.on
	if o.Outcome == "" {
		o.Outcome = outcomeMissed
		if s.best.unknown {
			o.Outcome = outcomeUnknown
		}
		s.missing()
	}
	tier := &s.program.Tiers[s.tier]
	if tier.Note != "" {
		s.warn(tier.Name + ": " + tier.Note)
	}
	cite := func(ids []string) {
		for _, id := range ids {
			if source := b.facts.Sources[id]; source != nil && !slices.Contains(o.Sources, *source) {
				o.Sources = append(o.Sources, *source)
			}
		}
	}
	cite(tier.Sources)
	publishers := map[string]bool{}
	for _, v := range b.facts.Valuations[s.program.ID] {
		if o.Redeemable == nil || publishers[v.Publisher] {
			continue // the newest of each comes first
		}
		publishers[v.Publisher] = true
		usd, err := decimal(o.Redeemable.Amount).Mul(v.Cents.Decimal).Div(hundred)
		if err != nil {
			continue
		}
		o.Values = append(o.Values, schemas.WorthEstimate{Publisher: v.Publisher, CentsPerUnit: v.Cents,
			USD: schemas.Decimal{Decimal: usd.RoundHAZ(2)}, AsOf: v.Date})
		cite(v.Sources)
	}
	return o, s.best.closeness
}

// missing says what each alternative way to the goal lacks.
func (s *status) missing() {
	if s.best.yearEnd != "" {
		s.warn("what is missing is counted in the qualification year that ends on " + s.best.yearEnd)
	}
	for _, alternative := range s.needs[s.tier] {
		var lack schemas.Shortfall
		for _, metric := range s.program.units[1:] {
			need, ok := alternative[metric]
			if !ok {
				continue
			}
			have := s.best.totals[metric]
			lack.Metrics = append(lack.Metrics, schemas.MetricShortfall{Metric: metric, Have: have, Need: need, Missing: max(need-have, 0)})
		}
		lack.Covers = s.covers(lack.Metrics)
		s.result.Missing = append(s.result.Missing, lack)
	}
}

// covers says with how few more trips like one of the itineraries a shortfall
// would be made up.
func (s *status) covers(lack []schemas.MetricShortfall) string {
	least, which := int64(0), ""
	for _, name := range s.order {
		times := int64(0)
		for _, m := range lack {
			if m.Missing == 0 {
				continue
			}
			each := s.trips[name][m.Metric]
			if each <= 0 {
				times = -1
				break
			}
			times = max(times, (m.Missing+each-1)/each)
		}
		if times > 0 && (which == "" || times < least) {
			least, which = times, name
		}
	}
	if which == "" {
		return ""
	}
	var l line
	l.whole(least).text(" more like ", which, " (")
	for i, m := range lack {
		if i > 0 {
			l.text(", ")
		}
		l.whole(s.trips[which][m.Metric]).text(" ", m.Metric)
	}
	return l.text(" each)").String()
}
