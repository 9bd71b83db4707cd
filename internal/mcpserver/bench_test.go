package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"loyalty-mcp/internal/identity"
	"loyalty-mcp/kg"
	"loyalty-mcp/kg/bundle/bundletest"
	"loyalty-mcp/tools"
)

// BenchmarkNoop is what mcp-go itself costs: its own server, as it comes, with a
// tool that does nothing, given the same arguments as BenchmarkEarnings. Compare
// the two: the machine cancels out.
func BenchmarkNoop(b *testing.B) {
	noop := server.NewMCPServer("noop", "1")
	noop.AddTool(mcp.NewToolWithRawSchema("call", "does nothing", json.RawMessage(`{"type":"object"}`)),
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("ok"), nil
		})
	benchmarkEras(b, server.NewStreamableHTTPServer(noop, server.WithStateLess(true)), "call", earningsQuestion, 0)
}

// BenchmarkEarnings is the product: two flights asked of eight programs, from the
// bundled facts.
func BenchmarkEarnings(b *testing.B) {
	graph := kg.NewCache(bundletest.Store(b), kg.CacheOptions{Answers: 256, CheckEvery: time.Second, Now: time.Now})
	registry := tools.New(kg.NewCatalog(graph), tools.Options{Now: func() time.Time { return bundletest.Today }})
	s := New(Options{Name: "loyalty", Version: "1", Registry: registry})
	answer, err := registry.Tools[0].Call(identity.With(b.Context(), identity.Local()), json.RawMessage(earningsQuestion))
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("the answer has %d bytes", len(answer))
	benchmarkEras(b, s.Handler(), registry.Tools[0].Name, earningsQuestion, 2*len(answer))
}

// BenchmarkEveryProgram is four flights asked of all programs on file.
func BenchmarkEveryProgram(b *testing.B) {
	graph := kg.NewCache(bundletest.Store(b), kg.CacheOptions{Answers: 256, CheckEvery: time.Second, Now: time.Now})
	catalog := kg.NewCatalog(graph)
	programs, err := json.Marshal(bundletest.EarningPrograms(b))
	if err != nil {
		b.Fatal(err)
	}
	registry := tools.New(catalog, tools.Options{Now: func() time.Time { return bundletest.Today }})
	question := `{"segments":[` +
		`{"marketingCarrier":"AA","origin":"JFK","destination":"LHR","bookingClass":"J","departureDate":"2026-12-10"},` +
		`{"marketingCarrier":"AA","origin":"LHR","destination":"JFK","bookingClass":"J","departureDate":"2026-12-20"},` +
		`{"marketingCarrier":"LH","origin":"JFK","destination":"FRA","bookingClass":"Y","departureDate":"2026-12-27"},` +
		`{"marketingCarrier":"LH","origin":"FRA","destination":"SIN","bookingClass":"Y","departureDate":"2026-12-28"}],` +
		`"fare":{"base":2000,"carrierSurcharges":400,"currency":"USD"},"programs":` + string(programs) + `}`
	s := New(Options{Name: "loyalty", Version: "1", Registry: registry})
	benchmarkEras(b, s.Handler(), registry.Tools[0].Name, question, 1000)
}

// BenchmarkAwards is an award search over all programs, funded from four balances,
// on 20 connections: one after the other on each (busy), and each a hundred
// milliseconds after its last answer, as 20 agents ask at the most (at ease). The
// latter is what a caller waits for where the machine is not the bottleneck.
func BenchmarkAwards(b *testing.B) {
	graph := kg.NewCache(bundletest.Store(b), kg.CacheOptions{Answers: 256, CheckEvery: time.Second, Now: time.Now})
	registry := tools.New(kg.NewCatalog(graph), tools.Options{Now: func() time.Time { return bundletest.Today }})
	s := New(Options{Name: "loyalty", Version: "1", Registry: registry})
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search_awards","arguments":` + awardsQuestion + `}}`
	header := http.Header{"Mcp-Protocol-Version": {"2025-11-25"}}
	noop := server.NewMCPServer("noop", "1")
	noop.AddTool(mcp.NewToolWithRawSchema("search_awards", "does nothing", json.RawMessage(`{"type":"object"}`)),
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("ok"), nil
		})
	for name, handler := range map[string]http.Handler{"search": s.Handler(), "noop": server.NewStreamableHTTPServer(noop, server.WithStateLess(true))} {
		b.Run(name+"/busy", func(b *testing.B) { benchmarkWaits(b, handler, header, body, 0) })
		b.Run(name+"/at ease", func(b *testing.B) { benchmarkWaits(b, handler, header, body, 100*time.Millisecond) })
	}
}

const awardsQuestion = `{"origin":"NYC","destination":"LON","cabin":"business","departureDate":"2027-09-14","balances":[` +
	`{"program":"AMEX_MR_US","amount":100000},{"program":"UA_MileagePlus","amount":50000},` +
	`{"program":"CHASE_UR","amount":80000},{"program":"MARRIOTT_Bonvoy","amount":120000}]}`

// benchmarkWaits posts the body on 20 connections, with a pause between calls, and
// reports how long callers wait.
func benchmarkWaits(b *testing.B, handler http.Handler, header http.Header, body string, pause time.Duration) {
	ts := httptest.NewServer(handler)
	defer ts.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 20}}
	defer client.CloseIdleConnections()
	header.Set("Content-Type", "application/json")
	header.Set("Accept", "application/json, text/event-stream")
	var mu sync.Mutex
	var waits []time.Duration
	post := func() error {
		request, _ := http.NewRequest(http.MethodPost, ts.URL+"/mcp", strings.NewReader(body))
		request.Header = header
		start := time.Now()
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if _, err = io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
			return fmt.Errorf("status %s, %w", response.Status, err)
		}
		mu.Lock()
		defer mu.Unlock()
		waits = append(waits, time.Since(start))
		return nil
	}
	if err := post(); err != nil { // cold: facts are read and indexed
		b.Fatal(err)
	}
	waits = nil
	b.SetParallelism((20 + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		time.Sleep(time.Duration(rand.Int64N(int64(pause) + 1)))
		for pb.Next() {
			if err := post(); err != nil {
				b.Error(err)
				return
			}
			time.Sleep(pause)
		}
	})
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "p99-ms")
}

const earningsQuestion = `{"segments":[` +
	`{"marketingCarrier":"AA","origin":"JFK","destination":"LHR","bookingClass":"J","departureDate":"2026-12-10"},` +
	`{"marketingCarrier":"AA","origin":"LHR","destination":"JFK","bookingClass":"J","departureDate":"2026-12-20"}],` +
	`"fare":{"base":2000,"carrierSurcharges":400,"currency":"USD"},"memberships":[{"program":"AA_AAdvantage","tier":"Platinum"}],` +
	`"programs":["AA_AAdvantage","AC_Aeroplan","AF_FlyingBlue","AS_Atmos","BA_Club","DL_SkyMiles","QF_FrequentFlyer","UA_MileagePlus"]}`

func benchmarkEras(b *testing.B, handler http.Handler, tool, arguments string, least int) {
	call := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments
	b.Run("2025-11-25", func(b *testing.B) {
		benchmarkCalls(b, handler, least, http.Header{"Mcp-Protocol-Version": {"2025-11-25"}}, call+`}}`)
	})
	b.Run("2026-07-28", func(b *testing.B) {
		benchmarkCalls(b, handler, least, modernHeader("tools/call", tool), call+`,`+modernMeta+`}}`)
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
