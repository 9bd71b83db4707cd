package mcpserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// run serves the fake on a free loopback port until stop is called.
func (f *fake) run(t *testing.T) (url string, stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	addr, end := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		end <- f.server.ListenAndServe(ctx, "127.0.0.1:0", func(a net.Addr) { addr <- a })
	}()
	return "http://" + within(t, addr, "listening").String(), cancel, end
}

func TestHealth(t *testing.T) {
	f := newFake(t)
	broken := errors.New("graph " + secret)
	var ready error
	f.server.options.Ready = func(context.Context) error { return ready }
	url := f.start(t)
	for path, want := range map[string]string{"/healthz": "200 ok\n", "/readyz": "200 ready\n", "/no": "404 404 page not found\n"} {
		if got := get(t, url+path); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
	ready = broken
	if got := get(t, url+"/readyz"); got != "503 not ready\n" {
		t.Errorf("not ready: %q", got)
	}
	if !strings.Contains(f.logs.String(), broken.Error()) {
		t.Error("the log lacks why it is not ready")
	}
	ready = nil
	f.server.end()
	if got := get(t, url+"/readyz"); got != "503 ending\n" {
		t.Errorf("ending: %q", got)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	status, body := send(t, request)
	return fmt.Sprintf("%d %s", status, body)
}

func TestOnlyPostAtMCP(t *testing.T) {
	url := newFake(t).start(t)
	if got := get(t, url+"/mcp"); !strings.HasPrefix(got, "405") {
		t.Errorf("GET /mcp: %s", got)
	}
	if got := get(t, url+"/message"); !strings.HasPrefix(got, "405") {
		t.Errorf("GET /message: %s", got)
	}
}

func TestMalformedRequest(t *testing.T) {
	url := newFake(t).start(t)
	status, body := post(t, url+"/mcp", nil, `{"jsonrpc":`)
	if message := decode(t, body); status != 400 || message.Error == nil || message.Error.Code != -32700 {
		t.Errorf("%d %s", status, body)
	}
}

func TestBodyLimit(t *testing.T) {
	f := newFake(t)
	url := f.start(t)
	pad := strings.Repeat("x", maxMessage)
	large := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":"` + pad + `"}}}`
	for _, path := range []string{"/mcp", "/message?sessionId=" + f.openStream(t, url).id} {
		status, body := post(t, url+path, nil, large)
		if message := decode(t, body); status != http.StatusRequestEntityTooLarge || message.Error == nil || message.Error.Code != -32600 {
			t.Errorf("%s: %d %s", path, status, body)
		}
		// Without a declared length, too.
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, io.MultiReader(strings.NewReader(large)))
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := send(t, request); status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: chunked: %d", path, status)
		}
	}
	almost := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":"` + pad[:maxMessage-200] + `"}}}`
	if status, _ := post(t, url+"/mcp", nil, almost); status != 200 {
		t.Errorf("just under the limit: %d", status)
	}
}

func TestRebindingIsRefused(t *testing.T) {
	url := newFake(t).start(t)
	port := url[strings.LastIndexByte(url, ':'):]
	for _, c := range []struct {
		host, origin string
		want         int
	}{
		{"127.0.0.1" + port, "", 200},
		{"localhost" + port, "http://localhost:6274", 200},
		{"[::1]" + port, "http://[::1]" + port, 200},
		{"LOCALHOST", "https://127.0.0.1", 200},
		{"evil.example.com", "", 403},
		{"127.0.0.1.evil.example.com" + port, "", 403},
		{"localhost" + port, "http://evil.example.com", 403},
		{"localhost" + port, "http://localhost.evil.example.com", 403},
		{"localhost" + port, "null", 403},
	} {
		for _, path := range []string{"/mcp", "/healthz", "/sse", "/message"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path,
				strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
			if err != nil {
				t.Fatal(err)
			}
			request.Host = c.host
			request.Header.Set("Content-Type", "application/json")
			if c.origin != "" {
				request.Header.Set("Origin", c.origin)
			}
			if status, _ := send(t, request); (status == 403) != (c.want == 403) || path == "/mcp" && status != c.want {
				t.Errorf("%s: Host %s, Origin %s: %d", path, c.host, c.origin, status)
			}
		}
	}
}

