package earnings_test

import (
	"testing"

	"loyalty-mcp/schemas"
)

// TestRuleOfTheDay: an itinerary gets the rule that was in force on its day of
// travel or of purchase, as the program changed it on a known day. All fares are
// 200 USD, so that the amount is the published rate times 200; the rule's sources
// in the bundle state rate and day.
func TestRuleOfTheDay(t *testing.T) {
	for _, test := range []struct {
		program, carrier, route, class string
		booked, flown                  string
		cards                          []string
		rule                           string // "" is unanswered
		want                           int64
	}{
		// MileagePlus: tickets bought from 2 April 2026 earn 3 per USD, 6 with a card; before, 5.
		{"UA_MileagePlus", "UA", "SFO-EWR", "H", "2026-04-01", "2026-06-01", nil, "ua-own-2020", 1000},
		{"UA_MileagePlus", "UA", "SFO-EWR", "H", "2026-04-02", "2026-06-01", nil, "ua-own-2026", 600},
		{"UA_MileagePlus", "UA", "SFO-EWR", "H", "2026-04-01", "2026-06-01", []string{"UA_UNITED_CARD"}, "ua-own-2020", 1000},
		{"UA_MileagePlus", "UA", "SFO-EWR", "H", "2026-04-02", "2026-06-01", []string{"UA_UNITED_CARD"}, "ua-own-card-2026", 1200},
		// AAdvantage on British Airways: by fare for travel from 18 October 2023.
		{"AA_AAdvantage", "BA", "LHR-JFK", "H", "2023-09-01", "2023-10-17", nil, "", 0},
		{"AA_AAdvantage", "BA", "LHR-JFK", "H", "2023-09-01", "2023-10-18", nil, "aa-ba-ib", 1000},
		// AAdvantage Basic Economy: 2 per USD, nothing when bought from 17 December 2025.
		{"AA_AAdvantage", "AA", "JFK-LAX", "B", "2025-12-16", "2026-01-10", nil, "aa-basic-economy-class-b-2022", 400},
		{"AA_AAdvantage", "AA", "JFK-LAX", "B", "2025-12-17", "2026-01-10", nil, "aa-basic-economy-class-b", 0},
		// AAdvantage's own rule before and after Loyalty Points.
		{"AA_AAdvantage", "AA", "JFK-LAX", "H", "2021-12-01", "2021-12-31", nil, "aa-own-2016", 1000},
		{"AA_AAdvantage", "AA", "JFK-LAX", "H", "2021-12-01", "2022-01-01", nil, "aa-own", 1000},
		// Avios by spend for bookings from 18 October 2023; here at 1 GBP = 1 USD, 6 per GBP.
		{"BA_Club", "BA", "LHR-JFK", "H", "2023-10-17", "2024-02-01", nil, "", 0},
		{"BA_Club", "BA", "LHR-JFK", "H", "2023-10-18", "2024-02-01", nil, "avios-spend", 1200},
		// SkyMiles' table for Air France ended with 2023, and the next one is not on file.
		{"DL_SkyMiles", "AF", "CDG-JFK", "Y", "2023-10-01", "2024-01-01", nil, "", 0},
		// Atmos Saver fares: nothing if bought from 11 June 2026 and flown from 1 August.
		{"AS_Atmos", "AS", "SEA-JFK", "X", "2026-06-11", "2026-08-15", nil, "as-saver-none", 0},
	} {
		q := schemas.EarningsQuestion{Programs: []string{test.program},
			Segments: []schemas.Segment{{MarketingCarrier: test.carrier, Origin: test.route[:3], Destination: test.route[4:], BookingClass: test.class, DepartureDate: test.flown}},
			Fare: &schemas.Fare{Base: schemas.MustDecimal("200"), Currency: "USD", BookedOn: test.booked,
				ExchangeRates: map[string]schemas.Decimal{"GBP": schemas.MustDecimal("1")}},
			Memberships: []schemas.Membership{{Program: test.program, Cards: test.cards}}}
		answer, err := book(t).Calculate(&q, today)
		if err != nil {
			t.Fatal(err)
		}
		name := test.program + " " + test.carrier + " " + test.class + " bought " + test.booked + " flown " + test.flown
		switch {
		case test.rule == "":
			if len(answer.Options) != 0 {
				t.Errorf("%s: answered by %s, want unanswered", name, answer.Options[0].Segments[0].RuleID)
			}
		case len(answer.Options) != 1:
			t.Errorf("%s: unanswered: %s", name, answer.Unanswered[0].Reason)
		default:
			o := answer.Options[0]
			if got := o.Segments[0].RuleID; got != test.program+"/"+test.rule || o.Redeemable.Amount != test.want {
				t.Errorf("%s: got %d by %s, want %d by %s", name, o.Redeemable.Amount, got, test.want, test.rule)
			}
		}
	}
}
