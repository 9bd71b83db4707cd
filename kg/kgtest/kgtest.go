// Package kgtest is the conformance suite of kg.Graph: every backend passes it,
// alone and behind kg.NewCache.
package kgtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loyalty-mcp/kg"
)

// Run tests the contract. Each call of open returns an empty graph, which the
// suite closes.
func Run(t *testing.T, open func(t *testing.T) kg.Graph) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, kg.Graph)
	}{
		{"empty graph", testEmpty},
		{"apply is idempotent", testIdempotent},
		{"version changes with content", testVersion},
		{"replace", testReplace},
		{"apply is atomic", testAtomic},
		{"invalid batches", testInvalidBatches},
		{"invalid questions", testInvalidQuestions},
		{"retire and as-of", testRetire},
		{"types", testTypes},
		{"names", testNames},
		{"match by type", testMatchTypes},
		{"match against oracle", testMatchOracle},
		{"expand against oracle", testExpandOracle},
		{"expand by distance", testExpandDistance},
		{"batches against oracle", testBatchesOracle},
		{"cancelled context", testCancelled},
		{"readers during writes", testReadersDuringWrites},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := open(t)
			defer func() {
				if err := g.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}()
			test.run(t, g)
		})
	}
}

func testEmpty(t *testing.T, g kg.Graph) {
	if got := get(t, g, "nothing"); len(got) > 0 {
		t.Errorf("Get = %v", got)
	}
	if got := get(t, g); len(got) > 0 {
		t.Errorf("Get of no ids = %v", got)
	}
	if got := match(t, g, kg.Pattern{Labels: []string{"Rule"}}); len(got) > 0 {
		t.Errorf("Match = %v", got)
	}
	same(t, expand(t, g, kg.Expansion{IDs: []string{"nothing"}, Depth: 2}), kg.Subgraph{})
	before := version(t, g)
	apply(t, g, kg.Batch{})
	if after := version(t, g); after != before {
		t.Errorf("an empty batch changed the version from %s to %s", before, after)
	}
}

func testIdempotent(t *testing.T, g kg.Graph) {
	// It names a vertex and an edge twice and retires what it writes: the last
	// word counts, each time alike.
	batch := kg.Batch{
		Vertices: []kg.Vertex{
			{ID: "a", Label: "Rule", Properties: map[string]any{"n": 1}},
			{ID: "b", Label: "Rule", ExpirationDate: "2026-06-30"},
			{ID: "a", Label: "Rule", Properties: map[string]any{"n": 2, "x": 0.5, "s": "text", "t": true}},
		},
		Edges: []kg.Edge{
			{From: "a", Label: "KNOWS", To: "b", Properties: map[string]any{"ratio": 1.0}},
			{From: "a", Label: "KNOWS", To: "b", Properties: map[string]any{"ratio": 2.0}},
			{From: "a", Label: "KNOWS", To: "a"},
		},
		Retire: []kg.Retirement{{ID: "a", LastDay: "2026-03-31"}, {ID: "a", LastDay: "2026-02-28"}, {ID: "b", LastDay: "2026-12-31"}},
	}
	want := kg.Subgraph{
		Vertices: []kg.Vertex{
			{ID: "a", Label: "Rule", Properties: map[string]any{"n": int64(2), "x": 0.5, "s": "text", "t": true}, ExpirationDate: "2026-02-28"},
			{ID: "b", Label: "Rule", ExpirationDate: "2026-06-30"},
		},
		Edges: []kg.Edge{
			{From: "a", Label: "KNOWS", To: "a"},
			{From: "a", Label: "KNOWS", To: "b", Properties: map[string]any{"ratio": 2.0}},
		},
	}
	everything := kg.Expansion{IDs: []string{"a"}, Depth: 1}
	apply(t, g, batch)
	first := version(t, g)
	same(t, expand(t, g, everything), want)
	apply(t, g, batch)
	same(t, expand(t, g, everything), want)
	if second := version(t, g); second != first {
		t.Errorf("the same batch again changed the version from %s to %s", first, second)
	}
}

