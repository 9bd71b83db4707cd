package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"loyalty-mcp/kg"
	"loyalty-mcp/kg/kgtest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashVariable); path != "" {
		writeUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, path string) *Graph {
	t.Helper()
	g, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "graph.db") }

func TestConformance(t *testing.T) {
	kgtest.Run(t, func(t *testing.T) kg.Graph { return open(t, file(t)) })
}

func TestConformanceBehindCache(t *testing.T) {
	kgtest.Run(t, func(t *testing.T) kg.Graph {
		return kg.NewCache(open(t, file(t)), kg.CacheOptions{Answers: 100, CheckEvery: time.Hour, Now: time.Now})
	})
}

func version(t testing.TB, g kg.Graph) string {
	t.Helper()
	version, err := g.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return version
}

func apply(t testing.TB, g kg.Graph, b kg.Batch) {
	t.Helper()
	if err := g.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func vertices(n int) []kg.Vertex {
	list := make([]kg.Vertex, n)
	for i := range list {
		list[i] = kg.Vertex{
			ID: fmt.Sprintf("airport:%05d", i), Label: "Airport", EffectiveDate: "2026-01-01",
			Properties: map[string]any{
				"code": fmt.Sprintf("%03d", i), "name": "An airport of some size", "country": "US",
				"latitude": float64(i) / 3, "longitude": -float64(i) / 7, "order": int64(i),
			},
		}
	}
	return list
}

// bundle resembles the bundled facts: each vertex has edges to a few of the others.
func bundle(n int) kg.Batch {
	b := kg.Batch{Vertices: vertices(n)}
	for i, v := range b.Vertices {
		for _, j := range []int{i % 10, i % 200, i / 2} {
			b.Edges = append(b.Edges, kg.Edge{From: v.ID, Label: "LOCATED_IN", To: b.Vertices[j].ID, Properties: map[string]any{"rank": int64(j)}})
		}
	}
	return b
}

func TestReopen(t *testing.T) {
	for _, name := range []string{"graph.db", "a b?c#d%41&mode=ro+ü.db"} {
		path := filepath.Join(t.TempDir(), name)
		g, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		apply(t, g, bundle(100))
		want := version(t, g)
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		g = open(t, path)
		if got := version(t, g); got != want {
			t.Errorf("version %s after reopening, want %s", got, want)
		}
		found, err := g.Match(t.Context(), kg.Pattern{Labels: []string{"Airport"}})
		if err != nil || len(found) != 100 {
			t.Errorf("%d vertices after reopening, error %v", len(found), err)
		}
	}
}

func TestHandlesShareFile(t *testing.T) {
	path := file(t)
	a, b := open(t, path), open(t, path)
	before := version(t, b)
	apply(t, a, kg.Batch{Vertices: []kg.Vertex{{ID: "x", Label: "Rule"}}})
	after := version(t, b)
	if after == before || after != version(t, a) {
		t.Errorf("b sees version %s, then %s; a sees %s", before, after, version(t, a))
	}
	if found, err := b.Get(t.Context(), "x"); err != nil || len(found) != 1 {
		t.Errorf("b sees %v, %v", found, err)
	}
	apply(t, b, kg.Batch{Edges: []kg.Edge{{From: "x", Label: "KNOWS", To: "x"}}})
	if version(t, a) == after {
		t.Error("a does not see b's change")
	}
}

func TestHandlesOpenAndWriteTogether(t *testing.T) {
	const handles, batches = 6, 10
	path := file(t)
	var wait sync.WaitGroup
	for h := range handles {
		wait.Go(func() {
			g, err := Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			defer g.Close()
			for n := range batches {
				if err := g.Apply(t.Context(), kg.Batch{Vertices: []kg.Vertex{{ID: fmt.Sprintf("%d-%d", h, n), Label: "Rule"}}}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	g := open(t, path)
	if got, want := version(t, g), fmt.Sprint(handles*batches); got != want {
		t.Errorf("version %s, want %s", got, want)
	}
}

// TestReadersDoNotWait: an open write of another handle delays nobody but writers,
// and these no longer than they want.
func TestReadersDoNotWait(t *testing.T) {
	path := file(t)
	a, b := open(t, path), open(t, path)
	apply(t, a, kg.Batch{Vertices: []kg.Vertex{{ID: "x", Label: "Rule"}}})
	tx, err := a.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("UPDATE vertex SET label = 'Changed'"); err != nil {
		t.Fatal(err)
	}

	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := b.Apply(ctx, kg.Batch{Vertices: []kg.Vertex{{ID: "y", Label: "Rule"}}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Apply during another write: %v, want the deadline", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a deadline of 100 ms took %v", took)
	}

	start = time.Now()
	found, err := b.Match(t.Context(), kg.Pattern{Labels: []string{"Rule"}})
	if err != nil || len(found) != 1 || found[0].ID != "x" {
		t.Errorf("Match during a write: %v, %v", found, err)
	}
	late := open(t, path)
	if got, want := version(t, late), version(t, b); got != want {
		t.Errorf("version %s, want %s", got, want)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("readers waited %v", took)
	}
}

func TestDeadlineDuringApply(t *testing.T) {
	g := open(t, file(t))
	long, err := newChanges(bundle(20_000))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := g.apply(ctx, long); !errors.Is(g.failure(ctx, "apply", err), context.DeadlineExceeded) {
		t.Fatalf("apply = %v, want the deadline", err)
	}
	if got := version(t, g); got != "0" {
		t.Errorf("version %s after a batch that was cut short", got)
	}
	apply(t, g, bundle(10)) // the writer is free again
}

// TestExpandIsOneState: vertices and edges of an answer are of the same state.
func TestExpandIsOneState(t *testing.T) {
	g := open(t, file(t))
	generation := func(n int) kg.Batch {
		p := map[string]any{"generation": n}
		return kg.Batch{
			Vertices: []kg.Vertex{{ID: "x", Label: "Rule", Properties: p}},
			Edges:    []kg.Edge{{From: "x", Label: "KNOWS", To: "x", Properties: p}},
		}
	}
	apply(t, g, generation(0))
	ctx, stop := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		for n := 1; ctx.Err() == nil; n++ {
			if err := g.Apply(t.Context(), generation(n)); err != nil {
				t.Error(err)
			}
		}
	})
	for range 100 {
		s, err := g.Expand(t.Context(), kg.Expansion{IDs: []string{"x"}, Depth: 1})
		if err != nil {
			t.Error(err)
			break
		}
		if v, e := s.Vertices[0].Properties["generation"], s.Edges[0].Properties["generation"]; v != e {
			t.Errorf("the vertex is of generation %v, the edge of %v", v, e)
			break
		}
	}
	stop()
	wait.Wait()
}

func TestUnavailable(t *testing.T) {
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", "graph.db")); !errors.Is(err, kg.ErrUnavailable) {
		t.Errorf("Open in no directory: %v", err)
	}
	if _, err := Open(t.Context(), t.TempDir()); !errors.Is(err, kg.ErrUnavailable) {
		t.Errorf("Open of a directory: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, file(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("Open with a cancelled context: %v", err)
	}
	g := open(t, file(t))
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Get(t.Context(), "x"); !errors.Is(err, kg.ErrUnavailable) {
		t.Errorf("Get after Close: %v", err)
	}
	if err := g.Apply(t.Context(), bundle(1)); !errors.Is(err, kg.ErrUnavailable) {
		t.Errorf("Apply after Close: %v", err)
	}
}
