package userprofile

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loyalty-mcp/schemas"
)

func profile(t testing.TB, text string) schemas.Profile {
	t.Helper()
	var p schemas.Profile
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const someone = `{
	"memberships": {
		"UA_MileagePlus": {"number": "AB123", "tier": "Gold", "balance": {"amount": 1000, "asOf": "2026-11-01"}, "cards": ["UA_Quest"]},
		"AMEX_MR_US": {}
	},
	"preferences": {"homeAirport": "SFO", "centsPerPoint": {"UA_MileagePlus": 1.25}},
	"itineraries": {"Tokyo": {"segments": [{"marketingCarrier": "UA", "origin": "SFO", "destination": "HND", "bookingClass": "J"}]}},
	"consent": {"balanceHistory": true}
}`

func TestMerge(t *testing.T) {
	for _, test := range []struct{ name, patch, changes string }{
		{"nothing", `{}`, ""},
		{"the same again", `{"memberships":{"UA_MileagePlus":{"tier":"Gold","cards":["UA_Quest"]}},"preferences":{"centsPerPoint":{"UA_MileagePlus":1.250}}}`, ""},
		{"what is not there removed", `{"memberships":{"ZZ":null},"preferences":{"cabins":null}}`, ""},
		{"one balance", `{"memberships":{"UA_MileagePlus":{"balance":{"amount":2500,"asOf":"2026-11-20"}}}}`,
			`memberships.UA_MileagePlus.balance.amount 1000 -> 2500
memberships.UA_MileagePlus.balance.asOf "2026-11-01" -> "2026-11-20"`},
		{"whole numbers in other spellings", `{"memberships":{"UA_MileagePlus":{"balance":{"amount":2.5e3}}}}`,
			`memberships.UA_MileagePlus.balance.amount 1000 -> 2500`},
		{"a list is replaced whole", `{"memberships":{"UA_MileagePlus":{"cards":["UA_Club","UA_Quest"]}}}`,
			`memberships.UA_MileagePlus.cards ["UA_Quest"] -> ["UA_Club","UA_Quest"]`},
		{"a membership removed", `{"memberships":{"UA_MileagePlus":null}}`,
			`memberships.UA_MileagePlus.balance.amount 1000 -> 
memberships.UA_MileagePlus.balance.asOf "2026-11-01" -> 
memberships.UA_MileagePlus.cards ["UA_Quest"] -> 
memberships.UA_MileagePlus.number "AB123" -> 
memberships.UA_MileagePlus.tier "Gold" -> `},
		{"an empty membership", `{"memberships":{"AA_AAdvantage":{},"AMEX_MR_US":null}}`,
			`memberships.AA_AAdvantage  -> {}
memberships.AMEX_MR_US {} -> `},
		{"an empty membership filled", `{"memberships":{"AMEX_MR_US":{"balance":{"amount":7,"asOf":"2026-11-20"}}}}`,
			`memberships.AMEX_MR_US.balance.amount  -> 7
memberships.AMEX_MR_US.balance.asOf  -> "2026-11-20"`},
		{"consent withdrawn", `{"consent":{"balanceHistory":false}}`, `consent.balanceHistory true -> `},
		{"a decimal as it is written", `{"preferences":{"centsPerPoint":{"UA_MileagePlus":0.1234567890123456789}}}`,
			`preferences.centsPerPoint.UA_MileagePlus 1.25 -> 0.1234567890123456789`},
		{"a fare", `{"itineraries":{"Tokyo":{"fare":{"base":1e2,"currency":"USD"}}}}`,
			`itineraries.Tokyo.fare.base  -> 100
itineraries.Tokyo.fare.currency  -> "USD"`},
		{"all removed", `{"memberships":null,"preferences":null,"itineraries":null,"consent":null}`,
			`consent.balanceHistory true -> 
itineraries.Tokyo.segments [{"bookingClass":"J","destination":"HND","marketingCarrier":"UA","origin":"SFO"}] -> 
memberships.AMEX_MR_US {} -> 
memberships.UA_MileagePlus.balance.amount 1000 -> 
memberships.UA_MileagePlus.balance.asOf "2026-11-01" -> 
memberships.UA_MileagePlus.cards ["UA_Quest"] -> 
memberships.UA_MileagePlus.number "AB123" -> 
memberships.UA_MileagePlus.tier "Gold" -> 
preferences.centsPerPoint.UA_MileagePlus 1.25 -> 
preferences.homeAirport "SFO" -> `},
	} {
		t.Run(test.name, func(t *testing.T) {
			current := profile(t, someone)
			next, changes, err := Merge(current, json.RawMessage(test.patch))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, c := range changes {
				lines = append(lines, c.Path+" "+string(c.Before)+" -> "+string(c.After))
			}
			if diff := cmp.Diff(test.changes, strings.Join(lines, "\n")); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if asJSON(t, current) != asJSON(t, profile(t, someone)) {
				t.Error("the current profile was changed")
			}
			if test.changes == "" && asJSON(t, next) != asJSON(t, current) {
				t.Errorf("no change listed, but it is now %s", asJSON(t, next))
			}
		})
	}
}

func TestMergeIntoNothing(t *testing.T) {
	next, changes, err := Merge(schemas.Profile{}, json.RawMessage(someone))
	if err != nil || asJSON(t, next) != asJSON(t, profile(t, someone)) || len(changes) != 10 {
		t.Errorf("%s, %d changes, %v", asJSON(t, next), len(changes), err)
	}
	if !slices.IsSortedFunc(changes, func(a, b schemas.ProfileChange) int { return strings.Compare(a.Path, b.Path) }) {
		t.Error("the changes are not in order")
	}
}

// TestRFC7396 has the examples of the RFC's appendix in which the target is an object.
func TestRFC7396(t *testing.T) {
	for _, test := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		var value [3]any
		for i, text := range test {
			var err error
			if value[i], err = parse(json.RawMessage(text)); err != nil {
				t.Fatal(err)
			}
		}
		if got := mergePatch(value[0], value[1]); !reflect.DeepEqual(got, value[2]) {
			t.Errorf("%s patched with %s = %v, want %s", test[0], test[1], got, test[2])
		}
	}
}

