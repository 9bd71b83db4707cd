package awards

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quagmt/udecimal"

	"loyalty-mcp/internal/nearest"
	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// Plan finds the transfers that fund points in a program for the least value
// given up. today is an ISO date. A wrong question is a *schemas.CallError.
func (b *Book) Plan(q *schemas.TransferQuestion, today string) (*schemas.TransferAnswer, error) {
	p := &planner{Book: b, today: today, date: cmp.Or(q.Date, today),
		answer: &schemas.TransferAnswer{Steps: []schemas.TransferStep{}, Alternatives: []schemas.TransferPlan{},
			Sources: []schemas.CitedSource{}, Warnings: []string{}}}
	if err := p.pose(q); err != nil {
		return nil, err
	}
	if err := p.value(q); err != nil {
		return nil, err
	}
	best, ok := p.solve()
	if !ok {
		if best.gap > 0 {
			p.warn(mayBringMore)
		}
		p.explain(q)
		return p.answer, nil
	}
	plan := p.plan(&best)
	p.answer.Affordable = true
	p.answer.Steps, p.answer.OwnUsed, p.answer.Leftover, p.answer.Cost = plan.Steps, plan.OwnUsed, plan.Leftover, plan.Cost
	if best.gap > 0 {
		p.warn(fmt.Sprintf("not proven cheapest: another plan might give up at most %s less", p.amount(best.gap)))
	}
	p.alternatives(&best)
	p.cite(&best)
	return p.answer, nil
}

type planner struct {
	problem // currencies are numbered as the book's ids
	*Book
	today, date string
	stated      []*schemas.Transfer // of each link
	method      string
	inUSD       bool
	ownOnly     bool // no transfers
	answer      *schemas.TransferAnswer
}

func (p *planner) currency(field, id string) (int, error) {
	at, found := slices.BinarySearch(p.ids, id)
	if !found {
		near := nearest.Of(id, p.ids, func(id string) []string { return []string{id, p.facts.Programs[id].Program.Name} })
		for _, known := range p.ids { // the airline's code alone
			if len(near) == 0 && strings.HasPrefix(known, strings.ToUpper(id)+"_") {
				near = append(near, known)
			}
		}
		e := &schemas.CallError{Code: "unknown_program", Field: field, Given: id, Allowed: near, Message: fmt.Sprintf("%s: %q is not a known program", field, id)}
		if len(near) > 0 {
			e.Message += "; did you mean " + strings.Join(near, ", ") + "?"
		}
		return 0, e
	}
	return at, nil
}

// pose turns the question into a problem.
func (p *planner) pose(q *schemas.TransferQuestion) error {
	var err error
	if p.target, err = p.currency("target", q.Target); err != nil {
		return err
	}
	if err := p.hold(q.Balances); err != nil {
		return err
	}
	p.aim(p.target, q.Points)
	return nil
}

// hold sets the balances, and makes room for what points are worth.
func (p *planner) hold(balances []schemas.Balance) error {
	p.balances, p.values = make([]int64, len(p.ids)), make([]int64, len(p.ids))
	for i, b := range balances {
		at, err := p.currency(fmt.Sprintf("balances[%d].program", i), b.Program)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(balances[:i], func(earlier schemas.Balance) bool { return earlier.Program == b.Program }) {
			return &schemas.CallError{Code: "duplicate", Field: fmt.Sprintf("balances[%d].program", i), Given: b.Program,
				Message: fmt.Sprintf("balances[%d].program: %s is given twice: add the balances up", i, b.Program)}
		}
		p.balances[at] = b.Amount
	}
	return nil
}

// aim sets what is needed, and lays out the links that can bring it.
func (p *planner) aim(target int, need int64) {
	p.target, p.need, p.links, p.stated = target, need, nil, nil
	if p.ownOnly {
		return
	}
	// Only links out of what the traveller has, and on to the target, can matter.
	add := func(w *way) {
		if t := w.Transfer; t.EffectiveDate <= p.date && (t.ExpirationDate == "" || p.date <= t.ExpirationDate) {
			p.links = append(p.links, p.linkOf(w.from, w.to, t))
			p.stated = append(p.stated, t)
		}
	}
	for i := range p.to[target] {
		add(&p.to[target][i])
	}
	for from, balance := range p.balances {
		if balance == 0 || from == target {
			continue
		}
		for i := range p.from[from] {
			if w := &p.from[from][i]; w.to != target && slices.ContainsFunc(p.to[target], func(on way) bool { return on.from == w.to }) {
				add(w)
			}
		}
	}
}

