// Command mcp-server answers questions on airline loyalty programs over the
// Model Context Protocol, and from the command line.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"loyalty-mcp/internal/audit"
	"loyalty-mcp/internal/config"
	"loyalty-mcp/internal/identity"
	"loyalty-mcp/internal/mcpserver"
	"loyalty-mcp/internal/render"
	"loyalty-mcp/kg"
	"loyalty-mcp/tools"
)

const description = `Exact, cited answers on airline loyalty programs: what a flight earns, where to credit it, how to fly on points and how to fund that.

Started without a command it serves the Model Context Protocol on standard input and output, as agent hosts expect; with --transport http it listens for them. Everything runs on bundled facts: no account and no network is needed.

Every flag has an environment twin, named at its end. With your own seats.aero partner key in $LOYALTY_SEATSAERO_KEY, award searches also say where seats are; without it nothing leaves this machine.`

const instructions = `Answers on airline loyalty programs come from rules on file, each with its source and date. Use the tools for every number; do not recall or estimate one. Say which sources an answer rests on. "unanswered" means that nothing on file states it: say so, it is not zero.`

type cli struct {
	Serve serve `cmd:"" default:"withargs" help:"Serve the Model Context Protocol (the default)."`
	Call  call  `cmd:"" help:"Call a tool and print its answer."`
	Tools list  `cmd:"" help:"List the tools."`
}

type serve struct {
	config.Backend
	config.Log
	config.Auth
	config.Audit
	Transport string `help:"stdio, or http for streamable HTTP at /mcp and HTTP+SSE at /sse." enum:"stdio,http" default:"stdio" env:"LOYALTY_TRANSPORT"`
	Addr      string `help:"Address to listen on with --transport http." default:"127.0.0.1:8080" env:"LOYALTY_ADDR"`
}

func (s serve) Run(ctx context.Context) error {
	log := s.Logger(os.Stderr)
	auth, err := s.Server(ctx)
	if err != nil {
		return err
	}
	graph, err := s.OpenGraph(ctx, log, time.Now)
	if err != nil {
		return err
	}
	defer graph.Close()
	events, err := s.Audit.Open(s.Backend, time.Now)
	if err != nil {
		return err
	}
	defer events.Close()
	catalog := kg.NewCatalog(graph)
	provider := config.Availability()
	server := mcpserver.New(mcpserver.Options{
		Name: "loyalty-mcp", Version: version(), Instructions: instructions,
		Registry: tools.New(catalog, tools.Options{Availability: provider, Audit: events, Log: log}),
		Logger:   log, Auth: auth, Audit: events,
		Ready: func(ctx context.Context) error {
			_, err := catalog.Facts(ctx)
			return err
		},
	})
	seats := "off"
	if provider != nil {
		seats = provider.Name()
	}
	callers := "of this machine"
	if s.Transport == "http" && auth != nil {
		callers = "with a token of " + s.AuthIssuer
	}
	log.Info("starting", "version", version(), "transport", s.Transport, "graph", s.Graph, "availability", seats, "callers", callers)
	if s.Transport == "http" {
		err := server.ListenAndServe(ctx, s.Addr, func(addr net.Addr) {
			log.Info("listening", "mcp", "http://"+addr.String()+"/mcp", "sse", "http://"+addr.String()+"/sse")
		})
		if errors.Is(err, mcpserver.ErrOpen) {
			return fmt.Errorf("%w; name their issuer with --auth-issuer and this server's address with --public-url, or listen on loopback, like --addr 127.0.0.1:8080", err)
		}
		return err
	}
	return server.ServeStdio(ctx, os.Stdin, os.Stdout)
}

type call struct {
	config.Backend
	config.Log
	config.Audit
	Tool      string `arg:"" help:"Name of the tool, as the command tools lists it."`
	Arguments string `arg:"" optional:"" help:"Its arguments, a JSON object; - reads them from standard input." default:"{}"`
	JSON      bool   `help:"Print the answer as JSON instead of tables."`
}

func (c call) Run(ctx context.Context) error {
	log := c.Logger(os.Stderr)
	graph, err := c.OpenGraph(ctx, log, time.Now)
	if err != nil {
		return err
	}
	defer graph.Close()
	events, err := c.Audit.Open(c.Backend, time.Now)
	if err != nil {
		return err
	}
	defer events.Close()
	arguments := []byte(c.Arguments)
	if c.Arguments == "-" {
		if arguments, err = io.ReadAll(os.Stdin); err != nil {
			return err
		}
	}
	registry := tools.New(kg.NewCatalog(graph), tools.Options{Availability: config.Availability(), Audit: events, Log: log})
	ctx = audit.In(identity.With(ctx, identity.Local()), audit.Call{Transport: "command", Tool: c.Tool})
	for _, t := range registry.Tools {
		if t.Name != c.Tool {
			continue
		}
		answer, err := t.Call(ctx, arguments)
		if wrong, ok := errors.AsType[*tools.Error](err); ok && c.JSON {
			if answer, err = json.Marshal(map[string]any{"error": wrong}); err == nil {
				fmt.Println(string(answer))
			}
			return errors.Join(err, errWrongCall)
		}
		if err != nil {
			return err
		}
		if c.JSON {
			_, err = fmt.Println(string(answer))
			return err
		}
		return render.JSON(os.Stdout, answer)
	}
	var names []string
	for _, t := range registry.Tools {
		names = append(names, t.Name)
	}
	return fmt.Errorf("there is no tool %q; the tools are: %s", c.Tool, strings.Join(names, ", "))
}

// errWrongCall ends the process with a failure that has been printed already.
var errWrongCall = errors.New("the call was wrong; see the error above")

type list struct {
	JSON bool `help:"Print the whole declarations, with their schemas, as JSON."`
}

func (l list) Run() error {
	// Declarations need no facts, so no backend is opened.
	registry := tools.New(nil, tools.Options{})
	if l.JSON {
		return json.NewEncoder(os.Stdout).Encode(declarations(registry))
	}
	for _, t := range registry.Tools {
		fmt.Printf("%s: %s\n%s\n\n", t.Name, t.Title, t.Description)
	}
	fmt.Println("Call one with: mcp-server call TOOL 'JSON'")
	return nil
}

type declaration struct {
	Name         string          `json:"name"`
	Title        string          `json:"title"`
	Description  string          `json:"description"`
	Hints        tools.Hints     `json:"hints"`
	InputSchema  json.RawMessage `json:"inputSchema"`
	OutputSchema json.RawMessage `json:"outputSchema"`
}

func declarations(r tools.Registry) []declaration {
	var out []declaration
	for _, t := range r.Tools {
		out = append(out, declaration{t.Name, t.Title, t.Description, t.Hints, t.InputSchema, t.OutputSchema})
	}
	return out
}

// version is that of the release, or the commit the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parsed := kong.Parse(&cli{}, kong.Name("mcp-server"), kong.Description(description),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.UsageOnError())
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "mcp-server:", err)
		stop()
		os.Exit(1)
	}
}
