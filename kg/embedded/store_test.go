package embedded

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loyalty-mcp/kg"
)

// made writes a SQLite file with the statements and no open log beside it.
func made(t *testing.T, path, statements string) {
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

// store writes a store with some content and returns its bytes.
func store(t *testing.T, path string) []byte {
	t.Helper()
	g, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	apply(t, g, bundle(300))
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestUnusableFiles(t *testing.T) {
	overwrite := func(t *testing.T, path string, change func([]byte) []byte) {
		t.Helper()
		if err := os.WriteFile(path, change(store(t, path)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name   string
		write  func(t *testing.T, path string)
		want   error
		advice string
	}{
		{"newer schema", func(t *testing.T, path string) {
			store(t, path)
			made(t, path, "PRAGMA user_version = 99; DROP TABLE state")
		}, ErrNewerStore, "upgrade the program"},
		{"another program's database", func(t *testing.T, path string) {
			made(t, path, "CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1)")
		}, kg.ErrDamaged, "another program"},
		{"text", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("Dear diary, ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, kg.ErrDamaged, "move it away"},
		{"short text", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, kg.ErrDamaged, "move it away"},
		{"truncated to a header", func(t *testing.T, path string) {
			overwrite(t, path, func(b []byte) []byte { return b[:100] })
		}, kg.ErrDamaged, "move it away"},
		{"truncated", func(t *testing.T, path string) {
			overwrite(t, path, func(b []byte) []byte { return b[:len(b)/2] })
		}, kg.ErrDamaged, "move it away"},
		{"damaged header", func(t *testing.T, path string) {
			overwrite(t, path, func(b []byte) []byte { return append([]byte("XXXXXXXXXXXXXXXX"), b[16:]...) })
		}, kg.ErrDamaged, "move it away"},
		{"no tables", func(t *testing.T, path string) {
			made(t, path, "PRAGMA application_id = 1280268609; PRAGMA user_version = 1; CREATE TABLE other (id INTEGER)")
		}, kg.ErrDamaged, "move it away"},
		{"no version", func(t *testing.T, path string) {
			store(t, path)
			made(t, path, "DELETE FROM state")
		}, kg.ErrDamaged, "move it away"},
		{"unknown schema version", func(t *testing.T, path string) {
			store(t, path)
			made(t, path, "PRAGMA user_version = 0")
		}, kg.ErrDamaged, "move it away"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "graph.db")
			test.write(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			g, err := Open(t.Context(), path)
			if err == nil {
				g.Close()
			}
			if !errors.Is(err, test.want) {
				t.Fatalf("Open = %v, want %v", err, test.want)
			}
			for _, part := range []string{path, test.advice, "restart to rebuild it from the bundle"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

// TestDamageFoundLater: damage that opening cannot see is reported by the
// question that meets it.
func TestDamageFoundLater(t *testing.T) {
	everything := kg.Pattern{Labels: []string{"Airport"}}
	t.Run("pages", func(t *testing.T) {
		path := file(t)
		content := store(t, path)
		for i := len(content) / 4; i < len(content); i++ {
			content[i] = 0xa5
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		g := open(t, path)
		_, err := g.Match(t.Context(), everything)
		if !errors.Is(err, kg.ErrDamaged) || !errors.Is(err, kg.ErrUnavailable) {
			t.Errorf("Match = %v, want kg.ErrDamaged and ErrUnavailable", err)
		}
	})
	t.Run("properties", func(t *testing.T) {
		path := file(t)
		store(t, path)
		made(t, path, `UPDATE vertex SET properties = '{"order":' WHERE id = 'airport:00007'`)
		g := open(t, path)
		_, err := g.Match(t.Context(), everything)
		if !errors.Is(err, kg.ErrDamaged) || !strings.Contains(err.Error(), "airport:00007") {
			t.Errorf("Match = %v, want kg.ErrDamaged that names the vertex", err)
		}
	})
}

// TestBlankFile: an empty file, and a database in which another process has yet to
// write, become stores.
func TestBlankFile(t *testing.T) {
	empty := file(t)
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	blank := file(t)
	made(t, blank, "PRAGMA journal_mode = WAL")
	for _, path := range []string{empty, blank} {
		g := open(t, path)
		apply(t, g, bundle(10))
		if got := version(t, g); got != "1" {
			t.Errorf("version %s, want 1", got)
		}
	}
}
