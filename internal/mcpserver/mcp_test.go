package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"loyalty-mcp/tools"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// modernMeta is the _meta that every request of the era without handshake has.
const modernMeta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
	`"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"},` +
	`"io.modelcontextprotocol/clientCapabilities":{}}`

func modernHeader(method, name string) http.Header {
	h := http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {method}}
	if name != "" {
		h.Set("Mcp-Name", name)
	}
	return h
}

// logs is what a server logged, as text.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const secret = "password=hunter2"

// fake is a registry with a tool for each way a call can go. gate, when a test
// sets it, is received from by the tool wait before it answers.
type fake struct {
	server  *Server
	logs    *logs
	started chan struct{} // wait says that it runs
	gate    chan struct{} // lets wait go on
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{logs: &logs{}, started: make(chan struct{}, 8), gate: make(chan struct{})}
	object := json.RawMessage(`{"type":"object"}`)
	reads := tools.Hints{ReadOnly: true, Idempotent: true}
	tool := func(name string, call func(context.Context, json.RawMessage) (json.RawMessage, error)) tools.Tool {
		return tools.Tool{
			Name: name, Title: "Tool " + name, Description: "Does " + name + ".", Hints: reads,
			InputSchema: object, OutputSchema: object, Call: call,
		}
	}
	echo := tool("echo", func(_ context.Context, arguments json.RawMessage) (json.RawMessage, error) {
		return json.Marshal(map[string]any{"got": arguments, "text": "a \"quoted\" \\ line\nand <more> ünïcode"})
	})
	echo.InputSchema = json.RawMessage(`{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",` +
		`"properties":{"z":{"type":"integer"},"a":{"$ref":"#/$defs/a"}},"required":["z"],"additionalProperties":false,` +
		`"$defs":{"a":{"type":"string","pattern":"^<x>&$"}}}`)
	echo.OutputSchema = json.RawMessage(`{"type":"object","properties":{"got":{},"text":{"type":"string"}},"required":["got"]}`)
	write := tool("write", func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return nil, &tools.Error{
			Code: "unknown_airport", Field: "segments[0].origin", Given: "JFX", Allowed: []string{"JFK"},
			Message: "segments[0].origin: there is no airport JFX; did you mean JFK?",
		}
	})
	write.Hints = tools.Hints{Destructive: true, OpenWorld: true}
	f.server = New(Options{
		Name: "fake", Version: "1.2.3", Instructions: "Ask it anything.",
		Logger: slog.New(slog.NewJSONHandler(f.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Registry: tools.Registry{
			Tools: []tools.Tool{
				write, echo,
				tool("break", func(context.Context, json.RawMessage) (json.RawMessage, error) {
					return nil, errors.New("dial tcp 10.0.0.1: " + secret)
				}),
				tool("panic", func(context.Context, json.RawMessage) (json.RawMessage, error) {
					panic(secret)
				}),
				tool("wrap", func(context.Context, json.RawMessage) (json.RawMessage, error) {
					return nil, fmt.Errorf("%w: %s", &tools.Error{Code: "unavailable", Message: "try again"}, secret)
				}),
				tool("silent", func(context.Context, json.RawMessage) (json.RawMessage, error) {
					return nil, nil
				}),
				tool("wait", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
					f.started <- struct{}{}
					select {
					case <-f.gate:
						return json.RawMessage(`{"waited":true}`), nil
					case <-ctx.Done():
						return nil, ctx.Err()
					}
				}),
			},
			Resources: []tools.Resource{{
				URI: "fake://things", Name: "things", Title: "Things", Description: "All of them.", MIMEType: "application/json",
				Read: func(context.Context) (string, error) { return `["one"]`, nil },
			}},
			Templates: []tools.ResourceTemplate{{
				URITemplate: "fake://things/{id}", Name: "thing", Title: "Thing", Description: "One of them.", MIMEType: "text/plain",
				Read: func(_ context.Context, id string) (string, error) {
					switch id {
					case "one":
						return "the one", nil
					case "broken":
						return "", errors.New(secret)
					}
					return "", fmt.Errorf("thing %s: %w", id, tools.ErrNotFound)
				},
			}},
			Prompts: []tools.Prompt{{
				Name: "plan", Title: "Plan", Description: "Plan a thing.",
				Arguments: []tools.PromptArgument{{Name: "where", Description: "to go", Required: true}, {Name: "when"}},
				Render: func(arguments map[string]string) (string, error) {
					if arguments["where"] == "nowhere" {
						return "", &tools.Error{Code: "unknown_place", Field: "where", Message: "nowhere is no place"}
					}
					return "Plan " + arguments["where"] + ".", nil
				},
			}},
			Complete: func(_ context.Context, argument, typed string, chosen map[string]string) ([]string, error) {
				if typed == "many" {
					return make([]string, 250), nil
				}
				return []string{argument + "/" + typed + "/" + chosen["when"]}, nil
			},
		},
	})
	return f
}

// start serves the fake's handler on a loopback port.
func (f *fake) start(t *testing.T) string {
	t.Helper()
	ts := httptest.NewServer(f.server.Handler())
	t.Cleanup(ts.Close)
	return ts.URL
}

// eras are the two ways to ask over streamable HTTP.
var eras = []string{"2025-11-25", "2026-07-28"}

// ask posts one request in the era's way and returns the status and the message.
func ask(t *testing.T, url, era, method, params string) (int, rpc) {
	t.Helper()
	header := http.Header{"Mcp-Protocol-Version": {era}}
	if era == "2026-07-28" {
		var named struct{ Name, URI string }
		if err := json.Unmarshal([]byte(params), &named); err != nil {
			t.Fatal(err)
		}
		header = modernHeader(method, named.Name+named.URI)
		meta := modernMeta
		if params != "{}" {
			meta += ","
		}
		params = "{" + meta + params[1:]
	}
	status, body := post(t, url+"/mcp", header, `{"jsonrpc":"2.0","id":7,"method":"`+method+`","params":`+params+`}`)
	return status, decode(t, body)
}

func post(t *testing.T, url string, header http.Header, body string) (int, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	return send(t, request)
}

func send(t *testing.T, request *http.Request) (int, []byte) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

// rpc is a response.
type rpc struct {
	ID     any             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int            `json:"code"`
		Message string         `json:"message"`
		Data    map[string]any `json:"data"`
	} `json:"error"`
}

func decode(t *testing.T, body []byte) rpc {
	t.Helper()
	var message rpc
	if err := json.Unmarshal(body, &message); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return message
}

// toolResult is the result of a tools/call.
type toolResult struct {
	Content []struct{ Type, Text string } `json:"content"`
	Answer  json.RawMessage               `json:"structuredContent"`
	IsError bool                          `json:"isError"`
	Type    string                        `json:"resultType"`
	Meta    struct {
		Error *tools.Error `json:"error"`
	} `json:"_meta"`
}

func resultOf[T any](t *testing.T, message rpc) T {
	t.Helper()
	var result T
	if message.Error != nil {
		t.Fatalf("error %+v", *message.Error)
	}
	if err := json.Unmarshal(message.Result, &result); err != nil {
		t.Fatalf("%v in %s", err, message.Result)
	}
	return result
}

// within fails the test if the channel is not ready soon.
func within[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: not within 10 s", what)
		panic("unreachable")
	}
}
