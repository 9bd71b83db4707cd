package awards

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// exhaustive tries every amount on every link into the target, and on every detour
// of balances without one; it returns the least cost.
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
	var feed func(i int, own, brought []int64, cost int64)
	feed = func(i int, own, brought []int64, cost int64) {
		if i == len(p.links) {
			send(0, own, brought, 0, cost)
			return
		}
		l := &p.links[i]
		if l.to == p.target || l.from == p.target || p.link(l.from, p.target) != nil {
			feed(i+1, own, brought, cost)
			return
		}
		amounts(l, own[l.from], func(sent, fee int64) {
			own[l.from] -= sent
			brought[l.to] += l.receive(sent)
			feed(i+1, own, brought, cost+sent*p.values[l.from]+fee)
			own[l.from] += sent
			brought[l.to] -= l.receive(sent)
		})
	}
	feed(0, slices.Clone(p.balances), make([]int64, len(p.balances)), 0)
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

// small makes up a problem that the exhaustive search can solve.
func small(r *rand.Rand) *problem {
	n := 2 + r.IntN(4)
	most := []int64{60, 25, 14, 8}[n-2]
	p := &problem{target: r.IntN(n), need: 1 + r.Int64N(2*most), balances: make([]int64, n), values: make([]int64, n)}
	for i := range n {
		p.balances[i], p.values[i] = max(r.Int64N(most+3)-2, 0), r.Int64N(6)
		if r.IntN(2) == 0 {
			p.values[i] = 2 // ties
		}
	}
	for from := range n {
		for to := range n {
			if from == to || from == p.target || r.IntN(3) == 0 || len(p.links) == 6 {
				continue
			}
			l := link{from: from, to: to, give: 1 + r.Int64N(4), get: 1 + r.Int64N(4), increment: 1 + r.Int64N(4), minimum: r.Int64N(7)}
			if r.IntN(2) == 0 {
				l.give, l.increment, l.minimum = 1, 1, r.Int64N(3)
			}
			if r.IntN(3) == 0 {
				l.blockEvery, l.blockExtra = 2+r.Int64N(6), 1+r.Int64N(3)
			}
			if r.IntN(3) == 0 {
				l.percent = []int64{10, 15, 20, 25, 30, 33, 50, 100}[r.IntN(8)]
			}
			if r.IntN(3) == 0 {
				l.feePerPoint, l.feeMaximum = 1+r.Int64N(3), r.Int64N(12)
			}
			p.links = append(p.links, l)
		}
	}
	r.Shuffle(len(p.links), func(i, j int) { p.links[i], p.links[j] = p.links[j], p.links[i] })
	return p
}

// TestSolveIsCheapest compares with the exhaustive search on random problems.
func TestSolveIsCheapest(t *testing.T) {
	solved, detours, most := 0, 0, 0
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 11))
		for range 1000 {
			p := small(r)
			want, possible := exhaustive(p)
			s := newFunder(p, nil)
			s.run()
			most = max(most, s.nodes)
			got, ok := s.best, s.found
			if ok != possible || got.gap != 0 {
				t.Fatalf("solved %v, possible %v, gap %d: %+v", ok, possible, got.gap, *p)
			}
			if !ok {
				continue
			}
			solved++
			check(t, p, got)
			if got.cost != want {
				t.Fatalf("got cost %d, least is %d: %+v\n%+v", got.cost, want, got, *p)
			}
			if slices.ContainsFunc(got.transfers, func(made transfer) bool { return p.links[made.link].to != p.target }) {
				detours++
			}
		}
	}
	t.Logf("%d problems have a solution, %d with a detour; %d nodes at most", solved, detours, most)
	if solved < 10000 || detours < 1000 {
		t.Errorf("only %d problems had a solution, %d with a detour", solved, detours)
	}
}

