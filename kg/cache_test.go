package kg

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fake is a Graph of one vertex that counts what it is asked.
type fake struct {
	Graph // for Close, which no test calls

	mu       sync.Mutex
	version  int
	down     bool
	answers  int // calls of Get, Match and Expand
	versions int
	// enter, if set, is told of each answer's start, which then waits for leave.
	enter, leave chan struct{}
}

func (f *fake) answer(ctx context.Context) ([]Vertex, error) {
	f.mu.Lock()
	f.answers++
	down, enter, leave := f.down, f.enter, f.leave
	answer := []Vertex{{ID: "x", Label: "Rule", Properties: map[string]any{"version": int64(f.version)}}}
	f.mu.Unlock()
	if enter != nil {
		enter <- struct{}{}
		select {
		case <-leave:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if down {
		return nil, ErrUnavailable
	}
	return answer, nil
}

func (f *fake) Get(ctx context.Context, _ ...string) ([]Vertex, error) { return f.answer(ctx) }
func (f *fake) Match(ctx context.Context, _ Pattern) ([]Vertex, error) { return f.answer(ctx) }
func (f *fake) Expand(ctx context.Context, _ Expansion) (Subgraph, error) {
	vertices, err := f.answer(ctx)
	return Subgraph{Vertices: vertices}, err
}

func (f *fake) Version(context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.versions++
	if f.down {
		return "", ErrUnavailable
	}
	return fmt.Sprint(f.version), nil
}

func (f *fake) Apply(context.Context, Batch) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return ErrUnavailable
	}
	f.version++
	return nil
}

// change is an Apply by another process.
func (f *fake) change(t *testing.T) {
	t.Helper()
	if err := f.Apply(t.Context(), Batch{}); err != nil {
		t.Fatal(err)
	}
}

func (f *fake) setDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *fake) counts() (answers, versions int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.answers, f.versions
}

type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newFake(answers int) (*fake, *fakeClock, *Cache) {
	f, clock := &fake{}, &fakeClock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	return f, clock, NewCache(f, CacheOptions{Answers: answers, CheckEvery: time.Second, Now: clock.Now})
}

func checkCounts(t *testing.T, f *fake, answers, versions int) {
	t.Helper()
	if a, v := f.counts(); a != answers || v != versions {
		t.Errorf("the graph was asked for %d answers and %d versions, want %d and %d", a, v, answers, versions)
	}
}

