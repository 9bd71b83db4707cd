package documents

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		url    string
		want   error
		advice string
	}{
		{"", ErrInvalid, "write file:///folder or s3://bucket/prefix"},
		{"/var/documents", ErrInvalid, "write file:///folder or s3://bucket/prefix"},
		{"https://example.com", ErrInvalid, `"https" is not a scheme`},
		{"file://documents", ErrInvalid, "three slashes"},
		{"file://host/documents", ErrInvalid, "three slashes"},
		{"file:documents", ErrInvalid, "three slashes"},
		{"file:///a%00b", ErrInvalid, "three slashes"},
		{"file:///tmp?create_dir=1", ErrInvalid, "query"},
		{"file:///tmp#x", ErrInvalid, "fragment"},
		{"file://" + dir + "/missing/documents", ErrUnavailable, "make the folder above it"},
		{"file://" + file, ErrUnavailable, "not a directory"},
		{"s3://", ErrInvalid, "name of a bucket"},
		{"s3:///prefix", ErrInvalid, "name of a bucket"},
		{"s3://Bucket_1", ErrInvalid, "name of a bucket"},
		{"s3://bucket:80/prefix", ErrInvalid, "name of a bucket"},
		{"s3://bucket/a/../../b", ErrInvalid, "not a prefix"},
		{"s3://bucket/a//b", ErrInvalid, "not a prefix"},
		{"s3://bucket/a%0ab", ErrInvalid, "not a prefix"},
		{"s3://bucket/a%ffb", ErrInvalid, "not a prefix"},
		{"s3://bucket?endpoint=secret", ErrInvalid, "query"},
		{"s3://user:secret@bucket", ErrInvalid, "leave it out"},
		{"s3://user:secret@bucket:port\x7f", ErrInvalid, "not a URL"},
		{"s3://user:se%cret@bucket", ErrInvalid, "not a URL"},
	} {
		s, err := Open(ctx, test.url)
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.advice) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v; want %v with %q", test.url, err, test.want, test.advice)
		}
	}
}

func TestFolderIsMade(t *testing.T) {
	dir := t.TempDir() + "/with space"
	s := openStore(t, "file://"+strings.ReplaceAll(dir, " ", "%20"))
	b := content(1, 10)
	put(t, s, b, page)
	stored, err := os.ReadFile(dir + "/" + contentKey(idOf(b)))
	if err != nil || !bytes.Equal(stored, b) {
		t.Errorf("the file has %d bytes, %v", len(stored), err)
	}
	want(t, openStore(t, "file://"+strings.ReplaceAll(dir, " ", "%20")), b, page)
}

// TestNothingLeft: a Put leaves no temporary file, however it ends; what a killed
// process left goes after a day.
func TestNothingLeft(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, "file://"+dir)
	put(t, s, []byte("a"), page)
	put(t, s, []byte("a"), page)
	if _, _, err := s.Put(ctx, zero{}, page); err == nil {
		t.Error("endless content was taken")
	}
	temporary := func() int {
		files, err := os.ReadDir(filepath.Join(dir, incoming))
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	if n := temporary(); n != 0 {
		t.Errorf("%d temporary files", n)
	}
	for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "running": time.Hour} {
		path := filepath.Join(dir, incoming, name)
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	openStore(t, "file://"+dir)
	if n := temporary(); n != 1 {
		t.Errorf("%d temporary files, want the young one", n)
	}
}

// TestFolderGone: a folder that is not there any more has not no documents.
func TestFolderGone(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"removed": os.RemoveAll,
		"replaced": func(dir string) error {
			return errors.Join(os.Rename(dir, dir+".old"), os.Mkdir(dir, 0o755), os.RemoveAll(dir+".old"))
		},
	} {
		dir := t.TempDir() + "/documents"
		s := openStore(t, "file://"+dir)
		put(t, s, []byte("a"), page)
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		_, _, getErr := s.Get(ctx, idOf([]byte("a")))
		_, listErr := s.List(ctx, "", 1)
		_, _, putErr := s.Put(ctx, strings.NewReader("b"), page)
		for _, err := range []error{getErr, listErr, putErr} {
			if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v, want ErrUnavailable", name, err)
			}
		}
	}
}

