//go:build engines

package documents

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"loyalty-mcp/internal/enginetest"
)

// setAWS configures the SDK for the server and for nothing else of this machine.
func setAWS(t testing.TB, server enginetest.S3Server, endpoint string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_S3": endpoint, "AWS_REGION": server.Region,
		"AWS_ACCESS_KEY_ID": server.AccessKey, "AWS_SECRET_ACCESS_KEY": server.SecretKey,
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "", "AWS_PROFILE": "", "AWS_SESSION_TOKEN": "",
	} {
		t.Setenv(name, value)
	}
}

func TestS3(t *testing.T) {
	server := enginetest.S3(t)
	setAWS(t, server, server.Endpoint)
	for _, prefix := range []string{"", "/pages/Prämien of 2026"} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			conformance(t, func(t *testing.T) *Store {
				return openStore(t, "s3://"+enginetest.S3(t).Bucket+strings.ReplaceAll(prefix, " ", "%20"))
			})
		})
	}
}

// TestS3Prefixes: what is under one prefix is not seen under another.
func TestS3Prefixes(t *testing.T) {
	server := enginetest.S3(t)
	setAWS(t, server, server.Endpoint)
	b := []byte("a")
	put(t, openStore(t, "s3://"+server.Bucket+"/a"), b, page)
	for _, prefix := range []string{"", "/", "/b", "/ab", "/a/b"} {
		s := openStore(t, "s3://"+server.Bucket+prefix)
		if ids := list(t, s, "", 10); len(ids) > 0 {
			t.Errorf("%q lists %v", prefix, ids)
		}
		if _, err := s.Metadata(ctx, idOf(b)); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v, want ErrNotFound", prefix, err)
		}
	}
	want(t, openStore(t, "s3://"+server.Bucket+"/a/"), b, page)
}

func TestS3OpenErrors(t *testing.T) {
	server := enginetest.S3(t)
	link := enginetest.Proxy(t, server.Endpoint)
	link.Break(enginetest.Cut)
	for _, test := range []struct {
		name   string
		bucket string
		env    map[string]string
		want   error
		advice string
	}{
		{"no bucket", "missing", nil, ErrUnavailable, "make the bucket"},
		{"wrong key", server.Bucket, map[string]string{"AWS_SECRET_ACCESS_KEY": "secret"}, ErrUnavailable, "check the AWS credentials"},
		{"unknown user", server.Bucket, map[string]string{"AWS_ACCESS_KEY_ID": "nobody"}, ErrUnavailable, "access key ID"},
		{"no credentials", server.Bucket, map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, ErrUnavailable, "set AWS_ACCESS_KEY_ID"},
		{"no region", server.Bucket, map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, ErrInvalid, "set AWS_REGION"},
		{"another region", server.Bucket, map[string]string{"AWS_REGION": "eu-west-1"}, ErrUnavailable, "AWS_REGION"},
		{"nobody listens", server.Bucket, map[string]string{"AWS_ENDPOINT_URL_S3": "http://" + link.Addr}, ErrUnavailable, "refused"},
		{"endpoint with a password", server.Bucket, map[string]string{"AWS_ENDPOINT_URL_S3": "http://user:secret@" + link.Addr}, ErrInvalid, "AWS_ENDPOINT_URL_S3"},
		{"endpoint that is none", server.Bucket, map[string]string{"AWS_ENDPOINT_URL_S3": "http://user:secret@%zz"}, ErrInvalid, "AWS_ENDPOINT_URL_S3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			setAWS(t, server, server.Endpoint)
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			s, err := Open(ctx, "s3://"+test.bucket+"/pages")
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.advice) {
				t.Fatalf("%v; want %v with %q", err, test.want, test.advice)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("%v: tells a secret", err)
			}
			t.Log(err)
		})
	}
}

// TestS3BucketGone: a bucket that is not there any more has not no documents.
func TestS3BucketGone(t *testing.T) {
	server := enginetest.S3(t)
	setAWS(t, server, server.Endpoint)
	s := openStore(t, "s3://"+server.Bucket)
	s.place.(*bucket).name = "missing"
	_, getErr := s.Metadata(ctx, idOf(nil))
	_, listErr := s.List(ctx, "", 1)
	_, _, putErr := s.Put(ctx, strings.NewReader("x"), page)
	for _, err := range []error{getErr, listErr, putErr} {
		if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "NoSuchBucket") {
			t.Errorf("%v, want ErrUnavailable for NoSuchBucket", err)
		}
	}
}

// TestS3LostAnswer: the server stores what was sent, its answer is lost and the SDK
// sends it again. The document is new all the same.
func TestS3LostAnswer(t *testing.T) {
	server := enginetest.S3(t)
	upstream, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	var lost atomic.Int32
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream); r.Out.Host = r.In.Host },
		ModifyResponse: func(r *http.Response) error {
			// The first answer to each write.
			if r.Request.Method == http.MethodPut && r.StatusCode == http.StatusOK && lost.Add(1) <= 2 {
				panic(http.ErrAbortHandler)
			}
			return nil
		},
	}
	gateway := httptest.NewServer(proxy)
	defer gateway.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	setAWS(t, server, gateway.URL)
	s := openStore(t, "s3://"+server.Bucket)
	b := content(1, 100_000)
	if _, created := put(t, s, b, page); !created || lost.Load() != 2 {
		t.Errorf("created = %v with %d answers lost, want true with 2", created, lost.Load())
	}
	if _, created := put(t, s, b, page); created {
		t.Error("created again")
	}
	want(t, s, b, page)
}

