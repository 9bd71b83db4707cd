package kgtest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"loyalty-mcp/kg"
)

// oracle is kg.Graph written for plainness alone: maps, and a look at everything
// for every question. What it answers is what the contract means.
type oracle struct {
	mu       sync.Mutex
	vertices map[string]kg.Vertex
	edges    map[edgeKey]kg.Edge
	version  int
}

type edgeKey struct{ from, label, to string }

func newOracle() *oracle {
	return &oracle{vertices: map[string]kg.Vertex{}, edges: map[edgeKey]kg.Edge{}}
}

func (o *oracle) Get(ctx context.Context, ids ...string) ([]kg.Vertex, error) {
	return o.selectVertices(ctx, func(v kg.Vertex) bool { return slices.Contains(ids, v.ID) }, 0)
}

func (o *oracle) Match(ctx context.Context, p kg.Pattern) ([]kg.Vertex, error) {
	if len(p.Labels) == 0 || p.Limit < 0 || p.AsOf != "" && !isDate(p.AsOf) {
		return nil, kg.ErrInvalid
	}
	for name, values := range p.Where {
		for _, value := range values {
			if _, err := normal(map[string]any{name: value}); err != nil {
				return nil, err
			}
		}
	}
	return o.selectVertices(ctx, func(v kg.Vertex) bool { return o.fits(v, p) }, p.Limit)
}

func (o *oracle) fits(v kg.Vertex, p kg.Pattern) bool {
	if !slices.Contains(p.Labels, v.Label) {
		return false
	}
	for name, values := range p.Where {
		has, ok := v.Properties[name]
		if !ok || !slices.ContainsFunc(values, func(want any) bool {
			if n, ok := want.(int); ok {
				want = int64(n)
			}
			return want == has // different types are different values
		}) {
			return false
		}
	}
	for _, e := range p.Edges {
		if !slices.ContainsFunc(e.To, func(to string) bool {
			key := edgeKey{v.ID, e.Label, to}
			if e.Inbound {
				key = edgeKey{to, e.Label, v.ID}
			}
			_, ok := o.edges[key]
			return ok
		}) {
			return false
		}
	}
	return p.AsOf == "" ||
		(v.EffectiveDate == "" || v.EffectiveDate <= p.AsOf) && (v.ExpirationDate == "" || p.AsOf <= v.ExpirationDate)
}

func (o *oracle) selectVertices(ctx context.Context, fits func(kg.Vertex) bool, limit int) ([]kg.Vertex, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var found []kg.Vertex
	for _, id := range slices.Sorted(maps.Keys(o.vertices)) {
		if v := o.vertices[id]; fits(v) && (limit == 0 || len(found) < limit) {
			found = append(found, v)
		}
	}
	return found, nil
}

func (o *oracle) Expand(ctx context.Context, e kg.Expansion) (kg.Subgraph, error) {
	if err := ctx.Err(); err != nil {
		return kg.Subgraph{}, err
	}
	if e.Depth < 1 || e.Limit < 0 {
		return kg.Subgraph{}, kg.ErrInvalid
	}
	o.mu.Lock()
	defer o.mu.Unlock()

	type reached struct {
		id       string
		distance int
	}
	distance := map[string]int{}
	var queue []reached
	visit := func(id string, d int) {
		if _, seen := distance[id]; !seen {
			distance[id] = d
			queue = append(queue, reached{id, d})
		}
	}
	for _, id := range e.IDs {
		if _, ok := o.vertices[id]; ok {
			visit(id, 0)
		}
	}
	over := func(label string) bool { return len(e.Labels) == 0 || slices.Contains(e.Labels, label) }
	for i := 0; i < len(queue); i++ {
		if queue[i].distance == e.Depth {
			break
		}
		for key := range o.edges {
			if !over(key.label) {
				continue
			}
			if key.from == queue[i].id {
				visit(key.to, queue[i].distance+1)
			}
			if key.to == queue[i].id {
				visit(key.from, queue[i].distance+1)
			}
		}
	}
	slices.SortFunc(queue, func(a, b reached) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.id, b.id))
	})

	var s kg.Subgraph
	if e.Limit > 0 && len(queue) > e.Limit {
		queue, s.Truncated = queue[:e.Limit], true
	}
	kept := map[string]bool{}
	for _, r := range queue {
		kept[r.id] = true
	}
	for _, id := range slices.Sorted(maps.Keys(kept)) {
		s.Vertices = append(s.Vertices, o.vertices[id])
	}
	for key, edge := range o.edges {
		if over(key.label) && kept[key.from] && kept[key.to] {
			s.Edges = append(s.Edges, edge)
		}
	}
	slices.SortFunc(s.Edges, func(a, b kg.Edge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Label, b.Label), cmp.Compare(a.To, b.To))
	})
	return s, nil
}

func (o *oracle) Apply(ctx context.Context, b kg.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	vertices, edges := maps.Clone(o.vertices), maps.Clone(o.edges)
	for _, v := range b.Vertices {
		properties, err := normal(v.Properties)
		if err != nil {
			return err
		}
		if v.ID == "" || v.Label == "" || !utf8.ValidString(v.ID+v.Label) ||
			v.EffectiveDate != "" && !isDate(v.EffectiveDate) || v.ExpirationDate != "" && !isDate(v.ExpirationDate) {
			return fmt.Errorf("%w: vertex %q", kg.ErrInvalid, v.ID)
		}
		v.Properties = properties
		vertices[v.ID] = v
	}
	for _, e := range b.Edges {
		properties, err := normal(e.Properties)
		if err != nil {
			return err
		}
		_, from := vertices[e.From]
		_, to := vertices[e.To]
		if e.Label == "" || !utf8.ValidString(e.Label) || !from || !to {
			return fmt.Errorf("%w: edge %q %q %q", kg.ErrInvalid, e.From, e.Label, e.To)
		}
		e.Properties = properties
		edges[edgeKey{e.From, e.Label, e.To}] = e
	}
	for _, r := range b.Retire {
		v, ok := vertices[r.ID]
		if !ok || !isDate(r.LastDay) {
			return fmt.Errorf("%w: retirement of %q", kg.ErrInvalid, r.ID)
		}
		if v.ExpirationDate == "" || r.LastDay < v.ExpirationDate {
			v.ExpirationDate = r.LastDay
		}
		vertices[r.ID] = v
	}
	if !reflect.DeepEqual(vertices, o.vertices) || !reflect.DeepEqual(edges, o.edges) {
		o.version++
	}
	o.vertices, o.edges = vertices, edges
	return nil
}

func (o *oracle) Version(ctx context.Context) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strconv.Itoa(o.version), ctx.Err()
}

func (o *oracle) Close() error { return nil }

// normal copies properties as a backend returns them.
func normal(properties map[string]any) (map[string]any, error) {
	var normal map[string]any
	for name, value := range properties {
		ok := name != "" && utf8.ValidString(name)
		switch v := value.(type) {
		case int:
			value = int64(v)
		case int64, bool:
		case float64:
			ok = ok && !math.IsNaN(v) && !math.IsInf(v, 0)
		case string:
			ok = ok && utf8.ValidString(v)
		default:
			ok = false
		}
		if !ok {
			return nil, fmt.Errorf("%w: property %q: %v (%T)", kg.ErrInvalid, name, value, value)
		}
		if normal == nil {
			normal = map[string]any{}
		}
		normal[name] = value
	}
	return normal, nil
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}
