//go:build conformance

package mcpserver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"loyalty-mcp/tools"
)

// newFixture is a Server with the catalogue that the official conformance suite
// wants to find, its names and texts being the suite's. What a registry can say
// is in a registry. The rest goes straight to mcp-go, with the capabilities that
// our own catalogue has no use for: content other than structured answers,
// progress, logging, subscriptions, and asking the client back. In the older era
// that needs a session id and, for sampling, the stream of unrelated events
// (mcp-go sends elicitation on the call's own stream, but sampling only there).
func newFixture(t *testing.T) http.Handler {
	s := New(Options{
		Name: "conformance-fixture", Version: "1",
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		Registry: tools.Registry{
			Tools: []tools.Tool{{
				Name: "test_error_handling", Description: "Always fails.",
				InputSchema: json.RawMessage(`{"type":"object"}`),
				Call: func(context.Context, json.RawMessage) (json.RawMessage, error) {
					return nil, &tools.Error{Code: "test", Message: "This tool intentionally returns an error for testing"}
				},
			}, {
				Name: "json_schema_2020_12_tool", Description: "Has a schema with many keywords.",
				InputSchema: json.RawMessage(`{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",` +
					`"$defs":{"address":{"$anchor":"addressDef","type":"object","properties":{"street":{"type":"string"}}}},` +
					`"properties":{"name":{"type":"string"},"address":{"$ref":"#/$defs/address"}},` +
					`"allOf":[{"anyOf":[{"required":["name"]},{"required":["address"]}]}],` +
					`"if":{"required":["name"]},"then":{"required":["name"]},"else":{"required":["address"]},` +
					`"additionalProperties":false}`),
				Call: func(context.Context, json.RawMessage) (json.RawMessage, error) { return json.RawMessage(`{}`), nil },
			}},
			Resources: []tools.Resource{{
				URI: "test://static-text", Name: "static-text", Description: "A text.", MIMEType: "text/plain",
				Read: func(context.Context) (string, error) { return "This is the content of the static text resource.", nil },
			}, {
				URI: "test://watched-resource", Name: "watched-resource", Description: "A text to subscribe to.", MIMEType: "text/plain",
				Read: func(context.Context) (string, error) { return "Watched.", nil },
			}},
			Templates: []tools.ResourceTemplate{{
				URITemplate: "test://template/{id}/data", Name: "template", Description: "A text for any id.", MIMEType: "application/json",
				Read: func(_ context.Context, id string) (string, error) {
					text, err := json.Marshal(map[string]any{"id": id, "templateTest": true, "data": "Data for ID: " + id})
					return string(text), err
				},
			}},
			Prompts: []tools.Prompt{{
				Name: "test_simple_prompt", Description: "Has no arguments.",
				Render: func(map[string]string) (string, error) { return "This is a simple prompt for testing.", nil },
			}, {
				Name: "test_prompt_with_arguments", Description: "Has two arguments.",
				Arguments: []tools.PromptArgument{{Name: "arg1", Required: true}, {Name: "arg2", Required: true}},
				Render: func(arguments map[string]string) (string, error) {
					return fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'", arguments["arg1"], arguments["arg2"]), nil
				},
			}},
			Complete: func(_ context.Context, _, typed string, _ map[string]string) ([]string, error) {
				return []string{typed + "-1", typed + "-2"}, nil
			},
		},
	})
	for _, capability := range []server.ServerOption{
		server.WithToolCapabilities(true), server.WithPromptCapabilities(true), server.WithResourceCapabilities(true, true),
		server.WithLogging(), server.WithElicitation(), server.WithRoots(),
	} {
		capability(s.mcp)
	}
	s.mcp.EnableSampling()
	s.streamable = server.NewStreamableHTTPServer(s.mcp,
		server.WithSessionIdManager(&server.StatelessGeneratingSessionIdManager{}), server.WithStreamableHTTPLogger(s.log))
	s.mcp.GetHooks().AddOnError(func(ctx context.Context, _ any, _ mcp.MCPMethod, _ any, err error) {
		if missing := (mcp.MissingRequiredClientCapabilityError{}); errors.As(err, &missing) {
			replyFrom(ctx).setError(ctx, mcp.JSONRPCErrorDetails{
				Code: mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, Message: err.Error(),
				Data: map[string]any{"requiredCapabilities": map[string]any{missing.Capability: struct{}{}}},
			})
		}
	})
	f := fixture{s.mcp}
	f.addContent()
	f.addNotifying()
	f.addAskingBack()
	f.addInputRequired()
	t.Cleanup(func() { s.streamable.CloseSessions(context.Background()) })
	handler := s.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/mcp" && r.Method != http.MethodPost {
			s.streamable.ServeHTTP(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

type fixture struct{ *server.MCPServer }

// add registers a tool that takes the string arguments named.
func (f fixture) add(name string, handle server.ToolHandlerFunc, arguments ...string) {
	options := []mcp.ToolOption{mcp.WithDescription("Conformance fixture " + name + ".")}
	for _, a := range arguments {
		options = append(options, mcp.WithString(a, mcp.Required()))
	}
	f.AddTool(mcp.NewTool(name, options...), handle)
}

const (
	// A red pixel and a WAV file without samples.
	fixtureImage = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
	fixtureAudio = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="
)

func (f fixture) addContent() {
	image, audio := mcp.NewImageContent(fixtureImage, "image/png"), mcp.NewAudioContent(fixtureAudio, "audio/wav")
	embedded := func(uri, mimeType, text string) mcp.EmbeddedResource {
		return mcp.NewEmbeddedResource(mcp.TextResourceContents{URI: uri, MIMEType: mimeType, Text: text})
	}
	for name, content := range map[string][]mcp.Content{
		"test_simple_text":       {mcp.NewTextContent("This is a simple text response for testing.")},
		"test_image_content":     {image},
		"test_audio_content":     {audio},
		"test_embedded_resource": {embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")},
		"test_multiple_content_types": {
			mcp.NewTextContent("Multiple content types test:"), image,
			embedded("test://mixed-content-resource", "application/json", `{"test":"data","value":123}`),
		},
	} {
		f.add(name, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{Content: content}, nil
		})
	}
	f.AddResource(mcp.NewResource("test://static-binary", "static-binary", mcp.WithMIMEType("image/png")),
		func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			return []mcp.ResourceContents{
				mcp.BlobResourceContents{URI: "test://static-binary", MIMEType: "image/png", Blob: fixtureImage},
			}, nil
		})
	f.AddPrompt(mcp.NewPrompt("test_prompt_with_image", mcp.WithPromptDescription("Has an image.")),
		func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return says(image, mcp.NewTextContent("Please analyze the image above.")), nil
		})
	f.AddPrompt(mcp.NewPrompt("test_prompt_with_embedded_resource",
		mcp.WithPromptDescription("Has a resource."), mcp.WithArgument("resourceUri", mcp.RequiredArgument())),
		func(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return says(
				embedded(request.Params.Arguments["resourceUri"], "text/plain", "Embedded resource content for testing."),
				mcp.NewTextContent("Please process the embedded resource above.")), nil
		})
}

