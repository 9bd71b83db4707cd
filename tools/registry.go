package tools

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"loyalty-mcp/internal/audit"
	"loyalty-mcp/internal/availability"
	"loyalty-mcp/kg"
	"loyalty-mcp/userprofile"
)

// Registry is everything the server offers. Both adapters, MCP and Bedrock, are
// handed the same one.
type Registry struct {
	Tools     []Tool
	Resources []Resource
	Templates []ResourceTemplate
	Prompts   []Prompt
	// Complete proposes values for an argument of a prompt or resource template,
	// best first, given what was typed and the other arguments already chosen.
	Complete func(ctx context.Context, argument, typed string, chosen map[string]string) ([]string, error)
}

// Resource is a document with a fixed address.
type Resource struct {
	URI, Name, Title, Description, MIMEType string
	Read                                    func(ctx context.Context) (string, error)
}

// ResourceTemplate is a family of documents; URITemplate has one variable, id.
type ResourceTemplate struct {
	URITemplate, Name, Title, Description, MIMEType string
	// Read returns ErrNotFound for an id that has no document.
	Read func(ctx context.Context, id string) (string, error)
}

// Prompt is a ready-made question that a host offers its user.
type Prompt struct {
	Name, Title, Description string
	Arguments                []PromptArgument
	Render                   func(arguments map[string]string) (string, error)
}

// PromptArgument is a blank in a prompt.
type PromptArgument struct {
	Name, Description string
	Required          bool
}

// Options are what a registry needs besides its catalog.
type Options struct {
	// Now is the clock: it decides which rules are in force when a question gives
	// no date. Default: time.Now.
	Now func() time.Time
	// Availability looks up seats live; nil looks nothing up.
	Availability availability.Provider
	// Profiles keeps what travellers have told; without it the profile tools say
	// that nothing can be kept.
	Profiles userprofile.Store
	// NewID makes ids that nobody can guess. Default: crypto/rand.Text.
	NewID func() string
	// Audit gets every access to personal data before it is answered; an access
	// that cannot be recorded is not answered. Nil records nothing.
	Audit audit.Recorder
	// Log gets what is wrong with a provider or with the store of profiles. Default: nowhere.
	Log *slog.Logger
}

// New makes the registry of everything that is answered from a catalog.
func New(catalog *kg.Catalog, o Options) Registry {
	shared := &books{catalog: catalog}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	seats := &live{provider: o.Availability, now: now, log: o.Log}
	if seats.log == nil {
		seats.log = slog.New(slog.DiscardHandler)
	}
	callers := &travellers{store: o.Profiles, audit: o.Audit, now: now, log: seats.log}
	own := &profiles{books: shared, store: o.Profiles, audit: o.Audit, now: now, newID: o.NewID}
	if own.newID == nil {
		own.newID = rand.Text
	}
	return Registry{
		Tools: []Tool{flightEarnings(shared, callers, now), adviseCrediting(shared, callers, now), searchAwards(shared, callers, seats, now),
			planTransfers(shared, callers, now), own.get(), own.update(), own.export(), own.erase()},
		Resources: []Resource{programsResource(catalog)},
		Templates: []ResourceTemplate{programTemplate(catalog)},
		Prompts:   []Prompt{whereToCredit(), planAwardTrip()},
		Complete:  complete(catalog),
	}
}
