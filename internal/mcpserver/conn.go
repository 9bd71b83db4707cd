package mcpserver

import (
	"context"
	"encoding/json"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"
)

// maxPipelined is how many requests of one connection are worked on at once;
// the next is read when one of them is done.
const maxPipelined = 128

// conn is a client that stays connected, over stdio or an SSE stream. To mcp-go
// it is a session.
type conn struct {
	server        *Server
	id            string
	send          func(message []byte) error
	notifications chan mcp.JSONRPCNotification
	initialized   atomic.Bool
	room          chan struct{}

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

func newConn(s *Server, id string, send func([]byte) error) *conn {
	return &conn{
		server:        s,
		id:            id,
		send:          send,
		notifications: make(chan mcp.JSONRPCNotification, 16),
		room:          make(chan struct{}, maxPipelined),
	}
}

func (c *conn) SessionID() string                                   { return c.id }
func (c *conn) Initialize()                                         { c.initialized.Store(true) }
func (c *conn) Initialized() bool                                   { return c.initialized.Load() }
func (c *conn) NotificationChannel() chan<- mcp.JSONRPCNotification { return c.notifications }

// accept takes one message and works on it under ctx, a request on its own, so
// that a slow one holds up none after it. It reports whether the connection
// still takes messages.
func (c *conn) accept(ctx context.Context, message []byte) bool {
	select {
	case c.room <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return false
	}
	c.running.Add(1)
	c.mu.Unlock()
	work := func() {
		defer c.running.Done()
		defer func() { <-c.room }()
		c.handle(ctx, message)
	}
	var request struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(message, &request) != nil || len(request.ID) == 0 {
		work()
	} else {
		go work()
	}
	return true
}

// close makes the connection take no more messages. What is running goes on.
func (c *conn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
}

func (c *conn) handle(ctx context.Context, message []byte) {
	r := &reply{}
	response := c.dispatch(r.in(c.server.mcp.WithContext(ctx, c)), message)
	// What was notified during the request goes out before its response.
	for {
		select {
		case n := <-c.notifications:
			c.encode(n, r)
			continue
		default:
		}
		break
	}
	if response != nil {
		c.encode(response, r)
	}
}

func (c *conn) dispatch(ctx context.Context, message []byte) (response mcp.JSONRPCMessage) {
	defer func() {
		if value := recover(); value != nil {
			c.server.log.ErrorContext(ctx, "panic", "panic", value, "stack", string(debug.Stack()))
			var request struct {
				ID any `json:"id"`
			}
			_ = json.Unmarshal(message, &request) // the id stays null
			response = mcp.NewJSONRPCError(mcp.NewRequestId(request.ID), mcp.INTERNAL_ERROR, "internal error", nil)
		}
	}()
	return c.server.mcp.HandleMessage(ctx, message)
}

func (c *conn) encode(message any, r *reply) {
	encoded, err := json.Marshal(message)
	if err != nil {
		c.server.log.Error("response not encodable", "error", err)
		return
	}
	finished, _ := r.finish(encoded)
	if err := c.send(finished); err != nil {
		c.server.log.Debug("response not sent", "error", err)
	}
}
