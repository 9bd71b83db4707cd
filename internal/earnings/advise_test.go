package earnings_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"loyalty-mcp/internal/earnings"
	"loyalty-mcp/kg/bundle/bundletest"
	"loyalty-mcp/schemas"
)

// scenario is a question of advice whose answer follows by hand from what a
// published status guide states.
type scenario struct {
	ID       string                    `json:"id"`
	Source   string                    `json:"source"`
	States   string                    `json:"states"`  // what the guide states, in brief
	Working  string                    `json:"working"` // how the expected answer follows from it
	Today    string                    `json:"today"`
	Question schemas.CreditingQuestion `json:"question"`
	Expect   struct {
		Program      string             `json:"program"`
		Outcome      string             `json:"outcome"`
		ReachedAfter string             `json:"reachedAfter,omitempty"`
		Tier         string             `json:"tier,omitempty"` // held or reached at the end
		Missing      []map[string]int64 `json:"missing,omitempty"`
	} `json:"expect"`
}

func TestAdviceByPublishedGuides(t *testing.T) {
	text, err := os.ReadFile("testdata/advice.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Sources   []schemas.Source `json:"sources"`
		Scenarios []scenario       `json:"scenarios"`
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		t.Fatal(yaml.FormatError(err, false, true))
	}
	b := book(t)
	for _, s := range file.Scenarios {
		t.Run(s.ID, func(t *testing.T) {
			if !slices.ContainsFunc(file.Sources, func(source schemas.Source) bool { return source.ID == s.Source }) {
				t.Fatalf("source %q is not in the file", s.Source)
			}
			answer, err := b.Advise(&s.Question, s.Today)
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(answer.Programs, func(o schemas.CreditingOption) bool { return o.Program == s.Expect.Program })
			if at < 0 {
				t.Fatalf("%s is not ranked: %+v", s.Expect.Program, answer)
			}
			o := answer.Programs[at]
			if o.Outcome != s.Expect.Outcome || o.ReachedAfter != s.Expect.ReachedAfter {
				t.Errorf("%s\n%s\ngot %s after %q, want %s after %q\n%+v", s.States, s.Working, o.Outcome, o.ReachedAfter, s.Expect.Outcome, s.Expect.ReachedAfter, o)
			}
			if want := s.Expect.Tier; want != "" && o.Progress[len(o.Progress)-1].Tier != want {
				t.Errorf("%s\ngot the tier %s, want %s", s.States, o.Progress[len(o.Progress)-1].Tier, want)
			}
			if len(o.Missing) != len(s.Expect.Missing) {
				t.Fatalf("%s\n%s\nmissing: got %+v, want %v", s.States, s.Working, o.Missing, s.Expect.Missing)
			}
			for i, want := range s.Expect.Missing {
				got := map[string]int64{}
				for _, m := range o.Missing[i].Metrics {
					if m.Missing > 0 {
						got[m.Metric] = m.Missing
					}
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s\n%s\nmissing, way %d: got %v, want %v", s.States, s.Working, i+1, got, want)
				}
			}
		})
	}
	if len(file.Scenarios) < 12 {
		t.Errorf("only %d scenarios", len(file.Scenarios))
	}
}

// statusProgram earns 100 Q a flight on BA, 200 for Gold, and 1 F; nothing is
// known of Q on IB.
const statusProgram = `
sources: [{id: s, title: made up, asOf: 2026-11-01, kind: official}]
program:
  id: XX_Test
  name: Test
  kind: airline
  unit: miles
  metrics: [{code: Q, name: qualifying}, {code: F, name: flights}]
  qualificationYear: {kind: calendar}
  tiers:
  - {name: Member, sources: [s]}
  - {name: Gold, allianceStatus: oneworld Sapphire, qualification: [{Q: 300}, {Q: 200, F: 4}], sources: [s]}
  - {name: Top, allianceStatus: oneworld Emerald, qualification: [{Q: 1000}], sources: [s]}
  - {name: Invited, sources: [s]}
  reviewDays: 365
  sources: [s]
earningRules:
- {id: ba, title: BA, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 10}]},
   Q: {basis: segment, rates: [{byTier: {Member: 100, Gold: 200, Top: 200}}]}, F: {basis: segment, rates: [{rate: 1}]}}}
- {id: ib, title: IB, marketing: [IB], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 5}]}, F: {basis: segment, rates: [{rate: 1}]}}}
`

func adviceBook(t *testing.T) *earnings.Book {
	t.Helper()
	return bookFrom(t, statusProgram)
}

