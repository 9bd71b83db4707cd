package awards

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/quagmt/udecimal"

	"loyalty-mcp/schemas"
)

// writer writes an offer down as an option, with what it rests on.
type writer struct {
	*search
	offer  *offer
	option schemas.AwardOption
}

func (w *writer) write() {
	w.route()
	w.price()
	w.fees()
	w.funding()
	w.value()
	w.rules()
	w.option.Confidence = w.confidence()
}

func (w *writer) why(format string, args ...any) {
	w.option.Why = append(w.option.Why, fmt.Sprintf(format, args...))
}

func (w *writer) caveat(text string) {
	if text != "" && !slices.Contains(w.option.Caveats, text) {
		w.option.Caveats = append(w.option.Caveats, text)
	}
}

// perFact is how many sources are cited for one fact, the newest: answers are read
// by models, which pay for each word. The program's resource has them all.
const perFact = 2

func (w *writer) cite(ids ...string) {
	var sources []*schemas.CitedSource
	for _, id := range ids {
		if source := w.book.facts.Sources[id]; source != nil {
			sources = append(sources, source)
		}
	}
	slices.SortStableFunc(sources, func(x, y *schemas.CitedSource) int { return cmp.Compare(y.AsOf, x.AsOf) })
	for _, source := range sources[:min(len(sources), perFact)] {
		if !slices.Contains(w.option.Sources, *source) {
			w.option.Sources = append(w.option.Sources, *source)
		}
	}
}

func (w *writer) code(airport int) string { return w.book.airports[airport].Code }

// route says who flies, and how that is known.
func (w *writer) route() {
	o, b := w.offer, w.book
	old := ""
	var legs []string
	for i, f := range o.journey.flights {
		if i == 0 {
			w.option.Routing = append(w.option.Routing, w.code(f.from))
		}
		w.option.Routing = append(w.option.Routing, w.code(int(f.to)))
		w.option.Carriers = append(w.option.Carriers, b.codes[f.carrier])
		if f.known == nil {
			legs = append(legs, fmt.Sprintf("%s may fly %s-%s (%s miles): inferred from its hub and from serving the other", b.codes[f.carrier], w.code(f.from), w.code(int(f.to)), humanize.Comma(int64(f.miles))))
			w.caveat(fmt.Sprintf("that %s flies %s-%s nonstop is inferred, no source on file says so", b.codes[f.carrier], w.code(f.from), w.code(int(f.to))))
			continue
		}
		legs = append(legs, fmt.Sprintf("%s flies %s-%s (%s miles; route known on %s)", b.codes[f.carrier], w.code(f.from), w.code(int(f.to)), humanize.Comma(int64(f.miles)), f.known.AsOf))
		w.cite(f.known.Sources...)
		if stale(f.known, w.today, routesAge) && (old == "" || f.known.AsOf < old) {
			old = f.known.AsOf
		}
	}
	w.option.ID = strings.Join([]string{o.id, strings.Join(w.option.Carriers, "+"), strings.Join(w.option.Routing, "-"), o.cabin, o.trip}, ":")
	w.why("%s", strings.Join(legs, "; "))
	for _, f := range o.journey.flights {
		if b.lacks(f, o.cabin) {
			w.caveat(fmt.Sprintf("%s is not known to sell %s on %s-%s: expect a lower cabin there", b.codes[f.carrier], cabinName(o.cabin), w.code(f.from), w.code(int(f.to))))
		}
		if sold := b.sold[f.carrier]; sold != nil && o.cabin != "economy" {
			w.cite(sold.Sources...)
		} else if sold == nil && o.cabin == "business" {
			w.caveat("whether " + b.codes[f.carrier] + " sells business is not on file")
		}
	}
	if o.cabin == "first" || o.cabin == "premiumEconomy" {
		w.caveat("not every aircraft has " + cabinName(o.cabin) + ": check that these flights do")
	}
	if old != "" {
		w.caveat("routes as last known on " + old + ": check that they are still flown")
	}
	if len(o.journey.flights) > 1 && !o.journey.one() {
		w.caveat("that these carriers connect well on one award is taken from their alliance; look for both flights")
	}
}

