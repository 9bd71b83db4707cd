package oauth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"loyalty-mcp/internal/oauth/oauthtest"
)

// reason is why the token is refused, empty if it is not.
func (b *bench) reason(token string) string {
	if _, refusal := b.server.Authenticate(bearing(token)); refusal != nil {
		return refusal.Reason
	}
	return ""
}

func TestRotation(t *testing.T) {
	b := setUp(t)
	old := b.token(t, nil)
	if got := b.reason(old); got != "" {
		t.Fatal(got)
	}
	b.SetKeys(oauthtest.NewRSA(t, "second", 2048), b.Key())
	b.pass(askAgain)
	if got := b.reason(b.token(t, nil)); got != "" {
		t.Errorf("the new key: %s", got)
	}
	if got := b.reason(old); got != "" {
		t.Errorf("the old key, still published: %s", got)
	}
	b.SetKeys(b.Key())
	b.pass(freshFor)
	b.reason(old) // has the keys fetched in the background
	b.waitForFetches(t, 3)
	for deadline := time.Now().Add(10 * time.Second); b.reason(old) != "unknown_key"; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a withdrawn key is good for ever")
		}
	}
}

func (b *bench) waitForFetches(t *testing.T, n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); b.Fetches() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d fetches", b.Fetches())
		}
	}
}

// Made-up key ids make us ask the issuer now and then, not each time.
func TestUnknownKeysAreAskedForSeldom(t *testing.T) {
	b := setUp(t)
	stranger := oauthtest.Sign(t, oauthtest.NewEC(t, "stranger"), "at+jwt", b.claims(nil))
	var running sync.WaitGroup
	for range 20 {
		running.Go(func() {
			for range 10 {
				if got := b.reason(stranger); got != "unknown_key" {
					t.Errorf("got %s", got)
				}
			}
		})
	}
	running.Wait()
	if b.Fetches() != 1 {
		t.Errorf("%d fetches", b.Fetches())
	}
	b.pass(askAgain)
	for range 10 {
		b.reason(stranger)
	}
	if b.Fetches() != 2 {
		t.Errorf("%d fetches", b.Fetches())
	}
}

// An issuer that is down is not the caller's fault: 503, and when to try again.
func TestOutage(t *testing.T) {
	b := setUp(t)
	b.Break(oauthtest.Unavailable)
	token := b.token(t, nil)
	if err := b.server.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("ready: %v", err)
	}
	_, refusal := b.server.Authenticate(bearing(token))
	if refusal == nil || refusal.Reason != "issuer_unreachable" || refusal.Subject != "" {
		t.Fatalf("%+v", refusal)
	}
	if got := answer(refusal); got.StatusCode != 503 || got.Header.Get("Retry-After") != "1" || got.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("%d %s", got.StatusCode, got.Header)
	}
	// What needs no key is still told.
	if got := b.reason("nonsense"); got != "malformed_token" {
		t.Errorf("got %s", got)
	}
	// It is not asked again before its time; then it is, and waits double.
	asked := 0
	b.Break(func(w http.ResponseWriter, r *http.Request) {
		asked++
		oauthtest.Unavailable(w, r)
	})
	b.reason(token)
	if asked != 0 {
		t.Errorf("asked %d times at once", asked)
	}
	for wait := retryFirst; wait < 2*retryMost; wait *= 2 {
		b.pass(min(wait, retryMost))
		if got := b.reason(token); got != "issuer_unreachable" {
			t.Errorf("got %s", got)
		}
	}
	b.Break(nil)
	if got := b.reason(token); got != "issuer_unreachable" {
		t.Errorf("asked before its time: %s", got)
	}
	b.pass(retryMost)
	if got := b.reason(b.token(t, nil)); got != "" {
		t.Errorf("after recovery: %s", got)
	}
	if err := b.server.Ready(t.Context()); err != nil {
		t.Error(err)
	}

	// Keys at hand are used for a while when the issuer is down, not for ever.
	b.Break(oauthtest.Unavailable)
	b.pass(keepFor - time.Second)
	if got := b.reason(b.token(t, nil)); got != "" {
		t.Errorf("down for a while: %s", got)
	}
	b.pass(time.Second)
	if got := b.reason(b.token(t, nil)); got != "issuer_unreachable" {
		t.Errorf("down for long: %s", got)
	}
	// And a key that is not known may be one that could not be fetched.
	b.Break(nil)
	b.pass(retryMost)
	if err := b.server.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Break(oauthtest.Unavailable)
	b.pass(askAgain)
	if got := b.reason(oauthtest.Sign(t, oauthtest.NewEC(t, "new"), "at+jwt", b.claims(nil))); got != "issuer_unreachable" {
		t.Errorf("a new key, down: %s", got)
	}
}