func says(content ...mcp.Content) *mcp.GetPromptResult {
	result := &mcp.GetPromptResult{}
	for _, c := range content {
		result.Messages = append(result.Messages, mcp.NewPromptMessage(mcp.RoleUser, c))
	}
	return result
}

// notify sends a notification and waits until it is on its way: mcp-go drops one
// that it has taken up but not written when the handler returns.
func (f fixture) notify(ctx context.Context, method string, params map[string]any) error {
	err := f.SendNotificationToClient(ctx, method, params)
	time.Sleep(50 * time.Millisecond)
	return err
}

func (f fixture) addNotifying() {
	f.add("test_tool_with_progress", func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for _, progress := range []int{0, 50, 100} {
			if request.Params.Meta == nil || request.Params.Meta.ProgressToken == nil {
				break
			}
			if err := f.notify(ctx, string(mcp.MethodNotificationProgress), map[string]any{
				"progressToken": request.Params.Meta.ProgressToken, "progress": progress, "total": 100,
			}); err != nil {
				return nil, err
			}
		}
		return mcp.NewToolResultText("Progress reported."), nil
	})
	logging := func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if info := server.RequestProtocolInfoFromContext(ctx); info.Modern && info.LogLevel == "" {
			return mcp.NewToolResultText("Nothing was to be logged."), nil
		}
		for _, text := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
			if err := f.notify(ctx, string(mcp.MethodNotificationMessage), map[string]any{
				"level": "info", "logger": "fixture", "data": text,
			}); err != nil {
				return nil, err
			}
		}
		return mcp.NewToolResultText("Logged."), nil
	}
	f.add("test_tool_with_logging", logging)
	f.add("test_logging_tool", logging)
	f.add("test_trigger_tool_change", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		f.add("test_passing_tool", nil)
		f.DeleteTools("test_passing_tool")
		return mcp.NewToolResultText("The tools changed."), nil
	})
	f.add("test_trigger_prompt_change", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		f.AddPrompt(mcp.NewPrompt("test_passing_prompt"), nil)
		f.DeletePrompts("test_passing_prompt")
		return mcp.NewToolResultText("The prompts changed."), nil
	})
}

