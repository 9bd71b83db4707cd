// Package bundle carries the fact sheets that every installation starts with:
// one file a program, and reference data (places, airlines, exchange rates).
package bundle

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"slices"
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
func Sheets() ([]kg.Sheet, error) { return Read(files, names("*.yaml")...) }

// Read decodes fact sheets of a folder, each with its table: the CSV file of the
// same name. The error is a *schemas.SheetError if sheets can be read but have
// mistakes; those without any are returned beside it.
func Read(folder fs.FS, names ...string) ([]kg.Sheet, error) {
	sheets, failures := make([]kg.Sheet, len(names)), make([]error, len(names))
	var wait sync.WaitGroup
	for i, name := range names {
		wait.Go(func() { sheets[i], failures[i] = read(folder, name) })
	}
	wait.Wait()
	var all schemas.SheetError
	for _, err := range failures {
		if wrong, ok := errors.AsType[*schemas.SheetError](err); ok {
			all.Mistakes = append(all.Mistakes, wrong.Mistakes...)
		} else if err != nil {
			return nil, err
		}
	}
	if len(all.Mistakes) > 0 {
		return slices.DeleteFunc(sheets, func(s kg.Sheet) bool { return s.Facts == nil }), &all
	}
	return sheets, nil
}

func read(folder fs.FS, name string) (kg.Sheet, error) {
	text, err := fs.ReadFile(folder, name)
	if err != nil {
		return kg.Sheet{}, err
	}
	base := strings.TrimSuffix(name, path.Ext(name))
	var tables []schemas.Table
	table, err := fs.ReadFile(folder, base+".csv")
	if err == nil {
		tables = append(tables, schemas.Table{File: base + ".csv", Text: table})
	} else if !errors.Is(err, fs.ErrNotExist) {
		return kg.Sheet{}, err
	}
	facts, err := schemas.DecodeFactSheet(name, text, tables...)
	return kg.Sheet{Name: base, Facts: facts}, err
}

// names lists the bundle's files, sorted.
func names(pattern string) []string {
	list, _ := fs.Glob(files, pattern) // the patterns are constants
	return list
}
