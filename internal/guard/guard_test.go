package guard

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"loyalty-mcp/userprofile"
)

// engine is a store whose behaviour is set.
type engine struct {
	userprofile.Store
	asked atomic.Int64
	get   func(context.Context) error
}

func (e *engine) Get(ctx context.Context, _ string) (userprofile.Stored, error) {
	e.asked.Add(1)
	return userprofile.Stored{}, e.get(ctx)
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &engine{get: func(context.Context) error { return fmt.Errorf("%w: refused", userprofile.ErrUnavailable) }}
		s := Profiles(e)
		ask := func() error { _, err := s.Get(t.Context(), "x"); return err }
		for range 10 {
			if err := ask(); !errors.Is(err, userprofile.ErrUnavailable) {
				t.Fatal(err)
			}
		}
		if e.asked.Load() != failures {
			t.Errorf("asked %d times while it failed, want %d", e.asked.Load(), failures)
		}
		time.Sleep(pause)
		if err := ask(); err == nil || e.asked.Load() != failures+1 {
			t.Errorf("after the pause: %v, asked %d times", err, e.asked.Load())
		}
		e.get = func(context.Context) error { return nil }
		if err := ask(); err == nil {
			t.Error("asked before the second pause was over")
		}
		time.Sleep(pause)
		for range 5 {
			if err := ask(); err != nil {
				t.Errorf("after it recovered: %v", err)
			}
		}
	})
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &engine{get: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		s := Profiles(e)
		begun := time.Now()
		_, err := s.Get(t.Context(), "x")
		if !errors.Is(err, userprofile.ErrUnavailable) || time.Since(begun) != askWithin {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		// A caller's own deadline says nothing about the engine.
		for range 2 * failures {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := s.Get(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, userprofile.ErrUnavailable) {
				t.Errorf("with a deadline of the caller's: %v", err)
			}
			cancel()
		}
		if e.asked.Load() != 1+2*failures {
			t.Errorf("asked %d times", e.asked.Load())
		}
	})
}

func TestTooMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := &engine{get: func(context.Context) error { <-release; return nil }}
		s := Profiles(e)
		for range atOnce {
			go s.Get(t.Context(), "x")
		}
		synctest.Wait()
		begun := time.Now()
		if _, err := s.Get(t.Context(), "x"); !errors.Is(err, userprofile.ErrUnavailable) || time.Since(begun) != slotWait {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		close(release)
		synctest.Wait()
		if _, err := s.Get(t.Context(), "x"); err != nil {
			t.Errorf("when there is room again: %v", err)
		}
	})
}
