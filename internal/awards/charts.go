package awards

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"loyalty-mcp/internal/geo"
	"loyalty-mcp/schemas"
)

// quote is what a program asks of one traveller for one direction of a journey,
// or for both where its chart prices round trips.
type quote struct {
	low, high int64
	kind      string // the least certain one of its parts
	level     string
	season    string
	roundTrip bool
	n         int // of parts
	part      [3]part
	others    []string // what other levels ask
}

func (q *quote) parts() []part { return q.part[:q.n] }

// part is a price out of one chart.
type part struct {
	chart     *chart
	from, to  int // airports
	miles     int
	low, high int64
	season    string
	unsure    bool // the price is by season, and the day's season is not known
}

// certainty orders kinds of price.
var certainty = []string{"fixed", "from", "range", "dynamic"}

// ask is a question to the charts of a program.
type ask struct {
	*program
	book  *Book
	cabin string
	at    int    // place of the cabin in schemas.Cabins
	date  string // of travel, for seasons; "" is not known
	today string // the day of booking, on which charts, fees and rules must hold
	books geo.Set
	rest  geo.Set // what it books and no chart names
}

// newAsk prepares questions to a program's charts as they hold today.
func (b *Book) newAsk(p *program, cabin, date, today string) *ask {
	a := &ask{program: p, book: b, cabin: cabin, at: slices.Index(schemas.Cabins, cabin), date: date, today: today,
		books: geo.NewSet(len(b.codes)), rest: geo.NewSet(len(b.codes))}
	for _, partner := range p.partners {
		if a.holds(&partner.Validity) {
			for i := range a.books {
				a.books[i] |= partner.carriers[i]
			}
		}
	}
	copy(a.rest, a.books)
	for _, c := range p.charts {
		if a.holds(&c.Validity) {
			for i := range a.rest {
				a.rest[i] &^= c.carriers[i]
			}
		}
	}
	return a
}

func (a *ask) holds(v *schemas.Validity) bool {
	return v.EffectiveDate <= a.today && (v.ExpirationDate == "" || a.today <= v.ExpirationDate)
}

// covers tells whether a chart is for all of the flights.
func (a *ask) covers(c *chart, flights []flight) bool {
	set := c.carriers
	if len(c.Carriers) == 0 {
		set = a.rest
	}
	for _, f := range flights {
		if !set.Has(int(f.carrier)) {
			return false
		}
	}
	return true
}

// price is what the program asks for a journey. If nothing on file says so, ok is
// false; dynamic tells that the program has no chart for it.
func (a *ask) price(j *journey) (q quote, dynamic, ok bool) {
	if a.mixed(j) {
		for _, c := range a.charts {
			if c.Mixed && a.holds(&c.Validity) {
				if p, ok := a.lookup(c, j.flights); ok {
					return single(p), false, true
				}
			}
		}
	}
	for _, c := range a.charts {
		if c.Mixed || !a.holds(&c.Validity) || !a.covers(c, j.flights) {
			continue
		}
		dynamic = dynamic || c.Kind == "dynamic"
		if len(j.flights) > 1 && c.Per == "segment" {
			continue
		}
		p, found := a.lookup(c, j.flights)
		if !found {
			continue
		}
		if q.n == 0 {
			q = single(p)
		} else if c.Level != "" && c.Level != q.level && c.Trip != "roundTrip" {
			q.others = append(q.others, fmt.Sprintf("%s %s", c.Level, humanize.Comma(p.low)))
		}
	}
	if q.n > 0 {
		return q, false, true
	}
	q, ok = a.added(j)
	return q, dynamic, ok
}

// why says why a journey has no price.
func (a *ask) why(j *journey, dynamic bool) string {
	who := a.book.names(j)
	if dynamic {
		return "prices awards on " + who + " dynamically, and no price that was seen there in " + cabinName(a.cabin) + " is on file"
	}
	return "no chart on file prices " + cabinName(a.cabin) + " on " + who
}

func single(p part) quote {
	q := quote{low: p.low, high: p.high, kind: kindOf(p.chart), level: p.chart.Level, season: p.season,
		roundTrip: p.chart.Trip == "roundTrip", n: 1, part: [3]part{p}}
	if q.kind == "fixed" && (p.high > p.low || p.unsure) {
		q.kind = "range"
	}
	return q
}

func kindOf(c *chart) string {
	if c.Kind == "" {
		return "fixed"
	}
	return c.Kind
}

