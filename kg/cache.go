package kg

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"
)

// versionTimeout bounds how long a warm answer waits for a graph that does not
// say its version.
const versionTimeout = 2 * time.Second

// CacheOptions tell a Cache how much to keep and how long to trust it.
type CacheOptions struct {
	// Answers is the most answers kept, 1 or more; the least recently used goes first.
	Answers int
	// CheckEvery is the time for which answers are given without asking the
	// graph for its version; 0 asks every time.
	CheckEvery time.Duration
	// Now is the clock.
	Now func() time.Time
}

// Cache is a Graph that remembers the answers of another one and drops them all
// when that one's version changes. While the graph cannot be reached, it goes on
// giving the answers it has; Stale tells.
//
// Answers are shared among callers: they are to be read, never changed.
type Cache struct {
	graph   Graph
	options CacheOptions
	flights singleflight.Group

	mu      sync.Mutex // guards what follows
	answers *simplelru.LRU[string, any]
	// generation counts drops. An answer that was asked for in an earlier
	// generation may be older than the version that is known by now, so it is
	// neither kept nor shared with those who ask now.
	generation uint64
	version    string
	known      bool      // version was read since the last Apply
	asked      time.Time // when the version was last asked for; zero asks again
	confirmed  time.Time // when it was last answered
	stale      bool      // the last question for it failed
}

// NewCache returns a Cache over the graph. It panics if o.Answers is less than 1.
func NewCache(g Graph, o CacheOptions) *Cache {
	answers, err := simplelru.NewLRU[string, any](o.Answers, nil)
	if err != nil {
		panic("kg: CacheOptions.Answers: " + err.Error())
	}
	return &Cache{graph: g, options: o, answers: answers}
}

// Get is Graph.Get, from memory where possible.
func (c *Cache) Get(ctx context.Context, ids ...string) ([]Vertex, error) {
	var k cacheKey
	k.texts("get", ids)
	return ask(ctx, c, k, func(ctx context.Context) ([]Vertex, error) { return c.graph.Get(ctx, ids...) })
}

// Match is Graph.Match, from memory where possible.
func (c *Cache) Match(ctx context.Context, p Pattern) ([]Vertex, error) {
	var k cacheKey
	k.texts("match", p.Labels)
	for _, name := range slices.Sorted(maps.Keys(p.Where)) {
		k.text("where")
		k.text(name)
		k.values(p.Where[name])
	}
	for _, e := range p.Edges {
		k.text(strconv.FormatBool(e.Inbound))
		k.texts(e.Label, e.To)
	}
	k.text("as of")
	k.text(p.AsOf)
	k.number(p.Limit)
	return ask(ctx, c, k, func(ctx context.Context) ([]Vertex, error) { return c.graph.Match(ctx, p) })
}

// Expand is Graph.Expand, from memory where possible.
func (c *Cache) Expand(ctx context.Context, e Expansion) (Subgraph, error) {
	var k cacheKey
	k.texts("expand", e.IDs)
	k.texts("labels", e.Labels)
	k.number(e.Depth)
	k.number(e.Limit)
	return ask(ctx, c, k, func(ctx context.Context) (Subgraph, error) { return c.graph.Expand(ctx, e) })
}

// Apply is Graph.Apply; every answer is dropped when it succeeds.
func (c *Cache) Apply(ctx context.Context, b Batch) error {
	err := c.graph.Apply(ctx, b)
	c.mu.Lock()
	defer c.mu.Unlock()
	// A failed Apply may have taken effect all the same, so the version is asked
	// for; the answers stay until it is seen to differ, for they are all there
	// is if the graph is gone.
	c.asked = time.Time{}
	if err == nil {
		c.drop()
		c.known = false
	}
	return err
}

