package awards

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// exhaustive tries every amount on every link, and every amount on at most one
// detour for each balance without a link to the target; it returns the least cost.
func exhaustive(p *problem) (least int64, ok bool) {
	least = math.MaxInt64
	amounts := func(l *link, available int64, yes func(sent, fee int64)) {
		yes(0, 0)
		for sent := l.increment; sent <= available; sent += l.increment {
			if sent >= l.minimum {
				yes(sent, l.fee(sent))
			}
		}
	}
	var send func(i int, own, brought []int64, received, cost int64)
	send = func(i int, own, brought []int64, received, cost int64) {
		if i == len(p.links) {
			if used := max(p.need-received, 0); used <= own[p.target] {
				least, ok = min(least, cost+used*p.values[p.target]), true
			}
			return
		}
		l := &p.links[i]
		if l.to != p.target {
			send(i+1, own, brought, received, cost)
			return
		}
		amounts(l, own[l.from]+brought[l.from], func(sent, fee int64) {
			send(i+1, own, brought, received+l.receive(sent), cost+max(sent-brought[l.from], 0)*p.values[l.from]+fee)
		})
	}
	var feed func(i int, fed map[int]bool, own, brought []int64, cost int64)
	feed = func(i int, fed map[int]bool, own, brought []int64, cost int64) {
		if i == len(p.links) {
			send(0, own, brought, 0, cost)
			return
		}
		l := &p.links[i]
		if l.to == p.target || l.from == p.target || fed[l.from] || p.link(l.from, p.target) != nil {
			feed(i+1, fed, own, brought, cost)
			return
		}
		amounts(l, own[l.from], func(sent, fee int64) {
			if sent == 0 {
				feed(i+1, fed, own, brought, cost)
				return
			}
			o, b, f := slices.Clone(own), slices.Clone(brought), maps.Clone(fed)
			o[l.from] -= sent
			b[l.to] += l.receive(sent)
			f[l.from] = true
			feed(i+1, f, o, b, cost+sent*p.values[l.from]+fee)
		})
	}
	feed(0, map[int]bool{}, slices.Clone(p.balances), make([]int64, len(p.balances)), 0)
	return least, ok
}

// check recomputes a solution from its transfers alone.
func check(t *testing.T, p *problem, s solution) {
	t.Helper()
	own, brought := append([]int64(nil), p.balances...), make([]int64, len(p.balances))
	received, cost := int64(0), int64(0)
	for _, made := range s.transfers {
		l := &p.links[made.link]
		if made.sent < l.minimum || made.sent%l.increment != 0 || made.sent <= 0 {
			t.Fatalf("%d cannot be sent over %+v", made.sent, *l)
		}
		free := int64(0)
		if l.to == p.target { // a chain has two links: what it brought goes on to the target only
			free = min(made.sent, brought[l.from])
		}
		brought[l.from] -= free
		own[l.from] -= made.sent - free
		if own[l.from] < 0 {
			t.Fatalf("more is sent than there is: %+v", s)
		}
		cost += (made.sent-free)*p.values[l.from] + l.fee(made.sent)
		if l.to == p.target {
			received += l.receive(made.sent)
		} else {
			brought[l.to] += l.receive(made.sent)
		}
	}
	own[p.target] -= s.ownUsed
	cost += s.ownUsed * p.values[p.target]
	if own[p.target] < 0 || received+s.ownUsed < p.need || cost != s.cost || s.leftover != max(received-p.need, 0) {
		t.Fatalf("the solution does not add up: received %d, cost %d, %+v of %+v", received, cost, s, *p)
	}
}

// TestSolveIsCheapest compares with the exhaustive search on random problems.
func TestSolveIsCheapest(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	solved := 0
	for range 20000 {
		n := 2 + r.IntN(3)
		p := &problem{need: 1 + r.Int64N(12), balances: make([]int64, n), values: make([]int64, n)}
		for i := range n {
			p.balances[i], p.values[i] = r.Int64N(9), 1+r.Int64N(5)
		}
		for from := range n {
			for to := range n {
				if from == to || from == p.target || r.IntN(3) == 0 {
					continue
				}
				l := link{from: from, to: to, give: 1 + r.Int64N(3), get: 1 + r.Int64N(3), increment: 1 + r.Int64N(3), minimum: r.Int64N(4)}
				if r.IntN(4) == 0 {
					l.blockEvery, l.blockExtra = 2+r.Int64N(4), 1+r.Int64N(2)
				}
				if r.IntN(4) == 0 {
					l.percent = 50
				}
				if r.IntN(4) == 0 {
					l.feePerPoint, l.feeMaximum = 1+r.Int64N(2), r.Int64N(4)
				}
				p.links = append(p.links, l)
			}
		}
		if len(p.links) > 6 {
			p.links = p.links[:6]
		}
		want, possible := exhaustive(p)
		got, ok := p.solve()
		if ok != possible {
			t.Fatalf("solved %v, possible %v: %+v", ok, possible, *p)
		}
		if !ok {
			continue
		}
		solved++
		check(t, p, got)
		if got.cost != want {
			t.Fatalf("got cost %d, least is %d: %+v\n%+v", got.cost, want, got, *p)
		}
	}
	if solved < 3000 {
		t.Errorf("only %d problems had a solution", solved)
	}
}

// TestSolveBlockBonus: 60,000 hotel points bring 20,000 miles and 5,000 on top.
func TestSolveBlockBonus(t *testing.T) {
	p := &problem{target: 0, need: 25000, balances: []int64{0, 100000}, values: []int64{1, 1},
		links: []link{{from: 1, to: 0, give: 3, get: 1, minimum: 3000, increment: 3000, blockEvery: 60000, blockExtra: 5000}}}
	got, ok := p.solve()
	if !ok || got.cost != 60000 || got.leftover != 0 {
		t.Errorf("got %+v, %v", got, ok)
	}
}

func BenchmarkSolve(b *testing.B) {
	p := &problem{target: 0, need: 87_500, balances: []int64{12_000, 90_000, 80_000, 45_000, 60_000, 120_000}, values: []int64{14, 20, 20, 18, 19, 7}}
	for from := 1; from < 5; from++ {
		p.links = append(p.links, link{from: from, to: 0, give: 1, get: 1, minimum: 1000, increment: 1000},
			link{from: from, to: 5, give: 1, get: 1, minimum: 1000, increment: 1000})
	}
	p.links = append(p.links, link{from: 5, to: 0, give: 3, get: 1, minimum: 3000, increment: 3000, blockEvery: 60000, blockExtra: 5000})
	b.ReportAllocs()
	for b.Loop() {
		if s, ok := p.solve(); !ok {
			b.Fatalf("%+v %v", s, ok)
		}
	}
}