// mixed tells whether the journey is on two partners or more.
func (a *ask) mixed(j *journey) bool {
	var first carrier = -1
	for _, f := range j.flights {
		if a.own.Has(int(f.carrier)) {
			continue
		}
		if first >= 0 && f.carrier != first {
			return true
		}
		first = f.carrier
	}
	return false
}

// added sums up what charts ask for parts of a journey.
func (a *ask) added(j *journey) (quote, bool) {
	var q quote
	for i := 0; i < len(j.flights); {
		next, found := 0, part{}
		for _, c := range a.charts {
			if c.Mixed || c.Per == "journey" || c.Trip == "roundTrip" || !a.holds(&c.Validity) {
				continue
			}
			end := i + 1
			for c.Per == "part" && end < len(j.flights) && a.covers(c, j.flights[i:end+1]) {
				end++
			}
			if a.covers(c, j.flights[i:end]) {
				if p, ok := a.lookup(c, j.flights[i:end]); ok {
					next, found = end, p
					break
				}
			}
		}
		if next == 0 {
			return q, false
		}
		one := single(found)
		if i == 0 {
			q = one
		} else {
			q.low, q.high = q.low+one.low, q.high+one.high
			q.part[q.n], q.n = found, q.n+1
			if slices.Index(certainty, one.kind) > slices.Index(certainty, q.kind) {
				q.kind = one.kind
			}
			if q.season != one.season {
				q.season = ""
			}
			if q.level != one.level {
				q.level = ""
			}
		}
		i = next
	}
	return q, true
}

// lookup reads a chart for flights taken together.
func (a *ask) lookup(c *chart, flights []flight) (part, bool) {
	p := part{chart: c, from: flights[0].from, to: int(flights[len(flights)-1].to)}
	for _, f := range flights {
		p.miles += int(f.miles)
	}
	if !c.area.fits(a.book, p.from, p.to, p.miles) {
		return p, false
	}
	day := a.seasonOf(c, p)
	var seen [3]bool // seasons with a price, of which the first row counts
	seasonal := false
	for i := range c.rows {
		r := &c.rows[i]
		if r.low[a.at] == 0 || !r.fits(a.book, p.from, p.to, p.miles) {
			continue
		}
		if !seasonal && r.season < 0 || day != "" && (r.season < 0 || r.Season == day) {
			p.low, p.high, p.season = r.low[a.at], r.high[a.at], r.Season
			return p, true
		}
		if r.season < 0 {
			break // the seasons' rows stand before it
		}
		// Which season the day is in is not known: the price is in the range of all.
		if seen[r.season] {
			continue
		}
		seen[r.season], seasonal = true, true
		if p.low == 0 || r.low[a.at] < p.low {
			p.low = r.low[a.at]
		}
		p.high = max(p.high, r.high[a.at])
	}
	p.unsure = seasonal
	return p, p.low > 0 && day == ""
}

var seasons = []string{"off-peak", "standard", "peak"}

// seasonOf is the season of the day of travel for a part, "" if it is not known.
func (a *ask) seasonOf(c *chart, p part) string {
	if a.date == "" || !c.seasonal {
		return ""
	}
	for i := range a.program.seasons {
		s := &a.program.seasons[i]
		if !slices.Contains(s.Charts, c.ID) || !s.fits(a.book, p.from, p.to, p.miles) {
			continue
		}
		for _, span := range s.Spans {
			if span.From <= a.date && (span.To == "" || a.date <= span.To) {
				return s.Season
			}
		}
	}
	return ""
}

// names lists the carriers of a journey, each once.
func (b *Book) names(j *journey) string {
	var out []string
	for _, f := range j.flights {
		if code := b.codes[f.carrier]; !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return strings.Join(out, " and ")
}

// cabinName is how people write a cabin.
func cabinName(cabin string) string {
	if cabin == "premiumEconomy" {
		return "premium economy"
	}
	return cabin
}

// rules are the program's rules for such a journey, of one kind.
func (a *ask) rules(j *journey, about string) []*schemas.AwardRule {
	var out []*schemas.AwardRule
	for _, r := range a.AwardRules {
		if r.About != about || !a.holds(&r.Validity) ||
			len(r.Cabins) > 0 && !slices.Contains(r.Cabins, a.cabin) {
			continue
		}
		if len(r.Carriers) > 0 && !slices.ContainsFunc(j.flights, func(f flight) bool { return slices.Contains(r.Carriers, a.book.codes[f.carrier]) }) {
			continue
		}
		out = append(out, r)
	}
	return out
}
