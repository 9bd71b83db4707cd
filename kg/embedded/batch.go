package embedded

import (
	"fmt"
	"time"
	"unicode/utf8"

	"loyalty-mcp/kg"
)

// changes are a batch's final effect: each vertex and each edge is written at
// most once. A batch that names something twice, or retires what it writes, would
// otherwise change the graph every time it is applied.
type changes struct {
	vertices []vertexRow
	edges    []edgeRow
	retire   map[string]string // id of a vertex outside the batch -> last day
}

type vertexRow struct{ id, label, properties, effective, expiration string }

type edgeRow struct{ from, label, to, properties string }

func newChanges(b kg.Batch) (changes, error) {
	c := changes{retire: map[string]string{}}

	vertexAt := make(map[string]int, len(b.Vertices))
	for _, v := range b.Vertices {
		row, err := newVertexRow(v)
		if err != nil {
			return changes{}, fmt.Errorf("vertex %q: %w", v.ID, err)
		}
		if i, ok := vertexAt[v.ID]; ok {
			c.vertices[i] = row
			continue
		}
		vertexAt[v.ID] = len(c.vertices)
		c.vertices = append(c.vertices, row)
	}

	edgeAt := make(map[edgeRow]int, len(b.Edges))
	for _, e := range b.Edges {
		row, err := newEdgeRow(e)
		if err != nil {
			return changes{}, fmt.Errorf("edge %q -%s-> %q: %w", e.From, e.Label, e.To, err)
		}
		key := edgeRow{from: e.From, label: e.Label, to: e.To}
		if i, ok := edgeAt[key]; ok {
			c.edges[i] = row
			continue
		}
		edgeAt[key] = len(c.edges)
		c.edges = append(c.edges, row)
	}

	for _, r := range b.Retire {
		if err := checkDate(r.LastDay); err != nil {
			return changes{}, fmt.Errorf("retirement of %q: %w", r.ID, err)
		}
		if i, ok := vertexAt[r.ID]; ok {
			c.vertices[i].expiration = earlier(c.vertices[i].expiration, r.LastDay)
		} else {
			c.retire[r.ID] = earlier(c.retire[r.ID], r.LastDay)
		}
	}
	return c, nil
}

func newVertexRow(v kg.Vertex) (vertexRow, error) {
	if err := checkNames(v.ID, v.Label); err != nil {
		return vertexRow{}, err
	}
	for _, day := range []string{v.EffectiveDate, v.ExpirationDate} {
		if day == "" {
			continue
		}
		if err := checkDate(day); err != nil {
			return vertexRow{}, err
		}
	}
	properties, err := encodeProperties(v.Properties)
	return vertexRow{v.ID, v.Label, properties, v.EffectiveDate, v.ExpirationDate}, err
}

func newEdgeRow(e kg.Edge) (edgeRow, error) {
	if err := checkNames(e.From, e.Label, e.To); err != nil {
		return edgeRow{}, err
	}
	properties, err := encodeProperties(e.Properties)
	return edgeRow{e.From, e.Label, e.To, properties}, err
}

func checkNames(names ...string) error {
	for _, s := range names {
		if s == "" {
			return fmt.Errorf("%w: an id or label is empty", kg.ErrInvalid)
		}
		if !utf8.ValidString(s) {
			return fmt.Errorf("%w: %q is not UTF-8", kg.ErrInvalid, s)
		}
	}
	return nil
}

// checkDate accepts ISO 8601 days only: they are compared as text.
func checkDate(day string) error {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return fmt.Errorf("%w: %q is not a date like 2026-11-21", kg.ErrInvalid, day)
	}
	return nil
}

// earlier is the first of two days, of which a may be open.
func earlier(a, b string) string {
	if a == "" {
		return b
	}
	return min(a, b)
}
