package earnings_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"loyalty-mcp/internal/earnings"
	"loyalty-mcp/kg/bundle/bundletest"
	"loyalty-mcp/schemas"
)

// exampleFile holds worked examples that a source publishes for one program,
// the one it is named after.
type exampleFile struct {
	Sources  []schemas.Source `json:"sources"`
	Examples []example        `json:"examples"`
}

type example struct {
	ID       string                   `json:"id"`
	Source   string                   `json:"source"`
	States   string                   `json:"states"`
	Question schemas.EarningsQuestion `json:"question"`
	Expect   expectation              `json:"expect"`
	Excluded string                   `json:"excluded,omitempty"`
}

// expectation is what the source states; what it does not state is left out.
type expectation struct {
	Redeemable *int64           `json:"redeemable,omitempty"`
	Metrics    map[string]int64 `json:"metrics,omitempty"`
	Segments   []struct {
		Redeemable *int64           `json:"redeemable,omitempty"`
		Metrics    map[string]int64 `json:"metrics,omitempty"`
	} `json:"segments,omitempty"`
	Unanswered bool `json:"unanswered,omitempty"`
}

// today is the day on which the tests ask. Every example gives its own dates, so
// that only the age of facts depends on it.
var today = bundletest.Today.Format(time.DateOnly)

func book(t testing.TB) *earnings.Book {
	t.Helper()
	b, err := earnings.NewBook(bundletest.Facts(t))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readExamples(t testing.TB, path string) exampleFile {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file exampleFile
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		t.Fatalf("%s: %s", path, yaml.FormatError(err, false, true))
	}
	return file
}

func TestExamples(t *testing.T) {
	paths, err := filepath.Glob("testdata/examples/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	b := book(t)
	for _, path := range paths {
		program := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(program, func(t *testing.T) {
			file := readExamples(t, path)
			for _, e := range file.Examples {
				t.Run(e.ID, func(t *testing.T) {
					if !slices.ContainsFunc(file.Sources, func(s schemas.Source) bool { return s.ID == e.Source }) {
						t.Fatalf("source %q is not in the file", e.Source)
					}
					if e.Excluded != "" {
						return // listed with its reason, not run: see TestExcludedExamplesHaveReasons
					}
					check(t, b, program, e)
				})
			}
		})
	}
}

// TestExcludedExamplesHaveReasons counts what is run and looks at what is not: an
// excluded example says why, and the answer is still computed without an error.
func TestExcludedExamplesHaveReasons(t *testing.T) {
	paths, err := filepath.Glob("testdata/examples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	b := book(t)
	run, excluded, programs := 0, 0, 0
	for _, path := range paths {
		here := 0
		for _, e := range readExamples(t, path).Examples {
			if e.Excluded == "" {
				here++
				continue
			}
			excluded++
			if len(e.Excluded) < 20 {
				t.Errorf("%s %s: the reason says too little: %q", path, e.ID, e.Excluded)
			}
			q := e.Question
			q.Programs = []string{strings.TrimSuffix(filepath.Base(path), ".yaml")}
			if _, err := b.Calculate(&q, today); err != nil {
				t.Errorf("%s %s: %v", path, e.ID, err)
			}
		}
		run += here
		if here > 0 {
			programs++
		}
	}
	t.Logf("%d examples run over %d programs, %d are excluded", run, programs, excluded)
	if run < 300 || programs < 18 {
		t.Errorf("%d examples over %d programs are too few", run, programs)
	}
}

func check(t *testing.T, b *earnings.Book, program string, e example) {
	t.Helper()
	q := e.Question
	q.Programs = []string{program}
	answer, err := b.Calculate(&q, today)
	if err != nil {
		t.Fatal(err)
	}
	if e.Expect.Unanswered {
		if len(answer.Options) > 0 {
			t.Errorf("%s\nanswered, want unanswered: %s", e.States, show(answer))
		}
		return
	}
	if len(answer.Options) != 1 {
		t.Fatalf("%s\nnot answered: %s", e.States, show(answer))
	}
	option := answer.Options[0]
	if e.Expect.Redeemable == nil && e.Expect.Metrics == nil && e.Expect.Segments == nil {
		t.Fatal("the example expects nothing")
	}
	if want := e.Expect.Redeemable; want != nil && *want != option.Redeemable.Amount {
		t.Errorf("%s\nredeemable: got %d, want %d\n%s", e.States, option.Redeemable.Amount, *want, show(answer))
	}
	checkMetrics(t, e, option.EliteMetrics, e.Expect.Metrics, answer)
	for i, want := range e.Expect.Segments {
		got := option.Segments[i]
		if want.Redeemable != nil && *want.Redeemable != got.Redeemable {
			t.Errorf("%s\nsegment %d redeemable: got %d, want %d\n%s", e.States, i, got.Redeemable, *want.Redeemable, show(answer))
		}
		checkMetrics(t, e, got.EliteMetrics, want.Metrics, answer)
	}
}

func checkMetrics(t *testing.T, e example, got []schemas.MetricAmount, want map[string]int64, answer *schemas.EarningsAnswer) {
	t.Helper()
	for metric, amount := range want {
		at := slices.IndexFunc(got, func(m schemas.MetricAmount) bool { return m.Metric == metric })
		switch {
		case at < 0:
			t.Errorf("%s\n%s is not in the answer, want %d\n%s", e.States, metric, amount, show(answer))
		case got[at].Amount != amount:
			t.Errorf("%s\n%s: got %d, want %d\n%s", e.States, metric, got[at].Amount, amount, show(answer))
		}
	}
}

func show(answer *schemas.EarningsAnswer) string {
	text, _ := json.MarshalIndent(answer, "", " ")
	return string(text)
}
