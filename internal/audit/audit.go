// Package audit keeps what must be answered for later: who read or changed whose
// data, and who was not let in. An event is one line of JSON. It has no personal
// data, no token and no address: a person is a pseudonym, which only the holder
// of the key can make again from a subject.
package audit

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"loyalty-mcp/internal/identity"
)

// Event is something that happened. When, to whom, and in which call is added
// from the context it happened in.
type Event struct {
	Action  string // profile.get, profile.update, profile.export, profile.delete, refused
	Outcome string // ok, or the code of the failure
	Reason  string // of a refusal: a stable code
	// Subject is whom it was about; left out, the caller.
	Subject string
}

// Recorder takes events. An access to personal data is recorded before it is
// answered, and is not answered if Record fails: what nobody can look up later
// must not happen.
type Recorder interface {
	Record(ctx context.Context, e Event) error
}

// Call is the call that an event happens in.
type Call struct {
	ID        string // that the server's log has too
	Transport string
	Tool      string
}

type callKey struct{}

// In puts the call into its context.
func In(ctx context.Context, c Call) context.Context { return context.WithValue(ctx, callKey{}, c) }

const (
	// refusalsAtOnce and refusalEvery bound how fast strangers can fill the disk:
	// a request that is not let in costs them nothing. What is left out is
	// counted in the next refusal that is kept.
	refusalsAtOnce = 100
	refusalEvery   = time.Second

	// Refused is the action of whoever was not let in.
	Refused = "refused"

	minKey = 32 // bytes
)

// Log writes events.
type Log struct {
	key  []byte
	now  func() time.Time
	file *os.File // that Open opened

	mu      sync.Mutex
	w       io.Writer
	room    int       // refusals that may still be written at once
	filled  time.Time // when room was last added to
	skipped int       // refusals since the last that was written
}

// New makes a Log that writes to w.
func New(w io.Writer, key []byte, now func() time.Time) (*Log, error) {
	if len(key) < minKey {
		return nil, fmt.Errorf("the audit key has %d bytes; it needs %d or more", len(key), minKey)
	}
	return &Log{key: key, now: now, w: w, room: refusalsAtOnce, filled: now()}, nil
}

// Open makes a Log that adds to the file at path. Without a key it uses the one
// kept beside the file, and makes that first.
func Open(path string, key []byte, now func() time.Time) (*Log, error) {
	if len(key) == 0 {
		var err error
		if key, err = keyBeside(path); err != nil {
			return nil, err
		}
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the audit log: %w", err)
	}
	log, err := New(file, key, now)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	log.file = file
	return log, nil
}

// Close closes the file of a Log that Open made.
func (l *Log) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// keyBeside reads the key of the log at path. Two processes that start at once
// use the same: the key is written whole before it gets its name, and the first
// to name it wins.
func keyBeside(path string) ([]byte, error) {
	name := path + ".key"
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		if err = makeKey(name); err == nil {
			text, err = os.ReadFile(name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the key of the audit log: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("the key of the audit log, %s, is damaged", name)
	}
	return key, nil
}

func makeKey(name string) error {
	key := make([]byte, minKey)
	_, _ = rand.Read(key)                                               // never fails
	temporary, err := os.CreateTemp(filepath.Dir(name), ".audit-key-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	if err = os.Link(temporary.Name(), name); errors.Is(err, os.ErrExist) {
		return nil
	}
	return err
}

// line is an event as it is written.
type line struct {
	Time      string `json:"time"`
	Action    string `json:"action"`
	Outcome   string `json:"outcome"`
	Reason    string `json:"reason,omitempty"`
	Who       string `json:"who,omitempty"`
	Call      string `json:"call,omitempty"`
	Transport string `json:"transport,omitempty"`
	Tool      string `json:"tool,omitempty"`
	Skipped   int    `json:"skipped,omitempty"`
}

// Record writes the event, in one write, so that processes can share a file.
func (l *Log) Record(ctx context.Context, e Event) error {
	subject := e.Subject
	if caller, ok := identity.From(ctx); ok && subject == "" {
		subject = caller.Subject
	}
	call, _ := ctx.Value(callKey{}).(Call)
	out := line{
		Action: e.Action, Outcome: e.Outcome, Reason: e.Reason, Who: l.pseudonym(subject),
		Call: call.ID, Transport: call.Transport, Tool: call.Tool,
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if e.Action == Refused {
		if added := int(now.Sub(l.filled) / refusalEvery); added > 0 {
			l.room, l.filled = min(l.room+added, refusalsAtOnce), now
		}
		if l.room == 0 {
			l.skipped++
			return nil
		}
		l.room--
		out.Skipped, l.skipped = l.skipped, 0
	}
	out.Time = now.UTC().Format(time.RFC3339Nano)
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if _, err := l.w.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("the audit log: %w", err)
	}
	return nil
}

// pseudonym is 16 bytes of a keyed hash: without the key nobody can try subjects
// until one fits.
func (l *Log) pseudonym(subject string) string {
	if subject == "" {
		return ""
	}
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(subject))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
