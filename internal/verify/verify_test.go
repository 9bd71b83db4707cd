package verify

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"loyalty-mcp/kg"
	"loyalty-mcp/kg/bundle"
	"loyalty-mcp/kg/bundle/bundletest"
	"loyalty-mcp/schemas"
)

var today = bundletest.Today.Format(time.DateOnly)

// sound is a sheet in which nothing is wrong; the tests plant faults in it.
const sound = `
sources: [{id: s, title: made up, asOf: 2026-11-01, kind: official}]
program:
  id: XX_Test
  name: Test
  kind: airline
  airlines: [BA]
  alliance: oneworld
  unit: miles
  qualificationYear: {kind: calendar}
  metrics: [{code: Q, name: qualifying}]
  tiers:
  - {name: Member, sources: [s]}
  - {name: Silver, earningBonus: 0.25, qualification: [{Q: 300}], sources: [s]}
  - {name: Gold, earningBonus: 0.5, qualification: [{Q: 600}], sources: [s]}
  cards: [{id: CARD, name: the card}, {id: OTHER, name: the other card}]
  earningChoices: [{id: miles, name: by miles, default: true}, {id: money, name: by money}]
  fareBrands: [Light, Flex]
  reviewDays: 365
  sources: [s]
fareCategories:
- {id: SQ, marketing: [SQ], byCategory: {cheap: KL, dear: YB}, unlisted: nothing, sources: [s]}
distances:
- {from: JFK, to: LHR, miles: 3451, sources: [s]}
earningRules:
- {id: own, title: Own, marketing: [BA], effectiveDate: 2026-01-01, sources: [s],
  earn: {redeemable: {basis: fare, currency: GBP, rates: [{byTier: {Member: 6, Silver: 7, Gold: 8}}]}, Q: {basis: award, rates: [{rate: 1}], divideBy: 5}}}
- {id: own-2024, title: Own until 2025, marketing: [BA], expirationDate: 2025-12-31, sources: [s],
  earn: {redeemable: {basis: distance, rates: [{classes: JC, rate: 2, cabinBonus: 0.5}, {rate: 1}], eliteBonus: base}}}
- {id: sq, title: Partner, marketing: [SQ], sources: [s],
  earn: {redeemable: {basis: distance, rates: [{categories: [dear], rate: 1}, {categories: [cheap], rate: 0.25}]}}}
- {id: short, title: Short flights, marketing: [AF], route: {miles: {upTo: 650}}, unlisted: nothing, sources: [s], earn: {redeemable: {basis: segment, rates: [{classes: YJ, rate: 300}]}}}
- {id: long, title: Long flights, marketing: [AF], route: {miles: {over: 650}}, unlisted: nothing, sources: [s], earn: {redeemable: {basis: segment, rates: [{classes: YJ, rate: 900}]}}}
`

// soundAwards ends it.
const soundAwards = `
awardPartners: [{id: own, carriers: [BA], sources: [s]}]
awardCharts:
- {id: own, title: Own, carriers: [BA], per: segment, sources: [s], rows: [{between: [country/GB], and: [subdivision/US-NY], prices: {economy: 100, business: 300}}]}
awardFees: [{id: own, surcharge: none, typical: [{low: 5.6, currency: USD}], sources: [s]}]
awardRules: [{id: stop, about: stopover, text: None., sources: [s]}]
sweetSpots: [{id: spot, title: Spot, carriers: [BA], route: {within: [country/US]}, cabin: economy, price: 90, sources: [s]}]
`

// reference is the bundle's reference data.
var reference = sync.OnceValues(func() (*kg.Facts, error) {
	sheets, err := bundle.Sheets()
	if err != nil {
		return nil, err
	}
	return kg.FactsOf(slices.DeleteFunc(sheets, func(s kg.Sheet) bool { return s.Facts.Program != nil }))
})