// price says what is asked and how it adds up.
func (w *writer) price() {
	o := w.offer
	p := schemas.AwardPrice{Kind: o.out.kind, Level: o.out.level, Season: o.out.season, Unit: o.Program.Unit, Total: o.total, PerTraveler: o.total / w.travelers}
	if o.high > o.total {
		p.High = &o.high
	}
	w.parts(&o.out)
	line := humanize.Comma(o.out.low)
	if o.back != nil {
		if o.back.low != o.out.low || o.back.season != o.out.season {
			w.parts(o.back)
		}
		line += " out + " + humanize.Comma(o.back.low) + " back"
		if o.back.season != o.out.season {
			p.Season = ""
		}
		if slices.Index(certainty, o.back.kind) > slices.Index(certainty, p.Kind) {
			p.Kind = o.back.kind
		}
	}
	if o.back != nil || w.travelers > 1 {
		if w.travelers > 1 {
			if o.back != nil {
				line = "(" + line + ")"
			}
			line += fmt.Sprintf(" × %d travellers", w.travelers)
		}
		w.why("%s = %s %s", line, humanize.Comma(o.total), o.Program.Unit)
	}
	w.option.Price = p
	switch p.Kind {
	case "from":
		w.caveat("the price is the least that is asked; most days and flights cost more")
	case "range":
		w.caveat("the price varies by flight and day")
	case "dynamic":
		w.caveat("the program prices these flights dynamically: this is what was seen, not a chart; look it up live")
	}
	if len(o.out.others) > 0 {
		w.caveat("other levels for each traveller, one way: " + strings.Join(o.out.others, ", "))
	}
	if o.onlyReturn {
		w.caveat("priced as a round trip only, out and back; one way does not cost less")
	} else if o.out.roundTrip {
		w.caveat("priced as a round trip, out and back")
	}
	if o.out.part[0].unsure || o.back != nil && o.back.part[0].unsure {
		w.caveat("the price depends on the season, and which one the day is in is not on file")
	}
}

func (w *writer) parts(q *quote) {
	for i := range q.parts() {
		p := &q.part[i]
		title := p.chart.Title
		if p.chart.Level != "" {
			title += ", " + p.chart.Level
		}
		if p.season != "" {
			title += ", " + p.season
		}
		price := humanize.Comma(p.low)
		if p.high > p.low {
			price += " to " + humanize.Comma(p.high)
		}
		w.why("chart %q (%s): %s-%s, %s miles, %s: %s", title, p.chart.AsOf, w.code(p.from), w.code(p.to), humanize.Comma(int64(p.miles)), cabinName(w.offer.cabin), price)
		w.cite(p.chart.Sources...)
		if p.chart.Note != "" {
			w.caveat(p.chart.Note)
		}
		if ends := p.chart.ExpirationDate; ends != "" && ends < w.q.DepartureDate {
			w.caveat("this chart ends on " + ends + ": book by then")
		}
		if stale(&p.chart.Provenance, w.today, w.offer.Program.ReviewDays) {
			w.caveat("chart last known true on " + p.chart.AsOf + ": check for a newer one")
		}
	}
	if q.n > 1 {
		var sums []string
		for i := range q.parts() {
			sums = append(sums, humanize.Comma(q.part[i].low))
		}
		w.why("%s = %s, each part priced by itself", strings.Join(sums, " + "), humanize.Comma(q.low))
	}
}

// fees says what is paid in money.
func (w *writer) fees() {
	o := w.offer
	c := &o.cash
	w.option.Fees = schemas.AwardCash{Basis: c.describe()}
	for _, f := range c.stated {
		w.cite(f.Sources...)
		if f.Note != "" {
			w.caveat("fees: " + f.Note)
		}
	}
	if c.known {
		w.option.Fees.Amount, w.option.Fees.Currency = decimalOf(c.low), c.currency
		if c.high.GreaterThan(c.low) {
			w.option.Fees.High = decimalOf(c.high)
		}
		if c.withBooking {
			w.option.Fees.Basis += ", included"
		}
	}
	if !c.known && c.passesOn {
		w.caveat("carrier surcharges come on top, which the cost does not count")
	}
	if p := w.q.Preferences; p != nil && (p.MaxFees != nil && o.fees == nil || p.AvoidSurcharges && (c.surcharge == "" || c.surcharge == "varies")) {
		w.caveat("fees are not on file, so the preference about them could not be checked")
	}
}

// funding says how the points come together.
func (w *writer) funding() {
	f := w.offer.funded
	if f == nil {
		return
	}
	if !f.ok {
		short, reason := w.offer.short()
		w.option.Funding = &schemas.AwardFunding{Steps: []schemas.TransferStep{}, Shortfall: short, Reason: reason}
		return
	}
	w.option.Funding = &schemas.AwardFunding{Steps: f.plan.Steps, OwnUsed: f.plan.OwnUsed, Affordable: true, Leftover: f.plan.Leftover}
	if f.solution.gap > 0 {
		w.caveat("this funding is not proven cheapest: another might give up at most " + f.planner.amount(f.solution.gap) + " less")
	}
	f.planner.answer = &schemas.TransferAnswer{}
	f.planner.cite(&f.solution)
	for _, warning := range f.planner.answer.Warnings {
		w.caveat(warning)
	}
	for _, t := range f.solution.transfers {
		w.cite(f.planner.stated[t.link].Sources...)
	}
	for _, step := range f.plan.Steps {
		if !strings.HasPrefix(step.Speed, "instant") {
			speed := step.Speed
			if speed == "" {
				speed = "not known"
			}
			w.caveat(step.From + " to " + step.To + " may not be instant: " + speed)
		}
	}
}

