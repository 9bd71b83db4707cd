//go:build conformance

package mcpserver

import (
	"context"
	"flag"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"loyalty-mcp/test/conformance"
)

// The fixture passes everything that the official suite scores, in both eras.
func TestConformance(t *testing.T) {
	suite := conformance.Open(t)
	ts := httptest.NewUnstartedServer(nil)
	t.Cleanup(ts.Close)
	ts.Config.Handler = newFixture(t)
	ts.Start()
	for revision, scenarios := range map[string]int{"2025-11-25": 30, "2026-07-28": 37} {
		t.Run(revision, func(t *testing.T) { suite.Requirements(t, ts.URL+"/mcp", revision, scenarios) })
	}
}

// A server as it is shipped, with sessions and streams left out, passes what
// does not depend on its catalogue.
func TestConformanceWithoutFixture(t *testing.T) {
	suite := conformance.Open(t)
	suite.Independent(t, newFake(t).start(t)+"/mcp")
}

// -stdio makes the test binary a server on stdio, for clients that start their
// server themselves.
var stdio = flag.Bool("stdio", false, "be a server on stdio")

func TestStdioChild(t *testing.T) {
	if !*stdio {
		t.Skip("runs only as a child of the other tests")
	}
	if err := newFake(t).server.ServeStdio(context.Background(), os.Stdin, os.Stdout); err != nil {
		t.Fatal(err)
	}
}

func stdioCommand() []string {
	return []string{os.Args[0], "-test.run=^TestStdioChild$", "-stdio"}
}

func TestInspector(t *testing.T) {
	tools := conformance.Open(t)
	tools.Inspect(t, newFake(t).start(t), stdioCommand(), conformance.Call{Tool: "echo", Arguments: `{"z":1}`})
}

// The official client, which checks structured content against output schemas
// also when a call fails, takes answers and errors alike.
func TestOfficialClient(t *testing.T) {
	tools := conformance.Open(t)
	url := newFake(t).start(t)
	for transport, target := range map[string]string{
		"http": url + "/mcp", "sse": url + "/sse", "stdio": strings.Join(stdioCommand(), " "),
	} {
		t.Run(transport, func(t *testing.T) {
			results := tools.Client(t, transport, target,
				conformance.Call{Tool: "echo", Arguments: `{"z":1}`}, conformance.Call{Tool: "write", Arguments: `{}`})
			if results[0].IsError || !strings.Contains(string(results[0].StructuredContent), `{"z":1}`) {
				t.Errorf("echo: %+v", results[0])
			}
			if !results[1].IsError || !strings.Contains(results[1].Content[0].Text, "JFX") {
				t.Errorf("write: %+v", results[1])
			}
		})
	}
}
