package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"loyalty-mcp/internal/audit"
	"loyalty-mcp/internal/identity"
	"loyalty-mcp/tools"
)

// Codes of failures that are the server's, not the caller's.
const (
	codeInternal   = "internal"
	codeTimeout    = "timeout"
	codeOverloaded = "overloaded"
)

const kindResource = "resource"

type transportKey struct{}

// from says who makes the calls made under ctx, and over which transport.
func from(ctx context.Context, caller identity.Caller, transport string) context.Context {
	return identity.With(context.WithValue(ctx, transportKey{}, transport), caller)
}

// newID names a call, or a request that got no further, in the log, the audit
// log, and to the caller.
func newID() string { return fmt.Sprintf("%016x", rand.Uint64()) }

// needsRead are the scopes for everything that states no own.
var needsRead = []string{identity.LoyaltyRead}

// call runs one call of the registry for a caller with the scopes: under a
// deadline, at most maxCalls at once, with panics caught and one line in the
// log, which never has the arguments: they may be personal. The error is nil, a
// *tools.Error or, of a resource, tools.ErrNotFound. What else went wrong is in
// the log, under an id that the caller is told in its place.
func call[T any](
	ctx context.Context, s *Server, kind, name string, scopes []string, run func(context.Context) (T, error),
) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	id, start := newID(), time.Now()
	transport, _ := ctx.Value(transportKey{}).(string)
	ctx = audit.In(ctx, audit.Call{ID: id, Transport: transport, Tool: name})

	var result T
	err := tools.Permit(ctx, scopes)
	if err == nil {
		err = s.acquire(ctx)
	}
	if err == nil {
		result, err = contain(ctx, run)
		<-s.slots
	}

	level, outcome := slog.LevelInfo, "ok"
	var known *tools.Error
	attrs := make([]slog.Attr, 0, 8)
	switch {
	case err == nil:
	case kind == kindResource && errors.Is(err, tools.ErrNotFound):
		outcome, err = "not_found", tools.ErrNotFound
	case errors.As(err, &known):
		outcome = known.Code
		if err != error(known) { // the cause is not for the caller
			level = slog.LevelWarn
			attrs = append(attrs, slog.String("error", err.Error()))
		}
		err = known
	case errors.Is(err, context.Canceled) && errors.Is(ctx.Err(), context.Canceled):
		outcome = "cancelled"
		err = &tools.Error{Code: "cancelled", Message: "the call was cancelled"}
	case errors.Is(err, context.DeadlineExceeded) && errors.Is(ctx.Err(), context.DeadlineExceeded):
		level, outcome = slog.LevelWarn, codeTimeout
		err = &tools.Error{
			Code:    codeTimeout,
			Message: fmt.Sprintf("no answer within %v; ask for less at once or try again (call %s)", callTimeout, id),
		}
	default:
		level, outcome = slog.LevelError, codeInternal
		attrs = append(attrs, slog.String("error", err.Error()))
		var p *panicError
		if errors.As(err, &p) {
			attrs = append(attrs, slog.String("stack", string(p.stack)))
		}
		err = &tools.Error{
			Code:    codeInternal,
			Message: fmt.Sprintf("the server failed to answer; its log has the details under call %s", id),
		}
	}
	if s.log.Enabled(ctx, level) {
		attrs = append(attrs, slog.String("call", id), slog.String(kind, name), slog.String("transport", transport),
			slog.String("outcome", outcome), slog.Duration("duration", time.Since(start)))
		s.log.LogAttrs(ctx, level, "call", attrs...)
	}
	return result, err
}

// acquire takes a slot, of which there are maxCalls.
func (s *Server) acquire(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
		return nil
	default:
	}
	queued := time.NewTimer(queueTimeout)
	defer queued.Stop()
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-queued.C:
		return &tools.Error{Code: codeOverloaded, Message: "the server is busy; try again in a moment"}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// panicError is a panic on its way to the log.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

func contain[T any](ctx context.Context, run func(context.Context) (T, error)) (result T, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value: value, stack: debug.Stack()}
		}
	}()
	return run(ctx)
}