// large makes up a problem like those that are asked: banks with and without a
// link to the target, hotels with blocks, bonuses, fees and unknown increments.
func large(r *rand.Rand) *problem {
	banks, middles := 3+r.IntN(6), 1+r.IntN(3)
	n := 1 + middles + banks
	p := &problem{need: 1 + r.Int64N(400_000), balances: make([]int64, n), values: make([]int64, n)}
	for i := range n {
		p.balances[i], p.values[i] = r.Int64N(200_000), []int64{20_000, 20_500, 18_000, 15_000, 7_000 + 100*r.Int64N(100)}[r.IntN(5)]
	}
	for from := 1; from <= middles; from++ {
		p.links = append(p.links, []link{
			{from: from, give: 1, get: 1, increment: 1},
			{from: from, give: 3, get: 1, minimum: 3000, increment: 3000, blockEvery: 60000, blockExtra: 5000},
			{from: from, give: 10, get: 1, minimum: 10000, increment: 1000},
		}[r.IntN(3)])
	}
	for from := middles + 1; from < n; from++ {
		steps := []link{
			{from: from, give: 1, get: 1, minimum: 1000, increment: 1000},
			{from: from, give: 1, get: 1, increment: 1},
			{from: from, give: 1, get: 1, minimum: 1000, increment: 1},
			{from: from, give: 5, get: 4, increment: 250, feePerPoint: 600, feeMaximum: 99_000_000},
		}[r.IntN(4)]
		if r.IntN(2) == 0 {
			p.links = append(p.links, steps)
		} else {
			steps.to = 1 + r.IntN(middles)
			p.links = append(p.links, steps)
			if other := 1 + r.IntN(middles); r.IntN(3) == 0 && other != steps.to {
				steps.to = other
				p.links = append(p.links, steps)
			}
		}
		if last := &p.links[len(p.links)-1]; r.IntN(3) == 0 {
			last.percent = []int64{10, 15, 20, 25, 30, 40, 50}[r.IntN(7)]
		}
	}
	return p
}

// TestSolveAddsUp recomputes what is found for problems of the size that is asked.
func TestSolveAddsUp(t *testing.T) {
	solved, unproven, total, most := 0, 0, 0, 0
	r := rand.New(rand.NewPCG(3, 5))
	const problems = 3000
	for range problems {
		p := large(r)
		s := newFunder(p, nil)
		s.run()
		total, most = total+s.nodes, max(most, s.nodes)
		if s.stopped {
			unproven++
		}
		if !s.found {
			continue
		}
		solved++
		check(t, p, s.best)
		if s.best.gap > 0 && !s.stopped || s.best.gap < 0 || s.best.gap > s.best.cost {
			t.Fatalf("gap %d of %d", s.best.gap, s.best.cost)
		}
	}
	t.Logf("%d of %d solved, %d not proven; %d nodes on average, %d at most", solved, problems, unproven, total/problems, most)
	if solved < problems/4 || unproven > problems/50 {
		t.Errorf("%d of %d solved, %d not proven", solved, problems, unproven)
	}
}