func (p *planner) linkOf(from, to int, t *schemas.Transfer) link {
	l := link{from: from, to: to, give: t.Give, get: t.Get, minimum: t.Minimum, increment: max(t.Increment, 1)}
	if t.Increment == 0 {
		l.increment = t.Give // the least that brings whole points
	}
	if t.Block != nil {
		l.blockEvery, l.blockExtra = t.Block.Every, t.Block.Extra
	}
	for _, b := range t.Bonuses {
		if b.From <= p.date && p.date <= b.To {
			l.percent = max(l.percent, int64(b.Percent))
		}
	}
	if t.Fee != nil {
		l.feePerPoint = micro(t.Fee.USDPerPoint.Decimal)
		if t.Fee.MaximumUSD != nil {
			l.feeMaximum = micro(t.Fee.MaximumUSD.Decimal)
		}
	}
	return l
}

var million = udecimal.MustFromInt64(1_000_000, 0)

// micro turns dollars into millionths of one.
func micro(usd udecimal.Decimal) int64 {
	n, err := usd.Mul(million).RoundHAZ(0).Int64()
	if err != nil {
		return 0
	}
	return n
}

// involved are the currencies whose points a plan may use.
func (p *planner) involved() []int {
	var out []int
	for i, balance := range p.balances {
		if balance == 0 {
			continue
		}
		reaches := i == p.target || slices.ContainsFunc(p.links, func(l link) bool {
			return l.from == i && (l.to == p.target || p.link(l.to, p.target) != nil)
		})
		if reaches {
			out = append(out, i)
		}
	}
	return out
}

// value sets what a point of each currency is worth.
func (p *planner) value(q *schemas.TransferQuestion) error {
	involved := p.involved()
	if len(q.CentsPerPoint) > 0 {
		p.inUSD, p.method = true, "the traveller's own valuation"
		for _, i := range involved {
			cents, ok := q.CentsPerPoint[p.ids[i]]
			if !ok {
				field := "centsPerPoint." + p.ids[i]
				return &schemas.CallError{Code: "missing_field", Field: field, Message: field + " must be given: its points may be part of the plan"}
			}
			value, err := ownValue(p.ids[i], cents)
			if err != nil {
				return err
			}
			p.values[i] = value
		}
		return nil
	}
	unvalued := slices.IndexFunc(involved, func(i int) bool { return p.worths[p.ids[i]].micro == 0 })
	if len(involved) > 0 && unvalued < 0 {
		p.inUSD = true
		var methods []string
		for _, i := range involved {
			w := p.worths[p.ids[i]]
			p.values[i] = w.micro
			methods = append(methods, p.ids[i]+" "+w.describe())
			p.citeSources(w.sources)
		}
		p.method = "published valuations: " + strings.Join(methods, "; ")
		return nil
	}
	p.method = "every point counts the same: no valuation on file of one of these programs"
	for _, i := range involved {
		p.values[i] = 1
	}
	for i := range p.links { // dollars cannot be weighed against points
		if p.links[i].feePerPoint > 0 {
			p.links[i].feePerPoint = 0
			p.warn("fees of transfers are not part of the cost, which is in points")
		}
	}
	return nil
}

// plan writes a solution down.
func (p *planner) plan(s *solution) schemas.TransferPlan {
	out := schemas.TransferPlan{Steps: []schemas.TransferStep{}, OwnUsed: s.ownUsed, Leftover: s.leftover, Cost: p.cost(s.cost)}
	// What goes into a currency in the middle comes before what goes out of it.
	made := slices.Clone(s.transfers)
	slices.SortStableFunc(made, func(a, b transfer) int {
		last := func(t transfer) int {
			if p.links[t.link].to == p.target {
				return 1
			}
			return 0
		}
		return last(a) - last(b)
	})
	for _, t := range made {
		l, stated := &p.links[t.link], p.stated[t.link]
		step := schemas.TransferStep{From: p.ids[l.from], To: p.ids[l.to], Send: t.sent, Receive: l.receive(t.sent),
			Ratio: fmt.Sprintf("%d:%d", l.give, l.get), Speed: stated.Speed}
		if l.percent > 0 {
			step.Ratio += fmt.Sprintf(" and %d%% by a timed bonus", l.percent)
		}
		if l.blockEvery > 0 && t.sent >= l.blockEvery {
			step.Ratio += fmt.Sprintf(" and %d for each %d sent", l.blockExtra, l.blockEvery)
		}
		if stated.Fee != nil {
			fee := stated.Fee.USDPerPoint.Mul(udecimal.MustFromInt64(t.sent, 0))
			if most := stated.Fee.MaximumUSD; most != nil && fee.GreaterThan(most.Decimal) {
				fee = most.Decimal
			}
			step.FeeUSD = &schemas.Decimal{Decimal: fee.RoundHAZ(2)}
		}
		out.Steps = append(out.Steps, step)
	}
	return out
}

