//go:build engines

// Package enginetest starts the real engines that tests run against, on loopback
// and on free ports: Apache Gremlin Server, DynamoDB Local and versitygw (S3),
// each at most once in a test process, and toxiproxy in front of them. What they
// need is fetched once, by Maven and by the Go toolchain, and kept in the user's
// cache directory.
//
// An engine that cannot be had skips the test with a line that says why; with
// CI=true in the environment that is a failure.
package enginetest

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	fetchWithin = 10 * time.Minute
	startWithin = time.Minute
)

//go:embed gremlin-server.xml dynamodb-local.xml
var projects embed.FS

// engine is one engine of the test process, started when it is first asked for.
type engine struct {
	once sync.Once
	addr string // host:port
	err  error
}

// address starts the engine if need be.
func (e *engine) address(t testing.TB, name string, start func(port string) (*exec.Cmd, error)) string {
	t.Helper()
	e.once.Do(func() {
		// Another process may take the port between looking and listening.
		for range 3 {
			if e.addr, e.err = launch(name, start); e.err == nil {
				return
			}
		}
	})
	if e.err != nil {
		unavailable(t, name, e.err)
	}
	return e.addr
}

func unavailable(t testing.TB, name string, err error) {
	t.Helper()
	message := fmt.Sprintf("%s cannot be had: %v", name, err)
	if os.Getenv("CI") == "true" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// launch starts an engine and waits until it listens.
func launch(name string, start func(port string) (*exec.Cmd, error)) (string, error) {
	addr, err := freeAddress()
	if err != nil {
		return "", err
	}
	_, port, _ := net.SplitHostPort(addr)
	command, err := start(port)
	if err != nil {
		return "", err
	}
	log, err := os.CreateTemp("", "loyalty-"+name+"-*.log")
	if err != nil {
		return "", err
	}
	defer log.Close()
	// The engine ends with the test process, however that ends: its keeper waits
	// for the end of a pipe whose other end only this process holds.
	keeper := exec.Command("sh", append([]string{"-c", `"$@" </dev/null & engine=$!; cat >/dev/null; kill -9 $engine; rm -f "$LOYALTY_ENGINE_LOG"`, "keeper", command.Path}, command.Args[1:]...)...)
	keeper.Dir = command.Dir
	keeper.Env = append(append(os.Environ(), command.Env...), "LOYALTY_ENGINE_LOG="+log.Name())
	keeper.Stdout, keeper.Stderr = log, log
	hold, err := keeper.StdinPipe()
	if err != nil {
		return "", err
	}
	if err := keeper.Start(); err != nil {
		return "", err
	}
	stop := func() {
		hold.Close()
		_ = keeper.Wait()
	}
	for deadline := time.Now().Add(startWithin); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			conn.Close()
			keepers = append(keepers, hold)
			return addr, nil
		}
	}
	text, _ := os.ReadFile(log.Name())
	stop()
	return "", fmt.Errorf("it did not listen within %v: %s", startWithin, strings.TrimSpace(string(text[max(0, len(text)-1000):])))
}

// keepers are the pipes that keep engines running; held, so that they are not
// closed as garbage.
var keepers []io.Closer

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// jars returns the folder of a Maven project's dependencies, fetched if need be.
func jars(project string) (string, error) {
	text, err := projects.ReadFile(project)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	name := strings.TrimSuffix(project, ".xml") + "-" + hex.EncodeToString(sum[:6])
	return cached(name, func(ctx context.Context, dir string) error {
		pom := filepath.Join(dir, "pom.xml")
		if err := os.WriteFile(pom, text, 0o644); err != nil {
			return err
		}
		return run(exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", pom,
			"org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies", "-DoutputDirectory="+dir))
	})
}

// tool returns the path of a Go program, built if need be.
func tool(module, version string) (string, error) {
	name := filepath.Base(module)
	dir, err := cached(name+"-"+version, func(ctx context.Context, dir string) error {
		install := exec.CommandContext(ctx, "go", "install", module+"@"+version)
		install.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod")
		install.Dir = dir // outside of this module
		return run(install)
	})
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, name), err
}

// cached returns a folder that make filled, now or in an earlier run. Processes
// that make it at the same time do the work twice and harm nothing.
func cached(name string, make func(ctx context.Context, dir string) error) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	base = filepath.Join(base, "loyalty-mcp", "engines")
	dir := filepath.Join(base, name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", err
	}
	unfinished, err := os.MkdirTemp(base, "."+name+"-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(unfinished)
	ctx, cancel := context.WithTimeout(context.Background(), fetchWithin)
	defer cancel()
	if err := make(ctx, unfinished); err != nil {
		return "", err
	}
	if err := os.Rename(unfinished, dir); err != nil {
		if _, there := os.Stat(dir); there != nil {
			return "", err
		}
	}
	return dir, nil
}

func run(command *exec.Cmd) error {
	out, err := command.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s is not installed", command.Args[0])
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", command.Args[0], err, strings.TrimSpace(string(out[max(0, len(out)-1000):])))
	}
	return nil
}
