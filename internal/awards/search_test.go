package awards_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"loyalty-mcp/internal/awards"
	"loyalty-mcp/kg/bundle/bundletest"
	"loyalty-mcp/schemas"
)

var update = flag.Bool("update", false, "write the golden answers anew; read them before they are committed")

// book is that of the bundled facts, made once.
func book(t testing.TB) *awards.Book {
	t.Helper()
	facts := bundletest.Facts(t)
	bundled.Do(func() {
		var err error
		if bundledBook, err = awards.NewBook(facts); err != nil {
			t.Fatal(err)
		}
	})
	return bundledBook
}

var (
	bundled     sync.Once
	bundledBook *awards.Book
)

func decode(t testing.TB, question string, q *schemas.AwardQuestion) {
	t.Helper()
	if err := json.Unmarshal([]byte(question), q); err != nil {
		t.Fatal(err)
	}
}

func search(t testing.TB, question string) *schemas.AwardAnswer {
	t.Helper()
	var q schemas.AwardQuestion
	decode(t, question, &q)
	a, err := book(t).Search(&q, today)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const toLondon = `{"origin": "New York", "destination": "London", "cabin": "business", "travelers": 2, "departureDate": "2027-09-14",
	"balances": [{"program": "AMEX_MR_US", "amount": 100000}, {"program": "UA_MileagePlus", "amount": 50000}, {"program": "DL_SkyMiles", "amount": 30000}]}`

// stories are questions as travellers ask them. Their answers are kept to be read:
// a change is for a person to judge, who knows what a frequent flyer would sign.
var stories = map[string]string{
	"new-york-london": toLondon,
	"family-to-tokyo": `{"origin": "Chicago", "destination": "Tokyo", "cabin": "economy", "travelers": 4, "departureDate": "2027-06-20", "returnDate": "2027-07-04",
		"balances": [{"program": "CHASE_UR", "amount": 250000}, {"program": "UA_MileagePlus", "amount": 120000}, {"program": "AMEX_MR_US", "amount": 90000}]}`,
	"one-way-to-sydney-first": `{"origin": "Los Angeles", "destination": "Sydney", "cabin": "first",
		"balances": [{"program": "AMEX_MR_US", "amount": 200000}, {"program": "CITI_THANKYOU", "amount": 150000}, {"program": "AA_AAdvantage", "amount": 60000}]}`,
	"maldives": `{"origin": "London", "destination": "Maldives", "cabin": "business", "travelers": 2, "departureDate": "2027-02-10", "returnDate": "2027-02-20",
		"balances": [{"program": "BA_Club", "amount": 250000}, {"program": "AMEX_MR_UK", "amount": 300000}]}`,
	"within-canada": `{"origin": "Vancouver", "destination": "Halifax", "cabin": "economy", "departureDate": "2027-05-06",
		"balances": [{"program": "AC_Aeroplan", "amount": 15000}, {"program": "AMEX_MR_CA", "amount": 20000}, {"program": "RBC_AVION", "amount": 30000}]}`,
	"europe-on-avios": `{"origin": "London", "destination": "Nice", "cabin": "economy", "travelers": 2, "departureDate": "2026-12-01", "returnDate": "2026-12-08",
		"balances": [{"program": "BA_Club", "amount": 30000}, {"program": "IB_Club", "amount": 20000}]}`,
	"to-buenos-aires": `{"origin": "Miami", "destination": "Buenos Aires", "cabin": "business", "departureDate": "2027-03-03",
		"balances": [{"program": "AA_AAdvantage", "amount": 40000}, {"program": "CITI_THANKYOU", "amount": 80000}, {"program": "CAPITAL_ONE", "amount": 100000}]}`,
}

func TestStories(t *testing.T) {
	for name, question := range stories {
		t.Run(name, func(t *testing.T) {
			got := tell(question, search(t, question))
			file := filepath.Join("testdata", "stories", name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the answer has changed; run with -update and read it. Got:\n%s", got)
			}
		})
	}
}

// tell writes an answer down to be read.
func tell(question string, a *schemas.AwardAnswer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", strings.Join(strings.Fields(question), " "))
	if a.Failed != nil {
		fmt.Fprintf(&b, "\nFAILED %s: %s\n", a.Failed.Constraint, a.Failed.Message)
	}
	for i, o := range a.Options {
		fmt.Fprintf(&b, "\n%d. %s, %s, %s, %s\n", i+1, o.ProgramName, strings.Join(o.Carriers, "+"), strings.Join(o.Routing, "-"), o.TripType)
		fmt.Fprintf(&b, "   %s %d %s", o.Price.Kind, o.Price.Total, o.Price.Unit)
		if o.Price.High != nil {
			fmt.Fprintf(&b, " to %d", *o.Price.High)
		}
		for _, word := range []string{o.Price.Level, o.Price.Season} {
			if word != "" {
				fmt.Fprintf(&b, ", %s", word)
			}
		}
		if o.Fees.Amount != nil {
			fmt.Fprintf(&b, " + %s %s", o.Fees.Amount, o.Fees.Currency)
		}
		fmt.Fprintf(&b, "; %s\n   pay:", o.Fees.Basis)
		if o.Funding.OwnUsed > 0 {
			fmt.Fprintf(&b, " %d of its own;", o.Funding.OwnUsed)
		}
		for _, s := range o.Funding.Steps {
			fmt.Fprintf(&b, " %d %s to %d %s (%s);", s.Send, s.From, s.Receive, s.To, s.Ratio)
		}
		if !o.Funding.Affordable {
			fmt.Fprintf(&b, " %d short: %s;", o.Funding.Shortfall, o.Funding.Reason)
		}
		fmt.Fprintf(&b, " left over %d\n", o.Funding.Leftover)
		if o.Value.Cost != nil {
			fmt.Fprintf(&b, "   costs %s %s: ", o.Value.Cost, o.Value.Unit)
		}
		fmt.Fprintf(&b, "%s\n   confidence %s, %d sources\n", o.Value.Method, o.Confidence, len(o.Sources))
		for _, why := range o.Why {
			fmt.Fprintf(&b, "   + %s\n", why)
		}
		for _, caveat := range o.Caveats {
			fmt.Fprintf(&b, "   ! %s\n", caveat)
		}
	}
	b.WriteString("\n")
	for _, u := range a.Unanswered {
		fmt.Fprintf(&b, "? %s: %s\n", u.Program, u.Reason)
	}
	for _, w := range a.Warnings {
		fmt.Fprintf(&b, "* %s\n", w)
	}
	return b.String()
}

// TestSearchWrongQuestions: each wrong field is named, with what is allowed.
func TestSearchWrongQuestions(t *testing.T) {
	for name, test := range map[string]struct{ question, code, field, allowed string }{
		"place":         {`{"origin": "Lodnon", "destination": "JFK", "cabin": "economy"}`, "unknown_place", "origin", "London"},
		"two places":    {`{"origin": "San Jose", "destination": "JFK", "cabin": "economy"}`, "ambiguous_place", "origin", "SJC"},
		"the same":      {`{"origin": "NYC", "destination": "JFK", "cabin": "economy"}`, "out_of_range", "destination", ""},
		"cabin":         {`{"origin": "LON", "destination": "JFK", "cabin": "suite"}`, "not_allowed", "cabin", "business"},
		"date":          {`{"origin": "LON", "destination": "JFK", "cabin": "economy", "departureDate": "2026-01-01"}`, "out_of_range", "departureDate", ""},
		"no date":       {`{"origin": "LON", "destination": "JFK", "cabin": "economy", "departureDate": "soon"}`, "malformed", "departureDate", ""},
		"back before":   {`{"origin": "LON", "destination": "JFK", "cabin": "economy", "departureDate": "2027-02-01", "returnDate": "2027-01-01"}`, "out_of_range", "returnDate", ""},
		"program":       {`{"origin": "LON", "destination": "JFK", "cabin": "economy", "programs": ["AA_Advantage"]}`, "unknown_program", "programs[0]", "AA_AAdvantage"},
		"balance":       {`{"origin": "LON", "destination": "JFK", "cabin": "economy", "balances": [{"program": "AMEX", "amount": 1}]}`, "unknown_program", "balances[0].program", "AMEX_MR_US"},
		"twice":         {`{"origin": "LON", "destination": "JFK", "cabin": "economy", "balances": [{"program": "BILT", "amount": 1}, {"program": "BILT", "amount": 1}]}`, "duplicate", "balances[1].program", ""},
		"own valuation": {`{"origin": "LON", "destination": "JFK", "cabin": "economy", "centsPerPoint": {"BILT": 0}}`, "out_of_range", "centsPerPoint.BILT", ""},
		"alliance":      {`{"origin": "LON", "destination": "JFK", "cabin": "economy", "preferences": {"alliances": ["one world", "Galaxy"]}}`, "unknown_alliance", "preferences.alliances[1]", "oneworld"},
		"carrier":       {`{"origin": "LON", "destination": "JFK", "cabin": "economy", "preferences": {"carriers": ["Lufthansa"]}}`, "unknown_carrier", "preferences.carriers[0]", "LH"},
	} {
		t.Run(name, func(t *testing.T) {
			var q schemas.AwardQuestion
			decode(t, test.question, &q)
			_, err := book(t).Search(&q, today)
			wrong, ok := err.(*schemas.CallError)
			if !ok || wrong.Code != test.code || wrong.Field != test.field || test.allowed != "" && !slices.Contains(wrong.Allowed, test.allowed) {
				t.Errorf("got %+v, want %s of %s, allowing %s", err, test.code, test.field, test.allowed)
			}
		})
	}
}

// TestSearchFails: when nothing works, the constraint is named.
func TestSearchFails(t *testing.T) {
	for name, test := range map[string]struct{ question, constraint string }{
		"no carrier":  {`{"origin": "JFK", "destination": "Alta", "cabin": "business", "preferences": {"maxStops": 0}}`, "noCarrier"},
		"no price":    {`{"origin": "JFK", "destination": "LAX", "cabin": "economy", "programs": ["B6_TrueBlue"], "preferences": {"carriers": ["DL"]}}`, "noPrice"},
		"few points":  {`{"origin": "JFK", "destination": "LHR", "cabin": "business", "balances": [{"program": "AMEX_MR_US", "amount": 1000}]}`, "notEnoughPoints"},
		"surcharges":  {`{"origin": "JFK", "destination": "LHR", "cabin": "business", "programs": ["VS_FlyingClub"], "preferences": {"carriers": ["VS"], "maxStops": 0, "avoidSurcharges": true}}`, "surcharges"},
		"a cap":       {`{"origin": "JFK", "destination": "LHR", "cabin": "business", "programs": ["VS_FlyingClub"], "preferences": {"carriers": ["VS"], "maxStops": 0, "maxFees": 100}}`, "feesAboveCap"},
		"wrong links": {`{"origin": "JFK", "destination": "LHR", "cabin": "business", "balances": [{"program": "AMEX_MR_US", "amount": 1000000}], "preferences": {"considerTransfers": false}}`, "notEnoughPoints"},
	} {
		t.Run(name, func(t *testing.T) {
			a := search(t, test.question)
			if a.Failed == nil || a.Failed.Constraint != test.constraint || a.Failed.Message == "" {
				t.Errorf("got %+v, want %s", a.Failed, test.constraint)
			}
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	var q schemas.AwardQuestion
	decode(b, `{"origin": "NYC", "destination": "LON", "cabin": "business", "departureDate": "2027-09-14",
		"balances": [{"program": "AMEX_MR_US", "amount": 100000}, {"program": "UA_MileagePlus", "amount": 50000}, {"program": "CHASE_UR", "amount": 80000}, {"program": "MARRIOTT_Bonvoy", "amount": 120000}]}`, &q)
	book := book(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := book.Search(&q, today); err != nil {
			b.Fatal(err)
		}
	}
}

// checkAnswer reports what contradicts itself, or the question, in an answer.
func checkAnswer(t *testing.T, q *schemas.AwardQuestion, a *schemas.AwardAnswer) {
	t.Helper()
	travelers, ways := int64(max(q.Travelers, 1)), int64(1)
	if q.ReturnDate != "" {
		ways = 2
	}
	have := map[string]int64{}
	for _, b := range q.Balances {
		have[b.Program] += b.Amount
	}
	stops, limit := 1, 8
	if p := q.Preferences; p != nil && p.MaxStops != nil {
		stops = *p.MaxStops
	}
	if q.Limit > 0 {
		limit = q.Limit
	}
	if len(a.Options) > limit {
		t.Errorf("%d options, more than the limit of %d", len(a.Options), limit)
	}
	if (len(a.Options) == 0) != (a.Failed != nil && a.Failed.Constraint != "notEnoughPoints") {
		t.Errorf("%d options, failed is %+v", len(a.Options), a.Failed)
	}
	ids := map[string]bool{}
	for i, o := range a.Options {
		wrong := func(format string, args ...any) { t.Errorf("%s: %s", o.ID, fmt.Sprintf(format, args...)) }
		if ids[o.ID] {
			wrong("stands twice")
		}
		ids[o.ID] = true
		if len(o.Routing) != len(o.Carriers)+1 || len(o.Carriers) > stops+1 {
			wrong("routing %v with carriers %v, at most %d stops asked for", o.Routing, o.Carriers, stops)
		}
		if len(q.Programs) > 0 && !slices.Contains(q.Programs, o.Program) {
			wrong("of a program that was not asked for")
		}
		if p := q.Preferences; p != nil {
			for _, c := range o.Carriers {
				if len(p.Carriers) > 0 && len(p.Alliances) == 0 && !slices.Contains(p.Carriers, c) {
					wrong("on %s, which was not asked for", c)
				}
			}
			if p.MaxFees != nil && o.Fees.Amount != nil && o.Fees.Currency == "USD" && o.Fees.Amount.GreaterThan(p.MaxFees.Mul(schemas.MustDecimal(fmt.Sprint(travelers)).Decimal)) {
				wrong("fees of %s above the cap", o.Fees.Amount)
			}
		}
		if o.Price.Total != o.Price.PerTraveler*travelers || o.Price.Total <= 0 || o.Price.High != nil && *o.Price.High <= o.Price.Total {
			wrong("price %+v for %d travellers", o.Price, travelers)
		}
		if ways == 2 && o.TripType != "roundTrip" {
			wrong("is one way, a round trip was asked for")
		}
		if len(o.Sources) == 0 || len(o.Why) < 2 || !slices.Contains([]string{"high", "medium", "low"}, o.Confidence) {
			wrong("%d sources, %d reasons, confidence %q", len(o.Sources), len(o.Why), o.Confidence)
		}
		if (o.Funding == nil) != (len(q.Balances) == 0) {
			wrong("funding is %+v", o.Funding)
			continue
		}
		if o.Funding == nil {
			continue
		}
		checkFunding(wrong, &o, have)
		if i > 0 && o.Funding.Affordable && !a.Options[i-1].Funding.Affordable {
			wrong("can be paid, and comes after one that cannot")
		}
		// What costs more than its points say, or may not be sold, comes last.
		apart := func(o schemas.AwardOption) bool {
			return slices.ContainsFunc(o.Caveats, func(c string) bool {
				return strings.Contains(c, "carrier surcharges come on top") || strings.Contains(c, "priced as a round trip only") ||
					strings.Contains(c, "sells business is not on file")
			})
		}
		if i > 0 && o.Funding.Affordable && apart(a.Options[i-1]) && !apart(o) {
			wrong("comes after one whose cost is not whole")
		}
		if i > 0 && o.Funding.Affordable && apart(a.Options[i-1]) == apart(o) && a.Options[i-1].Value.Cost.GreaterThan(o.Value.Cost.Decimal) {
			wrong("costs %s, less than the one before, %s", o.Value.Cost, a.Options[i-1].Value.Cost)
		}
	}
}

// checkFunding re-adds the transfers of an option.
func checkFunding(wrong func(string, ...any), o *schemas.AwardOption, have map[string]int64) {
	f := o.Funding
	if !f.Affordable {
		if f.Shortfall <= 0 || f.Shortfall > o.Price.Total || f.Reason == "" || len(f.Steps) > 0 {
			wrong("cannot be paid: %+v", f)
		}
		return
	}
	left := map[string]int64{}
	for id, amount := range have {
		left[id] = amount
	}
	for _, s := range f.Steps {
		left[s.From] -= s.Send
		left[s.To] += s.Receive
		if left[s.From] < 0 || s.Send <= 0 || s.Receive <= 0 {
			wrong("step %+v leaves %d", s, left[s.From])
		}
	}
	left[o.Program] -= o.Price.Total
	if left[o.Program] < 0 || have[o.Program]-f.OwnUsed+f.Leftover != left[o.Program] || f.OwnUsed > have[o.Program] {
		wrong("own used %d, left over %d, of %d there are %d left", f.OwnUsed, f.Leftover, have[o.Program], left[o.Program])
	}
}

// TestSearchAddsUp asks many questions and has each answer re-added.
func TestSearchAddsUp(t *testing.T) {
	random := rand.New(rand.NewPCG(20261121, 4))
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	places := []string{"NYC", "London", "Tokyo", "LAX", "SYD", "Paris", "FRA", "SIN", "BUE", "YVR", "MLE", "JNB", "Chicago", "DOH", "Mexico City", "HNL", "Seoul", "MAD", "DEL", "IST", "AKL", "Nice", "GRU", "Reykjavik"}
	currencies := []string{"AMEX_MR_US", "CHASE_UR", "CITI_THANKYOU", "CAPITAL_ONE", "BILT", "MARRIOTT_Bonvoy", "UA_MileagePlus", "AA_AAdvantage", "BA_Club", "AC_Aeroplan", "AS_Atmos", "AMEX_MR_CA", "ROVE", "WELLS_FARGO"}
	options, answers := 0, 0
	for range 400 {
		q := schemas.AwardQuestion{Origin: pick(places), Destination: pick(places), Cabin: pick(schemas.Cabins), Travelers: random.IntN(5)}
		if random.IntN(3) > 0 {
			q.DepartureDate = fmt.Sprintf("2027-%02d-%02d", 1+random.IntN(6), 1+random.IntN(28))
			if random.IntN(2) == 0 {
				q.ReturnDate = fmt.Sprintf("2027-%02d-%02d", 7+random.IntN(5), 1+random.IntN(28))
			}
		}
		for _, i := range random.Perm(len(currencies))[:random.IntN(6)] {
			q.Balances = append(q.Balances, schemas.Balance{Program: currencies[i], Amount: int64(random.IntN(400_000))})
		}
		if random.IntN(3) == 0 {
			stops := random.IntN(3)
			q.Preferences = &schemas.AwardPreferences{MaxStops: &stops, AvoidSurcharges: random.IntN(2) == 0}
			if random.IntN(2) == 0 {
				most := schemas.MustDecimal(fmt.Sprint(random.IntN(500)))
				q.Preferences.MaxFees = &most
			}
			if random.IntN(2) == 0 {
				q.Preferences.Carriers = []string{"UA", "BA", "AA", "LH", "NH"}
			}
		}
		q.Limit = random.IntN(30)
		a, err := book(t).Search(&q, today)
		if err != nil {
			if q.Origin != q.Destination {
				t.Errorf("%+v: %v", q, err)
			}
			continue
		}
		answers++
		options += len(a.Options)
		checkAnswer(t, &q, a)
	}
	if options < 1000 {
		t.Errorf("only %d options in %d answers", options, answers)
	}
}

// FuzzSearch: whatever is asked, the answer comes, and does not contradict itself.
func FuzzSearch(f *testing.F) {
	f.Add("NYC", "London", "business", "2027-09-14", "", int64(100_000), int64(50_000), 2, 1)
	f.Add("san josé", "東京", "first", "2027-02-29", "2026-01-01", int64(-5), int64(1)<<62, -3, 9)
	f.Add("Portland, ME", "", "economy", "", "2027-01-01", int64(0), int64(0), 0, 0)
	f.Fuzz(func(t *testing.T, origin, destination, cabin, departure, back string, amex, united int64, travelers, stops int) {
		q := schemas.AwardQuestion{Origin: origin, Destination: destination, Cabin: cabin, DepartureDate: departure, ReturnDate: back}
		// What the input schema bounds is within its bounds here as well.
		q.Travelers, stops = min(max(travelers, 0), 9), min(max(stops, 0), 2)
		q.Preferences = &schemas.AwardPreferences{MaxStops: &stops}
		bound := func(n int64) int64 { return min(max(n, 0), 100_000_000) }
		q.Balances = []schemas.Balance{{Program: "AMEX_MR_US", Amount: bound(amex)}, {Program: "UA_MileagePlus", Amount: bound(united)}}
		a, err := book(t).Search(&q, today)
		if err != nil {
			if _, ok := err.(*schemas.CallError); !ok {
				t.Fatalf("not a call error: %v", err)
			}
			return
		}
		checkAnswer(t, &q, a)
	})
}
