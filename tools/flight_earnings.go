package tools

import (
	"context"
	"time"

	"loyalty-mcp/schemas"
)

func flightEarnings(books *books, travellers *travellers, now func() time.Time) Tool {
	return define(Tool{
		Name:  "calculate_flight_earnings",
		Title: "Calculate flight earnings",
		Description: `Computes exactly what flights earn in airline loyalty programs: redeemable miles or points and elite-qualifying metrics, with the arithmetic, the rule, its source and date. Use it for "how many miles does this flight earn?" and "which program should I credit it to?"; never estimate such numbers yourself.
Needs for each flight: marketing carrier, origin and destination airport (IATA), booking class (one letter). Programs that earn on spend also need fare (base, carrierSurcharges, currency). Give memberships for tier, co-branded card or chosen way of earning. Leave programs out to compare all that credit these carriers.
Three outcomes: options (known, 0 included), unanswered (not known, with the missing fact or input), error (wrong call). Never read unanswered as 0. Amounts are whole units of each program, not comparable in worth.
Example: {"segments":[{"marketingCarrier":"AA","origin":"JFK","destination":"LHR","bookingClass":"J"}],"fare":{"base":2000,"currency":"USD"}}`,
		Hints: readOnly,
	}, func(ctx context.Context, q *schemas.EarningsQuestion) (*schemas.EarningsAnswer, error) {
		book, err := books.earnings(ctx)
		if err != nil {
			return nil, err
		}
		held, err := travellers.from(ctx, books)
		if err != nil {
			return nil, err
		}
		if q.Memberships == nil {
			q.Memberships = held.memberships()
		}
		answer, err := book.Calculate(q, now().UTC().Format(time.DateOnly))
		if err != nil {
			return nil, err
		}
		answer.FromProfile, answer.Warnings = held.said, books.warn(append(answer.Warnings, held.warnings...))
		return answer, nil
	})
}
