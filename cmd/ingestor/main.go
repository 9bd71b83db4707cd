// Command ingestor keeps the knowledge graph sound.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

const description = `Keeps the knowledge of airline loyalty programs sound.

Every flag has an environment twin, named at its end; the backend flags are those of mcp-server.`

type cli struct {
	Verify verify `cmd:"" help:"Check facts for contradictions, unknown codes, implausible figures, missing sources and age."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parsed := kong.Parse(&cli{}, kong.Name("ingestor"), kong.Description(description),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.UsageOnError())
	if err := parsed.Run(); err != nil {
		if !errors.Is(err, errFaults) {
			fmt.Fprintln(os.Stderr, "ingestor:", err)
		}
		stop()
		os.Exit(1)
	}
}
