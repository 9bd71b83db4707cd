package kg

import (
	"fmt"
	"slices"
	"strings"

	"loyalty-mcp/schemas"
)

// unresolved lists the references from one sheet to another that lead nowhere.
func unresolved(sheets []Sheet) []schemas.Mistake {
	known := map[string]bool{}
	for _, continent := range []string{"AF", "AN", "AS", "EU", "NA", "OC", "SA"} {
		known["continent/"+continent] = true
	}
	for _, s := range sheets {
		for _, f := range s.Facts.Alliances {
			known["alliance/"+f.ID] = true
		}
		for _, f := range s.Facts.Airlines {
			known["airline/"+f.Code] = true
		}
		for _, f := range s.Facts.Regions {
			known[f.ID] = true
		}
		for _, f := range s.Facts.Cities {
			known["city/"+f.Code] = true
		}
		for _, f := range s.Facts.Airports {
			known["airport/"+f.Code] = true
			if f.Subdivision != "" {
				known["subdivision/"+f.Subdivision] = true
			}
		}
		for _, f := range s.Facts.ExchangeRates {
			known["currency/"+f.Currency] = true
		}
		if p := s.Facts.Program; p != nil {
			known["program/"+p.ID] = true
		}
	}
	var mistakes []schemas.Mistake
	for _, s := range sheets {
		need := func(kind, code, field string, args ...any) {
			if code != "" && !known[kind+code] {
				what := strings.TrimSuffix(kind, "/")
				if what == "" {
					what = "area"
				}
				mistakes = append(mistakes, schemas.Mistake{File: s.Name, Field: fmt.Sprintf(field, args...),
					Message: fmt.Sprintf("no sheet has the %s %q", what, code)})
			}
		}
		f := s.Facts
		for _, a := range f.Airlines {
			need("alliance/", a.Alliance, "airlines %s alliance", a.Code)
			need("country/", a.Country, "airlines %s country", a.Code)
		}
		for _, r := range f.Regions {
			for _, area := range append(append([]string(nil), r.Areas...), r.Except...) {
				need("", area, "regions %s", r.ID)
			}
		}
		for _, c := range f.Cities {
			need("country/", c.Country, "cities %s country", c.Code)
			for _, a := range c.Airports {
				need("airport/", a, "cities %s airports", c.Code)
			}
		}
		for _, a := range f.Airports {
			need("country/", a.Country, "airports %s country", a.Code)
		}
		for _, v := range f.Valuations {
			need("program/", v.Program, "valuations %s of %s", v.Program, v.Publisher)
		}
		for _, n := range f.Networks {
			need("airline/", n.Carrier, "networks %s", n.Carrier)
			for from, list := range n.Nonstops {
				for _, airport := range append(strings.Fields(list), from) {
					need("airport/", airport, "networks %s nonstops", n.Carrier)
				}
			}
			for _, change := range slices.Concat(n.Added, n.Ended) {
				need("airport/", change.From, "networks %s changes", n.Carrier)
				need("airport/", change.To, "networks %s changes", n.Carrier)
			}
		}
		for _, c := range f.Cabins {
			need("airline/", c.Carrier, "cabins %s", c.Carrier)
		}
		if f.Program == nil {
			continue
		}
		for _, a := range f.Program.Airlines {
			need("airline/", a, "program.airlines")
		}
		need("alliance/", f.Program.Alliance, "program.alliance")
		for _, t := range f.Transfers {
			need("program/", t.To, "transfers to %s", t.To)
		}
		for _, d := range f.Distances {
			need("airport/", d.From, "distances %s-%s", d.From, d.To)
			need("airport/", d.To, "distances %s-%s", d.From, d.To)
		}
		carriers := func(id string, lists ...[]string) {
			for _, carrier := range slices.Concat(lists...) {
				need("airline/", carrier, "%s carriers", id)
			}
		}
		route := func(id string, r *schemas.Route) {
			if r != nil {
				for _, area := range slices.Concat(r.Between, r.And, r.Within) {
					need("", area, "%s route", id)
				}
			}
		}
		conditions := func(id string, c schemas.Conditions) {
			carriers(id, c.Marketing, c.Operating, c.Ticketing, c.TicketingNot)
			route(id, c.Route)
		}
		for _, c := range f.FareCategories {
			conditions("fareCategories "+c.ID, c.Conditions)
		}
		for _, a := range f.AwardPartners {
			carriers("awardPartners "+a.ID, a.Carriers, a.Except)
			need("alliance/", a.Alliance, "awardPartners %s", a.ID)
		}
		for _, a := range f.AwardCharts {
			carriers("awardCharts "+a.ID, a.Carriers)
			route("awardCharts "+a.ID, a.Route)
			for i := range a.Rows {
				route("awardCharts "+a.ID, &a.Rows[i].Route)
			}
		}
		for _, a := range f.AwardSeasons {
			route("awardSeasons "+a.ID, a.Route)
		}
		for _, a := range f.AwardFees {
			carriers("awardFees "+a.ID, a.Carriers)
			for i := range a.Typical {
				route("awardFees "+a.ID, &a.Typical[i].Route)
				need("currency/", a.Typical[i].Currency, "awardFees %s currency", a.ID)
			}
			if a.Booking != nil {
				need("currency/", a.Booking.Currency, "awardFees %s currency", a.ID)
			}
		}
		for _, a := range f.AwardRules {
			carriers("awardRules "+a.ID, a.Carriers)
		}
		for _, a := range f.SweetSpots {
			carriers("sweetSpots "+a.ID, a.Carriers)
			route("sweetSpots "+a.ID, &a.Route)
		}
		for _, r := range f.EarningRules {
			conditions("earningRules "+r.ID, r.Conditions)
			for unit, e := range r.Earn {
				for _, currency := range append([]string{e.Currency}, e.AtPar...) {
					need("currency/", currency, "earningRules %s earn.%s.currency", r.ID, unit)
				}
			}
		}
	}
	return mistakes
}
