package tools

import (
	"context"
	"sync"

	"loyalty-mcp/internal/awards"
	"loyalty-mcp/internal/earnings"
	"loyalty-mcp/kg"
)

// books keeps the engines' indexes of the graph's present facts.
type books struct {
	catalog *kg.Catalog
	earned  indexed[earnings.Book]
	awarded indexed[awards.Book]
}

func (b *books) earnings(ctx context.Context) (*earnings.Book, error) {
	return b.earned.of(ctx, b.catalog, earnings.NewBook)
}

func (b *books) awards(ctx context.Context) (*awards.Book, error) {
	return b.awarded.of(ctx, b.catalog, awards.NewBook)
}

// indexed is an index of facts, made anew when they have changed.
type indexed[T any] struct {
	mu    sync.Mutex
	facts *kg.Facts
	index *T
}

func (x *indexed[T]) of(ctx context.Context, catalog *kg.Catalog, index func(*kg.Facts) (*T, error)) (*T, error) {
	facts, err := catalog.Facts(ctx)
	if err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.facts != facts {
		made, err := index(facts)
		if err != nil {
			return nil, err
		}
		x.facts, x.index = facts, made
	}
	return x.index, nil
}

// warn adds what is to be said of the state of the facts.
func (b *books) warn(warnings []string) []string {
	if w := b.catalog.Warning(); w != "" {
		return append(warnings, w)
	}
	return warnings
}
