package awards

import (
	"fmt"
	"slices"
	"time"

	"github.com/quagmt/udecimal"

	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// worth is what a point of a program is held to be worth.
type worth struct {
	micro      int64  // millionths of a dollar
	date       string // of the newest valuation
	publishers int
	sources    []string
}

// worths takes, for each program, the median of what publishers hold a point to
// be worth: each one's newest valuation, unless it is two years older than the
// newest of all.
func worths(facts *kg.Facts) map[string]worth {
	newest := ""
	for _, list := range facts.Valuations {
		for _, v := range list {
			newest = max(newest, v.Date)
		}
	}
	oldest := ""
	if day, err := time.Parse(time.DateOnly, newest); err == nil {
		oldest = day.AddDate(-2, 0, 0).Format(time.DateOnly)
	}
	out := map[string]worth{}
	for id, list := range facts.Valuations { // newest first
		var values []int64
		var w worth
		heard := map[string]bool{}
		for _, v := range list {
			if heard[v.Publisher] || v.Date < oldest {
				continue
			}
			heard[v.Publisher] = true
			values = append(values, micro(v.Cents.Decimal)/100)
			w.date = max(w.date, v.Date)
			for _, source := range v.Sources {
				if !slices.Contains(w.sources, source) {
					w.sources = append(w.sources, source)
				}
			}
		}
		if len(values) == 0 {
			continue
		}
		slices.Sort(values)
		middle := len(values) / 2
		w.micro, w.publishers = values[middle], len(values)
		if len(values)%2 == 0 {
			w.micro = (values[middle-1] + values[middle]) / 2
		}
		out[id] = w
	}
	return out
}

// describe says where a worth is from.
func (w worth) describe() string {
	if w.publishers == 1 {
		return "one published valuation, " + w.date
	}
	return fmt.Sprintf("median of %d published valuations, newest %s", w.publishers, w.date)
}

// dollars turns millionths of a dollar into dollars and cents.
func dollars(micros int64) schemas.Decimal {
	return schemas.Decimal{Decimal: udecimal.MustFromInt64(micros, 6).RoundHAZ(2)}
}

// ownValue is the traveller's own valuation of a point in millionths of a dollar.
func ownValue(id string, cents schemas.Decimal) (int64, error) {
	if cents.LessThan(leastCents.Decimal) || cents.GreaterThan(mostCents.Decimal) {
		field := "centsPerPoint." + id
		return 0, &schemas.CallError{Code: "out_of_range", Field: field, Given: cents.String(), Message: field + " must be from " + leastCents.String() + " to " + mostCents.String() + " US cents"}
	}
	return micro(cents.Decimal) / 100, nil
}

// leastCents and mostCents are what a point may be worth; the least is the finest
// that is computed with.
var leastCents, mostCents = schemas.MustDecimal("0.001"), schemas.MustDecimal("1000")
