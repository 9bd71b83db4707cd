// Package documents keeps the pages that facts were taken from, so that an answer
// can quote them. A document's id is the SHA-256 of its content: the same page is
// kept once, and what is read back is checked against its name.
//
// Documents are in a folder or in a bucket of S3, under the same keys:
//
//	sha256/ab/abcd…       the content
//	sha256/ab/abcd….json  its size and metadata, written last
//
// A document exists once its metadata does. A Put that ends in between leaves
// content that nobody sees, and the next Put of it goes on from there.
package documents

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"
)

// MaxSize is the most bytes that a document may have.
const MaxSize = 64 << 20

// maxRecord bounds the metadata, which is held in memory. Names of any length that
// occurs fit.
const maxRecord = 1 << 20

// Errors of a store, to be tested with errors.Is.
var (
	// ErrNotFound: the store has no such document.
	ErrNotFound = errors.New("no such document")
	// ErrUnavailable: the store could not be reached or used; nothing is known of
	// the document. It may hold beside an error of the context.
	ErrUnavailable = errors.New("the document store is not available")
	// ErrTooLarge: the content is over MaxSize, or the metadata over 1 MiB.
	ErrTooLarge = errors.New("the document is too large")
	// ErrDamaged: what is stored is not what was put. A Put of the content mends it.
	ErrDamaged = errors.New("the stored document is damaged")
	// ErrInvalid: the request itself is wrong.
	ErrInvalid = errors.New("invalid request for a document")
)

// Metadata says what a document is and where it came from. Any text will do; what
// is not UTF-8 in it is replaced by U+FFFD.
type Metadata struct {
	Name      string `json:"name,omitempty"`
	MIMEType  string `json:"mimeType,omitempty"`
	SourceURL string `json:"sourceUrl,omitempty"`
	// AsOf is the day on which the source was last known to say so.
	AsOf       string    `json:"asOf,omitempty"`
	ReceivedAt time.Time `json:"receivedAt,omitzero"`
}

// Document is what is known of a stored document beside its content.
type Document struct {
	ID   string `json:"id"` // SHA-256 of the content in lower-case hexadecimal
	Size int64  `json:"size"`
	Metadata
}

// record is a document as it is stored.
type record struct {
	Document
	// Put is another in each Put. It tells who wrote a record when the answer to
	// the write was lost and the write was sent again.
	Put string `json:"put"`
}

// Store holds documents. Its methods may be called at the same time; a context
// should have a deadline, for a network may never answer.
type Store struct {
	place place
}

// place is a folder or a bucket. Its errors are ErrUnavailable, or ErrNotFound for
// a key that it looked for and has not.
type place interface {
	// temporary returns a new file for keep, which the caller removes.
	temporary() (*os.File, error)
	// keep stores a file under a key, whole or not at all. Unless it is to replace
	// what is there, it leaves that as it is and reports false.
	keep(ctx context.Context, file staged, key string, replace bool) (kept bool, err error)
	open(ctx context.Context, key string) (io.ReadCloser, error)
	// list returns the ids after the given one that have metadata, in order.
	list(ctx context.Context, after string, limit int) ([]string, error)
	close()
}

// Close frees what the store holds. Readers that Get returned are closed by their
// own Close.
func (s *Store) Close() { s.place.close() }

// Put stores the content and reports whether that made a new document. Of a
// document that is there already the first metadata stays and is returned: a page
// that is fed in again under another name is still the page that was cited.
// SetMetadata changes it. Put reads back what is there, and mends it if damaged.
//
// After an error the document is there whole or not at all, and Put may be called
// again. Memory does not grow with the content, which is staged in a file.
func (s *Store) Put(ctx context.Context, content io.Reader, m Metadata) (d Document, created bool, err error) {
	body, err := s.stage(ctx, content, MaxSize)
	if err != nil {
		return Document{}, false, err
	}
	defer body.remove()
	r := record{Document{hex.EncodeToString(body.sum[:]), body.size, m}, rand.Text()}
	encoded, err := encode(r) // before anything is stored: it may be too large
	if err != nil {
		return Document{}, false, err
	}
	err = s.verify(ctx, r.ID, r.Size)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrDamaged) {
		_, err = s.place.keep(ctx, body, contentKey(r.ID), errors.Is(err, ErrDamaged))
	}
	if err != nil {
		return Document{}, false, err
	}
	return s.putRecord(ctx, r, encoded)
}

