// Package awards plans how to pay for award flights with points. It is pure: it
// takes the question and the facts and returns the answer.
package awards

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// link is a way to send points that can be used on the day in question.
type link struct {
	from, to    int // currencies, by index
	give, get   int64
	minimum     int64 // least points sent, 0 is none
	increment   int64 // points are sent in multiples of it, at least 1
	blockEvery  int64 // 0 is no block bonus
	blockExtra  int64
	percent     int64 // of a timed bonus
	feePerPoint int64 // in micro-units of value
	feeMaximum  int64 // 0 is none
}

// receive is what arrives when so many points are sent.
func (l *link) receive(sent int64) int64 {
	got := sent * l.get / l.give
	if l.blockEvery > 0 {
		got += sent / l.blockEvery * l.blockExtra
	}
	return got + got*l.percent/100
}

// rate is how many points arrive for each sent, at the best.
func (l *link) rate() float64 {
	rate := float64(l.get) / float64(l.give)
	if l.blockEvery > 0 {
		rate += float64(l.blockExtra) / float64(l.blockEvery)
	}
	return rate * float64(100+l.percent) / 100
}

// fee is what the sender pays, in micro-units of value.
func (l *link) fee(sent int64) int64 {
	fee := sent * l.feePerPoint
	if l.feeMaximum > 0 && fee > l.feeMaximum {
		return l.feeMaximum
	}
	return fee
}

// step rounds up to what the link can carry.
func (l *link) step(points int64) int64 {
	return (points + l.increment - 1) / l.increment * l.increment
}

// grain divides everything that the link can bring.
func (l *link) grain() int64 {
	if l.increment*l.get%l.give != 0 {
		return 1
	}
	g := l.increment * l.get / l.give
	if l.blockEvery > 0 {
		g = gcd(g, l.blockExtra)
	}
	if g*l.percent%100 != 0 {
		return 1
	}
	return g + g*l.percent/100
}

// period is a number of points such that sending so many more always brings the
// same more, or something above most where there is none below. Without blocks
// it holds between two blocks.
func (l *link) period(blocks bool, most int64) int64 {
	p := lcm(l.increment, l.give/gcd(l.give, l.get), most)
	if blocks {
		p = lcm(p, l.blockEvery, most)
	}
	if p > most {
		return p
	}
	got := p * l.get / l.give
	if blocks {
		got += p / l.blockEvery * l.blockExtra
	}
	return p * (100 / gcd(100, got%100*l.percent))
}

