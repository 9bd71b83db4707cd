package kg

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// partial answers some questions and fails others.
type partial struct {
	Graph
	version  string
	versions error
	matches  error
	waits    chan struct{} // of Match; nil does not wait
}

func (p *partial) Version(context.Context) (string, error) { return p.version, p.versions }

func (p *partial) Match(ctx context.Context, _ Pattern) ([]Vertex, error) {
	if p.waits != nil {
		select {
		case <-p.waits:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, p.matches
}

// TestFactsOfUnreachableGraph: what was read last is given, with a warning, when
// the version or what has changed cannot be read.
func TestFactsOfUnreachableGraph(t *testing.T) {
	gone := fmt.Errorf("%w: no route", ErrUnavailable)
	g := &partial{version: "1", matches: gone}
	c := NewCatalog(g)
	if _, err := c.Facts(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("nothing was ever read: %v", err)
	}
	g.matches = nil
	first, err := c.Facts(t.Context())
	if err != nil || c.Warning() != "" {
		t.Fatal(err, c.Warning())
	}
	for name, broken := range map[string]*partial{
		"version": {version: "", versions: gone}, "facts": {version: "2", matches: gone},
	} {
		c.graph = broken
		got, err := c.Facts(t.Context())
		if err != nil || got != first || !strings.Contains(c.Warning(), "what it held before") {
			t.Errorf("%s unreadable: %v, %v, warning %q", name, got, err, c.Warning())
		}
		c.graph = g
		if _, err := c.Facts(t.Context()); err != nil || c.Warning() != "" {
			t.Errorf("%s readable again: %v, warning %q", name, err, c.Warning())
		}
	}
	c.graph = &partial{version: "2", matches: fmt.Errorf("%w: %w", ErrUnavailable, ErrDamaged)}
	if _, err := c.Facts(t.Context()); !errors.Is(err, ErrDamaged) {
		t.Errorf("a damaged store: %v", err)
	}
}

// TestFactsFirstCallerLeaves: he who gives up waits no longer, and those who
// asked with him are served.
func TestFactsFirstCallerLeaves(t *testing.T) {
	g := &partial{version: "1", waits: make(chan struct{})}
	c := NewCatalog(g)
	impatient, leave := context.WithCancel(t.Context())
	left, served := make(chan error, 1), make(chan error, 1)
	go func() { _, err := c.Facts(impatient); left <- err }()
	time.Sleep(10 * time.Millisecond) // so that his load is the one that runs
	go func() { _, err := c.Facts(t.Context()); served <- err }()
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("he who left got %v", err)
	}
	close(g.waits)
	if err := <-served; err != nil {
		t.Errorf("he who stayed got %v", err)
	}
}