// TestSolveUnknownIncrements: steps of one point over hundreds of thousands are
// not gone through one by one.
func TestSolveUnknownIncrements(t *testing.T) {
	one := func(from, to int, percent int64) link {
		return link{from: from, to: to, give: 1, get: 1, increment: 1, percent: percent}
	}
	third := link{from: 1, to: 0, give: 3, get: 1, increment: 3, blockEvery: 60000, blockExtra: 5000}
	for name, test := range map[string]struct {
		p     problem
		cost  int64
		ok    bool
		nodes int
	}{
		"one link": {problem{need: 400_000, balances: []int64{0, 400_000}, values: []int64{1, 1}, links: []link{one(1, 0, 0)}}, 400_000, true, 10},
		"too much": {problem{need: 400_001, balances: []int64{0, 400_000}, values: []int64{1, 1}, links: []link{one(1, 0, 0)}}, 0, false, 10},
		"three alike with a bonus": {problem{need: 1_000_001, balances: []int64{0, 400_000, 400_000, 400_000}, values: []int64{1, 1, 1, 1},
			links: []link{one(1, 0, 30), one(2, 0, 30), one(3, 0, 30)}}, 769_232, true, 1000},
		"detours over three alike": {problem{need: 500_000, balances: []int64{0, 0, 0, 0, 400_000, 400_000}, values: []int64{1, 1, 1, 1, 1, 1},
			links: []link{one(1, 0, 0), one(2, 0, 0), one(3, 0, 0), one(4, 1, 0), one(4, 2, 0), one(4, 3, 0), one(5, 1, 0), one(5, 2, 0), one(5, 3, 0)}}, 500_000, true, 10},
		// 6 blocks are 150,000 and 3:1 without a block 13,333; the rest are its own.
		"blocks": {problem{need: 170_000, balances: []int64{400_000, 400_000}, values: []int64{5, 1}, links: []link{third}}, 400_000 - 1 + 5*6667, true, 100},
	} {
		t.Run(name, func(t *testing.T) {
			s := newFunder(&test.p, nil)
			s.run()
			if s.found != test.ok || s.best.cost != test.cost || s.best.gap != 0 {
				t.Errorf("got %+v, %v, want cost %d, %v", s.best, s.found, test.cost, test.ok)
			}
			if s.found {
				check(t, &test.p, s.best)
			}
			if t.Logf("%d nodes", s.nodes); s.nodes > test.nodes {
				t.Errorf("%d nodes, more than %d", s.nodes, test.nodes)
			}
		})
	}
}

// TestSolveStops: a search that is cut short says by how much another solution
// might be cheaper, and is right.
func TestSolveStops(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	stopped := 0
	for range 2000 {
		p := large(r)
		whole, ok := p.solve()
		if !ok || whole.gap > 0 {
			continue
		}
		for _, limit := range []int{1, 2, 5, 20, 100} {
			s := newFunder(p, nil)
			s.limit = limit
			s.run()
			if s.found && (s.best.cost < whole.cost || s.best.cost-s.best.gap > whole.cost) {
				t.Fatalf("cost %d, gap %d, the least is %d", s.best.cost, s.best.gap, whole.cost)
			}
			if !s.found && s.best.gap == 0 {
				t.Fatal("a search that was cut short says that there is no solution")
			}
			if s.found && s.best.gap > 0 {
				stopped++
			}
		}
	}
	if stopped < 100 {
		t.Errorf("only %d searches were cut short", stopped)
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

// BenchmarkSolve8Sources3Bonuses: eight banks and hotels with a link to the
// target, three of them with a timed bonus, one with a block bonus, one with a
// fee, two with unknown increments, and two banks that reach it over the hotel.
func BenchmarkSolve8Sources3Bonuses(b *testing.B) {
	p := &problem{target: 0, need: 287_500, balances: []int64{12_345, 90_000, 80_000, 45_000, 60_000, 120_000, 33_333, 51_000, 25_000, 40_000, 70_000},
		values: []int64{14_000, 20_000, 20_500, 18_000, 20_000, 7_000, 15_000, 17_000, 19_000, 16_000, 18_500}}
	for from := 1; from <= 8; from++ {
		p.links = append(p.links, link{from: from, to: 0, give: 1, get: 1, minimum: 1000, increment: 1000})
	}
	p.links[0].percent, p.links[2].percent, p.links[5].percent = 30, 25, 15
	p.links[1].feePerPoint, p.links[1].feeMaximum = 600, 99_000_000
	p.links[4] = link{from: 5, to: 0, give: 3, get: 1, minimum: 3000, increment: 3000, blockEvery: 60000, blockExtra: 5000}
	p.links[5].increment, p.links[6].increment = 1, 1
	p.links[3].give, p.links[3].get, p.links[3].increment = 5, 4, 250
	for _, from := range []int{9, 10} {
		p.links = append(p.links, link{from: from, to: 5, give: 1, get: 1, minimum: 1000, increment: 1000})
	}
	b.ReportAllocs()
	for b.Loop() {
		if s, ok := p.solve(); !ok || s.gap > 0 {
			b.Fatalf("%+v %v", s, ok)
		}
	}
}
