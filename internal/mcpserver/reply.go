package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"loyalty-mcp/tools"
)

// reply is what mcp-go's answer to one request is missing. A transport puts one
// into the request's context, the handlers fill it in, and the transport lets it
// finish the message that mcp-go encoded.
//
// It exists for two reasons. A handler of mcp-go has no way to choose the code
// or data of a protocol error: whatever it returns becomes -32603. And mcp-go
// encodes a tool's answer through a map and several passes over the same JSON,
// which for an answer of a few kilobytes costs more than all the rest of a call;
// here it is copied once as it is and once as text.
type reply struct {
	mu     sync.Mutex               // mcp-go writes notifications while the handler runs
	answer json.RawMessage          // of a tool, for a result with empty content
	err    *mcp.JSONRPCErrorDetails // in place of the error mcp-go gives
	status int                      // of HTTP, for err
	// acknowledged is closed by the first message that is written; nil if nobody waits.
	acknowledged chan struct{}
}

type replyKey struct{}

func (r *reply) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, replyKey{}, r)
}

func replyFrom(ctx context.Context) *reply { return ctx.Value(replyKey{}).(*reply) }

func (r *reply) setAnswer(answer json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// setError also chooses the HTTP status that the newer era wants for the error;
// in the older one all errors travel with 200.
func (r *reply) setError(ctx context.Context, err mcp.JSONRPCErrorDetails) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = &err
	if server.IsModernRequest(ctx) && err.Code != mcp.INTERNAL_ERROR {
		r.status = http.StatusBadRequest
	} else {
		r.status = http.StatusOK
	}
}

// acknowledge keeps the end of a subscription over HTTP behind its acknowledgement.
// Two goroutines of mcp-go write them, and of a subscription to nothing, which ends
// at once, the end may come first; the acknowledgement is then dropped.
func acknowledge(hooks *server.Hooks) {
	hooks.AddBeforeSubscriptionsListen(func(ctx context.Context, _ any, _ *mcp.SubscriptionsListenRequest) {
		if ctx.Value(transportKey{}) != "http" {
			return
		}
		r := replyFrom(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.acknowledged = make(chan struct{})
	})
	hooks.AddAfterSubscriptionsListen(func(ctx context.Context, _ any, _ *mcp.SubscriptionsListenRequest, _ *mcp.SubscriptionsListenResult) {
		r := replyFrom(ctx)
		r.mu.Lock()
		acknowledged := r.acknowledged
		r.mu.Unlock()
		if acknowledged == nil { // written already, or another transport
			return
		}
		select {
		case <-acknowledged:
		case <-ctx.Done():
		}
	})
}

// explain chooses the protocol error for what a handler returned. It is mcp-go's
// hook for errors of all methods.
func (s *Server) explain(ctx context.Context, _ any, _ mcp.MCPMethod, message any, err error) {
	r := replyFrom(ctx)
	var known *tools.Error
	var malformed *server.UnparsableMessageError
	switch {
	case errors.Is(err, tools.ErrNotFound), errors.Is(err, server.ErrResourceNotFound):
		details := mcp.JSONRPCErrorDetails{Code: mcp.RESOURCE_NOT_FOUND, Message: "resource not found"}
		if server.IsModernRequest(ctx) {
			details.Code = mcp.INVALID_PARAMS
		}
		if request, ok := message.(*mcp.ReadResourceRequest); ok {
			details.Data = map[string]string{"uri": request.Params.URI}
		}
		r.setError(ctx, details)
	case errors.As(err, &known):
		code := mcp.INVALID_PARAMS
		switch known.Code {
		case codeInternal, codeTimeout, codeOverloaded:
			code = mcp.INTERNAL_ERROR
		}
		r.setError(ctx, mcp.JSONRPCErrorDetails{Code: code, Message: known.Message, Data: known})
	case errors.As(err, &malformed): // mcp-go's text names its Go types
		r.setError(ctx, mcp.JSONRPCErrorDetails{
			Code: mcp.INVALID_PARAMS, Message: "the parameters do not fit the method",
		})
	}
}

// finish returns the message with what was missing put in. The message is what
// mcp-go encoded: one line of JSON, perhaps framed as a server-sent event. The
// status is that of HTTP, 0 to leave what mcp-go chose.
func (r *reply) finish(message []byte) (finished []byte, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.acknowledged != nil {
		close(r.acknowledged)
		r.acknowledged = nil
	}
	switch {
	case r.err != nil:
		return replaceError(message, r.err), r.status
	case r.answer != nil:
		return insertAnswer(message, r.answer), 0
	}
	return message, 0
}

// noContent is how a result with empty content is encoded. It cannot come from
// anywhere else in the message: inside a string its quotes would be escaped.
var noContent = []byte(`"content":[]`)

func insertAnswer(message []byte, answer json.RawMessage) []byte {
	before, after, ok := bytes.Cut(message, noContent)
	if !ok {
		return message
	}
	if bytes.IndexByte(answer, '\n') >= 0 { // would end the line, or the event
		var compact bytes.Buffer
		if json.Compact(&compact, answer) == nil {
			answer = compact.Bytes()
		}
	}
	const text, structured = `"content":[{"type":"text","text":`, `}],"structuredContent":`
	// A quote is every eighth byte or so of an answer, and doubles.
	out := make([]byte, 0, len(message)+len(text)+len(structured)+2*len(answer)+len(answer)/3)
	out = append(out, before...)
	out = append(out, text...)
	out = appendString(out, answer)
	out = append(out, structured...)
	out = append(out, answer...)
	return append(out, after...)
}

// appendString appends text as a JSON string. The text is JSON itself, so it is
// valid UTF-8 and has nothing to escape but quotes, backslashes and white space.
func appendString(out, text []byte) []byte {
	out = append(out, '"')
	start := 0
	for i, c := range text {
		if c != '"' && c != '\\' && c >= ' ' {
			continue
		}
		out = append(out, text[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		default:
			const hex = "0123456789abcdef"
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	out = append(out, text[start:]...)
	return append(out, '"')
}

func replaceError(message []byte, details *mcp.JSONRPCErrorDetails) []byte {
	first, last := bytes.IndexByte(message, '{'), bytes.LastIndexByte(message, '}')
	if first < 0 {
		return message
	}
	var envelope struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   any             `json:"error"`
	}
	if json.Unmarshal(message[first:last+1], &envelope) != nil || envelope.Error == nil {
		return message
	}
	envelope.Error = details
	replaced, err := json.Marshal(envelope)
	if err != nil {
		return message
	}
	return bytes.Join([][]byte{message[:first], replaced, message[last+1:]}, nil)
}
