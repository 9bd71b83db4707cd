package embedded

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"loyalty-mcp/schemas"
	"loyalty-mcp/userprofile"
	"loyalty-mcp/userprofile/userprofiletest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashVariable); path != "" {
		writeUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}

var day = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

func today() time.Time { return day }

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "profiles.db") }

func open(t testing.TB, path string, now func() time.Time) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	userprofiletest.Run(t, func(t *testing.T, now func() time.Time) userprofile.Store { return open(t, file(t), now) })
}

// secrets are texts that must leave the file.
func secrets(prefix string, amount int64) userprofile.Write {
	w := userprofile.Write{ID: fmt.Sprint(prefix, amount), Version: amount, At: day, Profile: schemas.Profile{
		Memberships: map[string]schemas.ProfileMembership{"UA_MileagePlus": {Number: prefix + "-number", Tier: strings.Repeat(prefix+"-long ", 2000)}},
		Itineraries: map[string]schemas.SavedItinerary{prefix + "-trip": {Segments: []schemas.Segment{{DepartureDate: "2026-10-01"}}}},
		Consent:     &schemas.Consent{BalanceHistory: true},
	}}
	for i := range 20 {
		w.History = append(w.History, schemas.BalanceEntry{Program: fmt.Sprint(prefix, "-program-", i), AsOf: "2026-11-20", RecordedAt: "2026-11-22T00:00:00Z"})
	}
	return w
}

// holds tells whether any of the store's files holds a text.
func holds(t testing.TB, path, text string) bool {
	t.Helper()
	names, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(text)) {
			return true
		}
	}
	return false
}

func put(t testing.TB, s *Store, subject string, w userprofile.Write) {
	t.Helper()
	if _, err := s.Put(t.Context(), subject, w); err != nil {
		t.Fatal(err)
	}
}

// TestErasedLeaveTheFile looks for the bytes of what was erased, while the store
// is open and in use.
func TestErasedLeaveTheFile(t *testing.T) {
	path := file(t)
	s := open(t, path, today)
	for version := range int64(3) {
		put(t, s, "ann", secrets("ann-secret", version))
		put(t, s, "bob", secrets("bob-secret", version))
	}
	if !holds(t, path, "ann-secret-long") || !holds(t, path, "ann-secret-program-19") {
		t.Fatal("the test does not find what is there")
	}

	withdrawn := secrets("bob-secret", 3)
	withdrawn.Profile.Consent = nil
	put(t, s, "bob", withdrawn)
	if holds(t, path, "bob-secret-program") {
		t.Error("the history is still in the file after its consent was withdrawn")
	}
	if _, err := s.Delete(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"ann-secret", "ann"} {
		if holds(t, path, secret) {
			t.Errorf("%q is still in the file after Delete", secret)
		}
	}
	if !holds(t, path, "bob-secret-number") {
		t.Error("bob's profile is gone")
	}
}

func TestOpenErasesTheExpired(t *testing.T) {
	path := file(t)
	s := open(t, path, today)
	put(t, s, "ann", secrets("ann-secret", 0))
	put(t, s, "bob", secrets("bob-secret", 0))

	in := func(years int) func() time.Time { return func() time.Time { return day.AddDate(years, 0, 0) } }
	if s.Close() != nil || open(t, path, in(0)).Close() != nil || !holds(t, path, "ann-secret-trip") {
		t.Fatal("opening the file erased what has not expired")
	}
	year := open(t, path, in(1))
	if holds(t, path, "secret-trip") || !holds(t, path, "ann-secret-number") {
		t.Error("a past trip is still in the file")
	}
	if got, err := year.Get(t.Context(), "ann"); err != nil || got.Version != 1 || len(got.Profile.Memberships) != 1 {
		t.Errorf("Get = %+v, %v", got, err)
	}
	w := secrets("bob-secret", 1)
	w.At = day.AddDate(1, 0, 0)
	put(t, year, "bob", w)
	if year.Close() != nil || open(t, path, in(3)).Close() != nil || holds(t, path, "secret-program") {
		t.Error("expired balances are still in the file")
	}
	if open(t, path, in(5)).Close() != nil || holds(t, path, "ann-secret") || !holds(t, path, "bob-secret-number") {
		t.Error("an expired profile is still in the file, or one that has not expired is gone")
	}
}

func TestFileIsPrivate(t *testing.T) {
	made, wide := file(t), file(t)
	if err := os.WriteFile(wide, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{made, wide} {
		s := open(t, path, today)
		put(t, s, "ann", secrets("ann", 0))
		names, err := filepath.Glob(path + "*")
		if err != nil || len(names) != 3 {
			t.Fatal(names, err)
		}
		for _, name := range names {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v, %v", filepath.Base(name), info.Mode(), err)
			}
		}
	}
}

func TestUnusableFiles(t *testing.T) {
	made := func(t *testing.T, path, statements string) {
		t.Helper()
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(statements); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		write  func(t *testing.T, path string)
		advice string
	}{
		"newer schema": {func(t *testing.T, path string) {
			if err := open(t, path, today).Close(); err != nil {
				t.Fatal(err)
			}
			made(t, path, "PRAGMA user_version = 99")
		}, "or a later one"},
		"another program's database": {func(t *testing.T, path string) {
			made(t, path, "CREATE TABLE orders (id INTEGER)")
		}, "another program"},
		"text": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("Dear diary, ", 1000)), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "move it away"},
		"short text": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "move it away"},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t)
			test.write(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Open(t.Context(), path, today); err == nil || !strings.Contains(err.Error(), test.advice) || !strings.Contains(err.Error(), path) {
				t.Errorf("Open = %v, want advice: %s", err, test.advice)
			}
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(before, after) {
				t.Error("the file was changed", err)
			}
		})
	}
}

// TestDamagedProfile: the error tells whose fault it is, not what was in there.
func TestDamagedProfile(t *testing.T) {
	s := open(t, file(t), today)
	put(t, s, "ann", secrets("ann-secret", 0))
	if _, err := s.write.Exec(`UPDATE profile SET text = '{"memberships": "ann-secret"}'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), "ann"); err == nil || strings.Contains(err.Error(), "ann") {
		t.Errorf("Get = %v", err)
	}
}
