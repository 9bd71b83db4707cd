package awards_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"loyalty-mcp/internal/awards"
	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

const today = "2026-11-21"

// madeUp are programs and links whose plans can be worked out by hand.
func madeUp(t *testing.T) *awards.Book {
	t.Helper()
	facts := &kg.Facts{Programs: map[string]*kg.ProgramFacts{}, Valuations: map[string][]*schemas.Valuation{},
		Sources: map[string]*schemas.CitedSource{"s": {ID: "s", Title: "made up", AsOf: "2026-11-01"}}}
	for id, transfers := range map[string]string{
		"AIR": ``,
		"BANK": `transfers:
- {to: AIR, give: 1, get: 1, minimum: 1000, increment: 1000, sources: [s], asOf: 2026-11-01,
   bonuses: [{percent: 20, from: 2026-12-01, to: 2026-12-31}]}`,
		"RICH":  `transfers: [{to: AIR, give: 5, get: 4, increment: 250, fee: {usdPerPoint: 0.0006, maximumUSD: 99}, sources: [s], asOf: 2026-11-01}]`,
		"HOTEL": `transfers: [{to: AIR, give: 3, get: 1, minimum: 3000, increment: 3000, block: {every: 60000, extra: 5000}, speed: two days, sources: [s], asOf: 2026-11-01}]`,
		"CARD":  `transfers: [{to: HOTEL, give: 1, get: 2, minimum: 1000, increment: 1000, sources: [s], asOf: 2026-11-01, confidence: low}]`,
		"OLD":   `transfers: [{to: AIR, give: 1, get: 1, expirationDate: 2026-01-01, sources: [s], asOf: 2026-01-01}]`,
	} {
		sheet, err := schemas.DecodeFactSheet(id, []byte(`
sources: [{id: s, title: made up, asOf: 2026-11-01, kind: official}]
program: {id: `+id+`, name: `+id+`, kind: bank, unit: points, reviewDays: 90, sources: [s]}
`+transfers))
		if err != nil {
			t.Fatal(err)
		}
		p := &kg.ProgramFacts{Program: sheet.Program}
		for i := range sheet.Transfers {
			p.Transfers = append(p.Transfers, &sheet.Transfers[i])
		}
		facts.Programs[id] = p
	}
	worth := func(publisher string, cents map[string]string) {
		for id, c := range cents {
			facts.Valuations[id] = append(facts.Valuations[id], &schemas.Valuation{Program: id, Publisher: publisher, Cents: schemas.MustDecimal(c),
				Date: "2026-09-01", Provenance: schemas.Provenance{Sources: []string{"s"}}})
		}
	}
	worth("A", map[string]string{"AIR": "1.5", "BANK": "2", "RICH": "1.5", "HOTEL": "0.6"})
	book, err := awards.NewBook(facts)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func TestPlan(t *testing.T) {
	for name, test := range map[string]struct {
		points   int64
		balances map[string]int64
		date     string
		own      map[string]string
		want     string // steps, own used, leftover, cost
	}{
		"one bank, rounded up to the step": {points: 4300, balances: map[string]int64{"BANK": 10000},
			want: "BANK>AIR 5000=5000 own 0 left 700 cost 100 USD"}, // 5,000 × 2 cents
		"own points first, they are worth less": {points: 4300, balances: map[string]int64{"BANK": 10000, "AIR": 2000},
			want: "BANK>AIR 3000=3000 own 1300 left 0 cost 79.5 USD"}, // 60 + 1,300 × 1.5 cents
		"the cheaper per mile, its fee counted": {points: 4000, balances: map[string]int64{"BANK": 10000, "RICH": 10000},
			want: "RICH>AIR 5000=4000 fee 3 own 0 left 0 cost 78 USD"}, // 5,000 × 1.5 cents + 5,000 × 0.06 cents, against 80
		"two sources": {points: 6000, balances: map[string]int64{"BANK": 3000, "RICH": 4000},
			want: "BANK>AIR 3000=3000 RICH>AIR 3750=3000 fee 2.25 own 0 left 0 cost 118.5 USD"}, // 60 + 56.25 + 2.25
		"a timed bonus in its span": {points: 1200, balances: map[string]int64{"BANK": 1000}, date: "2026-12-31",
			want: "BANK>AIR 1000=1200 own 0 left 0 cost 20 USD"},
		"the bonus is over": {points: 1200, balances: map[string]int64{"BANK": 1000}, date: "2027-01-01",
			want: "no: the balances bring at most 1000 of the 1200 points, short of 200"},
		"a block bonus": {points: 25000, balances: map[string]int64{"HOTEL": 75000},
			want: "HOTEL>AIR 60000=25000 own 0 left 0 cost 360 USD"},
		"a detour of two links": {points: 2000, balances: map[string]int64{"CARD": 3000}, own: map[string]string{"CARD": "1"},
			want: "CARD>HOTEL 3000=6000 HOTEL>AIR 6000=2000 own 0 left 0 cost 30 USD"},
		"a detour that fills up what is there": {points: 2000, balances: map[string]int64{"CARD": 3000, "HOTEL": 4000}, own: map[string]string{"CARD": "1", "HOTEL": "0.6"},
			want: "CARD>HOTEL 3000=6000 HOTEL>AIR 6000=2000 own 0 left 0 cost 30 USD"}, // 4,000 of the hotel's at 24, and 1,000 of the card, come to 34
		"no valuation for all: point for point": {points: 2000, balances: map[string]int64{"CARD": 3000, "BANK": 5000},
			want: "BANK>AIR 2000=2000 own 0 left 0 cost 2000 points"},
		"a link that has ended": {points: 100, balances: map[string]int64{"OLD": 1000},
			want: "no: no link on file leads from any of the balances to AIR on 2026-11-21; no link to it is on file from OLD, short of 100"},
		"nothing to transfer": {points: 100, balances: map[string]int64{"AIR": 1000},
			want: "own 100 left 0 cost 1.5 USD"},
		"nothing at all": {points: 100, want: "no: no link on file leads from any of the balances to AIR on 2026-11-21, short of 100"},
	} {
		t.Run(name, func(t *testing.T) {
			q := schemas.TransferQuestion{Target: "AIR", Points: test.points, Date: test.date}
			for _, id := range []string{"AIR", "BANK", "RICH", "HOTEL", "CARD", "OLD"} {
				if amount, ok := test.balances[id]; ok {
					q.Balances = append(q.Balances, schemas.Balance{Program: id, Amount: amount})
				}
			}
			for id, cents := range test.own {
				if q.CentsPerPoint == nil {
					q.CentsPerPoint = map[string]schemas.Decimal{}
				}
				q.CentsPerPoint[id] = schemas.MustDecimal(cents)
			}
			a, err := madeUp(t).Plan(&q, today)
			if err != nil {
				t.Fatal(err)
			}
			var parts []string
			for _, s := range a.Steps {
				text := fmt.Sprintf("%s>%s %d=%d", s.From, s.To, s.Send, s.Receive)
				if s.FeeUSD != nil {
					text += " fee " + s.FeeUSD.String()
				}
				parts = append(parts, text)
			}
			if a.Affordable {
				parts = append(parts, fmt.Sprintf("own %d left %d cost %s %s", a.OwnUsed, a.Leftover, a.Cost.Value, a.Cost.Unit))
			} else {
				parts = append(parts, fmt.Sprintf("no: %s, short of %d", a.Reason, a.Shortfall))
			}
			if got := strings.Join(parts, " "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if a.Affordable && len(a.Steps) > 0 && (len(a.Sources) == 0 || len(a.Warnings) == 0) {
				t.Errorf("a plan without source or warning: %+v", a)
			}
		})
	}
}

func TestPlanAlternatives(t *testing.T) {
	q := schemas.TransferQuestion{Target: "AIR", Points: 4000, Balances: []schemas.Balance{{Program: "BANK", Amount: 10000}, {Program: "RICH", Amount: 10000}}}
	a, err := madeUp(t).Plan(&q, today)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Alternatives) != 1 || a.Alternatives[0].Steps[0].From != "BANK" || a.Alternatives[0].Cost.Value.String() != "80" {
		t.Errorf("got %+v, want BANK alone for 80 USD", a.Alternatives)
	}
}

func TestPlanWrongQuestions(t *testing.T) {
	for name, test := range map[string]struct {
		q           schemas.TransferQuestion
		code, field string
	}{
		"target":  {schemas.TransferQuestion{Target: "AIRE", Points: 1}, "unknown_program", "target"},
		"balance": {schemas.TransferQuestion{Target: "AIR", Points: 1, Balances: []schemas.Balance{{Program: "BNK", Amount: 1}}}, "unknown_program", "balances[0].program"},
		"twice":   {schemas.TransferQuestion{Target: "AIR", Points: 1, Balances: []schemas.Balance{{Program: "BANK", Amount: 1}, {Program: "BANK", Amount: 1}}}, "duplicate", "balances[1].program"},
		"half a valuation": {schemas.TransferQuestion{Target: "AIR", Points: 1, Balances: []schemas.Balance{{Program: "BANK", Amount: 1}, {Program: "RICH", Amount: 1}},
			CentsPerPoint: map[string]schemas.Decimal{"BANK": schemas.MustDecimal("2")}}, "missing_field", "centsPerPoint.RICH"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := madeUp(t).Plan(&test.q, today)
			e, ok := err.(*schemas.CallError)
			if !ok || e.Code != test.code || e.Field != test.field || !strings.Contains(e.Message, test.field) {
				t.Errorf("got %+v, want %s on %s", err, test.code, test.field)
			}
		})
	}
	if _, err := madeUp(t).Plan(&schemas.TransferQuestion{Target: "AIRE", Points: 1}, today); !slices.Contains(err.(*schemas.CallError).Allowed, "AIR") {
		t.Errorf("the nearest match is not named: %v", err)
	}
}
