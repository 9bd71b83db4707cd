package oauth

import (
	"math"
	"net/http"
	"strconv"
	"strings"

	"loyalty-mcp/internal/identity"
)

// Refusal is why a request is not let in, and the answer to it.
type Refusal struct {
	Reason  string // a stable code, for logs
	Subject string // of a token that is the issuer's but not good; else empty

	status      int
	challenge   string // empty where another token would not help
	description string
	retryAfter  string
}

// Write answers the request.
func (r *Refusal) Write(w http.ResponseWriter) {
	if r.challenge != "" {
		w.Header().Set("WWW-Authenticate", r.challenge)
	}
	if r.retryAfter != "" {
		w.Header().Set("Retry-After", r.retryAfter)
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, r.description, r.status)
}

// refuse makes a refusal. Without a code the challenge says nothing of an error:
// so RFC 6750 answers who has presented nothing.
func (s *Server) refuse(status int, reason, code, description string, needed ...string) *Refusal {
	if len(needed) == 0 {
		needed = []string{identity.LoyaltyRead}
	}
	var parts []string
	if code != "" {
		parts = append(parts, `error="`+code+`"`, `error_description="`+description+`"`)
	}
	parts = append(parts, `resource_metadata="`+s.metadataURL+`"`, `scope="`+strings.Join(needed, " ")+`"`)
	return &Refusal{Reason: reason, status: status, description: description, challenge: "Bearer " + strings.Join(parts, ", ")}
}

func (s *Server) missing() *Refusal {
	return s.refuse(http.StatusUnauthorized, "missing_token", "", "an access token is needed, in the header Authorization: Bearer")
}

func (s *Server) invalid(reason, description string) *Refusal {
	return s.refuse(http.StatusUnauthorized, reason, "invalid_token", description)
}

// Insufficient refuses a caller who lacks one of the scopes that a request
// needs. The challenge names all of them, so that one more round is enough.
func (s *Server) Insufficient(c identity.Caller, needed []string) *Refusal {
	r := s.refuse(http.StatusForbidden, "insufficient_scope", "insufficient_scope", "the token lacks a scope that this request needs", needed...)
	r.Subject = c.Subject
	return r
}

// away is not the caller's fault, and a new token would not help: no challenge.
func (s *Server) away(u *unreachable) *Refusal {
	return &Refusal{
		Reason: "issuer_unreachable", status: http.StatusServiceUnavailable,
		description: "the token could not be checked: its issuer cannot be reached; try again",
		retryAfter:  strconv.Itoa(max(1, int(math.Ceil(u.retry.Seconds())))),
	}
}