// checkGet gets x from the cache and checks which version of it comes.
func checkGet(t *testing.T, c *Cache, version int) {
	t.Helper()
	got, err := c.Get(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Properties["version"] != int64(version) {
		t.Errorf("got version %v, want %d", got[0].Properties["version"], version)
	}
}

func TestCacheWarmAsksNothing(t *testing.T) {
	f, _, c := newFake(10)
	for range 5 {
		checkGet(t, c, 0)
		if _, err := c.Match(t.Context(), Pattern{Labels: []string{"Rule"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Expand(t.Context(), Expansion{IDs: []string{"x"}, Depth: 1}); err != nil {
			t.Fatal(err)
		}
	}
	checkCounts(t, f, 3, 1)
}

func TestCacheOneVersionCheckPerInterval(t *testing.T) {
	f, clock, c := newFake(10)
	checkGet(t, c, 0)
	clock.pass(999 * time.Millisecond)
	checkGet(t, c, 0)
	checkCounts(t, f, 1, 1)
	clock.pass(time.Millisecond)
	for range 3 {
		checkGet(t, c, 0)
	}
	checkCounts(t, f, 1, 2)
}

func TestCacheDropsOnChange(t *testing.T) {
	f, clock, c := newFake(10)
	checkGet(t, c, 0)
	f.change(t)
	checkGet(t, c, 0) // not yet noticed
	clock.pass(time.Second)
	checkGet(t, c, 1)
	checkCounts(t, f, 2, 2)
}

func TestCacheDropsOnOwnApply(t *testing.T) {
	f, _, c := newFake(10)
	checkGet(t, c, 0)
	if err := c.Apply(t.Context(), Batch{}); err != nil {
		t.Fatal(err)
	}
	checkGet(t, c, 1)
	checkGet(t, c, 1)
	checkCounts(t, f, 2, 2)
}

func TestCacheStaleOnOutage(t *testing.T) {
	f, clock, c := newFake(10)
	start := clock.Now()
	checkGet(t, c, 0)
	f.setDown(true)
	if since, stale := c.Stale(); stale {
		t.Errorf("stale since %v before anything failed", since)
	}

	clock.pass(time.Second)
	for range 3 {
		checkGet(t, c, 0)
	}
	checkCounts(t, f, 1, 2) // once an interval, in an outage too
	if since, stale := c.Stale(); !stale || !since.Equal(start) {
		t.Errorf("Stale = %v, %t, want %v, true", since, stale, start)
	}
	if _, err := c.Get(t.Context(), "cold"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("cold Get = %v, want ErrUnavailable", err)
	}
	if err := c.Apply(t.Context(), Batch{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Apply = %v, want ErrUnavailable", err)
	}
	checkGet(t, c, 0) // a failed Apply takes nothing away

	f.setDown(false)
	f.change(t)
	clock.pass(time.Second)
	checkGet(t, c, 1)
	if since, stale := c.Stale(); stale {
		t.Errorf("stale since %v though the graph is back", since)
	}
}

func TestCacheOutageAtStart(t *testing.T) {
	f, clock, c := newFake(10)
	f.setDown(true)
	if _, err := c.Get(t.Context(), "x"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Get = %v, want ErrUnavailable", err)
	}
	if since, stale := c.Stale(); !stale || !since.IsZero() {
		t.Errorf("Stale = %v, %t, want never reached", since, stale)
	}
	f.setDown(false)
	checkGet(t, c, 0)
	f.change(t)
	clock.pass(time.Second)
	checkGet(t, c, 1)
}

// TestCacheFailedApplyRechecks: a failed Apply may have taken effect.
func TestCacheFailedApplyRechecks(t *testing.T) {
	f, _, c := newFake(10)
	checkGet(t, c, 0)
	f.change(t)
	f.setDown(true)
	if err := c.Apply(t.Context(), Batch{}); err == nil {
		t.Fatal("Apply succeeded")
	}
	f.setDown(false)
	checkGet(t, c, 1)
}

func TestCacheIsBounded(t *testing.T) {
	f, _, c := newFake(2)
	for _, id := range []string{"a", "b", "a", "c", "a", "b"} { // c pushes b out, b pushes c out
		if _, err := c.Get(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	checkCounts(t, f, 4, 1)
}

func TestCacheKeepsNoErrors(t *testing.T) {
	f, _, c := newFake(10)
	checkGet(t, c, 0)
	f.setDown(true)
	if _, err := c.Get(t.Context(), "y"); err == nil {
		t.Error("a cold Get succeeded in an outage")
	}
	f.setDown(false)
	if _, err := c.Get(t.Context(), "y"); err != nil {
		t.Error(err)
	}
}

// TestCacheTellsRequestsApart: requests that differ anywhere have answers of their own.
func TestCacheTellsRequestsApart(t *testing.T) {
	f, _, c := newFake(1000)
	match := func(p Pattern) { _, _ = c.Match(t.Context(), p) }
	where := func(name string, values ...any) { match(Pattern{Where: map[string][]any{name: values}}) }
	edges := func(e ...EdgePattern) { match(Pattern{Edges: e}) }
	expand := func(e Expansion) { _, _ = c.Expand(t.Context(), e) }
	get := func(ids ...string) { _, _ = c.Get(t.Context(), ids...) }
	requests := []func(){
		func() { get() }, func() { get("") }, func() { get("ab") }, func() { get("a", "b") }, func() { get("a b") },
		func() { get("1 a1 b") }, func() { get("a1 b") }, func() { get("match") },
		func() { match(Pattern{}) },
		func() { match(Pattern{Labels: []string{"a"}}) },
		func() { match(Pattern{Labels: []string{"a", "b"}}) },
		func() { match(Pattern{AsOf: "2026-01-01"}) },
		func() { match(Pattern{Limit: 1}) },
		func() { where("n") }, func() { where("n", 1) }, func() { where("n", 1.0) }, func() { where("n", "1") }, func() { where("n", true) },
		func() { where("n", "true") }, func() { where("m", 1) }, func() { where("n", 1, 2) }, func() { where("n", "1 2") }, func() { where("n", "1", "2") },
		func() { edges(EdgePattern{Label: "L"}) },
		func() { edges(EdgePattern{Label: "L", Inbound: true}) },
		func() { edges(EdgePattern{Label: "L", To: []string{"a"}}) },
		func() { edges(EdgePattern{Label: "L", To: []string{"a", "b"}}) },
		func() { edges(EdgePattern{Label: "L", To: []string{"a"}}, EdgePattern{Label: "L", To: []string{"b"}}) },
		func() { edges(EdgePattern{Label: "M", To: []string{"a"}}) },
		func() { expand(Expansion{}) },
		func() { expand(Expansion{IDs: []string{"a"}}) },
		func() { expand(Expansion{Labels: []string{"a"}}) },
		func() { expand(Expansion{Depth: 1}) },
		func() { expand(Expansion{Limit: 1}) },
	}
	for range 2 {
		for _, request := range requests {
			request()
		}
	}
	checkCounts(t, f, len(requests), 1)
}

func TestCacheCollapsesConcurrentRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, c := newFake(10)
		f.enter, f.leave = make(chan struct{}), make(chan struct{})
		const callers = 8
		var wait sync.WaitGroup
		call := func() {
			if got, err := c.Get(t.Context(), "x"); err != nil || len(got) != 1 {
				t.Errorf("Get = %v, %v", got, err)
			}
		}
		wait.Go(call)
		<-f.enter
		for range callers - 1 {
			wait.Go(call)
		}
		synctest.Wait() // all wait for the first one's answer
		close(f.leave)
		wait.Wait()
		checkCounts(t, f, 1, 1)
	})
}

// TestCacheFirstCallerGivesUp: the others get their answer all the same.
func TestCacheFirstCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, c := newFake(10)
		f.enter, f.leave = make(chan struct{}, 2), make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() {
			if _, err := c.Get(ctx, "x"); !errors.Is(err, context.Canceled) {
				t.Errorf("the first caller got %v, want context.Canceled", err)
			}
		})
		<-f.enter
		wait.Go(func() {
			if _, err := c.Get(t.Context(), "x"); err != nil {
				t.Errorf("the second caller got %v", err)
			}
		})
		synctest.Wait() // it waits for the first one's answer
		cancel()
		<-f.enter
		close(f.leave)
		wait.Wait()
		checkCounts(t, f, 2, 1)
	})
}

