// Package conformance runs the official MCP tools against a server of ours: the
// conformance suite, the Inspector's command line and the SDK's client, which
// package.json beside this file pins. `npm ci` in this folder installs them.
package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// Tools is the installed tools.
type Tools struct{ dir string }

// Open finds the tools. Where they are not installed it fails the test if CI is
// set to true and skips it otherwise.
func Open(t *testing.T) Tools {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(dir, "go.mod")) {
		if dir == filepath.Dir(dir) {
			t.Fatal("not in a Go module")
		}
		dir = filepath.Dir(dir)
	}
	tools := Tools{dir: filepath.Join(dir, "test", "conformance")}
	for _, path := range []string{tools.node(), tools.module("conformance"), tools.module("inspector"), tools.module("sdk")} {
		if !exists(path) {
			const missing = "the MCP conformance tools are not installed: run npm ci in test/conformance"
			if os.Getenv("CI") == "true" {
				t.Fatal(missing)
			}
			t.Skip(missing)
		}
	}
	return tools
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (tools Tools) node() string { return filepath.Join(tools.dir, "node_modules", ".bin", "node") }

func (tools Tools) module(name string, file ...string) string {
	return filepath.Join(append([]string{tools.dir, "node_modules", "@modelcontextprotocol", name}, file...)...)
}

// run runs a script in a folder of its own, away from the user's settings.
func (tools Tools) run(t *testing.T, script string, arguments ...string) (stdout []byte, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, tools.node(), append([]string{script}, arguments...)...)
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(), "HOME="+command.Dir)
	var stderr strings.Builder
	command.Stderr = &stderr
	stdout, err = command.Output()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s\n%s", filepath.Base(script), strings.Join(arguments, " "), err, stdout, stderr.String())
	}
	return stdout, err
}

