// Package oauth lets in who has an access token of the configured issuer: the
// resource server of OAuth 2.1, as the MCP authorization specification wants it.
// It checks JWT access tokens against the issuer's keys and answers those who
// are not let in with the challenge of RFC 6750 and RFC 9728. It issues nothing
// and keeps no token.
package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejson "github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"

	"loyalty-mcp/internal/identity"
)

const (
	maxToken = 16 << 10         // bytes
	leeway   = 30 * time.Second // between the issuer's clock and ours
	// wellKnown is where RFC 9728 puts the description of a resource; the
	// resource's own path may follow.
	wellKnown = "/.well-known/oauth-protected-resource"
)

// algorithms are those whose verifying key may be public. With a shared secret
// (HS256) anyone who knows the public key could sign, where a library takes one
// for the other; "none" is no signature at all.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// advertised are the scopes a client may ask an issuer for. Curating is not
// among them: a client that asks for all it can get should not get that.
var advertised = []string{identity.LoyaltyRead, identity.ProfileRead, identity.ProfileWrite}

// Options say whose tokens are taken, and for what.
type Options struct {
	// Issuer is the issuer's URL, letter for letter as it writes it into tokens.
	Issuer string
	// Resource is the address of /mcp as its users reach it.
	Resource string
	// Audience must be among a token's audiences. Default: Resource, as RFC 8707
	// has it.
	Audience string
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// HTTPClient asks the issuer. Default: one that follows no redirect.
	HTTPClient *http.Client
}

// Server checks tokens.
type Server struct {
	options     Options
	resource    *url.URL
	metadata    []byte
	metadataURL string
	keys        *keys
}

// New prepares a Server. It asks the issuer nothing yet, so it does not matter
// whether that can be reached. Asking ends with ctx.
func New(ctx context.Context, o Options) (*Server, error) {
	issuer, err := secureURL("the issuer", o.Issuer)
	if err != nil {
		return nil, err
	}
	resource, err := secureURL("the public URL", o.Resource)
	if err != nil {
		return nil, err
	}
	if o.Audience == "" {
		o.Audience = o.Resource
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.HTTPClient == nil {
		// Keys are asked for now and then: no connection is kept for that. A
		// redirect could lead anywhere, also inside our own network.
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.DisableKeepAlives = true
		o.HTTPClient = &http.Client{Transport: transport, Timeout: fetchWithin, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
	}
	s := &Server{options: o, resource: resource, metadataURL: resource.Scheme + "://" + resource.Host + wellKnown + resource.Path}
	if s.metadata, err = json.Marshal(map[string]any{
		"resource":                 o.Resource,
		"resource_name":            "Airline loyalty tools",
		"authorization_servers":    []string{o.Issuer},
		"scopes_supported":         advertised,
		"bearer_methods_supported": []string{"header"},
	}); err != nil {
		return nil, err
	}
	s.keys = &keys{ctx: ctx, now: o.Now, fetch: source{client: o.HTTPClient, issuer: o.Issuer, url: issuer}.fetch}
	return s, nil
}

// secureURL takes https, and http on this machine only: who can read or change
// what travels could be anyone.
func secureURL(what, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%s %q must be like https://host.example", what, text)
	case u.Scheme != "https" && (u.Scheme != "http" || !identity.Loopback(u.Host)):
		return nil, fmt.Errorf("%s %q must begin with https:// (http:// is for this machine only)", what, text)
	}
	return u, nil
}

// Host is where users reach the server.
func (s *Server) Host() string { return s.resource.Host }

// Ready says why tokens cannot be checked now, nil if they can.
func (s *Server) Ready(ctx context.Context) error {
	_, err := s.keys.find(ctx, func(*jose.JSONWebKey) bool { return true })
	return err
}

// Authenticate says whose request it is, or why that is not known.
func (s *Server) Authenticate(r *http.Request) (identity.Caller, *Refusal) {
	token, refusal := s.bearer(r)
	if refusal != nil {
		return identity.Caller{}, refusal
	}
	return s.check(r.Context(), token)
}

// bearer takes the token from the one place it may be in.
func (s *Server) bearer(r *http.Request) (string, *Refusal) {
	if r.URL.Query().Has("access_token") {
		return "", s.refuse(http.StatusBadRequest, "token_in_query", "invalid_request", "the token belongs into the Authorization header, not into the address")
	}
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return "", s.refuse(http.StatusBadRequest, "several_headers", "invalid_request", "there is more than one Authorization header")
	}
	if len(headers) == 0 {
		return "", s.missing()
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.Trim(token, " ")
	switch {
	case !strings.EqualFold(scheme, "Bearer"):
		return "", s.missing()
	case token == "":
		return "", s.invalid("malformed_token", "the token is empty")
	case len(token) > maxToken:
		return "", s.invalid("token_too_long", "the token is too long")
	}
	return token, nil
}

// claims are what is read of a token.
type claims struct {
	jwt.Claims
	Scope scopes `json:"scope"`
	Scp   scopes `json:"scp"` // what some issuers call it

	// What only ID tokens have, or call themselves.
	AccessTokenHash *string `json:"at_hash"`
	CodeHash        *string `json:"c_hash"`
	Use             string  `json:"token_use"`
	Type            string  `json:"typ"`
}

func (c *claims) ofIDToken() bool {
	return c.AccessTokenHash != nil || c.CodeHash != nil || c.Use == "id" || c.Type == "ID"
}

// scopes are a list, or a text with spaces between them.
type scopes []string

func (s *scopes) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*s = strings.Fields(text)
		return nil
	}
	return json.Unmarshal(data, (*[]string)(s))
}