// trips are written "2026-12-10 BA" for one flight LHR-MAD.
func tripsOf(flights ...string) []schemas.Itinerary {
	var out []schemas.Itinerary
	for i, f := range flights {
		day, carrier, _ := strings.Cut(f, " ")
		out = append(out, schemas.Itinerary{Name: fmt.Sprintf("trip %d", i+1), Segments: []schemas.Segment{
			{MarketingCarrier: carrier, Origin: "LHR", Destination: "MAD", BookingClass: "Y", DepartureDate: day}}})
	}
	return out
}

func TestAdvise(t *testing.T) {
	const now = "2026-11-21"
	gold := schemas.Goal{Program: "XX_Test", Tier: "Gold"}
	standing := func(q, f int64) []schemas.Standing {
		return []schemas.Standing{{Program: "XX_Test", Metrics: []schemas.MetricAmount{{Metric: "Q", Amount: q}, {Metric: "F", Amount: f}}}}
	}
	for name, test := range map[string]struct {
		question schemas.CreditingQuestion
		outcome  string
		after    string
		totals   string // of the last step
		missing  string
		covers   string // of the first way
	}{
		"reached by the first way": {schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA", "2026-12-02 BA", "2026-12-03 BA"), Goal: gold},
			"reached", "trip 3", "Q=300 F=3", "", ""},
		"reached by the second way": {schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA", "2026-12-02 BA"), Goal: gold, Standing: standing(0, 2)},
			"reached", "trip 2", "Q=200 F=4", "", ""},
		"order of travel, not of the question": {schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-03 BA", "2026-12-02 BA", "2026-12-01 BA"), Goal: gold},
			"reached", "trip 1", "Q=300 F=3", "", ""},
		"missed": {schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA"), Goal: gold},
			"not reached", "", "Q=100 F=1", "Q=200 | Q=100 F=3", "2 more like trip 1 (100 Q each)"},
		"already there": {schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA"), Goal: gold, Standing: standing(300, 0)},
			"already reached", "", "Q=500 F=1", "", ""}, // reached tier raises what the flight earns
		"a new year begins anew": {schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA", "2026-12-31 BA", "2027-01-01 BA"), Goal: gold},
			"not reached", "", "Q=100 F=1", "Q=100 | F=2", ""},
		"flights before the year do not count": {schemas.CreditingQuestion{Itineraries: tripsOf("2025-12-31 BA", "2026-12-01 BA"), Goal: gold},
			"not reached", "", "Q=100 F=1", "Q=200 | Q=100 F=3", ""},
		"flights after the day do not count": {schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA", "2026-12-20 BA", "2026-12-21 BA"),
			Goal: schemas.Goal{Program: "XX_Test", Tier: "Gold", By: "2026-12-20"}}, "not reached", "", "Q=200 F=2", "Q=100 | F=2", ""},
		"an amount that nobody states": {schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA", "2026-12-02 IB"), Goal: gold},
			"not known", "", "Q=100 F=2", "Q=200 | Q=100 F=2", ""},
		"an upgrade on the way": {schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA", "2026-12-02 BA", "2026-12-03 BA", "2026-12-04 BA"), Goal: schemas.Goal{Program: "XX_Test", Tier: "Top"}},
			"not reached", "", "Q=500 F=4", "Q=500", "3 more like trip 4 (200 Q each)"}, // 3 × 100, then 200 as Gold
		"reaching again what is held": {schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA"), Goal: gold, Memberships: []schemas.Membership{{Program: "XX_Test", Tier: "Gold"}}},
			"not reached", "", "Q=200 F=1", "Q=100 | F=3", ""},
		"an alliance status, or a higher one": {schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA", "2026-12-02 BA", "2026-12-03 BA"), Goal: schemas.Goal{AllianceStatus: "oneworld Ruby"}},
			"reached", "trip 3", "Q=300 F=3", "", ""},
		"the member's own year": {schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA", "2027-01-10 BA", "2027-01-11 BA"), Goal: gold,
			Standing: []schemas.Standing{{Program: "XX_Test", YearEnd: "2027-01-10", Metrics: []schemas.MetricAmount{{Metric: "Q", Amount: 100}}}}},
			"reached", "trip 2", "Q=200 F=1", "", ""}, // trip 3 is in the next year, as Gold
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := adviceBook(t).Advise(&test.question, now)
			if err != nil {
				t.Fatal(err)
			}
			if len(answer.Programs) != 1 {
				t.Fatalf("got %+v", answer)
			}
			o := answer.Programs[0]
			var totals []string
			for _, m := range o.Progress[len(o.Progress)-1].Metrics {
				totals = append(totals, fmt.Sprintf("%s=%d", m.Metric, m.Amount))
			}
			var missing []string
			for _, way := range o.Missing {
				var lack []string
				for _, m := range way.Metrics {
					if m.Missing > 0 {
						lack = append(lack, fmt.Sprintf("%s=%d", m.Metric, m.Missing))
					}
				}
				missing = append(missing, strings.Join(lack, " "))
			}
			if got := strings.Join(totals, " "); o.Outcome != test.outcome || o.ReachedAfter != test.after || got != test.totals {
				t.Errorf("got %s after %q with %s, want %s after %q with %s", o.Outcome, o.ReachedAfter, got, test.outcome, test.after, test.totals)
			}
			if got := strings.Join(missing, " | "); got != test.missing {
				t.Errorf("missing: got %s, want %s", got, test.missing)
			}
			if test.covers != "" && o.Missing[0].Covers != test.covers {
				t.Errorf("covers: got %q, want %q", o.Missing[0].Covers, test.covers)
			}
			if len(answer.Table) != len(test.question.Itineraries) || len(o.Progress) != len(answer.Table) || len(o.Sources) == 0 {
				t.Errorf("the answer is incomplete: %+v", answer)
			}
		})
	}
}

