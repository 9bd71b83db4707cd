package embedded

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"loyalty-mcp/schemas"
	"loyalty-mcp/userprofile"
)

// crashVariable makes the test binary a process that writes to the named file
// until it is killed.
const crashVariable = "PROFILES_EMBEDDED_WRITE_UNTIL_KILLED"

// numbered is the write that makes version n; profile and history both say n.
func numbered(n int64) userprofile.Write {
	w := userprofile.Write{ID: fmt.Sprint("write ", n), Version: n - 1, At: day, Profile: schemas.Profile{
		Memberships: map[string]schemas.ProfileMembership{"UA_MileagePlus": {Balance: &schemas.HeldBalance{Amount: n, AsOf: "2026-11-20"}}},
		Consent:     &schemas.Consent{BalanceHistory: true},
	}}
	for i := range 5 {
		w.History = append(w.History, schemas.BalanceEntry{Program: fmt.Sprint(i), Amount: n, AsOf: "2026-11-20", RecordedAt: "2026-11-22T09:30:00Z"})
	}
	return w
}

func writeUntilKilled(path string) {
	ctx := context.Background()
	s, err := Open(ctx, path, today)
	var stored userprofile.Stored
	if err == nil {
		stored, err = s.Get(ctx, "ann")
	}
	for err == nil {
		if stored, err = s.Put(ctx, "ann", numbered(stored.Version+1)); err == nil {
			fmt.Println(stored.Version)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestKilledWriter(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := file(t)
	random := rand.New(rand.NewPCG(1, 2))
	var total, unacknowledged int64
	round := 0
	for ; total < 200 || round < 20; round++ {
		child := exec.Command(binary)
		child.Env = append(os.Environ(), crashVariable+"="+path)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		acknowledged := total
		read := func() {
			if acknowledged, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
				t.Error(err)
			}
		}
		// Every fourth round may kill it while it opens the file.
		if round%4 > 0 {
			for range 1 + random.IntN(12) {
				if lines.Scan() {
					read()
				}
			}
			time.Sleep(time.Duration(random.IntN(3_000)) * time.Microsecond)
		} else {
			time.Sleep(time.Duration(random.IntN(30_000)) * time.Microsecond)
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			read()
		}
		if err := child.Wait(); child.ProcessState.Exited() {
			t.Fatalf("the writer ended by itself: %v", err)
		}
		total = checkWhole(t, path, acknowledged)
		unacknowledged += total - acknowledged
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	t.Logf("%d updates, %d kills: every acknowledged update is there and whole, and %d that were killed before their answer", total, round, unacknowledged)
}

// checkWhole reopens the file and returns its version: all that was acknowledged,
// and at most one more, with profile and history in agreement.
func checkWhole(t *testing.T, path string, acknowledged int64) int64 {
	t.Helper()
	s, err := Open(t.Context(), path, today)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	stored, err := s.Get(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	if stored.Version < acknowledged || stored.Version > acknowledged+1 {
		t.Errorf("version %d in the file, %d acknowledged", stored.Version, acknowledged)
	}
	if stored.Version > 0 && stored.Profile.Memberships["UA_MileagePlus"].Balance.Amount != stored.Version {
		t.Errorf("version %d has the profile of another: %+v", stored.Version, stored.Profile)
	}
	history, err := s.History(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	var want []schemas.BalanceEntry
	for n := range stored.Version {
		want = append(want, numbered(n+1).History...)
	}
	if len(history) != len(want) {
		t.Fatalf("%d history entries, want %d", len(history), len(want))
	}
	for i := range want {
		if history[i] != want[i] {
			t.Fatalf("history entry %d is %+v, want %+v", i, history[i], want[i])
		}
	}
	var integrity string
	if err := s.read.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&integrity); err != nil || integrity != "ok" {
		t.Errorf("integrity: %s, %v", integrity, err)
	}
	return stored.Version
}