func TestMergeRefuses(t *testing.T) {
	for _, test := range []struct{ patch, code, field, given, allowed, message string }{
		{`{"memberships":{"UA_MileagePlus":{"balance":{"amount":-1}}}}`, "out_of_range", "memberships.UA_MileagePlus.balance.amount", "-1", "", "at least 0"},
		{`{"memberships":{"UA_MileagePlus":{"balance":{"amount":100000001}}}}`, "out_of_range", "memberships.UA_MileagePlus.balance.amount", "100000001", "", "at most 100000000"},
		{`{"memberships":{"UA_MileagePlus":{"balance":{"amount":123456789012345678901234567890}}}}`, "out_of_range", "memberships.UA_MileagePlus.balance.amount", "123456789012345678901234567890", "", "at most 100000000"},
		{`{"memberships":{"UA_MileagePlus":{"balance":{"amount":1e999999999}}}}`, "out_of_range", "memberships.UA_MileagePlus.balance.amount", "1e999999999", "", "exponent"},
		{`{"memberships":{"UA_MileagePlus":{"balance":{"amount":1.5}}}}`, "wrong_type", "memberships.UA_MileagePlus.balance.amount", "1.5", "", "integer"},
		{`{"memberships":{"UA_MileagePlus":{"balance":{"amount":"1000"}}}}`, "wrong_type", "memberships.UA_MileagePlus.balance.amount", "1000", "", "integer"},
		{`{"memberships":{"UA_MileagePlus":{"balance":{"amout":1}}}}`, "unknown_field", "memberships.UA_MileagePlus.balance.amout", "", "amount asOf expires", "known: amount, asOf, expires"},
		{`{"membership":{}}`, "unknown_field", "membership", "", "consent itineraries memberships preferences", "not a known field"},
		{`{"Memberships":{}}`, "unknown_field", "Memberships", "", "consent itineraries memberships preferences", "not a known field"},
		{`{"memberships":{"AMEX_MR_US":{"balance":{"amount":1}}}}`, "missing_field", "memberships.AMEX_MR_US.balance.asOf", "", "", "is missing"},
		{`{"memberships":{"UA_MileagePlus":{"balance":{"asOf":null}}}}`, "missing_field", "memberships.UA_MileagePlus.balance.asOf", "", "", "is missing"},
		{`{"memberships":{"UA_MileagePlus":{"balance":{"asOf":"20 Nov 2026"}}}}`, "malformed", "memberships.UA_MileagePlus.balance.asOf", "20 Nov 2026", "", "YYYY-MM-DD"},
		{`{"preferences":{"homeAirport":"San Francisco"}}`, "malformed", "preferences.homeAirport", "San Francisco", "", "^[A-Z]{3}$"},
		{`{"preferences":{"cabins":["coach"]}}`, "not_allowed", "preferences.cabins[0]", "coach", "economy premiumEconomy business first", "must be one of"},
		{`{"preferences":{"centsPerPoint":{"UA_MileagePlus":0.12345678901234567891}}}`, "out_of_range", "preferences.centsPerPoint.UA_MileagePlus", "0.12345678901234567891", "", "decimal places"},
		{`{"itineraries":{"Tokyo":{"segments":[{"marketingCarrier":"UA","origin":"SFO","destination":"HND","bookingClass":"J","cabn":"first"}]}}}`, "unknown_field", "itineraries.Tokyo.segments[0].cabn", "",
			"bookingClass cabin departureDate destination fareBrand flightNumber marketingCarrier operatingCarrier origin", "not a known field"},
		{`{"itineraries":{"Tokyo":{"segments":[null]}}}`, "wrong_type", "itineraries.Tokyo.segments[0]", "", "", "must be of type object"},
		{`{"itineraries":{"Tokyo":{"segments":[]}}}`, "wrong_count", "itineraries.Tokyo.segments", "[]", "", "at least 1"},
		{`{"consent":{"balanceHistory":"yes"}}`, "wrong_type", "consent.balanceHistory", "yes", "", "boolean"},
		{`{"consent":{"balanceHistory":true,"balanceHistory":false}}`, "duplicate", "consent.balanceHistory", "", "", "stands twice"},
		{`{"consent":{"balanceHistory":true,"balanceHistor\u0079":false}}`, "duplicate", "consent.balanceHistory", "", "", "stands twice"},
		{`{"memberships":{"A":null,"A":null}}`, "duplicate", "memberships.A", "", "", "stands twice"},
		{`[]`, "wrong_type", "the patch", "[]", "", "must be an object"},
		{`null`, "wrong_type", "the patch", "null", "", "must be an object"},
		{`"x"`, "wrong_type", "the patch", `"x"`, "", "must be an object"},
		{``, "malformed", "the patch", "", "", "valid JSON"},
		{`{"a":`, "malformed", "the patch", `{"a":`, "", "valid JSON"},
		{`{} {}`, "malformed", "the patch", `{} {}`, "", "valid JSON"},
		{"{\"memberships\":{\"\xff\":{}}}", "malformed", "the patch", "", "", "UTF-8"},
		{`{"memberships":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`, "malformed", "memberships" + strings.Repeat("[0]", 20), "", "", "nested too deep"},
		{`{"memberships":` + strings.Repeat("[", 200_000), "malformed", "the patch", `{"memberships":` + strings.Repeat("[", 45) + "…", "", "valid JSON"},
		{`{"x":"` + strings.Repeat("x", MaxProfile) + `"}`, "too_large", "the patch", "307208 bytes", "", "at most 307200 bytes"},
	} {
		next, changes, err := Merge(profile(t, someone), json.RawMessage(test.patch))
		e, ok := errors.AsType[*schemas.CallError](err)
		if !ok {
			t.Errorf("%.80s: %v", test.patch, err)
			continue
		}
		got := []string{e.Code, e.Field, e.Given, strings.Join(e.Allowed, " ")}
		if want := []string{test.code, test.field, test.given, test.allowed}; !slices.Equal(got, want) {
			t.Errorf("%.80s:\n got %q\nwant %q", test.patch, got, want)
		}
		if !strings.Contains(e.Message, test.message) || !strings.HasPrefix(e.Message, e.Field) {
			t.Errorf("%.80s: the message is %q", test.patch, e.Message)
		}
		if changes != nil || asJSON(t, next) != "{}" {
			t.Errorf("%.80s: something was merged", test.patch)
		}
	}
}

