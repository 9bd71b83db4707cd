// Package config turns flags and their environment twins into open backends.
// Both binaries share it, so that they always mean the same by the same words.
package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/adrg/xdg"

	"loyalty-mcp/internal/availability"
	"loyalty-mcp/internal/seatsaero"
	"loyalty-mcp/kg"
	"loyalty-mcp/kg/bundle"
	"loyalty-mcp/kg/embedded"
)

// Backend says where the knowledge is. Its tags are kong's.
type Backend struct {
	Graph   string `help:"Knowledge graph: embedded (a file in the data directory)." default:"embedded" env:"LOYALTY_GRAPH"`
	DataDir string `help:"Directory of the embedded stores. Default: the user's data directory." placeholder:"DIR" type:"path" env:"LOYALTY_DATA_DIR"`
}

// Log says how to log; logs always go to standard error.
type Log struct {
	LogFormat string `help:"Form of the log: text or json." enum:"text,json" default:"text" env:"LOYALTY_LOG_FORMAT"`
	LogLevel  string `help:"Least level that is logged: debug, info, warn or error." enum:"debug,info,warn,error" default:"info" env:"LOYALTY_LOG_LEVEL"`
}

// Logger makes the logger.
func (l Log) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.LogLevel)) // one of the enum's words
	options := &slog.HandlerOptions{Level: level}
	if l.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// Availability is the live provider of award seats that the environment has a key
// for, nil if none. The key is the user's own; it is no flag, so that it shows
// in no list of processes.
func Availability() availability.Provider {
	key := os.Getenv("LOYALTY_SEATSAERO_KEY")
	if key == "" {
		return nil
	}
	return seatsaero.New(key, seatsaero.Options{})
}

const (
	// checkEvery bounds how long another process' change of the graph goes unseen.
	checkEvery = time.Second
	// cachedAnswers is small: the catalog keeps the facts, decoded, by itself.
	cachedAnswers = 256
)

// OpenGraph opens the graph and brings it to the bundled facts. The caller
// closes it.
func (b Backend) OpenGraph(ctx context.Context, log *slog.Logger, now func() time.Time) (kg.Graph, error) {
	if b.Graph != "embedded" {
		return nil, fmt.Errorf("--graph %q is not a backend of this build: use embedded", b.Graph)
	}
	dir := b.DataDir
	if dir == "" {
		dir = filepath.Join(xdg.DataHome, "loyalty-mcp")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("the data directory %s cannot be made: %w; choose another with --data-dir", dir, err)
	}
	path := filepath.Join(dir, "graph.db")
	store, err := embedded.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	begun := now()
	changed, err := kg.ImportBundle(ctx, store, bundle.Hash(), bundle.Sheets, begun)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("importing the bundled facts into %s: %w", path, err), store.Close())
	}
	if changed {
		log.Info("imported the bundled facts", "store", path, "took", now().Sub(begun).Round(time.Millisecond))
	}
	return kg.NewCache(store, kg.CacheOptions{Answers: cachedAnswers, CheckEvery: checkEvery, Now: now}), nil
}