// through reports whether every point that comes in goes on alike and for
// nothing, so that it does not matter what else goes over the link.
func (l *link) through() bool {
	return l.increment == 1 && l.minimum <= 1 && l.give == 1 && l.blockEvery == 0 && l.get*l.percent%100 == 0 && l.feePerPoint == 0
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// lcm stops above most.
func lcm(a, b, most int64) int64 {
	if a > most {
		return a
	}
	return a * (b / gcd(a, b))
}

// transfer is an amount sent over a link.
type transfer struct {
	link int
	sent int64
}

// problem is a funding problem: points are needed in currency target. At most one
// link leads from one currency to another; of several the first counts.
type problem struct {
	target   int
	need     int64
	balances []int64 // by currency
	values   []int64 // of a point of each currency, in micro-units of value
	links    []link
}

// solution is a way to fund a problem.
type solution struct {
	transfers []transfer
	ownUsed   int64
	cost      int64 // in micro-units of value
	leftover  int64
	gap       int64 // by how much another might cost less; 0 is proven to be the cheapest
}

// solve returns the solution that gives up the least value: points that the
// traveller had, at their values, and fees. ok is false when the balances do not
// suffice; a gap then says that this is not proven.
//
// Points go to the target over one link. From a balance that has no such link
// they may take detours, chains of two links over a currency in the middle, where
// they add to what the traveller has there; what is not sent on counts for
// nothing. Within that the cost is exact unless the search is cut short; gap then
// says how far it may be off. Of plans that cost the same the search prefers less
// left over, then fewer transfers, among those that it comes upon.
//
// Sums fit for points up to 10^8, values of a point up to 10^7 and ratios up to
// 10^4. The bound is in floating point and leaves room for its rounding.
func (p *problem) solve() (best solution, ok bool) {
	s := newFunder(p, nil)
	s.run()
	return s.best, s.found
}

func (p *problem) link(from, to int) *link {
	at := slices.IndexFunc(p.links, func(l link) bool { return l.from == from && l.to == to })
	if at < 0 {
		return nil
	}
	return &p.links[at]
}

// nodeLimit ends a search that would take too long, after about ten milliseconds.
const nodeLimit = 100_000

// strandLimit is how many strands a source may have.
const strandLimit = 2000

// funder is branch and bound. Links carry many amounts but behave evenly over most
// of them, so what is branched on is how the amounts of a link begin (strands);
// what follows evenly is shared out by classes, a few numbers in all. The bound
// fills what is still needed by price, without regard to steps and minimums.
type funder struct {
	p       *problem
	covers  []cover // the target, then each currency in the middle that is not through
	steps   []step  // decisions in order
	left    []int64 // of each balance
	inner   int     // the cover being filled on the way to the target, 0 is none
	cost    int64
	unit    int64 // divides every cost
	cutoff  float64
	floor   float64 // no solution costs less
	nodes   int
	limit   int
	plain   bool // leave out what is tried one by one, to have a first solution soon
	stopped bool
	found   bool
	best    solution
	forks   []*source // detours of balances that have several
	sent    []int64   // of each link, room for record
	brought []int64
}

// cover is a need of points in a currency and what can bring them.
type cover struct {
	currency int
	need     int64
	sources  []*source
	pieces   []piece // the cheapest first
	classes  []class // the coarsest first
	fed      *source // what needs the points, nil for the target
	shared   bool    // draws on balances that others draw on too
	least    int64   // cost of the cheapest way so far to fill it as it stands
}

// source is a link into a cover, or its currency's own balance.
type source struct {
	into, from int // cover and currency
	link       int // -1 is the own balance
	l          *link
	onward     int   // a link that is through, to the target; -1 is none
	scale      int64 // what it brings for a point
	value      int64 // of a point sent; 0 where they are paid for in a cover of their own
	least      int64 // amount other than 0
	most       int64
	gain       int64 // what one more of a strand brings
	strands    []strand
	spare      []strand // not used because the balance is shared
	limited    bool     // the last to draw on a shared balance: strands reach as far as is left
	now        *strand
	current    strand
	amount     int64  // where there are no strands
	cover      int    // that feeds it, 0 is none
	pieces     [4]int // in the cover, by role; -1 is none
	pool       int    // piece of the target's cover for its balance, -1 is none
	whole      [2]float64
	grain      int64
}

// strand is a series of amounts over which receipts and cost grow evenly.
type strand struct {
	first, every, count int64 // first, and up to count times every on top
	received, cost      int64 // of the first
	price               int64 // of every
	capped              int   // 1 where the fee is at its maximum
}

// piece is a part of the bound: so much can be had at a price.
type piece struct {
	price    float64
	cap      float64
	rate     float64 // where it draws on a balance: of points sent to points received
	currency int     // that balance, -1 is none
	open     int     // how many decisions on it are to come
	id       int
}

// Roles of pieces: two of a source that is undecided, two of one that is decided.
const (
	undecided = iota
	undecidedRest
	decided
	decidedCapped
)

// class is what brings the same with every step: the cheapest goes first.
type class struct {
	gain    int64
	members []member
	grain   int64 // divides what later classes bring
	window  int64 // how far from where the bound is least a cheapest way can be
	n       int64
}

type member struct {
	source *source
	price  int64
	capped int
}

func (m *member) count() int64 {
	if m.source.now.capped != m.capped {
		return 0
	}
	return m.source.now.count
}

// step is a decision: on a source, or on the classes of a cover if it is nil.
type step struct {
	source *source
	cover  int
	after  int // where to go on when a cover is not needed
	grain  int64
	inner  int64 // the grain of the cover being filled
}

func (s *source) receive(sent int64) int64 {
	if s.l == nil {
		return sent
	}
	return s.l.receive(sent) * s.scale
}

func (s *source) fee(sent int64) int64 {
	if s.l == nil {
		return 0
	}
	return s.l.fee(sent)
}

func (s *source) costs(sent int64) int64 { return sent*s.value + s.fee(sent) }

// rate is the most that a point can bring.
func (s *source) rate() float64 {
	if s.l == nil {
		return 1
	}
	r := float64(s.l.get) / float64(s.l.give)
	if s.l.blockEvery > 0 && s.most >= s.l.blockEvery {
		r += float64(s.l.blockExtra) / float64(s.l.blockEvery)
	}
	return r * float64(100+s.l.percent) / 100 * float64(s.scale)
}

// price is the least that a point can cost that it brings.
func (s *source) price() float64 { return (float64(s.value) + s.feeRate()) / s.rate() }

// feeRate is the least fee for a point: fees with a maximum are the lower for a
// point the more is sent.
func (s *source) feeRate() float64 {
	if s.most == 0 {
		return 0
	}
	return float64(s.fee(s.most)) / float64(s.most)
}

// bound sets the limits of what can be sent out of available points, of which no
// more than need has to arrive.
func (s *source) bound(available, need int64) {
	s.least, s.most, s.grain = 1, available, 1
	if s.l != nil {
		s.least = s.l.step(max(s.l.minimum, 1))
		s.most = available / s.l.increment * s.l.increment
		s.grain = s.l.grain() * s.scale
	}
	s.most = min(s.most, s.enough(need, s.most))
	if s.most < s.least {
		s.most = 0
	}
}

// enough is the least amount up to most that brings the need, most if none does.
func (s *source) enough(need, most int64) int64 {
	increment := int64(1)
	if s.l != nil {
		increment = s.l.increment
	}
	if most < s.least {
		return most
	}
	n := (most - s.least) / increment
	at := sort.Search(int(n), func(i int) bool { return s.receive(s.least+int64(i)*increment) >= need })
	return s.least + int64(at)*increment
}

// split divides the amounts into strands. It gives up above the limit.
func (s *source) split() bool {
	if s.l == nil {
		s.gain = 1
		s.strands = []strand{{every: 1, count: s.most, price: s.value}}
		return true
	}
	l := s.l
	blocks := l.blockEvery > 0 && s.most >= l.blockEvery
	every, spans := l.period(blocks, s.most), int64(1)
	if blocks {
		without := l.period(false, s.most)
		if n := s.most/l.blockEvery + 1; n*min(without, l.blockEvery) < min(every, s.most) {
			every, spans = without, n
		}
	}
	if spans*min(every, s.most)/l.increment > strandLimit {
		return false
	}
	s.gain = 1
	if every <= s.most {
		s.gain = s.receive(every)
		if spans > 1 {
			got := every * l.get / l.give
			s.gain = (got + got*l.percent/100) * s.scale
		}
	}
	capped := int64(math.MaxInt64)
	if l.feeMaximum > 0 && l.feePerPoint > 0 {
		capped = l.step((l.feeMaximum + l.feePerPoint - 1) / l.feePerPoint)
	}
	span := func(from, to int64, atMaximum int) {
		price := every * s.value
		if atMaximum == 0 {
			price += every * l.feePerPoint
		}
		for first := from; first <= to && first < from+every; first += l.increment {
			s.strands = append(s.strands, strand{first, every, (to - first) / every, s.receive(first), s.costs(first), price, atMaximum})
		}
	}
	low := s.least
	if low == l.increment {
		low = 0
	} else {
		s.strands = append(s.strands, strand{every: every})
	}
	for low <= s.most {
		high := s.most
		if spans > 1 {
			high = min(high, l.step(low/l.blockEvery*l.blockEvery+l.blockEvery)-l.increment)
		}
		if low < capped {
			high = min(high, capped-l.increment)
			span(low, high, 0)
		} else {
			span(low, high, 1)
		}
		low = high + l.increment
	}
	return true
}

// newFunder sets the search up, without detours over some links.
func newFunder(p *problem, without []int) *funder {
	s := &funder{p: p, left: slices.Clone(p.balances), limit: nodeLimit, cutoff: math.Inf(1),
		sent: make([]int64, len(p.links)), brought: make([]int64, len(p.links))}
	s.covers = append(s.covers, cover{currency: p.target, need: p.need})
	direct := make([]int, len(p.balances)) // the link to the target, -1 is none
	for i := range direct {
		direct[i] = -1
	}
	for i := range p.links {
		if l := &p.links[i]; l.to == p.target && l.from != p.target && direct[l.from] < 0 {
			direct[l.from] = i
		}
	}
	var paths []*source
	for i := range p.links {
		l := &p.links[i]
		if slices.Contains(without, i) || l.to == p.target || l.from == p.target || p.balances[l.from] == 0 || direct[l.from] >= 0 || direct[l.to] < 0 ||
			slices.ContainsFunc(paths, func(o *source) bool { return o.from == l.from && o.l.to == l.to }) {
			continue
		}
		d := &source{from: l.from, link: i, l: l, onward: -1, scale: 1, value: p.values[l.from]}
		if onward := &p.links[direct[l.to]]; onward.through() {
			d.onward, d.scale = direct[l.to], onward.receive(1)
		}
		paths = append(paths, d)
	}
	paths = undominated(paths)
	uses := make([]int, len(p.balances))
	for _, d := range paths {
		uses[d.from]++
	}
	for _, d := range paths {
		if uses[d.from] > 1 {
			s.forks = append(s.forks, d)
		}
	}
	for from, i := range direct {
		if i >= 0 {
			s.feed(&source{from: from, link: i, l: &p.links[i], onward: -1, scale: 1, value: p.values[from]}, paths, uses)
		}
	}
	own := &source{from: p.target, link: -1, onward: -1, scale: 1, value: p.values[p.target]}
	own.bound(p.balances[p.target], p.need)
	s.add(0, own, false)
	for _, d := range paths {
		if d.onward >= 0 {
			d.bound(p.balances[d.from], p.need)
			s.add(0, d, uses[d.from] > 1)
		}
	}
	s.order()
	s.price()
	for k := range s.covers {
		s.covers[k].classify()
	}
	for i, v := range p.values {
		if p.balances[i] > 0 {
			s.unit = gcd(s.unit, v)
		}
	}
	for i := range p.links {
		s.unit = gcd(gcd(s.unit, p.links[i].feePerPoint), p.links[i].feeMaximum)
	}
	s.unit = max(s.unit, 1)
	return s
}

// undominated leaves out detours for which another from the same balance does at
// least as well whatever is sent; of two that do equally well the first stays.
func undominated(paths []*source) []*source {
	var kept []*source
	for i, d := range paths {
		worse := false
		for j, o := range paths {
			worse = worse || i != j && o.serves(d) && (j < i || !d.serves(o))
		}
		if !worse {
			kept = append(kept, d)
		}
	}
	return kept
}

// serves reports whether all that detour d carries may as well go over this one.
func (s *source) serves(d *source) bool {
	a, b := s.l, d.l
	if s.from != d.from || s.onward < 0 || d.onward < 0 || b.increment%a.increment != 0 || a.minimum > max(b.minimum, b.increment) {
		return false
	}
	if a.feePerPoint != 0 && (a.feePerPoint != b.feePerPoint || a.feeMaximum != b.feeMaximum) {
		return false
	}
	if b.blockEvery > 0 && (a.blockEvery != b.blockEvery || a.blockExtra < b.blockExtra) {
		return false
	}
	even := a.increment*a.get%a.give == 0 // nothing is lost in rounding
	if (even || a.give == b.give) && a.get*b.give >= b.get*a.give && a.percent >= b.percent && s.scale >= d.scale {
		return true
	}
	return b.blockEvery == 0 && a.period(false, a.increment) == a.increment &&
		a.get*(100+a.percent)*s.scale*b.give >= b.get*(100+b.percent)*d.scale*a.give
}

// feed adds a link to the target, and where detours lead to its beginning the
// cover that they fill.
func (s *funder) feed(d *source, paths []*source, uses []int) {
	available := s.p.balances[d.from]
	var in []*source
	for _, path := range paths {
		if path.onward < 0 && path.l.to == d.from {
			path.bound(s.p.balances[path.from], math.MaxInt64)
			if path.most > 0 {
				available += path.receive(path.most)
				in = append(in, path)
			}
		}
	}
	d.bound(available, s.p.need)
	if len(in) == 0 {
		s.add(0, d, false)
		return
	}
	if d.most == 0 {
		return
	}
	d.cover, d.value = len(s.covers), 0
	s.covers = append(s.covers, cover{currency: d.from, fed: d})
	s.add(0, d, true)
	own := &source{from: d.from, link: -1, onward: -1, scale: 1, value: s.p.values[d.from]}
	own.bound(s.p.balances[d.from], d.most)
	s.add(d.cover, own, false)
	for _, path := range in {
		path.bound(s.p.balances[path.from], d.most)
		s.add(d.cover, path, uses[path.from] > 1)
	}
}

// add puts a source into a cover. Amounts that depend on other decisions, or do
// not fall into a few strands, are tried one by one.
func (s *funder) add(into int, d *source, oneByOne bool) {
	if d.most == 0 {
		return
	}
	d.into, d.pieces, d.pool = into, [4]int{-1, -1, -1, -1}, -1
	if !d.split() {
		d.strands = nil
	}
	if oneByOne {
		d.spare, d.strands = d.strands, nil
	} else if len(d.strands) == 1 {
		d.now = &d.strands[0]
	}
	s.covers[into].sources = append(s.covers[into].sources, d)
}

// price sets up the pieces of the bound.
func (s *funder) price() {
	top := &s.covers[0]
	pool := func(d *source, price, rate float64) int { // of a balance, on its way to the target
		for i := range top.pieces {
			if pc := &top.pieces[i]; pc.currency == d.from {
				pc.price, pc.rate, pc.open = min(pc.price, price), max(pc.rate, rate), pc.open+1
				return i
			}
		}
		return top.piece(piece{currency: d.from, price: price, rate: rate, open: 1})
	}
	for k := range s.covers {
		c := &s.covers[k]
		for _, d := range c.sources {
			rate := d.rate()
			price := d.price()
			switch {
			case d.cover > 0:
				d.pool = pool(d, (float64(s.p.values[d.from])+d.feeRate())/rate, rate)
			case (d.strands == nil || d.limited) && k == 0:
				d.pool = pool(d, price, rate)
			case d.strands == nil || d.limited:
				d.pieces[undecided] = c.piece(piece{currency: d.from, price: price, rate: rate, open: 1})
			}
			if d.strands != nil {
				c.strandPieces(d, price, rate)
			}
			if k > 0 && d.l != nil {
				onward := c.fed.rate()
				d.pool = pool(d, (price+c.fed.feeRate())/onward, rate*onward)
			}
		}
	}
	for k := range s.covers {
		s.covers[k].sort(s.covers)
	}
}

// strandPieces adds the pieces of a source with strands, before and after the
// choice among them.
func (c *cover) strandPieces(d *source, price, rate float64) {
	if len(d.strands) > 1 && !d.limited {
		all := d.receive(d.most)
		first := all
		if l := d.l; l.blockEvery > 0 && d.most >= l.blockEvery { // what is beyond the last block comes dearer
			upTo := d.most / l.blockEvery * l.blockEvery
			plain := float64(l.get) / float64(l.give) * float64(100+l.percent) / 100 * float64(d.scale)
			got := upTo*l.get + upTo/l.blockEvery*l.blockExtra*l.give
			if got%l.give == 0 && got/l.give*l.percent%100 == 0 {
				first = min(all, d.receive(upTo))
				d.whole[undecidedRest] = float64(all - first)
				d.pieces[undecidedRest] = c.piece(piece{currency: -1, price: price * rate / plain, cap: float64(all - first)})
			}
		}
		d.whole[undecided] = float64(first)
		d.pieces[undecided] = c.piece(piece{currency: -1, price: price, cap: float64(first)})
	}
	for i := range d.strands {
		st := &d.strands[i]
		if role := decided + st.capped; st.count > 0 && d.pieces[role] < 0 {
			d.pieces[role] = c.piece(piece{currency: -1, price: float64(st.price) / float64(d.gain)})
		}
	}
	if d.now != nil && d.now.count > 0 {
		c.pieces[d.pieces[decided+d.now.capped]].cap = float64(d.now.count * d.gain)
	}
}

func (c *cover) piece(pc piece) int {
	pc.id = len(c.pieces)
	c.pieces = append(c.pieces, pc)
	return pc.id
}

// sort puts the pieces in order of price.
func (c *cover) sort(covers []cover) {
	slices.SortStableFunc(c.pieces, func(a, b piece) int { return cmp.Compare(a.price, b.price) })
	at := make([]int, len(c.pieces))
	for i := range c.pieces {
		at[c.pieces[i].id] = i
	}
	for _, d := range c.sources {
		for role, i := range d.pieces {
			if i >= 0 {
				d.pieces[role] = at[i]
			}
		}
	}
	if c.fed != nil {
		return
	}
	for k := range covers {
		for _, d := range covers[k].sources {
			if d.pool >= 0 {
				d.pool = at[d.pool]
			}
		}
	}
}

// classify sets up the classes.
func (c *cover) classify() {
	for _, d := range c.sources {
		for i := range d.strands {
			st := &d.strands[i]
			if st.count == 0 {
				continue
			}
			at := slices.IndexFunc(c.classes, func(cl class) bool { return cl.gain == d.gain })
			if at < 0 {
				at = len(c.classes)
				c.classes = append(c.classes, class{gain: d.gain})
			}
			cl := &c.classes[at]
			if !slices.ContainsFunc(cl.members, func(m member) bool { return m.source == d && m.capped == st.capped }) {
				cl.members = append(cl.members, member{d, st.price, st.capped})
			}
		}
	}
	slices.SortFunc(c.classes, func(a, b class) int { return cmp.Compare(b.gain, a.gain) })
	for i := len(c.classes) - 1; i >= 0; i-- {
		cl := &c.classes[i]
		// Far from where the bound is least, some of this class and some of another
		// bring the same: to exchange them leads back and costs nothing.
		cl.window = 3
		for _, later := range c.classes[i+1:] {
			cl.window += later.gain / gcd(later.gain, cl.gain)
		}
		if i+1 < len(c.classes) {
			cl.grain = gcd(c.classes[i+1].grain, c.classes[i+1].gain)
		}
		slices.SortStableFunc(cl.members, func(a, b member) int {
			return cmp.Or(cmp.Compare(a.price, b.price), cmp.Compare(b.source.most, a.source.most))
		})
	}
}

// order lines the decisions up: what is filled over detours first, with its
// detours, then the rest, always the coarser first.
func (s *funder) order() {
	decide := func(k int) {
		var open []*source
		for _, d := range s.covers[k].sources {
			if d.now == nil && d.cover == 0 {
				open = append(open, d)
			}
		}
		slices.SortStableFunc(open, func(a, b *source) int {
			one := func(d *source) int { return min(len(d.strands), 1) } // one by one first: their cost is the least certain
			if one(a) == 0 && one(b) == 0 {
				return cmp.Compare(b.price(), a.price()) // so that the last of a balance is the best
			}
			return cmp.Or(cmp.Compare(one(a), one(b)), cmp.Compare(b.receive(b.least), a.receive(a.least)))
		})
		for _, d := range open {
			s.steps = append(s.steps, step{source: d, cover: k})
		}
		s.steps = append(s.steps, step{cover: k})
	}
	var fed []*source
	for k := range s.covers[1:] {
		fed = append(fed, s.covers[k+1].fed)
	}
	slices.SortStableFunc(fed, func(a, b *source) int { return cmp.Compare(b.grain, a.grain) })
	for _, d := range fed {
		at := len(s.steps)
		s.steps = append(s.steps, step{source: d})
		decide(d.cover)
		s.steps[at].after = len(s.steps)
	}
	decide(0)
	for i := range s.steps {
		d := s.steps[i].source
		if d == nil || d.strands != nil || d.cover > 0 {
			continue
		}
		last := !slices.ContainsFunc(s.steps[i+1:], func(later step) bool {
			return later.source != nil && later.source.cover == 0 && later.source.from == d.from
		})
		if last && d.spare != nil {
			d.strands, d.limited = d.spare, true
		} else if !last {
			s.covers[d.into].shared = true
		}
	}
	for i := range s.steps {
		s.steps[i].grain = max(s.grain(0, i), 1)
		s.steps[i].inner = max(s.grain(s.steps[i].cover, i), 1)
	}
}

// grain divides what can still come into a cover before decision i.
func (s *funder) grain(k, i int) int64 {
	g := int64(0)
	for _, d := range s.covers[k].sources {
		taken := slices.IndexFunc(s.steps[:i], func(st step) bool { return st.source == d }) >= 0
		switch {
		case d.strands == nil && !taken:
			g = gcd(g, d.grain)
		case d.strands != nil && !taken && d.now == nil:
			g = gcd(g, d.grain)
		case d.strands != nil && slices.ContainsFunc(d.strands, func(st strand) bool { return st.count > 0 }):
			g = gcd(g, d.gain)
		}
	}
	return g
}

// impossible is above any cost. What cannot be had is priced beyond it, the higher
// the more is missing, so that the bound stays convex.
const impossible = 1e20

// fill is the least that bringing the need can cost, without regard to steps.
func (s *funder) fill(c *cover, need float64) float64 {
	cost := 0.0
	for i := range c.pieces {
		if need <= 0 {
			return cost
		}
		pc := &c.pieces[i]
		most := pc.cap
		if pc.currency >= 0 {
			if pc.open == 0 {
				continue
			}
			most = float64(s.left[pc.currency])*pc.rate*(1+1e-12) + 1e-9
		}
		if most > 0 {
			most = min(most, need)
			cost += most * pc.price
			need -= most
		}
	}
	if need > 1e-6 {
		cost += need * impossible * 1e8
	}
	return cost
}

// lower is the least that a solution can cost, before decision i.
func (s *funder) lower(i int) float64 {
	s.count()
	st := &s.steps[i]
	cost := float64(s.cost) + s.fill(&s.covers[0], float64(roundUp(s.covers[0].need, st.grain)))
	if s.inner > 0 {
		c := &s.covers[s.inner]
		in := s.fill(c, float64(roundUp(c.need, st.inner)))
		if c.outdone(float64(s.cost)+in, s.unit) {
			return 2 * impossible
		}
		cost += in
	}
	return cost
}

// outdone reports whether a cheaper way to fill the cover is known. Which it is
// does not matter to the rest unless balances are shared.
func (c *cover) outdone(cost float64, unit int64) bool {
	return !c.shared && cost*(1-1e-12) > float64(c.least)-float64(unit)+1e-3
}

func (s *funder) count() {
	if s.nodes++; s.nodes >= s.limit {
		s.stopped = true
	}
}

// closed reports whether nothing better than the best is to be had at a bound. It
// leaves room for rounding; costs are multiples of the unit.
func (s *funder) closed(bound float64) bool {
	return s.stopped || bound > impossible || bound*(1-1e-12) > s.cutoff+1e-3
}

func roundUp(n, unit int64) int64 {
	if n <= 0 {
		return n
	}
	return (n + unit - 1) / unit * unit
}

// run searches. Where balances can be split over several detours and that takes
// long, it looks in between for a good solution that splits none.
func (s *funder) run() {
	s.floor = s.lower(0)
	whole := s.limit
	if len(s.forks) > 0 {
		s.limit = whole / 4
	}
	s.tree()
	if s.limit < whole && s.stopped {
		s.unsplit()
		s.limit, s.stopped = whole, false
		s.tree()
	}
	if s.stopped && s.found {
		s.best.gap = max(s.best.cost-int64(math.Ceil(s.floor*(1-1e-12)-1e-3)), 0)
	} else if s.stopped {
		s.best.gap = math.MaxInt64
	}
}

// tree goes through all decisions.
func (s *funder) tree() {
	for _, s.plain = range []bool{true, false} {
		if !s.closed(s.floor) {
			s.visit(0)
		}
	}
}

// unsplit chooses one detour for each balance, and changes one choice at a time as
// long as that is of use.
func (s *funder) unsplit() {
	chosen := map[int]*source{} // by balance
	for _, d := range s.forks {
		if now := chosen[d.from]; now == nil || d.reach(s) > now.reach(s) {
			chosen[d.from] = d
		}
	}
	try := func() float64 {
		var without []int
		for i := range s.p.links {
			if d := chosen[s.p.links[i].from]; d != nil && d.link != i {
				without = append(without, i)
			}
		}
		one := newFunder(s.p, without)
		one.limit = max(s.limit/20, 1)
		one.floor = one.lower(0)
		one.tree()
		if !one.found {
			return max(one.floor, impossible)
		}
		if !s.found || one.best.cost < s.best.cost {
			one.best.gap = 0
			s.found, s.best, s.cutoff = true, one.best, float64(one.best.cost-s.unit)
		}
		return float64(one.best.cost)
	}
	least := try()
	for again := true; again; {
		again = false
		for _, d := range s.forks {
			was := chosen[d.from]
			if was == d {
				continue
			}
			chosen[d.from] = d
			if cost := try(); cost < least {
				least, again = cost, true
			} else {
				chosen[d.from] = was
			}
		}
	}
}

// reach is the most that a point of a detour brings to the target.
func (s *source) reach(f *funder) float64 {
	if s.into > 0 {
		return s.rate() * f.covers[s.into].fed.rate()
	}
	return s.rate()
}

func (s *funder) visit(i int) {
	st := &s.steps[i]
	switch {
	case st.source == nil:
		s.share(i, 0)
	case st.source.strands == nil:
		s.amounts(i)
	default:
		s.choose(i)
	}
}

// enter visits decision i if something better may come of it.
func (s *funder) enter(i int) {
	if !s.closed(s.lower(i)) {
		s.visit(i)
	}
}

// choose tries the strands of a source, the most promising first.
func (s *funder) choose(i int) {
	d := s.steps[i].source
	if d.limited {
		s.open(d, -1)
		defer s.open(d, 1)
	}
	first, least := -1, math.Inf(1)
	for j := range d.strands {
		if !s.begin(d, &d.strands[j]) {
			continue
		}
		if b := s.lower(i + 1); b < least {
			first, least = j, b
		}
		s.undo(d)
	}
	if first < 0 || s.closed(least) {
		return
	}
	for j := -1; j < len(d.strands) && !s.stopped; j++ {
		at := j
		if j < 0 {
			at = first
		} else if j == first {
			continue
		}
		if s.begin(d, &d.strands[at]) {
			s.enter(i + 1)
			s.undo(d)
		}
	}
}

// begin takes up a strand, as far as the balance goes.
func (s *funder) begin(d *source, st *strand) bool {
	d.now = st
	if d.limited {
		if st.first > s.left[d.from] {
			d.now = nil
			return false
		}
		d.current = *st
		d.current.count = min(st.count, (s.left[d.from]-st.first)/st.every)
		d.now = &d.current
	}
	c := &s.covers[d.into]
	c.need -= st.received
	s.cost += st.cost
	d.set(c, false)
	return true
}

func (s *funder) undo(d *source) {
	c := &s.covers[d.into]
	c.need += d.now.received
	s.cost -= d.now.cost
	d.now = nil
	d.set(c, false)
}

// set gives the pieces of a source their capacities. Those of a source that is
// shared out have none.
func (d *source) set(c *cover, shared bool) {
	for role, at := range d.pieces {
		if at < 0 || c.pieces[at].currency >= 0 {
			continue
		}
		pc := &c.pieces[at]
		pc.cap = 0
		switch {
		case shared:
		case d.now == nil && role < decided:
			pc.cap = d.whole[role]
		case d.now != nil && role == decided+d.now.capped:
			pc.cap = float64(d.now.count * d.gain)
		}
	}
}

// around tries the numbers from 0 to n at which the bound, which must be convex,
// is open, beginning where it is least.
// No more than window numbers on either side are tried.
func (s *funder) around(n, window int64, bound func(int64) float64, try func(int64)) {
	low, high := int64(0), n
	for low < high && !s.stopped {
		middle := low + (high-low)/2
		if bound(middle+1) < bound(middle) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	for i := low; i >= max(low-window, 0) && !s.closed(bound(i)); i-- {
		try(i)
	}
	for i := low + 1; i <= min(low+window, n) && !s.closed(bound(i)); i++ {
		try(i)
	}
}

// amounts tries the amounts of a source one by one.
func (s *funder) amounts(i int) {
	d := s.steps[i].source
	c := &s.covers[d.into]
	s.open(d, -1)
	defer s.open(d, 1)
	available := s.left[d.from]
	if d.cover > 0 {
		for _, in := range s.covers[d.cover].sources {
			if in.l != nil {
				available += in.receive(min(in.most, s.left[in.from]/in.l.increment*in.l.increment))
			}
		}
	}
	most := min(d.most, available/d.l.increment*d.l.increment)
	if c.need <= 0 || most < d.least || s.plain {
		s.send(i, 0)
		return
	}
	most = d.enough(c.need, most)
	none := s.relaxed(d, 0) <= s.relaxed(d, d.least) // the more promising first
	if none {
		s.send(i, 0)
	}
	s.around((most-d.least)/d.l.increment, math.MaxInt32,
		func(n int64) float64 { return s.relaxed(d, d.least+n*d.l.increment) },
		func(n int64) { s.send(i, d.least+n*d.l.increment) })
	if !none && !s.stopped {
		s.send(i, 0)
	}
}

// open changes how many decisions are to come on the balances that a source
// draws on.
func (s *funder) open(d *source, by int) {
	top := s.covers[0].pieces
	if at := d.pieces[undecided]; at >= 0 {
		s.covers[d.into].pieces[at].open += by
	}
	if d.into == 0 && d.pool >= 0 {
		top[d.pool].open += by
	}
	if d.cover > 0 {
		for _, in := range s.covers[d.cover].sources {
			if in.pool >= 0 {
				top[in.pool].open += by
			}
		}
	}
}

// relaxed is the bound for an amount as if the link carried any, evenly.
func (s *funder) relaxed(d *source, sent int64) float64 {
	s.count()
	c := &s.covers[d.into]
	cost := float64(s.cost) + float64(sent)*(float64(d.value)+d.feeRate())
	if d.cover > 0 {
		cost += s.fill(&s.covers[d.cover], float64(sent))
	} else {
		s.left[d.from] -= sent
	}
	cost += s.fill(c, float64(c.need)-float64(sent)*d.rate())
	if d.into > 0 {
		cost += s.fill(&s.covers[0], float64(s.covers[0].need))
	}
	if d.cover == 0 {
		s.left[d.from] += sent
	}
	return cost
}

// send goes on with an amount of a source.
func (s *funder) send(i int, sent int64) {
	d := s.steps[i].source
	c := &s.covers[d.into]
	received, cost, next := d.receive(sent), d.costs(sent), i+1
	c.need -= received
	s.cost += cost
	d.amount = sent
	if d.cover == 0 {
		s.left[d.from] -= sent
	} else if sent > 0 {
		s.inner = d.cover
		s.covers[d.cover].need, s.covers[d.cover].least = sent, math.MaxInt64
	} else {
		next = s.steps[i].after
	}
	s.enter(next)
	if d.cover == 0 {
		s.left[d.from] += sent
	} else {
		s.inner = 0
	}
	c.need += received
	s.cost -= cost
}

// share decides on the classes of a cover, from class at on.
func (s *funder) share(i, at int) {
	c := &s.covers[s.steps[i].cover]
	if c.need <= 0 || at == len(c.classes) {
		if c.need <= 0 {
			for j := range c.classes[at:] {
				c.classes[at+j].n = 0
			}
			s.filled(i)
		}
		return
	}
	cl := &c.classes[at]
	n := (c.need + cl.gain - 1) / cl.gain
	all := int64(0)
	for j := range cl.members {
		all += cl.members[j].count()
	}
	if at == len(c.classes)-1 {
		if n <= all {
			s.take(i, at, n)
		}
		return
	}
	for j := range cl.members {
		cl.members[j].source.set(c, true)
	}
	outside := float64(s.cost)
	if s.inner > 0 {
		outside += s.fill(&s.covers[0], float64(roundUp(s.covers[0].need, s.steps[i].grain)))
	}
	s.around(min(n, all), cl.window, func(n int64) float64 {
		s.count()
		return outside + float64(cl.costs(n)) + s.fill(c, float64(c.need-n*cl.gain))
	}, func(n int64) {
		more := float64(cl.costs(n)) + s.fill(c, float64(roundUp(c.need-n*cl.gain, cl.grain)))
		if !s.closed(outside+more) && (s.inner == 0 || !c.outdone(float64(s.cost)+more, s.unit)) {
			s.take(i, at, n)
		}
	})
	for j := range cl.members {
		cl.members[j].source.set(c, false)
	}
}

// take goes on with a number of a class.
func (s *funder) take(i, at int, n int64) {
	c := &s.covers[s.steps[i].cover]
	cl := &c.classes[at]
	cost := cl.costs(n)
	cl.n = n
	c.need -= n * cl.gain
	s.cost += cost
	s.share(i, at+1)
	c.need += n * cl.gain
	s.cost -= cost
}

// costs is what the cheapest n of a class cost.
func (cl *class) costs(n int64) int64 {
	cost := int64(0)
	for j := range cl.members {
		if n <= 0 {
			break
		}
		m := &cl.members[j]
		k := min(n, m.count())
		cost += k * m.price
		n -= k
	}
	return cost
}

// filled goes on when a cover is full. How does not matter to the rest unless
// balances are shared, only for how much.
func (s *funder) filled(i int) {
	k := s.steps[i].cover
	c := &s.covers[k]
	if k == 0 {
		s.record()
		return
	}
	if !c.shared && s.cost >= c.least {
		return
	}
	c.least = s.cost
	s.inner = 0
	s.enter(i + 1)
	s.inner = k
}

// record keeps the solution that stands if it is better than the best.
func (s *funder) record() {
	if s.found && s.cost > s.best.cost {
		return
	}
	clear(s.sent)
	clear(s.brought)
	own, received := int64(0), int64(0)
	for k := range s.covers {
		c := &s.covers[k]
		if c.fed != nil && c.fed.amount == 0 {
			continue
		}
		c.settle()
		for _, d := range c.sources {
			if d.link >= 0 {
				s.sent[d.link] += d.amount
			} else if k == 0 {
				own = d.amount
			}
			if d.onward >= 0 {
				came := d.l.receive(d.amount)
				s.sent[d.onward] += came
				s.brought[d.onward] += came
			}
		}
	}
	count := 0
	for i, sent := range s.sent {
		if sent > 0 {
			count++
			if s.p.links[i].to == s.p.target {
				received += s.p.links[i].receive(sent)
			}
		}
	}
	left := max(received+own-s.p.need, 0)
	for i, came := range s.brought { // what came for nothing may as well stay where it is
		if left > 0 && came > 0 {
			each := s.p.links[i].receive(1)
			stay := min(left/each, came)
			s.sent[i] -= stay
			left -= stay * each
		}
	}
	if s.found && s.cost == s.best.cost && cmp.Or(cmp.Compare(left, s.best.leftover), cmp.Compare(count, len(s.best.transfers))) >= 0 {
		return
	}
	s.found, s.cutoff = true, float64(s.cost-s.unit)
	s.best = solution{transfers: s.best.transfers[:0], ownUsed: own, cost: s.cost, leftover: left}
	for _, last := range []bool{false, true} { // detours first
		for i, sent := range s.sent {
			if sent > 0 && (s.p.links[i].to == s.p.target) == last {
				s.best.transfers = append(s.best.transfers, transfer{i, sent})
			}
		}
	}
}

// settle gives the sources of a cover their amounts.
func (c *cover) settle() {
	for _, d := range c.sources {
		if d.strands != nil {
			d.amount = d.now.first
		}
	}
	for i := range c.classes {
		n := c.classes[i].n
		for j := range c.classes[i].members {
			m := &c.classes[i].members[j]
			k := min(n, m.count())
			m.source.amount += k * m.source.now.every
			n -= k
		}
	}
}
