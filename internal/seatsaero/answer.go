package seatsaero

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"loyalty-mcp/internal/availability"
)

// programs are ours by the names of their sources. Left out are sources of
// programs that we do not have (azul, ethiopian, smiles, spirit, velocity), and
// names that only some wrappers know (british, lifemiles).
var programs = map[string]string{
	"aeromexico":     "AM_Rewards",
	"aeroplan":       "AC_Aeroplan",
	"alaska":         "AS_Atmos",
	"american":       "AA_AAdvantage",
	"connectmiles":   "CM_ConnectMiles",
	"delta":          "DL_SkyMiles",
	"emirates":       "EK_Skywards",
	"etihad":         "EY_Guest",
	"eurobonus":      "SK_EuroBonus",
	"finnair":        "AY_FinnairPlus",
	"flyingblue":     "AF_FlyingBlue",
	"frontier":       "F9_Miles",
	"jetblue":        "B6_TrueBlue",
	"lufthansa":      "LH_MilesAndMore",
	"qantas":         "QF_FrequentFlyer",
	"qatar":          "QR_PrivilegeClub",
	"saudia":         "SV_Alfursan",
	"singapore":      "SQ_KrisFlyer",
	"turkish":        "TK_MilesAndSmiles",
	"united":         "UA_MileagePlus",
	"virginatlantic": "VS_FlyingClub",
}

// cabin is one of ours, with the word to ask for it and the letter of its fields.
type cabin struct{ name, parameter, letter string }

var cabins = []cabin{
	{"economy", "economy", "Y"},
	{"premiumEconomy", "premium", "W"},
	{"business", "business", "J"},
	{"first", "first", "F"},
}

// page is an answer. Its entries are read one by one, so that an odd one does
// not spoil the rest.
type page struct {
	Data    []json.RawMessage `json:"data"`
	Count   json.RawMessage   `json:"count"`
	HasMore bool              `json:"hasMore"`
	Cursor  json.RawMessage   `json:"cursor"`
}

// complete tells an answer without entries from something else, such as an error
// in JSON. No entries may be written as null.
func (p *page) complete() bool { return p.Data != nil || text(p.Count) == "0" }

// cursor is opaque, a number today.
func (p *page) cursor() string { return text(p.Cursor) }

// entry sums up a program's flights on a route and a day.
type entry struct {
	id, source, origin, destination, date string
	fields                                map[string]json.RawMessage
}

// readEntry fails unless it is clear where and when the flights are, and whose.
func readEntry(raw json.RawMessage) (entry, bool) {
	var e entry
	var route map[string]json.RawMessage
	if json.Unmarshal(raw, &e.fields) != nil || json.Unmarshal(e.fields["Route"], &route) != nil {
		return e, false
	}
	e.id, e.source = text(e.fields["ID"]), text(e.fields["Source"])
	e.origin, e.destination = text(route["OriginAirport"]), text(route["DestinationAirport"])
	e.date, _, _ = strings.Cut(text(e.fields["Date"]), "T")
	return e, e.source != "" && isLetters(e.origin, 3) && isLetters(e.destination, 3) && isDay(e.date)
}

// seats are the cabins that the query asks for and that have some. Nothing is
// passed on that is not a number, a date or a code.
func (e *entry) seats(q *availability.Query) []availability.Seat {
	program, known := programs[e.source]
	if !known || len(q.Programs) > 0 && !slices.Contains(q.Programs, program) {
		return nil
	}
	var out []availability.Seat
	for _, c := range cabins {
		miles, remaining := number(e.fields[c.letter+"MileageCost"]), number(e.fields[c.letter+"RemainingSeats"])
		if q.Cabin != "" && q.Cabin != c.name || !yes(e.fields[c.letter+"Available"]) || miles <= 0 {
			continue
		}
		if remaining <= 0 || remaining > math.MaxInt32 {
			remaining = 0
		} else if remaining < int64(q.Seats) {
			continue
		}
		s := availability.Seat{Program: program, Origin: e.origin, Destination: e.destination, Date: e.date, Cabin: c.name,
			Direct: yes(e.fields[c.letter+"Direct"]), Miles: miles, Remaining: int(remaining)}
		for carrier := range strings.SplitSeq(text(e.fields[c.letter+"Airlines"]), ",") {
			if carrier = strings.TrimSpace(carrier); isCarrier(carrier) && !slices.Contains(s.Carriers, carrier) {
				s.Carriers = append(s.Carriers, carrier)
			}
		}
		// Programs that state no taxes have 0 here.
		taxes, currency := number(e.fields[c.letter+"TotalTaxes"]), text(e.fields["TaxesCurrency"])
		if taxes > 0 && isLetters(currency, 3) {
			s.Taxes, s.TaxesCurrency = taxes, currency
		}
		if at, err := time.Parse(time.RFC3339, text(e.fields["UpdatedAt"])); err == nil {
			s.SeenAt = at
		}
		out = append(out, s)
	}
	return out
}

// text reads a string or a number, and nothing else.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// number reads a whole number, also as text; 0 if it is not one.
func number(raw json.RawMessage) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text(raw)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func yes(raw json.RawMessage) bool { return string(raw) == "true" }

func isDay(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func isLetters(s string, length int) bool {
	return len(s) == length && !strings.ContainsFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' })
}

func isCarrier(s string) bool {
	return len(s) == 2 && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
}
