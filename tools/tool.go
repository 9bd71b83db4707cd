// Package tools holds the capabilities of the server, one file each. A tool is
// declared here once, free of any protocol's types; internal/mcpserver serves
// the same declarations over MCP and bedrockagent offers them to a model.
package tools

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"loyalty-mcp/internal/identity"
	"loyalty-mcp/schemas"
)

// ErrNotFound is returned for a resource that does not exist.
var ErrNotFound = errors.New("not found")

// Tool is one capability.
type Tool struct {
	Name        string // snake_case, a contract
	Title       string
	Description string // for the model: what it returns, when to use it, what it needs
	Hints       Hints
	Scope       string // what a caller must be granted; empty means identity.LoyaltyRead
	// InputSchema and OutputSchema are JSON Schema 2020-12 documents of type object.
	InputSchema  json.RawMessage
	OutputSchema json.RawMessage
	// Call validates the arguments, computes and returns the answer as JSON that
	// fits OutputSchema. A wrong call returns an *Error; any other error is internal.
	// It works for the caller in ctx, and for nobody if there is none.
	Call func(ctx context.Context, arguments json.RawMessage) (json.RawMessage, error)
}

// Hints are MCP's annotations; every tool states all four.
type Hints struct {
	ReadOnly    bool
	Destructive bool
	Idempotent  bool
	OpenWorld   bool
}

// Scopes are what a caller needs to be granted for calling the tool.
func (t Tool) Scopes() []string {
	if t.Scope == "" || t.Scope == identity.LoyaltyRead {
		return []string{identity.LoyaltyRead}
	}
	return []string{identity.LoyaltyRead, t.Scope}
}

// Permit says whether the caller in ctx has all of the scopes. That there is no
// caller is an internal error: a transport forgot to say who calls.
func Permit(ctx context.Context, scopes []string) error {
	caller, ok := identity.From(ctx)
	if !ok {
		return errors.New("nobody said who makes this call")
	}
	if !caller.May(scopes...) {
		return &Error{Code: "insufficient_scope", Allowed: scopes,
			Message: "This needs to be granted: " + strings.Join(scopes, ", ") + ". Sign in again and allow it."}
	}
	return nil
}

// Error is a failure that its caller can act on.
type Error = schemas.CallError
