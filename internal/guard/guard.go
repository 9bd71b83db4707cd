// Package guard stands between callers and an engine that may be slow or gone. It
// bounds how long a question takes and how many are asked at once, and after a
// few failures in a row asks only now and then until the engine answers again, so
// that callers, and the other engines, do not wait for one that is not there.
package guard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
	"loyalty-mcp/userprofile"
)

const (
	failures  = 3           // in a row open the circuit
	pause     = time.Second // for which it then stays open
	atOnce    = 24          // questions, of the server's 64 calls
	slotWait  = time.Second
	askWithin = 5 * time.Second
	// Reading or writing all there is takes longer than any question.
	bulkWithin = time.Minute
)

// guard is the state of one engine.
type guard struct {
	breaker     circuitbreaker.CircuitBreaker[any]
	slots       bulkhead.Bulkhead[any]
	unavailable error // what its failures are, to errors.Is
}

func newGuard(unavailable error) *guard {
	return &guard{
		breaker:     circuitbreaker.NewBuilder[any]().WithFailureThreshold(failures).WithSuccessThreshold(1).WithDelay(pause).Build(),
		slots:       bulkhead.New[any](atOnce),
		unavailable: unavailable,
	}
}

// do asks the engine, or says at once that it does not answer.
func do[A any](ctx context.Context, g *guard, within time.Duration, ask func(context.Context) (A, error)) (A, error) {
	var none A
	if err := g.slots.AcquirePermitWithMaxWait(ctx, slotWait); err != nil {
		if ctx.Err() != nil {
			return none, ctx.Err()
		}
		return none, fmt.Errorf("%w: too many questions wait for it", g.unavailable)
	}
	defer g.slots.ReleasePermit()
	if !g.breaker.TryAcquirePermit() {
		return none, fmt.Errorf("%w: it failed moments ago and was not asked", g.unavailable)
	}
	bounded, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	answer, err := ask(bounded)
	late := bounded.Err() != nil && ctx.Err() == nil && err != nil
	if late || errors.Is(err, g.unavailable) {
		g.breaker.RecordFailure()
	} else {
		g.breaker.RecordSuccess() // a caller who left says nothing against the engine
	}
	if late && !errors.Is(err, g.unavailable) {
		return none, fmt.Errorf("%w: no answer within %v", g.unavailable, within)
	}
	return answer, err
}

// Graph guards a graph.
func Graph(g kg.Graph) kg.Graph { return &graph{g, newGuard(kg.ErrUnavailable)} }

type graph struct {
	kg.Graph
	guard *guard
}

func (g *graph) Get(ctx context.Context, ids ...string) ([]kg.Vertex, error) {
	return do(ctx, g.guard, askWithin, func(ctx context.Context) ([]kg.Vertex, error) { return g.Graph.Get(ctx, ids...) })
}

func (g *graph) Match(ctx context.Context, p kg.Pattern) ([]kg.Vertex, error) {
	return do(ctx, g.guard, bulkWithin, func(ctx context.Context) ([]kg.Vertex, error) { return g.Graph.Match(ctx, p) })
}

func (g *graph) Expand(ctx context.Context, e kg.Expansion) (kg.Subgraph, error) {
	return do(ctx, g.guard, askWithin, func(ctx context.Context) (kg.Subgraph, error) { return g.Graph.Expand(ctx, e) })
}

func (g *graph) Version(ctx context.Context) (string, error) {
	return do(ctx, g.guard, askWithin, g.Graph.Version)
}

// Apply has no bound of its own: an import may take long, and ends with its caller.
func (g *graph) Apply(ctx context.Context, b kg.Batch) error { return g.Graph.Apply(ctx, b) }

// Profiles guards a store of profiles.
func Profiles(s userprofile.Store) userprofile.Store {
	return &profiles{s, newGuard(userprofile.ErrUnavailable)}
}

type profiles struct {
	userprofile.Store
	guard *guard
}

func (p *profiles) Get(ctx context.Context, subject string) (userprofile.Stored, error) {
	return do(ctx, p.guard, askWithin, func(ctx context.Context) (userprofile.Stored, error) { return p.Store.Get(ctx, subject) })
}

func (p *profiles) Put(ctx context.Context, subject string, w userprofile.Write) (userprofile.Stored, error) {
	return do(ctx, p.guard, askWithin, func(ctx context.Context) (userprofile.Stored, error) { return p.Store.Put(ctx, subject, w) })
}

func (p *profiles) History(ctx context.Context, subject string) ([]schemas.BalanceEntry, error) {
	return do(ctx, p.guard, askWithin, func(ctx context.Context) ([]schemas.BalanceEntry, error) { return p.Store.History(ctx, subject) })
}

func (p *profiles) Delete(ctx context.Context, subject string) (userprofile.Erased, error) {
	return do(ctx, p.guard, askWithin, func(ctx context.Context) (userprofile.Erased, error) { return p.Store.Delete(ctx, subject) })
}