// TestNoWayOut: a symbolic link in the folder leads nowhere else.
func TestNoWayOut(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	b := []byte("a")
	id := idOf(b)
	if err := errors.Join(os.Mkdir(dir+"/sha256", 0o755), os.Symlink(outside, dir+"/sha256/"+id[:2])); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, "file://"+dir)
	if _, _, err := s.Put(ctx, bytes.NewReader(b), page); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Put = %v, want ErrUnavailable", err)
	}
	if err := os.WriteFile(outside+"/"+id+recordSuffix, fmt.Appendf(nil, `{"id":%q,"size":1}`, id), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Metadata(ctx, id); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Metadata = %v, want ErrUnavailable", err)
	}
	if files, _ := os.ReadDir(outside); len(files) != 1 {
		t.Errorf("%d files outside, want the one of the test", len(files))
	}
}

// crashVariable makes the test binary a process that puts documents into the named
// folder until it is killed.
const crashVariable = "DOCUMENTS_PUT_UNTIL_KILLED"

// crashContent is up to 1 MiB, so that most of the time goes into writing.
func crashContent(n int) []byte { return content(uint64(n), 1+n*7919%(1<<20)) }

func putUntilKilled(path string) {
	s, err := Open(ctx, "file://"+path)
	n, _ := strconv.Atoi(os.Getenv(crashVariable + "_FROM"))
	for ; err == nil; n++ {
		if _, _, err = s.Put(ctx, bytes.NewReader(crashContent(n)), Metadata{Name: fmt.Sprint(n)}); err == nil {
			fmt.Println(n)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestKilledPut(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	next, caught := 0, 0
	const rounds = 100
	for round := range rounds {
		child := exec.Command(binary)
		child.Env = append(os.Environ(), crashVariable+"="+dir, fmt.Sprintf("%s_FROM=%d", crashVariable, next))
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		first := next
		read := func() {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Error(err)
			}
			next = n + 1
		}
		// Some rounds may kill it while it opens the folder, the others among its Puts.
		if round%10 > 0 && lines.Scan() {
			read()
		}
		time.Sleep(time.Duration(random.IntN(15_000)) * time.Microsecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			read()
		}
		if err := child.Wait(); child.ProcessState.Exited() {
			t.Fatalf("the writer ended by itself: %v", err)
		}
		caught += checkFolder(t, dir, first, next)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	t.Logf("%d documents acknowledged; %d of %d rounds killed a Put in the middle", next, caught, rounds)
	if caught < rounds/4 {
		t.Errorf("only %d of %d rounds killed a Put in the middle", caught, rounds)
	}
}

// checkFolder looks at every file: under an id there are whole contents and whole
// records only, and the acknowledged documents of this round. It returns 1 if the
// killed Put left a temporary file, which it removes.
func checkFolder(t *testing.T, dir string, first, next int) (caught int) {
	t.Helper()
	s := openStore(t, "file://"+dir)
	for n := first; n < next; n++ {
		want(t, s, crashContent(n), Metadata{Name: fmt.Sprint(n)})
	}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		full := filepath.Join(dir, path)
		if strings.HasPrefix(path, incoming+"/") {
			caught = 1
			return os.Remove(full)
		}
		id, isRecord := strings.CutSuffix(filepath.Base(path), recordSuffix)
		if isRecord {
			_, err = s.Metadata(ctx, id)
		} else {
			info, statErr := entry.Info()
			if statErr != nil {
				return statErr
			}
			err = s.verify(ctx, id, info.Size())
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return caught
}

func BenchmarkPut(b *testing.B) {
	s := openStore(b, "file://"+b.TempDir())
	page := content(1, 100_000)
	n := 0
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		n++
		copy(page, strconv.Itoa(n))
		if _, created, err := s.Put(ctx, bytes.NewReader(page), Metadata{Name: "a page"}); err != nil || !created {
			b.Fatal(created, err)
		}
	}
}

func BenchmarkPutAgain(b *testing.B) {
	s := openStore(b, "file://"+b.TempDir())
	page := content(1, 100_000)
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Put(ctx, bytes.NewReader(page), Metadata{Name: "a page"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	s := openStore(b, "file://"+b.TempDir())
	d, _, err := s.Put(ctx, bytes.NewReader(content(1, 100_000)), Metadata{Name: "a page"})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(d.Size)
	b.ReportAllocs()
	for b.Loop() {
		_, r, err := s.Get(ctx, d.ID)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}
