// Package oauthtest is an issuer for tests, whose tokens can be wrong in every
// way that one of a real issuer cannot.
package oauthtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Key is a signing key of an issuer.
type Key struct {
	ID        string
	Algorithm jose.SignatureAlgorithm
	Private   crypto.Signer
}

// NewRSA and NewEC make keys.
func NewRSA(t testing.TB, id string, bits int) Key {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return Key{id, jose.RS256, private}
}

func NewEC(t testing.TB, id string) Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return Key{id, jose.ES256, private}
}

// Issuer serves its description and keys on a loopback address.
type Issuer struct {
	URL string

	mu        sync.Mutex
	keys      []Key
	published []any // in place of the keys
	broken    http.HandlerFunc
	fetches   int
}

// New starts an issuer with one elliptic key. It ends with the test.
func New(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{keys: []Key{NewEC(t, "first")}}
	ts := httptest.NewServer(i)
	t.Cleanup(ts.Close)
	i.URL = ts.URL
	return i
}

func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.broken != nil {
		i.broken(w, r)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
	case "/keys":
		i.fetches++
		set := i.published
		if set == nil {
			for _, k := range i.keys {
				set = append(set, jose.JSONWebKey{Key: k.Private.Public(), KeyID: k.ID, Algorithm: string(k.Algorithm), Use: "sig"})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": set})
	default:
		http.NotFound(w, r)
	}
}

// SetKeys changes the keys that are published. Tokens are signed with the first.
func (i *Issuer) SetKeys(keys ...Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

// Publish puts these in place of the keys, as they are.
func (i *Issuer) Publish(keys ...any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.published = keys
}

// Break makes every answer this one; nil mends it.
func (i *Issuer) Break(with http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.broken = with
}

// Unavailable is the answer of an issuer that is down behind its proxy.
func Unavailable(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "down", http.StatusServiceUnavailable)
}

// Fetches counts how often the keys were asked for.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// Key is the key that tokens are signed with.
func (i *Issuer) Key() Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[0]
}

// Claims are those of a good token.
func (i *Issuer) Claims(audience, subject, scope string, now time.Time) map[string]any {
	return map[string]any{
		"iss": i.URL, "sub": subject, "aud": []string{"other", audience}, "scope": scope, "jti": strconv.FormatInt(now.UnixNano(), 36),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "client_id": "test",
	}
}

// Sign makes a token.
func Sign(t testing.TB, k Key, typ string, claims any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return SignWith(t, jose.SigningKey{Algorithm: k.Algorithm, Key: jose.JSONWebKey{Key: k.Private, KeyID: k.ID}}, typ, payload)
}

// SignWith makes a token with any kind of key.
func SignWith(t testing.TB, k jose.SigningKey, typ string, payload []byte) string {
	t.Helper()
	options := &jose.SignerOptions{}
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(k, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
