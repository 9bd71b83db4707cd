package documents

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// incoming has the temporary files, on the file system of the documents: a link or
// a rename is all that makes one of them a document.
const incoming = "incoming"

// abandonedAfter is the age at which a temporary file is no running Put's any more.
const abandonedAfter = 24 * time.Hour

// folder is used without gocloud.dev: its folders make two writers of one key both
// believe that they were first, and acknowledge what is not on the disk yet.
type folder struct {
	path string
	root *os.Root // nothing outside it can be reached, by no key and no symbolic link
	info fs.FileInfo
}

func openFolder(slashed string) (*Store, error) {
	dir := filepath.FromSlash(slashed)
	if runtime.GOOS == "windows" {
		dir = strings.TrimPrefix(dir, `\`) // before the drive's letter
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w: the folder of documents cannot be made: %w; make the folder above it, or choose another", ErrUnavailable, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: the folder of documents cannot be opened: %w; choose a folder that this user may read", ErrUnavailable, err)
	}
	info, err := root.Stat(".")
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("%w: the folder of documents cannot be read: %w", ErrUnavailable, err)
	}
	f := &folder{dir, root, info}
	f.sweep()
	return &Store{f}, nil
}

// sweep removes what killed processes left. It is no harm if it cannot: a folder
// may be there only to be read.
func (f *folder) sweep() {
	files, _ := fs.ReadDir(f.root.FS(), incoming)
	for _, file := range files {
		if info, err := file.Info(); err == nil && time.Since(info.ModTime()) > abandonedAfter {
			f.root.Remove(incoming + "/" + file.Name())
		}
	}
}

func (f *folder) close() { f.root.Close() }

func (f *folder) temporary() (*os.File, error) {
	if err := f.mkdir(incoming); err != nil {
		return nil, err
	}
	return f.root.OpenFile(incoming+"/"+rand.Text(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
}

func (f *folder) keep(ctx context.Context, file staged, key string, replace bool) (bool, error) {
	err := ctx.Err()
	if err == nil {
		err = f.name(file, key, replace)
	}
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, unavailable(ctx, "storing a document in "+f.path, err)
	}
	return true, nil
}

// name gives a temporary file its name, in steps that a power cut may part: the
// bytes are on the disk before the name.
func (f *folder) name(file staged, key string, replace bool) error {
	if err := file.Sync(); err != nil {
		return err
	}
	shelf := path.Dir(key)
	for _, dir := range []string{path.Dir(shelf), shelf} {
		if err := f.mkdir(dir); err != nil {
			return err
		}
	}
	from := incoming + "/" + filepath.Base(file.Name())
	put := f.root.Link // fails if there is one, as a rename does not
	if replace {
		put = f.root.Rename
	}
	if err := put(from, key); err != nil {
		return err
	}
	return f.sync(shelf)
}

// mkdir makes a folder that stays after a power cut.
func (f *folder) mkdir(name string) error {
	err := f.root.Mkdir(name, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.sync(path.Dir(name))
}

// sync makes the names in a folder stay after a power cut. Windows has no way to
// ask for that.
func (f *folder) sync(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := f.root.Open(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

func (f *folder) open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, unavailable(ctx, "reading "+f.path, err)
	}
	file, err := f.root.Open(key)
	if err != nil {
		return nil, f.missing(ctx, err)
	}
	return file, nil
}

// missing tells a file that is not there from a folder that is not there any more.
func (f *folder) missing(ctx context.Context, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		info, gone := os.Stat(f.path)
		if gone == nil && os.SameFile(info, f.info) {
			return ErrNotFound
		}
		err = errors.New("the folder was removed or replaced while it was open; restart the program")
	}
	return unavailable(ctx, "reading "+f.path, err)
}

func (f *folder) list(ctx context.Context, after string, limit int) ([]string, error) {
	shelves, err := f.entries(ctx, "sha256")
	var ids []string
	for _, shelf := range shelves {
		if !shelf.IsDir() || after != "" && shelf.Name() < after[:2] {
			continue
		}
		files, err := f.entries(ctx, "sha256/"+shelf.Name())
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			id, is := strings.CutSuffix(file.Name(), recordSuffix)
			if !is || !validID(id) || id <= after {
				continue
			}
			if ids = append(ids, id); len(ids) == limit {
				return ids, nil
			}
		}
	}
	return ids, err
}

// entries returns what is in a folder, in order; nothing if there is no such folder.
func (f *folder) entries(ctx context.Context, name string) ([]fs.DirEntry, error) {
	if err := ctx.Err(); err != nil {
		return nil, unavailable(ctx, "reading "+f.path, err)
	}
	entries, err := fs.ReadDir(f.root.FS(), name)
	if err != nil {
		if err = f.missing(ctx, err); errors.Is(err, ErrNotFound) {
			err = nil
		}
		return nil, err
	}
	return entries, nil
}