func testVersion(t *testing.T, g kg.Graph) {
	seen := []string{version(t, g)}
	for _, step := range []struct {
		name  string
		batch kg.Batch
	}{
		{"new vertices", kg.Batch{Vertices: []kg.Vertex{{ID: "a", Label: "Rule"}, {ID: "b", Label: "Rule"}}}},
		{"a property", kg.Batch{Vertices: []kg.Vertex{{ID: "a", Label: "Rule", Properties: map[string]any{"n": int64(1)}}}}},
		{"a property's type", kg.Batch{Vertices: []kg.Vertex{{ID: "a", Label: "Rule", Properties: map[string]any{"n": 1.0}}}}},
		{"a label", kg.Batch{Vertices: []kg.Vertex{{ID: "a", Label: "Price", Properties: map[string]any{"n": 1.0}}}}},
		{"a date", kg.Batch{Vertices: []kg.Vertex{{ID: "b", Label: "Rule", EffectiveDate: "2026-01-01"}}}},
		{"a new edge", kg.Batch{Edges: []kg.Edge{{From: "a", Label: "KNOWS", To: "b"}}}},
		{"an edge's property", kg.Batch{Edges: []kg.Edge{{From: "a", Label: "KNOWS", To: "b", Properties: map[string]any{"n": true}}}}},
		{"a retirement", kg.Batch{Retire: []kg.Retirement{{ID: "b", LastDay: "2026-12-31"}}}},
	} {
		apply(t, g, step.batch)
		now := version(t, g)
		if slices.Contains(seen, now) {
			t.Errorf("%s: version %s is not new", step.name, now)
		}
		seen = append(seen, now)
		apply(t, g, step.batch)
		if again := version(t, g); again != now {
			t.Errorf("%s, again: the version changed from %s to %s", step.name, now, again)
		}
	}
}

func testReplace(t *testing.T, g kg.Graph) {
	apply(t, g, kg.Batch{
		Vertices: []kg.Vertex{
			{ID: "a", Label: "Rule", Properties: map[string]any{"old": "gone", "kept": 1}, EffectiveDate: "2025-01-01", ExpirationDate: "2025-12-31"},
			{ID: "b", Label: "Rule"},
		},
		Edges: []kg.Edge{{From: "a", Label: "KNOWS", To: "b", Properties: map[string]any{"old": "gone"}}},
	})
	apply(t, g, kg.Batch{
		Vertices: []kg.Vertex{{ID: "a", Label: "Price", Properties: map[string]any{"kept": 2}}},
		Edges:    []kg.Edge{{From: "a", Label: "KNOWS", To: "b", Properties: map[string]any{"new": "here"}}},
	})
	same(t, expand(t, g, kg.Expansion{IDs: []string{"a"}, Depth: 1}), kg.Subgraph{
		Vertices: []kg.Vertex{
			{ID: "a", Label: "Price", Properties: map[string]any{"kept": int64(2)}},
			{ID: "b", Label: "Rule"},
		},
		Edges: []kg.Edge{{From: "a", Label: "KNOWS", To: "b", Properties: map[string]any{"new": "here"}}},
	})
	if got := match(t, g, kg.Pattern{Labels: []string{"Rule"}}); len(got) != 1 || got[0].ID != "b" {
		t.Errorf("vertices of the label that a had = %v, want b alone", got)
	}
}

