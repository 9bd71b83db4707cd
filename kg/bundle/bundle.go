// Package bundle carries the fact sheets that every installation starts with:
// one file a program, and reference data (places, airlines, exchange rates).
package bundle

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"strings"
	"sync"

	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

//go:embed *.yaml *.csv
var files embed.FS

// Hash names the bundle's content: two builds with the same sheets have the same.
func Hash() string {
	sum := sha256.New()
	for _, name := range names("*") {
		text, _ := files.ReadFile(name) // embedded: it cannot fail for a listed name
		sum.Write([]byte(name))
		sum.Write(text)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Sheets decodes the bundle. The error lists every mistake by file, line and field.
func Sheets() ([]kg.Sheet, error) {
	list := names("*.yaml")
	sheets, mistakes := make([]kg.Sheet, len(list)), make([]error, len(list))
	var wait sync.WaitGroup
	for i, name := range list {
		wait.Go(func() { sheets[i], mistakes[i] = decode(name) })
	}
	wait.Wait()
	return sheets, errors.Join(mistakes...)
}

// decode reads a sheet and, if there is one, the table of the same name.
func decode(name string) (kg.Sheet, error) {
	text, err := files.ReadFile(name)
	if err != nil {
		return kg.Sheet{}, err
	}
	base := strings.TrimSuffix(name, ".yaml")
	var tables []schemas.Table
	if table, err := files.ReadFile(base + ".csv"); err == nil {
		tables = append(tables, schemas.Table{File: base + ".csv", Text: table})
	}
	facts, err := schemas.DecodeFactSheet(name, text, tables...)
	return kg.Sheet{Name: base, Facts: facts}, err
}

// names lists the bundle's files, sorted.
func names(pattern string) []string {
	list, _ := fs.Glob(files, pattern) // the patterns are constants
	return list
}