// A caller who goes away, or a server that ends, does not wait for the issuer.
func TestHangingIssuer(t *testing.T) {
	hang := make(chan struct{})
	ts := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	defer ts.Close()
	defer close(hang)
	ctx, end := context.WithCancel(t.Context())
	server, err := New(ctx, Options{Issuer: ts.URL, Resource: resource})
	if err != nil {
		t.Fatal(err)
	}
	impatient, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := server.Ready(impatient); err == nil || time.Since(start) > fetchWithin/2 {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	end()
	if err := server.Ready(t.Context()); err == nil || time.Since(start) > fetchWithin/2 {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

// What an issuer answers may be anything.
func TestStrangeIssuers(t *testing.T) {
	good := oauthtest.NewEC(t, "first")
	for name, test := range map[string]struct {
		set  func(*oauthtest.Issuer)
		want string // part of the error
	}{
		"describes another issuer": {func(i *oauthtest.Issuer) {
			i.Break(func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL + "/", "jwks_uri": i.URL + "/keys"})
			})
		}, "set it as the issuer writes it"},
		"keys elsewhere, unsafe": {func(i *oauthtest.Issuer) {
			i.Break(func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": "http://keys.example.com/"})
			})
		}, "no https address"},
		"keys in a file": {func(i *oauthtest.Issuer) {
			i.Break(func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": "file:///etc/passwd"})
			})
		}, "no https address"},
		"redirects": {func(i *oauthtest.Issuer) {
			i.Break(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
		}, "302"},
		"endless": {func(i *oauthtest.Issuer) {
			i.Break(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(`{"issuer":"` + strings.Repeat("x", maxDocument) + `"}`))
			})
		}, "more than"},
		"no JSON": {func(i *oauthtest.Issuer) {
			i.Break(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
		}, "invalid character"},
		"only secrets": {func(i *oauthtest.Issuer) { i.Publish(map[string]string{"kty": "oct", "k": "AAAA", "kid": "first"}) }, "no key that signs"},
		"for encryption": {func(i *oauthtest.Issuer) {
			i.Publish(map[string]string{"kty": "EC", "crv": "P-256", "use": "enc", "kid": "first"})
		}, "no key that signs"},
		"no keys": {func(i *oauthtest.Issuer) { i.Publish(map[string]string{}) }, "no key that signs"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t)
			test.set(b.Issuer)
			if err := b.server.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if got := b.reason(oauthtest.Sign(t, good, "at+jwt", b.claims(nil))); got != "issuer_unreachable" {
				t.Errorf("got %s", got)
			}
		})
	}
}

// Keys of a kind that is not known leave the others usable, and a token without
// a key id is checked with each.
func TestMixedKeys(t *testing.T) {
	b := setUp(t)
	public := map[string]any{}
	text, err := json.Marshal(jwk(b.Key()))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &public); err != nil {
		t.Fatal(err)
	}
	b.Publish(map[string]string{"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}, map[string]string{"kty": "new"}, jwk(oauthtest.NewEC(t, "")), public)
	if got := b.reason(b.token(t, nil)); got != "" {
		t.Error(got)
	}
	nameless := b.Key()
	nameless.ID = ""
	if got := b.reason(oauthtest.Sign(t, nameless, "at+jwt", b.claims(nil))); got != "" {
		t.Error(got)
	}
}

// RFC 8414 describes an issuer in another place than OpenID Connect.
func TestAuthorizationServerMetadata(t *testing.T) {
	key := oauthtest.NewEC(t, "first")
	var base string
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/oauth-authorization-server/tenant", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": base + "/tenant", "jwks_uri": base + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{jwk(key)}})
	})
	ts := httptest.NewServer(mux)
	defer ts.Close()
	base = ts.URL
	server, err := New(t.Context(), Options{Issuer: base + "/tenant", Resource: resource})
	if err != nil {
		t.Fatal(err)
	}
	claims := (&oauthtest.Issuer{URL: base + "/tenant"}).Claims(resource, "ada", "loyalty:read", time.Now())
	if _, refusal := server.Authenticate(bearing(oauthtest.Sign(t, key, "at+jwt", claims))); refusal != nil {
		t.Errorf("%+v", refusal)
	}
}

func jwk(k oauthtest.Key) jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.Private.Public(), KeyID: k.ID, Algorithm: string(k.Algorithm)}
}
