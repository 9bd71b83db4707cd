// Package mcpserver serves a tools.Registry over the Model Context Protocol, on
// stdio, streamable HTTP and the older HTTP+SSE, to clients of both protocol
// eras: those that shake hands (up to 2025-11-25) and those that do not
// (2026-07-28). It knows nothing of what the tools do.
//
// It is the only importer of mcp-go, which parses and dispatches the protocol.
// Three things are ours: the stdio and SSE transports, because mcp-go's cancel
// running calls when input ends and read lines and bodies without limit; the
// limits, log and error mapping around each call (call.go); and what the
// answers look like where mcp-go cannot say it, or only slowly (reply.go).
package mcpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"loyalty-mcp/internal/audit"
	"loyalty-mcp/internal/oauth"
	"loyalty-mcp/tools"
)

const (
	callTimeout   = 30 * time.Second // of one call, waiting for a slot included
	queueTimeout  = 5 * time.Second  // of waiting for a slot
	maxCalls      = 64               // running at once, over all clients
	maxMessage    = 1 << 20          // bytes of a request body or of a line
	shutdownGrace = 20 * time.Second // for running calls, once the server is told to end

	// The catalogue stays as it is while the process lives, and says nothing of
	// any user; what a resource says may be old sooner, and may be a user's own.
	catalogueTTL = 5 * time.Minute
	resourceTTL  = time.Minute

	maxCompletions = 100 // the protocol's limit
	maxURI         = 2048
)

// Options says what to serve.
type Options struct {
	Name, Version string
	Instructions  string // for the model: what the server is good for
	Registry      tools.Registry
	Logger        *slog.Logger // nil discards
	// Auth lets callers in over HTTP. Nil lets in who is on this machine, and
	// nobody else.
	Auth *oauth.Server
	// Audit gets what is not let in; nil records nothing.
	Audit audit.Recorder
	// Ready says whether calls can be answered now; its error is logged and
	// makes /readyz fail. Nil means always.
	Ready func(context.Context) error
}

// Server serves one registry on any number of transports.
type Server struct {
	options    Options
	log        *slog.Logger
	mcp        *server.MCPServer
	streamable *server.StreamableHTTPServer
	sse        sseHub
	slots      chan struct{}
	scopes     map[string][]string // that a tool needs, where it needs more than to read
	ending     chan struct{}       // closed when the server is told to end
	end        func()
}

// New prepares a server; nothing runs yet.
func New(o Options) *Server {
	s := &Server{
		options: o,
		log:     o.Logger,
		slots:   make(chan struct{}, maxCalls),
		scopes:  make(map[string][]string),
		ending:  make(chan struct{}),
	}
	s.end = sync.OnceFunc(func() { close(s.ending) })
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}

	hooks := &server.Hooks{}
	hooks.AddOnError(s.explain)
	acknowledge(hooks)
	options := []server.ServerOption{
		server.WithHooks(hooks),
		server.WithInstructions(o.Instructions),
		server.WithCacheHints(catalogueTTL.Milliseconds(), mcp.CacheScopePublic),
		server.WithMethodCacheHints(mcp.MethodResourcesRead, resourceTTL.Milliseconds(), mcp.CacheScopePrivate),
	}
	// Capabilities are stated here, without listChanged, because mcp-go would
	// otherwise add it by itself to whatever is registered.
	if len(o.Registry.Tools) > 0 {
		options = append(options, server.WithToolCapabilities(false))
	}
	if len(o.Registry.Resources)+len(o.Registry.Templates) > 0 {
		options = append(options, server.WithResourceCapabilities(false, false))
	}
	if len(o.Registry.Prompts) > 0 {
		options = append(options, server.WithPromptCapabilities(false))
	}
	if o.Registry.Complete != nil {
		options = append(options, server.WithCompletions(),
			server.WithPromptCompletionProvider(completer{s}), server.WithResourceCompletionProvider(completer{s}))
	}
	s.mcp = server.NewMCPServer(o.Name, o.Version, options...)
	s.register(hooks)
	s.streamable = server.NewStreamableHTTPServer(s.mcp,
		server.WithStateLess(true), server.WithStreamableHTTPLogger(s.log))
	return s
}