// value says what the traveller gives up.
func (w *writer) value() {
	o := w.offer
	v := &w.option.Value
	if !o.costed {
		v.Method = "no valuation of " + o.id + " is on file"
		return
	}
	if !w.planner.inUSD {
		cost := schemas.Decimal{Decimal: udecimal.MustFromInt64(o.cost, 0)}
		v.Cost, v.Unit, v.Method = &cost, "points", "every point counts the same"
		return
	}
	cost := dollars(o.cost)
	v.Cost, v.Unit = &cost, "USD"
	var parts []string
	use := func(id string, points int64) {
		if points == 0 {
			return
		}
		cents, method := schemas.Decimal{Decimal: udecimal.MustFromInt64(w.worth(id), 4)}, "the traveller's own valuation"
		if _, own := w.q.CentsPerPoint[id]; !own {
			method = w.book.worths[id].describe()
			w.cite(w.book.worths[id].sources...)
		}
		parts = append(parts, fmt.Sprintf("%s %s at %s cents (%s)", humanize.Comma(points), id, cents, method))
	}
	if o.funded == nil || !o.funded.ok {
		use(o.id, o.total)
	} else {
		use(o.id, o.funded.plan.OwnUsed)
		var counted []string
		for _, step := range o.funded.plan.Steps {
			// What only passes through was paid for where it came from.
			if !slices.Contains(counted, step.From) {
				counted = append(counted, step.From)
				use(step.From, o.funded.given(step.From))
			}
		}
		for _, step := range o.funded.plan.Steps {
			if step.FeeUSD != nil {
				parts = append(parts, fmt.Sprintf("a transfer fee of %s USD", step.FeeUSD))
			}
		}
	}
	if o.fees != nil {
		parts = append(parts, fmt.Sprintf("fees of %s USD", dollars(*o.fees)))
	} else {
		parts = append(parts, "fees not counted, they are not on file")
	}
	v.Method = strings.Join(parts, " + ")
}

// given is how many points of a balance a plan uses up.
func (f *funded) given(id string) int64 {
	var sent, received int64
	for _, step := range f.plan.Steps {
		if step.From == id {
			sent += step.Send
		}
		if step.To == id {
			received += step.Receive
		}
	}
	return max(sent-received, 0)
}

// rules shows the program's rules that bear on the award.
func (w *writer) rules() {
	o := w.offer
	for _, about := range []string{"roundTripOnly", "availability", "booking", "season"} {
		for _, r := range o.rules(o.journey, about) {
			w.caveat(r.Text)
			w.cite(r.Sources...)
		}
	}
	if len(o.journey.flights) > 1 && !o.journey.one() {
		for _, r := range o.rules(o.journey, "mixedCarriers") {
			w.caveat(r.Text)
			w.cite(r.Sources...)
		}
	}
	for _, about := range []string{"stopover", "openJaw", "change"} {
		for _, r := range o.rules(o.journey, about) {
			w.why("%s", r.Text)
			w.cite(r.Sources...)
		}
	}
	for i := range o.spots {
		spot := &o.spots[i]
		if spot.Cabin != o.cabin || len(o.journey.flights) > 1 || !spot.carriers.Has(int(o.journey.flights[0].carrier)) ||
			!spot.fits(w.book, o.journey.origin(), o.journey.destination(), o.journey.miles) {
			continue
		}
		w.cite(spot.Sources...)
		w.why("known sweet spot (%s): %s", spot.AsOf, spot.Title)
		if (spot.Trip == "roundTrip") == o.out.roundTrip && (o.out.low > max(spot.High, spot.Price) || o.out.high < spot.Price) {
			w.caveat(fmt.Sprintf("another source states %s for this (%s)", humanize.Comma(spot.Price), spot.AsOf))
		}
	}
	for _, partner := range o.partners {
		for _, f := range o.journey.flights {
			if partner.carriers.Has(int(f.carrier)) {
				w.cite(partner.Sources...)
			}
		}
	}
}

var confidences = []string{"low", "medium", "high"}

// confidence is that of the least sure chart, and lower for what is no fixed price.
func (w *writer) confidence() string {
	o := w.offer
	least := len(confidences) - 1
	quotes := []*quote{&o.out}
	if o.back != nil {
		quotes = append(quotes, o.back)
	}
	for _, q := range quotes {
		for i := range q.parts() {
			if at := slices.Index(confidences, q.part[i].chart.Confidence); at >= 0 {
				least = min(least, at)
			}
		}
		switch q.kind {
		case "dynamic":
			least = 0
		case "from", "range":
			least = min(least, 1)
		}
	}
	if len(o.journey.flights) > 1 && !o.journey.one() || o.journey.flights[0].known == nil || o.cabinUnknown() {
		least = min(least, 1)
	}
	return confidences[least]
}
