package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"loyalty-mcp/tools"
)

// BenchmarkNoop is what mcp-go itself costs: its own server, as it comes, with a
// tool that does nothing. BenchmarkTool is a tool of ours that has its answer of
// 6 KB ready. Their ratio is what the adapter costs; the machine cancels out.
func BenchmarkNoop(b *testing.B) {
	noop := server.NewMCPServer("noop", "1")
	noop.AddTool(mcp.NewToolWithRawSchema("call", "does nothing", json.RawMessage(`{"type":"object"}`)),
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("ok"), nil
		})
	benchmarkEras(b, server.NewStreamableHTTPServer(noop, server.WithStateLess(true)), 0)
}

func BenchmarkTool(b *testing.B) {
	answer := kilobytes(6)
	s := New(Options{Name: "tool", Version: "1", Registry: tools.Registry{Tools: []tools.Tool{{
		Name:         "call",
		Description:  "answers 6 KB",
		InputSchema:  wideSchema(10 << 10),
		OutputSchema: json.RawMessage(`{"type":"object"}`),
		Call: func(context.Context, json.RawMessage) (json.RawMessage, error) {
			return answer, nil
		},
	}}}})
	benchmarkEras(b, s.Handler(), 2*len(answer))
}

func benchmarkEras(b *testing.B, handler http.Handler, least int) {
	arguments := `{"segments":[{"marketingCarrier":"UA","origin":"SFO","destination":"JFK","bookingClass":"K"}]}`
	b.Run("2025-11-25", func(b *testing.B) {
		benchmarkCalls(b, handler, least, http.Header{"Mcp-Protocol-Version": {"2025-11-25"}},
			`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"call","arguments":`+arguments+`}}`)
	})
	b.Run("2026-07-28", func(b *testing.B) {
		benchmarkCalls(b, handler, least, modernHeader("tools/call", "call"),
			`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"call","arguments":`+arguments+`,`+modernMeta+`}}`)
	})
}

// benchmarkCalls posts the body over and over on 50 connections.
func benchmarkCalls(b *testing.B, handler http.Handler, least int, header http.Header, body string) {
	ts := httptest.NewServer(handler)
	defer ts.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 50}}
	defer client.CloseIdleConnections()
	header.Set("Content-Type", "application/json")
	header.Set("Accept", "application/json, text/event-stream")
	b.SetParallelism((50 + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	start := cpuTime()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			request, _ := http.NewRequest(http.MethodPost, ts.URL+"/mcp", bytes.NewReader([]byte(body)))
			request.Header = header
			response, err := client.Do(request)
			if err != nil {
				b.Error(err)
				return
			}
			n, err := io.Copy(io.Discard, response.Body)
			response.Body.Close()
			if err != nil || response.StatusCode != http.StatusOK || n < int64(least) {
				b.Errorf("status %s, %d bytes, %v", response.Status, n, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64((cpuTime()-start).Microseconds())/float64(b.N), "cpu-µs/op")
}

// cpuTime is steadier than the clock where others use the machine too.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// kilobytes is an answer of about n KB with the shape of a real one.
func kilobytes(n int) json.RawMessage {
	var out strings.Builder
	out.WriteString(`{"options":[`)
	for i := 0; out.Len() < n<<10; i++ {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, `{"program":"UA_MileagePlus","redeemable":{"amount":%d,"unit":"miles"},`+
			`"eliteMetrics":[{"metric":"PQP","amount":%d}],"notes":["5 miles for each USD of \"base fare\""],"ruleId":"ua-%d"}`,
			i*37, i*5, i)
	}
	out.WriteString(`]}`)
	return json.RawMessage(out.String())
}

// wideSchema is an input schema of about n bytes.
func wideSchema(n int) json.RawMessage {
	var out strings.Builder
	out.WriteString(`{"type":"object","properties":{`)
	for i := 0; out.Len() < n; i++ {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, `"field%d":{"type":"string","description":"one of the many fields of this schema"}`, i)
	}
	out.WriteString(`}}`)
	return json.RawMessage(out.String())
}