func TestBalanceHistory(t *testing.T) {
	at := time.Date(2026, 11, 22, 11, 30, 0, 999, time.FixedZone("", 2*60*60))
	merge := func(before schemas.Profile, patch string) schemas.Profile {
		t.Helper()
		after, _, err := Merge(before, json.RawMessage(patch))
		if err != nil {
			t.Fatal(err)
		}
		return after
	}
	before := profile(t, someone)
	entry := func(program string, amount int64, asOf string) schemas.BalanceEntry {
		return schemas.BalanceEntry{Program: program, Amount: amount, AsOf: asOf, RecordedAt: "2026-11-22T09:30:00Z"}
	}
	silent := merge(before, `{"consent":null}`)
	for name, test := range map[string]struct {
		before schemas.Profile
		patch  string
		want   []schemas.BalanceEntry
	}{
		"nothing":              {before, `{}`, nil},
		"the tier only":        {before, `{"memberships":{"UA_MileagePlus":{"tier":"Platinum"}}}`, nil},
		"the expiry only":      {before, `{"memberships":{"UA_MileagePlus":{"balance":{"expires":"2028-01-01"}}}}`, nil},
		"an amount":            {before, `{"memberships":{"UA_MileagePlus":{"balance":{"amount":2}}}}`, []schemas.BalanceEntry{entry("UA_MileagePlus", 2, "2026-11-01")}},
		"the same on a day":    {before, `{"memberships":{"UA_MileagePlus":{"balance":{"asOf":"2026-11-20"}}}}`, []schemas.BalanceEntry{entry("UA_MileagePlus", 1000, "2026-11-20")}},
		"a new one":            {before, `{"memberships":{"AMEX_MR_US":{"balance":{"amount":0,"asOf":"2026-11-20"}}}}`, []schemas.BalanceEntry{entry("AMEX_MR_US", 0, "2026-11-20")}},
		"removed":              {before, `{"memberships":{"UA_MileagePlus":null}}`, nil},
		"consent withdrawn":    {before, `{"memberships":{"UA_MileagePlus":{"balance":{"amount":2}}},"consent":{"balanceHistory":false}}`, nil},
		"no consent":           {silent, `{"memberships":{"UA_MileagePlus":{"balance":{"amount":2}}}}`, nil},
		"consent given":        {silent, `{"consent":{"balanceHistory":true}}`, []schemas.BalanceEntry{entry("UA_MileagePlus", 1000, "2026-11-01")}},
		"consent of something": {silent, `{"consent":{"conversations":true}}`, nil},
	} {
		if diff := cmp.Diff(test.want, BalanceHistory(test.before, merge(test.before, test.patch), at)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestItineraryExpires(t *testing.T) {
	for _, test := range []struct{ days, want string }{
		{"", ""}, {"?", ""}, {"2025-11-22", "2026-11-22"}, {"2025-11-22 2025-11-30 2025-11-01", "2026-11-30"}, {"2024-02-29", "2025-03-01"}, {"? 2025-11-22 ?", "2026-11-22"},
	} {
		var trip schemas.SavedItinerary
		for day := range strings.FieldsSeq(test.days) {
			trip.Segments = append(trip.Segments, schemas.Segment{DepartureDate: day})
		}
		expires, ok := ItineraryExpires(trip)
		if got := expires.Format(time.DateOnly); ok != (test.want != "") || ok && got != test.want {
			t.Errorf("%q expires %s (%t), want %q", test.days, got, ok, test.want)
		}
	}
}

// FuzzMerge: whatever the patch, Merge does not panic, its result is a valid
// profile, and the same patch again changes nothing.
func FuzzMerge(f *testing.F) {
	for _, patch := range []string{
		`{}`, someone, `{"memberships":{"UA_MileagePlus":null}}`, `{"memberships":{"UA_MileagePlus":{"balance":{"amount":1e3}}}}`,
		`{"preferences":{"centsPerPoint":{"X":-0.0,"Y":1E-19,"Z":1e25}}}`, `{"consent":{}}`, `{"memberships":{"":{},"0":{},"a.b":{}}}`,
		`{"itineraries":{"\ud800":{"segments":[{"marketingCarrier":"","origin":"","destination":"","bookingClass":"x"}]}}}`,
	} {
		f.Add(someone, patch)
		f.Add(`{}`, patch)
	}
	f.Fuzz(func(t *testing.T, current, patch string) {
		// What is current came out of a Merge.
		before, _, err := Merge(schemas.Profile{}, json.RawMessage(current))
		if err != nil {
			before = schemas.Profile{}
		}
		held := asJSON(t, before)
		next, changes, err := Merge(before, json.RawMessage(patch))
		if err != nil {
			if e, ok := errors.AsType[*schemas.CallError](err); !ok || e.Field == "" || e.Message == "" {
				t.Fatalf("error %v", err)
			}
			return
		}
		if asJSON(t, before) != held {
			t.Fatal("the current profile was changed")
		}
		text := asJSON(t, next)
		value, err := parse(json.RawMessage(text))
		if err != nil {
			t.Fatal(err)
		}
		if violations := profileSchema.Validate(value); len(violations) > 0 {
			t.Fatalf("%s does not fit the schema: %v", text, violations)
		}
		if (len(changes) == 0) != (held == text) {
			t.Fatalf("%d changes from %s to %s", len(changes), held, text)
		}
		for _, c := range changes {
			if bytes.Equal(c.Before, c.After) {
				t.Fatalf("%s did not change", c.Path)
			}
		}
		again, more, err := Merge(next, json.RawMessage(patch))
		if err != nil || len(more) > 0 || asJSON(t, again) != text {
			t.Fatalf("the second time: %v, %v, %s after %s", err, more, asJSON(t, again), text)
		}
	})
}

func BenchmarkMerge(b *testing.B) {
	current := profile(b, someone)
	patch := json.RawMessage(`{"memberships":{"UA_MileagePlus":{"balance":{"amount":2500,"asOf":"2026-11-20"}}}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, changes, err := Merge(current, patch); err != nil || len(changes) != 2 {
			b.Fatal(changes, err)
		}
	}
}
