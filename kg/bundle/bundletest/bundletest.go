// Package bundletest gives tests the bundled facts, by the path that the server
// takes: sheets, graph, catalog.
package bundletest

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"loyalty-mcp/kg"
	"loyalty-mcp/kg/bundle"
	"loyalty-mcp/kg/embedded"
)

// Today is the day on which tests ask.
var Today = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// Store returns a store of its own with the bundled facts, which lives as long
// as the test.
func Store(t testing.TB) kg.Graph {
	t.Helper()
	ctx := context.Background()
	store, err := embedded.Open(ctx, filepath.Join(t.TempDir(), "graph.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := kg.ImportBundle(ctx, store, bundle.Hash(), sheets, Today); err != nil {
		t.Fatal(err)
	}
	return store
}

// sheets decodes the bundle once a process.
var sheets = sync.OnceValues(bundle.Sheets)

// Facts returns the bundled facts, read once a process.
func Facts(t testing.TB) *kg.Facts {
	t.Helper()
	factsOnce.Do(func() {
		var err error
		if facts, err = kg.NewCatalog(Store(t)).Facts(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
	if facts == nil {
		t.Fatal("the bundle did not load: see the first test that failed")
	}
	return facts
}

var (
	factsOnce sync.Once
	facts     *kg.Facts
)

// EarningPrograms lists the programs that have earning rules.
func EarningPrograms(t testing.TB) []string {
	t.Helper()
	var ids []string
	for id, p := range Facts(t).Programs {
		if len(p.EarningRules) > 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
