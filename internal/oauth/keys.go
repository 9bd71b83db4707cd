package oauth

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"loyalty-mcp/internal/identity"
)

const (
	fetchWithin = 10 * time.Second
	maxDocument = 1 << 20 // bytes of what the issuer answers
	maxKeys     = 100
	minRSA      = 2048 // bits

	// Keys that are this old are fetched again in the background. An issuer that
	// cannot be reached is no reason to stop at once, but a key that it has
	// withdrawn must not be good for ever.
	freshFor = 10 * time.Minute
	keepFor  = time.Hour

	// Whoever sends tokens with made-up key ids makes us ask the issuer no more
	// often than this.
	askAgain = 10 * time.Second
	// After a failure, twice as long each time.
	retryFirst, retryMost = time.Second, 30 * time.Second
)

// keys are the issuer's, fetched when they are needed.
type keys struct {
	ctx   context.Context // ends fetching
	now   func() time.Time
	fetch func(context.Context) ([]jose.JSONWebKey, error)

	mu       sync.Mutex
	list     []jose.JSONWebKey
	got      time.Time // when list was fetched
	err      error     // of the last fetch
	failures int       // in a row
	next     time.Time // no fetch before
	running  chan struct{}
}

// unreachable says that the keys could not be fetched.
type unreachable struct {
	cause error
	retry time.Duration
}

func (u *unreachable) Error() string {
	return "the issuer's keys could not be fetched: " + u.cause.Error()
}
func (u *unreachable) Unwrap() error { return u.cause }

// find returns the keys that are wanted. If none is known they are fetched: the
// issuer may have a new one. None means that it has not.
func (k *keys) find(ctx context.Context, wanted func(*jose.JSONWebKey) bool) ([]jose.JSONWebKey, error) {
	found, fetching := k.look(wanted, true)
	if len(found) > 0 {
		return found, nil
	}
	if fetching != nil {
		select {
		case <-fetching:
		case <-ctx.Done():
			return nil, &unreachable{cause: ctx.Err(), retry: retryFirst}
		}
		if found, _ = k.look(wanted, false); len(found) > 0 {
			return found, nil
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return nil, &unreachable{cause: k.err, retry: k.next.Sub(k.now())}
	}
	return nil, nil
}

// look returns the keys that are wanted among those at hand, and, if there is
// reason to fetch, a channel that closes when a fetch is over.
func (k *keys) look(wanted func(*jose.JSONWebKey) bool, fetch bool) ([]jose.JSONWebKey, <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var found []jose.JSONWebKey
	age := k.now().Sub(k.got)
	if age < keepFor {
		for i := range k.list {
			if wanted(&k.list[i]) {
				found = append(found, k.list[i])
			}
		}
	}
	if fetch && (len(found) == 0 || age >= freshFor) && k.running == nil && !k.now().Before(k.next) {
		k.running = make(chan struct{})
		go k.refresh()
	}
	return found, k.running
}

func (k *keys) refresh() {
	ctx, cancel := context.WithTimeout(k.ctx, fetchWithin)
	defer cancel()
	list, err := k.fetch(ctx)

	k.mu.Lock()
	defer k.mu.Unlock()
	k.err = err
	if err == nil {
		k.list, k.got, k.failures, k.next = list, k.now(), 0, k.now().Add(askAgain)
	} else {
		k.next = k.now().Add(min(retryFirst<<min(k.failures, 10), retryMost))
		k.failures++
	}
	close(k.running)
	k.running = nil
}

// source is where an issuer's keys come from.
type source struct {
	client *http.Client
	issuer string
	url    *url.URL
}

// fetch finds out where the issuer has its keys, and gets them. OpenID Connect
// and RFC 8414 describe an issuer alike, in different places.
func (s source) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	base, path := s.url.Scheme+"://"+s.url.Host, strings.TrimSuffix(s.url.EscapedPath(), "/")
	var failed []error
	for _, address := range []string{
		base + path + "/.well-known/openid-configuration",
		base + "/.well-known/oauth-authorization-server" + path,
	} {
		list, err := s.fetchBy(ctx, address)
		if err == nil {
			return list, nil
		}
		failed = append(failed, err)
	}
	return nil, errors.Join(failed...)
}

func (s source) fetchBy(ctx context.Context, address string) ([]jose.JSONWebKey, error) {
	var about struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := s.get(ctx, address, &about); err != nil {
		return nil, err
	}
	if about.Issuer != s.issuer {
		return nil, fmt.Errorf("%s describes the issuer %q, not %q: set it as the issuer writes it", address, about.Issuer, s.issuer)
	}
	// Whatever the issuer says, its keys travel as safely as the rest.
	keysURL, err := url.Parse(about.Keys)
	if err != nil || keysURL.Scheme != "https" && (s.url.Scheme != "http" || keysURL.Scheme != "http" || !identity.Loopback(keysURL.Host)) {
		return nil, fmt.Errorf("%s: its jwks_uri %q is no https address", address, about.Keys)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := s.get(ctx, about.Keys, &set); err != nil {
		return nil, err
	}
	var list []jose.JSONWebKey
	for _, raw := range set.Keys[:min(len(set.Keys), maxKeys)] {
		// A kind of key that is not known must not make the others unusable.
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil && usable(&key) {
			list = append(list, key)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no key that signs tokens", about.Keys)
	}
	return list, nil
}

// usable leaves out secrets, weak keys, and keys for something else.
func usable(k *jose.JSONWebKey) bool {
	if rsaKey, ok := k.Key.(*rsa.PublicKey); ok && rsaKey.N.BitLen() < minRSA {
		return false
	}
	return k.IsPublic() && k.Valid() && (k.Use == "" || k.Use == "sig") &&
		(k.Algorithm == "" || slices.Contains(algorithms, jose.SignatureAlgorithm(k.Algorithm)))
}

func (s source) get(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	if len(body) > maxDocument {
		return fmt.Errorf("%s answers more than %d bytes", address, maxDocument)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	return nil
}
