package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"loyalty-mcp/internal/config"
	check "loyalty-mcp/internal/verify"
	"loyalty-mcp/kg"
	"loyalty-mcp/kg/bundle"
	"loyalty-mcp/schemas"
)

type verify struct {
	config.Backend
	config.Log
	Paths []string `arg:"" optional:"" name:"path" help:"Fact sheets, or folders of them, to check instead of the graph. Airlines, places and exchange rates that they do not hold are the bundled ones."`
	JSON  bool     `help:"Print the findings as JSON, one on each line."`
}

// Help is what --help says beyond the flags.
func (verify) Help() string {
	return `Without a path the facts in the graph are checked. Errors make answers wrong or impossible, and end the command with status 1; warnings are for a person to look at.`
}

// errFaults ends the process with a failure that has been printed already.
var errFaults = errors.New("there are errors in the facts")

func (v verify) Run(ctx context.Context) error {
	facts, findings, err := v.facts(ctx)
	if err != nil {
		return err
	}
	findings = append(findings, check.Check(facts, time.Now().Format(time.DateOnly))...)
	var failures, warnings int
	for _, f := range findings {
		if f.Severity == check.Error {
			failures++
		} else {
			warnings++
		}
	}
	rules := 0
	for _, p := range facts.Programs {
		rules += len(p.EarningRules)
	}
	counts := fmt.Sprintf("%s and %s in %s with %s", plural(failures, "error"), plural(warnings, "warning"),
		plural(len(facts.Programs), "program"), plural(rules, "rule"))
	if v.JSON {
		err = printJSON(os.Stdout, findings)
		fmt.Fprintln(os.Stderr, counts)
	} else {
		err = printText(os.Stdout, findings, counts)
	}
	if err == nil && failures > 0 {
		err = errFaults
	}
	return err
}

// facts reads what is to be checked. Sheets that cannot be read are findings.
func (v verify) facts(ctx context.Context) (*kg.Facts, []check.Finding, error) {
	if len(v.Paths) == 0 {
		graph, err := v.OpenGraph(ctx, v.Logger(os.Stderr), time.Now)
		if err != nil {
			return nil, nil, err
		}
		defer graph.Close()
		facts, err := kg.NewCatalog(graph).Facts(ctx)
		return facts, nil, err
	}
	bundled, err := bundle.Sheets()
	if err != nil {
		return nil, nil, err
	}
	// The bundle's programs are not what is asked about. What the given sheets
	// hold comes after, and so replaces, the bundle's reference data.
	sheets := slices.DeleteFunc(bundled, func(s kg.Sheet) bool { return s.Facts.Program != nil })
	var findings []check.Finding
	for _, path := range v.Paths {
		given, unreadable, err := readPath(path)
		if err != nil {
			return nil, nil, err
		}
		sheets, findings = append(sheets, given...), append(findings, unreadable...)
	}
	facts, err := kg.FactsOf(sheets)
	return facts, findings, err
}

// readPath reads a fact sheet, or those of a folder.
func readPath(path string) ([]kg.Sheet, []check.Finding, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	dir, names := filepath.Dir(path), []string{filepath.Base(path)}
	if info.IsDir() {
		dir = path
		if names, err = fs.Glob(os.DirFS(dir), "*.yaml"); err != nil {
			return nil, nil, err
		}
		if len(names) == 0 {
			return nil, nil, fmt.Errorf("%s: no fact sheets (*.yaml) are in this folder", path)
		}
	}
	sheets, err := bundle.Read(os.DirFS(dir), names...)
	wrong, ok := errors.AsType[*schemas.SheetError](err)
	if !ok {
		return sheets, nil, err
	}
	var findings []check.Finding
	for _, m := range wrong.Mistakes {
		m.File = filepath.Join(dir, m.File)
		findings = append(findings, check.Finding{Severity: check.Error, Kind: check.Sheet, Message: m.String()})
	}
	return sheets, findings, nil
}

func printJSON(w io.Writer, findings []check.Finding) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for _, f := range findings {
		if err := out.Encode(f); err != nil {
			return err
		}
	}
	return nil
}

// printText writes findings under the program that they are of, errors first.
func printText(w io.Writer, findings []check.Finding, counts string) error {
	var b strings.Builder
	for i, f := range findings {
		if i == 0 || f.Program != findings[i-1].Program || f.Severity != findings[i-1].Severity {
			if i > 0 {
				b.WriteByte('\n')
			}
			program := f.Program
			if program == "" {
				program = "sheets and reference data"
			}
			fmt.Fprintf(&b, "%sS: %s\n", strings.ToUpper(f.Severity), program)
		}
		fmt.Fprintf(&b, "  %-13s ", f.Kind)
		if f.Fact != "" {
			b.WriteString(f.Fact + " ")
		}
		b.WriteString(f.Message + "\n")
	}
	if len(findings) > 0 {
		b.WriteByte('\n')
	}
	b.WriteString(counts + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
