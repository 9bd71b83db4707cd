// Package layers keeps the house in order: which package may import which.
package layers

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers from the lowest: a package imports only what is in a lower layer, or
// beside it under the same folder.
var layers = [][]string{
	{"schemas", "internal/nearest", "internal/render", "internal/availability", "internal/identity"},
	{"kg", "internal/seatsaero", "userprofile", "internal/audit", "internal/oauth", "internal/documents"},
	{"internal/geo", "internal/guard"},
	{"internal/earnings", "internal/awards"},
	{"tools", "internal/verify"},
	{"internal/mcpserver", "internal/config"},
	{"cmd", "internal/coverage"},
}

// only lists who may import what; nobody else may.
var only = map[string][]string{
	"github.com/mark3labs/mcp-go":      {"internal/mcpserver"},
	"modernc.org/sqlite":               {"kg/embedded", "userprofile/embedded"},
	"github.com/failsafe-go":           {"internal/guard", "kg/neptune"},
	"github.com/goccy/go-yaml":         {"schemas"},
	"github.com/santhosh-tekuri":       {"schemas"},
	"github.com/alecthomas/kong":       {"cmd"},
	"loyalty-mcp/kg/embedded":          {"internal/config", "kg/bundle/bundletest"},
	"loyalty-mcp/userprofile/embedded": {"internal/config"},
	"loyalty-mcp/kg/bundle":            {"internal/config", "internal/coverage", "cmd/ingestor", "kg/bundle"},
	"loyalty-mcp/kg/bundle/bundletest": {},
	"loyalty-mcp/internal/seatsaero":   {"internal/config"},
	"github.com/go-jose/go-jose":       {"internal/oauth"},
	"loyalty-mcp/internal/oauth":       {"internal/oauth", "internal/mcpserver", "internal/config", "internal/guard"},
	"loyalty-mcp/test":                 {},

	"github.com/aws/aws-sdk-go-v2/service/s3": {"internal/documents"},
}

// pure packages compute: no files, no network, no database.
var pure = map[string][]string{
	"internal/earnings": {"net", "net/http", "os", "io", "database/sql", "context"},
	"internal/verify":   {"net", "net/http", "os", "io", "database/sql", "context"},
	"internal/awards":   {"net", "net/http", "os", "io", "database/sql", "context"},
	"internal/geo":      {"net", "net/http", "os", "io", "database/sql", "context"},
	"internal/nearest":  {"net", "net/http", "os", "io", "database/sql", "context"},
}

func TestImports(t *testing.T) {
	const module = "loyalty-mcp/"
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		parts := strings.Fields(line)
		pkg := strings.TrimPrefix(parts[0], module)
		if under(pkg, "kg/bundle/gen") || under(pkg, "test") || pkg == "kg/kgtest" || pkg == "internal/layers" || pkg == "internal/enginetest" {
			continue // tools of the workshop
		}
		seen++
		own := layerOf(pkg)
		if own < 0 {
			t.Errorf("%s is in no layer: say in this test where it belongs", pkg)
		}
		for _, imported := range parts[1:] {
			if path, ours := strings.CutPrefix(imported, module); ours {
				if there := layerOf(path); there > own || there == own && root(path) != root(pkg) {
					t.Errorf("%s imports %s, which is not below it", pkg, path)
				}
			}
			for library, users := range only {
				if under(imported, library) && !slices.ContainsFunc(users, func(user string) bool { return under(pkg, user) }) {
					t.Errorf("%s imports %s; only %v may", pkg, imported, users)
				}
			}
			if slices.Contains(pure[pkg], imported) {
				t.Errorf("%s is to be pure but imports %s", pkg, imported)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

func layerOf(pkg string) int {
	return slices.IndexFunc(layers, func(layer []string) bool {
		return slices.ContainsFunc(layer, func(folder string) bool { return under(pkg, folder) })
	})
}

// root is the folder of a layer that a package is in.
func root(pkg string) string {
	for _, layer := range layers {
		for _, folder := range layer {
			if under(pkg, folder) {
				return folder
			}
		}
	}
	return pkg
}

func under(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }
