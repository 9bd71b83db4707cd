// Package config turns flags and their environment twins into open backends.
// Both binaries share it, so that they always mean the same by the same words.
package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/adrg/xdg"

	"loyalty-mcp/internal/audit"
	"loyalty-mcp/internal/availability"
	"loyalty-mcp/internal/oauth"
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

// Auth says who may use the server over HTTP. Its tags are kong's.
type Auth struct {
	AuthIssuer   string `help:"URL of the OAuth issuer whose access tokens let callers in over HTTP, letter for letter as it writes it into them. Needed to listen beyond this machine." placeholder:"URL" env:"LOYALTY_AUTH_ISSUER"`
	PublicURL    string `help:"Address at which callers reach this server, like https://loyalty.example.com; needed with --auth-issuer." placeholder:"URL" env:"LOYALTY_PUBLIC_URL"`
	AuthAudience string `help:"Audience that access tokens must have. Default: the public URL followed by /mcp." placeholder:"TEXT" env:"LOYALTY_AUTH_AUDIENCE"`
}

// Server makes what checks callers, nil if no issuer is set.
func (a Auth) Server(ctx context.Context) (*oauth.Server, error) {
	switch {
	case a.AuthIssuer == "" && (a.PublicURL != "" || a.AuthAudience != ""):
		return nil, errors.New("--public-url and --auth-audience mean nothing without --auth-issuer, and nobody would be asked who they are: give that too")
	case a.AuthIssuer == "":
		return nil, nil
	case a.PublicURL == "":
		return nil, errors.New("--auth-issuer needs --public-url, the address at which callers reach this server: tokens are issued for it")
	}
	public, err := url.Parse(a.PublicURL)
	if err != nil || public.Path != "" && public.Path != "/" {
		return nil, fmt.Errorf("--public-url %q must be like https://loyalty.example.com, without a path", a.PublicURL)
	}
	return oauth.New(ctx, oauth.Options{
		Issuer: a.AuthIssuer, Resource: strings.TrimSuffix(a.PublicURL, "/") + "/mcp", Audience: a.AuthAudience,
	})
}

// Audit says where audit events go. Its tags are kong's.
type Audit struct {
	AuditLog string `help:"File that audit events are added to, - for standard error. Default: audit.jsonl in the data directory. People are pseudonyms, made with the key in $$LOYALTY_AUDIT_KEY or else one kept beside the file." placeholder:"FILE" type:"path" env:"LOYALTY_AUDIT_LOG"`
}

// Open opens the audit log; the caller closes it. The key is no flag, so that it
// shows in no list of processes.
func (a Audit) Open(b Backend, now func() time.Time) (*audit.Log, error) {
	key := []byte(os.Getenv("LOYALTY_AUDIT_KEY"))
	switch a.AuditLog {
	case "-":
		if len(key) == 0 {
			return nil, errors.New("--audit-log - needs a key in $LOYALTY_AUDIT_KEY: there is no file to keep one beside")
		}
		return audit.New(os.Stderr, key, now)
	case "":
		dir, err := b.dir()
		if err != nil {
			return nil, err
		}
		return audit.Open(filepath.Join(dir, "audit.jsonl"), key, now)
	}
	return audit.Open(a.AuditLog, key, now)
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

// dir is the data directory, which is made if it is not there.
func (b Backend) dir() (string, error) {
	dir := b.DataDir
	if dir == "" {
		dir = filepath.Join(xdg.DataHome, "loyalty-mcp")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("the data directory %s cannot be made: %w; choose another with --data-dir", dir, err)
	}
	return dir, nil
}

// OpenGraph opens the graph and brings it to the bundled facts. The caller
// closes it.
func (b Backend) OpenGraph(ctx context.Context, log *slog.Logger, now func() time.Time) (kg.Graph, error) {
	if b.Graph != "embedded" {
		return nil, fmt.Errorf("--graph %q is not a backend of this build: use embedded", b.Graph)
	}
	dir, err := b.dir()
	if err != nil {
		return nil, err
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
