package kg_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loyalty-mcp/kg"
	"loyalty-mcp/kg/embedded"
	"loyalty-mcp/schemas"
)

const reference = `
sources:
- {id: old, title: Older page, asOf: 2026-01-01, kind: article}
- {id: new, title: Newer page, asOf: 2026-10-01, kind: official}
alliances: [{id: oneworld, name: oneworld, sources: [new]}]
airlines: [{code: AA, name: American, alliance: oneworld, country: US, sources: [old]}]
regions: [{id: country/US, name: United States, sources: [new]}]
airports:
- {code: JFK, name: Kennedy, country: US, continent: NA, latitude: 40.6, longitude: -73.8, sources: [new]}
- {code: LAX, name: Los Angeles, country: US, continent: NA, latitude: 33.9, longitude: -118.4, sources: [new]}
cities: [{code: NYC, name: New York, country: US, airports: [JFK], sources: [new]}]
exchangeRates: [{currency: USD, perUSD: 1, date: 2026-10-01, sources: [new]}]
`

const program = `
sources: [{id: page, title: Page, asOf: 2026-10-01, kind: official}]
program: {id: AA_AAdvantage, name: AAdvantage, kind: airline, airlines: [AA], alliance: oneworld, unit: miles,
  tiers: [{name: Member, sources: [page]}], reviewDays: 365, sources: [page]}
earningRules:
- {id: first, title: First, marketing: [AA], sources: [page], earn: {redeemable: {basis: fare, currency: USD, rates: [{rate: 5}]}}}
- {id: second, title: Second, marketing: [AA], effectiveDate: 2026-02-01, route: {between: [city/NYC], and: [airport/LAX]},
  sources: [page], earn: {redeemable: {basis: nothing}}}
`

func sheets(t *testing.T, texts map[string]string) func() ([]kg.Sheet, error) {
	t.Helper()
	var list []kg.Sheet
	for _, name := range []string{"reference", "AA_AAdvantage"} {
		facts, err := schemas.DecodeFactSheet(name, []byte(texts[name]))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, kg.Sheet{Name: name, Facts: facts})
	}
	return func() ([]kg.Sheet, error) { return list, nil }
}

