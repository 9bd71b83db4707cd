// Package embedded keeps profiles in one SQLite file that only its owner may read,
// for a program that has no database server. Several processes may have the file
// open: each sees what the others wrote, readers never wait, writers take turns.
package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"loyalty-mcp/schemas"
	"loyalty-mcp/userprofile"
)

// Store is a userprofile.Store in a file.
type Store struct {
	path  string
	now   func() time.Time
	write *sql.DB // one connection: writers of this process queue for it
	read  *sql.DB
}

var _ userprofile.Store = (*Store)(nil)

// Open opens the store in the file, and creates it if the file does not exist; its
// directory must. It erases what has expired by then. A file of another program,
// or of a newer release of this one, is left as it is.
func Open(ctx context.Context, path string, now func() time.Time) (*Store, error) {
	s := &Store{path: path, now: now}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(s.failure(ctx, "open", err), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := inspect(ctx, s.path); err != nil {
		return err
	}
	if err := os.Chmod(s.path, 0o600); err != nil {
		return err
	}
	var err error
	if s.write, err = connect(s.path, writeSettings, 1); err != nil {
		return err
	}
	if s.read, err = connect(s.path, readSettings, readers); err != nil {
		return err
	}
	if err := create(ctx, s.path, s.write); err != nil {
		return err
	}
	return s.expire(ctx)
}

// Close releases the file.
func (s *Store) Close() error {
	var err error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return err
}

// Get is userprofile.Store's.
func (s *Store) Get(ctx context.Context, subject string) (userprofile.Stored, error) {
	if err := userprofile.CheckSubject(subject); err != nil {
		return userprofile.Stored{}, err
	}
	row, err := selectProfile(ctx, s.read, subject)
	if err != nil {
		return userprofile.Stored{}, s.failure(ctx, "get", err)
	}
	return row.Stored(s.now())
}

func selectProfile(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, subject string) (row userprofile.Row, err error) {
	var written int64
	err = db.QueryRowContext(ctx, "SELECT text, version, written, write_id FROM profile WHERE subject = ?", subject).
		Scan(&row.Text, &row.Version, &written, &row.WriteID)
	if errors.Is(err, sql.ErrNoRows) {
		return userprofile.Row{}, nil
	}
	row.Written = time.Unix(written, 0).UTC()
	return row, err
}

// Put is userprofile.Store's.
func (s *Store) Put(ctx context.Context, subject string, w userprofile.Write) (userprofile.Stored, error) {
	p, err := w.Prepare(subject)
	if err != nil {
		return userprofile.Stored{}, err
	}
	stored, err := s.put(ctx, subject, p)
	return stored, s.failure(ctx, "put", err)
}

const (
	upsertProfile = `
INSERT INTO profile (subject, text, version, written, write_id, expires) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET text = excluded.text, version = excluded.version, written = excluded.written,
	write_id = excluded.write_id, expires = excluded.expires`
	insertBalance = `
INSERT INTO balance (subject, version, number, program, amount, as_of, recorded_at, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
)

func (s *Store) put(ctx context.Context, subject string, p userprofile.Prepared) (userprofile.Stored, error) {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return userprofile.Stored{}, err
	}
	defer tx.Rollback() // does nothing after Commit
	row, err := selectProfile(ctx, tx, subject)
	if err != nil {
		return userprofile.Stored{}, err
	}
	current, err := row.Stored(p.Written)
	if err != nil {
		return userprofile.Stored{}, err
	}
	switch {
	case current.Version > 0 && row.WriteID == p.WriteID:
		// Done before; what it erased may still be in the log.
		if !p.KeepHistory {
			err = errors.Join(tx.Rollback(), s.truncateLog(ctx))
		}
		return current, err
	case current.Version != p.Version-1:
		return userprofile.Stored{}, &userprofile.Conflict{Current: current}
	}

	if _, err := tx.ExecContext(ctx, upsertProfile, subject, string(p.Text), p.Version, p.Written.Unix(), p.WriteID, userprofile.ProfileExpires(p.Written).Unix()); err != nil {
		return userprofile.Stored{}, err
	}
	// A profile that begins anew, after the old one expired, has no past.
	forgotten, err := tx.ExecContext(ctx, "DELETE FROM balance WHERE subject = ?1 AND (?2 OR expires <= ?3)",
		subject, !p.KeepHistory || current.Version == 0, p.Written.Unix())
	if err != nil {
		return userprofile.Stored{}, err
	}
	for i, e := range p.Entries {
		if _, err := tx.ExecContext(ctx, insertBalance, subject, p.Version, i, e.Program, e.Amount, e.AsOf, e.RecordedAt, e.Expires.Unix()); err != nil {
			return userprofile.Stored{}, err
		}
	}
	if err := tx.Commit(); err != nil {
		return userprofile.Stored{}, err
	}
	if n, err := forgotten.RowsAffected(); err != nil || n == 0 {
		return p.Stored, err
	}
	return p.Stored, s.truncateLog(ctx)
}

// History is userprofile.Store's.
func (s *Store) History(ctx context.Context, subject string) ([]schemas.BalanceEntry, error) {
	if err := userprofile.CheckSubject(subject); err != nil {
		return nil, err
	}
	entries, err := s.history(ctx, subject)
	return entries, s.failure(ctx, "history", err)
}

func (s *Store) history(ctx context.Context, subject string) ([]schemas.BalanceEntry, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT program, amount, as_of, recorded_at FROM balance
		WHERE subject = ? AND expires > ? ORDER BY recorded_at, version, number`, subject, s.now().Unix())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var entries []schemas.BalanceEntry
	for rows.Next() {
		var e schemas.BalanceEntry
		if err := rows.Scan(&e.Program, &e.Amount, &e.AsOf, &e.RecordedAt); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// Delete is userprofile.Store's.
func (s *Store) Delete(ctx context.Context, subject string) (userprofile.Erased, error) {
	if err := userprofile.CheckSubject(subject); err != nil {
		return userprofile.Erased{}, err
	}
	erased, err := s.erase(ctx, subject)
	return erased, s.failure(ctx, "delete", err)
}

func (s *Store) erase(ctx context.Context, subject string) (erased userprofile.Erased, err error) {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return erased, err
	}
	defer tx.Rollback()
	for table, count := range map[string]*int{"profile": &erased.Profiles, "balance": &erased.HistoryEntries} {
		result, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE subject = ?", subject)
		if err != nil {
			return userprofile.Erased{}, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return userprofile.Erased{}, err
		}
		*count = int(n)
	}
	// Read before others can write again: what they write later is not what was to
	// be erased.
	var left int
	if err := tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM profile WHERE subject = ?1) + (SELECT count(*) FROM balance WHERE subject = ?1)`, subject).Scan(&left); err != nil {
		return userprofile.Erased{}, err
	}
	if left > 0 {
		return userprofile.Erased{}, fmt.Errorf("%d rows are left", left)
	}
	if err := tx.Commit(); err != nil {
		return userprofile.Erased{}, err
	}
	return erased, s.truncateLog(ctx)
}

// expire erases what is no longer kept, and the past trips inside of profiles.
func (s *Store) expire(ctx context.Context) error {
	now := s.now()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	erased := 0
	for _, table := range []string{"profile", "balance"} {
		result, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE expires <= ?", now.Unix())
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return err
		}
		erased += int(n)
	}
	trimmed, err := withPastTrips(ctx, tx, now)
	if err != nil {
		return err
	}
	for subject, text := range trimmed {
		if _, err := tx.ExecContext(ctx, "UPDATE profile SET text = ? WHERE subject = ?", text, subject); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	if erased+len(trimmed) == 0 {
		return nil
	}
	return s.truncateLog(ctx)
}

// withPastTrips finds the profiles that hold expired trips: their texts without
// them, by subject. Their versions stay, since nobody could see those trips.
func withPastTrips(ctx context.Context, tx *sql.Tx, now time.Time) (map[string]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT subject, text FROM profile WHERE instr(text, '"itineraries"')`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	trimmed := map[string]string{}
	for rows.Next() {
		var subject, text string
		if err := rows.Scan(&subject, &text); err != nil {
			return nil, err
		}
		var p schemas.Profile
		if json.Unmarshal([]byte(text), &p) != nil {
			continue // Get says so to the one whose it is
		}
		kept := userprofile.Keep(p, now)
		if len(kept.Itineraries) == len(p.Itineraries) {
			continue
		}
		shorter, err := json.Marshal(kept)
		if err != nil {
			return nil, err
		}
		trimmed[subject] = string(shorter)
	}
	return trimmed, rows.Err()
}

// truncateLog moves the write-ahead log into the file and empties it: erased data
// lie in the log until then.
func (s *Store) truncateLog(ctx context.Context) error {
	var busy, frames, moved int
	if err := s.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("another process reads the file, so what was erased could not leave its log yet; try again")
	}
	return nil
}

// failure puts an error into the terms of package userprofile.
func (s *Store) failure(ctx context.Context, operation string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*userprofile.Conflict](err); ok {
		return err
	}
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.Is(err, userprofile.ErrUnavailable):
	case isCorrupt(err):
		err = fmt.Errorf("%w: %s is damaged: restore it from a backup, or move it away to begin with none: %w", userprofile.ErrUnavailable, s.path, err)
	default:
		err = fmt.Errorf("%w: %s: %w", userprofile.ErrUnavailable, s.path, err)
	}
	return fmt.Errorf("embedded profiles: %s: %w", operation, err)
}
