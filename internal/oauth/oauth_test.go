package oauth

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"go.uber.org/goleak"

	"loyalty-mcp/internal/identity"
	"loyalty-mcp/internal/oauth/oauthtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const resource = "https://loyalty.example.com/mcp"

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type bench struct {
	*oauthtest.Issuer
	*clock
	server *Server
}

func setUp(t testing.TB) *bench {
	t.Helper()
	b := &bench{Issuer: oauthtest.New(t), clock: &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}}
	var err error
	if b.server, err = New(t.Context(), Options{Issuer: b.URL, Resource: resource, Now: b.Now}); err != nil {
		t.Fatal(err)
	}
	return b
}

// claims of a good token, with changes; a nil takes a claim away.
func (b *bench) claims(changes map[string]any) map[string]any {
	c := b.Claims(resource, "ada", "loyalty:read profile:read", b.Now())
	for name, value := range changes {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

func (b *bench) token(t testing.TB, changes map[string]any) string {
	t.Helper()
	return oauthtest.Sign(t, b.Key(), "at+jwt", b.claims(changes))
}

func bearing(token string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// answer is what the client of a refused request gets.
func answer(r *Refusal) *http.Response {
	w := httptest.NewRecorder()
	r.Write(w)
	return w.Result()
}

func TestGoodTokens(t *testing.T) {
	b := setUp(t)
	want := identity.Remote(b.URL, "ada", nil).Subject
	usual := []string{identity.LoyaltyRead, identity.ProfileRead}
	for name, test := range map[string]struct {
		changes map[string]any
		typ     string
		scopes  []string
	}{
		"as RFC 9068 has it":    {nil, "at+jwt", usual},
		"its media type":        {nil, "application/at+jwt", usual},
		"plain JWT":             {nil, "JWT", usual},
		"no type":               {nil, "", usual},
		"one audience":          {map[string]any{"aud": resource}, "at+jwt", usual},
		"scp as a list":         {map[string]any{"scope": nil, "scp": []string{"loyalty:read", "profile:write"}}, "at+jwt", []string{identity.LoyaltyRead, identity.ProfileWrite}},
		"scp as text":           {map[string]any{"scope": nil, "scp": "loyalty:read curate"}, "JWT", []string{identity.LoyaltyRead, identity.Curate}},
		"no scope":              {map[string]any{"scope": nil}, "JWT", nil},
		"expired within leeway": {map[string]any{"exp": b.Now().Add(-leeway / 2).Unix()}, "JWT", usual},
		"early within leeway":   {map[string]any{"nbf": b.Now().Add(leeway / 2).Unix(), "iat": b.Now().Add(leeway / 2).Unix()}, "JWT", usual},
		"neither iat nor nbf":   {map[string]any{"nbf": nil, "iat": nil}, "JWT", usual},
	} {
		t.Run(name, func(t *testing.T) {
			caller, refusal := b.server.Authenticate(bearing(oauthtest.Sign(t, b.Key(), test.typ, b.claims(test.changes))))
			if refusal != nil {
				t.Fatalf("%+v", refusal)
			}
			if caller.Subject != want || caller.Local {
				t.Errorf("got %+v", caller)
			}
			for _, scope := range []string{identity.LoyaltyRead, identity.ProfileRead, identity.ProfileWrite, identity.Curate} {
				if caller.May(scope) != slices.Contains(test.scopes, scope) {
					t.Errorf("%s: %v", scope, caller.May(scope))
				}
			}
		})
	}
	for _, scheme := range []string{"bearer ", "BEARER ", "Bearer   "} {
		r := bearing("")
		r.Header.Set("Authorization", scheme+b.token(t, nil))
		if _, refusal := b.server.Authenticate(r); refusal != nil {
			t.Errorf("%q: %+v", scheme, refusal)
		}
	}
	if b.Fetches() != 1 {
		t.Errorf("the keys were fetched %d times", b.Fetches())
	}
}

// part changes one of the three parts of a token.
func part(token string, n int, change func([]byte) []byte) string {
	parts := strings.Split(token, ".")
	raw, _ := base64.RawURLEncoding.DecodeString(parts[n])
	parts[n] = base64.RawURLEncoding.EncodeToString(change(raw))
	return strings.Join(parts, ".")
}

const (
	metadata  = `resource_metadata="https://loyalty.example.com/.well-known/oauth-protected-resource/mcp"`
	scopeRead = `scope="loyalty:read"`
)

func invalid(description string) string {
	return `Bearer error="invalid_token", error_description="` + description + `", ` + metadata + `, ` + scopeRead
}

// TestRefusals: every way a token can be wrong has its status, challenge and
// reason.
func TestRefusals(t *testing.T) {
	b := setUp(t)
	rsaKey := oauthtest.NewRSA(t, "rsa", 2048)
	weak := oauthtest.NewRSA(t, "weak", 1024)
	b.SetKeys(oauthtest.NewEC(t, "first"), rsaKey, weak)
	good := b.token(t, nil)
	der, err := x509.MarshalPKIXPublicKey(rsaKey.Private.Public())
	if err != nil {
		t.Fatal(err)
	}
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	shared := func(secret []byte) string {
		payload, _ := json.Marshal(b.claims(nil))
		return oauthtest.SignWith(t, jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: secret, KeyID: "rsa"}}, "at+jwt", payload)
	}
	unsigned := func(alg string) string {
		payload, _ := json.Marshal(b.claims(nil))
		header := `{"alg":"` + alg + `","kid":"first","typ":"at+jwt"}`
		return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
	}
	stranger := oauthtest.NewEC(t, "stranger")
	impostor := oauthtest.NewEC(t, "first")
	var (
		malformed   = invalid("the token is not a signed JWT")
		claimsWrong = invalid("the claims of the token cannot be read")
		algorithm   = invalid("the token is not signed in a way that is accepted")
		signature   = invalid("the signature of the token is wrong")
		unknown     = invalid("the issuer has no such key as signed the token")
		expired     = invalid("the token has expired")
		early       = invalid("the token is not valid yet")
		audience    = invalid("the token is for another audience")
		issuer      = invalid("the token is of another issuer")
		idToken     = invalid("the token is an ID token, not an access token")
		missing     = `Bearer ` + metadata + `, ` + scopeRead
	)
	known := identity.Remote(b.URL, "ada", nil).Subject
	for name, test := range map[string]struct {
		headers   []string
		query     string
		status    int
		reason    string
		challenge string
		subject   string
	}{
		"none":                                {nil, "", 401, "missing_token", missing, ""},
		"another scheme":                      {[]string{"Basic YTpi"}, "", 401, "missing_token", missing, ""},
		"empty header":                        {[]string{""}, "", 401, "missing_token", missing, ""},
		"the scheme alone":                    {[]string{"Bearer"}, "", 401, "malformed_token", invalid("the token is empty"), ""},
		"empty":                               {[]string{"Bearer  "}, "", 401, "malformed_token", invalid("the token is empty"), ""},
		"two headers":                         {[]string{"Bearer " + good, "Bearer " + good}, "", 400, "several_headers", `Bearer error="invalid_request", error_description="there is more than one Authorization header", ` + metadata + `, ` + scopeRead, ""},
		"two in one":                          {[]string{"Bearer " + good + ", Bearer " + good}, "", 401, "malformed_token", malformed, ""},
		"in the query":                        {nil, "?access_token=" + good, 400, "token_in_query", `Bearer error="invalid_request", error_description="the token belongs into the Authorization header, not into the address", ` + metadata + `, ` + scopeRead, ""},
		"in both":                             {[]string{"Bearer " + good}, "?access_token=x", 400, "token_in_query", `Bearer error="invalid_request", error_description="the token belongs into the Authorization header, not into the address", ` + metadata + `, ` + scopeRead, ""},
		"oversize":                            {[]string{"Bearer " + strings.Repeat("x", maxToken+1)}, "", 401, "token_too_long", invalid("the token is too long"), ""},
		"nonsense":                            {[]string{"Bearer nonsense"}, "", 401, "malformed_token", malformed, ""},
		"JSON serialization":                  {[]string{`Bearer {"payload":"e30","signatures":[]}`}, "", 401, "malformed_token", malformed, ""},
		"alg none":                            {[]string{"Bearer " + unsigned("none")}, "", 401, "bad_algorithm", algorithm, ""},
		"alg None":                            {[]string{"Bearer " + unsigned("None")}, "", 401, "bad_algorithm", algorithm, ""},
		"no signature":                        {[]string{"Bearer " + unsigned("ES256")}, "", 401, "bad_signature", signature, ""},
		"HS256, public key as PEM for secret": {[]string{"Bearer " + shared(asPEM)}, "", 401, "bad_algorithm", algorithm, ""},
		"HS256, public key as DER for secret": {[]string{"Bearer " + shared(der)}, "", 401, "bad_algorithm", algorithm, ""},
		"payload tampered":                    {[]string{"Bearer " + part(good, 1, func(p []byte) []byte { return bytes.Replace(p, []byte("ada"), []byte("bob"), 1) })}, "", 401, "bad_signature", signature, ""},
		"signature tampered":                  {[]string{"Bearer " + part(good, 2, func(p []byte) []byte { p[0] ^= 1; return p })}, "", 401, "bad_signature", signature, ""},
		"header tampered":                     {[]string{"Bearer " + part(good, 0, func(p []byte) []byte { return bytes.Replace(p, []byte("at+jwt"), []byte("JWT"), 1) })}, "", 401, "bad_signature", signature, ""},
		"another's key under our kid":         {[]string{"Bearer " + oauthtest.Sign(t, impostor, "at+jwt", b.claims(nil))}, "", 401, "bad_signature", signature, ""},
		"wrong kid":                           {[]string{"Bearer " + oauthtest.Sign(t, stranger, "at+jwt", b.claims(nil))}, "", 401, "unknown_key", unknown, ""},
		"weak key":                            {[]string{"Bearer " + oauthtest.Sign(t, weak, "at+jwt", b.claims(nil))}, "", 401, "unknown_key", unknown, ""},
		"expired":                             {[]string{"Bearer " + b.token(t, map[string]any{"exp": b.Now().Add(-leeway - time.Second).Unix()})}, "", 401, "expired", expired, known},
		"nbf in the future":                   {[]string{"Bearer " + b.token(t, map[string]any{"nbf": b.Now().Add(leeway + time.Second).Unix()})}, "", 401, "not_yet_valid", early, known},
		"iat in the future":                   {[]string{"Bearer " + b.token(t, map[string]any{"iat": b.Now().Add(leeway + time.Second).Unix()})}, "", 401, "not_yet_valid", early, known},
		"no exp":                              {[]string{"Bearer " + b.token(t, map[string]any{"exp": nil})}, "", 401, "no_expiry", invalid("the token does not say when it expires"), known},
		"exp of another type":                 {[]string{"Bearer " + b.token(t, map[string]any{"exp": "never"})}, "", 401, "malformed_token", claimsWrong, ""},
		"exp out of range":                    {[]string{"Bearer " + b.token(t, map[string]any{"exp": 1e300})}, "", 401, "malformed_token", claimsWrong, ""},
		"wrong audience":                      {[]string{"Bearer " + b.token(t, map[string]any{"aud": "https://loyalty.example.com"})}, "", 401, "wrong_audience", audience, known},
		"audience with a slash":               {[]string{"Bearer " + b.token(t, map[string]any{"aud": resource + "/"})}, "", 401, "wrong_audience", audience, known},
		"no audience":                         {[]string{"Bearer " + b.token(t, map[string]any{"aud": nil})}, "", 401, "wrong_audience", audience, known},
		"wrong issuer":                        {[]string{"Bearer " + b.token(t, map[string]any{"iss": "https://evil.example.com"})}, "", 401, "wrong_issuer", issuer, ""},
		"issuer with a slash":                 {[]string{"Bearer " + b.token(t, map[string]any{"iss": b.URL + "/"})}, "", 401, "wrong_issuer", issuer, ""},
		"no issuer":                           {[]string{"Bearer " + b.token(t, map[string]any{"iss": nil})}, "", 401, "wrong_issuer", issuer, ""},
		"no subject":                          {[]string{"Bearer " + b.token(t, map[string]any{"sub": ""})}, "", 401, "no_subject", invalid("the token does not say whose it is"), ""},
		"subject of another type":             {[]string{"Bearer " + b.token(t, map[string]any{"sub": 7})}, "", 401, "malformed_token", claimsWrong, ""},
		"scope of another type":               {[]string{"Bearer " + b.token(t, map[string]any{"scope": 7})}, "", 401, "malformed_token", claimsWrong, ""},
		"an ID token, by its hash":            {[]string{"Bearer " + oauthtest.Sign(t, b.Key(), "JWT", b.claims(map[string]any{"at_hash": "x"}))}, "", 401, "wrong_type", idToken, known},
		"an ID token, by its use":             {[]string{"Bearer " + oauthtest.Sign(t, b.Key(), "JWT", b.claims(map[string]any{"token_use": "id"}))}, "", 401, "wrong_type", idToken, known},
		"an ID token, by its type":            {[]string{"Bearer " + oauthtest.Sign(t, b.Key(), "JWT", b.claims(map[string]any{"typ": "ID"}))}, "", 401, "wrong_type", idToken, known},
		"a logout token":                      {[]string{"Bearer " + oauthtest.Sign(t, b.Key(), "logout+jwt", b.claims(nil))}, "", 401, "wrong_type", invalid("the token is not an access token"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/mcp"+test.query, nil)
			r.Header["Authorization"] = test.headers
			caller, refusal := b.server.Authenticate(r)
			if refusal == nil {
				t.Fatalf("let in as %+v", caller)
			}
			got := answer(refusal)
			if got.StatusCode != test.status || refusal.Reason != test.reason || refusal.Subject != test.subject || caller.Subject != "" {
				t.Errorf("got %d, %+v", got.StatusCode, refusal)
			}
			if challenge := got.Header.Get("WWW-Authenticate"); challenge != test.challenge {
				t.Errorf("challenge\n%s, want\n%s", challenge, test.challenge)
			}
			if text := fmt.Sprintf("%+v", refusal); len(test.headers) > 0 && len(test.headers[0]) > 20 && strings.Contains(text, test.headers[0][10:]) {
				t.Error("the token is in the refusal")
			}
		})
	}
}

func TestInsufficientScope(t *testing.T) {
	b := setUp(t)
	caller := identity.Remote(b.URL, "ada", nil)
	refusal := b.server.Insufficient(caller, []string{"loyalty:read", "profile:write"})
	got := answer(refusal)
	want := `Bearer error="insufficient_scope", error_description="the token lacks a scope that this request needs", ` + metadata + `, scope="loyalty:read profile:write"`
	if got.StatusCode != 403 || got.Header.Get("WWW-Authenticate") != want || refusal.Subject != caller.Subject || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %s", got.StatusCode, got.Header)
	}
}

