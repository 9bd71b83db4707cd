package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"loyalty-mcp/internal/identity"
)

var (
	secret = bytes.Repeat([]byte("k"), minKey)
	noon   = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

func at(when time.Time) func() time.Time { return func() time.Time { return when } }

func lines(t *testing.T, text []byte) []line {
	t.Helper()
	var out []line
	for _, one := range bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		var l line
		if err := json.Unmarshal(one, &l); err != nil {
			t.Fatalf("%v in %q", err, one)
		}
		out = append(out, l)
	}
	return out
}

func TestRecord(t *testing.T) {
	var out bytes.Buffer
	log, err := New(&out, secret, at(noon))
	if err != nil {
		t.Fatal(err)
	}
	person := identity.Remote("https://issuer.example", "ada@example.com", nil)
	ctx := In(identity.With(context.Background(), person), Call{ID: "c0ffee", Transport: "http", Tool: "get_user_profile"})
	for _, e := range []Event{
		{Action: "profile.get", Outcome: "ok"},
		{Action: "profile.get", Outcome: "ok"},
		{Action: Refused, Outcome: "refused", Reason: "expired", Subject: "somebody else"},
	} {
		if err := log.Record(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Record(context.Background(), Event{Action: Refused, Outcome: "refused", Reason: "missing_token"}); err != nil {
		t.Fatal(err)
	}
	got := lines(t, out.Bytes())
	want := line{Time: "2026-11-22T12:00:00Z", Action: "profile.get", Outcome: "ok", Who: got[0].Who, Call: "c0ffee", Transport: "http", Tool: "get_user_profile"}
	if got[0] != want || got[1] != want || len(want.Who) != 32 {
		t.Errorf("got %+v", got[:2])
	}
	if got[2].Who == want.Who || len(got[2].Who) != 32 || got[2].Reason != "expired" {
		t.Errorf("got %+v", got[2])
	}
	if got[3].Who != "" || got[3].Call != "" {
		t.Errorf("nobody's event: %+v", got[3])
	}
	for _, hidden := range []string{"ada", person.Subject, "somebody"} {
		if strings.Contains(out.String(), hidden) {
			t.Errorf("%q is in the log", hidden)
		}
	}
	other, err := New(&bytes.Buffer{}, bytes.Repeat([]byte("x"), minKey), at(noon))
	if err != nil || other.pseudonym(person.Subject) == want.Who {
		t.Errorf("%v: the pseudonym does not depend on the key", err)
	}
	if _, err := New(&out, []byte("short"), at(noon)); err == nil {
		t.Error("a short key was taken")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestFailedWriteIsTold(t *testing.T) {
	log, err := New(full{}, secret, at(noon))
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Record(context.Background(), Event{Action: "profile.get", Outcome: "ok"}); err == nil {
		t.Error("a lost event was no error")
	}
}

// Strangers cannot fill the disk, nor keep accesses out of the log.
func TestRefusalsAreBounded(t *testing.T) {
	var out bytes.Buffer
	clock := noon
	log, err := New(&out, secret, func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	record := func(action string) {
		if err := log.Record(context.Background(), Event{Action: action, Outcome: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 * refusalsAtOnce {
		record(Refused)
	}
	record("profile.get")
	clock = clock.Add(2*refusalEvery + refusalEvery/2)
	for range 5 {
		record(Refused)
	}
	got := lines(t, out.Bytes())
	if len(got) != refusalsAtOnce+1+2 || got[refusalsAtOnce].Action != "profile.get" || got[refusalsAtOnce+1].Skipped != 9*refusalsAtOnce || got[refusalsAtOnce+2].Skipped != 0 {
		t.Errorf("%d lines, the last %+v", len(got), got[len(got)-2:])
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	var who [8]string
	var running sync.WaitGroup
	for i := range who { // as many processes would
		running.Go(func() {
			log, err := Open(path, nil, at(noon))
			if err != nil {
				t.Error(err)
				return
			}
			defer log.Close()
			who[i] = log.pseudonym("x")
			for range 50 {
				if err := log.Record(context.Background(), Event{Action: "profile.get", Outcome: "ok", Subject: "x"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	for _, w := range who {
		if w != who[0] || w == "" {
			t.Fatalf("different keys: %q", who)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(t, text); len(got) != 50*len(who) || got[0].Who != who[0] {
		t.Errorf("%d lines", len(got))
	}
	for _, name := range []string{path, path + ".key"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(left) != 2 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if err := os.WriteFile(path+".key", []byte("zz"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, nil, at(noon)); err == nil {
		t.Error("a damaged key was taken")
	}
	own, err := Open(path, secret, at(noon))
	if err != nil || own.pseudonym("x") == who[0] {
		t.Errorf("%v: the key given is not used", err)
	}
	own.Close()
}
