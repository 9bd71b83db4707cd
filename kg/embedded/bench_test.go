package embedded

import (
	"context"
	"fmt"
	"testing"
	"time"

	"loyalty-mcp/kg"
)

var nearby = kg.Pattern{
	Labels: []string{"Airport"},
	Where:  map[string][]any{"country": {"US"}},
	Edges:  []kg.EdgePattern{{Label: "LOCATED_IN", To: []string{"airport:00150"}}},
	AsOf:   "2026-06-01",
}

func benchmarkMatch(b *testing.B, g kg.Graph) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if found, err := g.Match(b.Context(), nearby); err != nil || len(found) == 0 {
			b.Fatal(len(found), err)
		}
	}
}

func BenchmarkMatchCold(b *testing.B) {
	g := open(b, file(b))
	apply(b, g, bundle(10_000))
	benchmarkMatch(b, g)
}

func BenchmarkMatchWarm(b *testing.B) {
	g := open(b, file(b))
	apply(b, g, bundle(10_000))
	benchmarkMatch(b, kg.NewCache(g, kg.CacheOptions{Answers: 100, CheckEvery: time.Second, Now: time.Now}))
}

func BenchmarkMatchProperty(b *testing.B) {
	g := open(b, file(b))
	apply(b, g, bundle(10_000))
	b.ReportAllocs()
	for b.Loop() {
		found, err := g.Match(b.Context(), kg.Pattern{Labels: []string{"Airport"}, Where: map[string][]any{"code": {"777"}}})
		if err != nil || len(found) != 1 {
			b.Fatal(len(found), err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	g := open(b, file(b))
	apply(b, g, bundle(10_000))
	b.ReportAllocs()
	for b.Loop() {
		if found, err := g.Get(b.Context(), "airport:00001", "airport:07777"); err != nil || len(found) != 2 {
			b.Fatal(len(found), err)
		}
	}
}

func BenchmarkVersion(b *testing.B) {
	g := open(b, file(b))
	b.ReportAllocs()
	for b.Loop() {
		version(b, g)
	}
}

func BenchmarkExpand(b *testing.B) {
	g := open(b, file(b))
	apply(b, g, bundle(10_000))
	for _, depth := range []int{1, 3, 100} {
		b.Run(fmt.Sprint("depth ", depth), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := g.Expand(b.Context(), kg.Expansion{IDs: []string{"airport:07777"}, Depth: depth, Limit: 50})
				if err != nil || len(s.Vertices) == 0 {
					b.Fatal(len(s.Vertices), err)
				}
			}
		})
	}
}

func BenchmarkApply(b *testing.B) {
	for _, size := range []int{5_000, 10_000} {
		batch := bundle(size)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				g := open(b, file(b))
				apply(b, g, batch)
			}
		})
		b.Run(fmt.Sprint(size, " again"), func(b *testing.B) {
			g := open(b, file(b))
			apply(b, g, batch)
			b.ReportAllocs()
			for b.Loop() {
				apply(b, g, batch)
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	path := file(b)
	apply(b, open(b, path), bundle(10_000))
	b.ReportAllocs()
	for b.Loop() {
		g, err := Open(context.Background(), path)
		if err != nil {
			b.Fatal(err)
		}
		version(b, g)
		if err := g.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