// find checks the sound sheet with more rules and a fault planted in it.
func find(t *testing.T, rules string, plant func(*schemas.FactSheet)) []Finding {
	t.Helper()
	sheet, err := schemas.DecodeFactSheet("test.yaml", []byte(sound+rules+soundAwards))
	if err != nil {
		t.Fatal(err)
	}
	if plant != nil {
		plant(sheet)
	}
	planted, err := kg.FactsOf([]kg.Sheet{{Name: "test", Facts: sheet}})
	if err != nil {
		t.Fatal(err)
	}
	known, err := reference()
	if err != nil {
		t.Fatal(err)
	}
	facts := *known
	facts.Programs, facts.Sources, facts.Regions = planted.Programs, maps.Clone(known.Sources), maps.Clone(known.Regions)
	maps.Copy(facts.Sources, planted.Sources)
	maps.Copy(facts.Regions, planted.Regions)
	return Check(&facts, today)
}

func TestSoundSheet(t *testing.T) {
	if found := find(t, "", nil); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

// rule finds a rule of the planted sheet.
func rule(s *schemas.FactSheet, id string) *schemas.EarningRule {
	return &s.EarningRules[slices.IndexFunc(s.EarningRules, func(r schemas.EarningRule) bool { return r.ID == id })]
}

func TestPlantedFaults(t *testing.T) {
	earn := func(s *schemas.FactSheet, id string, change func(*schemas.Earn)) {
		e := rule(s, id).Earn[schemas.UnitRedeemable]
		e.Rates = slices.Clone(e.Rates)
		change(&e)
		rule(s, id).Earn[schemas.UnitRedeemable] = e
	}
	decimal := func(text string) *schemas.Decimal { d := schemas.MustDecimal(text); return &d }
	for name, test := range map[string]struct {
		rules string
		plant func(*schemas.FactSheet)
		want  Finding // Message is a part of it
	}{
		"an award partner": {plant: func(s *schemas.FactSheet) { s.AwardPartners[0].Carriers = []string{"??"} },
			want: Finding{Error, UnknownCode, "XX_Test", "awardPartners/own", `carrier "??"`}},
		"a chart's state": {plant: func(s *schemas.FactSheet) { s.AwardCharts[0].Rows[0].And = []string{"subdivision/US-QQ"} },
			want: Finding{Error, UnknownCode, "XX_Test", "awardCharts/own", `subdivision "US-QQ"`}},
		"a currency of fees": {plant: func(s *schemas.FactSheet) { s.AwardFees[0].Typical[0].Currency = "QQQ" },
			want: Finding{Error, UnknownCode, "XX_Test", "awardFees/own", `currency "QQQ"`}},
		"business below economy": {plant: func(s *schemas.FactSheet) { s.AwardCharts[0].Rows[0].Prices["business"] = 90 },
			want: Finding{Warning, Rate, "XX_Test", "awardCharts/own", "costs 90, less than economy (100)"}},
		"a digit too many": {plant: func(s *schemas.FactSheet) { s.AwardCharts[0].Rows[0].Prices["business"] = 3000 },
			want: Finding{Warning, Rate, "XX_Test", "awardCharts/own", "more than six times economy"}},
		"many digits too many": {plant: func(s *schemas.FactSheet) { s.AwardCharts[0].Rows[0].Prices["economy"] = 4_500_700_000 },
			want: Finding{Error, Rate, "XX_Test", "awardCharts/own", "more than any program is known to ask"}},
		"a rule without source": {plant: func(s *schemas.FactSheet) { s.AwardRules[0].Sources = nil },
			want: Finding{Error, Provenance, "XX_Test", "awardRules/stop", "names no source"}},
		"a sweet spot's carrier": {plant: func(s *schemas.FactSheet) { s.SweetSpots[0].Carriers = []string{"??"} },
			want: Finding{Error, UnknownCode, "XX_Test", "sweetSpots/spot", `carrier "??"`}},
		"a carrier": {plant: func(s *schemas.FactSheet) { rule(s, "sq").Marketing = []string{"SQ", "??"} },
			want: Finding{Error, UnknownCode, "XX_Test", "earningRules/sq", `carrier "??"`}},
		"an airline of the program": {plant: func(s *schemas.FactSheet) { s.Program.Airlines = []string{"??"} },
			want: Finding{Error, UnknownCode, "XX_Test", "program", `carrier "??"`}},
		"an alliance": {plant: func(s *schemas.FactSheet) { s.Program.Alliance = "twoworld" },
			want: Finding{Error, UnknownCode, "XX_Test", "program", `alliance "twoworld"`}},
		"an airport": {plant: func(s *schemas.FactSheet) { rule(s, "sq").Route = &schemas.Route{Within: []string{"airport/QQQ"}} },
			want: Finding{Error, UnknownCode, "XX_Test", "earningRules/sq", `airport "QQQ"`}},
		"a city": {plant: func(s *schemas.FactSheet) { rule(s, "sq").Route = &schemas.Route{Within: []string{"city/QQQ"}} },
			want: Finding{Error, UnknownCode, "XX_Test", "earningRules/sq", `city "QQQ"`}},
		"a country": {plant: func(s *schemas.FactSheet) { rule(s, "sq").Route = &schemas.Route{Within: []string{"country/QQ"}} },
			want: Finding{Error, UnknownCode, "XX_Test", "earningRules/sq", `country "QQ"`}},
		"a region": {plant: func(s *schemas.FactSheet) {
			s.Regions = []schemas.Region{{ID: "region/XX_A", Areas: []string{"region/XX_B"}, Provenance: s.Program.Provenance}}
		}, want: Finding{Error, UnknownCode, "", "regions/region/XX_A", `region "XX_B"`}},
		"a region in itself": {plant: func(s *schemas.FactSheet) {
			s.Regions = []schemas.Region{{ID: "region/XX_A", Areas: []string{"region/XX_A"}, Provenance: s.Program.Provenance}}
			rule(s, "sq").Route = &schemas.Route{Within: []string{"region/XX_A"}}
		}, want: Finding{Error, UnknownCode, "XX_Test", "", "contains itself"}},
		"a tier": {plant: func(s *schemas.FactSheet) {
			earn(s, "own", func(e *schemas.Earn) {
				e.Rates[0].ByTier = map[string]schemas.Decimal{"Bronze": schemas.MustDecimal("5")}
			})
		}, want: Finding{Error, UnknownCode, "XX_Test", "earningRules/own", `tier "Bronze"`}},
		"a brand": {plant: func(s *schemas.FactSheet) { rule(s, "sq").Brands = []string{"Basic"} },
			want: Finding{Error, UnknownCode, "XX_Test", "earningRules/sq", `fare brand "Basic"`}},
		"a card": {plant: func(s *schemas.FactSheet) { rule(s, "sq").Cards = []string{"GOLD"} },
			want: Finding{Error, UnknownCode, "XX_Test", "earningRules/sq", `card "GOLD"`}},
		"a choice": {plant: func(s *schemas.FactSheet) { rule(s, "sq").EarningChoice = "luck" },
			want: Finding{Error, UnknownCode, "XX_Test", "earningRules/sq", `earning choice "luck"`}},
		"a currency": {plant: func(s *schemas.FactSheet) { earn(s, "own", func(e *schemas.Earn) { e.Currency = "QQQ" }) },
			want: Finding{Error, UnknownCode, "XX_Test", "earningRules/own", `currency "QQQ"`}},
		"a metric": {plant: func(s *schemas.FactSheet) { s.Program.Tiers[1].Qualification = []map[string]int64{{"SEGMENTS": 20}} },
			want: Finding{Error, UnknownCode, "XX_Test", "tiers/Silver", `metric "SEGMENTS"`}},
		"a unit of a rule": {plant: func(s *schemas.FactSheet) { rule(s, "sq").Earn["Z"] = rule(s, "sq").Earn["redeemable"] },
			want: Finding{Error, UnknownCode, "XX_Test", "earningRules/sq", `metric "Z"`}},
		"a category": {plant: func(s *schemas.FactSheet) { rule(s, "sq").Categories = []string{"free"} },
			want: Finding{Error, UnknownCode, "XX_Test", "earningRules/sq", `fare category "free"`}},
		"a cabin": {plant: func(s *schemas.FactSheet) { rule(s, "sq").Cabins = []string{"cargo"} },
			want: Finding{Error, UnknownCode, "XX_Test", "earningRules/sq", `cabin "cargo"`}},
		"a booking class": {plant: func(s *schemas.FactSheet) {
			s.FareCategories[0].ByCategory = map[string]string{"cheap": "K1", "dear": "Y"}
		},
			want: Finding{Error, UnknownCode, "XX_Test", "fareCategories/SQ", `booking class "1"`}},

		"dates of a rule": {plant: func(s *schemas.FactSheet) { rule(s, "own").ExpirationDate = "2025-06-30" },
			want: Finding{Error, Dates, "XX_Test", "earningRules/own", "before it begins"}},
		"days of purchase": {plant: func(s *schemas.FactSheet) {
			rule(s, "own").Booked = &schemas.Span{From: "2026-06-01", To: "2026-05-31"}
		},
			want: Finding{Error, Dates, "XX_Test", "earningRules/own", "before it begins"}},
		"what is no date": {plant: func(s *schemas.FactSheet) { rule(s, "own").EffectiveDate = "2026-02-30" },
			want: Finding{Error, Dates, "XX_Test", "earningRules/own", "is not a day"}},
		"versions": {plant: func(s *schemas.FactSheet) { rule(s, "own-2024").ExpirationDate = "2026-06-30" },
			want: Finding{Error, Overlap, "XX_Test", "earningRules/own", "earningRules/own-2024"}},
		"versions of unequal rank": {plant: func(s *schemas.FactSheet) { rule(s, "own-2024").ExpirationDate, rule(s, "own").Precedence = "", 1 },
			want: Finding{Error, Overlap, "XX_Test", "earningRules/own", "earningRules/own-2024"}},
		"an addition twice": {rules: `
- {id: a, title: A, role: adds, marketing: [SQ, AF], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 10}]}}}
- {id: b, title: B, role: adds, marketing: [AF, SQ], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 10}]}}}`,
			want: Finding{Error, Overlap, "XX_Test", "earningRules/a", "earningRules/b"}},

		"a percentage by distance": {plant: func(s *schemas.FactSheet) { earn(s, "sq", func(e *schemas.Earn) { e.Rates[0].Rate = decimal("100") }) },
			want: Finding{Error, Rate, "XX_Test", "earningRules/sq", "100 by distance"}},
		"a negative rate": {plant: func(s *schemas.FactSheet) { earn(s, "sq", func(e *schemas.Earn) { e.Rates[0].Rate = decimal("-1") }) },
			want: Finding{Error, Rate, "XX_Test", "earningRules/sq", "negative"}},
		"too much a pound": {plant: func(s *schemas.FactSheet) {
			earn(s, "own", func(e *schemas.Earn) {
				e.Rates[0].ByTier = map[string]schemas.Decimal{"Member": schemas.MustDecimal("60")}
			})
		}, want: Finding{Error, Rate, "XX_Test", "earningRules/own", "60 by fare"}},
		"too much a flight": {plant: func(s *schemas.FactSheet) {
			earn(s, "short", func(e *schemas.Earn) { e.Rates[0].Rate = decimal("50001") })
		},
			want: Finding{Error, Rate, "XX_Test", "earningRules/short", "50001 by segment"}},
		"division by zero": {plant: func(s *schemas.FactSheet) { earn(s, "short", func(e *schemas.Earn) { e.DivideBy = decimal("0") }) },
			want: Finding{Error, Rate, "XX_Test", "earningRules/short", "divided by 0"}},
		"a cabin bonus in percent": {plant: func(s *schemas.FactSheet) {
			earn(s, "own-2024", func(e *schemas.Earn) { e.Rates[0].CabinBonus = decimal("50") })
		}, want: Finding{Error, Rate, "XX_Test", "earningRules/own-2024", "percentage"}},
		"a tier bonus in percent": {plant: func(s *schemas.FactSheet) { s.Program.Tiers[1].EarningBonus = decimal("25") },
			want: Finding{Error, Rate, "XX_Test", "tiers/Silver", "percentage"}},
		"kilometres": {plant: func(s *schemas.FactSheet) { s.Distances[0].Miles = 5554 },
			want: Finding{Error, Rate, "XX_Test", "distances/JFK-LHR", "geodesic is 3451"}},

		"no source": {plant: func(s *schemas.FactSheet) { rule(s, "own").Sources = nil },
			want: Finding{Error, Provenance, "XX_Test", "earningRules/own", "names no source"}},
		"a source that is not there": {plant: func(s *schemas.FactSheet) { s.Program.Tiers[0].Sources = []string{"s", "elsewhere"} },
			want: Finding{Error, Provenance, "XX_Test", "tiers/Member", "test/elsewhere"}},
		"no date": {plant: func(s *schemas.FactSheet) { s.Sources[0].AsOf = "" },
			want: Finding{Error, Provenance, "XX_Test", "distances/JFK-LHR", "has no date"}},
		"a fact of the future": {plant: func(s *schemas.FactSheet) { rule(s, "sq").AsOf = "2099-01-01" },
			want: Finding{Error, Dates, "XX_Test", "earningRules/sq", "still to come"}},
		"an old fact": {plant: func(s *schemas.FactSheet) { rule(s, "sq").AsOf = "2024-11-01" },
			want: Finding{Warning, Stale, "XX_Test", "earningRules/sq", "2024-11-01"}},
		"an old distance": {plant: func(s *schemas.FactSheet) { s.Distances[0].AsOf = "2013-01-01" },
			want: Finding{Warning, Stale, "XX_Test", "distances", "1 of 1"}},

		"a lower threshold": {plant: func(s *schemas.FactSheet) { s.Program.Tiers[2].Qualification = []map[string]int64{{"Q": 200}} },
			want: Finding{Error, Thresholds, "XX_Test", "tiers/Gold", "less than Silver"}},
		"an equal threshold": {plant: func(s *schemas.FactSheet) { s.Program.Tiers[2].Qualification = []map[string]int64{{"Q": 300}} },
			want: Finding{Error, Thresholds, "XX_Test", "tiers/Gold", "no more than Silver"}},
		"no qualification year": {plant: func(s *schemas.FactSheet) { s.Program.QualificationYear = nil },
			want: Finding{Warning, Qualification, "XX_Test", "program", "qualificationYear"}},
		"a tier without qualification": {plant: func(s *schemas.FactSheet) { s.Program.Tiers[2].Qualification = nil },
			want: Finding{Warning, Qualification, "XX_Test", "tiers", "Gold"}},

		"a band that the route does not reach": {
			rules: `- {id: x, title: X, marketing: [BA], route: {between: [country/GB], and: [country/US], miles: {upTo: 1000}}, sources: [s], earn: {redeemable: {basis: nothing}}}`,
			want:  Finding{Error, Impossible, "XX_Test", "earningRules/x", "no flight between two known airports"}},
		"stock that is excluded": {
			rules: `- {id: x, title: X, marketing: [BA], ticketing: [AA], ticketingNot: [AA], sources: [s], earn: {redeemable: {basis: nothing}}}`,
			want:  Finding{Error, Impossible, "XX_Test", "earningRules/x", "stock"}},
		"travel long before purchase": {
			rules: `- {id: x, title: X, marketing: [BA], expirationDate: 2025-12-31, booked: {from: 2026-02-01}, sources: [s], earn: {redeemable: {basis: nothing}}}`,
			want:  Finding{Error, Impossible, "XX_Test", "earningRules/x", "no day"}},
		"classes outside the table": {
			rules: `- {id: x, title: X, marketing: [BA], classes: YB, sources: [s], earn: {redeemable: {basis: segment, rates: [{classes: JC, rate: 1}]}}}`,
			want:  Finding{Error, Impossible, "XX_Test", "earningRules/x", "no fare"}},
		"categories of another carrier": {
			rules: `- {id: x, title: X, marketing: [AF], categories: [dear], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}`,
			want:  Finding{Error, Impossible, "XX_Test", "earningRules/x", "no fare"}},
		"always outranked": {
			rules: `- {id: x, title: X, marketing: [SQ], operating: [SQ], precedence: -1, sources: [s], earn: {redeemable: {basis: segment, rates: [{classes: YB, rate: 1}]}}}`,
			want:  Finding{Warning, Outranked, "XX_Test", "earningRules/x", "earningRules/sq"}},
		"a row under its better": {
			rules: `- {id: x, title: X, marketing: [LH], unlisted: nothing, sources: [s], earn: {redeemable: {basis: segment, rates: [{classes: YBM, rate: 1}, {classes: BM, brands: [Flex], rate: 2}]}}}`,
			want:  Finding{Warning, ShadowedRow, "XX_Test", "earningRules/x", "row 2 is never reached, row 1"}},
		"a gap in a table": {plant: func(s *schemas.FactSheet) { rule(s, "long").Unlisted = "" },
			rules: `- {id: x, title: X, marketing: [AF], classes: P, route: {miles: {upTo: 650}}, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}`,
			want:  Finding{Warning, Gap, "XX_Test", "earningRules/long", "booking classes P"}},
		"a gap in a map": {plant: func(s *schemas.FactSheet) { s.FareCategories[0].Unlisted = "" },
			rules: `- {id: x, title: X, marketing: [SQ], ticketing: [BA], classes: JC, sources: [s], earn: {redeemable: {basis: nothing}}}`,
			want:  Finding{Warning, Gap, "XX_Test", "fareCategories/SQ", "booking classes CJ"}},
	} {
		t.Run(name, func(t *testing.T) {
			found := find(t, test.rules, test.plant)
			if !slices.ContainsFunc(found, func(f Finding) bool {
				return f.Severity == test.want.Severity && f.Kind == test.want.Kind && f.Program == test.want.Program && f.Fact == test.want.Fact &&
					strings.Contains(f.Message, test.want.Message)
			}) {
				t.Errorf("want %+v among %+v", test.want, found)
			}
			for _, f := range found {
				if f.Kind != test.want.Kind {
					t.Errorf("also found, though it is not there: %+v", f)
				}
			}
		})
	}
}

// TestTies plants pairs of rules for KL, and says whether one flight can bring
// them to a tie.
func TestTies(t *testing.T) {
	for name, test := range map[string]struct {
		a, b string
		tie  bool
	}{
		"carriers meet":                       {"marketing: [KL, AZ]", "marketing: [KL, CZ]", true},
		"carriers do not meet":                {"marketing: [KL]", "marketing: [CZ]", false},
		"a codeshare":                         {"marketing: [KL]", "operating: [CZ]", true},
		"one rule names more":                 {"marketing: [KL]", "marketing: [KL], operating: [CZ]", false},
		"precedence decides":                  {"marketing: [KL], precedence: 1", "operating: [CZ]", false},
		"classes meet":                        {"marketing: [KL], classes: YB", "marketing: [KL], classes: BM", true},
		"classes do not meet":                 {"marketing: [KL], classes: Y", "marketing: [KL], classes: B", false},
		"class and brand":                     {"marketing: [KL], classes: Y", "marketing: [KL], brands: [Light]", true},
		"brands do not meet":                  {"marketing: [KL], brands: [Light]", "marketing: [KL], brands: [Flex]", false},
		"brand and cabin":                     {"marketing: [KL], brands: [Light]", "marketing: [KL], cabins: [economy]", true},
		"cabins do not meet":                  {"marketing: [KL], cabins: [first, business]", "marketing: [KL], cabins: [economy]", false},
		"cards can both be held":              {"marketing: [KL], cards: [CARD]", "marketing: [KL], cards: [OTHER]", true},
		"one choice is made":                  {"marketing: [KL], earningChoice: miles", "marketing: [KL], earningChoice: money", false},
		"card and choice":                     {"marketing: [KL], cards: [CARD]", "marketing: [KL], earningChoice: money", true},
		"stock and not stock":                 {"marketing: [KL], ticketing: [AF]", "marketing: [KL], ticketingNot: [AF]", false},
		"stock and not other stock":           {"marketing: [KL], ticketing: [AF]", "marketing: [KL], ticketingNot: [DL]", true},
		"neither of two stocks":               {"marketing: [KL], ticketingNot: [AF]", "marketing: [KL], ticketingNot: [DL]", true},
		"a last day in common":                {"marketing: [KL], classes: YB, expirationDate: 2026-06-30", "marketing: [KL], classes: BM, effectiveDate: 2026-06-30", true},
		"no day in common":                    {"marketing: [KL], expirationDate: 2026-06-30", "marketing: [KL], effectiveDate: 2026-07-01", false},
		"a day of purchase in common":         {"marketing: [KL], booked: {to: 2026-06-30}", "marketing: [KL], booked: {from: 2026-06-30}", true},
		"no day of purchase in common":        {"marketing: [KL], booked: {to: 2026-06-29}", "marketing: [KL], booked: {from: 2026-06-30}", false},
		"bought after the last flight":        {"marketing: [KL], expirationDate: 2026-06-29", "marketing: [KL], booked: {from: 2026-06-30}", false},
		"bands meet":                          {"marketing: [KL], route: {miles: {upTo: 651}}", "marketing: [KL], route: {miles: {over: 650}}", true},
		"bands do not meet":                   {"marketing: [KL], route: {miles: {upTo: 650}}", "marketing: [KL], route: {miles: {over: 650}}", false},
		"the route is too long for the band":  {"marketing: [KL], route: {within: [continent/EU]}", "marketing: [KL], route: {domestic: true, miles: {over: 9000}}", false},
		"routes cross":                        {"marketing: [KL], route: {between: [country/GB], and: [country/US, country/CA]}", "marketing: [KL], route: {between: [country/US], and: [country/GB, country/FR]}", true},
		"routes do not cross":                 {"marketing: [KL], route: {between: [country/GB], and: [country/US]}", "marketing: [KL], route: {between: [country/GB], and: [country/CA]}", false},
		"domestic and international":          {"marketing: [KL], route: {domestic: true}", "marketing: [KL], route: {domestic: false}", false},
		"a continent and domestic":            {"marketing: [KL], route: {within: [continent/EU]}", "marketing: [KL], route: {domestic: true}", true},
		"two continents and domestic":         {"marketing: [KL], route: {within: [country/GB], miles: {over: 1}}", "marketing: [KL], route: {between: [airport/LHR], and: [country/US]}", false},
		"the finer route wins":                {"marketing: [KL], route: {between: [airport/LHR], and: [airport/JFK]}", "marketing: [KL], route: {between: [country/GB], and: [country/US]}", false},
		"minimums":                            {"marketing: [KL], role: minimum", "marketing: [KL], role: minimum", true},
		"different roles":                     {"marketing: [KL], role: minimum", "marketing: [KL], role: maximum", false},
		"a third rule outranks both for good": {"marketing: [SQ], operating: [SQ], precedence: -1, classes: Y", "marketing: [SQ], operating: [SQ], precedence: -1, classes: YB", false},
	} {
		t.Run(name, func(t *testing.T) {
			rules := ""
			for _, r := range []string{"{id: a, title: A, " + test.a, "{id: b, title: B, " + test.b} {
				rules += "- " + r + ", sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}\n"
			}
			found := find(t, rules, nil)
			tie := slices.ContainsFunc(found, func(f Finding) bool {
				return f.Severity == Error && (f.Kind == Tie || f.Kind == Overlap) && f.Fact == "earningRules/a" && strings.Contains(f.Message, "earningRules/b ")
			})
			if tie != test.tie {
				t.Errorf("tie: %v, want %v: %+v", tie, test.tie, found)
			}
		})
	}
}

// TestTiesOfMaps does so for maps of fare categories.
func TestTiesOfMaps(t *testing.T) {
	found := find(t, "", func(s *schemas.FactSheet) {
		other := s.FareCategories[0]
		other.ID, other.Marketing, other.Operating = "by-operator", nil, []string{"SQ"}
		s.FareCategories = append(s.FareCategories, other)
	})
	if len(found) != 1 || found[0].Kind != Tie || found[0].Fact != "fareCategories/SQ" || !strings.Contains(found[0].Message, "fareCategories/by-operator") {
		t.Errorf("got %+v, want a tie of the maps", found)
	}
}

// TestBundle holds the bundled facts to be without error. Warnings are counted.
func TestBundle(t *testing.T) {
	warnings := map[string]int{}
	for _, f := range Check(bundletest.Facts(t), today) {
		if f.Severity == Error {
			t.Errorf("%s %s: %s: %s", f.Program, f.Fact, f.Kind, f.Message)
		} else {
			warnings[f.Kind]++
		}
	}
	t.Logf("warnings: %v", warnings)
}
