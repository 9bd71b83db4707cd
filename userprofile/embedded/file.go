package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	applicationID = 0x4c4f5950 // "LOYP", in the file's header
	schemaVersion = 1          // raised with every change of the schema

	readers     = 4
	busyTimeout = "10000" // milliseconds to wait for another process's write
	// A profile is the only copy of what somebody typed: with synchronous=FULL it
	// survives the end of the machine, not only of the process. What is erased is
	// overwritten with zeros.
	writeSettings = "_busy_timeout=" + busyTimeout + "&_synchronous=FULL&_journal_mode=WAL&_txlock=immediate&_pragma=secure_delete(1)"
	readSettings  = "_busy_timeout=" + busyTimeout + "&_query_only=1"
)

const magic = "SQLite format 3\x00"

const schema = `
CREATE TABLE profile (
	subject TEXT NOT NULL PRIMARY KEY,
	text TEXT NOT NULL,
	version INTEGER NOT NULL,
	written INTEGER NOT NULL,
	write_id TEXT NOT NULL,
	expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE balance (
	subject TEXT NOT NULL,
	version INTEGER NOT NULL,
	number INTEGER NOT NULL,
	program TEXT NOT NULL,
	amount INTEGER NOT NULL,
	as_of TEXT NOT NULL,
	recorded_at TEXT NOT NULL,
	expires INTEGER NOT NULL,
	PRIMARY KEY (subject, version, number)
) STRICT, WITHOUT ROWID;
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

// inspect refuses a file that is not ours, without writing to it. It makes the
// file if there is none, because SQLite would let others read it.
func inspect(ctx context.Context, path string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	header := make([]byte, len(magic))
	n, err := io.ReadFull(f, header)
	if err := f.Close(); err != nil {
		return err
	}
	// SQLite would take a file shorter than a page for an empty database.
	if n > 0 && string(header) != magic {
		return fmt.Errorf("%s is not a SQLite database: move it away, or choose another place for the profiles", path)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	db, err := connect(path, "mode=ro&_busy_timeout="+busyTimeout, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = identify(ctx, path, db)
	return err
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
	case err != nil:
		return false, err
	case application == 0 && version == 0 && tables == 0:
		return true, nil
	case application != applicationID:
		return false, fmt.Errorf("%s is a database of another program: choose another place for the profiles", path)
	case version != schemaVersion:
		return false, fmt.Errorf("%s has schema version %d, this program knows %d: use the release of the program that wrote it, or a later one", path, version, schemaVersion)
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

// isCorrupt reports whether SQLite found damage.
func isCorrupt(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code()&0xff == sqlite3.SQLITE_CORRUPT || e.Code()&0xff == sqlite3.SQLITE_NOTADB)
}
