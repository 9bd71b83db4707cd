package render

import (
	"strings"
	"testing"
)

func TestJSON(t *testing.T) {
	answer := `{"options":[{"program":"AA","redeemable":{"amount":19200,"unit":"miles"},"eliteMetrics":[{"metric":"LP","amount":19200}],
		"segments":[{"origin":"JFK","notes":["one","two"]}]}],"unanswered":[{"program":"AS","reason":"no rule"}],"warnings":[]}`
	want := `Options
  PROGRAM  REDEEMABLE    ELITE METRICS
  AA       19,200 miles  LP 19,200
    Segments
        Notes
          - one
          - two
Unanswered
  PROGRAM  REASON
  AS       no rule
`
	var b strings.Builder
	if err := JSON(&b, []byte(answer)); err != nil {
		t.Fatal(err)
	}
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// TestHeadings: rows with details of their own are told apart.
func TestHeadings(t *testing.T) {
	answer := `{"segments":[{"origin":"JFK","destination":"LHR","notes":["a"]},{"origin":"LHR","destination":"CDG","notes":["b"]}],
		"missing":[{"metrics":[{"metric":"Q","have":1,"need":2}]},{"metrics":[{"metric":"F","have":1,"need":3}]}]}`
	var b strings.Builder
	if err := JSON(&b, []byte(answer)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  JFK-LHR\n", "  LHR-CDG\n", "  1.\n", "  2.\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

func TestJSONReportsBrokenInput(t *testing.T) {
	for _, answer := range []string{``, `{`, `{"a":`, `[1,`} {
		var b strings.Builder
		if err := JSON(&b, []byte(answer)); err == nil {
			t.Errorf("%q: no error", answer)
		}
	}
}

func TestThousands(t *testing.T) {
	for given, want := range map[string]string{"0": "0", "999": "999", "1000": "1,000", "-1234567.25": "-1,234,567.25"} {
		if got := thousands(given); got != want {
			t.Errorf("thousands(%s) = %s, want %s", given, got, want)
		}
	}
}

// TestKeys: what is kept by a code or a name keeps it.
func TestKeys(t *testing.T) {
	var b strings.Builder
	if err := JSON(&b, []byte(`{"memberships":{"AA_AAdvantage":{"tierExpires":"2027-03-31"},"Tokyo in May":{"tier":"Gold"}}}`)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  AA_AAdvantage\n", "Tier expires: 2027-03-31", "  Tokyo in May\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}
