// Package embedded is the knowledge graph in one SQLite file, for a program that
// has no database server. Several processes may have the file open: each sees
// what the others wrote, readers never wait, writers take turns.
package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"loyalty-mcp/kg"
)

const (
	readers     = 4
	busyTimeout = "10000" // milliseconds to wait for another process's write
	// Write-ahead logging survives the end of the process at any moment; with
	// synchronous=NORMAL the end of the machine may cost the last batches, which
	// the bundle restores, but never the file. A page cache of 1 MiB keeps the
	// whole of the memory small and the inner pages of every index at hand.
	common        = "_busy_timeout=" + busyTimeout + "&_synchronous=NORMAL&_pragma=cache_size(-1024)"
	writeSettings = common + "&_journal_mode=WAL&_foreign_keys=1&_txlock=immediate"
	readSettings  = common + "&_query_only=1"

	openWithin = 10 * time.Second

	selectVersion = "SELECT version FROM state"
)

// Graph is a kg.Graph in a file.
type Graph struct {
	path  string
	write *sql.DB // one connection: writers of this process queue for it
	read  *sql.DB
}

var _ kg.Graph = (*Graph)(nil)

// Open opens the store in the file, and creates it if the file does not exist;
// its directory must. A file that cannot be used is left untouched, with an
// error that wraps ErrNewerStore or kg.ErrDamaged and says what to do.
func Open(ctx context.Context, path string) (*Graph, error) {
	for give := time.Now().Add(openWithin); ; {
		g := &Graph{path: path}
		err := g.open(ctx)
		if err == nil {
			return g, nil
		}
		err = errors.Join(g.failure(ctx, "open", err), g.Close())
		// SQLite does not wait for another handle that is turning the same new file
		// to write-ahead logging, because the two might wait for each other.
		if !is(err, sqlite3.SQLITE_BUSY) || time.Now().After(give) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, g.failure(ctx, "open", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (g *Graph) open(ctx context.Context) error {
	blank, err := inspect(ctx, g.path)
	if err != nil {
		return err
	}
	if g.write, err = connect(g.path, writeSettings, 1); err != nil {
		return err
	}
	if g.read, err = connect(g.path, readSettings, readers); err != nil {
		return err
	}
	if blank {
		return create(ctx, g.path, g.write)
	}
	return g.write.PingContext(ctx)
}

// Close releases the file.
func (g *Graph) Close() error {
	var err error
	for _, db := range []*sql.DB{g.read, g.write} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return err
}

// Version counts the batches that changed anything.
func (g *Graph) Version(ctx context.Context) (string, error) {
	var version int64
	if err := g.read.QueryRowContext(ctx, selectVersion).Scan(&version); err != nil {
		return "", g.failure(ctx, "version", err)
	}
	return strconv.FormatInt(version, 10), nil
}

const selectVertex = "SELECT v.id, v.label, v.properties, v.effective, v.expiration "

// Get is kg.Graph's.
func (g *Graph) Get(ctx context.Context, ids ...string) ([]kg.Vertex, error) {
	wanted, err := list(ids)
	if err != nil {
		return nil, g.failure(ctx, "get", err)
	}
	vertices, err := queryVertices(ctx, g.read,
		selectVertex+"FROM vertex v WHERE v.id IN (SELECT value FROM json_each(?)) ORDER BY v.id", wanted)
	return vertices, g.failure(ctx, "get", err)
}

// Match is kg.Graph's. No values for a property, or no vertices for an edge, is
// a condition that nothing meets.
func (g *Graph) Match(ctx context.Context, p kg.Pattern) ([]kg.Vertex, error) {
	query, arguments, err := matchQuery(p)
	if err != nil {
		return nil, g.failure(ctx, "match", err)
	}
	vertices, err := queryVertices(ctx, g.read, query, arguments...)
	return vertices, g.failure(ctx, "match", err)
}

// maxTexts is the most values of a property that are first looked for as text.
const maxTexts = 20

func matchQuery(p kg.Pattern) (query string, arguments []any, err error) {
	if len(p.Labels) == 0 {
		return "", nil, fmt.Errorf("%w: a pattern needs a label", kg.ErrInvalid)
	}
	if err := checkLimit(p.Limit); err != nil {
		return "", nil, err
	}
	labels, err := list(p.Labels)
	if err != nil {
		return "", nil, err
	}
	var q strings.Builder
	q.WriteString(selectVertex + "FROM vertex v WHERE v.label IN (SELECT value FROM json_each(?))")
	arguments = append(arguments, labels)

	for _, name := range slices.Sorted(maps.Keys(p.Where)) {
		key, err := encodeName(name)
		if err != nil {
			return "", nil, err
		}
		values := make([]string, len(p.Where[name]))
		for i, value := range p.Where[name] {
			if values[i], err = encodeValue(value); err != nil {
				return "", nil, fmt.Errorf("property %q: %w", name, err)
			}
		}
		texts, err := list(values)
		if err != nil {
			return "", nil, err
		}
		// Reading JSON is most of the work, so a look for the text comes first.
		if n := len(values); n > 0 && n <= maxTexts {
			q.WriteString(" AND (instr(v.properties, ?)" + strings.Repeat(" OR instr(v.properties, ?)", n-1) + ")")
			for _, value := range values {
				arguments = append(arguments, key+":"+value)
			}
		}
		q.WriteString(" AND v.properties -> ? IN (SELECT value FROM json_each(?))")
		arguments = append(arguments, "$."+key, texts)
	}

	for _, e := range p.Edges {
		to, err := list(e.To)
		if err != nil {
			return "", nil, err
		}
		near, far := "source", "target"
		if e.Inbound {
			near, far = far, near
		}
		fmt.Fprintf(&q, " AND v.id IN (SELECT %s FROM edge WHERE label = ? AND %s IN (SELECT value FROM json_each(?)))", near, far)
		arguments = append(arguments, e.Label, to)
	}

	if p.AsOf != "" {
		if err := checkDate(p.AsOf); err != nil {
			return "", nil, err
		}
		q.WriteString(" AND v.effective <= ? AND (v.expiration = '' OR v.expiration >= ?)") // '' is before every day
		arguments = append(arguments, p.AsOf, p.AsOf)
	}

	q.WriteString(" ORDER BY v.id")
	if p.Limit > 0 {
		q.WriteString(" LIMIT ?")
		arguments = append(arguments, p.Limit)
	}
	return q.String(), arguments, nil
}

// The neighbourhood grows level by level. The neighbours of a level are in the
// level before, in itself or new, so these two are all that must be remembered.
// It stops once more vertices are found than are wanted.
const expandQuery = `
WITH RECURSIVE level (depth, before, ids, found) AS (
	SELECT 0, '[]', (SELECT json_group_array(id) FROM vertex WHERE id IN (SELECT value FROM json_each(:ids))), 0
	UNION ALL
	SELECT level.depth + 1, level.ids, (
			SELECT json_group_array(id) FROM (
				SELECT e.target AS id FROM json_each(level.ids) n CROSS JOIN edge e ON e.source = n.value
					WHERE :all OR e.label IN (SELECT value FROM json_each(:labels))
				UNION
				SELECT e.source FROM json_each(level.ids) n CROSS JOIN edge e ON e.target = n.value
					WHERE :all OR e.label IN (SELECT value FROM json_each(:labels))
				EXCEPT SELECT value FROM json_each(level.ids)
				EXCEPT SELECT value FROM json_each(level.before))
		), level.found + json_array_length(level.ids)
	FROM level
	WHERE level.depth < :depth AND level.ids <> '[]' AND (:limit = 0 OR level.found + json_array_length(level.ids) <= :limit)
)
` + selectVertex + `
FROM level CROSS JOIN json_each(level.ids) n CROSS JOIN vertex v ON v.id = n.value
ORDER BY level.depth, v.id
LIMIT CASE :limit WHEN 0 THEN -1 ELSE :limit + 1 END`

const edgesQuery = `
SELECT e.source, e.label, e.target, e.properties
FROM json_each(:ids) n CROSS JOIN edge e ON e.source = n.value
WHERE e.target IN (SELECT value FROM json_each(:ids)) AND (:all OR e.label IN (SELECT value FROM json_each(:labels)))
ORDER BY e.source, e.label, e.target`

// Expand is kg.Graph's.
func (g *Graph) Expand(ctx context.Context, e kg.Expansion) (kg.Subgraph, error) {
	s, err := g.expand(ctx, e)
	return s, g.failure(ctx, "expand", err)
}

func (g *Graph) expand(ctx context.Context, e kg.Expansion) (s kg.Subgraph, err error) {
	if e.Depth < 1 {
		return s, fmt.Errorf("%w: depth %d is less than 1", kg.ErrInvalid, e.Depth)
	}
	if err := checkLimit(e.Limit); err != nil {
		return s, err
	}
	start, err := list(e.IDs)
	if err != nil {
		return s, err
	}
	labels, err := list(e.Labels)
	if err != nil {
		return s, err
	}
	all := sql.Named("all", len(e.Labels) == 0)

	// One transaction, so that vertices and edges are of the same state.
	tx, err := g.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return s, err
	}
	defer tx.Rollback()
	vertices, err := queryVertices(ctx, tx, expandQuery, sql.Named("ids", start), sql.Named("labels", labels), all,
		sql.Named("depth", e.Depth), sql.Named("limit", e.Limit))
	if err != nil {
		return s, err
	}
	truncated := e.Limit > 0 && len(vertices) > e.Limit
	if truncated {
		vertices = vertices[:e.Limit]
	}
	slices.SortFunc(vertices, func(a, b kg.Vertex) int { return strings.Compare(a.ID, b.ID) })
	ids := make([]string, len(vertices))
	for i, v := range vertices {
		ids[i] = v.ID
	}
	among, err := list(ids)
	if err != nil {
		return s, err
	}
	edges, err := queryEdges(ctx, tx, edgesQuery, sql.Named("ids", among), sql.Named("labels", labels), all)
	if err != nil {
		return s, err
	}
	return kg.Subgraph{Vertices: vertices, Edges: edges, Truncated: truncated}, nil
}

func checkLimit(limit int) error {
	if limit < 0 {
		return fmt.Errorf("%w: limit %d is negative", kg.ErrInvalid, limit)
	}
	return nil
}

// querier is a pool or a transaction.
type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

func queryVertices(ctx context.Context, db querier, query string, arguments ...any) ([]kg.Vertex, error) {
	var vertices []kg.Vertex
	err := each(ctx, db, query, arguments, func(rows *sql.Rows) error {
		var v kg.Vertex
		var properties string
		err := rows.Scan(&v.ID, &v.Label, &properties, &v.EffectiveDate, &v.ExpirationDate)
		if err != nil {
			return err
		}
		if v.Properties, err = decodeProperties(properties); err != nil {
			return damage{fmt.Errorf("vertex %q: %w", v.ID, err)}
		}
		vertices = append(vertices, v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return vertices, nil
}

func queryEdges(ctx context.Context, db querier, query string, arguments ...any) ([]kg.Edge, error) {
	var edges []kg.Edge
	err := each(ctx, db, query, arguments, func(rows *sql.Rows) error {
		var e kg.Edge
		var properties string
		err := rows.Scan(&e.From, &e.Label, &e.To, &properties)
		if err != nil {
			return err
		}
		if e.Properties, err = decodeProperties(properties); err != nil {
			return damage{fmt.Errorf("edge %q -%s-> %q: %w", e.From, e.Label, e.To, err)}
		}
		edges = append(edges, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return edges, nil
}

func each(ctx context.Context, db querier, query string, arguments []any, scan func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, query, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Apply is kg.Graph's.
func (g *Graph) Apply(ctx context.Context, b kg.Batch) error {
	c, err := newChanges(b)
	if err == nil {
		err = g.apply(ctx, c)
	}
	return g.failure(ctx, "apply", err)
}

// The statements touch only what differs, so that their counts tell whether
// anything changed.
const (
	upsertVertex = `
INSERT INTO vertex (id, label, properties, effective, expiration) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET label = excluded.label, properties = excluded.properties,
	effective = excluded.effective, expiration = excluded.expiration
WHERE label <> excluded.label OR properties <> excluded.properties
	OR effective <> excluded.effective OR expiration <> excluded.expiration`
	upsertEdge = `
INSERT INTO edge (source, label, target, properties) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET properties = excluded.properties WHERE properties <> excluded.properties`
	retireVertex = `UPDATE vertex SET expiration = ?1 WHERE id = ?2 AND (expiration = '' OR expiration > ?1)`
)

func (g *Graph) apply(ctx context.Context, c changes) error {
	tx, err := g.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit

	w := writer{ctx: ctx, tx: tx}
	vertex, edge := w.prepare(upsertVertex), w.prepare(upsertEdge)
	for _, v := range c.vertices {
		w.exec(vertex, v.id, v.label, v.properties, v.effective, v.expiration)
	}
	for _, e := range c.edges {
		w.exec(edge, e.from, e.label, e.to, e.properties)
		if is(w.err, sqlite3.SQLITE_CONSTRAINT) {
			return fmt.Errorf("%w: edge %q -%s-> %q: one of its ends does not exist", kg.ErrInvalid, e.from, e.label, e.to)
		}
	}
	retire, known := w.prepare(retireVertex), w.prepare("SELECT 1 FROM vertex WHERE id = ?")
	for _, id := range slices.Sorted(maps.Keys(c.retire)) {
		if w.exec(retire, c.retire[id], id) == 0 && !w.exists(known, id) && w.err == nil {
			return fmt.Errorf("%w: there is no vertex %q to retire", kg.ErrInvalid, id)
		}
	}
	if w.changed > 0 {
		w.exec(w.prepare("UPDATE state SET version = version + 1"))
	}
	if w.err != nil {
		return w.err
	}
	return tx.Commit()
}

// writer runs statements until one fails.
type writer struct {
	ctx     context.Context
	tx      *sql.Tx
	changed int64
	err     error
}

func (w *writer) prepare(statement string) *sql.Stmt {
	if w.err != nil {
		return nil
	}
	s, err := w.tx.PrepareContext(w.ctx, statement)
	w.err = err
	return s
}

// exec returns how many rows changed. The statements are short, so the context
// is looked at between them, which is much cheaper than watching it meanwhile.
func (w *writer) exec(s *sql.Stmt, arguments ...any) int64 {
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	if w.err != nil {
		return 0
	}
	result, err := s.Exec(arguments...)
	if err != nil {
		w.err = err
		return 0
	}
	changed, err := result.RowsAffected()
	w.changed += changed
	w.err = err
	return changed
}

func (w *writer) exists(s *sql.Stmt, id string) bool {
	if w.err != nil {
		return false
	}
	var one int
	err := s.QueryRow(id).Scan(&one)
	if !errors.Is(err, sql.ErrNoRows) {
		w.err = err
	}
	return err == nil
}

// damage is content that this package cannot have written.
type damage struct{ error }

// failure puts an error into the terms of package kg.
func (g *Graph) failure(ctx context.Context, operation string, err error) error {
	var d damage
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kg.ErrInvalid), errors.Is(err, ErrNewerStore), errors.Is(err, kg.ErrDamaged):
	case ctx.Err() != nil:
		err = ctx.Err()
	case isCorrupt(err), errors.As(err, &d):
		err = fmt.Errorf("%w: %w", kg.ErrUnavailable, corrupt(g.path, err.Error()))
	default:
		err = fmt.Errorf("%w: %s: %w", kg.ErrUnavailable, g.path, err)
	}
	return fmt.Errorf("embedded graph: %s: %w", operation, err)
}
