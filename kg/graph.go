// Package kg is the knowledge graph of loyalty programs: its model, the narrow
// interface that a backend implements, and the typed catalog of questions on
// top of it. Facts enter it as fact sheets (package schemas) and leave it as
// the Facts that engines compute with.
package kg

import (
	"context"
	"errors"
)

// Graph is a property graph with few verbs, so that a backend is small and every
// question is asked once, in the Catalog. Answers are sorted by id.
type Graph interface {
	// Get returns the vertices that exist among ids.
	Get(ctx context.Context, ids ...string) ([]Vertex, error)
	// Match returns the vertices that fit the pattern.
	Match(ctx context.Context, p Pattern) ([]Vertex, error)
	// Expand returns the neighbourhood of vertices, edges taken in both directions.
	Expand(ctx context.Context, e Expansion) (Subgraph, error)
	// Apply performs a batch as one atomic, idempotent change.
	Apply(ctx context.Context, b Batch) error
	// Version names the state of the graph; it changes with every Apply that
	// changes anything.
	Version(ctx context.Context) (string, error)
	// Close releases what the backend holds.
	Close() error
}

// Vertex is a thing: an airport, a program, a rule, a source.
type Vertex struct {
	ID         string         `json:"id"`
	Label      string         `json:"label"`
	Properties map[string]any `json:"properties,omitempty"` // string, int64, float64 or bool
	// EffectiveDate and ExpirationDate bound the days on which the fact holds,
	// both included; "" is open.
	EffectiveDate  string `json:"effectiveDate,omitempty"`
	ExpirationDate string `json:"expirationDate,omitempty"`
}

// Edge is a directed relation; From, Label and To identify it.
type Edge struct {
	From       string         `json:"from"`
	Label      string         `json:"label"`
	To         string         `json:"to"`
	Properties map[string]any `json:"properties,omitempty"`
}

// Pattern is a conjunctive star around one vertex: all of its parts must hold.
type Pattern struct {
	Labels []string         // any of these; at least one
	Where  map[string][]any // property -> any of these values
	Edges  []EdgePattern
	AsOf   string // ISO date on which the vertex must hold; "" takes all, expired ones too
	Limit  int    // 0 is no limit
}

// EdgePattern asks for an edge to any of the vertices in To.
type EdgePattern struct {
	Label   string
	Inbound bool // the edge points at the matched vertex
	To      []string
}

// Expansion asks for the neighbourhood of vertices.
type Expansion struct {
	IDs    []string
	Depth  int      // 1 or more
	Labels []string // only over edges of these labels; empty is all
	Limit  int      // most vertices in the answer, the start ones first, then by distance and id; 0 is no limit
}

// Subgraph is a set of vertices and the edges among them.
type Subgraph struct {
	Vertices  []Vertex `json:"vertices"`
	Edges     []Edge   `json:"edges"`               // sorted by From, Label, To
	Truncated bool     `json:"truncated,omitempty"` // Limit left vertices out
}

// Batch is a set of changes. Within a batch vertices are written before edges,
// and retirement comes last.
type Batch struct {
	// Vertices are created, or replaced whole if their id exists.
	Vertices []Vertex
	// Edges are created, or have their properties replaced. Both ends must
	// exist, before the batch or in it.
	Edges []Edge
	// Retire ends the validity of vertices: their ExpirationDate becomes the
	// given day, unless it is earlier already. Unknown ids are an error.
	Retire []Retirement
}

// Retirement ends a vertex' validity: it stays readable, but no longer holds.
type Retirement struct {
	ID      string
	LastDay string
}

// Errors of backends, to be tested with errors.Is.
var (
	// ErrUnavailable: the graph could not be reached; the question was not answered.
	ErrUnavailable = errors.New("the knowledge graph is not reachable")
	// ErrDamaged: the store holds what its backend cannot read; only a person can mend it.
	ErrDamaged = errors.New("the store is damaged")
	// ErrInvalid: the request itself is wrong (an edge to nowhere, a bad property type).
	ErrInvalid = errors.New("invalid graph request")
)
