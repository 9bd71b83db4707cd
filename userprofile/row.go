package userprofile

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"loyalty-mcp/schemas"
)

// Limits of what a store takes. DynamoDB takes items of 400 KB, keys of 1 KB and
// transactions of 100 items; every store has the same limits, so that a profile
// can move from one to another.
const (
	MaxProfile = 300 << 10 // bytes of the profile as JSON
	MaxEntries = 99        // of history in one write
	MaxName    = 200       // bytes of a program's or a write's id
	MaxSubject = 4 << 10   // bytes
)

// Row is a profile as a store keeps it.
type Row struct {
	Text    []byte // the profile as JSON
	Version int64
	Written time.Time
	WriteID string // of the write that made it
}

// Stored is what the row says at a time: after its expiry, nothing.
func (r Row) Stored(now time.Time) (Stored, error) {
	if r.Version == 0 || !now.Before(ProfileExpires(r.Written)) {
		return Stored{}, nil
	}
	s := Stored{Version: r.Version, UpdatedAt: r.Written}
	if err := json.Unmarshal(r.Text, &s.Profile); err != nil {
		// The decoder's own words may quote the profile.
		return Stored{}, fmt.Errorf("%w: what it holds is not a profile", ErrUnavailable)
	}
	s.Profile = Keep(s.Profile, now)
	return s, nil
}

// Entry is a past balance as a store keeps it.
type Entry struct {
	schemas.BalanceEntry // RecordedAt is in UTC and whole seconds, so it sorts as text
	Expires              time.Time
}

// Prepared is a write in the form in which a store keeps it.
type Prepared struct {
	Row
	Stored      Stored  // what Put returns
	Entries     []Entry // to be added
	KeepHistory bool    // else no history may be left
}

// Prepare checks a write and leaves out what is not kept.
func (w Write) Prepare(subject string) (Prepared, error) {
	if err := CheckSubject(subject); err != nil {
		return Prepared{}, err
	}
	if err := checkName("id", w.ID); err != nil {
		return Prepared{}, err
	}
	switch {
	case w.Version < 0:
		return Prepared{}, refuse("out_of_range", "version", fmt.Sprint(w.Version), "must not be negative")
	case w.At.IsZero():
		return Prepared{}, refuse("missing_field", "at", "", "is missing")
	case len(w.History) > MaxEntries:
		return Prepared{}, refuse("wrong_count", "history", fmt.Sprint(len(w.History)), fmt.Sprintf("must have at most %d entries: change fewer balances at once", MaxEntries))
	}
	at := w.At.UTC().Truncate(time.Second)
	p := Prepared{
		Row:         Row{Version: w.Version + 1, Written: at, WriteID: w.ID},
		Stored:      Stored{Profile: Keep(w.Profile, at), Version: w.Version + 1, UpdatedAt: at},
		KeepHistory: keepsHistory(w.Profile),
	}
	var err error
	if p.Text, err = json.Marshal(p.Stored.Profile); err != nil {
		return Prepared{}, refuse("malformed", "profile", "", "cannot be written as JSON")
	}
	if len(p.Text) > MaxProfile {
		return Prepared{}, refuse("too_large", "profile", fmt.Sprintf("%d bytes", len(p.Text)),
			fmt.Sprintf("must have at most %d bytes as JSON: remove saved itineraries or memberships", MaxProfile))
	}
	for i, e := range w.History {
		field := fmt.Sprintf("history[%d].", i)
		if err := checkName(field+"program", e.Program); err != nil {
			return Prepared{}, err
		}
		recorded, err := time.Parse(time.RFC3339, e.RecordedAt)
		if err != nil || recorded.Truncate(time.Second).After(at) {
			return Prepared{}, refuse("malformed", field+"recordedAt", e.RecordedAt, "must be a time like 2026-11-22T09:30:00Z that is not after the write's")
		}
		recorded = recorded.UTC().Truncate(time.Second)
		e.RecordedAt = recorded.Format(time.RFC3339)
		if expires := BalanceExpires(recorded); p.KeepHistory && at.Before(expires) {
			p.Entries = append(p.Entries, Entry{e, expires})
		}
	}
	return p, nil
}

// CheckSubject refuses a subject that no store keeps.
func CheckSubject(subject string) error {
	switch {
	case subject == "":
		return refuse("missing_field", "subject", "", "is empty")
	case len(subject) > MaxSubject:
		return refuse("malformed", "subject", "", fmt.Sprintf("must have at most %d bytes", MaxSubject))
	case !utf8.ValidString(subject):
		return refuse("malformed", "subject", "", "must be UTF-8")
	}
	return nil
}

func checkName(field, name string) error {
	if name == "" || len(name) > MaxName || !utf8.ValidString(name) {
		return refuse("malformed", field, "", fmt.Sprintf("must have 1 to %d bytes of UTF-8", MaxName))
	}
	return nil
}

func refuse(code, field, given, message string) error {
	e := &schemas.CallError{Code: code, Field: field, Given: given, Message: field + " " + message}
	if given != "" {
		e.Message += "; given: " + given
	}
	return e
}
