package awards_test

import (
	"cmp"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"loyalty-mcp/internal/awards"
	"loyalty-mcp/schemas"
)

// published is a transfer as a source states it.
type published struct {
	Name    string           `json:"name"`
	From    string           `json:"from"`
	To      string           `json:"to"`
	Send    int64            `json:"send,omitempty"`
	Receive int64            `json:"receive,omitempty"`
	FeeUSD  *schemas.Decimal `json:"feeUSD,omitempty"`
	Date    string           `json:"date"`
	// Refused: the source states that there is no such transfer. Over is the
	// program over which a detour leads there all the same.
	Refused bool   `json:"refused,omitempty"`
	Over    string `json:"over,omitempty"`
	Source  struct {
		Title string `json:"title"`
		URL   string `json:"url"`
		AsOf  string `json:"asOf"`
	} `json:"source"`
	Says string `json:"says"`
}

func readPublished(t *testing.T) []published {
	t.Helper()
	text, err := os.ReadFile("testdata/transfers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var list []published
	if err := yaml.UnmarshalWithOptions(text, &list, yaml.Strict()); err != nil {
		t.Fatal(yaml.FormatError(err, false, true))
	}
	return list
}

func TestPublishedTransfers(t *testing.T) {
	b := book(t)
	passed, refused := 0, 0
	for _, p := range readPublished(t) {
		t.Run(cmp.Or(p.Name, p.From+" to "+p.To), func(t *testing.T) {
			if !sourced(&p) {
				t.Fatalf("without a source, its address and date, what it says, or the day of the transfer: %+v", p)
			}
			switch {
			case !p.Refused:
				checkTransfer(t, b, &p)
			case p.Over != "":
				checkDetour(t, b, &p)
			default:
				checkRefused(t, b, &p)
			}
			if t.Failed() {
				return
			}
			passed++
			if p.Refused {
				refused++
			}
		})
	}
	t.Logf("%d published transfers pass, %d of them refusals", passed, refused)
	if passed < 40 || refused < 8 {
		t.Errorf("%d published transfers pass, %d of them refusals: too few", passed, refused)
	}
}

func sourced(p *published) bool {
	address, err := url.Parse(p.Source.URL)
	if err != nil || address.Host == "" || p.Source.Title == "" || p.Says == "" {
		return false
	}
	for _, date := range []string{p.Date, p.Source.AsOf} {
		if _, err := time.Parse(time.DateOnly, date); err != nil {
			return false
		}
	}
	return true
}

// checkTransfer asks for what the source says arrives, with just what it says is
// sent; a point more must then be out of reach.
func checkTransfer(t *testing.T, b *awards.Book, p *published) {
	t.Helper()
	a := fund(t, b, p, p.Receive, p.Send)
	if !a.Affordable || len(a.Steps) != 1 {
		t.Fatalf("not one transfer: %+v, %s", a.Steps, a.Reason)
	}
	if s := a.Steps[0]; s.From != p.From || s.To != p.To || s.Send != p.Send || s.Receive != p.Receive {
		t.Errorf("%d points of %s become %d of %s, the source says that %d become %d", s.Send, s.From, s.Receive, s.To, p.Send, p.Receive)
	}
	got, want := a.Steps[0].FeeUSD, p.FeeUSD
	if (got == nil) != (want == nil) || got != nil && !got.Equal(want.Decimal) {
		t.Errorf("fee %v, the source says %v", got, want)
	}
	if more := fund(t, b, p, p.Receive+1, p.Send); more.Affordable || len(more.Steps) > 0 {
		t.Errorf("%d points bring %d, more than the source says: %+v", p.Send, p.Receive+1, more.Steps)
	}
}

func checkRefused(t *testing.T, b *awards.Book, p *published) {
	t.Helper()
	a := fund(t, b, p, 1000, 100_000)
	if a.Affordable || len(a.Steps) > 0 {
		t.Errorf("transferred all the same: %+v", a.Steps)
	}
	if !strings.Contains(a.Reason, p.From) || !strings.Contains(a.Reason, p.To) {
		t.Errorf("the missing link is not named: %s", a.Reason)
	}
}

func checkDetour(t *testing.T, b *awards.Book, p *published) {
	t.Helper()
	a := fund(t, b, p, 1000, 100_000)
	if !a.Affordable || len(a.Steps) != 2 || a.Steps[0].From != p.From || a.Steps[0].To != p.Over || a.Steps[1].From != p.Over || a.Steps[1].To != p.To {
		t.Errorf("not over %s: %+v, %s", p.Over, a.Steps, a.Reason)
	}
}

func fund(t *testing.T, b *awards.Book, p *published, points, balance int64) *schemas.TransferAnswer {
	t.Helper()
	a, err := b.Plan(&schemas.TransferQuestion{Target: p.To, Points: points, Date: p.Date,
		Balances: []schemas.Balance{{Program: p.From, Amount: balance}}}, today)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
