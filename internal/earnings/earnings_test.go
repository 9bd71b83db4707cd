package earnings_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"loyalty-mcp/internal/earnings"
	"loyalty-mcp/kg"
	"loyalty-mcp/kg/bundle/bundletest"
	"loyalty-mcp/schemas"
)

// These tests are of mechanisms, on a program made up for them, so that their
// expected numbers can be worked out by hand; TestExamples has the real ones.
// JFK-LHR is 3,451 miles and LHR-CDG 216.

const madeUp = `
sources: [{id: s, title: made up, asOf: 2026-11-01, kind: official}]
program:
  id: XX_Test
  name: Test
  kind: airline
  unit: miles
  metrics: [{code: Q, name: qualifying}, {code: F, name: flights}]
  tiers:
  - {name: Member, sources: [s]}
  - {name: Gold, earningBonus: 0.5, sources: [s]}
  cards: [{id: CARD, name: the card}]
  earningChoices: [{id: miles, name: by miles}, {id: money, name: by money}]
  fareBrands: [Light, Flex]
  reviewDays: 365
  sources: [s]
fareCategories:
- {id: SQ, marketing: [SQ], byCategory: {cheap: KL, dear: YB}, unlisted: nothing, sources: [s]}
earningRules:
`

func bookOf(t *testing.T, rules string) *earnings.Book {
	t.Helper()
	return bookFrom(t, madeUp+rules)
}

