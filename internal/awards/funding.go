// Package awards plans how to pay for award flights with points. It is pure: it
// takes the question and the facts and returns the answer.
package awards

import (
	"cmp"
	"iter"
	"slices"
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

// fee is what the sender pays, in micro-units of value.
func (l *link) fee(sent int64) int64 {
	fee := sent * l.feePerPoint
	if l.feeMaximum > 0 && fee > l.feeMaximum {
		return l.feeMaximum
	}
	return fee
}

// transfer is an amount sent over a link.
type transfer struct {
	link int
	sent int64
}

// problem is a funding problem: points are needed in currency target.
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
}

// solve returns the solution that gives up the least value: points that the
// traveller had, at their values, and fees. ok is false when the balances do not
// suffice.
//
// Points go to the target over one link. From a balance that has no such link
// they may take a detour, a chain of two links over one currency in the middle,
// where they add to what the traveller has there. Within that the solution is
// exact: links share nothing but what they bring, so that frontiers of (received,
// cost), amount by amount, hold every way that can be the cheapest.
func (p *problem) solve() (best solution, ok bool) {
	p.detours(nil, 0, func(chosen []int) {
		if s, found := p.fund(chosen); found && (!ok || better(&s, &best)) {
			best, ok = s, true
		}
	})
	return best, ok
}

// detours calls yes for every choice of at most one detour for each balance that
// has no link to the target.
func (p *problem) detours(chosen []int, from int, yes func(chosen []int)) {
	if from == len(p.balances) {
		yes(chosen)
		return
	}
	p.detours(chosen, from+1, yes)
	if from == p.target || p.balances[from] == 0 || p.link(from, p.target) != nil {
		return
	}
	for i := range p.links {
		if l := &p.links[i]; l.from == from && p.link(l.to, p.target) != nil {
			p.detours(append(slices.Clone(chosen), i), from+1, yes)
		}
	}
}

func (p *problem) link(from, to int) *link {
	at := slices.IndexFunc(p.links, func(l link) bool { return l.from == from && l.to == to })
	if at < 0 {
		return nil
	}
	return &p.links[at]
}

// state is a point of a frontier: what transfers bring, at what cost.
type state struct {
	received, cost int64
	made           []transfer
}

// fund solves the problem for a choice of detours.
func (p *problem) fund(detours []int) (best solution, ok bool) {
	frontier := []state{{}}
	for i := range p.links {
		if p.links[i].to == p.target {
			frontier = combine(frontier, p.over(i, p.brought(detours, i)), p.need)
		}
	}
	for _, s := range frontier {
		own := max(p.need-s.received, 0)
		if own > p.balances[p.target] {
			continue
		}
		candidate := solution{transfers: s.made, ownUsed: own, cost: s.cost + own*p.values[p.target], leftover: max(s.received-p.need, 0)}
		if !ok || better(&candidate, &best) {
			best, ok = candidate, true
		}
	}
	return best, ok
}

// brought is what detours can bring to where a link begins.
func (p *problem) brought(detours []int, onward int) []state {
	l := &p.links[onward]
	enough := l.enough(p.need)
	frontier := []state{{}}
	for _, d := range detours {
		in := &p.links[d]
		if in.to != l.from {
			continue
		}
		states := []state{{}}
		for sent := range in.amounts(p.balances[in.from]) {
			states = append(states, state{in.receive(sent), sent*p.values[in.from] + in.fee(sent), []transfer{{d, sent}}})
			if in.receive(sent) >= enough {
				break
			}
		}
		frontier = combine(frontier, states, enough)
	}
	return frontier
}

// over is what can be sent over a link, given what detours bring to its start:
// that is paid for already, but what is not sent on counts for nothing.
func (p *problem) over(i int, brought []state) []state {
	l := &p.links[i]
	states := []state{{}}
	for _, b := range brought {
		for sent := range l.amounts(p.balances[l.from] + b.received) {
			got := l.receive(sent)
			states = append(states, state{got, b.cost + max(sent-b.received, 0)*p.values[l.from] + l.fee(sent),
				append(slices.Clone(b.made), transfer{i, sent})})
			if got >= p.need {
				break // more of the same only costs more
			}
		}
	}
	return prune(states, p.need)
}

// amounts yields what can be sent out of so many points, the least first.
func (l *link) amounts(available int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for sent := l.step(max(l.minimum, 1)); sent <= available; sent += l.increment {
			if !yield(sent) {
				return
			}
		}
	}
}

// step rounds up to what the link can carry.
func (l *link) step(points int64) int64 {
	return (points + l.increment - 1) / l.increment * l.increment
}

// enough is how many points sent over the link bring the need for certain.
func (l *link) enough(need int64) int64 {
	return l.step(max((need*l.give+l.get-1)/l.get, l.minimum))
}

// combine adds the ways of two frontiers to each other.
func combine(a, b []state, need int64) []state {
	var out []state
	for _, x := range a {
		for _, y := range b {
			out = append(out, state{x.received + y.received, x.cost + y.cost, append(slices.Clone(x.made), y.made...)})
			if len(y.made) > 0 && x.received >= need {
				out = out[:len(out)-1] // enough without
			}
		}
	}
	return prune(out, need)
}

// prune keeps the states that no other beats by bringing at least as much, up to
// the need, for less.
func prune(states []state, need int64) []state {
	over := func(s state) int64 { return max(s.received-need, 0) }
	slices.SortStableFunc(states, func(a, b state) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(min(b.received, need), min(a.received, need)),
			cmp.Compare(over(a), over(b)), cmp.Compare(len(a.made), len(b.made)))
	})
	var kept []state
	most := int64(-1)
	for _, s := range states {
		if capped := min(s.received, need); capped > most {
			most = capped
			kept = append(kept, s)
		}
	}
	return kept
}

// better tells the cheaper solution, or of two equal ones that which leaves less over.
func better(a, b *solution) bool {
	return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.leftover, b.leftover), cmp.Compare(len(a.transfers), len(b.transfers))) < 0
}