// TestStepwiseTiers: from the bottom Top takes what Gold takes and its own; a
// Gold member needs only the step.
func TestStepwiseTiers(t *testing.T) {
	b := bookFrom(t, strings.Replace(strings.Replace(statusProgram, "  tiers:\n", "  stepwise: true\n  tiers:\n", 1), "[{Q: 300}, {Q: 200, F: 4}]", "[{Q: 300}]", 1))
	for tier, want := range map[string]int64{"": 1200, "Gold": 800} { // 1,000 + 300 - 100 and 1,000 - 200
		q := schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA"), Goal: schemas.Goal{Program: "XX_Test", Tier: "Top"},
			Memberships: []schemas.Membership{{Program: "XX_Test", Tier: tier}}}
		answer, err := b.Advise(&q, "2026-11-21")
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.Programs[0].Missing[0].Metrics[0].Missing; got != want {
			t.Errorf("from %q: %d missing, want %d", tier, got, want)
		}
	}
}

func TestAdviseWrongQuestions(t *testing.T) {
	sound := func() schemas.CreditingQuestion {
		return schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA"), Goal: schemas.Goal{Program: "XX_Test", Tier: "Gold"}}
	}
	for name, test := range map[string]struct {
		edit        func(*schemas.CreditingQuestion)
		code, field string
	}{
		"no goal":          {func(q *schemas.CreditingQuestion) { q.Goal = schemas.Goal{} }, "missing_field", "goal"},
		"two goals":        {func(q *schemas.CreditingQuestion) { q.Goal.AllianceStatus = "oneworld Ruby" }, "not_allowed", "goal"},
		"unknown program":  {func(q *schemas.CreditingQuestion) { q.Goal.Program = "YY" }, "unknown_program", "goal.program"},
		"unknown tier":     {func(q *schemas.CreditingQuestion) { q.Goal.Tier = "Gild" }, "unknown_tier", "goal.tier"},
		"no tier at all":   {func(q *schemas.CreditingQuestion) { q.Goal.Tier = "Member" }, "not_allowed", "goal.tier"},
		"nobody grants it": {func(q *schemas.CreditingQuestion) { q.Goal = schemas.Goal{AllianceStatus: "SkyTeam Elite"} }, "not_allowed", "goal.allianceStatus"},
		"unknown airport":  {func(q *schemas.CreditingQuestion) { q.Itineraries[0].Segments[0].Origin = "XXX" }, "unknown_airport", "itineraries[0].segments[0].origin"},
		"unknown standing": {func(q *schemas.CreditingQuestion) { q.Standing = []schemas.Standing{{Program: "YY"}} }, "unknown_program", "standing[0].program"},
		"unknown metric": {func(q *schemas.CreditingQuestion) {
			q.Standing = []schemas.Standing{{Program: "XX_Test", Metrics: []schemas.MetricAmount{{Metric: "Z"}}}}
		}, "unknown_metric", "standing[0].metrics[0].metric"},
		"unknown membership": {func(q *schemas.CreditingQuestion) { q.Memberships = []schemas.Membership{{Program: "YY"}} }, "unknown_program", "memberships[0].program"},
		"flights out of order": {func(q *schemas.CreditingQuestion) {
			back := q.Itineraries[0].Segments[0]
			back.DepartureDate = "2026-11-30"
			q.Itineraries[0].Segments = append(q.Itineraries[0].Segments, back)
		}, "out_of_range", "itineraries[0].segments[1].departureDate"},
	} {
		t.Run(name, func(t *testing.T) {
			q := sound()
			test.edit(&q)
			_, err := adviceBook(t).Advise(&q, "2026-11-21")
			wrong, ok := err.(*schemas.CallError)
			if !ok || wrong.Code != test.code || wrong.Field != test.field || !strings.Contains(wrong.Message, test.field) {
				t.Errorf("got %+v, want %s on %s", err, test.code, test.field)
			}
		})
	}
}