// breakingTransport calls half in the middle of the first body that it sends.
type breakingTransport struct {
	*http.Transport
	once sync.Once
	half func()
}

func (b *breakingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut {
		left, body := r.ContentLength/2, r.Body
		r = r.Clone(r.Context())
		r.Body = struct {
			io.Reader
			io.Closer
		}{readerFunc(func(p []byte) (int, error) {
			n, err := body.Read(p)
			if left -= int64(n); left < 0 {
				b.once.Do(b.half)
			}
			return n, err
		}), body}
	}
	return b.Transport.RoundTrip(r)
}

// TestS3Faults: whatever the network does, when it does it, an answer is right or an
// error, a document is there whole or not at all, and all is well soon after.
func TestS3Faults(t *testing.T) {
	const (
		deadline = 2 * time.Second // of a call while the fault lasts
		recovery = 5 * time.Second // from its end to a right answer
	)
	server := enginetest.S3(t)
	setAWS(t, server, server.Endpoint)
	direct := openStore(t, "s3://"+server.Bucket)
	stored := content(1, 8<<20)
	put(t, direct, stored, page)
	var table strings.Builder
	fmt.Fprintf(&table, "\n%-10s %-13s %-28s %9s %9s", "fault", "call", "outcome", "took", "recovery")

	seed := uint64(10)
	for _, fault := range enginetest.Faults {
		for _, call := range []string{"read", "write", "during read", "during write"} {
			t.Run(string(fault)+" "+call, func(t *testing.T) {
				leaks := append([]goleak.Option{goleak.IgnoreCurrent()}, proxyLeaks...)
				t.Cleanup(func() { goleak.VerifyNone(t, leaks...) }) // after the link is gone
				link := enginetest.Proxy(t, server.Endpoint)
				t.Setenv("AWS_ENDPOINT_URL_S3", "http://"+link.Addr)
				s := openStore(t, "s3://"+server.Bucket)

				seed++
				fresh := content(seed, 4<<20)
				// get never takes a wrong content for a right one.
				get := func(ctx context.Context, half func()) error {
					d, r, err := s.Get(ctx, idOf(stored))
					if err != nil {
						return err
					}
					defer r.Close()
					start := make([]byte, 1000)
					if _, err := io.ReadFull(r, start); err != nil {
						return err
					}
					half()
					rest, err := io.ReadAll(r)
					if err == nil && (!bytes.Equal(append(start, rest...), stored) || d.Metadata != page) {
						t.Errorf("a wrong content of %d bytes was given for whole", len(rest)+1000)
					}
					return err
				}
				put := func(ctx context.Context) error {
					d, _, err := s.Put(ctx, bytes.NewReader(fresh), page)
					if err == nil && d.ID != idOf(fresh) {
						t.Errorf("a wrong id: %s", d.ID)
					}
					return err
				}
				nothing := func() {}

				limited, cancel := context.WithTimeout(ctx, deadline)
				defer cancel()
				begun := time.Now()
				var err error
				switch call {
				case "read":
					link.Break(fault)
					err = get(limited, nothing)
				case "write":
					link.Break(fault)
					err = put(limited)
				case "during read":
					err = get(limited, func() { link.Break(fault) })
				case "during write":
					s.place.(*bucket).http.Transport = &breakingTransport{
						Transport: s.place.(*bucket).http.Transport.(*http.Transport), half: func() { link.Break(fault) },
					}
					err = put(limited)
				}
				took := time.Since(begun)
				if took > deadline+time.Second {
					t.Errorf("it took %v, the deadline was %v", took, deadline)
				}
				if err != nil && (!errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrDamaged)) {
					t.Errorf("%v, want ErrUnavailable alone", err)
				}
				if strings.HasSuffix(call, "write") {
					// Whole or not at all; and surely there if that was the answer.
					_, b, getErr := read(ctx, direct, idOf(fresh))
					whole := getErr == nil && bytes.Equal(b, fresh)
					if !whole && (err == nil || !errors.Is(getErr, ErrNotFound)) {
						t.Errorf("after Put = %v the document is read as %d bytes, %v", err, len(b), getErr)
					}
				}

				link.Heal()
				healed := time.Now()
				for {
					attempt, cancel := context.WithTimeout(ctx, recovery)
					var again error
					if strings.HasSuffix(call, "read") {
						again = get(attempt, nothing)
					} else {
						again = put(attempt)
					}
					cancel()
					if again == nil {
						break
					}
					if time.Since(healed) > recovery {
						t.Fatalf("not well after %v: %v", recovery, again)
					}
				}
				recovered := time.Since(healed)
				if recovered > recovery {
					t.Errorf("well only after %v", recovered)
				}
				if strings.HasSuffix(call, "write") {
					want(t, direct, fresh, page)
				}
				outcome := "right"
				if err != nil {
					outcome = "ErrUnavailable"
				}
				if errors.Is(err, context.DeadlineExceeded) {
					outcome += " by deadline"
				}
				t.Log(err)
				fmt.Fprintf(&table, "\n%-10s %-13s %-28s %7dms %7dms", fault, call, outcome, took.Milliseconds(), recovered.Milliseconds())
			})
		}
	}
	t.Log(table.String())
}

// TestS3Shared: documents stay, and what one store put another reads.
func TestS3Shared(t *testing.T) {
	server := enginetest.S3(t)
	setAWS(t, server, server.Endpoint)
	one, other := openStore(t, "s3://"+server.Bucket), openStore(t, "s3://"+server.Bucket)
	b := []byte(rand.Text())
	put(t, one, b, page)
	want(t, other, b, page)
	one.Close()
	want(t, openStore(t, "s3://"+server.Bucket), b, page)
}