func testAtomic(t *testing.T, g kg.Graph) {
	apply(t, g, kg.Batch{
		Vertices: []kg.Vertex{{ID: "a", Label: "Rule", Properties: map[string]any{"n": 1}}, {ID: "b", Label: "Rule"}},
		Edges:    []kg.Edge{{From: "a", Label: "KNOWS", To: "b", Properties: map[string]any{"n": 1}}},
	})
	everything := kg.Expansion{IDs: []string{"a", "b", "c"}, Depth: 3}
	before, content := version(t, g), expand(t, g, everything)

	change := kg.Batch{
		Vertices: []kg.Vertex{{ID: "a", Label: "Rule", Properties: map[string]any{"n": 2}}, {ID: "c", Label: "Rule"}},
		Edges: []kg.Edge{
			{From: "a", Label: "KNOWS", To: "b", Properties: map[string]any{"n": 2}},
			{From: "c", Label: "KNOWS", To: "a"},
		},
		Retire: []kg.Retirement{{ID: "b", LastDay: "2026-01-01"}},
	}
	toNowhere, unknown := change, change
	toNowhere.Edges = append(slices.Clone(change.Edges), kg.Edge{From: "c", Label: "KNOWS", To: "nowhere"})
	unknown.Retire = append(slices.Clone(change.Retire), kg.Retirement{ID: "nobody", LastDay: "2026-01-01"})
	for name, batch := range map[string]kg.Batch{"edge to nowhere": toNowhere, "unknown retirement": unknown} {
		if err := g.Apply(t.Context(), batch); !errors.Is(err, kg.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
		same(t, expand(t, g, everything), content)
		if after := version(t, g); after != before {
			t.Errorf("%s changed the version from %s to %s", name, before, after)
		}
	}
}

func testInvalidBatches(t *testing.T, g kg.Graph) {
	a := kg.Vertex{ID: "a", Label: "Rule"}
	with := func(name string, value any) kg.Vertex {
		return kg.Vertex{ID: "a", Label: "Rule", Properties: map[string]any{name: value}}
	}
	before := version(t, g)
	for name, batch := range map[string]kg.Batch{
		"slice":             {Vertices: []kg.Vertex{with("p", []string{"x"})}},
		"map":               {Vertices: []kg.Vertex{with("p", map[string]any{})}},
		"nil":               {Vertices: []kg.Vertex{with("p", nil)}},
		"int32":             {Vertices: []kg.Vertex{with("p", int32(1))}},
		"float32":           {Vertices: []kg.Vertex{with("p", float32(1))}},
		"time":              {Vertices: []kg.Vertex{with("p", time.Time{})}},
		"not a number":      {Vertices: []kg.Vertex{with("p", math.NaN())}},
		"infinity":          {Vertices: []kg.Vertex{with("p", math.Inf(1))}},
		"not UTF-8":         {Vertices: []kg.Vertex{with("p", "\xff")}},
		"nameless property": {Vertices: []kg.Vertex{with("", "x")}},
		"no id":             {Vertices: []kg.Vertex{{Label: "Rule"}}},
		"no label":          {Vertices: []kg.Vertex{{ID: "a"}}},
		"bad date":          {Vertices: []kg.Vertex{{ID: "a", Label: "Rule", EffectiveDate: "1 May 2026"}}},
		"impossible date":   {Vertices: []kg.Vertex{{ID: "a", Label: "Rule", ExpirationDate: "2026-02-30"}}},
		"edge property":     {Vertices: []kg.Vertex{a}, Edges: []kg.Edge{{From: "a", Label: "KNOWS", To: "a", Properties: map[string]any{"p": []any{}}}}},
		"edge label":        {Vertices: []kg.Vertex{a}, Edges: []kg.Edge{{From: "a", To: "a"}}},
		"edge from nowhere": {Vertices: []kg.Vertex{a}, Edges: []kg.Edge{{From: "b", Label: "KNOWS", To: "a"}}},
		"bad last day":      {Vertices: []kg.Vertex{a}, Retire: []kg.Retirement{{ID: "a", LastDay: "soon"}}},
		"no last day":       {Vertices: []kg.Vertex{a}, Retire: []kg.Retirement{{ID: "a"}}},
	} {
		if err := g.Apply(t.Context(), batch); !errors.Is(err, kg.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if got := get(t, g, "a"); len(got) > 0 {
		t.Errorf("an invalid batch left %v", got)
	}
	if after := version(t, g); after != before {
		t.Errorf("invalid batches changed the version from %s to %s", before, after)
	}
}

func testInvalidQuestions(t *testing.T, g kg.Graph) {
	for name, p := range map[string]kg.Pattern{
		"no label":       {},
		"negative limit": {Labels: []string{"Rule"}, Limit: -1},
		"bad date":       {Labels: []string{"Rule"}, AsOf: "today"},
		"bad value":      {Labels: []string{"Rule"}, Where: map[string][]any{"p": {[]string{"x"}}}},
	} {
		if _, err := g.Match(t.Context(), p); !errors.Is(err, kg.ErrInvalid) {
			t.Errorf("match, %s: %v, want ErrInvalid", name, err)
		}
	}
	for name, e := range map[string]kg.Expansion{
		"no depth":       {IDs: []string{"a"}},
		"negative limit": {IDs: []string{"a"}, Depth: 1, Limit: -1},
	} {
		if _, err := g.Expand(t.Context(), e); !errors.Is(err, kg.ErrInvalid) {
			t.Errorf("expand, %s: %v, want ErrInvalid", name, err)
		}
	}
}

func testRetire(t *testing.T, g kg.Graph) {
	apply(t, g, kg.Batch{Vertices: []kg.Vertex{
		{ID: "always", Label: "Rule"},
		{ID: "bounded", Label: "Rule", EffectiveDate: "2026-03-01", ExpirationDate: "2026-05-31"},
		{ID: "ending", Label: "Rule", ExpirationDate: "2026-12-31"},
		{ID: "starting", Label: "Rule", EffectiveDate: "2026-03-01"},
	}})
	asOf := func(day string, want ...string) {
		t.Helper()
		got := ids(match(t, g, kg.Pattern{Labels: []string{"Rule"}, AsOf: day}))
		if !slices.Equal(got, want) {
			t.Errorf("as of %q: %v, want %v", day, got, want)
		}
	}
	asOf("2026-02-28", "always", "ending")
	asOf("2026-03-01", "always", "bounded", "ending", "starting")
	asOf("2026-05-31", "always", "bounded", "ending", "starting")
	asOf("2026-06-01", "always", "ending", "starting")
	asOf("2027-01-01", "always", "starting")

	apply(t, g, kg.Batch{Retire: []kg.Retirement{
		{ID: "bounded", LastDay: "2026-08-31"}, // had ended already
		{ID: "ending", LastDay: "2026-04-30"},
		{ID: "starting", LastDay: "2026-04-30"},
	}})
	asOf("2026-04-30", "always", "bounded", "ending", "starting")
	asOf("2026-05-01", "always", "bounded")
	asOf("2026-06-01", "always")
	asOf("", "always", "bounded", "ending", "starting")
	same(t, get(t, g, "bounded", "ending", "starting"), []kg.Vertex{
		{ID: "bounded", Label: "Rule", EffectiveDate: "2026-03-01", ExpirationDate: "2026-05-31"},
		{ID: "ending", Label: "Rule", ExpirationDate: "2026-04-30"},
		{ID: "starting", Label: "Rule", EffectiveDate: "2026-03-01", ExpirationDate: "2026-04-30"},
	})
}

func testTypes(t *testing.T, g kg.Graph) {
	properties := map[string]any{
		"empty": "", "digits": "1", "truth": "true", "null": "null",
		"unicode": "Malmö Åre 東京 🛫 e\u0301", "escapes": "\"\\/\b\f\n\r\t\x01\u2028<>&'$%", "nul": "a\x00b",
		"zero": int64(0), "one": int64(1), "minus": int64(-1), "least": int64(math.MinInt64), "greatest": int64(math.MaxInt64),
		"beyond float": int64(1<<53 + 1),
		"float zero":   0.0, "float one": 1.0, "third": 1.0 / 3, "tenth": 0.1, "sum": 0.1 + 0.2, "huge": math.MaxFloat64, "tiny": math.SmallestNonzeroFloat64,
		"million": 1e6, "exponent": 1e21, "negative": -273.15,
		"yes": true, "no": false,
	}
	want := []kg.Vertex{{ID: "a", Label: "Thing", Properties: properties}}
	edges := []kg.Edge{{From: "a", Label: "SELF", To: "a", Properties: properties}}
	apply(t, g, kg.Batch{Vertices: want, Edges: edges})
	same(t, get(t, g, "a"), want)
	same(t, expand(t, g, kg.Expansion{IDs: []string{"a"}, Depth: 1}), kg.Subgraph{Vertices: want, Edges: edges})
	for name, value := range properties {
		same(t, match(t, g, kg.Pattern{Labels: []string{"Thing"}, Where: map[string][]any{name: {value}}}), want)
	}
	apply(t, g, kg.Batch{Vertices: []kg.Vertex{{ID: "b", Label: "Thing", Properties: map[string]any{"n": 7}}}})
	same(t, get(t, g, "b"), []kg.Vertex{{ID: "b", Label: "Thing", Properties: map[string]any{"n": int64(7)}}})
}

// testNames: ids, labels and names of properties are any text.
func testNames(t *testing.T, g kg.Graph) {
	for i, name := range []string{
		"plain", "two words", "dotted.name", "a:b/c", "ünïcödé 東京", `"quoted"`, `back\slash`, "$", "$.x", "[0]", "#", "0", "it's", "%", "-", "a\nb",
	} {
		v := kg.Vertex{ID: name, Label: name, Properties: map[string]any{name: i}}
		e := kg.Edge{From: name, Label: name, To: name, Properties: map[string]any{name: i}}
		apply(t, g, kg.Batch{Vertices: []kg.Vertex{v}, Edges: []kg.Edge{e}})
		v.Properties, e.Properties = map[string]any{name: int64(i)}, map[string]any{name: int64(i)}
		want := []kg.Vertex{v}
		same(t, get(t, g, name), want)
		same(t, match(t, g, kg.Pattern{
			Labels: []string{name},
			Where:  map[string][]any{name: {i}},
			Edges:  []kg.EdgePattern{{Label: name, To: []string{name}}, {Label: name, Inbound: true, To: []string{name}}},
		}), want)
		same(t, expand(t, g, kg.Expansion{IDs: []string{name}, Labels: []string{name}, Depth: 1}),
			kg.Subgraph{Vertices: want, Edges: []kg.Edge{e}})
	}
}

func testMatchTypes(t *testing.T, g kg.Graph) {
	values := map[string]any{"bool": true, "float": 1.0, "int": int64(1), "string": "1", "word": "true"}
	for id, value := range values {
		apply(t, g, kg.Batch{Vertices: []kg.Vertex{{ID: id, Label: "Thing", Properties: map[string]any{"p": value}}}})
	}
	apply(t, g, kg.Batch{Vertices: []kg.Vertex{{ID: "without", Label: "Thing"}}})
	where := func(values ...any) []string {
		return ids(match(t, g, kg.Pattern{Labels: []string{"Thing"}, Where: map[string][]any{"p": values}}))
	}
	for id, value := range values {
		if got := where(value); !slices.Equal(got, []string{id}) {
			t.Errorf("where p is %v (%T): %v, want %s", value, value, got, id)
		}
	}
	if got := where(1); !slices.Equal(got, []string{"int"}) {
		t.Errorf("where p is the int 1: %v", got)
	}
	if got := where(true, 1.0, "none"); !slices.Equal(got, []string{"bool", "float"}) {
		t.Errorf("any of true and 1.0: %v", got)
	}
	if got := where(); len(got) > 0 {
		t.Errorf("any of no values: %v", got)
	}
	got := match(t, g, kg.Pattern{Labels: []string{"Thing"}, Edges: []kg.EdgePattern{{Label: "KNOWS"}}})
	if len(got) > 0 {
		t.Errorf("an edge to any of no vertices: %v", got)
	}
}

const (
	randomGraphs    = 4
	randomQuestions = 150
)

func testMatchOracle(t *testing.T, g kg.Graph) {
	hits := 0
	random(t, g, func(r *rand.Rand, o *oracle, size int) {
		p := kg.Pattern{Labels: some(r, labels, 1), Limit: r.IntN(2) * r.IntN(6)}
		for range r.IntN(3) {
			if p.Where == nil {
				p.Where = map[string][]any{}
			}
			p.Where[pick(r, names)] = some(r, values, 1)
		}
		for range r.IntN(3) {
			p.Edges = append(p.Edges, kg.EdgePattern{Label: pick(r, relations), Inbound: r.IntN(2) == 0, To: someIDs(r, size, 1+r.IntN(size))})
		}
		if r.IntN(2) == 0 {
			p.AsOf = day(r)
		}
		want, err := o.Match(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if got := match(t, g, p); !reflect.DeepEqual(got, want) {
			t.Errorf("Match(%+v) (-want +got)\n%s", p, cmp.Diff(want, got))
		}
		if len(want) > 0 {
			hits++
		}
	})
	if hits < randomQuestions/3 {
		t.Errorf("only %d questions had an answer: the test is weak", hits)
	}
}

func testExpandOracle(t *testing.T, g kg.Graph) {
	whole, cut := 0, 0
	random(t, g, func(r *rand.Rand, o *oracle, size int) {
		e := kg.Expansion{IDs: someIDs(r, size+3, 1+r.IntN(3)), Depth: 1 + r.IntN(4), Labels: some(r, relations, 0), Limit: r.IntN(2) * r.IntN(size)}
		want, err := o.Expand(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if got := expand(t, g, e); !reflect.DeepEqual(got, want) {
			t.Errorf("Expand(%+v) (-want +got)\n%s", e, cmp.Diff(want, got))
		}
		if want.Truncated {
			cut++
		} else if len(want.Edges) > 0 {
			whole++
		}
	})
	if whole < randomQuestions/3 || cut < randomQuestions/3 {
		t.Errorf("only %d neighbourhoods were whole and %d cut: the test is weak", whole, cut)
	}
}

func testExpandDistance(t *testing.T, g kg.Graph) {
	// z - m - a and z - y: by distance and id from z comes z, m, y, then a.
	apply(t, g, kg.Batch{
		Vertices: []kg.Vertex{{ID: "a", Label: "Stop"}, {ID: "m", Label: "Stop"}, {ID: "y", Label: "Stop"}, {ID: "z", Label: "Stop"}},
		Edges:    []kg.Edge{{From: "a", Label: "NEXT", To: "m"}, {From: "z", Label: "NEXT", To: "m"}, {From: "y", Label: "NEXT", To: "z"}},
	})
	for _, test := range []struct {
		depth, limit int
		want         []string
		truncated    bool
	}{
		{1, 0, []string{"m", "y", "z"}, false},
		{1, 3, []string{"m", "y", "z"}, false},
		{2, 3, []string{"m", "y", "z"}, true},
		{2, 2, []string{"m", "z"}, true},
		{2, 1, []string{"z"}, true},
		{2, 4, []string{"a", "m", "y", "z"}, false},
		{1000, 0, []string{"a", "m", "y", "z"}, false},
	} {
		s := expand(t, g, kg.Expansion{IDs: []string{"z", "z"}, Depth: test.depth, Limit: test.limit})
		if !slices.Equal(ids(s.Vertices), test.want) || s.Truncated != test.truncated {
			t.Errorf("depth %d, limit %d: %v, truncated %t, want %v, %t",
				test.depth, test.limit, ids(s.Vertices), s.Truncated, test.want, test.truncated)
		}
	}
}

// testBatchesOracle applies random batches, some of them wrong, and compares the
// whole content after each.
func testBatchesOracle(t *testing.T, g kg.Graph) {
	r := rand.New(rand.NewPCG(7, 1))
	o := newOracle()
	refused := 0
	for step := range 60 {
		const size = 12
		b := kg.Batch{}
		for range r.IntN(5) {
			b.Vertices = append(b.Vertices, randomVertex(r, r.IntN(size)))
		}
		for range r.IntN(3) {
			b.Edges = append(b.Edges, randomEdge(r, size))
		}
		for range r.IntN(2) {
			b.Retire = append(b.Retire, kg.Retirement{ID: id(r.IntN(size)), LastDay: day(r)})
		}
		before, known := version(t, g), o.version
		want := o.Apply(t.Context(), b)
		if err := g.Apply(t.Context(), b); errors.Is(err, kg.ErrInvalid) != (want != nil) || want == nil && err != nil {
			t.Fatalf("step %d: Apply(%+v) = %v, want %v", step, b, err, want)
		}
		if want != nil {
			refused++
		}
		if changed := version(t, g) != before; changed != (o.version != known) {
			t.Errorf("step %d: Apply(%+v) changed the version: %t", step, b, changed)
		}
		everything := kg.Expansion{IDs: someIDs(r, size, size), Depth: 1}
		content, err := o.Expand(t.Context(), everything)
		if err != nil {
			t.Fatal(err)
		}
		same(t, expand(t, g, everything), content)
	}
	if refused < 5 || refused > 40 {
		t.Errorf("%d of 60 batches were wrong: the test is weak", refused)
	}
}

func testCancelled(t *testing.T, g kg.Graph) {
	apply(t, g, kg.Batch{Vertices: []kg.Vertex{{ID: "a", Label: "Rule"}}})
	before := version(t, g)
	get(t, g, "a") // a remembered answer must not be given either
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"get":     func() error { _, err := g.Get(ctx, "a"); return err },
		"match":   func() error { _, err := g.Match(ctx, kg.Pattern{Labels: []string{"Rule"}}); return err },
		"expand":  func() error { _, err := g.Expand(ctx, kg.Expansion{IDs: []string{"a"}, Depth: 1}); return err },
		"apply":   func() error { return g.Apply(ctx, kg.Batch{Vertices: []kg.Vertex{{ID: "b", Label: "Rule"}}}) },
		"version": func() error { _, err := g.Version(ctx); return err },
	} {
		start := time.Now()
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
	if got := get(t, g, "b"); len(got) > 0 {
		t.Errorf("the cancelled batch left %v", got)
	}
	if after := version(t, g); after != before {
		t.Errorf("the version changed from %s to %s", before, after)
	}
}

func testReadersDuringWrites(t *testing.T, g kg.Graph) {
	const size, generations, readers = 25, 20, 4
	generation := func(n int) kg.Batch {
		var b kg.Batch
		for i := range size {
			b.Vertices = append(b.Vertices, kg.Vertex{ID: id(i), Label: "Member", Properties: map[string]any{"generation": n}})
		}
		return b
	}
	apply(t, g, generation(0))

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wait sync.WaitGroup
	for range readers {
		wait.Go(func() {
			last := int64(0)
			for ctx.Err() == nil {
				members, err := g.Match(t.Context(), kg.Pattern{Labels: []string{"Member"}})
				if err != nil {
					t.Errorf("Match: %v", err)
					return
				}
				seen := map[any]int{}
				for _, v := range members {
					seen[v.Properties["generation"]]++
				}
				if len(seen) != 1 || len(members) != size {
					t.Errorf("a reader saw a mix of generations: %v", seen)
					return
				}
				now := members[0].Properties["generation"].(int64)
				if now < last {
					t.Errorf("a reader saw generation %d after %d", now, last)
					return
				}
				last = now
			}
		})
	}
	for n := range generations {
		apply(t, g, generation(n+1))
		if got := get(t, g, id(0)); len(got) != 1 || got[0].Properties["generation"] != int64(n+1) {
			t.Errorf("after generation %d the writer reads %v", n+1, got)
		}
	}
	stop()
	wait.Wait()
}

// Random graphs. Small pools make coincidences frequent; the values look alike
// but differ in type.
var (
	labels    = []string{"Airport", "Airline", "Rule", "Source"}
	relations = []string{"FLIES", "KNOWS", "PART_OF"}
	names     = []string{"n", "name", "flag"}
	values    = []any{int64(1), 1.0, "1", true, "true", int64(0), 0.0, false, "", 0.1, "東京"}
)

// random asks questions of random graphs, each loaded over the one before.
func random(t *testing.T, g kg.Graph, ask func(r *rand.Rand, o *oracle, size int)) {
	o := newOracle()
	for seed := range uint64(randomGraphs) {
		r := rand.New(rand.NewPCG(seed, 0))
		size := 10 + r.IntN(30)
		var b kg.Batch
		for i := range size {
			b.Vertices = append(b.Vertices, randomVertex(r, i))
		}
		for range 2 * size {
			b.Edges = append(b.Edges, randomEdge(r, size))
		}
		apply(t, o, b)
		apply(t, g, b)
		for range randomQuestions / randomGraphs {
			ask(r, o, size)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func randomVertex(r *rand.Rand, i int) kg.Vertex {
	v := kg.Vertex{ID: id(i), Label: pick(r, labels)}
	for _, name := range names {
		if r.IntN(4) > 0 {
			if v.Properties == nil {
				v.Properties = map[string]any{}
			}
			v.Properties[name] = pick(r, values)
		}
	}
	if r.IntN(2) == 0 {
		v.EffectiveDate = day(r)
	}
	if r.IntN(2) == 0 {
		v.ExpirationDate = day(r)
	}
	return v
}

func randomEdge(r *rand.Rand, size int) kg.Edge {
	return kg.Edge{From: id(r.IntN(size)), Label: pick(r, relations), To: id(r.IntN(size)), Properties: map[string]any{"n": pick(r, values)}}
}

func id(i int) string { return fmt.Sprintf("v%02d", i) }

func day(r *rand.Rand) string { return fmt.Sprintf("2026-01-%02d", 1+r.IntN(20)) }

func pick[E any](r *rand.Rand, pool []E) E { return pool[r.IntN(len(pool))] }

// some returns a random part of the pool, of no fewer than least.
func some[E any](r *rand.Rand, pool []E, least int) []E {
	pool = slices.Clone(pool)
	r.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
	return pool[:least+r.IntN(len(pool)+1-least)]
}

func someIDs(r *rand.Rand, size, n int) []string {
	var ids []string
	for _, i := range r.Perm(size)[:min(n, size)] {
		ids = append(ids, id(i))
	}
	return ids
}

func get(t *testing.T, g kg.Graph, ids ...string) []kg.Vertex {
	t.Helper()
	vertices, err := g.Get(t.Context(), ids...)
	if err != nil {
		t.Fatalf("Get(%q): %v", ids, err)
	}
	return plainVertices(vertices)
}

func match(t *testing.T, g kg.Graph, p kg.Pattern) []kg.Vertex {
	t.Helper()
	vertices, err := g.Match(t.Context(), p)
	if err != nil {
		t.Fatalf("Match(%+v): %v", p, err)
	}
	return plainVertices(vertices)
}

func expand(t *testing.T, g kg.Graph, e kg.Expansion) kg.Subgraph {
	t.Helper()
	s, err := g.Expand(t.Context(), e)
	if err != nil {
		t.Fatalf("Expand(%+v): %v", e, err)
	}
	s.Vertices, s.Edges = plainVertices(s.Vertices), plainEdges(s.Edges)
	return s
}

func apply(t *testing.T, g kg.Graph, b kg.Batch) {
	t.Helper()
	if err := g.Apply(t.Context(), b); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

func version(t *testing.T, g kg.Graph) string {
	t.Helper()
	version, err := g.Version(t.Context())
	if err != nil {
		t.Fatalf("Version: %v", err)
	}
	return version
}

// same compares exactly, types included.
func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("(-want +got)\n%s", cmp.Diff(want, got))
	}
}

// The contract does not tell no properties from an empty map of them, nor no
// vertices from an empty list: here they are nil.

func plainVertices(vertices []kg.Vertex) []kg.Vertex {
	var plain []kg.Vertex
	for _, v := range vertices {
		if len(v.Properties) == 0 {
			v.Properties = nil
		}
		plain = append(plain, v)
	}
	return plain
}

func plainEdges(edges []kg.Edge) []kg.Edge {
	var plain []kg.Edge
	for _, e := range edges {
		if len(e.Properties) == 0 {
			e.Properties = nil
		}
		plain = append(plain, e)
	}
	return plain
}

func ids(vertices []kg.Vertex) []string {
	var ids []string
	for _, v := range vertices {
		ids = append(ids, v.ID)
	}
	return ids
}