// TestUnknownAmountsAreNotZero: nothing is known of miles on IB, and of Q there.
func TestUnknownAmountsAreNotZero(t *testing.T) {
	b := bookFrom(t, strings.Replace(statusProgram, "redeemable: {basis: segment, rates: [{rate: 5}]}, F", "F", 1))
	q := schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 IB"), Goal: schemas.Goal{Program: "XX_Test", Tier: "Gold"}}
	for range 5 { // the same question has the same answer
		answer, err := b.Advise(&q, "2026-11-21")
		if err != nil {
			t.Fatal(err)
		}
		o := answer.Programs[0]
		if o.Redeemable != nil || len(o.Values) != 0 || answer.Table[0].Programs[0].Redeemable != nil {
			t.Errorf("an unknown amount is shown: %+v", o)
		}
		if o.Progress[0].Note != "Q of this itinerary not known and not counted" {
			t.Errorf("got the note %q", o.Progress[0].Note)
		}
	}
}

// TestItineraryOverTheYearsEnd: the flight of December reaches Gold, and the step
// says with what, though it ends in the next year.
func TestItineraryOverTheYearsEnd(t *testing.T) {
	out := tripsOf("2026-12-30 BA")[0]
	back := out.Segments[0]
	back.Origin, back.Destination, back.DepartureDate = "MAD", "LHR", "2027-01-03"
	out.Segments = append(out.Segments, back)
	q := schemas.CreditingQuestion{Itineraries: []schemas.Itinerary{out}, Goal: schemas.Goal{Program: "XX_Test", Tier: "Gold"},
		Standing: []schemas.Standing{{Program: "XX_Test", Metrics: []schemas.MetricAmount{{Metric: "Q", Amount: 200}}}}}
	answer, err := adviceBook(t).Advise(&q, "2026-11-21")
	if err != nil {
		t.Fatal(err)
	}
	o := answer.Programs[0]
	if o.Outcome != "reached" || o.ReachedOn != "2026-12-30" || !strings.Contains(o.Progress[0].Note, "the year to 2026-12-31 ends with 300 Q, 1 F") {
		t.Errorf("got %+v", o)
	}
}

// TestTierThatNobodyExplains: a tier whose requirements no source states leaves
// the program unanswered.
func TestTierThatNobodyExplains(t *testing.T) {
	q := schemas.CreditingQuestion{Itineraries: tripsOf("2026-12-01 BA"), Goal: schemas.Goal{Program: "XX_Test", Tier: "Invited"}}
	answer, err := adviceBook(t).Advise(&q, "2026-11-21")
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Programs) != 0 || len(answer.Unanswered) != 1 || !strings.Contains(answer.Unanswered[0].Reason, "Invited") {
		t.Errorf("got %+v", answer)
	}
}

// BenchmarkAdvise asks twenty itineraries of every program that grants a oneworld,
// Star Alliance or SkyTeam status, in turn.
func BenchmarkAdvise(b *testing.B) {
	book := book(b)
	q := schemas.CreditingQuestion{}
	q.Programs = bundletest.EarningPrograms(b)
	for i := range 20 {
		carriers := []string{"AA", "LH", "DL", "BA", "UA"}
		q.Itineraries = append(q.Itineraries, schemas.Itinerary{
			Segments: []schemas.Segment{
				{MarketingCarrier: carriers[i%5], Origin: "JFK", Destination: "LHR", BookingClass: "J", DepartureDate: fmt.Sprintf("2027-01-%02d", i+1)},
				{MarketingCarrier: carriers[i%5], Origin: "LHR", Destination: "JFK", BookingClass: "J", DepartureDate: fmt.Sprintf("2027-01-%02d", i+2)},
			},
			Fare: &schemas.Fare{Base: schemas.MustDecimal("2000"), Currency: "USD"},
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, status := range []string{"oneworld Ruby", "Star Alliance Silver", "SkyTeam Elite"} {
			q.Goal.AllianceStatus = status
			if _, err := book.Advise(&q, today); err != nil {
				b.Fatal(err)
			}
		}
	}
}
