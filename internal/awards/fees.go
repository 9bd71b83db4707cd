package awards

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quagmt/udecimal"

	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// cash is what an award costs in money, for one traveller and one direction.
type cash struct {
	surcharge string // the highest of its flights; "" if nothing is on file
	known     bool
	low, high udecimal.Decimal
	currency  string
	roundTrip bool
	booking   *schemas.BookingFee
	stated    []*fee
}

// surcharges orders how much is passed on.
var surcharges = []string{"none", "low", "moderate", "varies", "high"}

// longHaul is from how many miles on what is stated of a carrier's surcharges is
// taken to hold: on short flights they are mostly small, and rarely reported.
const longHaul = 2000

// cash looks up what a journey costs in money.
func (a *ask) cash(j *journey) cash {
	var c cash
	long := j.longest().miles >= longHaul
	for _, f := range j.flights {
		stated := a.feeOf(f.carrier)
		if stated == nil || slices.Contains(c.stated, stated) {
			continue
		}
		c.stated = append(c.stated, stated)
		if (long || stated.Surcharge == "none") && slices.Index(surcharges, stated.Surcharge) > slices.Index(surcharges, c.surcharge) {
			c.surcharge = stated.Surcharge
		}
		if stated.Booking != nil && c.booking == nil {
			c.booking = stated.Booking
		}
	}
	if len(c.stated) == 1 { // an amount is published for a carrier's flights, not for mixtures
		s := c.stated[0]
		for i := range s.Typical {
			t := &s.Typical[i]
			if t.Cabin != "" && t.Cabin != a.cabin || !s.typical[i].fits(a.book, j.origin(), j.destination(), j.miles) {
				continue
			}
			c.known, c.low, c.high, c.currency = true, t.Low.Decimal, t.Low.Decimal, t.Currency
			if t.High != nil {
				c.high = t.High.Decimal
			}
			c.roundTrip = t.Trip == "roundTrip"
			break
		}
	}
	return c
}

func (a *ask) feeOf(who carrier) *fee {
	var found *fee
	for i := range a.fees {
		f := &a.fees[i]
		if f.EffectiveDate > a.valid || f.ExpirationDate != "" && f.ExpirationDate < a.valid || !f.carriers.Has(int(who)) {
			continue
		}
		if found == nil || len(f.Carriers) > 0 {
			found = f
		}
	}
	return found
}

func (c *cash) describe() string {
	var parts []string
	switch c.surcharge {
	case "":
		parts = append(parts, "nothing is on file of surcharges on such flights: look them up before you transfer")
	case "none":
		parts = append(parts, "taxes and airport fees only, no carrier surcharge")
	case "varies":
		parts = append(parts, "carrier surcharges vary")
	default:
		parts = append(parts, c.surcharge+" carrier surcharges")
	}
	if c.known {
		parts = append(parts, "typical amount as published on "+c.stated[0].AsOf)
	} else if c.surcharge != "" {
		parts = append(parts, "the amount is not on file")
	}
	if c.booking != nil {
		parts = append(parts, fmt.Sprintf("and %s %s for booking", c.booking.Amount, c.booking.Currency))
	}
	return strings.Join(parts, "; ")
}

// usd is an amount in dollars at the bundled rate, in millionths; ok is false if
// the currency has none.
func usd(facts *kg.Facts, amount udecimal.Decimal, currency string) (int64, bool) {
	if currency == "USD" {
		return micro(amount), true
	}
	rate := facts.ExchangeRates[currency]
	if rate == nil || !rate.PerUSD.IsPos() {
		return 0, false
	}
	converted, err := amount.Div(rate.PerUSD.Decimal)
	if err != nil {
		return 0, false
	}
	return micro(converted), true
}