// Request ids are each client's own: cancelling number 7 must not end another
// client's call of that number, however the method is spelt.
func TestCancellationReachesNoOtherClient(t *testing.T) {
	for _, method := range []string{`notifications/cancelled`, `notifications/c\u0061ncelled`} {
		for _, era := range eras {
			f := newFake(t)
			url := f.start(t)
			answered := make(chan rpc, 1)
			go func() {
				_, message := ask(t, url, era, "tools/call", `{"name":"wait"}`)
				answered <- message
			}()
			within(t, f.started, "the call")
			header, meta := http.Header{}, ""
			if era == "2026-07-28" {
				header, meta = modernHeader("notifications/cancelled", ""), modernMeta+","
			}
			status, _ := post(t, url+"/mcp", header, `{"jsonrpc":"2.0","method":"`+method+`","params":{`+meta+`"requestId":7}}`)
			if status != http.StatusAccepted {
				t.Errorf("%s: %d", era, status)
			}
			close(f.gate)
			if result := resultOf[toolResult](t, within(t, answered, "the answer")); result.IsError {
				t.Errorf("%s: cancelled by a stranger: %+v", era, result)
			}
		}
	}
}

// A client that goes away ends its call.
func TestDisconnectCancelsTheCall(t *testing.T) {
	f := newFake(t)
	url := f.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/mcp",
		strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		if response, err := client.Do(request); err == nil {
			response.Body.Close()
		}
	}()
	within(t, f.started, "the call")
	cancel()
	within(t, gone, "the client")
	f.waitForLog(t, `"outcome":"cancelled"`)
}

func (f *fake) waitForLog(t *testing.T, want string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(f.logs.String(), want); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the log lacks %s: %s", want, f.logs)
		}
	}
}

// Told to end while calls run, the server answers them and then ends; an open
// stream does not hold it up.
func TestGracefulShutdown(t *testing.T) {
	f := newFake(t)
	url, stop, ended := f.run(t)
	idle, busy := f.openStream(t, url), f.openStream(t, url)
	answered := make(chan rpc, 1)
	go func() {
		_, message := ask(t, url, "2025-11-25", "tools/call", `{"name":"wait"}`)
		answered <- message
	}()
	within(t, f.started, "the call over HTTP")
	busy.post(t, `{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"wait"}}`)
	within(t, f.started, "the call over SSE")

	stop()
	within(t, idle.closed, "the idle stream to close")
	select {
	case err := <-ended:
		t.Fatalf("ended while calls ran: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if conn, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Second); err == nil {
		conn.Close()
		t.Error("still listening")
	}
	close(f.gate)
	if result := resultOf[toolResult](t, within(t, answered, "the answer")); result.IsError || string(result.Answer) != `{"waited":true}` {
		t.Errorf("%+v", result)
	}
	if result := resultOf[toolResult](t, decode(t, within(t, busy.events, "the event"))); string(result.Answer) != `{"waited":true}` {
		t.Errorf("%+v", result)
	}
	within(t, busy.closed, "the busy stream to close")
	if err := within(t, ended, "the end"); err != nil {
		t.Error(err)
	}
}

func TestListenFails(t *testing.T) {
	f := newFake(t)
	url, stop, ended := f.run(t)
	err := newFake(t).server.ListenAndServe(t.Context(), strings.TrimPrefix(url, "http://"), nil)
	if err == nil {
		t.Error("listened twice on an address")
	}
	stop()
	if err := within(t, ended, "the end"); err != nil {
		t.Error(err)
	}
}

// sseClient is a client of HTTP+SSE.
type sseClient struct {
	url, id string
	events  chan []byte
	closed  chan struct{}
	leave   context.CancelFunc
}

func (f *fake) openStream(t *testing.T, url string) *sseClient {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/sse", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" ||
		response.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Fatalf("%s %v", response.Status, response.Header)
	}
	c := &sseClient{url: url, events: make(chan []byte, 16), closed: make(chan struct{}), leave: cancel}
	endpoint := make(chan string, 1)
	go func() {
		defer close(c.closed)
		defer response.Body.Close()
		var event string
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				event = name
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && event == "endpoint" {
				endpoint <- data
			} else if ok {
				c.events <- []byte(data)
			}
		}
	}()
	path := within(t, endpoint, "the endpoint event")
	_, c.id, _ = strings.Cut(path, "?sessionId=")
	if len(c.id) < 20 {
		t.Fatalf("endpoint %s", path)
	}
	t.Cleanup(func() {
		cancel()
		<-c.closed
	})
	return c
}

func (c *sseClient) post(t *testing.T, message string) {
	t.Helper()
	if status, body := post(t, c.url+"/message?sessionId="+c.id, nil, message); status != http.StatusAccepted || len(body) > 0 {
		t.Fatalf("%d %s", status, body)
	}
}

func (c *sseClient) ask(t *testing.T, message string) rpc {
	t.Helper()
	c.post(t, message)
	return decode(t, within(t, c.events, "an event"))
}

