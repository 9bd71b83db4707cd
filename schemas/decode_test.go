package schemas

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sound = `sources:
- {id: page, title: A page, asOf: 2026-11-01, kind: official}
program:
  id: XX_Test
  name: Test
  kind: airline
  unit: miles
  metrics: [{code: Q, name: qualifying}]
  tiers:
  - {name: Member, sources: [page]}
  reviewDays: 365
  sources: [page]
earningRules:
- id: own
  title: Own flights
  marketing: [XX]
  sources: [page]
  earn:
    redeemable:
      basis: distance
      rates:
      - {classes: JCD, rate: 1.25}
`

func TestDecodeFactSheet(t *testing.T) {
	sheet, err := DecodeFactSheet("sound.yaml", []byte(sound))
	if err != nil {
		t.Fatal(err)
	}
	rate := sheet.EarningRules[0].Earn[UnitRedeemable].Rates[0]
	if rate.Rate.String() != "1.25" || rate.Classes != "JCD" || sheet.EarningRules[0].Marketing[0] != "XX" {
		t.Errorf("got %+v", sheet.EarningRules[0])
	}
}

// TestMistakesAreNamed: each mistake is an error that names file, line and field.
func TestMistakesAreNamed(t *testing.T) {
	for name, test := range map[string]struct {
		old, new string // an edit of the sound sheet
		want     string
	}{
		"unknown field":           {"marketing:", "marketting:", `sheet.yaml:16: earningRules[0].marketting: unknown field "marketting"`},
		"not a number":            {"rate: 1.25", "rate: lots", `sheet.yaml:22: earningRules[0].earn.redeemable.rates[0].rate: "lots" is not a decimal number`},
		"wrong type":              {"marketing: [XX]", "marketing: XX", "sheet.yaml:16: earningRules[0].marketing: "},
		"same key twice":          {"  kind: airline\n", "  kind: airline\n  kind: bank\n", "sheet.yaml:7: "},
		"not in the enumeration":  {"kind: airline", "kind: railway", "sheet.yaml:6: program.kind: must be one of airline, bank, hotel; given: railway"},
		"missing field":           {"  title: Own flights\n", "", "earningRules[0].title: is missing"},
		"no source":               {"marketing: [XX]\n  sources: [page]", "marketing: [XX]", "earningRules[0].sources: is missing"},
		"empty list of sources":   {"marketing: [XX]\n  sources: [page]", "marketing: [XX]\n  sources: []", "sheet.yaml:17: earningRules[0].sources: must have at least 1"},
		"source that is not here": {"marketing: [XX]\n  sources: [page]", "marketing: [XX]\n  sources: [book]", `sheet.yaml:17: earningRules[0].sources[0]: no source has the id "book"`},
		"no such date":            {"asOf: 2026-11-01", "asOf: 2026-11-31", "sheet.yaml:2: sources[0].asOf: must be a date as YYYY-MM-DD"},
		"small letter":            {"classes: JCD", "classes: JcD", "sheet.yaml:22: earningRules[0].earn.redeemable.rates[0].classes: booking classes are capital letters"},
		"class twice":             {"classes: JCD", "classes: JJ", "class J stands twice"},
		"unknown metric":          {"    redeemable:", "    points:", "earningRules[0].earn.points: is neither redeemable nor a metric"},
		"neither rate nor tiers":  {"{classes: JCD, rate: 1.25}", "{classes: JCD}", "needs one of rate, byTier and unknown"},
		"a rate that is unknown":  {"{classes: JCD, rate: 1.25}", "{classes: JCD, rate: 1.25, unknown: true}", "needs one of rate, byTier and unknown"},
		"unknown tier":            {"rate: 1.25}", "byTier: {Gold: 2}}", `the program has no tier "Gold"`},
		"unknown brand":           {"classes: JCD,", "brands: [Flex],", `program.fareBrands has no "Flex"`},
		"unknown category":        {"classes: JCD,", "categories: [cheap],", `no fareCategories map has a category "cheap"`},
		"no carrier":              {"  marketing: [XX]\n", "", "sheet.yaml:14: earningRules[0]: needs marketing or operating carriers"},
		"reversed dates":          {"  marketing: [XX]\n", "  marketing: [XX]\n  effectiveDate: 2026-02-01\n  expirationDate: 2026-01-01\n", "ends (2026-01-01) before it begins (2026-02-01)"},
		"not an area":             {"  marketing: [XX]\n", "  marketing: [XX]\n  route: {within: [Europe]}\n", `"Europe" is not an area: airport/JFK`},
		"two kinds of route":      {"  marketing: [XX]\n", "  marketing: [XX]\n  route: {within: [country/US], domestic: true}\n", "needs exactly one of between, within, domestic"},
		"empty band":              {"  marketing: [XX]\n", "  marketing: [XX]\n  route: {miles: {over: 500, upTo: 500}}\n", "is an empty band"},
		"currency without fare":   {"basis: distance", "basis: distance\n      currency: USD", "stands with basis fare, and only there"},
		"award of itself":         {"basis: distance", "basis: award", "award of the redeemable amount cannot state that amount"},
		"same id twice":           {"earningRules:\n", "earningRules:\n- {id: own, title: T, marketing: [XX], sources: [page], earn: {redeemable: {basis: nothing}}}\n", `earningRules[1].id: "own" stands twice`},
		"rules without program":   {sound[strings.Index(sound, "program:"):strings.Index(sound, "earningRules:")], "", "need a program in the same sheet"},
		"not YAML":                {"sources:\n", "sources: [\n", "sheet.yaml:"},
		"two documents":           {"earningRules:", "---\nearningRules:", "must hold one YAML document"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(sound, test.old, test.new, 1)
			if text == sound {
				t.Fatal("the edit changes nothing")
			}
			_, err := DecodeFactSheet("sheet.yaml", []byte(text))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "sheet.yaml") {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

const soundAwards = `
sources:
- {id: page, title: Page, asOf: 2026-11-01, kind: official}
program: {id: XX_Test, name: Test, kind: airline, unit: miles, reviewDays: 365, sources: [page]}
awardPartners:
- {id: own, carriers: [XX], sources: [page]}
awardCharts:
- id: own
  title: Own
  carriers: [XX]
  per: journey
  sources: [page]
  rows:
  - {between: [country/US], and: [country/GB], season: peak, prices: {economy: 100}, high: {economy: 200}}
awardSeasons:
- {id: peak, charts: [own], season: peak, spans: [{from: 2027-06-01, to: 2027-08-31}], sources: [page]}
awardFees:
- {id: own, surcharge: none, typical: [{low: 5.6, high: 6, currency: USD}], sources: [page]}
awardRules:
- {id: stop, about: stopover, text: None., sources: [page]}
sweetSpots:
- {id: spot, title: Spot, carriers: [XX], route: {within: [country/US]}, cabin: economy, price: 90, high: 95, sources: [page]}
networks:
- {carrier: XX, nonstops: {JFK: LHR}, sources: [page], added: [{from: JFK, to: CDG, sources: [page]}]}
cabins:
- {carrier: XX, long: [economy], sources: [page]}
`

// TestAwardMistakes: so is each mistake in what concerns awards.
func TestAwardMistakes(t *testing.T) {
	if _, err := DecodeFactSheet("sheet.yaml", []byte(soundAwards)); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ old, new, want string }{
		"neither carriers nor alliance": {"{id: own, carriers: [XX], sources", "{id: own, sources", "awardPartners[0]: needs one of carriers and alliance"},
		"an exception to nothing":       {"carriers: [XX], sources", "carriers: [XX], except: [YY], sources", "takes members out of an alliance"},
		"mixed and of one carrier":      {"  per: journey\n", "  per: journey\n  mixed: true\n", "a mixed chart is for whatever the program books"},
		"no rows":                       {"  rows:\n  - {between: [country/US], and: [country/GB], season: peak, prices: {economy: 100}, high: {economy: 200}}\n", "", "is missing; only a dynamic chart has none"},
		"no such cabin":                 {"prices: {economy: 100}, high: {economy: 200}", "prices: {suite: 100}", `"suite" is not a cabin`},
		"free":                          {"prices: {economy: 100}", "prices: {economy: 0}", "must be above zero"},
		"high below low":                {"high: {economy: 200}", "high: {economy: 50}", "must be no less than the price"},
		"high of nothing":               {"high: {economy: 200}", "high: {first: 200}", "must be no less than the price"},
		"half a route":                  {"between: [country/US], and: [country/GB], season", "between: [country/US], season", "between and and stand together"},
		"season of no chart":            {"charts: [own]", "charts: [other]", `no awardCharts has the id "other"`},
		"reversed span":                 {"to: 2027-08-31", "to: 2027-05-31", "ends (2027-05-31) before it begins"},
		"fees upside down":              {"low: 5.6, high: 6", "low: 5.6, high: 5", "nor high below low"},
		"no text":                       {"text: None.", `text: " "`, "awardRules[0].text: must not be empty"},
		"sweet spot for nothing":        {"price: 90", "price: 0", "price must be above zero"},
		"no airport":                    {"{JFK: LHR}", "{JFK: London}", `"London" is not an IATA airport code`},
		"a route to itself":             {"from: JFK, to: CDG", "from: JFK, to: JFK", "goes nowhere"},
		"cabins twice":                  {"cabins:\n", "cabins:\n- {carrier: XX, long: [first], sources: [page]}\n", `"XX" stands twice`},
		"chart twice":                   {"awardCharts:\n", "awardCharts:\n- {id: own, title: T, per: journey, kind: dynamic, sources: [page]}\n", `"own" stands twice`},
		"no source":                     {"high: {economy: 200}}", "high: {economy: 200}}\n- {id: x, title: T, per: journey, kind: dynamic, sources: [book]}", `no source has the id "book"`},
		"unknown per":                   {"per: journey", "per: ticket", "must be one of journey, part, segment"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(soundAwards, test.old, test.new, 1)
			if text == soundAwards {
				t.Fatal("the edit changes nothing")
			}
			if _, err := DecodeFactSheet("sheet.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestTableOfAirports(t *testing.T) {
	sheet := []byte("sources:\n- {id: data, title: Data, asOf: 2026-11-01, kind: data}\n")
	const header = "code,name,city,country,continent,subdivision,latitude,longitude,sources\n"
	got, err := DecodeFactSheet("a.yaml", sheet, Table{"a.csv", []byte(header + `JFK,"Kennedy, John F.",New York,US,NA,US-NY,40.6,-73.8,data` + "\n")})
	if err != nil {
		t.Fatal(err)
	}
	if a := got.Airports[0]; a.Code != "JFK" || a.Name != "Kennedy, John F." || a.Subdivision != "US-NY" || a.Latitude != 40.6 || a.Sources[0] != "data" {
		t.Errorf("got %+v", a)
	}
	for row, want := range map[string]string{
		"JFK,a,b,US,NA,,north,-73.8,data\n":                  `a.csv:2: latitude: "north" is not a number`,
		"JFKX,a,b,US,NA,,1,2,data\n":                         `a.csv:2: code: "JFKX" is not an IATA airport code`,
		"JFK,a,b,us,NA,,1,2,data\n":                          "country",
		"JFK,a,b,US,XX,,1,2,data\n":                          "continent",
		"JFK,a,b,US,NA,NY,1,2,data\n":                        "subdivision",
		"JFK,a,b,US,NA,,1,2,\n":                              "names no source",
		"JFK,a,b,US,NA,,1,2\n":                               "a.csv:2: ",
		"JFK,a,b,US,NA,,0,0,data\n":                          "coordinates",
		"JFK,a,b,US,NA,,1,2,other\n":                         `no source has the id "other"`,
		"JFK,a,b,US,NA,,1,2,data\nJFK,a,b,US,NA,,1,2,data\n": "stands twice",
	} {
		if _, err := DecodeFactSheet("a.yaml", sheet, Table{"a.csv", []byte(header + row)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", row, err, want)
		}
	}
	if _, err := DecodeFactSheet("a.yaml", sheet, Table{"a.csv", []byte("iata,name\n")}); err == nil {
		t.Error("another header is taken")
	}
}

func TestDecimal(t *testing.T) {
	for text, want := range map[string]string{`1.5`: "1.5", `-3`: "-3", `1e3`: "1000", `3.9e-05`: "0.000039", `1.25E+2`: "125",
		`"1.5"`: "", `x`: "", ``: "", `1e31`: "", `1e-25`: "", `1e999999999`: ""} {
		var d Decimal
		if err := d.UnmarshalJSON([]byte(text)); (err == nil) != (want != "") || err == nil && d.String() != want {
			t.Errorf("%s: %s, %v", text, d, err)
		}
	}
}

// FuzzDecodeFactSheet: whatever the text, the decoder returns a sheet or a
// SheetError, and a sheet that it takes has a source for every fact.
func FuzzDecodeFactSheet(f *testing.F) {
	f.Add([]byte(sound))
	for _, seed := range []string{"", "[]", "sources: [", "sources: [{}]", "a: &a [*a]", "program: {tiers: [{}]}", "earningRules: [{earn: {redeemable: {rates: [{rate: 1e9999}]}}}]",
		"earningRules: [{route: {within: [country:AU]}}]"} {
		f.Add([]byte(seed))
	}
	sheets, _ := filepath.Glob("../kg/bundle/BA_Club.yaml")
	for _, path := range sheets {
		if text, err := os.ReadFile(path); err == nil {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		sheet, err := DecodeFactSheet("fuzz.yaml", text)
		if err != nil {
			if _, ok := err.(*SheetError); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		for _, r := range sheet.EarningRules {
			if len(r.Sources) == 0 {
				t.Fatalf("rule %s has no source", r.ID)
			}
		}
	})
}