func (s *Server) check(ctx context.Context, token string) (identity.Caller, *Refusal) {
	nobody := identity.Caller{}
	parsed, err := jose.ParseSignedCompact(token, algorithms)
	if _, other := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); other {
		return nobody, s.invalid("bad_algorithm", "the token is not signed in a way that is accepted")
	}
	if err != nil {
		return nobody, s.invalid("malformed_token", "the token is not a signed JWT")
	}
	header := parsed.Signatures[0].Protected
	typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	if typ != "at+jwt" && typ != "jwt" && typ != "" {
		return nobody, s.invalid("wrong_type", "the token is not an access token")
	}
	// Another issuer's token is told apart before its key is looked for, so that
	// it does not make us ask our issuer for a key it cannot have.
	var claimed struct {
		Issuer string `json:"iss"`
	}
	if josejson.Unmarshal(parsed.UnsafePayloadWithoutVerification(), &claimed) != nil {
		return nobody, s.invalid("malformed_token", "the claims of the token cannot be read")
	}
	if claimed.Issuer != s.options.Issuer {
		return nobody, s.invalid("wrong_issuer", "the token is of another issuer")
	}

	found, err := s.keys.find(ctx, func(k *jose.JSONWebKey) bool {
		return (header.KeyID == "" || k.KeyID == header.KeyID) && (k.Algorithm == "" || k.Algorithm == header.Algorithm)
	})
	if away, ok := errors.AsType[*unreachable](err); ok {
		return nobody, s.away(away)
	}
	if len(found) == 0 {
		return nobody, s.invalid("unknown_key", "the issuer has no such key as signed the token")
	}
	var payload []byte
	for i := range found {
		if payload, err = parsed.Verify(found[i].Key); err == nil {
			break
		}
	}
	if err != nil {
		return nobody, s.invalid("bad_signature", "the signature of the token is wrong")
	}

	var c claims
	if josejson.Unmarshal(payload, &c) != nil {
		return nobody, s.invalid("malformed_token", "the claims of the token cannot be read")
	}
	caller := identity.Remote(s.options.Issuer, c.Subject, slices.Concat(c.Scope, c.Scp))
	refuse := func(reason, description string) (identity.Caller, *Refusal) {
		refusal := s.invalid(reason, description)
		if c.Subject != "" {
			refusal.Subject = caller.Subject
		}
		return nobody, refusal
	}
	err = c.ValidateWithLeeway(jwt.Expected{AnyAudience: jwt.Audience{s.options.Audience}, Time: s.options.Now()}, leeway)
	switch {
	case typ != "at+jwt" && c.ofIDToken():
		return refuse("wrong_type", "the token is an ID token, not an access token")
	case c.Subject == "":
		return refuse("no_subject", "the token does not say whose it is")
	case c.Expiry == nil:
		return refuse("no_expiry", "the token does not say when it expires")
	case errors.Is(err, jwt.ErrInvalidAudience):
		return refuse("wrong_audience", "the token is for another audience")
	case errors.Is(err, jwt.ErrExpired):
		return refuse("expired", "the token has expired")
	case errors.Is(err, jwt.ErrNotValidYet), errors.Is(err, jwt.ErrIssuedInTheFuture):
		return refuse("not_yet_valid", "the token is not valid yet")
	case err != nil:
		return refuse("malformed_token", "the claims of the token are wrong")
	}
	return caller, nil
}

// ServeMetadata answers at the addresses where RFC 9728 has clients look for
// the issuer of a resource. It reports whether the request was for one of them.
func (s *Server) ServeMetadata(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != wellKnown && r.URL.Path != wellKnown+s.resource.Path {
		return false
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return true
	}
	w.Header().Set("Access-Control-Allow-Origin", "*") // it is public, and clients live in web pages too
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write(s.metadata)
	return true
}