// object is the JSON Schema of an object with these properties.
func object(properties map[string]any, required ...string) map[string]any {
	schema := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

// addAskingBack is how the older era asks the client: a request from the server
// while the call runs.
func (f fixture) addAskingBack() {
	f.add("test_sampling", func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		//lint:ignore SA1019 the suite tests what the newer era deprecates
		answer, err := f.RequestSampling(ctx, mcp.CreateMessageRequest{
			CreateMessageParams: sampling(request.GetString("prompt", ""), 100),
		})
		if err != nil {
			return nil, err
		}
		return mcp.NewToolResultText(fmt.Sprintf("LLM response: %v", answer.Content)), nil
	}, "prompt")
	elicit := func(name, message string, schema map[string]any, arguments ...string) {
		f.add(name, func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			answer, err := f.RequestElicitation(ctx, mcp.ElicitationRequest{Params: mcp.ElicitationParams{
				Message: request.GetString("message", message), RequestedSchema: schema,
			}})
			if err != nil {
				return nil, err
			}
			return mcp.NewToolResultText(fmt.Sprintf("Elicitation completed: action=%s, content=%v", answer.Action, answer.Content)), nil
		}, arguments...)
	}
	text := map[string]any{"type": "string"}
	elicit("test_elicitation", "", object(map[string]any{"username": text, "email": text}, "username", "email"), "message")
	elicit("test_elicitation_sep1034_defaults", "With defaults", object(map[string]any{
		"name":     map[string]any{"type": "string", "default": "John Doe"},
		"age":      map[string]any{"type": "integer", "default": 30},
		"score":    map[string]any{"type": "number", "default": 95.5},
		"status":   map[string]any{"type": "string", "enum": []string{"active", "inactive", "pending"}, "default": "active"},
		"verified": map[string]any{"type": "boolean", "default": true},
	}))
	plain, titled := []string{"option1", "option2", "option3"}, []any{
		map[string]any{"const": "value1", "title": "First"}, map[string]any{"const": "value2", "title": "Second"},
	}
	elicit("test_elicitation_sep1330_enums", "With choices", object(map[string]any{
		"untitledSingle": map[string]any{"type": "string", "enum": plain},
		"titledSingle":   map[string]any{"type": "string", "oneOf": titled},
		"legacyEnum": map[string]any{
			"type": "string", "enum": []string{"opt1", "opt2"}, "enumNames": []string{"Option One", "Option Two"},
		},
		"untitledMulti": map[string]any{"type": "array", "items": map[string]any{"type": "string", "enum": plain}},
		"titledMulti":   map[string]any{"type": "array", "items": map[string]any{"anyOf": titled}},
	}))
}

func sampling(prompt string, maxTokens int) mcp.CreateMessageParams {
	return mcp.CreateMessageParams{
		Messages:  []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent(prompt)}},
		MaxTokens: maxTokens,
	}
}

// seal makes the state of a call that waits for input proof against change.
func seal(state string) string {
	mac := hmac.New(sha256.New, []byte("the fixture has nothing to hide"))
	mac.Write([]byte(state))
	return state + "." + hex.EncodeToString(mac.Sum(nil))
}

// unseal returns the state and whether it is one that we sealed.
func unseal(sealed string) (string, bool) {
	state, _, ok := strings.Cut(sealed, ".")
	return state, ok && hmac.Equal([]byte(sealed), []byte(seal(state)))
}

