package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"loyalty-mcp/internal/identity"
)

const (
	headerWithin = 10 * time.Second // for a client to send its headers
	bodyWithin   = 30 * time.Second // for a client to send its body
	answerWithin = time.Minute      // for a request to be worked on and its answer taken
	idleAfter    = 2 * time.Minute  // an unused connection is closed
	readyWithin  = 5 * time.Second
	maxHeader    = 64 << 10
)

// ErrOpen is returned for an address that others can reach while Options.Auth is
// not set.
var ErrOpen = errors.New("others than the user of this machine could reach this address, and nobody would ask who they are")

// ListenAndServe serves HTTP on addr until ctx ends, then finishes the running
// calls, or stops them when the grace is over. onListen, which may be nil, is
// told the address. A Server listens once.
func (s *Server) ListenAndServe(ctx context.Context, addr string, onListen func(net.Addr)) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); s.options.Auth == nil && (!ok || !tcp.IP.IsLoopback()) {
		return fmt.Errorf("%s: %w", listener.Addr(), errors.Join(ErrOpen, listener.Close()))
	}
	srv := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerWithin,
		WriteTimeout:      answerWithin,
		IdleTimeout:       idleAfter,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	if onListen != nil {
		onListen(listener.Addr())
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.end()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	err = srv.Shutdown(grace)
	if err != nil {
		err = errors.Join(err, srv.Close())
	}
	<-failed
	return err
}

// Handler serves the protocol at /mcp (streamable HTTP) and at /sse with
// /message (HTTP+SSE), liveness at /healthz and readiness at /readyz; with
// Options.Auth, also where callers find their issuer.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.options.Auth != nil && s.options.Auth.ServeMetadata(w, r) { // also to web pages
			return
		}
		if s.rebound(r) {
			http.Error(w, "the Host and Origin of a request must be this server's own", http.StatusForbidden)
			return
		}
		switch r.URL.Path {
		case "/mcp":
			s.serveMCP(w, r)
		case "/sse":
			s.serveSSE(w, r)
		case "/message":
			s.serveMessage(w, r)
		case "/healthz":
			respond(w, http.StatusOK, "ok")
		case "/readyz":
			s.serveReady(w, r)
		default:
			http.NotFound(w, r)
		}
	})
}

// serveMCP answers one request of streamable HTTP. Nothing is kept between
// requests in either era, so there is no session to open or delete, and no
// stream of unrelated events to get.
func (s *Server) serveMCP(w http.ResponseWriter, r *http.Request) {
	caller, ok := s.admit(w, r, "http")
	if !ok || !allow(w, r, http.MethodPost) {
		return
	}
	body, ok := readBody(w, r)
	if !ok || !s.permit(w, r, caller, "http", body) {
		return
	}
	if cancels(body) {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	rw := &replyWriter{w: w}
	s.streamable.Handle(rw, &server.HTTPRequest{
		Method:  r.Method,
		URL:     r.URL,
		Header:  r.Header,
		Body:    body,
		Context: rw.reply.in(from(r.Context(), caller, "http")),
	})
	rw.close()
}

// cancels reports whether the message is a cancellation. Without sessions a
// request id says nothing of whose request it is, and mcp-go would cancel any
// client's request with that id. A client cancels by closing its request.
func cancels(body []byte) bool {
	// An escape could spell any letter of the method.
	if !bytes.Contains(body, []byte("cancelled")) && bytes.IndexByte(body, '\\') < 0 {
		return false
	}
	var message struct {
		Method mcp.MCPMethod `json:"method"`
	}
	return json.Unmarshal(body, &message) == nil && message.Method == mcp.MethodNotificationCancelled
}

// replyWriter hands mcp-go's answer to the client, finished by the reply. What
// is not an event stream comes in one write, so its length is known and stated.
type replyWriter struct {
	w      http.ResponseWriter
	reply  reply
	status int // not written yet
}

func (rw *replyWriter) Header() http.Header    { return rw.w.Header() }
func (rw *replyWriter) CanStream() bool        { return true }
func (rw *replyWriter) WriteHeader(status int) { rw.status = status }

func (rw *replyWriter) Write(message []byte) (int, error) {
	out, status := rw.reply.finish(message)
	if rw.status != 0 {
		if status != 0 {
			rw.status = status
		}
		if rw.Header().Get("Content-Type") != "text/event-stream" {
			rw.Header().Set("Content-Length", strconv.Itoa(len(out)))
		}
	}
	rw.close()
	if _, err := rw.w.Write(out); err != nil {
		return 0, err
	}
	return len(message), nil
}

func (rw *replyWriter) Flush() {
	rw.close()
	_ = http.NewResponseController(rw.w).Flush()
}

// close writes the status, if that is still to be done.
func (rw *replyWriter) close() {
	if rw.status != 0 {
		rw.w.WriteHeader(rw.status)
		rw.status = 0
	}
}

func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	select {
	case <-s.ending:
		respond(w, http.StatusServiceUnavailable, "ending")
		return
	default:
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	var err error
	if s.options.Ready != nil {
		err = s.options.Ready(ctx)
	}
	if err == nil && s.options.Auth != nil {
		err = s.options.Auth.Ready(ctx)
	}
	if err != nil {
		s.log.WarnContext(r.Context(), "not ready", "error", err)
		respond(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	respond(w, http.StatusOK, "ready")
}

func respond(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

func allow(w http.ResponseWriter, r *http.Request, method string) bool {
	if r.Method == method {
		return true
	}
	w.Header().Set("Allow", method)
	http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	return false
}

// readBody reads the request's body, or answers why it cannot.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyWithin))
	var body bytes.Buffer
	body.Grow(int(min(max(r.ContentLength, 0), 16<<10)) + bytes.MinRead)
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxMessage))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refusal, _ := json.Marshal(tooLong)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		_, _ = w.Write(refusal)
		return nil, false
	case err != nil:
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return nil, false
	}
	_ = control.SetReadDeadline(time.Time{})
	return body.Bytes(), true
}

// rebound reports whether a request names a host that is not this server's, or
// comes from a web page of one: DNS rebinding lets any page that a user visits
// reach servers on the user's own machine. With Options.Auth the public host is
// this server's own too; a proxy on the same machine passes it on.
//
// A request that came in beyond loopback may name any host. It needs a token,
// which a page that rebinds a name has not, and load balancers name hosts as
// they like.
func (s *Server) rebound(r *http.Request) bool {
	own := func(host string) bool {
		return identity.Loopback(host) || s.options.Auth != nil && strings.EqualFold(host, s.options.Auth.Host())
	}
	if viaLoopback(r) && !own(r.Host) {
		return true
	}
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || !own(u.Host) {
			return true
		}
	}
	return false
}

func viaLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.IP.IsLoopback()
}
