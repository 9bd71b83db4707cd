package awards_test

import (
	"fmt"
	"strings"
	"testing"

	"loyalty-mcp/internal/awards"
	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// world is a made-up program on made-up charts, so that every price can be worked
// out by hand. New York-London is 3,452 miles. The program is AA's.
const world = `
sources: [{id: s, title: made up, asOf: 2026-11-01, kind: official}]
airlines:
- {code: AA, name: American, alliance: one, sources: [s]}
- {code: BA, name: British, alliance: one, sources: [s]}
- {code: IB, name: Iberia, alliance: one, sources: [s]}
- {code: AF, name: France, sources: [s]}
alliances: [{id: one, name: One, sources: [s]}]
airports:
- {code: JFK, name: Kennedy, city: New York, country: US, continent: NA, subdivision: US-NY, latitude: 40.64, longitude: -73.78, sources: [s]}
- {code: BOS, name: Logan, city: Boston, country: US, continent: NA, subdivision: US-MA, latitude: 42.36, longitude: -71.01, sources: [s]}
- {code: LHR, name: Heathrow, city: London, country: GB, continent: EU, latitude: 51.47, longitude: -0.45, sources: [s]}
- {code: CDG, name: De Gaulle, city: Paris, country: FR, continent: EU, latitude: 49.01, longitude: 2.55, sources: [s]}
- {code: MAD, name: Barajas, city: Madrid, country: ES, continent: EU, latitude: 40.47, longitude: -3.56, sources: [s]}
exchangeRates:
- {currency: USD, perUSD: 1, date: 2026-11-01, sources: [s]}
- {currency: GBP, perUSD: 0.8, date: 2026-11-01, sources: [s]}
networks:
- {carrier: AA, nonstops: {JFK: BOS LHR, BOS: LHR}, sources: [s], ended: [{from: LHR, to: BOS, sources: [s]}]}
- {carrier: BA, nonstops: {LHR: CDG MAD JFK}, sources: [s]}
- {carrier: IB, nonstops: {MAD: LHR CDG}, sources: [s]}
- {carrier: AF, nonstops: {CDG: JFK LHR}, sources: [s]}
cabins:
- {carrier: AF, long: [economy, business], sources: [s]}
valuations:
- {program: XX_Test, publisher: A, cents: 1, date: 2026-10-01, sources: [s]}
`

const program = `
sources: [{id: s, title: made up, asOf: 2026-11-01, kind: official}]
program: {id: XX_Test, name: Test, kind: airline, airlines: [AA], unit: miles, reviewDays: 365, sources: [s]}
awardPartners: [{id: one, alliance: one, sources: [s]}, {id: af, carriers: [AF], sources: [s]}]
`

// ask searches with charts of the made-up program and says what the first option is.
func ask(t *testing.T, charts, question string) string {
	t.Helper()
	var sheets []kg.Sheet
	for name, text := range map[string]string{"world": world, "XX_Test": program + charts} {
		facts, err := schemas.DecodeFactSheet(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		sheets = append(sheets, kg.Sheet{Name: name, Facts: facts})
	}
	facts, err := kg.FactsOf(sheets)
	if err != nil {
		t.Fatal(err)
	}
	book, err := awards.NewBook(facts)
	if err != nil {
		t.Fatal(err)
	}
	var q schemas.AwardQuestion
	decode(t, question, &q)
	a, err := book.Search(&q, today)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Options) == 0 {
		reasons := []string{a.Failed.Constraint}
		for _, u := range a.Unanswered {
			reasons = append(reasons, u.Reason)
		}
		return strings.Join(reasons, ": ")
	}
	o := a.Options[0]
	text := fmt.Sprintf("%s %s %s %d", strings.Join(o.Carriers, "+"), strings.Join(o.Routing, "-"), o.Price.Kind, o.Price.Total)
	if o.Price.High != nil {
		text += fmt.Sprintf(" to %d", *o.Price.High)
	}
	for _, word := range []string{o.Price.Level, o.Price.Season, strings.TrimPrefix(o.TripType, "oneWay")} {
		if word != "" {
			text += ", " + word
		}
	}
	if o.Fees.Amount != nil {
		text += fmt.Sprintf(" + %s %s", o.Fees.Amount, o.Fees.Currency)
	}
	if o.Value.Cost != nil {
		text += fmt.Sprintf(" = %s %s", o.Value.Cost, o.Value.Unit)
	}
	return text
}

// TestCharts: each kind of chart, and which one is used. The expected prices are
// read off the charts beside them.
func TestCharts(t *testing.T) {
	const nonstop = `{"origin":"JFK","destination":"LHR","cabin":"economy","preferences":{"maxStops":0,"carriers":["AA"]}}`
	const connection = `{"origin":"JFK","destination":"MAD","cabin":"economy","preferences":{"carriers":["AA","BA"]}}`
	chart := func(id, more string) string {
		return "- {id: " + id + ", title: T, sources: [s], " + more + "}\n"
	}
	for name, test := range map[string]struct{ charts, question, want string }{
		"zones, either way":                       {chart("a", "per: journey, rows: [{between: [continent/EU], and: [country/US], prices: {economy: 100}}]"), nonstop, "AA JFK-LHR fixed 100 = 1 USD"},
		"a distance band, its upper end included": {chart("a", "per: journey, rows: [{miles: {upTo: 3451}, prices: {economy: 10}}, {miles: {over: 3451, upTo: 3452}, prices: {economy: 20}}, {prices: {economy: 30}}]"), nonstop, "AA JFK-LHR fixed 20 = 0.2 USD"},
		"the first row that fits":                 {chart("a", "per: journey, rows: [{within: [continent/NA], prices: {economy: 1}}, {between: [airport/JFK], and: [airport/LHR], prices: {business: 5}}, {prices: {economy: 30}}, {prices: {economy: 40}}]"), nonstop, "AA JFK-LHR fixed 30 = 0.3 USD"},
		"precedence before the named carrier":     {chart("a", "carriers: [AA], per: journey, rows: [{prices: {economy: 10}}]") + chart("b", "carriers: [AA], precedence: 1, per: journey, rows: [{prices: {economy: 20}}]"), nonstop, "AA JFK-LHR fixed 20 = 0.2 USD"},
		"the first of the sheet among equals":     {chart("z", "carriers: [AA], per: journey, rows: [{prices: {economy: 10}}]") + chart("a", "carriers: [AA], per: journey, rows: [{prices: {economy: 20}}]"), nonstop, "AA JFK-LHR fixed 10 = 0.1 USD"},
		"others are those that no chart names":    {chart("a", "carriers: [AA], per: journey, kind: dynamic") + chart("b", "per: journey, rows: [{prices: {economy: 10}}]"), nonstop, "noPrice: prices awards on AA dynamically, and no price that was seen there in economy is on file"},
		"a chart that names a carrier no more":    {chart("a", "carriers: [AA], per: journey, expirationDate: 2026-01-01, rows: [{prices: {economy: 10}}]") + chart("b", "per: journey, rows: [{prices: {economy: 30}}]"), nonstop, "AA JFK-LHR fixed 30 = 0.3 USD"},
		"a season without a price": {chart("a", "per: journey, rows: [{season: off-peak, prices: {economy: 10}}]") + "awardSeasons: [{id: p, charts: [a], season: peak, spans: [{from: 2027-02-01, to: 2027-02-28}], sources: [s]}]\n",
			strings.Replace(nonstop, "{", `{"departureDate":"2027-02-02",`, 1), "noPrice: no chart on file prices economy on AA"},
		"one season of those there are": {chart("a", "per: journey, rows: [{season: off-peak, prices: {economy: 10}}]"), nonstop, "AA JFK-LHR range 10 = 0.1 USD"},
		"fees of a round trip, one way": {chart("a", "per: journey, rows: [{prices: {economy: 100}}]") + "awardFees: [{id: f, surcharge: none, typical: [{low: 8, currency: GBP, trip: roundTrip}], sources: [s]}]\n", nonstop, "AA JFK-LHR fixed 100 = 1 USD"},
		"booking included": {chart("a", "per: journey, rows: [{prices: {economy: 100}}]") + "awardFees: [{id: f, surcharge: none, booking: {amount: 5, currency: USD}, typical: [{low: 8, currency: USD}], sources: [s]}]\n",
			strings.Replace(nonstop, "{", `{"travelers":2,`, 1), "AA JFK-LHR fixed 200 + 26 USD = 28 USD"}, // 2.00 + 2 × (8 + 5)
		"a route for the whole chart":                    {chart("a", "per: journey, route: {within: [continent/EU]}, rows: [{prices: {economy: 10}}]"), nonstop, "noPrice: no chart on file prices economy on AA"},
		"a chart that has ended":                         {chart("a", "per: journey, expirationDate: 2026-01-01, rows: [{prices: {economy: 10}}]"), nonstop, "noPrice: no chart on file prices economy on AA"},
		"one to come: charts hold on the day of booking": {chart("a", "per: journey, effectiveDate: 2027-01-01, rows: [{prices: {economy: 10}}]"), strings.Replace(nonstop, "{", `{"departureDate":"2027-02-01",`, 1), "noPrice: no chart on file prices economy on AA"},
		"segments are added":                             {chart("a", "per: segment, rows: [{miles: {over: 2000}, prices: {economy: 100}}, {prices: {economy: 30}}]"), connection, "AA+BA JFK-LHR-MAD fixed 130 = 1.3 USD"},
		"a journey by all its miles":                     {chart("a", "per: journey, rows: [{miles: {over: 4000}, prices: {economy: 90}}, {prices: {economy: 30}}]"), connection, "AA+BA JFK-LHR-MAD fixed 90 = 0.9 USD"},
		"parts on two charts":                            {chart("a", "carriers: [AA], per: part, rows: [{prices: {economy: 70}}]") + chart("b", "carriers: [BA], per: part, rows: [{miles: {upTo: 1000}, prices: {economy: 20}}]"), connection, "AA+BA JFK-LHR-MAD fixed 90 = 0.9 USD"},
		"no journey over two charts": {chart("a", "carriers: [AA], per: journey, rows: [{prices: {economy: 70}}]") + chart("b", "carriers: [IB], per: journey, rows: [{prices: {economy: 20}}]"),
			`{"origin":"JFK","destination":"CDG","cabin":"economy","preferences":{"carriers":["AA","IB"],"maxStops":2}}`, "noPrice: no chart on file prices economy on AA and IB"},
		"mixed partners": {chart("m", "mixed: true, per: journey, rows: [{prices: {economy: 5}}]") + chart("a", "per: segment, rows: [{prices: {economy: 30}}]"),
			`{"origin":"JFK","destination":"MAD","cabin":"economy","preferences":{"carriers":["BA","IB"]}}`, "BA+IB JFK-LHR-MAD fixed 5 = 0.05 USD"},
		"mixed is for partners only": {chart("m", "mixed: true, per: journey, rows: [{prices: {economy: 5}}]") + chart("a", "per: segment, rows: [{prices: {economy: 30}}]"), connection, "AA+BA JFK-LHR-MAD fixed 60 = 0.6 USD"},
		"from":                       {chart("a", "kind: from, per: journey, rows: [{prices: {economy: 10}}]"), nonstop, "AA JFK-LHR from 10 = 0.1 USD"},
		"range":                      {chart("a", "kind: range, per: journey, rows: [{prices: {economy: 10}, high: {economy: 15}}]"), nonstop, "AA JFK-LHR range 10 to 15 = 0.1 USD"},
		"dynamic":                    {chart("a", "kind: dynamic, level: saver, per: journey, rows: [{prices: {economy: 10}}]"), nonstop, "AA JFK-LHR dynamic 10, saver = 0.1 USD"},
		"a season that is not known": {chart("a", "per: journey, rows: [{season: peak, prices: {economy: 20}}, {season: off-peak, prices: {economy: 10}}]"), nonstop, "AA JFK-LHR range 10 to 20 = 0.1 USD"},
		"a season by its calendar": {chart("a", "per: journey, rows: [{season: peak, prices: {economy: 20}}, {season: off-peak, prices: {economy: 10}}]") +
			"awardSeasons: [{id: p, charts: [a], season: peak, spans: [{from: 2027-02-01, to: 2027-02-28}], sources: [s]}, {id: o, charts: [a], season: off-peak, spans: [{from: 2027-03-01, to: 2027-03-31}], sources: [s]}]\n",
			strings.Replace(nonstop, "{", `{"departureDate":"2027-02-28","returnDate":"2027-03-01",`, 1), "AA JFK-LHR fixed 30, roundTrip = 0.3 USD"},
		"a round trip, for two":  {chart("a", "per: journey, rows: [{prices: {economy: 10}}]"), strings.Replace(nonstop, "{", `{"travelers":2,"returnDate":"2027-03-01",`, 1), "AA JFK-LHR fixed 40, roundTrip = 0.4 USD"},
		"a chart of round trips": {chart("a", "trip: roundTrip, per: journey, rows: [{prices: {economy: 10}}]"), strings.Replace(nonstop, "{", `{"returnDate":"2027-03-01",`, 1), "AA JFK-LHR fixed 10, roundTrip = 0.1 USD"},
		"one way on it":          {chart("a", "trip: roundTrip, per: journey, rows: [{prices: {economy: 10}}]"), nonstop, "AA JFK-LHR fixed 10, roundTrip = 0.1 USD"},
		"fees in another currency": {chart("a", "per: journey, rows: [{prices: {economy: 100}}]") + "awardFees: [{id: f, surcharge: none, typical: [{low: 8, currency: GBP}], sources: [s]}]\n",
			strings.Replace(nonstop, "{", `{"travelers":2,"returnDate":"2027-03-01",`, 1), "AA JFK-LHR fixed 400, roundTrip + 32 GBP = 44 USD"}, // 4.00 + 32 / 0.8
		"a cabin that is not sold": {chart("a", "per: journey, rows: [{prices: {first: 10}}]"), `{"origin":"JFK","destination":"CDG","cabin":"first","preferences":{"maxStops":0}}`, "noCarrier"},
		"a route that has ended":   {chart("a", "per: journey, rows: [{prices: {economy: 10}}]"), `{"origin":"BOS","destination":"LHR","cabin":"economy","preferences":{"maxStops":0}}`, "noCarrier"},
		"own valuation":            {chart("a", "per: journey, rows: [{prices: {economy: 100}}]"), strings.Replace(nonstop, "{", `{"centsPerPoint":{"XX_Test":2.5},`, 1), "AA JFK-LHR fixed 100 = 2.5 USD"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ask(t, "awardCharts:\n"+test.charts, test.question); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestRetiredFactsOfWhatIsGone: facts that are over may speak of carriers and
// airports that are on file no more.
func TestRetiredFactsOfWhatIsGone(t *testing.T) {
	const gone = `awardCharts:
- {id: gone, title: T, carriers: [ZZ], per: journey, expirationDate: 2026-01-01, sources: [s], rows: [{within: [airport/QQQ], prices: {economy: 1}}]}
- {id: a, title: T, per: journey, sources: [s], rows: [{prices: {economy: 10}}]}
awardFees: [{id: gone, carriers: [ZZ], surcharge: none, expirationDate: 2026-01-01, sources: [s]}]
`
	if got, want := ask(t, gone, `{"origin":"JFK","destination":"LHR","cabin":"economy","preferences":{"maxStops":0,"carriers":["AA"]}}`), "AA JFK-LHR fixed 10 = 0.1 USD"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
