package awards

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"loyalty-mcp/kg/bundle/bundletest"
	"loyalty-mcp/schemas"
)

// example is a price as somebody else published it.
type example struct {
	From     string   `json:"from"`
	To       string   `json:"to"`
	Via      []string `json:"via"`
	Carriers []string `json:"carriers"`
	Cabin    string   `json:"cabin"`
	Price    int64    `json:"price"` // for one traveller, one way unless Trip says otherwise
	High     int64    `json:"high"`
	Kind     string   `json:"kind"`
	Level    string   `json:"level"`
	Season   string   `json:"season"`
	Date     string   `json:"date"`
	Trip     string   `json:"trip"`
	// Chosen: the source names regions; the airports in them were chosen.
	Chosen bool `json:"chosen"`
	Source struct {
		Title string `json:"title"`
		URL   string `json:"url"`
		AsOf  string `json:"asOf"`
	} `json:"source"`
	Says string `json:"says"` // what the source states, in our words
	// Disagrees says why the chart is kept against the source, Superseded why the
	// source no longer holds; Basis that the chart was corrected from it, so that
	// it proves nothing.
	Disagrees  string `json:"disagrees"`
	Superseded string `json:"superseded"`
	Basis      bool   `json:"basis"`
}

// TestPublishedPrices compares what the charts say with prices that others
// published; each example's source is in its file. Charts come from one community
// data set and from what corrected it, the examples from elsewhere.
func TestPublishedPrices(t *testing.T) {
	book, err := NewBook(bundletest.Facts(t))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/prices/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	exact, consistent, unpriced, disagreeing, programs := 0, 0, 0, 0, map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list struct {
			Program string    `json:"program"`
			Prices  []example `json:"prices"`
		}
		if err := yaml.UnmarshalWithOptions(text, &list, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if list.Program != strings.TrimSuffix(filepath.Base(file), ".yaml") {
			t.Errorf("%s is of %s", file, list.Program)
		}
		for i, e := range list.Prices {
			name := fmt.Sprintf("%s %d: %s %s-%s %s", list.Program, i+1, strings.Join(e.Carriers, "+"), e.From, e.To, e.Cabin)
			if e.Source.Title == "" || e.Source.URL == "" || e.Source.AsOf == "" || e.Says == "" || e.Price <= 0 {
				t.Errorf("%s: lacks its source, its date or what it says", name)
			}
			right, fixed, got := book.check(t, list.Program, &e)
			switch {
			case e.Superseded != "" || e.Disagrees != "":
				disagreeing++
				if right && fixed && e.Superseded == "" {
					t.Errorf("%s is listed as a disagreement (%s), but agrees: %s", name, e.Disagrees, got)
				}
			case got == "": // not known is no wrong price
				unpriced++
			case !right:
				t.Errorf("%s: published %d (high %d, %s), got %s", name, e.Price, e.High, e.Source.Title, got)
			case e.Basis: // proves nothing
			case fixed:
				exact++
				programs[list.Program]++
			default:
				consistent++
			}
		}
	}
	t.Logf("%d published prices come out to the point in %d programs, %d more within a published range; %d have no price on file, %d are listed as superseded or disagreeing: %v",
		exact, len(programs), consistent, unpriced, disagreeing, programs)
	if exact < 150 || len(programs) < 15 {
		t.Errorf("only %d published prices in %d programs come out right", exact, len(programs))
	}
}

// check prices an example. fixed is false where either side states a range or the
// least that is asked, so that the two can only be consistent.
func (b *Book) check(t *testing.T, id string, e *example) (right, fixed bool, got string) {
	t.Helper()
	at := slices.IndexFunc(b.programs, func(p *program) bool { return p.id == id })
	if at < 0 {
		t.Fatalf("%s has no charts", id)
	}
	stops := slices.Concat([]string{e.From}, e.Via, []string{e.To})
	j := &journey{}
	for i := range stops[1:] {
		code := e.Carriers[min(i, len(e.Carriers)-1)]
		c, ok := b.carriers[code]
		from, fromKnown := b.index[stops[i]]
		to, toKnown := b.index[stops[i+1]]
		if !ok || !fromKnown || !toKnown {
			t.Errorf("%s %s-%s is not known", code, stops[i], stops[i+1])
			return false, false, ""
		}
		miles := b.miles(from, to)
		j.flights = append(j.flights, flight{leg{c, int32(to), int32(miles), &schemas.Provenance{}}, from})
		j.miles += miles
	}
	a := b.newAsk(b.programs[at], e.Cabin, e.Date, "2026-11-21")
	// A level of the program's own is another chart's: those below it are taken away.
	q, _, ok := a.price(j)
	if e.Level != "" && e.Level != "saver" && ok && !strings.EqualFold(q.level, e.Level) {
		other := *a.program
		other.charts = slices.DeleteFunc(slices.Clone(other.charts), func(c *chart) bool { return c.Level != "" && !strings.EqualFold(c.Level, e.Level) })
		level := *a
		level.program = &other
		q, _, ok = level.price(j)
	}
	if !ok {
		return false, false, ""
	}
	low, high := q.low, q.high
	if e.Trip == "roundTrip" && !q.roundTrip {
		low, high = 2*low, 2*high
	}
	got = fmt.Sprintf("%d to %d, %s %s %s out of %s", low, high, q.kind, q.level, q.season, q.part[0].chart.ID)
	if e.Trip != "roundTrip" && q.roundTrip {
		return false, false, got + " for a round trip"
	}
	published := max(e.High, e.Price)
	switch {
	case q.part[0].unsure || q.season != "":
		switch e.Season {
		case "off-peak":
			return low == e.Price, true, got
		case "peak":
			return high == published, e.High == 0, got
		default:
			return low <= e.Price && published <= high, false, got
		}
	case q.kind == "fixed" && published == e.Price && (e.Kind == "" || e.Kind == "fixed"):
		return low == e.Price, true, got
	case q.kind == "from" && low == e.Price:
		return true, true, got // the starting price itself
	case q.kind == "from" || q.kind == "dynamic" && high == low: // the least that was seen
		return low <= published, false, got
	case e.Kind == "from" && q.kind == "fixed":
		return low >= e.Price, false, got
	}
	return low <= published && e.Price <= high, false, got
}