// TestCacheForgetsAnswersOvertaken: an answer that was under way when the graph
// changed is neither kept nor given to those who ask after the change.
func TestCacheForgetsAnswersOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, c := newFake(10)
		f.enter = make(chan struct{})
		leaveBefore, leaveAfter := make(chan struct{}), make(chan struct{})
		var before, after sync.WaitGroup
		f.leave = leaveBefore
		before.Go(func() { checkGet(t, c, 0) })
		<-f.enter
		if err := c.Apply(t.Context(), Batch{}); err != nil {
			t.Fatal(err)
		}
		f.leave = leaveAfter
		after.Go(func() { checkGet(t, c, 1) })
		<-f.enter // it asks by itself
		close(leaveAfter)
		after.Wait()
		close(leaveBefore)
		before.Wait()
		checkGet(t, c, 1)
		checkCounts(t, f, 2, 2)
	})
}

func TestCacheUnreachableVersionDoesNotHoldUpWarmAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, clock, c := newFake(10)
		checkGet(t, c, 0)
		clock.pass(time.Second)
		c.graph = hanging{f}
		start := time.Now()
		checkGet(t, c, 0)
		if took := time.Since(start); took != versionTimeout {
			t.Errorf("a warm answer took %v, want %v", took, versionTimeout)
		}
		if _, stale := c.Stale(); !stale {
			t.Error("not stale though the graph does not answer")
		}

		clock.pass(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := c.Get(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Get with a short deadline = %v", err)
		}
	})
}

// hanging is a graph that does not say its version.
type hanging struct{ Graph }

func (hanging) Version(ctx context.Context) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

func TestCacheNeedsRoom(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a cache of no answers was made")
		}
	}()
	NewCache(&fake{}, CacheOptions{Now: time.Now})
}
