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

	"loyalty-mcp/kg"
)

// crashVariable makes the test binary a process that writes to the named file
// until it is killed.
const crashVariable = "KG_EMBEDDED_WRITE_UNTIL_KILLED"

const crashSize = 40

// crashBatch is new vertices and edges of its own, and a change of those that all
// batches share.
func crashBatch(n int) kg.Batch {
	var b kg.Batch
	p := map[string]any{"batch": n}
	for i := range crashSize {
		own, shared := fmt.Sprintf("own:%d:%d", n, i), fmt.Sprintf("shared:%d", i)
		b.Vertices = append(b.Vertices, kg.Vertex{ID: own, Label: "Own", Properties: p}, kg.Vertex{ID: shared, Label: "Shared", Properties: p})
		b.Edges = append(b.Edges, kg.Edge{From: own, Label: "OF", To: shared, Properties: p})
	}
	return b
}

func writeUntilKilled(path string) {
	ctx := context.Background()
	g, err := Open(ctx, path)
	var version string
	if err == nil {
		version, err = g.Version(ctx)
	}
	n, _ := strconv.Atoi(version) // every batch counts one
	for err == nil {
		n++
		if err = g.Apply(ctx, crashBatch(n)); err == nil {
			fmt.Println(n)
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
	total := 0
	for round := range 8 {
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
			if acknowledged, err = strconv.Atoi(lines.Text()); err != nil {
				t.Error(err)
			}
		}
		// Some rounds may kill it while it opens the file, the others after a few batches.
		if round%4 > 0 {
			for range round {
				if lines.Scan() {
					read()
				}
			}
		}
		time.Sleep(time.Duration(random.IntN(30_000)) * time.Microsecond)
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
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
}

// checkWhole reopens the file and returns how many batches it holds, all of them
// whole: at least the acknowledged ones and at most the one after.
func checkWhole(t *testing.T, path string, acknowledged int) int {
	t.Helper()
	g, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	count, err := strconv.Atoi(version(t, g))
	if err != nil {
		t.Fatal(err)
	}
	if count < acknowledged || count > acknowledged+1 {
		t.Errorf("%d batches in the file, %d acknowledged", count, acknowledged)
	}
	if count == 0 {
		return 0
	}
	own, err := g.Match(t.Context(), kg.Pattern{Labels: []string{"Own"}})
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[any]int{}
	for _, v := range own {
		sizes[v.Properties["batch"]]++
	}
	for n := range int64(count) {
		if sizes[n+1] != crashSize {
			t.Errorf("batch %d has %d vertices of %d", n+1, sizes[n+1], crashSize)
		}
	}
	if len(sizes) != count {
		t.Errorf("vertices of %d batches, version %d", len(sizes), count)
	}
	shared, err := g.Match(t.Context(), kg.Pattern{Labels: []string{"Shared"}, Where: map[string][]any{"batch": {count}}})
	if err != nil || len(shared) != crashSize {
		t.Errorf("%d of %d shared vertices are of the last batch, error %v", len(shared), crashSize, err)
	}
	ids := make([]string, len(own))
	for i, v := range own {
		ids[i] = v.ID
	}
	s, err := g.Expand(t.Context(), kg.Expansion{IDs: ids, Depth: 1})
	if err != nil || len(s.Edges) != count*crashSize {
		t.Errorf("%d edges of %d, error %v", len(s.Edges), count*crashSize, err)
	}
	var integrity string
	if err := g.read.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&integrity); err != nil || integrity != "ok" {
		t.Errorf("integrity: %s, %v", integrity, err)
	}
	return count
}
