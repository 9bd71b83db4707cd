package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests run the binary as its users do: the test binary is that program when
// it is told so.
const beServer = "LOYALTY_TEST_BE_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(beServer) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func command(t testing.TB, arguments ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, arguments...)
	c.Env = append(os.Environ(), beServer+"=1")
	return c
}

type result struct {
	stdout, stderr string
	code           int
}

func run(t testing.TB, arguments ...string) result {
	t.Helper()
	c := command(t, arguments...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), c.ProcessState.ExitCode()}
}

// example is the README's; 19,200 is (2,000 + 400 USD) × 8, AAdvantage's published
// rate for Platinum.
const example = `{"segments":[{"marketingCarrier":"AA","origin":"JFK","destination":"LHR","bookingClass":"J","departureDate":"2026-12-10"}],` +
	`"fare":{"base":2000,"carrierSurcharges":400,"taxes":300,"currency":"USD"},"memberships":[{"program":"AA_AAdvantage","tier":"Platinum"}]}`

func TestCall(t *testing.T) {
	data := t.TempDir()
	first := run(t, "call", "--data-dir", data, "calculate_flight_earnings", example)
	if first.code != 0 {
		t.Fatalf("%+v", first)
	}
	for _, want := range []string{"19,200 AAdvantage miles", "LP 19,200", "2026-08-14", "2,400.00 USD", "× 8 per USD (Platinum) = 19,200", "QF_FrequentFlyer"} {
		if !strings.Contains(first.stdout, want) {
			t.Errorf("%q is not in\n%s", want, first.stdout)
		}
	}
	if !strings.Contains(first.stderr, "imported the bundled facts") {
		t.Errorf("the first start does not say what it did: %s", first.stderr)
	}

	second := run(t, "call", "--json", "--data-dir", data, "calculate_flight_earnings", example)
	var answer struct {
		Options []struct {
			Program    string
			Redeemable struct{ Amount int64 }
		}
	}
	if err := json.Unmarshal([]byte(second.stdout), &answer); err != nil {
		t.Fatalf("%v: %+v", err, second)
	}
	if len(answer.Options) == 0 || answer.Options[0].Program != "AA_AAdvantage" || answer.Options[0].Redeemable.Amount != 19200 {
		t.Errorf("got %+v", answer)
	}
	if second.stderr != "" {
		t.Errorf("the second start said %s", second.stderr)
	}

	stdin := command(t, "call", "--json", "--data-dir", data, "calculate_flight_earnings", "-")
	stdin.Stdin = strings.NewReader(example)
	if out, err := stdin.Output(); err != nil || string(out) != second.stdout {
		t.Errorf("from standard input: %v, %s", err, out)
	}
}