// addInputRequired is how the newer era asks the client: the result says what is
// needed, and the client calls again.
func (f fixture) addInputRequired() {
	text, yes := map[string]any{"type": "string"}, map[string]any{"type": "boolean"}
	ask := func(message, field string, kind map[string]any) mcp.ElicitationParams {
		return mcp.ElicitationParams{Message: message, RequestedSchema: object(map[string]any{field: kind}, field)}
	}
	forName, forYes := ask("What is your name?", "name", text), ask("Please confirm", "ok", yes)
	done := func(format string, values ...any) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(fmt.Sprintf(format, values...)), nil
	}
	capability := func(ctx context.Context) mcp.ClientCapabilities {
		if info := server.RequestProtocolInfoFromContext(ctx); info.ClientCapabilities != nil {
			return *info.ClientCapabilities
		}
		return mcp.ClientCapabilities{}
	}

	byName := func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if answer := server.ElicitationResponse(r.Params.InputResponses, "user_name"); answer != nil {
			return done("Hello, %v!", answer.Content)
		}
		return server.NewInputRequestBuilder("").Elicit("user_name", forName).ToolResult(), nil
	}
	f.add("test_input_required_result_elicitation", byName)
	f.add("test_streaming_elicitation", byName)
	f.add("test_input_required_result_sampling", func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if answer := server.SamplingResponse(r.Params.InputResponses, "capital_question"); answer != nil {
			return done("%v", answer.Content)
		}
		return server.NewInputRequestBuilder("").
			Sample("capital_question", sampling("What is the capital of France?", 100)).ToolResult(), nil
	})
	f.add("test_input_required_result_list_roots", func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if answer := server.RootsResponse(r.Params.InputResponses, "client_roots"); answer != nil {
			return done("%v", answer.Roots)
		}
		return server.NewInputRequestBuilder("").Roots("client_roots").ToolResult(), nil
	})
	sealed := func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if len(r.Params.InputResponses) == 0 {
			return server.NewInputRequestBuilder(seal("confirm")).Elicit("confirm", forYes).ToolResult(), nil
		}
		if _, ok := unseal(r.Params.RequestState); !ok {
			return nil, &tools.Error{Code: "bad_state", Message: "requestState is not one that this server made"}
		}
		return done("state-ok")
	}
	f.add("test_input_required_result_request_state", sealed)
	f.add("test_input_required_result_tampered_state", sealed)
	f.add("test_input_required_result_multiple_inputs", func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if len(r.Params.InputResponses) >= 3 {
			return done("Everything is there.")
		}
		return server.NewInputRequestBuilder(seal("all")).Elicit("user_name", forName).
			Sample("greeting", sampling("Generate a greeting", 50)).Roots("client_roots").ToolResult(), nil
	})
	f.add("test_input_required_result_multi_round", func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		switch state, _ := unseal(r.Params.RequestState); state {
		case "1":
			return server.NewInputRequestBuilder(seal("2")).
				Elicit("step2", ask("Step 2: What is your favorite color?", "color", text)).ToolResult(), nil
		case "2":
			return done("All steps are done.")
		}
		return server.NewInputRequestBuilder(seal("1")).
			Elicit("step1", ask("Step 1: What is your name?", "name", text)).ToolResult(), nil
	})
	f.add("test_input_required_result_capabilities", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		asking := server.NewInputRequestBuilder("")
		if capability(ctx).Sampling != nil {
			asking.Sample("greeting", sampling("Generate a greeting", 50))
		}
		if capability(ctx).Elicitation != nil {
			asking.Elicit("user_name", forName)
		}
		return asking.ToolResult(), nil
	})
	f.add("test_missing_capability", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if capability(ctx).Sampling == nil {
			return nil, mcp.MissingRequiredClientCapabilityError{Capability: "sampling"}
		}
		return done("The client can sample.")
	})
	f.AddPrompt(mcp.NewPrompt("test_input_required_result_prompt", mcp.WithPromptDescription("Asks back.")),
		func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			if answer := server.ElicitationResponse(r.Params.InputResponses, "user_context"); answer != nil {
				return says(mcp.NewTextContent(fmt.Sprintf("Use %v.", answer.Content))), nil
			}
			return server.NewInputRequestBuilder("").
				Elicit("user_context", ask("What context should the prompt use?", "context", text)).PromptResult(), nil
		})
}
