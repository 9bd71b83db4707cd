package tools

import (
	"context"
	"time"

	"loyalty-mcp/schemas"
)

func planTransfers(books *books, travellers *travellers, now func() time.Time) Tool {
	return define(Tool{
		Name:  "plan_points_transfers",
		Title: "Plan points transfers",
		Description: `Plans how to get a number of points into one program from balances in others: which bank, hotel or airline points to send, in which amounts, at which ratio, with steps, minimums, fees, timed and block bonuses. The plan gives up the least value there is; alternatives use one balance alone. Use it once the price of an award is known; it does not look for awards or seats.
Needs target (program id), points, and balances in every program the traveller has, the target's own included. Valued by the median of published valuations, by centsPerPoint if given, else point for point; cost.method says which.
affordable false comes with shortfall and the reason. Links with unknown steps or low confidence carry a warning. Transfers cannot be undone.
Example: {"target":"AF_FlyingBlue","points":60000,"balances":[{"program":"CHASE_UR","amount":45000},{"program":"AMEX_MR_US","amount":80000},{"program":"AF_FlyingBlue","amount":3000}]}`,
		Hints: readOnly,
	}, func(ctx context.Context, q *schemas.TransferQuestion) (*schemas.TransferAnswer, error) {
		book, err := books.awards(ctx)
		if err != nil {
			return nil, err
		}
		held, err := travellers.from(ctx, books)
		if err != nil {
			return nil, err
		}
		if q.Balances == nil {
			q.Balances = held.balances()
		}
		if q.Balances == nil {
			return nil, &Error{Code: "missing_field", Field: "balances",
				Message: "balances is needed: what the traveller has in each program; no profile holds any"}
		}
		if q.CentsPerPoint == nil {
			q.CentsPerPoint = held.worth()
		}
		answer, err := book.Plan(q, now().UTC().Format(time.DateOnly))
		if err != nil {
			return nil, err
		}
		answer.FromProfile, answer.Warnings = held.said, books.warn(append(answer.Warnings, held.warnings...))
		return answer, nil
	})
}