func TestMistakesAreExplained(t *testing.T) {
	data := t.TempDir()
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"wrong call":      {[]string{"call", "--data-dir", data, "calculate_flight_earnings", strings.Replace(example, "JFK", "JKF", 1)}, `segments[0].origin: "JKF" is not a known airport; did you mean`},
		"no such tool":    {[]string{"call", "--data-dir", data, "fly"}, `there is no tool "fly"; the tools are: calculate_flight_earnings`},
		"no such graph":   {[]string{"call", "--data-dir", data, "--graph", "wss://x", "fly"}, `use embedded`},
		"no such command": {[]string{"fly"}, "unexpected argument fly"},
		"transport":       {[]string{"--transport", "carrier-pigeon"}, `must be one of "stdio","http"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, test.arguments...)
			if got.code == 0 || !strings.Contains(got.stderr, test.want) {
				t.Errorf("got %+v, want %s", got, test.want)
			}
		})
	}
	wrong := run(t, "call", "--json", "--data-dir", data, "calculate_flight_earnings", `{}`)
	if wrong.code == 0 || !strings.Contains(wrong.stdout, `"code":"missing_field"`) {
		t.Errorf("a wrong call as JSON: %+v", wrong)
	}
}

// TestStoreThatIsNotOurs: the message names the file and a way out, and the file
// stays as it was.
func TestStoreThatIsNotOurs(t *testing.T) {
	data := t.TempDir()
	path := filepath.Join(data, "graph.db")
	text := []byte(strings.Repeat("somebody's notes, not a store\n", 300))
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	got := run(t, "call", "--data-dir", data, "calculate_flight_earnings", example)
	if got.code == 0 || !strings.Contains(got.stderr, path) || !strings.Contains(got.stderr, "move") {
		t.Errorf("got %+v", got)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, text) {
		t.Errorf("the file was changed: %v", err)
	}
}

func TestTools(t *testing.T) {
	if got := run(t, "tools"); got.code != 0 || !strings.Contains(got.stdout, "calculate_flight_earnings: Calculate flight earnings") {
		t.Errorf("got %+v", got)
	}
	var declarations []declaration
	if got := run(t, "tools", "--json"); json.Unmarshal([]byte(got.stdout), &declarations) != nil || len(declarations) == 0 || len(declarations[0].InputSchema) == 0 {
		t.Errorf("got %+v", got)
	}
	if got := run(t, "--help"); got.code != 0 || !strings.Contains(got.stdout, "no account and no network") {
		t.Errorf("got %+v", got)
	}
}

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`

// startStdio starts a server on stdio and returns once it has answered initialize.
func startStdio(t testing.TB, data string) (answer string, end func() error) {
	t.Helper()
	c := command(t, "--data-dir", data)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, initialize+"\n"); err != nil {
		t.Fatal(err)
	}
	answer, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return answer, func() error { return errors.Join(in.Close(), c.Wait()) }
}

func TestStdio(t *testing.T) {
	answer, end := startStdio(t, t.TempDir())
	if !strings.Contains(answer, `"protocolVersion":"2025-11-25"`) || !strings.Contains(answer, `"name":"loyalty-mcp"`) {
		t.Errorf("got %s", answer)
	}
	if err := end(); err != nil {
		t.Errorf("the server did not end well with its input: %v", err)
	}
}

var listening = regexp.MustCompile(`mcp=(http://[^ ]+)/mcp`)

// startHTTP starts a server on a free port; it ends with the test, by SIGTERM.
func startHTTP(t testing.TB, data string) (url string, process *os.Process) {
	t.Helper()
	c := command(t, "--transport", "http", "--addr", "127.0.0.1:0", "--data-dir", data, "--log-level", "info")
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if at := listening.FindStringSubmatch(lines.Text()); at != nil {
			url = at[1]
			break
		}
	}
	if url == "" {
		t.Fatal("the server did not say where it listens")
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, stderr)
	}()
	t.Cleanup(func() {
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		<-drained
		if err := c.Wait(); err != nil {
			t.Errorf("the server did not end well: %v", err)
		}
	})
	return url, c.Process
}

func TestHTTP(t *testing.T) {
	url, _ := startHTTP(t, t.TempDir())
	for _, path := range []string{"/healthz", "/readyz"} {
		response, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	if body := post(t, http.DefaultClient, url); !strings.Contains(body, `"amount":19200`) {
		t.Errorf("got %s", body)
	}
}

// post calls the tool with the example.
func post(t testing.TB, client *http.Client, url string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url+"/mcp",
		strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"calculate_flight_earnings","arguments":`+example+`}}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Mcp-Protocol-Version": {"2025-11-25"}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// BenchmarkStart measures from the start of the process to the answer to
// initialize: with no store yet, and with one.
func BenchmarkStart(b *testing.B) {
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			_, end := startStdio(b, b.TempDir())
			b.StopTimer()
			if err := end(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
	b.Run("again", func(b *testing.B) {
		data := b.TempDir()
		_, end := startStdio(b, data)
		if err := end(); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			_, end := startStdio(b, data)
			b.StopTimer()
			if err := end(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
}

// BenchmarkMemory reports the server's resident memory after 1,000, 10,000 and
// 20,000 calls on 50 connections. It makes those calls once, whatever b.N is.
func BenchmarkMemory(b *testing.B) {
	url, process := startHTTP(b, b.TempDir())
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 50}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	made := 0
	for _, until := range []int{1_000, 10_000, 20_000} {
		var wait sync.WaitGroup
		calls := (until - made) / 50
		for range 50 {
			wait.Go(func() {
				for range calls {
					post(b, client, url)
				}
			})
		}
		wait.Wait()
		made = until
		b.ReportMetric(residentMB(b, process.Pid), fmt.Sprintf("MB-after-%d", until))
	}
}

func residentMB(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip("resident memory is read from /proc, which this system has not")
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return float64(kb) / 1024
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
