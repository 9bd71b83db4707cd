package documents

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashVariable); path != "" {
		putUntilKilled(path)
	}
	goleak.VerifyTestMain(m, proxyLeaks...)
}

// proxyLeaks are goroutines that toxiproxy leaves behind links that were cut.
var proxyLeaks = []goleak.Option{
	goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*NoopToxic).Pipe"),
	goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/stream.(*ChanWriter).Write"),
}

var ctx = context.Background()

// conformance is what every place must do. Each call of open returns an empty store.
func conformance(t *testing.T, open func(t *testing.T) *Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *Store)
	}{
		{"what was put is read", testRoundTrip},
		{"the first metadata stays", testFirstMetadata},
		{"metadata given anew", testSetMetadata},
		{"any text as metadata", testNames},
		{"too large", testTooLarge},
		{"memory", testMemory},
		{"no such document", testNotFound},
		{"invalid requests", testInvalid},
		{"damage", testDamage},
		{"a put that ended half way", testHalfPut},
		{"list", testList},
		{"the same content at once", testConcurrentPuts},
		{"cancelled context", testCancelled},
		{"failing input", testFailingInput},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

func TestFolder(t *testing.T) {
	conformance(t, func(t *testing.T) *Store { return openStore(t, "file://"+t.TempDir()) })
}

func openStore(t testing.TB, url string) *Store {
	t.Helper()
	s, err := Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// content is random bytes that depend on the seed alone.
func content(seed uint64, size int) []byte {
	b := make([]byte, size)
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(seed>>16)
	rand.NewChaCha8(key).Read(b)
	return b
}

func idOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func put(t *testing.T, s *Store, content []byte, m Metadata) (Document, bool) {
	t.Helper()
	d, created, err := s.Put(ctx, bytes.NewReader(content), m)
	if err != nil {
		t.Fatal(err)
	}
	return d, created
}

func read(ctx context.Context, s *Store, id string) (Document, []byte, error) {
	d, r, err := s.Get(ctx, id)
	if err != nil {
		return d, nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	return d, b, err
}

// want reads a document and compares all of it.
func want(t *testing.T, s *Store, content []byte, m Metadata) {
	t.Helper()
	whole := Document{idOf(content), int64(len(content)), m}
	d, b, err := read(ctx, s, whole.ID)
	if err != nil || !bytes.Equal(b, content) || !reflect.DeepEqual(d, whole) {
		t.Errorf("Get = %+v, %d bytes, %v; want %+v", d, len(b), err, whole)
	}
	d, err = s.Metadata(ctx, whole.ID)
	if err != nil || !reflect.DeepEqual(d, whole) {
		t.Errorf("Metadata = %+v, %v; want %+v", d, err, whole)
	}
}

func list(t *testing.T, s *Store, after string, limit int) []string {
	t.Helper()
	ids, err := s.List(ctx, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// overwrite puts bytes under a key past every check.
func overwrite(t *testing.T, s *Store, key string, content []byte) {
	t.Helper()
	file, err := s.stage(ctx, bytes.NewReader(content), MaxSize)
	if err != nil {
		t.Fatal(err)
	}
	defer file.remove()
	if _, err := s.place.keep(ctx, file, key, true); err != nil {
		t.Fatal(err)
	}
}

var page = Metadata{
	Name: "Upgrade chart.html", MIMEType: "text/html; charset=utf-8", SourceURL: "https://example.com/a?b=c#d",
	AsOf: "2026-06-30", ReceivedAt: time.Date(2026, 7, 1, 12, 30, 0, 123456789, time.UTC),
}

func testRoundTrip(t *testing.T, s *Store) {
	if ids := list(t, s, "", 10); len(ids) > 0 {
		t.Errorf("an empty store lists %v", ids)
	}
	var ids []string
	for seed, size := range []int{0, 1, 100_000, 1<<20 + 1} {
		b := content(uint64(seed), size)
		d, created := put(t, s, b, page)
		if whole := (Document{idOf(b), int64(size), page}); !created || !reflect.DeepEqual(d, whole) {
			t.Errorf("Put = %+v, %v; want %+v, new", d, created, whole)
		}
		want(t, s, b, page)
		ids = append(ids, d.ID)
	}
	slices.Sort(ids)
	if got := list(t, s, "", 10); !slices.Equal(got, ids) {
		t.Errorf("List = %v, want %v", got, ids)
	}
	empty := []byte("a page without metadata")
	put(t, s, empty, Metadata{})
	want(t, s, empty, Metadata{})
}

func testFirstMetadata(t *testing.T, s *Store) {
	b := content(1, 5000)
	put(t, s, b, page)
	for range 3 {
		d, created := put(t, s, b, Metadata{Name: "another"})
		if created || !reflect.DeepEqual(d.Metadata, page) {
			t.Errorf("Put again = %+v, created %v; want the first metadata", d, created)
		}
	}
	want(t, s, b, page)
	if ids := list(t, s, "", 10); len(ids) != 1 {
		t.Errorf("List = %v, want one", ids)
	}
}

func testSetMetadata(t *testing.T, s *Store) {
	b := content(1, 5000)
	put(t, s, b, page)
	later := page
	later.AsOf = "2026-09-30"
	d, err := s.SetMetadata(ctx, idOf(b), later)
	if err != nil || !reflect.DeepEqual(d, Document{idOf(b), 5000, later}) {
		t.Errorf("SetMetadata = %+v, %v", d, err)
	}
	want(t, s, b, later)
	if _, created := put(t, s, b, page); created {
		t.Error("created again")
	}
	want(t, s, b, later)
}

func testNames(t *testing.T, s *Store) {
	for i, name := range []string{
		"Prämientabelle – 2026年.pdf", "\x00\x01\r\nX-Amz-Meta-Evil: 1\x7f\u2028", strings.Repeat("ж\x01", 5000),
		"../../../etc/passwd", `"<&>\`, strings.Repeat("/", 10_000),
	} {
		b := content(uint64(i), 100)
		m := Metadata{Name: name, MIMEType: name, SourceURL: name, AsOf: name}
		put(t, s, b, m)
		want(t, s, b, m)
		if _, err := s.SetMetadata(ctx, idOf(b), m); err != nil {
			t.Error(err)
		}
		want(t, s, b, m)
	}
	b := []byte("latin-1")
	d, _ := put(t, s, b, Metadata{Name: "Pr\xe4mie"})
	if d.Name != "Pr\ufffdmie" {
		t.Errorf("name %q", d.Name)
	}
	want(t, s, b, d.Metadata)
	// Zones and clocks are not stored: what Put returns is what will be read.
	b = []byte("now")
	d, _ = put(t, s, b, Metadata{ReceivedAt: time.Now()})
	want(t, s, b, d.Metadata)
}

// zeros are that many bytes, in no memory.
func zeros(size int64) io.Reader { return io.LimitReader(zero{}, size) }

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func testTooLarge(t *testing.T, s *Store) {
	if _, _, err := s.Put(ctx, zero{}, page); !errors.Is(err, ErrTooLarge) {
		t.Errorf("endless content: %v, want ErrTooLarge", err)
	}
	if _, _, err := s.Put(ctx, strings.NewReader("x"), Metadata{Name: strings.Repeat("x", 2<<20)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("endless name: %v, want ErrTooLarge", err)
	}
	if _, _, err := s.Put(ctx, strings.NewReader("x"), Metadata{ReceivedAt: time.Date(99999, 1, 1, 0, 0, 0, 0, time.UTC)}); !errors.Is(err, ErrInvalid) {
		t.Errorf("year 99999: %v, want ErrInvalid", err)
	}
	if ids := list(t, s, "", 10); len(ids) > 0 {
		t.Errorf("List = %v, want nothing", ids)
	}
	if _, err := s.Metadata(ctx, idOf([]byte("x"))); !errors.Is(err, ErrNotFound) {
		t.Errorf("Metadata = %v, want ErrNotFound", err)
	}
}

// testMemory: the largest document takes no more memory than a small one.
func testMemory(t *testing.T, s *Store) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d, _, err := s.Put(ctx, zeros(MaxSize), page)
	if err != nil {
		t.Fatal(err)
	}
	if _, created, err := s.Put(ctx, zeros(MaxSize), page); err != nil || created {
		t.Errorf("Put again = %v, %v", created, err)
	}
	_, r, err := s.Get(ctx, d.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := io.Copy(io.Discard, r); n != MaxSize || err != nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Errorf("putting twice and getting %d MiB allocated %d KiB", MaxSize>>20, used>>10)
	}
}

func testNotFound(t *testing.T, s *Store) {
	put(t, s, []byte("here"), page)
	missing := idOf([]byte("not here"))
	_, _, err := s.Get(ctx, missing)
	_, metadataErr := s.Metadata(ctx, missing)
	_, setErr := s.SetMetadata(ctx, missing, page)
	for _, err := range []error{err, metadataErr, setErr} {
		if !errors.Is(err, ErrNotFound) || errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), missing) {
			t.Errorf("%v, want ErrNotFound with the id", err)
		}
	}
}

func testInvalid(t *testing.T, s *Store) {
	id := idOf([]byte("x"))
	for _, bad := range []string{
		"", "x", id[:63], id + "0", strings.ToUpper(id), "../" + id[3:], id[:32] + "/" + id[33:], id[:63] + "\x00",
		id[:60] + "..\\", id + ".json", strings.Repeat("../", 10_000), "é" + id[2:],
	} {
		_, _, err := s.Get(ctx, bad)
		_, metadataErr := s.Metadata(ctx, bad)
		_, setErr := s.SetMetadata(ctx, bad, page)
		_, listErr := s.List(ctx, bad+"x", 1)
		for _, err := range []error{err, metadataErr, setErr, listErr} {
			if !errors.Is(err, ErrInvalid) || len(err.Error()) > 1000 {
				t.Errorf("%.100q: %v, want a short ErrInvalid", bad, err)
			}
		}
	}
	if _, err := s.List(ctx, "", 0); !errors.Is(err, ErrInvalid) {
		t.Errorf("a list of none: %v", err)
	}
}

func testDamage(t *testing.T, s *Store) {
	b := content(1, 100_000)
	id := idOf(b)
	changed := slices.Clone(b)
	changed[99_999] ^= 1
	other := content(2, 100_000)
	for _, test := range []struct {
		name   string
		key    string
		stored []byte
	}{
		{"a bit", contentKey(id), changed},
		{"cut off", contentKey(id), b[:99_999]},
		{"empty", contentKey(id), nil},
		{"a byte more", contentKey(id), append(slices.Clone(b), 0)},
		{"other content", contentKey(id), other},
		{"metadata of another", recordKey(id), fmt.Appendf(nil, `{"id":%q,"size":100000}`, idOf(other))},
		{"metadata with another size", recordKey(id), fmt.Appendf(nil, `{"id":%q,"size":99999}`, id)},
		{"metadata without size", recordKey(id), fmt.Appendf(nil, `{"id":%q}`, id)},
		{"metadata with an absurd size", recordKey(id), fmt.Appendf(nil, `{"id":%q,"size":-1}`, id)},
		{"metadata that is no JSON", recordKey(id), []byte(`{"id":`)},
		{"metadata that is empty", recordKey(id), nil},
		{"endless metadata", recordKey(id), bytes.Repeat([]byte(" "), 2<<20)},
	} {
		put(t, s, b, page)
		overwrite(t, s, test.key, test.stored)
		if _, got, err := read(ctx, s, id); !errors.Is(err, ErrDamaged) || errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: Get = %d bytes, %v; want ErrDamaged", test.name, len(got), err)
		}
		if d, r, err := s.Get(ctx, id); err == nil {
			// A caller that counts instead of reading to the end.
			if _, err := io.ReadFull(r, make([]byte, d.Size)); err == nil && d.Size > 0 && test.name != "a byte more" {
				t.Errorf("%s: all of Size bytes could be read", test.name)
			}
			r.Close()
		}
		if _, created := put(t, s, b, page); created {
			t.Errorf("%s: mending it made a new document", test.name)
		}
		want(t, s, b, page)
	}

	// Only the metadata is there.
	lost := []byte("lost")
	encoded, err := encode(record{Document: Document{idOf(lost), 4, page}})
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, s, recordKey(idOf(lost)), encoded)
	if _, _, err := read(ctx, s, idOf(lost)); !errors.Is(err, ErrDamaged) {
		t.Errorf("missing content: %v, want ErrDamaged", err)
	}
	put(t, s, lost, page)
	want(t, s, lost, page)
}

func testHalfPut(t *testing.T, s *Store) {
	b := content(1, 100_000)
	overwrite(t, s, contentKey(idOf(b)), b)
	if _, _, err := s.Get(ctx, idOf(b)); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get = %v, want ErrNotFound", err)
	}
	if ids := list(t, s, "", 10); len(ids) > 0 {
		t.Errorf("List = %v, want nothing", ids)
	}
	if _, created := put(t, s, b, page); !created {
		t.Error("the next Put did not make it")
	}
	want(t, s, b, page)
}

func testList(t *testing.T, s *Store) {
	var ids []string
	for i := range 40 {
		d, _ := put(t, s, fmt.Append(nil, i), page)
		ids = append(ids, d.ID)
	}
	slices.Sort(ids)
	// What is not a document is not listed.
	for _, key := range []string{"sha256/README.json", "sha256/ab/README", "sha256/ab/README.json", contentKey(ids[0]) + ".json.bak"} {
		overwrite(t, s, key, []byte("x"))
	}
	for _, limit := range []int{1, 7, 39, 40, 41, 5000} {
		for i := -1; i < len(ids); i += 3 {
			after, rest := "", ids[i+1:]
			if i >= 0 {
				after = ids[i]
			}
			if got := list(t, s, after, limit); !slices.Equal(got, rest[:min(limit, len(rest))]) {
				t.Errorf("%d after %q: %d ids, want %d", limit, after, len(got), min(limit, len(rest)))
			}
		}
	}
	between := ids[10][:63] + string(ids[10][63]+1) // not a document, and the first thing after one
	if validID(between) && !slices.Equal(list(t, s, between, 2), ids[11:13]) {
		t.Error("List after an id that is not there")
	}
}

func testConcurrentPuts(t *testing.T, s *Store) {
	for round := range uint64(20) {
		b := content(round, 20_000)
		documents, made := make([]Document, 16), make([]bool, 16)
		var group sync.WaitGroup
		for i := range documents {
			group.Go(func() {
				var err error
				documents[i], made[i], err = s.Put(ctx, bytes.NewReader(b), Metadata{Name: fmt.Sprint("writer ", i)})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		first := slices.Index(made, true)
		if first < 0 || slices.Contains(made[first+1:], true) {
			t.Fatalf("round %d: created %v, want one", round, made)
		}
		winner := Metadata{Name: fmt.Sprint("writer ", first)}
		for i, d := range documents {
			if d.Metadata != winner {
				t.Errorf("round %d: writer %d was told %+v, %+v was first", round, i, d.Metadata, winner)
			}
		}
		want(t, s, b, winner)
	}
}

func testCancelled(t *testing.T, s *Store) {
	b := content(1, 100_000)
	put(t, s, b, page)
	reading, cancelReading := context.WithCancel(ctx)
	_, r, err := s.Get(reading, idOf(b))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cancelReading()
	if _, err := io.ReadAll(r); !errors.Is(err, context.Canceled) {
		t.Errorf("reading on = %v, want context.Canceled", err)
	}

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, _, getErr := s.Get(cancelled, idOf(b))
	_, metadataErr := s.Metadata(cancelled, idOf(b))
	_, setErr := s.SetMetadata(cancelled, idOf(b), Metadata{})
	_, listErr := s.List(cancelled, "", 1)
	_, _, putErr := s.Put(cancelled, strings.NewReader("new"), page)
	for i, err := range []error{getErr, metadataErr, setErr, listErr, putErr} {
		if !errors.Is(err, context.Canceled) || errors.Is(err, ErrNotFound) {
			t.Errorf("%d: %v, want context.Canceled", i, err)
		}
	}
	// It ends after the content was read.
	late, cancel := context.WithCancel(ctx)
	_, _, err = s.Put(late, io.MultiReader(strings.NewReader("new"), iotest.ErrReader(io.EOF), readerFunc(func([]byte) (int, error) {
		cancel()
		return 0, io.EOF
	})), page)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v, want context.Canceled", err)
	}
	if ids := list(t, s, "", 10); len(ids) != 1 {
		t.Errorf("List = %v, want one", ids)
	}
	want(t, s, b, page)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func testFailingInput(t *testing.T, s *Store) {
	broken := errors.New("the disk of the caller broke")
	_, _, err := s.Put(ctx, io.MultiReader(zeros(100_000), iotest.ErrReader(broken)), page)
	if !errors.Is(err, broken) || errors.Is(err, ErrUnavailable) {
		t.Errorf("Put = %v, want the caller's error alone", err)
	}
	if ids := list(t, s, "", 10); len(ids) > 0 {
		t.Errorf("List = %v, want nothing", ids)
	}
	// However the bytes come, they are the same document.
	b := content(1, 1000)
	for _, r := range []io.Reader{iotest.OneByteReader(bytes.NewReader(b)), iotest.DataErrReader(bytes.NewReader(b)), iotest.HalfReader(bytes.NewReader(b))} {
		if d, _, err := s.Put(ctx, r, page); err != nil || d.ID != idOf(b) {
			t.Errorf("Put = %v, %v", d, err)
		}
	}
}