func (s *Server) register(hooks *server.Hooks) {
	schemas := make(map[string]tools.Tool, len(s.options.Registry.Tools))
	for _, t := range s.options.Registry.Tools {
		schemas[t.Name] = t
		if scopes := t.Scopes(); len(scopes) > 1 {
			s.scopes[t.Name] = scopes
		}
		s.mcp.AddTool(mcp.Tool{
			Name:           t.Name,
			Title:          t.Title,
			Description:    t.Description,
			RawInputSchema: json.RawMessage(`{"type":"object"}`),
			Annotations: mcp.ToolAnnotation{
				ReadOnlyHint:    &t.Hints.ReadOnly,
				DestructiveHint: &t.Hints.Destructive,
				IdempotentHint:  &t.Hints.Idempotent,
				OpenWorldHint:   &t.Hints.OpenWorld,
			},
		}, s.tool(t))
	}
	// The schemas are put in when the tools are listed and not before: on every
	// call of the newer era mcp-go reads the whole input schema again, looking
	// for parameters that travel in headers (we declare none).
	hooks.AddAfterListTools(func(_ context.Context, _ any, _ *mcp.ListToolsRequest, result *mcp.ListToolsResult) {
		for i := range result.Tools {
			if t, ok := schemas[result.Tools[i].Name]; ok {
				result.Tools[i].RawInputSchema = t.InputSchema
				result.Tools[i].RawOutputSchema = t.OutputSchema
			}
		}
	})

	// mcp-go tries a URI on each template letter by letter, twice; a megabyte of
	// them keeps a processor busy for seconds. No resource has an empty URI.
	hooks.AddBeforeReadResource(func(_ context.Context, _ any, request *mcp.ReadResourceRequest) {
		if len(request.Params.URI) > maxURI {
			request.Params.URI = ""
		}
	})
	for _, r := range s.options.Registry.Resources {
		s.mcp.AddResource(mcp.NewResource(r.URI, r.Name, mcp.WithResourceTitle(r.Title),
			mcp.WithResourceDescription(r.Description), mcp.WithMIMEType(r.MIMEType)),
			func(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				text, err := call(ctx, s, kindResource, r.Name, needsRead, r.Read)
				return contents(request.Params.URI, r.MIMEType, text), err
			})
	}
	for _, t := range s.options.Registry.Templates {
		s.mcp.AddResourceTemplate(mcp.NewResourceTemplate(t.URITemplate, t.Name, mcp.WithTemplateTitle(t.Title),
			mcp.WithTemplateDescription(t.Description), mcp.WithTemplateMIMEType(t.MIMEType)),
			func(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				id, ok := request.Params.Arguments["id"].([]string)
				if !ok || len(id) != 1 {
					return nil, tools.ErrNotFound
				}
				text, err := call(ctx, s, kindResource, t.Name, needsRead, func(ctx context.Context) (string, error) {
					return t.Read(ctx, id[0])
				})
				return contents(request.Params.URI, t.MIMEType, text), err
			})
	}
	for _, p := range s.options.Registry.Prompts {
		prompt := mcp.Prompt{Name: p.Name, Title: p.Title, Description: p.Description}
		for _, a := range p.Arguments {
			prompt.Arguments = append(prompt.Arguments,
				mcp.PromptArgument{Name: a.Name, Description: a.Description, Required: a.Required})
		}
		s.mcp.AddPrompt(prompt, s.prompt(p))
	}
}

func (s *Server) tool(t tools.Tool) server.ToolHandlerFunc {
	scopes := t.Scopes()
	return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		arguments := request.Params.RawArguments
		if len(arguments) == 0 || string(arguments) == "null" {
			arguments = json.RawMessage(`{}`)
		}
		answer, err := call(ctx, s, "tool", t.Name, scopes, func(ctx context.Context) (json.RawMessage, error) {
			answer, err := t.Call(ctx, arguments)
			if err == nil && len(answer) == 0 {
				err = fmt.Errorf("tool %s answered nothing", t.Name)
			}
			return answer, err
		})
		if err != nil {
			return toolError(err), nil
		}
		replyFrom(ctx).setAnswer(answer)
		return &mcp.CallToolResult{}, nil
	}
}

// toolError is a failed call as a tool result, so that the model can read it.
// The parts for programs go into _meta: structuredContent would be the obvious
// place, but clients check it against the tool's output schema even when isError
// is set, and reject the result.
func toolError(err error) *mcp.CallToolResult {
	result := mcp.NewToolResultError(err.Error())
	result.Meta = mcp.NewMetaFromMap(map[string]any{"error": err})
	return result
}

func contents(uri, mimeType, text string) []mcp.ResourceContents {
	return []mcp.ResourceContents{mcp.TextResourceContents{URI: uri, MIMEType: mimeType, Text: text}}
}

func (s *Server) prompt(p tools.Prompt) server.PromptHandlerFunc {
	return func(ctx context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		text, err := call(ctx, s, "prompt", p.Name, needsRead, func(context.Context) (string, error) {
			for _, a := range p.Arguments {
				if a.Required && request.Params.Arguments[a.Name] == "" {
					return "", &tools.Error{
						Code: "missing_argument", Field: a.Name,
						Message: fmt.Sprintf("prompt %s needs the argument %s", p.Name, a.Name),
					}
				}
			}
			return p.Render(request.Params.Arguments)
		})
		if err != nil {
			return nil, err
		}
		return mcp.NewGetPromptResult(p.Description, []mcp.PromptMessage{
			mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text)),
		}), nil
	}
}

// completer asks the registry for completions. The one variable of a resource
// template is called id in all of them, so the registry is given the template's
// name for it.
type completer struct{ s *Server }

func (c completer) CompletePromptArgument(
	ctx context.Context, prompt string, argument mcp.CompleteArgument, chosen mcp.CompleteContext,
) (*mcp.Completion, error) {
	for _, p := range c.s.options.Registry.Prompts {
		if p.Name == prompt {
			return c.complete(ctx, argument.Name, argument.Value, chosen.Arguments)
		}
	}
	return nil, &tools.Error{Code: "unknown_prompt", Given: prompt, Message: fmt.Sprintf("there is no prompt %q", prompt)}
}

func (c completer) CompleteResourceArgument(
	ctx context.Context, uri string, argument mcp.CompleteArgument, chosen mcp.CompleteContext,
) (*mcp.Completion, error) {
	for _, t := range c.s.options.Registry.Templates {
		if t.URITemplate == uri {
			return c.complete(ctx, t.Name, argument.Value, chosen.Arguments)
		}
	}
	return nil, &tools.Error{Code: "unknown_template", Given: uri, Message: fmt.Sprintf("there is no resource template %q", uri)}
}

func (c completer) complete(
	ctx context.Context, argument, typed string, chosen map[string]string,
) (*mcp.Completion, error) {
	values, err := call(ctx, c.s, "completion", argument, needsRead, func(ctx context.Context) ([]string, error) {
		return c.s.options.Registry.Complete(ctx, argument, typed, chosen)
	})
	if err != nil {
		return nil, err
	}
	completion := &mcp.Completion{Values: values, Total: len(values)}
	if len(values) > maxCompletions {
		completion.Values, completion.HasMore = values[:maxCompletions], true
	}
	return completion, nil
}