// Requirements runs all that a revision of the protocol requires of a server and
// fails the test for every scored scenario that does not pass without a warning.
// scenarios is how many the revision scores, so that none is lost unnoticed.
func (tools Tools) Requirements(t *testing.T, url, revision string, scenarios int) {
	t.Helper()
	text, err := os.ReadFile(tools.module("conformance", "requirements", revision+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var required struct{ Server []string }
	if err := yaml.Unmarshal(text, &required); err != nil {
		t.Fatal(err)
	}
	if len(required.Server) != scenarios {
		t.Errorf("%s scores %d scenarios, not %d", revision, len(required.Server), scenarios)
	}
	results := t.TempDir()
	if _, err := tools.run(t, tools.module("conformance", "dist", "index.js"),
		"server", "--url", url, "--requirements", revision, "--output-dir", results); err != nil {
		t.Error(err)
	}
	passed := 0
	for _, scenario := range required.Server {
		if verify(t, results, scenario, nil) {
			passed++
		}
	}
	t.Logf("%s: %d of %d scored scenarios passed", revision, passed, len(required.Server))
}

// independent are the scenarios that say nothing of the catalogue, by revision.
var independent = map[string][]string{
	"2025-11-25": {
		"server-initialize", "ping", "tools-list", "resources-list", "prompts-list", "dns-rebinding-protection",
	},
	"2026-07-28": {
		"server-stateless", "tools-list", "resources-list", "prompts-list", "sep-2164-resource-not-found",
		"dns-rebinding-protection", "caching", "server-sse-multiple-streams",
		"input-required-result-unsupported-methods",
	},
}

// fixtureOnly are checks within those that call tools of the suite's fixture.
var fixtureOnly = []string{
	"sep-2575-server-rejects-undeclared-capability", "sep-2575-missing-capability-http-400",
	"sep-2575-http-server-no-independent-requests-on-stream", "sep-2575-server-no-log-without-loglevel",
}

// Independent runs, in both eras, what any server must pass whatever its tools.
func (tools Tools) Independent(t *testing.T, url string) {
	t.Helper()
	for revision, scenarios := range independent {
		for _, scenario := range scenarios {
			results := t.TempDir()
			// The exit status counts the fixture's checks too.
			_, runErr := tools.run(t, tools.module("conformance", "dist", "index.js"), "server", "--url", url,
				"--scenario", scenario, "--spec-version", revision, "--output-dir", results)
			if !verify(t, results, scenario, fixtureOnly) {
				t.Errorf("%s: %s failed: %v", revision, scenario, runErr)
			}
		}
	}
}

// verify reports whether a scenario's checks passed, but for those to ignore.
func verify(t *testing.T, results, scenario string, ignore []string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(results, "server-"+scenario+"-????-??-??T*", "checks.json"))
	if err != nil || len(files) != 1 {
		t.Errorf("%s: %d results, %v", scenario, len(files), err)
		return false
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var checks []struct{ ID, Status, ErrorMessage string }
	if err := json.Unmarshal(text, &checks); err != nil {
		t.Fatal(err)
	}
	succeeded, failed := 0, 0
	for _, check := range checks {
		switch {
		case slices.Contains(ignore, check.ID):
		case check.Status == "SUCCESS":
			succeeded++
		case check.Status != "INFO" && check.Status != "SKIPPED":
			failed++
			t.Errorf("%s: %s: %s: %s", scenario, check.ID, check.Status, check.ErrorMessage)
		}
	}
	return succeeded > 0 && failed == 0
}

// Call is a tool call that must succeed.
type Call struct{ Tool, Arguments string }

// Inspect has the Inspector list the tools, which must be portable, and call one,
// over all that the server speaks: HTTP in both eras and SSE at the base URL,
// stdio by the command.
func (tools Tools) Inspect(t *testing.T, url string, command []string, call Call) {
	t.Helper()
	for _, way := range [][]string{
		{url + "/mcp", "--transport", "http", "--protocol-era", "legacy"},
		{url + "/mcp", "--transport", "http", "--protocol-era", "modern"},
		{url + "/sse", "--transport", "sse", "--protocol-era", "legacy"},
		append(slices.Clone(command), "--transport", "stdio", "--protocol-era", "legacy"),
		append(slices.Clone(command), "--transport", "stdio", "--protocol-era", "modern"),
	} {
		inspect := func(arguments ...string) []byte {
			t.Helper()
			arguments = append(slices.Concat([]string{"--cli"}, way, []string{"--format", "json"}), arguments...)
			out, err := tools.run(t, tools.module("inspector", "clients", "launcher", "build", "index.js"), arguments...)
			if err != nil {
				t.Error(err)
			}
			return out
		}
		listed := inspect("--method", "tools/list", "--strict")
		if !strings.Contains(string(listed), `"`+call.Tool+`"`) {
			t.Errorf("%v: %s is not listed: %s", way, call.Tool, listed)
		}
		answer := inspect("--method", "tools/call", "--tool-name", call.Tool, "--tool-args-json", call.Arguments)
		if !strings.Contains(string(answer), `"structuredContent"`) || strings.Contains(string(answer), `"isError":true`) {
			t.Errorf("%v: %s answered %s", way, call.Tool, answer)
		}
	}
}

// Result is what a tool call of the SDK's client returned.
type Result struct {
	IsError           bool
	StructuredContent json.RawMessage
	Content           []struct{ Text string }
}

// Client makes the calls with the SDK's client over a transport, http, sse or
// stdio, to its URL or command. The client rejects what its checks do not like.
func (tools Tools) Client(t *testing.T, transport, target string, calls ...Call) []Result {
	t.Helper()
	arguments := []string{transport, target}
	for _, call := range calls {
		arguments = append(arguments, call.Tool, call.Arguments)
	}
	out, err := tools.run(t, filepath.Join(tools.dir, "client.mjs"), arguments...)
	if err != nil {
		t.Fatal(err)
	}
	results := make([]Result, 0, len(calls))
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var result Result
		if err := decoder.Decode(&result); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		results = append(results, result)
	}
	if len(results) != len(calls) {
		t.Fatalf("%d results of %d calls", len(results), len(calls))
	}
	return results
}