// putRecord stores the record of a content that is there, unless it has one.
func (s *Store) putRecord(ctx context.Context, r record, encoded []byte) (d Document, created bool, err error) {
	existing, err := s.record(ctx, r.ID)
	if err == nil && existing.Size != r.Size {
		err = damaged(r.ID, "its metadata has another size")
	}
	switch {
	case errors.Is(err, ErrNotFound):
		created, err = s.keepRecord(ctx, r.ID, encoded, false)
		if err == nil && !created {
			existing, err = s.record(ctx, r.ID)
			return existing.Document, existing.Put == r.Put, err
		}
	case errors.Is(err, ErrDamaged):
		_, err = s.keepRecord(ctx, r.ID, encoded, true)
	default:
		return existing.Document, false, err
	}
	if err != nil {
		return Document{}, false, err
	}
	d, err = decode(encoded)
	return d, created, err
}

// SetMetadata replaces a document's metadata: the page was seen again on a later
// day, or its name was wrong.
func (s *Store) SetMetadata(ctx context.Context, id string, m Metadata) (Document, error) {
	r, err := s.record(ctx, id)
	if err != nil {
		return Document{}, err
	}
	r.Metadata = m
	encoded, err := encode(r)
	if err != nil {
		return Document{}, err
	}
	if _, err := s.keepRecord(ctx, id, encoded, true); err != nil {
		return Document{}, err
	}
	return decode(encoded)
}

// Metadata returns what is known of a document.
func (s *Store) Metadata(ctx context.Context, id string) (Document, error) {
	r, err := s.record(ctx, id)
	return r.Document, err
}

// Get returns a document and a reader of its content, which the caller closes. The
// content is as it was put only if reading ends with io.EOF, or yields Size bytes;
// the last of them are held back until all are checked. The context holds for the
// reading too.
func (s *Store) Get(ctx context.Context, id string) (Document, io.ReadCloser, error) {
	r, err := s.record(ctx, id)
	if err != nil {
		return Document{}, nil, err
	}
	content, err := s.content(ctx, id, r.Size)
	if errors.Is(err, ErrNotFound) {
		err = damaged(id, "its content is missing")
	}
	if err != nil {
		return Document{}, nil, err
	}
	return r.Document, content, nil
}

// List returns the ids of at most limit documents after the given id, in order;
// after "" from the first.
func (s *Store) List(ctx context.Context, after string, limit int) ([]string, error) {
	if after != "" && !validID(after) {
		return nil, invalidID(after)
	}
	if limit < 1 {
		return nil, fmt.Errorf("%w: a list of %d documents; ask for at least one", ErrInvalid, limit)
	}
	return s.place.list(ctx, after, limit)
}

// content opens a content of that size.
func (s *Store) content(ctx context.Context, id string, size int64) (*reader, error) {
	body, err := s.place.open(ctx, contentKey(id))
	if err != nil {
		return nil, err
	}
	return &reader{ctx: ctx, body: body, id: id, left: size, hash: sha256.New()}, nil
}

// verify reads the stored content to its end.
func (s *Store) verify(ctx context.Context, id string, size int64) error {
	content, err := s.content(ctx, id, size)
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(io.Discard, content)
	return err
}

func (s *Store) record(ctx context.Context, id string) (record, error) {
	if !validID(id) {
		return record{}, invalidID(id)
	}
	body, err := s.place.open(ctx, recordKey(id))
	if errors.Is(err, ErrNotFound) {
		return record{}, fmt.Errorf("%w: %s", err, id)
	}
	if err != nil {
		return record{}, err
	}
	defer body.Close()
	encoded, err := io.ReadAll(io.LimitReader(body, maxRecord+1))
	if err != nil {
		return record{}, unavailable(ctx, "reading the metadata of "+id, err)
	}
	var r record
	if err := json.Unmarshal(encoded, &r); err != nil || len(encoded) > maxRecord {
		return record{}, damaged(id, "its metadata cannot be read")
	}
	if r.ID != id || r.Size < 0 || r.Size > MaxSize {
		return record{}, damaged(id, "its metadata is of another document")
	}
	return r, nil
}

