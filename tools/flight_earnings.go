package tools

import (
	"context"
	"sync"
	"time"

	"loyalty-mcp/internal/earnings"
	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

func flightEarnings(books *books, now func() time.Time) Tool {
	return define(Tool{
		Name:  "calculate_flight_earnings",
		Title: "Calculate flight earnings",
		Description: `Computes exactly what flights earn in airline loyalty programs: redeemable miles or points and elite-qualifying metrics, with the arithmetic, the rule, its source and date. Use it for "how many miles does this flight earn?" and "which program should I credit it to?"; never estimate such numbers yourself.
Needs for each flight: marketing carrier, origin and destination airport (IATA), booking class (one letter). Programs that earn on spend also need fare (base, carrierSurcharges, currency). Give memberships for tier, co-branded card or chosen way of earning. Leave programs out to compare all that credit these carriers.
Three outcomes: options (known, 0 included), unanswered (not known, with the missing fact or input), error (wrong call). Never read unanswered as 0. Amounts are whole units of each program, not comparable in worth.
Example: {"segments":[{"marketingCarrier":"AA","origin":"JFK","destination":"LHR","bookingClass":"J"}],"fare":{"base":2000,"currency":"USD"}}`,
		Hints: readOnly,
	}, func(ctx context.Context, q *schemas.EarningsQuestion) (*schemas.EarningsAnswer, error) {
		book, err := books.current(ctx)
		if err != nil {
			return nil, err
		}
		answer, err := book.Calculate(q, now().UTC().Format(time.DateOnly))
		if err != nil {
			return nil, err
		}
		answer.Warnings = books.warn(answer.Warnings)
		return answer, nil
	})
}

// books keeps the earnings book of the graph's present facts.
type books struct {
	catalog *kg.Catalog

	mu    sync.Mutex
	facts *kg.Facts
	book  *earnings.Book
}

func (b *books) current(ctx context.Context) (*earnings.Book, error) {
	facts, err := b.catalog.Facts(ctx)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.facts != facts {
		book, err := earnings.NewBook(facts)
		if err != nil {
			return nil, err
		}
		b.facts, b.book = facts, book
	}
	return b.book, nil
}

// warn adds what is to be said of the state of the facts.
func (b *books) warn(warnings []string) []string {
	if w := b.catalog.Warning(); w != "" {
		return append(warnings, w)
	}
	return warnings
}
