// Package identity says who makes a call. A transport finds that out, puts it
// into the call's context, and the tools read it from there. No argument of a
// tool ever names a user, so no caller can ask for what is another's.
package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// What a caller may do.
const (
	LoyaltyRead  = "loyalty:read" // tools on what is known of programs, resources, prompts
	ProfileRead  = "profile:read"
	ProfileWrite = "profile:write"
	Curate       = "curate" // change what is known
)

// Caller is who makes a call.
type Caller struct {
	// Subject is an opaque text, always the same for one person. It is the key
	// of what is that person's.
	Subject string
	// Local is a caller on this machine, who was not asked to prove anything.
	Local  bool
	scopes []string
}

// Local is the user of this machine: on stdio, on the command line, and over
// HTTP on loopback where no issuer is set.
func Local() Caller {
	return Caller{Subject: "local", Local: true, scopes: []string{LoyaltyRead, ProfileRead, ProfileWrite, Curate}}
}

// Remote is whom an issuer knows as sub, with the scopes that it granted. The
// two are hashed together: what two issuers both call "7" are two people, and
// an e-mail address that an issuer uses as sub gets into no store.
func Remote(issuer, sub string, scopes []string) Caller {
	sum := sha256.Sum256([]byte(issuer + "\x00" + sub))
	return Caller{Subject: base64.RawURLEncoding.EncodeToString(sum[:]), scopes: scopes}
}

// May says whether the caller has all of the scopes.
func (c Caller) May(scopes ...string) bool {
	for _, scope := range scopes {
		if !slices.Contains(c.scopes, scope) {
			return false
		}
	}
	return true
}

type key struct{}

// With puts the caller into the context of a call.
func With(ctx context.Context, c Caller) context.Context { return context.WithValue(ctx, key{}, c) }

// From returns who makes the call. False means that nobody found that out, so
// the call must not be answered.
func From(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(key{}).(Caller)
	return c, ok && c.Subject != ""
}

// Loopback says whether a host, with or without port, is this machine's own.
func Loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