func encode(r record) ([]byte, error) {
	encoded, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("%w: the metadata: %w", ErrInvalid, err)
	}
	if len(encoded) > maxRecord {
		return nil, fmt.Errorf("%w: its metadata takes %d bytes, over %d", ErrTooLarge, len(encoded), maxRecord)
	}
	return encoded, nil
}

// decode returns what will be read back, which JSON may have changed.
func decode(encoded []byte) (Document, error) {
	var d Document
	err := json.Unmarshal(encoded, &d)
	return d, err
}

func (s *Store) keepRecord(ctx context.Context, id string, encoded []byte, replace bool) (bool, error) {
	file, err := s.stage(ctx, bytes.NewReader(encoded), maxRecord)
	if err != nil {
		return false, err
	}
	defer file.remove()
	return s.place.keep(ctx, file, recordKey(id), replace)
}

// staged is a temporary file, whole and hashed: a key is known only at the end of
// the content, and a request to S3 may have to be sent again.
type staged struct {
	*os.File
	size int64
	sum  [sha256.Size]byte
}

func (s *Store) stage(ctx context.Context, content io.Reader, limit int64) (staged, error) {
	f, err := s.place.temporary()
	if err != nil {
		return staged{}, unavailable(ctx, "making a temporary file", err)
	}
	file := staged{File: f}
	hash := sha256.New()
	in := &input{ctx: ctx, Reader: io.LimitReader(content, limit+1)}
	file.size, err = io.Copy(io.MultiWriter(f, hash), in)
	switch {
	case in.err != nil:
		err = fmt.Errorf("reading the content to be stored: %w", in.err)
	case err != nil:
		err = unavailable(ctx, "writing a temporary file", err)
	case file.size > limit:
		err = fmt.Errorf("%w: over %d bytes", ErrTooLarge, limit)
	}
	if err != nil {
		file.remove()
		return staged{}, err
	}
	hash.Sum(file.sum[:0])
	return file, nil
}

func (f staged) remove() {
	f.Close()
	os.Remove(f.Name()) // not there any more if it was renamed
}

// input tells failures to read the caller's content from failures to write it.
type input struct {
	io.Reader
	ctx context.Context
	err error
}

func (in *input) Read(p []byte) (int, error) {
	n, err := 0, in.ctx.Err()
	if err == nil {
		n, err = in.Reader.Read(p)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		in.err = err
	}
	return n, err
}

// reader checks what it reads. A wrong content never ends in io.EOF.
type reader struct {
	ctx  context.Context
	body io.ReadCloser
	id   string
	left int64
	hash hash.Hash
	err  error
}

func (r *reader) Read(p []byte) (int, error) {
	if r.err == nil {
		r.err = r.ctx.Err()
	}
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.body.Read(p)
	r.hash.Write(p[:n])
	r.left -= int64(n)
	ended := errors.Is(err, io.EOF)
	switch {
	case err != nil && !ended:
		r.err = unavailable(r.ctx, "reading the content of "+r.id, err)
	case r.left < 0:
		n, r.err = 0, damaged(r.id, "its content is too long")
	case r.left > 0 && ended:
		n, r.err = 0, damaged(r.id, "its content is too short")
	case r.left == 0 && hex.EncodeToString(r.hash.Sum(nil)) != r.id:
		n, r.err = 0, damaged(r.id, "its content was changed")
	case ended:
		r.err = io.EOF
	}
	return n, r.err
}

func (r *reader) Close() error { return r.body.Close() }

func contentKey(id string) string { return "sha256/" + id[:2] + "/" + id }

const recordSuffix = ".json"

func recordKey(id string) string { return contentKey(id) + recordSuffix }

// validID keeps anything that is not a hash out of the keys.
func validID(id string) bool {
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(id) == hex.EncodedLen(sha256.Size)
}

func invalidID(id string) error {
	return fmt.Errorf("%w: %.80q is not an id; ids are 64 digits of lower-case hexadecimal", ErrInvalid, id)
}

func damaged(id, problem string) error {
	return fmt.Errorf("%w: %s: %s; put the document again to mend it", ErrDamaged, id, problem)
}

// unavailable says what failed. Once the context has ended, that is the reason.
func unavailable(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, doing, err)
}