func (p *planner) cost(micros int64) schemas.TransferCost {
	if !p.inUSD {
		return schemas.TransferCost{Value: schemas.Decimal{Decimal: udecimal.MustFromInt64(micros, 0)}, Unit: "points", Method: p.method}
	}
	return schemas.TransferCost{Value: schemas.Decimal{Decimal: udecimal.MustFromInt64(micros, 6).RoundHAZ(2)}, Unit: "USD", Method: p.method}
}

// amount is a cost in words, rounded up.
func (p *planner) amount(micros int64) string {
	if p.inUSD {
		micros = (micros + 9_999) / 10_000 * 10_000
	}
	cost := p.cost(micros)
	return cost.Value.String() + " " + cost.Unit
}

// alternatives solves for each balance alone, with the target's own.
func (p *planner) alternatives(best *solution) {
	for _, i := range p.involved() {
		if i == p.target {
			continue
		}
		alone := p.problem
		alone.balances = make([]int64, len(p.balances))
		alone.balances[i], alone.balances[p.target] = p.balances[i], p.balances[p.target]
		s, ok := alone.solve()
		if ok && len(s.transfers) > 0 && !slices.Equal(s.transfers, best.transfers) {
			p.answer.Alternatives = append(p.answer.Alternatives, p.plan(&s))
		}
	}
	slices.SortStableFunc(p.answer.Alternatives, func(a, b schemas.TransferPlan) int { return a.Cost.Value.Cmp(b.Cost.Value.Decimal) })
}

const mayBringMore = "it is not proven that no other plan brings more"

// explain says why there is no plan, and how far the balances go.
func (p *planner) explain(q *schemas.TransferQuestion) {
	enough, tooMuch := int64(0), q.Points // the most that can be had, by halving
	for tooMuch-enough > 1 {
		trial := p.problem
		trial.need = (enough + tooMuch) / 2
		s, ok := trial.solve()
		if ok {
			enough = trial.need
		} else {
			tooMuch = trial.need
			if s.gap > 0 {
				p.warn(mayBringMore)
			}
		}
	}
	a := p.answer
	a.Shortfall, a.Cost = q.Points-enough, p.cost(0)
	var from []string
	for i, balance := range p.balances {
		if balance > 0 && i != p.target && !slices.Contains(p.involved(), i) {
			from = append(from, p.ids[i])
		}
	}
	if len(p.involved()) == 0 {
		a.Reason = fmt.Sprintf("no link on file leads from any of the balances to %s on %s", q.Target, p.date)
	} else {
		a.Reason = fmt.Sprintf("the balances bring at most %d of the %d points", enough, q.Points)
	}
	if len(from) > 0 {
		a.Reason += "; no link to it is on file from " + strings.Join(from, ", ")
	}
}

// cite adds the sources of the links used, and what is to be said of them.
func (p *planner) cite(s *solution) {
	for _, t := range s.transfers {
		l, stated := &p.links[t.link], p.stated[t.link]
		name := p.ids[l.from] + " to " + stated.To
		p.citeSources(stated.Sources)
		var parts []string
		if stated.Confidence == "low" || stated.Confidence == "medium" {
			parts = append(parts, stated.Confidence+" confidence")
		}
		if stated.Increment == 0 {
			parts = append(parts, "in which steps points can be sent is not known")
		}
		if stated.Note != "" {
			parts = append(parts, stated.Note)
		}
		if kg.OlderThan(stated.AsOf, p.today, p.facts.Programs[p.ids[l.from]].Program.ReviewDays) {
			parts = append(parts, "last known true on "+stated.AsOf+": check before you transfer")
		}
		if len(parts) > 0 {
			p.warn(name + ": " + strings.Join(parts, "; "))
		}
	}
	if len(s.transfers) > 0 {
		p.warn("transfers cannot be undone: see that the award is there before you make them")
	}
}

func (p *planner) warn(text string) {
	if !slices.Contains(p.answer.Warnings, text) {
		p.answer.Warnings = append(p.answer.Warnings, text)
	}
}

func (p *planner) citeSources(ids []string) {
	for _, id := range ids {
		source := p.facts.Sources[id]
		if source != nil && !slices.Contains(p.answer.Sources, *source) {
			p.answer.Sources = append(p.answer.Sources, *source)
		}
	}
}