// bookFrom makes a book of one made-up sheet and the bundled reference data.
func bookFrom(t *testing.T, text string) *earnings.Book {
	t.Helper()
	sheet, err := schemas.DecodeFactSheet("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	facts := *bundletest.Facts(t)
	program := &kg.ProgramFacts{Program: sheet.Program}
	for i := range sheet.EarningRules {
		program.EarningRules = append(program.EarningRules, &sheet.EarningRules[i])
	}
	for i := range sheet.FareCategories {
		program.FareCategories = append(program.FareCategories, &sheet.FareCategories[i])
	}
	for i := range sheet.Distances {
		program.Distances = append(program.Distances, &sheet.Distances[i])
	}
	facts.Programs = map[string]*kg.ProgramFacts{sheet.Program.ID: program}
	facts.Sources = map[string]*schemas.CitedSource{"s": {ID: "s", Title: "made up", AsOf: "2026-11-01"}}
	b, err := earnings.NewBook(&facts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ask computes for the made-up program; flights are written "BA JFK-LHR Y".
func ask(t *testing.T, b *earnings.Book, membership, fare string, flights ...string) *schemas.EarningsAnswer {
	t.Helper()
	var q schemas.EarningsQuestion
	for _, f := range flights {
		parts := strings.Fields(f)
		from, to, _ := strings.Cut(parts[1], "-")
		s := schemas.Segment{MarketingCarrier: parts[0], Origin: from, Destination: to, BookingClass: parts[2], DepartureDate: "2026-12-10"}
		if len(parts) > 3 {
			s.FareBrand = parts[3]
		}
		q.Segments = append(q.Segments, s)
	}
	if membership != "" {
		q.Memberships = []schemas.Membership{{Program: "XX_Test"}}
		decodeInto(t, membership, &q.Memberships[0])
	}
	if fare != "" {
		q.Fare = &schemas.Fare{Currency: "USD"}
		decodeInto(t, fare, q.Fare)
	}
	answer, err := b.Calculate(&q, today)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func decodeInto(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

func TestMechanisms(t *testing.T) {
	for name, test := range map[string]struct {
		rules      string
		membership string
		fare       string
		flights    []string
		want       string // amounts by segment and metric totals, or the reason's beginning
	}{
		"distance by class, unlisted earns nothing": {
			rules:   `- {id: a, title: A, marketing: [BA], unlisted: nothing, sources: [s], earn: {redeemable: {basis: distance, rates: [{classes: JC, rate: 1.25}], rounding: down}}}`,
			flights: []string{"BA JFK-LHR J", "BA LHR-CDG Y"}, want: "4313 0", // 3451 × 1.25 = 4313.75, down
		},
		"a class of which nothing is said": {
			rules:   `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: distance, rates: [{classes: JC, rate: 1.25}]}}}`,
			flights: []string{"BA JFK-LHR Y"}, want: "miles not known: no source states it for BA JFK-LHR in class Y",
		},
		"minimum before the rate": {
			rules:   `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: distance, minimumMiles: {miles: 500}, rates: [{rate: 0.5}]}}}`,
			flights: []string{"BA LHR-CDG Y"}, want: "250",
		},
		"minimum for elites only": {
			rules:   `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: distance, minimumMiles: {miles: 500, eliteOnly: true}, rates: [{rate: 1}]}}}`,
			flights: []string{"BA LHR-CDG Y"}, want: "216",
		},
		"minimum after rate and bonus": {
			rules: `
- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: distance, eliteBonus: base, rates: [{rate: 1}]}}}
- {id: b, title: B, role: minimum, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 400}]}}}`,
			membership: `{"tier":"Gold"}`, flights: []string{"BA LHR-CDG Y", "BA JFK-LHR Y"}, want: "400 5177", // 216+108 < 400; 3451 + 1725.5 up
		},
		"cabin bonus is not raised by the tier": {
			rules:      `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: distance, eliteBonus: base, rates: [{rate: 1, cabinBonus: 1}]}}}`,
			membership: `{"tier":"Gold"}`, flights: []string{"BA LHR-CDG J"}, want: "540", // 216 + 108 + 216
		},
		"tier bonus as a share of distance": {
			rules:      `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: distance, eliteBonus: distance, rates: [{rate: 0.5}]}}}`,
			membership: `{"tier":"Gold"}`, flights: []string{"BA LHR-CDG J"}, want: "216", // 108 + 108
		},
		"fare rounded once a ticket, shared by distance": {
			rules: `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: fare, currency: USD, fareRounding: {of: ticket, to: nearest}, rates: [{rate: 5}]}}}`,
			fare:  `{"base":99.50}`, flights: []string{"BA JFK-LHR Y", "BA LHR-CDG Y"}, want: "471 29", // 100 × 5; 3451/3667 of 500 = 470.5, the rest has the smaller remainder
		},
		"fare rounded up for each flight": {
			rules: `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: fare, currency: USD, fareRounding: {of: segment, to: up}, rates: [{rate: 2}]}}}`,
			fare:  `{"base":100}`, flights: []string{"BA JFK-LHR Y", "BA LHR-CDG Y"}, want: "190 12", // 94.1 -> 95, 5.9 -> 6
		},
		"another currency at the caller's rate": {
			rules: `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: fare, currency: GBP, rates: [{rate: 6}]}}}`,
			fare:  `{"base":200,"exchangeRates":{"GBP":0.8}}`, flights: []string{"BA JFK-LHR Y"}, want: "960",
		},
		"a currency that counts one for one": {
			rules: `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: fare, currency: EUR, atPar: [USD], rates: [{rate: 6}]}}}`,
			fare:  `{"base":200}`, flights: []string{"BA JFK-LHR Y"}, want: "1200",
		},
		"surcharges count, taxes do not": {
			rules: `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: fare, currency: USD, rates: [{rate: 1}]}}}`,
			fare:  `{"base":200,"carrierSurcharges":50,"taxes":70}`, flights: []string{"BA JFK-LHR Y"}, want: "250",
		},
		"a fare is needed": {
			rules:   `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: fare, currency: USD, rates: [{rate: 1}]}}}`,
			flights: []string{"BA JFK-LHR Y"}, want: "miles not known: it goes by the fare: give fare",
		},
		"rate by tier": {
			rules:      `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{byTier: {Member: 100, Gold: 150}}]}}}`,
			membership: `{"tier":"gold"}`, flights: []string{"BA JFK-LHR Y"}, want: "150",
		},
		"a fare whose rate nobody states": {
			rules:   `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{classes: Y, unknown: true}, {rate: 100}]}}}`,
			flights: []string{"BA JFK-LHR J", "BA LHR-JFK Y"}, want: "miles not known: no source states the rate of A for this fare",
		},
		"a tier whose rate nobody states": {
			rules:      `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{byTier: {Member: 100}}]}}}`,
			membership: `{"tier":"Gold"}`, flights: []string{"BA JFK-LHR Y"}, want: "miles not known: no source states the rate of A for the tier Gold",
		},
		"metric from award miles, divided, capped a flight": {
			rules: `
- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: distance, rates: [{rate: 1}]}, Q: {basis: award, rates: [{rate: 1}], divideBy: 5, rounding: down}, F: {basis: segment, rates: [{rate: 1}]}}}
- {id: b, title: B, role: maximum, marketing: [BA], sources: [s], earn: {Q: {basis: segment, rates: [{rate: 500}]}}}`,
			flights: []string{"BA JFK-LHR Y", "BA LHR-CDG Y"}, want: "3451 216 Q=543 F=2", // 690 capped at 500, 43.2 down
		},
		"cap on the whole ticket": {
			rules: `
- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 300}]}}}
- {id: b, title: B, role: maximum, marketing: [BA], sources: [s], earn: {redeemable: {basis: ticket, rates: [{rate: 500}]}}}`,
			flights: []string{"BA JFK-LHR Y", "BA LHR-JFK Y"}, want: "250 250",
		},
		"each cap on the whole ticket": {
			rules: `
- {id: a, title: A, marketing: [BA, AF], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 300}]}}}
- {id: b, title: B, role: maximum, marketing: [BA], sources: [s], earn: {redeemable: {basis: ticket, rates: [{rate: 500}]}}}
- {id: c, title: C, role: maximum, marketing: [AF], sources: [s], earn: {redeemable: {basis: ticket, rates: [{rate: 400}]}}}`,
			flights: []string{"BA JFK-LHR Y", "BA LHR-JFK Y", "AF JFK-CDG Y", "AF CDG-JFK Y"}, want: "250 250 200 200",
		},
		"no tier's bonus on a class that earns nothing": {
			rules:      `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: distance, eliteBonus: distance, rates: [{classes: X, rate: 0}, {rate: 1}]}}}`,
			membership: `{"tier":"Gold"}`, flights: []string{"BA LHR-CDG X", "BA LHR-CDG Y"}, want: "0 324", // 216 + 108
		},
		"a ticket's fare is rounded before it is split": {
			rules: `
- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: fare, currency: USD, fareRounding: {of: ticket, to: nearest}, rates: [{rate: 5}]}}}
- {id: b, title: B, marketing: [AF], sources: [s], earn: {redeemable: {basis: distance, rates: [{rate: 1}]}}}`,
			fare: `{"base":99.50}`, flights: []string{"BA JFK-LHR Y", "AF LHR-CDG Y"}, want: "471 216", // 100 × 3451/3667 × 5 = 470.5; split first, it would be 94 × 5
		},
		"additions add up": {
			rules: `
- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 300}]}}}
- {id: b, title: B, role: adds, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 10}]}}}
- {id: c, title: C, role: adds, marketing: [BA], brands: [Flex], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 5}]}}}`,
			flights: []string{"BA JFK-LHR Y Flex", "BA LHR-JFK Y Light"}, want: "315 310",
		},
		"an addition that hangs on an input": {
			rules: `
- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 300}]}}}
- {id: c, title: C, role: adds, marketing: [BA], brands: [Flex], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 5}]}}}`,
			flights: []string{"BA JFK-LHR Y"}, want: "miles not known: BA JFK-LHR in class Y needs segments[].fareBrand (Light or Flex)",
		},
		"brand row first, class row when the brand is not given": {
			rules:   `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{brands: [Light], rate: 1}, {classes: Y, rate: 2}]}}}`,
			flights: []string{"BA JFK-LHR Y light", "BA LHR-JFK Y"}, want: "1 2",
		},
		"the more specific rule wins": {
			rules: `
- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}
- {id: b, title: B, marketing: [BA], route: {between: [continent/EU], and: [continent/NA]}, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 2}]}}}
- {id: c, title: C, marketing: [BA], route: {between: [city/LON], and: [airport/JFK]}, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 3}]}}}`,
			flights: []string{"BA LHR-CDG Y", "BA LHR-BOS Y", "BA JFK-LGW Y"}, want: "1 2 3",
		},
		"precedence comes before that": {
			rules: `
- {id: a, title: A, marketing: [BA], precedence: 1, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}
- {id: b, title: B, marketing: [BA], classes: Y, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 2}]}}}`,
			flights: []string{"BA LHR-CDG Y"}, want: "1",
		},
		"a tie is reported, not resolved": {
			rules: `
- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}
- {id: b, title: B, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 2}]}}}`,
			flights: []string{"BA LHR-CDG Y"}, want: "miles not known: the rules on file contradict each other (rules a and b fit equally well)",
		},
		"distance band, over and up to": {
			rules: `
- {id: a, title: A, marketing: [BA], route: {miles: {upTo: 216}}, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}
- {id: b, title: B, marketing: [BA], route: {miles: {over: 216}}, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 2}]}}}`,
			flights: []string{"BA LHR-CDG Y", "BA LHR-JFK Y"}, want: "1 2",
		},
		"domestic or not": {
			rules: `
- {id: a, title: A, marketing: [BA], route: {domestic: true}, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}
- {id: b, title: B, marketing: [BA], route: {domestic: false}, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 2}]}}}`,
			flights: []string{"BA LHR-MAN Y", "BA LHR-CDG Y"}, want: "1 2",
		},
		"fare categories, and a fare outside all of them": {
			rules:   `- {id: a, title: A, marketing: [SQ], sources: [s], earn: {redeemable: {basis: segment, rates: [{categories: [cheap], rate: 1}, {categories: [dear], rate: 2}]}}}`,
			flights: []string{"SQ SIN-LHR K", "SQ SIN-LHR Y", "SQ SIN-LHR Q"}, want: "1 2 0",
		},
		"ticket stock": {
			rules: `
- {id: a, title: A, marketing: [BA], ticketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}
- {id: b, title: B, marketing: [BA], ticketingNot: [BA, AA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 2}]}}}`,
			fare: `{"base":1,"ticketingCarrier":"IB"}`, flights: []string{"BA LHR-CDG Y"}, want: "2",
		},
		"a ticket stock that no rule is for": {
			rules: `- {id: a, title: A, marketing: [BA], ticketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}`,
			fare:  `{"base":1,"ticketingCarrier":"AA"}`, flights: []string{"BA LHR-CDG Y"}, want: "miles not known: BA LHR-CDG in class Y on a ticket issued by AA",
		},
		"co-branded card": {
			rules: `
- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}
- {id: b, title: B, marketing: [BA], cards: [CARD], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 2}]}}}`,
			membership: `{"cards":["CARD"]}`, flights: []string{"BA LHR-CDG Y"}, want: "2",
		},
		"the member's choice is needed": {
			rules: `
- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}
- {id: b, title: B, marketing: [BA], earningChoice: money, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 2}]}}}`,
			flights: []string{"BA LHR-CDG Y"}, want: "miles not known: BA LHR-CDG in class Y needs memberships[].earningChoice (miles or money)",
		},
		"the member's choice": {
			rules: `
- {id: a, title: A, marketing: [BA], earningChoice: miles, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}
- {id: b, title: B, marketing: [BA], earningChoice: money, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 2}]}}}`,
			membership: `{"earningChoice":"money"}`, flights: []string{"BA LHR-CDG Y"}, want: "2",
		},
		"rules by booking date": {
			rules: `
- {id: a, title: A, marketing: [BA], booked: {to: 2026-03-31}, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}
- {id: b, title: B, marketing: [BA], booked: {from: 2026-04-01}, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 2}]}}}`,
			fare: `{"base":1,"bookedOn":"2026-03-31"}`, flights: []string{"BA LHR-CDG Y"}, want: "1",
		},
		"rules by flight date, both ends included": {
			rules: `
- {id: a, title: A, marketing: [BA], expirationDate: 2026-12-10, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}
- {id: b, title: B, marketing: [BA], effectiveDate: 2026-12-11, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 2}]}}}`,
			flights: []string{"BA LHR-CDG Y"}, want: "1",
		},
		"a rule that has ended": {
			rules:   `- {id: a, title: A, marketing: [BA], expirationDate: 2026-12-09, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}`,
			flights: []string{"BA LHR-CDG Y"}, want: "miles not known: BA LHR-CDG in class Y on 2026-12-10: no rule on file is in force on that day (a: until 2026-12-09)",
		},
		"miles unknown, a metric known": {
			rules:   `- {id: a, title: A, marketing: [BA], sources: [s], earn: {Q: {basis: segment, rates: [{rate: 40}]}}}`,
			flights: []string{"BA LHR-CDG Y", "BA CDG-LHR Y"}, want: "miles not known: no source states it for BA LHR-CDG in class Y; known: 80 Q",
		},
		"one flight unknown leaves the trip unanswered": {
			rules:   `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}`,
			flights: []string{"BA LHR-CDG Y", "AF CDG-JFK Y"}, want: "miles not known: AF CDG-JFK in class Y: no rule on file is for this carrier",
		},
		"the program's own distance": {
			rules: `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: distance, rates: [{rate: 1}]}}}
distances:
- {from: CDG, to: LHR, miles: 220, sources: [s]}`,
			flights: []string{"BA LHR-CDG Y"}, want: "220",
		},
	} {
		t.Run(name, func(t *testing.T) {
			answer := ask(t, bookOf(t, test.rules), test.membership, test.fare, test.flights...)
			var got string
			switch {
			case len(answer.Unanswered) == 1:
				got = answer.Unanswered[0].Reason
				if !strings.HasPrefix(got, test.want) {
					t.Errorf("got %q, want %q", got, test.want)
				}
				return
			case len(answer.Options) == 1:
				var parts []string
				for _, s := range answer.Options[0].Segments {
					parts = append(parts, fmt.Sprint(s.Redeemable))
				}
				for _, m := range answer.Options[0].EliteMetrics {
					parts = append(parts, fmt.Sprintf("%s=%d", m.Metric, m.Amount))
				}
				got = strings.Join(parts, " ")
			}
			if got != test.want {
				t.Errorf("got %q, want %q\n%s", got, test.want, show(answer))
			}
		})
	}
}

// TestMixedTicketSaysHowTheFareWasSplit: of 1,000 USD for JFK-LHR-CDG 3,451 of 3,667
// miles fall on the flight that earns by fare.
func TestMixedTicketSaysHowTheFareWasSplit(t *testing.T) {
	b := bookOf(t, `
- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: fare, currency: USD, rates: [{rate: 5}]}}}
- {id: b, title: B, marketing: [AF], sources: [s], earn: {redeemable: {basis: distance, rates: [{rate: 1}]}}}`)
	o := ask(t, b, "", `{"base":1000}`, "BA JFK-LHR Y", "AF LHR-CDG Y").Options[0]
	if o.Segments[0].Redeemable != 4705 || o.Segments[1].Redeemable != 216 { // 941.096 × 5 = 4,705.5 would be up; it is 4,705.48
		t.Errorf("got %+v", o)
	}
	if !slices.ContainsFunc(o.Warnings, func(w string) bool { return strings.Contains(w, "split over the flights by distance") }) {
		t.Errorf("the answer does not say that it split the fare: %q", o.Warnings)
	}
}

// TestJourneysAreNotAddedUp: a program that credits journeys answers a flight, and
// out and back, but not a connection flight by flight.
func TestJourneysAreNotAddedUp(t *testing.T) {
	const rule = `- {id: a, title: A, marketing: [BA], sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 10}]}}}`
	b := bookFrom(t, strings.Replace(madeUp, "  reviewDays: 365\n", "  reviewDays: 365\n  byJourney: true\n", 1)+rule)
	if answer := ask(t, b, "", "", "BA LHR-JFK Y", "BA JFK-LHR Y"); len(answer.Options) != 1 || answer.Options[0].Redeemable.Amount != 20 {
		t.Errorf("out and back: %s", show(answer))
	}
	answer := ask(t, b, "", "", "BA EDI-LHR Y", "BA LHR-JFK Y")
	if len(answer.Unanswered) != 1 || !strings.Contains(answer.Unanswered[0].Reason, "ask for EDI-JFK as one flight") {
		t.Errorf("a connection: %s", show(answer))
	}
}

// TestPastTravelNeedsTheBookingDate: without it either rule could apply.
func TestPastTravelNeedsTheBookingDate(t *testing.T) {
	b := bookOf(t, `
- {id: a, title: A, marketing: [BA], booked: {to: 2026-03-31}, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}
- {id: b, title: B, marketing: [BA], booked: {from: 2026-04-01}, sources: [s], earn: {redeemable: {basis: segment, rates: [{rate: 2}]}}}`)
	q := schemas.EarningsQuestion{Segments: []schemas.Segment{{MarketingCarrier: "BA", Origin: "LHR", Destination: "CDG", BookingClass: "Y", DepartureDate: "2026-05-01"}}}
	answer, err := b.Calculate(&q, today)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Unanswered) != 1 || !strings.Contains(answer.Unanswered[0].Reason, "needs fare.bookedOn") {
		t.Errorf("got %s", show(answer))
	}
}

// TestOldFactsAreServedWithAWarning: asOf 2026-11-01 is too old for a program
// that is reviewed every 365 days from 2027-11-02 on.
func TestOldFactsAreServedWithAWarning(t *testing.T) {
	b := bookOf(t, `- {id: a, title: A, marketing: [BA], sources: [s], asOf: 2026-11-01, earn: {redeemable: {basis: segment, rates: [{rate: 1}]}}}`)
	for day, want := range map[string]bool{"2027-11-01": false, "2027-11-02": true} {
		q := schemas.EarningsQuestion{Segments: []schemas.Segment{{MarketingCarrier: "BA", Origin: "LHR", Destination: "CDG", BookingClass: "Y", DepartureDate: "2027-12-01"}}}
		answer, err := b.Calculate(&q, day)
		if err != nil {
			t.Fatal(err)
		}
		warned := slices.ContainsFunc(answer.Options[0].Warnings, func(w string) bool { return strings.Contains(w, "last known true on 2026-11-01") })
		if warned != want {
			t.Errorf("%s: warned %v, want %v: %q", day, warned, want, answer.Options[0].Warnings)
		}
	}
}

// TestProperties asks random questions of the bundled programs.
func TestProperties(t *testing.T) {
	b := book(t)
	random := rand.New(rand.NewPCG(1, 2))
	facts := bundletest.Facts(t)
	airports := []string{"JFK", "LHR", "SYD", "SIN", "FRA", "YYZ", "LAX", "HND", "DOH", "SFO", "CDG", "MEL", "HNL", "GRU", "ORD", "YVR"}
	carriers := []string{"AA", "UA", "DL", "AC", "AS", "BA", "QF", "LH", "NH", "SQ", "QR", "CX", "JL", "TG", "AF", "IB"}
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	answered := 0
	for range 5000 {
		q := schemas.EarningsQuestion{Fare: &schemas.Fare{Base: schemas.MustDecimal(fmt.Sprintf("%d.%02d", random.IntN(9000), random.IntN(100))),
			Currency: pick([]string{"USD", "CAD", "GBP"}), BookedOn: "2026-06-01"}}
		for range 1 + random.IntN(4) {
			from := pick(airports)
			to := pick(slices.DeleteFunc(slices.Clone(airports), func(a string) bool { return a == from }))
			q.Segments = append(q.Segments, schemas.Segment{MarketingCarrier: pick(carriers), Origin: from, Destination: to,
				BookingClass: string(rune('A' + random.IntN(26))), DepartureDate: "2027-02-01"})
		}
		for _, id := range bundletest.EarningPrograms(t) {
			p := facts.Programs[id]
			m := schemas.Membership{Program: id, Tier: p.Program.Tiers[random.IntN(len(p.Program.Tiers))].Name}
			if choices := p.Program.EarningChoices; len(choices) > 0 {
				m.EarningChoice = choices[random.IntN(len(choices))].ID
			}
			q.Memberships = append(q.Memberships, m)
		}
		answer, err := b.Calculate(&q, today)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range answer.Unanswered {
			if strings.Contains(u.Reason, "contradict") {
				t.Fatalf("%s: %s", u.Program, u.Reason)
			}
		}
		for _, o := range answer.Options {
			answered++
			checkOption(t, o)
			moreFare(t, b, q, o)
			higherTier(t, b, facts.Programs[o.Program].Program, q, o)
		}
	}
	if answered < 3000 {
		t.Errorf("only %d answers: the questions are not to the point", answered)
	}
}

func checkOption(t *testing.T, o schemas.EarningOption) {
	t.Helper()
	var sum int64
	metrics := map[string]int64{}
	for _, s := range o.Segments {
		sum += s.Redeemable
		if s.Redeemable < 0 || s.DistanceMiles <= 0 || s.RuleID == "" || len(s.Notes) == 0 {
			t.Fatalf("a flight is incomplete: %+v", s)
		}
		for _, m := range s.EliteMetrics {
			metrics[m.Metric] += m.Amount
			if m.Amount < 0 {
				t.Fatalf("%s is negative: %+v", m.Metric, s)
			}
		}
	}
	if sum != o.Redeemable.Amount {
		t.Fatalf("%s: the flights sum to %d, the total is %d", o.Program, sum, o.Redeemable.Amount)
	}
	for _, m := range o.EliteMetrics {
		if metrics[m.Metric] != m.Amount {
			t.Fatalf("%s %s: the flights sum to %d, the total is %d", o.Program, m.Metric, metrics[m.Metric], m.Amount)
		}
	}
	if len(o.Sources) == 0 {
		t.Fatalf("%s: an answer without a source: %+v", o.Program, o)
	}
	for _, s := range o.Sources {
		if s.AsOf == "" || s.Title == "" {
			t.Fatalf("a source without date or title: %+v", s)
		}
	}
}

// moreFare asks again with a higher fare: it must not earn less by the same rules.
func moreFare(t *testing.T, b *earnings.Book, q schemas.EarningsQuestion, before schemas.EarningOption) {
	t.Helper()
	fare := *q.Fare
	fare.Base.Decimal = fare.Base.Add64(100)
	q.Fare, q.Programs = &fare, []string{before.Program}
	answer, err := b.Calculate(&q, today)
	if err != nil || len(answer.Options) != 1 {
		t.Fatalf("%v, %s", err, show(answer))
	}
	if after := answer.Options[0]; after.Redeemable.Amount < before.Redeemable.Amount {
		t.Fatalf("%s: %s more earns less: %d, before %d", before.Program, fare.Currency, after.Redeemable.Amount, before.Redeemable.Amount)
	}
}

// higherTier asks again with the next tier: where that is answered, it must not
// earn less.
func higherTier(t *testing.T, b *earnings.Book, p *schemas.Program, q schemas.EarningsQuestion, before schemas.EarningOption) {
	t.Helper()
	q.Programs = []string{p.ID}
	q.Memberships = slices.Clone(q.Memberships)
	at := slices.IndexFunc(q.Memberships, func(m schemas.Membership) bool { return m.Program == p.ID })
	tier := slices.IndexFunc(p.Tiers, func(tier schemas.Tier) bool { return tier.Name == q.Memberships[at].Tier })
	if tier+1 == len(p.Tiers) {
		return
	}
	q.Memberships[at].Tier = p.Tiers[tier+1].Name
	answer, err := b.Calculate(&q, today)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Options) == 1 && answer.Options[0].Redeemable.Amount < before.Redeemable.Amount {
		t.Fatalf("%s: %s earns less than %s: %d, before %d\n%s", p.ID, p.Tiers[tier+1].Name, p.Tiers[tier].Name,
			answer.Options[0].Redeemable.Amount, before.Redeemable.Amount, show(answer))
	}
}

// TestOrderOfProgramsDoesNotMatter: each program is computed by itself.
func TestOrderOfProgramsDoesNotMatter(t *testing.T) {
	b := book(t)
	programs := []string{"AA_AAdvantage", "BA_Club", "QF_FrequentFlyer", "AS_Atmos"}
	q := schemas.EarningsQuestion{Fare: &schemas.Fare{Base: schemas.MustDecimal("812.40"), Currency: "USD"},
		Segments: []schemas.Segment{{MarketingCarrier: "AA", Origin: "JFK", Destination: "LAX", BookingClass: "H", DepartureDate: "2027-02-01"}}}
	q.Programs = programs
	want, err := b.Calculate(&q, today)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(q.Programs)
	got, err := b.Calculate(&q, today)
	if err != nil {
		t.Fatal(err)
	}
	if show(got) != show(want) {
		t.Errorf("got %s\nwant %s", show(got), show(want))
	}
}

func benchmarkQuestion() *schemas.EarningsQuestion {
	surcharges := schemas.MustDecimal("400")
	return &schemas.EarningsQuestion{
		Segments: []schemas.Segment{
			{MarketingCarrier: "AA", Origin: "JFK", Destination: "LHR", BookingClass: "J", DepartureDate: "2026-12-10"},
			{MarketingCarrier: "AA", Origin: "LHR", Destination: "JFK", BookingClass: "J", DepartureDate: "2026-12-20"},
		},
		Fare:        &schemas.Fare{Base: schemas.MustDecimal("2000"), CarrierSurcharges: &surcharges, Currency: "USD"},
		Memberships: []schemas.Membership{{Program: "AA_AAdvantage", Tier: "Platinum"}},
		Programs: []string{"AA_AAdvantage", "AC_Aeroplan", "AF_FlyingBlue", "AS_Atmos", "BA_Club", "DL_SkyMiles",
			"QF_FrequentFlyer", "UA_MileagePlus"},
	}
}

// BenchmarkCalculate is a two-flight itinerary against eight programs, warm.
func BenchmarkCalculate(b *testing.B) {
	book := book(b)
	q := benchmarkQuestion()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := book.Calculate(q, today); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEveryProgram is a four-flight itinerary against all programs, warm.
func BenchmarkEveryProgram(b *testing.B) {
	book := book(b)
	q := benchmarkQuestion()
	q.Segments = append(q.Segments,
		schemas.Segment{MarketingCarrier: "LH", Origin: "JFK", Destination: "FRA", BookingClass: "Y", DepartureDate: "2026-12-27"},
		schemas.Segment{MarketingCarrier: "LH", Origin: "FRA", Destination: "SIN", BookingClass: "Y", DepartureDate: "2026-12-28"})
	q.Programs = bundletest.EarningPrograms(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := book.Calculate(q, today); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(q.Programs)), "programs")
}

func BenchmarkNewBook(b *testing.B) {
	facts := bundletest.Facts(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := earnings.NewBook(facts); err != nil {
			b.Fatal(err)
		}
	}
}
