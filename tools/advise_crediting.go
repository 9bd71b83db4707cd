package tools

import (
	"context"
	"time"

	"loyalty-mcp/schemas"
)

func adviseCrediting(books *books, travellers *travellers, now func() time.Time) Tool {
	return define(Tool{
		Name:  "advise_crediting_program",
		Title: "Advise where to credit trips",
		Description: `Ranks loyalty programs by whether and when one to twenty trips reach a status, with progress after each trip, what is missing at the end, and a table of every trip against every program. Use it for "will I make Gold?", "which program gets me oneworld Sapphire with these trips?"; for what one flight earns use calculate_flight_earnings.
Needs itineraries (flights with carrier, airports, booking class, departureDate; fare where programs earn on spend) and goal: {program, tier} or {allianceStatus}. Give standing for what was earned this year already, memberships for tier, cards or chosen way of earning.
outcome "not known" means that some trip's amount is on no source's record: not the same as "not reached".
Example: {"itineraries":[{"segments":[{"marketingCarrier":"UA","origin":"SFO","destination":"EWR","bookingClass":"H","departureDate":"2026-12-01"}],"fare":{"base":400,"currency":"USD"}}],"goal":{"program":"UA_MileagePlus","tier":"Premier Silver"}}`,
		Hints: readOnly,
	}, func(ctx context.Context, q *schemas.CreditingQuestion) (*schemas.CreditingAnswer, error) {
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
		if q.Standing == nil {
			q.Standing = held.standing()
		}
		answer, err := book.Advise(q, now().UTC().Format(time.DateOnly))
		if err != nil {
			return nil, err
		}
		answer.FromProfile, answer.Warnings = held.said, books.warn(append(answer.Warnings, held.warnings...))
		return answer, nil
	})
}
