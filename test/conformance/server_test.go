//go:build conformance

package conformance_test

import (
	"bufio"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"loyalty-mcp/test/conformance"
)

// question is a call that the shipped server answers from its bundled knowledge.
var question = conformance.Call{
	Tool: "calculate_flight_earnings",
	Arguments: `{"segments":[{"marketingCarrier":"UA","origin":"SFO","destination":"JFK","bookingClass":"K",` +
		`"departureDate":"2026-11-20"}],"fare":{"base":200,"currency":"USD"},"programs":["UA_MileagePlus"]}`,
}

// The binary as it is shipped passes what does not depend on a catalogue, and
// its own catalogue is fit for the official clients.
func TestShippedServer(t *testing.T) {
	tools := conformance.Open(t)
	binary := filepath.Join(t.TempDir(), "mcp-server")
	if out, err := exec.Command("go", "build", "-o", binary, "loyalty-mcp/cmd/mcp-server").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data := t.TempDir()
	url := start(t, binary, data)
	command := []string{binary, "--data-dir", data}

	t.Run("conformance", func(t *testing.T) { tools.Independent(t, url+"/mcp") })
	t.Run("inspector", func(t *testing.T) { tools.Inspect(t, url, command, question) })
	t.Run("client", func(t *testing.T) {
		wrong := conformance.Call{Tool: question.Tool, Arguments: strings.Replace(question.Arguments, "JFK", "JFX", 1)}
		for transport, target := range map[string]string{
			"http": url + "/mcp", "sse": url + "/sse", "stdio": strings.Join(command, " "),
		} {
			results := tools.Client(t, transport, target, question, wrong)
			if results[0].IsError || len(results[0].StructuredContent) == 0 {
				t.Errorf("%s: %+v", transport, results[0])
			}
			if !results[1].IsError || !strings.Contains(results[1].Content[0].Text, "JFX") {
				t.Errorf("%s: %+v", transport, results[1])
			}
		}
	})
}

// start runs the binary on a free loopback port until the test ends.
func start(t *testing.T, binary, data string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	listener.Close()

	server := exec.Command(binary, "--transport", "http", "--addr", addr, "--data-dir", data)
	log, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		for lines := bufio.NewReader(log); ; {
			line, err := lines.ReadString('\n')
			if _, _ = io.WriteString(t.Output(), line); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		<-logged
		if err := server.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return "http://" + addr
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
