package mcpserver

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	maxStreams  = 256 // open SSE streams
	keepAlive   = 20 * time.Second
	eventWithin = 10 * time.Second // for a client to take an event
)

// sseHub knows the clients of the older HTTP+SSE transport: each holds a stream
// of events open, on which it gets the answers to the messages that it posts.
type sseHub struct {
	mu      sync.Mutex
	streams map[string]*stream
}

type stream struct {
	*conn
	ctx     context.Context // ends with the stream
	subject string          // whose it is
}

func (h *sseHub) add(st *stream) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.streams) >= maxStreams {
		return false
	}
	if h.streams == nil {
		h.streams = make(map[string]*stream)
	}
	h.streams[st.id] = st
	return true
}

func (h *sseHub) get(id string) *stream {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.streams[id]
}

func (h *sseHub) remove(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams, id)
}

// serveSSE holds a client's stream open until the client leaves or the server
// ends; then until the running calls are answered.
func (s *Server) serveSSE(w http.ResponseWriter, r *http.Request) {
	caller, ok := s.admit(w, r, "sse")
	if !ok || !allow(w, r, http.MethodGet) || !s.permit(w, r, caller, "sse", nil) {
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	events := make(chan []byte)
	st := &stream{ctx: ctx, subject: caller.Subject, conn: newConn(s, rand.Text(), func(message []byte) error {
		select {
		case events <- message:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})}
	if !s.sse.add(st) {
		cancel()
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many streams", http.StatusServiceUnavailable)
		return
	}
	defer func() {
		s.sse.remove(st.id)
		st.close()
		cancel()
		st.running.Wait()
	}()

	control := http.NewResponseController(w)
	write := func(format string, values ...any) bool {
		_ = control.SetWriteDeadline(time.Now().Add(eventWithin))
		if _, err := fmt.Fprintf(w, format, values...); err != nil {
			return false
		}
		return control.Flush() == nil
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	alive := write("event: endpoint\ndata: /message?sessionId=%s\n\n", st.id)
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	ending, idle := s.ending, make(chan struct{})
	for alive {
		select {
		case message := <-events:
			alive = write("event: message\ndata: %s\n\n", message)
		case <-tick.C:
			alive = write(": keep-alive\n\n")
		case <-ctx.Done():
			return
		case <-ending:
			ending = nil
			st.close()
			go func() {
				st.running.Wait()
				close(idle)
			}()
		case <-idle:
			return
		}
	}
}

// serveMessage takes a message of a client that holds a stream. It is worked on
// for whoever sent it, who may have been granted more since the stream was
// opened; but the stream must be the sender's, for the answer goes there.
func (s *Server) serveMessage(w http.ResponseWriter, r *http.Request) {
	caller, ok := s.admit(w, r, "sse")
	if !ok || !allow(w, r, http.MethodPost) {
		return
	}
	st := s.sse.get(r.URL.Query().Get("sessionId"))
	if st != nil && st.subject != caller.Subject {
		s.refused(r, "sse", "foreign_session", caller.Subject)
		st = nil // it is not told that there is one
	}
	if st == nil {
		http.Error(w, "no such session", http.StatusNotFound)
		return
	}
	message, ok := readBody(w, r)
	if !ok || !s.permit(w, r, caller, "sse", message) {
		return
	}
	if !st.accept(from(st.ctx, caller, "sse"), message) {
		http.Error(w, "the session is closed", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}
