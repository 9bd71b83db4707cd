package embedded

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"loyalty-mcp/kg"
)

// ErrNewerStore is returned by Open if a later release of the program wrote the
// file, which is left as it was.
var ErrNewerStore = errors.New("the store was written by a newer program")

const (
	applicationID = 0x4c4f5941 // "LOYA", in the file's header
	schemaVersion = 1          // raised with every change of the schema
)

// The edges' primary key finds them from their source, the index from their target.
const schema = `
CREATE TABLE vertex (
	id TEXT NOT NULL PRIMARY KEY,
	label TEXT NOT NULL,
	properties TEXT NOT NULL,
	effective TEXT NOT NULL,
	expiration TEXT NOT NULL
) STRICT;
CREATE INDEX vertex_label ON vertex (label, id);
CREATE TABLE edge (
	source TEXT NOT NULL REFERENCES vertex (id),
	label TEXT NOT NULL,
	target TEXT NOT NULL REFERENCES vertex (id),
	properties TEXT NOT NULL,
	PRIMARY KEY (source, label, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX edge_target ON edge (target, label, source);
CREATE TABLE state (version INTEGER NOT NULL) STRICT;
INSERT INTO state VALUES (0);
`

// connect returns a pool of connections to the file. No connection is made yet.
func connect(path, parameters string, connections int) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	slashed := filepath.ToSlash(absolute)
	if !strings.HasPrefix(slashed, "/") { // a drive letter
		slashed = "/" + slashed
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: slashed, RawQuery: parameters}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// inspect looks at the file without writing to it. It reports whether it is
// still to be made into a store.
func inspect(ctx context.Context, path string) (blank bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	// SQLite would take a file shorter than a page for an empty database.
	page := make([]byte, 512)
	_, err = io.ReadFull(f, page)
	f.Close()
	switch {
	case errors.Is(err, io.EOF):
		return true, nil
	case errors.Is(err, io.ErrUnexpectedEOF), err == nil && !bytes.HasPrefix(page, []byte("SQLite format 3\x00")):
		return false, corrupt(path, "it is not a SQLite database")
	case err != nil:
		return false, err
	}
	db, err := connect(path, "mode=ro&_busy_timeout="+busyTimeout, 1)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return identify(ctx, path, db)
}

// identify tells whose database it is: nobody's yet, ours, or an error.
func identify(ctx context.Context, path string, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) (blank bool, err error) {
	var application, version int64
	var tables int
	err = db.QueryRowContext(ctx, `SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id, pragma_user_version`).Scan(&application, &version, &tables)
	switch {
	case isCorrupt(err):
		return false, corrupt(path, err.Error())
	case err != nil:
		return false, err
	case application == 0 && version == 0 && tables == 0:
		return true, nil // another process is about to make it
	case application != applicationID:
		return false, corrupt(path, "it is a database of another program")
	case version > schemaVersion:
		return false, fmt.Errorf("%w: %s has schema version %d, this program knows %d; upgrade the program, or %s",
			ErrNewerStore, path, version, schemaVersion, wayOut)
	case version < schemaVersion:
		return false, corrupt(path, fmt.Sprintf("its schema version is %d", version))
	}
	var state int64
	if err := db.QueryRowContext(ctx, selectVersion).Scan(&state); err != nil {
		if isCorrupt(err) || isMissing(err) {
			return false, corrupt(path, err.Error())
		}
		return false, err
	}
	return false, nil
}

// create makes a blank file into a store, unless another process did meanwhile.
func create(ctx context.Context, path string, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	blank, err := identify(ctx, path, tx)
	if err != nil || !blank {
		return err
	}
	header := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, schemaVersion)
	if _, err := tx.ExecContext(ctx, schema+header); err != nil {
		return err
	}
	return tx.Commit()
}

const wayOut = "move it away, with its -wal and -shm files, and restart to rebuild it from the bundle"

func corrupt(path, problem string) error {
	return fmt.Errorf("%w: %s: %s; %s", kg.ErrDamaged, path, problem, wayOut)
}

// isCorrupt reports whether SQLite found damage.
func isCorrupt(err error) bool {
	return is(err, sqlite3.SQLITE_CORRUPT) || is(err, sqlite3.SQLITE_NOTADB)
}

// isMissing reports whether a table, a column or the one row of state is not there.
func isMissing(err error) bool {
	return is(err, sqlite3.SQLITE_ERROR) || errors.Is(err, sql.ErrNoRows)
}

func is(err error, code int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == code
}
