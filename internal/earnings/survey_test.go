package earnings_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"loyalty-mcp/internal/earnings"
	"loyalty-mcp/kg/bundle/bundletest"
	"loyalty-mcp/schemas"
)

// TestSurveyMissesNothing makes up programs of a few rules with random conditions
// and asks random questions: what the engine then says of its rules (that two of
// them tie, that one decides) must have come up in the survey.
func TestSurveyMissesNothing(t *testing.T) {
	const programs, rules, questions = 40, 7, 400
	random := rand.New(rand.NewPCG(7, 11))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	contradiction := regexp.MustCompile(`(?:rules|fare categories) (\S+) (?:and|fit) (\S+) `)
	ties, decisions := 0, 0
	for n := range programs {
		var sheet strings.Builder
		for i := range rules {
			fmt.Fprintf(&sheet, "- {id: r%d, title: R, sources: [s], precedence: %d", i, random.IntN(8)/7)
			fmt.Fprintf(&sheet, ", %s", pick("marketing: [BA]", "marketing: [BA, SQ]", "operating: [BA]", "operating: [SQ]", "marketing: [SQ], operating: [BA, SQ]"))
			for _, condition := range []string{
				pick("ticketing: [BA]", "ticketingNot: [BA]", "ticketing: [SQ, BA]"),
				pick("classes: JCY", "classes: YBK", "categories: [dear]", "categories: [cheap]"),
				pick("brands: [Light]", "brands: [Flex]", "cabins: [economy]", "cabins: [business, first]"),
				pick("cards: [CARD]", "earningChoice: miles", "earningChoice: money"),
				pick("route: {within: [country/GB]}", "route: {between: [continent/EU], and: [continent/NA]}", "route: {between: [city/LON], and: [country/US, country/FR]}",
					"route: {domestic: true}", "route: {domestic: false, miles: {upTo: 650}}", "route: {miles: {over: 600, upTo: 4000}}", "route: {miles: {over: 3000}}"),
				pick("booked: {from: 2026-05-01}", "booked: {to: 2026-04-30}", "booked: {from: 2026-03-01, to: 2026-08-31}"),
				pick("effectiveDate: 2026-09-01", "expirationDate: 2026-08-31", "effectiveDate: 2026-04-01, expirationDate: 2026-12-31"),
			} {
				if random.IntN(4) == 0 {
					sheet.WriteString(", " + condition)
				}
			}
			fmt.Fprintf(&sheet, ", earn: {redeemable: {basis: segment, rates: [{%srate: %d}]}}}\n", pick("", "", "classes: YB, ", "brands: [Flex], ", "categories: [cheap], "), i+1)
		}
		b := bookOf(t, sheet.String())
		survey := b.Survey("XX_Test", today)
		never := map[string]string{}
		for _, i := range survey.Impossible {
			if i.Rule != nil {
				never[i.Rule.ID] = "impossible: " + i.Why
			}
		}
		for _, o := range survey.Outranked {
			if o.Rule != nil {
				never[o.Rule.ID] = "outranked by " + o.By.Rule.ID
			}
		}
		for range questions {
			q := &schemas.EarningsQuestion{Programs: []string{"XX_Test"},
				Segments: []schemas.Segment{{MarketingCarrier: pick("BA", "SQ", "AF"), OperatingCarrier: pick("BA", "SQ"), BookingClass: pick("J", "C", "Y", "B", "K", "L"),
					FareBrand: pick("", "Light", "Flex"), Cabin: pick("", "economy", "business"), Origin: pick("LHR", "JFK", "CDG", "SIN"), Destination: pick("MAN", "LGW", "LAX", "ORY"),
					DepartureDate: pick("2026-03-15", "2026-08-31", "2026-09-01", "2026-11-21", "2027-01-01")}},
				Fare: &schemas.Fare{Base: schemas.MustDecimal("100"), Currency: "USD", TicketingCarrier: pick("BA", "SQ", "AF"),
					BookedOn: pick("2026-02-01", "2026-03-01")},
				Memberships: []schemas.Membership{{Program: "XX_Test", EarningChoice: pick("miles", "money")}},
			}
			if q.Segments[0].DepartureDate > "2026-08-30" {
				q.Fare.BookedOn = pick("2026-02-01", "2026-03-01", "2026-05-01", "2026-08-31")
			}
			if random.IntN(2) == 0 {
				q.Memberships[0].Cards = []string{"CARD"}
			}
			answer, err := b.Calculate(q, today)
			if err != nil {
				t.Fatal(err)
			}
			if len(answer.Options) > 0 {
				decisions++
				if id := answer.Options[0].Segments[0].RuleID; never[id] != "" {
					t.Fatalf("program %d: %s decides for %+v, but the survey holds it to be %s\n%s", n, id, q, never[id], sheet.String())
				}
				continue
			}
			if pair := contradiction.FindStringSubmatch(answer.Unanswered[0].Reason); pair != nil {
				ties++
				if !slices.ContainsFunc(survey.Ties, func(tie earnings.Tie) bool {
					ids := []string{tie.Items[0].Rule.ID, tie.Items[1].Rule.ID}
					return slices.Contains(ids, pair[1]) && slices.Contains(ids, pair[2])
				}) {
					t.Fatalf("program %d: %s\nis not in the survey\n%s", n, answer.Unanswered[0].Reason, sheet.String())
				}
			}
		}
	}
	if ties < 100 || decisions < 1000 {
		t.Errorf("only %d ties and %d decisions came up: the random programs test nothing", ties, decisions)
	}
	t.Logf("%d ties, %d decisions", ties, decisions)
}

// BenchmarkSurvey is of the program with the most rules by route.
func BenchmarkSurvey(b *testing.B) {
	book, err := earnings.NewBook(bundletest.Facts(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		book.Survey("QF_FrequentFlyer", today)
	}
}