func TestMetadata(t *testing.T) {
	b := setUp(t)
	want := `{"authorization_servers":["` + b.URL + `"],"bearer_methods_supported":["header"],"resource":"https://loyalty.example.com/mcp",` +
		`"resource_name":"Airline loyalty tools","scopes_supported":["loyalty:read","profile:read","profile:write"]}`
	for path, served := range map[string]bool{
		"/.well-known/oauth-protected-resource": true, "/.well-known/oauth-protected-resource/mcp": true,
		"/.well-known/oauth-protected-resource/": false, "/.well-known/oauth-protected-resource/sse": false, "/mcp": false,
	} {
		w := httptest.NewRecorder()
		if b.server.ServeMetadata(w, httptest.NewRequest(http.MethodGet, path, nil)) != served {
			t.Errorf("%s: served %v", path, !served)
		}
		if served && (w.Body.String() != want || w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Content-Type") != "application/json") {
			t.Errorf("%s: %s %s", path, w.Header(), w.Body)
		}
		w = httptest.NewRecorder()
		if b.server.ServeMetadata(w, httptest.NewRequest(http.MethodPost, path, nil)); served && w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", path, w.Code)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{
		{Issuer: "http://issuer.example.com", Resource: resource},
		{Issuer: "issuer.example.com", Resource: resource},
		{Issuer: "https://user@issuer.example.com", Resource: resource},
		{Issuer: "https://issuer.example.com?x=1", Resource: resource},
		{Issuer: "ftp://127.0.0.1", Resource: resource},
		{Issuer: "", Resource: resource},
		{Issuer: "https://issuer.example.com", Resource: "http://loyalty.example.com/mcp"},
		{Issuer: "https://issuer.example.com", Resource: ""},
	} {
		if _, err := New(t.Context(), o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
	for _, o := range []Options{
		{Issuer: "https://issuer.example.com/tenant/", Resource: resource},
		{Issuer: "http://localhost:9000", Resource: "http://127.0.0.1:8080/mcp"},
	} {
		if _, err := New(t.Context(), o); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
	b := setUp(t)
	custom, err := New(t.Context(), Options{Issuer: b.URL, Resource: resource, Audience: "api://loyalty", Now: b.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, refusal := custom.Authenticate(bearing(b.token(t, nil))); refusal == nil || refusal.Reason != "wrong_audience" {
		t.Errorf("%+v", refusal)
	}
	if _, refusal := custom.Authenticate(bearing(b.token(t, map[string]any{"aud": "api://loyalty"}))); refusal != nil {
		t.Errorf("%+v", refusal)
	}
}

// FuzzAuthenticate: whatever is in the header, nothing panics and nobody gets in.
func FuzzAuthenticate(f *testing.F) {
	b := setUp(f)
	good := b.token(f, nil)
	for _, seed := range []string{"", "Bearer", "Bearer ", "bearer a.b.c", "Bearer ...", "Bearer e30.e30.", "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer " + good + "x", "Bearer {}", "Bearer \x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
		r.Header["Authorization"] = []string{header}
		caller, refusal := b.server.Authenticate(r)
		if refusal == nil && !strings.Contains(header, good) {
			t.Fatalf("%q let in as %+v", header, caller)
		}
		if refusal != nil {
			if got := answer(refusal); got.StatusCode != 401 && got.StatusCode != 400 || strings.ContainsAny(got.Header.Get("WWW-Authenticate"), "\r\n") {
				t.Fatalf("%q: %d %s", header, got.StatusCode, got.Header)
			}
		}
	})
}

// FuzzClaims: whatever claims the issuer signs, nothing panics, and who gets in
// has a subject and a time to expire at.
func FuzzClaims(f *testing.F) {
	b := setUp(f)
	seed, _ := json.Marshal(b.claims(nil))
	for _, payload := range []string{string(seed), `{}`, `[]`, `null`, `{"iss":null}`, strings.Replace(string(seed), `"ada"`, `{"a":[]}`, 1), strings.Replace(string(seed), `"loyalty:read profile:read"`, `[["x"]]`, 1)} {
		f.Add([]byte(payload))
	}
	key := jose.SigningKey{Algorithm: b.Key().Algorithm, Key: jose.JSONWebKey{Key: b.Key().Private, KeyID: b.Key().ID}}
	f.Fuzz(func(t *testing.T, payload []byte) {
		caller, refusal := b.server.Authenticate(bearing(oauthtest.SignWith(t, key, "at+jwt", payload)))
		if refusal != nil {
			return
		}
		var c struct {
			Issuer string   `json:"iss"`
			Expiry *float64 `json:"exp"`
		}
		if err := json.Unmarshal(payload, &c); err != nil || c.Issuer != b.URL || c.Expiry == nil || len(caller.Subject) != 43 {
			t.Fatalf("%s let in as %+v", payload, caller)
		}
	})
}
