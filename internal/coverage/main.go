// Command coverage writes down what the bundled facts can answer, program by
// program and carrier by carrier. It takes the file to write.
package main

import (
	"bytes"
	"fmt"
	"os"

	"loyalty-mcp/kg"
	"loyalty-mcp/kg/bundle"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: coverage FILE")
	}
	sheets, err := bundle.Sheets()
	if err != nil {
		return err
	}
	facts, err := kg.FactsOf(sheets)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := write(&text, facts); err != nil {
		return err
	}
	return os.WriteFile(os.Args[1], text.Bytes(), 0o644)
}
