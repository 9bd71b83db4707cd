package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"loyalty-mcp/internal/identity"
	"loyalty-mcp/tools"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestToolsListGolden(t *testing.T) {
	f := newFake(t)
	url := f.start(t)
	for _, era := range eras {
		status, message := ask(t, url, era, "tools/list", `{}`)
		if status != 200 {
			t.Fatalf("status %d", status)
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, message.Result, "", "  "); err != nil {
			t.Fatal(err)
		}
		indented.WriteByte('\n')
		golden := filepath.Join("testdata", "tools-list-"+era+".json")
		if *update {
			if err := os.WriteFile(golden, indented.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(indented.Bytes(), want) {
			t.Errorf("%s differs; run with -update and look at the change:\n%s", golden, indented.Bytes())
		}
	}
}

// A golden file could have been written wrong: the schemas are as declared.
func TestSchemasAreServedAsDeclared(t *testing.T) {
	f := newFake(t)
	_, message := ask(t, f.start(t), "2025-11-25", "tools/list", `{}`)
	listed := resultOf[struct {
		Tools []struct {
			Name         string
			InputSchema  any
			OutputSchema any
			Annotations  map[string]any
		}
	}](t, message)
	if len(listed.Tools) != len(f.server.options.Registry.Tools) {
		t.Fatalf("%d tools listed", len(listed.Tools))
	}
	for _, got := range listed.Tools {
		for _, tool := range f.server.options.Registry.Tools {
			if tool.Name != got.Name {
				continue
			}
			if !sameJSON(t, got.InputSchema, tool.InputSchema) || !sameJSON(t, got.OutputSchema, tool.OutputSchema) {
				t.Errorf("%s: schemas differ from the declaration", got.Name)
			}
		}
		if len(got.Annotations) != 4 {
			t.Errorf("%s: hints %v", got.Name, got.Annotations)
		}
	}
}

func sameJSON(t *testing.T, got any, declared json.RawMessage) bool {
	t.Helper()
	var want any
	if err := json.Unmarshal(declared, &want); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	return bytes.Equal(a, b)
}

func TestCallTool(t *testing.T) {
	f := newFake(t)
	url := f.start(t)
	for _, era := range eras {
		for arguments, want := range map[string]string{
			`,"arguments":{"n":12345678901234567890}`: `{"n":12345678901234567890}`,
			`,"arguments":null`:                       `{}`,
			``:                                        `{}`,
		} {
			status, message := ask(t, url, era, "tools/call", `{"name":"echo"`+arguments+`}`)
			result := resultOf[toolResult](t, message)
			if status != 200 || message.ID != 7.0 || result.IsError || len(result.Content) != 1 || result.Content[0].Type != "text" {
				t.Fatalf("%s: %d %s", era, status, message.Result)
			}
			if result.Content[0].Text != string(result.Answer) {
				t.Errorf("%s: text %s is not the structured content %s", era, result.Content[0].Text, result.Answer)
			}
			var answer struct {
				Got  json.RawMessage
				Text string
			}
			if err := json.Unmarshal(result.Answer, &answer); err != nil {
				t.Fatal(err)
			}
			if string(answer.Got) != want || answer.Text != "a \"quoted\" \\ line\nand <more> ünïcode" {
				t.Errorf("%s: answer %+v, want arguments %s", era, answer, want)
			}
			if modern := era == "2026-07-28"; modern != (result.Type == "complete") {
				t.Errorf("%s: resultType %q", era, result.Type)
			}
		}
	}
	if strings.Contains(f.logs.String(), "12345678901234567890") {
		t.Error("arguments are in the log")
	}
	for _, want := range []string{`"tool":"echo"`, `"outcome":"ok"`, `"transport":"http"`, `"call":"`, `"duration":`} {
		if !strings.Contains(f.logs.String(), want) {
			t.Errorf("the log lacks %s", want)
		}
	}
}

func TestToolError(t *testing.T) {
	f := newFake(t)
	url := f.start(t)
	for _, era := range eras {
		status, message := ask(t, url, era, "tools/call", `{"name":"write","arguments":{}}`)
		result := resultOf[toolResult](t, message)
		if status != 200 || !result.IsError || result.Answer != nil {
			t.Fatalf("%s: %d %s", era, status, message.Result)
		}
		e := result.Meta.Error
		if e == nil || e.Code != "unknown_airport" || e.Field != "segments[0].origin" || e.Given != "JFX" ||
			len(e.Allowed) != 1 || e.Message != result.Content[0].Text {
			t.Errorf("%s: %s", era, message.Result)
		}
	}
	_, message := ask(t, url, eras[0], "tools/call", `{"name":"wrap"}`)
	if result := resultOf[toolResult](t, message); result.Meta.Error.Code != "unavailable" || strings.Contains(string(message.Result), "hunter2") {
		t.Errorf("wrapped: %s", message.Result)
	}
	if !strings.Contains(f.logs.String(), secret) {
		t.Error("the log lacks the cause of a wrapped error")
	}
	if !strings.Contains(f.logs.String(), `"outcome":"unknown_airport"`) || strings.Contains(f.logs.String(), "JFX") {
		t.Errorf("log: %s", f.logs)
	}
}

// What breaks inside is told to the log, and to the caller only where to look.
func TestInternalErrorRevealsNothing(t *testing.T) {
	f := newFake(t)
	url := f.start(t)
	for _, era := range eras {
		for _, tool := range []string{"break", "panic", "silent"} {
			_, message := ask(t, url, era, "tools/call", `{"name":"`+tool+`"}`)
			result := resultOf[toolResult](t, message)
			if !result.IsError || result.Meta.Error == nil || result.Meta.Error.Code != "internal" {
				t.Fatalf("%s: %s", tool, message.Result)
			}
			requireHidden(t, f, message.Result, result.Content[0].Text)
		}
		_, message := ask(t, url, era, "resources/read", `{"uri":"fake://things/broken"}`)
		if message.Error == nil || message.Error.Code != -32603 {
			t.Fatalf("%s: %+v", era, message)
		}
		requireHidden(t, f, nil, message.Error.Message)
	}
	if !strings.Contains(f.logs.String(), secret) || !strings.Contains(f.logs.String(), "panic: "+secret) {
		t.Error("the log lacks the details")
	}
}

func requireHidden(t *testing.T, f *fake, result []byte, text string) {
	t.Helper()
	if strings.Contains(string(result)+text, "hunter2") || strings.Contains(string(result), "10.0.0.1") {
		t.Errorf("internals told: %s %s", result, text)
	}
	words := strings.Fields(text)
	if id := words[len(words)-1]; len(id) != 16 || !strings.Contains(f.logs.String(), `"call":"`+id+`"`) {
		t.Errorf("%q: its id is not in the log", text)
	}
}

func TestUnknownToolAndMethod(t *testing.T) {
	url := newFake(t).start(t)
	for _, era := range eras {
		if _, message := ask(t, url, era, "tools/call", `{"name":"nope"}`); message.Error == nil || message.Error.Code != -32602 {
			t.Errorf("%s: unknown tool: %+v", era, message)
		}
		status, message := ask(t, url, era, "no/such", `{}`)
		if message.Error == nil || message.Error.Code != -32601 || (status == 404) != (era == "2026-07-28") {
			t.Errorf("%s: unknown method: %d %+v", era, status, message)
		}
		status, message = ask(t, url, era, "prompts/get", `{"name":"plan","arguments":{"where":5}}`)
		if message.Error == nil || message.Error.Code != -32602 || strings.Contains(message.Error.Message, "Go") {
			t.Errorf("%s: malformed parameters: %d %+v", era, status, message.Error)
		}
	}
}

func TestResources(t *testing.T) {
	url := newFake(t).start(t)
	notFound := map[string]int{"2025-11-25": -32002, "2026-07-28": -32602}
	for _, era := range eras {
		for uri, want := range map[string]string{"fake://things": `["one"]`, "fake://things/one": "the one"} {
			_, message := ask(t, url, era, "resources/read", `{"uri":"`+uri+`"}`)
			result := resultOf[struct {
				Contents []struct{ URI, MIMEType, Text string }
			}](t, message)
			if len(result.Contents) != 1 || result.Contents[0].URI != uri || result.Contents[0].Text != want ||
				result.Contents[0].MIMEType == "" {
				t.Errorf("%s: %s: %s", era, uri, message.Result)
			}
		}
		for _, uri := range []string{"fake://things/two", "fake://things/a/b", "other://x"} {
			status, message := ask(t, url, era, "resources/read", `{"uri":"`+uri+`"}`)
			if message.Error == nil || message.Error.Code != notFound[era] || message.Error.Data["uri"] != uri || message.ID != 7.0 {
				t.Errorf("%s: %s: %+v", era, uri, message)
			}
			if want := map[string]int{"2025-11-25": 200, "2026-07-28": 400}[era]; status != want {
				t.Errorf("%s: %s: status %d", era, uri, status)
			}
		}
		_, message := ask(t, url, era, "resources/read", `{"uri":"fake://things/`+strings.Repeat("a", maxURI)+`"}`)
		if message.Error == nil || message.Error.Code != notFound[era] || message.Error.Data["uri"] != "" {
			t.Errorf("%s: a URI too long to look at: %+v", era, message.Error)
		}
		_, message = ask(t, url, era, "resources/templates/list", `{}`)
		if !strings.Contains(string(message.Result), `"uriTemplate":"fake://things/{id}"`) {
			t.Errorf("%s: templates: %s", era, message.Result)
		}
	}
}

func TestPrompts(t *testing.T) {
	url := newFake(t).start(t)
	for _, era := range eras {
		_, message := ask(t, url, era, "prompts/get", `{"name":"plan","arguments":{"where":"Tokyo"}}`)
		result := resultOf[struct {
			Messages []struct {
				Role    string
				Content struct{ Type, Text string }
			}
		}](t, message)
		if len(result.Messages) != 1 || result.Messages[0].Role != "user" || result.Messages[0].Content.Text != "Plan Tokyo." {
			t.Errorf("%s: %s", era, message.Result)
		}
		for arguments, code := range map[string]string{`{}`: "missing_argument", `{"where":"nowhere"}`: "unknown_place"} {
			_, message := ask(t, url, era, "prompts/get", `{"name":"plan","arguments":`+arguments+`}`)
			if message.Error == nil || message.Error.Code != -32602 || message.Error.Data["code"] != code {
				t.Errorf("%s: %s: %+v", era, arguments, message)
			}
		}
	}
}

func TestCompletions(t *testing.T) {
	url := newFake(t).start(t)
	type completion struct {
		Completion struct {
			Values  []string
			Total   int
			HasMore bool
		}
	}
	for _, era := range eras {
		for ref, want := range map[string]string{
			`{"type":"ref/prompt","name":"plan"}`:                "where/to/may",
			`{"type":"ref/resource","uri":"fake://things/{id}"}`: "thing/to/may",
		} {
			_, message := ask(t, url, era, "completion/complete", `{"ref":`+ref+
				`,"argument":{"name":"where","value":"to"},"context":{"arguments":{"when":"may"}}}`)
			result := resultOf[completion](t, message)
			if len(result.Completion.Values) != 1 || result.Completion.Values[0] != want {
				t.Errorf("%s: %s", era, message.Result)
			}
		}
		_, message := ask(t, url, era, "completion/complete",
			`{"ref":{"type":"ref/prompt","name":"plan"},"argument":{"name":"where","value":"many"}}`)
		if c := resultOf[completion](t, message).Completion; len(c.Values) != 100 || c.Total != 250 || !c.HasMore {
			t.Errorf("%s: %d values of %d", era, len(c.Values), c.Total)
		}
		_, message = ask(t, url, era, "completion/complete",
			`{"ref":{"type":"ref/prompt","name":"nope"},"argument":{"name":"where","value":""}}`)
		if message.Error == nil || message.Error.Code != -32602 {
			t.Errorf("%s: unknown prompt: %+v", era, message)
		}
	}
}

func TestHandshakeAndDiscovery(t *testing.T) {
	url := newFake(t).start(t)
	_, message := ask(t, url, "2025-11-25", "initialize",
		`{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}`)
	for _, want := range []string{`"protocolVersion":"2025-11-25"`, `"name":"fake"`, `"version":"1.2.3"`, `"instructions":"Ask it anything."`} {
		if !strings.Contains(string(message.Result), want) {
			t.Errorf("initialize lacks %s: %s", want, message.Result)
		}
	}
	if strings.Contains(string(message.Result), "listChanged\":true") {
		t.Errorf("a change is promised that never comes: %s", message.Result)
	}
	if _, message := ask(t, url, "2025-11-25", "ping", `{}`); string(message.Result) != "{}" {
		t.Errorf("ping: %+v", message)
	}

	for method, params := range map[string]string{
		"server/discover": `{}`, "tools/list": `{}`, "prompts/list": `{}`, "resources/list": `{}`,
		"resources/templates/list": `{}`, "resources/read": `{"uri":"fake://things"}`,
	} {
		_, message := ask(t, url, "2026-07-28", method, params)
		result := resultOf[struct {
			TTL   *int64 `json:"ttlMs"`
			Scope string `json:"cacheScope"`
		}](t, message)
		scope, ttl := "public", catalogueTTL
		if method == "resources/read" {
			scope, ttl = "private", resourceTTL
		}
		if result.TTL == nil || *result.TTL != ttl.Milliseconds() || result.Scope != scope {
			t.Errorf("%s: caching in %s", method, message.Result)
		}
	}
	_, message = ask(t, url, "2026-07-28", "server/discover", `{}`)
	if !strings.Contains(string(message.Result), `"2025-11-25"`) || !strings.Contains(string(message.Result), `"2026-07-28"`) {
		t.Errorf("discover: %s", message.Result)
	}
}

// A call that takes too long, or finds no slot, ends with an error that says so.
func TestCallLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		hang := func(ctx context.Context) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}
		codes := make(chan string)
		start := time.Now()
		for range maxCalls + 1 {
			go func() {
				_, err := call(from(t.Context(), identity.Local(), "http"), s, "tool", "hang", needsRead, hang)
				codes <- err.(*tools.Error).Code
			}()
		}
		if code := <-codes; code != codeOverloaded || time.Since(start) != queueTimeout {
			t.Errorf("%s after %v", code, time.Since(start))
		}
		for range maxCalls {
			if code := <-codes; code != codeTimeout || time.Since(start) != callTimeout {
				t.Errorf("%s after %v", code, time.Since(start))
			}
		}
	})
}

// An answer that was not compact would end a line of stdio, or an event, early.
func TestAnswerStaysOnOneLine(t *testing.T) {
	message := []byte(`{"jsonrpc":"2.0","id":1,"result":{"content":[]}}` + "\n")
	out := insertAnswer(message, json.RawMessage("{\n\t\"a\": \"b\"\n}"))
	if bytes.Count(out, []byte("\n")) != 1 || !json.Valid(out) {
		t.Errorf("%s", out)
	}
}
