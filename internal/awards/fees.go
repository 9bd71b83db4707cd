package awards

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quagmt/udecimal"

	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// cash is what an award costs in money: for one traveller and one direction, until
// search.fees multiplies it.
type cash struct {
	surcharge   string // the highest of its flights; "" if nothing is on file
	known       bool
	low, high   udecimal.Decimal
	currency    string
	asOf        string
	roundTrip   bool
	withBooking bool // the amount includes booking
	passesOn    bool // moderate or high surcharges of some long flight
	booking     *schemas.BookingFee
	stated      []*fee
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
	worst, unknown := -1, false
	for _, f := range j.flights {
		stated := a.feeOf(f.carrier)
		if stated == nil {
			unknown = true
			continue
		}
		at := slices.Index(surcharges, stated.Surcharge)
		if !long && at > 0 { // what is stated is of long flights
			unknown = true
			continue
		}
		worst = max(worst, at)
		c.passesOn = c.passesOn || stated.Surcharge == "moderate" || stated.Surcharge == "high"
		if slices.Contains(c.stated, stated) {
			continue
		}
		c.stated = append(c.stated, stated)
		if stated.Booking != nil && c.booking == nil {
			c.booking = stated.Booking
		}
	}
	// Of flights about which nothing is on file, little surcharge elsewhere says nothing.
	if worst >= 0 && !(unknown && worst < slices.Index(surcharges, "moderate")) {
		c.surcharge = surcharges[worst]
	}
	if first := a.feeOf(j.flights[0].carrier); first != nil && j.sameFee(a, first) {
		// An amount is published for a carrier's flights, not for mixtures.
		for i := range first.Typical {
			t := &first.Typical[i]
			if t.Cabin != "" && t.Cabin != a.cabin || !first.typical[i].fits(a.book, j.origin(), j.destination(), j.miles) {
				continue
			}
			c.known, c.low, c.high, c.currency, c.asOf = true, t.Low.Decimal, t.Low.Decimal, t.Currency, first.AsOf
			if t.High != nil {
				c.high = t.High.Decimal
			}
			c.roundTrip = t.Trip == "roundTrip"
			if len(c.stated) == 0 {
				c.stated = append(c.stated, first)
			}
			break
		}
	}
	return c
}

// sameFee tells whether one fact is for all flights of a journey.
func (j *journey) sameFee(a *ask, first *fee) bool {
	return !slices.ContainsFunc(j.flights, func(f flight) bool { return a.feeOf(f.carrier) != first })
}

// feeOf is what is on file of a carrier's flights: what names it, else what is for
// the rest.
func (a *ask) feeOf(who carrier) *fee {
	var rest *fee
	for i := range a.fees {
		f := &a.fees[i]
		if !a.holds(&f.Validity) {
			continue
		}
		if len(f.Carriers) == 0 {
			rest = f
		} else if f.carriers.Has(int(who)) {
			return f
		}
	}
	return rest
}

func (c *cash) describe() string {
	var parts []string
	switch c.surcharge {
	case "":
		parts = append(parts, "what surcharges are passed on is not on file for all of these flights: look it up before you transfer")
	case "none":
		parts = append(parts, "taxes and airport fees only, no carrier surcharge")
	case "varies":
		parts = append(parts, "carrier surcharges vary")
	default:
		parts = append(parts, c.surcharge+" carrier surcharges")
	}
	if c.known {
		parts = append(parts, "typical amount as published on "+c.asOf)
	} else {
		parts = append(parts, "the amount is not on file")
	}
	if c.booking != nil {
		parts = append(parts, fmt.Sprintf("and %s %s for booking, for each traveller", c.booking.Amount, c.booking.Currency))
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
