// Package tools holds the capabilities of the server, one file each. A tool is
// declared here once, free of any protocol's types; internal/mcpserver serves
// the same declarations over MCP and bedrockagent offers them to a model.
package tools

import (
	"context"
	"encoding/json"
	"errors"

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
	Scope       string // what its caller must be allowed, of package identity; "" is identity.LoyaltyRead
	// InputSchema and OutputSchema are JSON Schema 2020-12 documents of type object.
	InputSchema  json.RawMessage
	OutputSchema json.RawMessage
	// Call validates the arguments, computes and returns the answer as JSON that
	// fits OutputSchema. A wrong call returns an *Error; any other error is internal.
	Call func(ctx context.Context, arguments json.RawMessage) (json.RawMessage, error)
}

// Hints are MCP's annotations; every tool states all four.
type Hints struct {
	ReadOnly    bool
	Destructive bool
	Idempotent  bool
	OpenWorld   bool
}

// Error is a failure that its caller can act on.
type Error = schemas.CallError