func TestSSE(t *testing.T) {
	f := newFake(t)
	url := f.start(t)
	c := f.openStream(t, url)
	exchange(t, c.ask, func(message string) { c.post(t, message) })
	if message := c.ask(t, `{"jsonrpc":`); message.Error == nil || message.Error.Code != -32700 {
		t.Errorf("malformed: %+v", message)
	}
	f.waitForLog(t, `"transport":"sse"`)

	c.post(t, `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"wait"}}`)
	within(t, f.started, "the call")
	c.leave()
	f.waitForLog(t, `"outcome":"cancelled"`)
	for _, id := range []string{c.id, "", "guess"} {
		if status, _ := post(t, url+"/message?sessionId="+id, nil, `{}`); status != 404 {
			t.Errorf("session %q: %d", id, status)
		}
	}
}

func TestStreamsAreLimited(t *testing.T) {
	var hub sseHub
	for i := range maxStreams {
		if !hub.add(&stream{conn: newConn(nil, fmt.Sprint(i), nil)}) {
			t.Fatalf("refused number %d", i)
		}
	}
	if hub.add(&stream{conn: newConn(nil, "more", nil)}) {
		t.Error("no limit")
	}
	hub.remove("0")
	if !hub.add(&stream{conn: newConn(nil, "more", nil)}) {
		t.Error("room not given back")
	}
}

