package tools

import (
	"context"
	"strings"
	"time"

	"loyalty-mcp/schemas"
)

func searchAwards(books *books, travellers *travellers, seats *live, now func() time.Time) Tool {
	hints := readOnly
	hints.OpenWorld = seats.provider != nil
	return define(Tool{
		Name:  "search_awards",
		Title: "Search award flights",
		Description: `Finds how to fly a route on points: which programs book which carriers, what each asks by its award chart, fees, and the cheapest way to pay from the traveller's balances, transfers included. For a known program and amount use plan_points_transfers.
Needs origin, destination (airport, city or country), cabin. Give all balances, departureDate, returnDate for a round trip, travelers.
price.total and funding are for all travellers and both ways, in price.unit. price.kind: fixed (charted), from (least asked), range, dynamic (seen). Options are ranked by value.cost, doubtful ones last; pass caveats on. Prices say nothing about seats: only availability does, if there.
unanswered: programs that could fly it at an unknown price; failed: why nothing, or nothing affordable, was found.
Example: {"origin":"NYC","destination":"London","cabin":"business","travelers":2,"departureDate":"2027-09-14","balances":[{"program":"AMEX_MR_US","amount":100000}]}`,
		Hints: hints,
	}, func(ctx context.Context, q *schemas.AwardQuestion) (*schemas.AwardAnswer, error) {
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
		if q.CentsPerPoint == nil {
			q.CentsPerPoint = held.worth()
		}
		answer, err := book.Search(q, now().UTC().Format(time.DateOnly))
		if err != nil {
			return nil, err
		}
		seats.look(ctx, q, answer.Options)
		answer.FromProfile, answer.Warnings = held.said, books.warn(append(answer.Warnings, held.warnings...))
		return answer, nil
	})
}

func planAwardTrip() Prompt {
	return Prompt{
		Name: "plan_award_trip", Title: "Plan an award trip",
		Description: "Find how to fly somewhere on points, funded from your balances.",
		Arguments: []PromptArgument{
			{Name: "origin", Description: "Airport or city, e.g. NYC", Required: true},
			{Name: "destination", Description: "Airport, city or country, e.g. TYO", Required: true},
			{Name: "cabin", Description: "economy, premiumEconomy, business or first", Required: true},
			{Name: "departureDate", Description: "e.g. 2027-09-14"},
			{Name: "returnDate", Description: "Left out: one way"},
			{Name: "travelers", Description: "How many travel"},
			{Name: "balances", Description: "What you have, e.g. 100,000 Amex, 50,000 United"},
		},
		Render: func(a map[string]string) (string, error) {
			var b strings.Builder
			b.WriteString("I want to fly from " + a["origin"] + " to " + a["destination"] + " in " + a["cabin"] + " on points")
			for _, part := range [][2]string{{"departureDate", ", leaving on "}, {"returnDate", ", back on "}, {"travelers", ", travellers: "}} {
				if a[part[0]] != "" {
					b.WriteString(part[1] + a[part[0]])
				}
			}
			b.WriteString(".")
			if a["balances"] != "" {
				b.WriteString(" I have: " + a["balances"] + ".")
			}
			b.WriteString(" How? Use search_awards for every price, fee and transfer, and cite its sources with their dates." +
				" Tell me the two or three best options with what each costs me, the transfers to make, and every caveat; name programs that could not be priced." +
				" Do not estimate. Say plainly that chart prices are not seats, and that transfers cannot be undone. Ask me for my balances if I gave none.")
			return b.String(), nil
		},
	}
}