// Version is Graph.Version, of the state whose answers are given now: it is as
// old as they may be.
func (c *Cache) Version(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := c.check(ctx); err != nil {
		return "", err
	}
	c.mu.Lock()
	version, known := c.version, c.known
	c.mu.Unlock()
	if known {
		return version, nil
	}
	return c.graph.Version(ctx) // it failed just now, or an Apply came between
}

// Close closes the graph.
func (c *Cache) Close() error { return c.graph.Close() }

// Stale reports whether the graph could not be reached when its version was last
// asked for, so that answers may be outdated, and since when: the last time it
// was reached, zero if it never was.
func (c *Cache) Stale() (since time.Time, stale bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stale {
		return time.Time{}, false
	}
	return c.confirmed, true
}

// ask answers from memory, or else loads and keeps the answer.
func ask[A any](ctx context.Context, c *Cache, k cacheKey, load func(context.Context) (A, error)) (A, error) {
	var none A
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if err := c.check(ctx); err != nil {
		return none, err
	}
	key := string(k)
	c.mu.Lock()
	generation := c.generation
	answer, warm := c.answers.Get(key)
	c.mu.Unlock()
	if warm {
		return answer.(A), nil
	}
	answer, err := c.once(ctx, strconv.FormatUint(generation, 10)+"/"+key, func(ctx context.Context) (any, error) {
		answer, err := load(ctx)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.generation == generation {
			c.answers.Add(key, answer)
		}
		return answer, nil
	})
	if err != nil {
		return none, err
	}
	return answer.(A), nil
}

// check asks the graph for its version if that is due, and drops the answers if
// it changed. It fails only when the caller's context is done.
func (c *Cache) check(ctx context.Context) error {
	if !c.due() {
		return nil
	}
	_, err := c.once(ctx, "version", func(caller context.Context) (any, error) {
		if !c.due() { // answered while this caller was on its way here
			return nil, nil
		}
		asked := c.options.Now()
		ctx, cancel := context.WithTimeout(caller, versionTimeout)
		defer cancel()
		version, err := c.graph.Version(ctx)
		if err != nil && caller.Err() != nil { // says nothing about the graph
			return nil, caller.Err()
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asked, c.stale = asked, err != nil
		if err != nil {
			return nil, nil
		}
		if !c.known || version != c.version {
			c.drop()
		}
		c.version, c.known, c.confirmed = version, true, asked
		return nil, nil
	})
	return err
}

// due reports whether it is time to ask for the version.
func (c *Cache) due() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked.IsZero() || c.options.Now().Sub(c.asked) >= c.options.CheckEvery
}

// drop forgets every answer; c.mu is held.
func (c *Cache) drop() {
	c.generation++
	c.answers.Purge()
}

// once runs work once for all who ask for the same key at the same time. It runs
// under the context of the first; if that ends early, one of the others runs it.
func (c *Cache) once(ctx context.Context, key string, work func(context.Context) (any, error)) (any, error) {
	for {
		first := false
		done := c.flights.DoChan(key, func() (any, error) {
			first = true
			return work(ctx)
		})
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case r := <-done:
			ended := errors.Is(r.Err, context.Canceled) || errors.Is(r.Err, context.DeadlineExceeded)
			if ended && !first && ctx.Err() == nil {
				continue
			}
			return r.Val, r.Err
		}
	}
}

// cacheKey is a request in writing; each part says its length, so that no two
// requests read the same.
type cacheKey []byte

func (k *cacheKey) text(s string) {
	k.number(len(s))
	*k = append(*k, s...)
}

func (k *cacheKey) number(n int) {
	*k = strconv.AppendInt(*k, int64(n), 10)
	*k = append(*k, ' ')
}

func (k *cacheKey) texts(name string, list []string) {
	k.text(name)
	k.number(len(list))
	for _, s := range list {
		k.text(s)
	}
}

func (k *cacheKey) values(list []any) {
	k.number(len(list))
	for _, v := range list {
		k.text(fmt.Sprintf("%T %v", v, v)) // 1 and 1.0 are different values
	}
}