// exchange is what a connected client of either era asks.
func exchange(t *testing.T, ask func(*testing.T, string) rpc, tell func(string)) {
	t.Helper()
	message := ask(t, `{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-11-25",`+
		`"capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`)
	if message.ID != "i" || !strings.Contains(string(message.Result), `"protocolVersion":"2025-11-25"`) {
		t.Fatalf("initialize: %+v", message)
	}
	tell(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	message = ask(t, `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"z":1}}}`)
	if result := resultOf[toolResult](t, message); result.Content[0].Text != string(result.Answer) || !strings.Contains(string(result.Answer), `{"z":1}`) {
		t.Errorf("call: %s", message.Result)
	}
	message = ask(t, `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"panic"}}`)
	if result := resultOf[toolResult](t, message); !result.IsError || strings.Contains(string(message.Result), "hunter2") {
		t.Errorf("panic: %s", message.Result)
	}
	message = ask(t, `{"jsonrpc":"2.0","id":4,"method":"resources/read","params":{"uri":"fake://things/two"}}`)
	if message.Error == nil || message.Error.Code != -32002 || message.Error.Data["uri"] != "fake://things/two" {
		t.Errorf("not found: %+v", message)
	}
	message = ask(t, `{"jsonrpc":"2.0","id":5,"method":"resources/read","params":{"uri":"fake://things/two",`+modernMeta+`}}`)
	if message.Error == nil || message.Error.Code != -32602 {
		t.Errorf("not found, newer era: %+v", message)
	}
	message = ask(t, `{"jsonrpc":"2.0","id":6,"method":"server/discover","params":{`+modernMeta+`}}`)
	if !strings.Contains(string(message.Result), `"2026-07-28"`) {
		t.Errorf("discover: %+v", message)
	}
}

// pipes is a client of stdio.
type pipes struct {
	in    *io.PipeWriter
	lines chan []byte // closed with the server's output
	ended chan error
	stop  context.CancelFunc
}

func (f *fake) connect(t *testing.T) *pipes {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	p := &pipes{in: inW, lines: make(chan []byte, 64), ended: make(chan error, 1), stop: cancel}
	go func() {
		p.ended <- f.server.ServeStdio(ctx, inR, outW)
		outW.Close()
	}()
	go func() {
		defer close(p.lines)
		for reader := bufio.NewReader(outR); ; {
			text, err := reader.ReadBytes('\n')
			if err != nil {
				return
			}
			p.lines <- text
		}
	}()
	t.Cleanup(func() {
		cancel()
		inW.Close()
		for range p.lines {
		}
	})
	return p
}

func (p *pipes) write(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(p.in, text); err != nil {
		t.Fatal(err)
	}
}

func (p *pipes) ask(t *testing.T, message string) rpc {
	t.Helper()
	p.write(t, message+"\n")
	return decode(t, within(t, p.lines, "a line"))
}

func TestStdio(t *testing.T) {
	f := newFake(t)
	p := f.connect(t)
	exchange(t, p.ask, func(message string) { p.write(t, message+"\n") })
	p.write(t, "\n  \r\n")
	if message := p.ask(t, `{"jsonrpc": "2.0", nonsense`); message.Error == nil || message.Error.Code != -32700 || message.ID != nil {
		t.Errorf("malformed: %+v", message)
	}
	if message := p.ask(t, `[1]`); message.Error == nil {
		t.Errorf("not an object: %+v", message)
	}
	if message := p.ask(t, `{"jsonrpc":"2.0","id":10,"method":"ping"}`); message.ID != 10.0 || message.Error != nil {
		t.Errorf("ping after malformed lines: %+v", message)
	}
	p.in.Close()
	if err := within(t, p.ended, "the end"); err != nil {
		t.Error(err)
	}
	if !strings.Contains(f.logs.String(), `"transport":"stdio"`) {
		t.Error("the log does not name the transport")
	}
}

func TestStdioHugeLine(t *testing.T) {
	f := newFake(t)
	p := f.connect(t)
	go func() {
		chunk := bytes.Repeat([]byte("x"), 1<<20)
		_, _ = io.WriteString(p.in, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`)
		for range 5 {
			_, _ = p.in.Write(chunk)
		}
		_, _ = io.WriteString(p.in, "\"}}\n")
	}()
	if message := decode(t, within(t, p.lines, "a refusal")); message.ID != nil || message.Error == nil || message.Error.Code != -32600 {
		t.Errorf("%+v", message)
	}
	if message := p.ask(t, `{"jsonrpc":"2.0","id":2,"method":"ping"}`); message.ID != 2.0 {
		t.Errorf("after it: %+v", message)
	}
}

// A client may write all it has to ask, close its end and then read: it gets
// every answer, also to a last line without its end.
func TestStdioAnswersAfterInputEnds(t *testing.T) {
	f := newFake(t)
	p := f.connect(t)
	p.write(t, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}`+"\n")
	within(t, f.started, "the call")
	p.write(t, `{"jsonrpc":"2.0","id":2,"method":"ping"}`)
	p.in.Close()
	if message := decode(t, within(t, p.lines, "the last line's answer")); message.ID != 2.0 {
		t.Errorf("%+v", message)
	}
	select {
	case err := <-p.ended:
		t.Fatalf("ended while a call ran: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(f.gate)
	if message := decode(t, within(t, p.lines, "the call's answer")); message.ID != 1.0 || message.Error != nil {
		t.Errorf("%+v", message)
	}
	if err := within(t, p.ended, "the end"); err != nil {
		t.Error(err)
	}
}

func TestStdioEndsWithContext(t *testing.T) {
	f := newFake(t)
	p := f.connect(t)
	p.write(t, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}`+"\n")
	within(t, f.started, "the call")
	p.stop()
	close(f.gate)
	if message := decode(t, within(t, p.lines, "the answer")); message.ID != 1.0 || message.Error != nil {
		t.Errorf("%+v", message)
	}
	if err := within(t, p.ended, "the end"); err != nil {
		t.Error(err)
	}
}

func TestStdioClientCancels(t *testing.T) {
	f := newFake(t)
	p := f.connect(t)
	p.write(t, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}`+"\n")
	within(t, f.started, "the call")
	p.write(t, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`+"\n")
	f.waitForLog(t, `"outcome":"cancelled"`)
}

// A subscription to nothing that ever changes is acknowledged, then over.
func TestStdioSubscription(t *testing.T) {
	p := newFake(t).connect(t)
	p.write(t, `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},`+modernMeta+`}}`+"\n")
	first, second := within(t, p.lines, "the acknowledgement"), within(t, p.lines, "the result")
	var notification struct{ Method string }
	if err := json.Unmarshal(first, &notification); err != nil || notification.Method != "notifications/subscriptions/acknowledged" {
		t.Errorf("first %s", first)
	}
	if decode(t, second).ID != 1.0 {
		t.Errorf("then %s", second)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestStdioOutputGone(t *testing.T) {
	in, client := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- newFake(t).server.ServeStdio(t.Context(), in, brokenPipe{}) }()
	_, _ = io.WriteString(client, `{"jsonrpc":"2.0","id":1,"method":"ping"}`+"\n")
	if err := within(t, ended, "the end"); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
}

// A call that goes on and on is stopped when the grace is over.
func TestStdioGraceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		in := strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}` + "\n")
		start := time.Now()
		err := f.server.ServeStdio(t.Context(), in, io.Discard)
		if err == nil || time.Since(start) != shutdownGrace {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// The same over HTTP, where the acknowledgement must not be overtaken by the end.
func TestHTTPSubscription(t *testing.T) {
	url := newFake(t).start(t)
	var running sync.WaitGroup
	for range 20 {
		running.Go(func() {
			for range 20 {
				_, body := post(t, url+"/mcp", modernHeader("subscriptions/listen", ""),
					`{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},`+modernMeta+`}}`)
				if !bytes.Contains(body, []byte("notifications/subscriptions/acknowledged")) {
					t.Errorf("no acknowledgement in %s", body)
				}
			}
		})
	}
	running.Wait()
}
