package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	check "loyalty-mcp/internal/verify"
)

// The tests run the binary as its users do: the test binary is that program when
// it is told so.
const beIngestor = "LOYALTY_TEST_BE_INGESTOR"

func TestMain(m *testing.M) {
	if os.Getenv(beIngestor) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

type result struct {
	stdout, stderr string
	code           int
}

func run(t *testing.T, arguments ...string) result {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, arguments...)
	c.Env = append(os.Environ(), beIngestor+"=1")
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			t.Fatal(err)
		}
	}
	return result{stdout.String(), stderr.String(), c.ProcessState.ExitCode()}
}

// sound is dated today, so that its facts are neither old nor of the future.
var sound = `
sources: [{id: s, title: made up, asOf: ` + time.Now().UTC().Format(time.DateOnly) + `, kind: official}]
program: {id: XX_Test, name: Test, kind: bank, unit: points, tiers: [{name: Member, sources: [s]}], reviewDays: 365, sources: [s]}
earningRules:
- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: fare, currency: GBP, rates: [{rate: 1}]}}}
`

// more is what makes each fault that ends the command with status 1; those that
// a sheet cannot hold are tested in internal/verify.
var more = map[string]string{
	"tie":          `- {id: b, title: B, operating: [BA], sources: [s], earn: {redeemable: {basis: nothing}}}`,
	"overlap":      `- {id: a-2026, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: nothing}}}`,
	"impossible":   `- {id: b, title: B, marketing: [AA], ticketing: [AA], ticketingNot: [AA], sources: [s], earn: {redeemable: {basis: nothing}}}`,
	"unknown-code": `- {id: b, title: B, marketing: [AA], route: {within: [airport/QQQ]}, sources: [s], earn: {redeemable: {basis: nothing}}}`,
	"rate":         `- {id: b, title: B, marketing: [AA], sources: [s], earn: {redeemable: {basis: distance, rates: [{rate: -1}]}}}`,
	"sheet":        `- {id: b, title: B, marketing: [AA], sources: [elsewhere], earn: {redeemable: {basis: nothing}}}`,
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestVerifyFaults(t *testing.T) {
	for kind, rules := range more {
		t.Run(kind, func(t *testing.T) {
			path := write(t, "XX_Test.yaml", sound+rules+"\n")
			lines := run(t, "verify", "--json", path)
			var found check.Finding
			if err := json.Unmarshal([]byte(lines.stdout), &found); err != nil { // the one line there is
				t.Fatalf("%v: %+v", err, lines)
			}
			if lines.code != 1 || found.Severity != check.Error || found.Kind != kind || found.Message == "" || !strings.Contains(lines.stderr, "1 error and 0 warnings") {
				t.Errorf("%+v", lines)
			}
			if kind == "sheet" && !strings.Contains(found.Message, path+":6: earningRules[1].sources[0]") {
				t.Errorf("no file, line and field: %s", found.Message)
			}
		})
	}
}

func TestVerifyText(t *testing.T) {
	got := run(t, "verify", write(t, "XX_Test.yaml", sound+more["tie"]+"\n"))
	if got.code != 1 || !strings.HasPrefix(got.stdout, "ERRORS: XX_Test\n  tie           earningRules/a fits as well as earningRules/b (redeemable)") ||
		!strings.HasSuffix(got.stdout, "\n\n1 error and 0 warnings in 1 program with 2 rules\n") || got.stderr != "" {
		t.Errorf("%+v", got)
	}
}

func TestVerifySoundSheet(t *testing.T) {
	path := write(t, "XX_Test.yaml", sound)
	for _, given := range []string{path, filepath.Dir(path)} {
		if got := run(t, "verify", given); got.code != 0 || got.stdout != "0 errors and 0 warnings in 1 program with 1 rule\n" {
			t.Errorf("%s: %+v", given, got)
		}
	}
	if got := run(t, "verify", "--json", path); got.code != 0 || got.stdout != "" {
		t.Errorf("%+v", got)
	}
}

// A folder is read as the bundle is, tables too; what it holds comes before the
// bundle's reference data.
func TestVerifyFolder(t *testing.T) {
	path := write(t, "XX_Test.yaml", sound+"- {id: b, title: B, marketing: [QX], route: {within: [airport/QQQ, country/GB]}, sources: [s], earn: {redeemable: {basis: nothing}}}\n")
	for name, text := range map[string]string{
		"own.yaml": "sources: [{id: s, title: made up, asOf: 2026-11-01, kind: official}]\nairlines: [{code: QX, name: Test Air, sources: [s]}]\n",
		"own.csv":  "code,name,city,country,continent,subdivision,latitude,longitude,sources\nQQQ,Test Field,,GB,EU,,52,0,s\n",
	} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := run(t, "verify", filepath.Dir(path)); got.code != 0 {
		t.Errorf("%+v", got)
	}
}

func TestVerifyStore(t *testing.T) {
	got := run(t, "verify", "--data-dir", t.TempDir(), "--json")
	if !strings.Contains(got.stderr, "imported the bundled facts") || !strings.Contains(got.stderr, " rules") {
		t.Errorf("%+v", got)
	}
	for line := range strings.Lines(got.stdout) {
		var found check.Finding
		if err := json.Unmarshal([]byte(line), &found); err != nil {
			t.Fatal(err)
		}
		if found.Severity == check.Error && got.code != 1 || found.Severity != check.Error && found.Severity != check.Warning {
			t.Errorf("status %d: %s", got.code, line)
		}
	}
}

func TestVerifyCannotRead(t *testing.T) {
	for _, arguments := range [][]string{{filepath.Join(t.TempDir(), "nowhere.yaml")}, {t.TempDir()}, {"--graph", "elsewhere"}} {
		if got := run(t, append([]string{"verify"}, arguments...)...); got.code != 1 || !strings.HasPrefix(got.stderr, "ingestor: ") || got.stdout != "" {
			t.Errorf("%v: %+v", arguments, got)
		}
	}
}

func TestHelp(t *testing.T) {
	got := run(t, "verify", "--help")
	for _, want := range []string{"--json", "--graph", "--data-dir", "LOYALTY_DATA_DIR", "status 1"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("%q is not in\n%s", want, got.stdout)
		}
	}
	for line := range strings.Lines(got.stdout) {
		if len(line) > 81 {
			t.Errorf("too long a line: %s", line)
		}
	}
}
