package main

import (
	"bytes"
	"os"
	"testing"

	"loyalty-mcp/kg"
	"loyalty-mcp/kg/bundle"
)

func TestDocumentIsUpToDate(t *testing.T) {
	sheets, err := bundle.Sheets()
	if err != nil {
		t.Fatal(err)
	}
	facts, err := kg.FactsOf(sheets)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := write(&want, facts); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/coverage.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("docs/coverage.md does not say what the bundle holds: run make docs")
	}
}
