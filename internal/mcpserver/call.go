package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

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

// withTransport names the transport in the log of the calls made under ctx.
func withTransport(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, transportKey{}, name)
}

// call runs one call of the registry: under a deadline, at most maxCalls at
// once, with panics caught and one line in the log, which never has the
// arguments: they may be personal. The error is nil, a *tools.Error or, of a
// resource, tools.ErrNotFound. What else went wrong is in the log, under an id
// that the caller is told in its place.
func call[T any](
	ctx context.Context, s *Server, kind, name string, run func(context.Context) (T, error),
) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	id, start := fmt.Sprintf("%016x", rand.Uint64()), time.Now()

	var result T
	err := s.acquire(ctx)
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
		transport, _ := ctx.Value(transportKey{}).(string)
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
