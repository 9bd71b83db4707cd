package kg

import (
	"fmt"
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
		conditions := func(id string, c schemas.Conditions) {
			for _, list := range [][]string{c.Marketing, c.Operating, c.Ticketing, c.TicketingNot} {
				for _, carrier := range list {
					need("airline/", carrier, "%s carriers", id)
				}
			}
			if c.Route != nil {
				for _, list := range [][]string{c.Route.Between, c.Route.And, c.Route.Within} {
					for _, area := range list {
						need("", area, "%s route", id)
					}
				}
			}
		}
		for _, c := range f.FareCategories {
			conditions("fareCategories "+c.ID, c.Conditions)
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