func open(t *testing.T) kg.Graph {
	t.Helper()
	g, err := embedded.Open(t.Context(), filepath.Join(t.TempDir(), "graph.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

func day(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}

func TestImportBundle(t *testing.T) {
	ctx, g := context.Background(), open(t)
	both := map[string]string{"reference": reference, "AA_AAdvantage": program}
	if changed, err := kg.ImportBundle(ctx, g, "1", sheets(t, both), day("2026-11-01")); err != nil || !changed {
		t.Fatalf("first import: %v, %v", changed, err)
	}
	version, err := g.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	never := func() ([]kg.Sheet, error) { return nil, errors.New("the sheets were read again") }
	if changed, err := kg.ImportBundle(ctx, g, "1", never, day("2026-11-02")); err != nil || changed {
		t.Fatalf("the same bundle again: %v, %v", changed, err)
	}
	if again, _ := g.Version(ctx); again != version {
		t.Error("the same bundle changed the graph")
	}

	catalog := kg.NewCatalog(g)
	facts, err := catalog.Facts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	rules := facts.Programs["AA_AAdvantage"].EarningRules
	if len(rules) != 2 || rules[0].ID != "AA_AAdvantage/first" || rules[0].AsOf != "2026-10-01" || rules[0].Sources[0] != "AA_AAdvantage/page" {
		t.Errorf("the rules did not come back as they went in: %+v", rules)
	}
	if facts.Airlines["AA"].AsOf != "2026-01-01" || facts.Sources["reference/old"].Title != "Older page" {
		t.Errorf("provenance is lost: %+v", facts.Airlines["AA"])
	}
	if same, _ := catalog.Facts(ctx); same != facts {
		t.Error("facts were read again though the version is the same")
	}
	around, err := g.Expand(ctx, kg.Expansion{IDs: []string{"rule/AA_AAdvantage/first"}, Depth: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []kg.Edge{
		{From: "rule/AA_AAdvantage/first", Label: kg.EdgeAppliesTo, To: "airline/AA"},
		{From: "rule/AA_AAdvantage/first", Label: kg.EdgeCreditsToProgram, To: "program/AA_AAdvantage"},
		{From: "rule/AA_AAdvantage/first", Label: kg.EdgeExtractedFrom, To: "source/AA_AAdvantage/page"},
	} {
		found := false
		for _, e := range around.Edges {
			found = found || e.From == want.From && e.Label == want.Label && e.To == want.To
		}
		if !found {
			t.Errorf("no edge %+v", want)
		}
	}
}

// TestLaterBundleRetires: a rule that a later bundle no longer holds stays
// readable with its last day, so that past travel is still answered by it.
func TestLaterBundleRetires(t *testing.T) {
	ctx, g := context.Background(), open(t)
	if _, err := kg.ImportBundle(ctx, g, "1", sheets(t, map[string]string{"reference": reference, "AA_AAdvantage": program}), day("2026-11-01")); err != nil {
		t.Fatal(err)
	}
	own := kg.Batch{Vertices: []kg.Vertex{{ID: "rule/own", Label: "Note", Properties: map[string]any{"name": "not of the bundle"}}}}
	if err := g.Apply(ctx, own); err != nil {
		t.Fatal(err)
	}
	without := program[:strings.Index(program, "- {id: second")]
	if changed, err := kg.ImportBundle(ctx, g, "2", sheets(t, map[string]string{"reference": reference, "AA_AAdvantage": without}), day("2026-11-20")); err != nil || !changed {
		t.Fatalf("%v, %v", changed, err)
	}
	facts, err := kg.NewCatalog(g).Facts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	rules := facts.Programs["AA_AAdvantage"].EarningRules
	if len(rules) != 2 || rules[0].ExpirationDate != "" || rules[1].ExpirationDate != "2026-11-19" || rules[1].EffectiveDate != "2026-02-01" {
		t.Errorf("got %+v", rules)
	}
	if kept, err := g.Get(ctx, "rule/own"); err != nil || len(kept) != 1 || kept[0].ExpirationDate != "" {
		t.Errorf("a fact that is not the bundle's was touched: %+v, %v", kept, err)
	}
}

// TestReferencesMustResolve: what leads nowhere is named, and nothing is written.
func TestReferencesMustResolve(t *testing.T) {
	for name, edit := range map[string][3]string{
		"carrier":  {"marketing: [AA], sources", "marketing: [ZZ], sources", `earningRules first carriers: no sheet has the airline "ZZ"`},
		"currency": {"currency: USD", "currency: XXX", `no sheet has the currency "XXX"`},
		"area":     {"airport/LAX", "airport/LAS", `earningRules second route: no sheet has the area "airport/LAS"`},
		"alliance": {"alliance: oneworld, unit", "alliance: skyteam, unit", `no sheet has the alliance "skyteam"`},
	} {
		t.Run(name, func(t *testing.T) {
			g := open(t)
			broken := strings.Replace(program, edit[0], edit[1], 1)
			_, err := kg.ImportBundle(t.Context(), g, "1", sheets(t, map[string]string{"reference": reference, "AA_AAdvantage": broken}), day("2026-11-01"))
			if err == nil || !strings.Contains(err.Error(), edit[2]) || !strings.Contains(err.Error(), "AA_AAdvantage") {
				t.Errorf("got %v, want %s", err, edit[2])
			}
			if written, err := g.Match(t.Context(), kg.Pattern{Labels: []string{kg.LabelAirport}}); err != nil || len(written) != 0 {
				t.Errorf("%d airports were written, %v", len(written), err)
			}
		})
	}
}
