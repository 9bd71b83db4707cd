package awards

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"loyalty-mcp/internal/geo"
	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// Book is what is known of awards, indexed to be searched fast. It is immutable.
type Book struct {
	facts    *kg.Facts
	index    map[string]int // number of each airport
	airports []*schemas.Airport
	carriers map[string]carrier       // number of each carrier
	codes    []string                 // carriers by number
	alliance []string                 // of each carrier
	sold     []*schemas.CarrierCabins // of each carrier, nil where they are not known
	legs     [][]leg                  // by the airport where they begin
	serves   map[base]int             // known routes of a carrier from an airport
	programs []*program               // by id
	places   *places
	worths   map[string]worth
	ids      []string // of all programs
	from, to [][]way  // links out of each program, and into it
}

// way is a link between two programs, by their places in ids.
type way struct {
	from, to int
	*schemas.Transfer
}

// carrier is the number of a carrier.
type carrier int16

// leg is a flight that a carrier makes nonstop.
type leg struct {
	carrier carrier
	to      int32
	miles   int32
	known   *schemas.Provenance // nil if it is inferred
}

// base is a carrier at an airport.
type base struct {
	airport int32
	carrier carrier
}

// program is a program's award facts.
type program struct {
	*kg.ProgramFacts
	id       string
	own      geo.Set // its own carriers
	partners []partner
	charts   []*chart // in the order in which they are tried
	seasons  []season
	fees     []fee
	spots    []spot
}

type partner struct {
	*schemas.AwardPartner
	carriers geo.Set
}

type chart struct {
	*schemas.AwardChart
	carriers geo.Set // that it names
	area     area
	rows     []row
	seasonal bool // some prices are by season
}

type row struct {
	*schemas.AwardRow
	area
	low, high [4]int64 // by cabin; 0 states nothing
	season    int      // place in seasons, -1 for none
}

type season struct {
	*schemas.AwardSeason
	area
}

type fee struct {
	*schemas.AwardFee
	carriers geo.Set
	typical  []area // of each typical fee
}

type spot struct {
	*schemas.SweetSpot
	carriers geo.Set
	area
}

// area is a compiled route.
type area struct {
	between, and, within geo.Set
	domestic             *bool
	over, upTo           int
}

// fits tells whether a flight or journey is within the area.
func (a *area) fits(b *Book, from, to, miles int) bool {
	if a.upTo > 0 && miles > a.upTo || miles <= a.over && a.over > 0 {
		return false
	}
	if a.between != nil && !(a.between.Has(from) && a.and.Has(to) || a.between.Has(to) && a.and.Has(from)) {
		return false
	}
	if a.within != nil && !(a.within.Has(from) && a.within.Has(to)) {
		return false
	}
	return a.domestic == nil || *a.domestic == (b.airports[from].Country == b.airports[to].Country)
}

// NewBook indexes facts. An area or carrier that does not resolve is an error: the
// facts were not checked when they were loaded.
func NewBook(facts *kg.Facts) (*Book, error) {
	areas := geo.NewAreas(facts)
	b := &Book{facts: facts, index: areas.Index(), carriers: map[string]carrier{}, ids: slices.Sorted(maps.Keys(facts.Programs)), worths: worths(facts)}
	for _, code := range areas.Codes() {
		b.airports = append(b.airports, facts.Airports[code])
	}
	for _, code := range slices.Sorted(maps.Keys(facts.Airlines)) {
		b.carriers[code] = carrier(len(b.codes))
		b.codes = append(b.codes, code)
		b.alliance = append(b.alliance, facts.Airlines[code].Alliance)
		b.sold = append(b.sold, facts.Cabins[code])
	}
	if err := b.network(); err != nil {
		return nil, err
	}
	for _, id := range b.ids {
		if len(facts.Programs[id].AwardPartners) == 0 {
			continue // what it books is not on file
		}
		p, err := b.compile(areas, id)
		if err != nil {
			return nil, fmt.Errorf("program %s: %w", id, err)
		}
		b.programs = append(b.programs, p)
	}
	b.from, b.to = make([][]way, len(b.ids)), make([][]way, len(b.ids))
	for from, id := range b.ids {
		for _, t := range facts.Programs[id].Transfers {
			if to, known := slices.BinarySearch(b.ids, t.To); known {
				b.from[from] = append(b.from[from], way{from, to, t})
				b.to[to] = append(b.to[to], way{from, to, t})
			}
		}
	}
	b.places = newPlaces(b)
	return b, nil
}

func (b *Book) compile(areas *geo.Areas, id string) (*program, error) {
	facts := b.facts.Programs[id]
	p := &program{ProgramFacts: facts, id: id}
	var err error
	if p.own, err = b.set(facts.Program.Airlines); err != nil {
		return nil, err
	}
	for _, a := range facts.AwardPartners {
		members := slices.Clone(a.Carriers)
		if a.Alliance != "" {
			for i, alliance := range b.alliance {
				if alliance == a.Alliance && !slices.Contains(a.Except, b.codes[i]) {
					members = append(members, b.codes[i])
				}
			}
		}
		set, err := b.set(members)
		if err != nil {
			if retired(&a.Validity) {
				continue
			}
			return nil, err
		}
		p.partners = append(p.partners, partner{a, set})
	}
	for _, a := range facts.AwardCharts {
		c, err := b.compileChart(areas, a)
		if err == nil {
			p.charts = append(p.charts, c)
		} else if !retired(&a.Validity) {
			return nil, err
		}
	}
	slices.SortStableFunc(p.charts, func(x, y *chart) int {
		return cmp.Or(cmp.Compare(y.Precedence, x.Precedence), cmp.Compare(min(len(y.Carriers), 1), min(len(x.Carriers), 1)))
	})
	for _, a := range facts.AwardSeasons {
		s := season{AwardSeason: a}
		if s.area, err = compileArea(areas, a.Route); err != nil {
			return nil, fmt.Errorf("season %s: %w", a.ID, err)
		}
		p.seasons = append(p.seasons, s)
	}
	return p, b.compileMoney(areas, p)
}

// retired tells whether a fact holds no longer, or not for long: what it speaks of
// may be gone from the facts.
func retired(v *schemas.Validity) bool { return v.ExpirationDate != "" }

func (b *Book) compileChart(areas *geo.Areas, a *schemas.AwardChart) (*chart, error) {
	c := &chart{AwardChart: a}
	var err error
	if c.carriers, err = b.set(a.Carriers); err != nil {
		return nil, fmt.Errorf("chart %s: %w", a.ID, err)
	}
	if c.area, err = compileArea(areas, a.Route); err != nil {
		return nil, fmt.Errorf("chart %s: %w", a.ID, err)
	}
	for i := range a.Rows {
		r := row{AwardRow: &a.Rows[i], season: slices.Index(seasons, a.Rows[i].Season)}
		for at, cabin := range schemas.Cabins {
			r.low[at] = r.Prices[cabin]
			r.high[at] = max(r.low[at], r.High[cabin])
		}
		if r.area, err = compileArea(areas, &a.Rows[i].Route); err != nil {
			return nil, fmt.Errorf("chart %s: %w", a.ID, err)
		}
		c.rows = append(c.rows, r)
		c.seasonal = c.seasonal || r.season >= 0
	}
	return c, nil
}

// compileMoney indexes what awards of the program cost in money, and its sweet spots.
func (b *Book) compileMoney(areas *geo.Areas, p *program) error {
	for _, a := range p.AwardFees {
		f, err := b.compileFee(areas, a)
		if err == nil {
			p.fees = append(p.fees, f)
		} else if !retired(&a.Validity) {
			return err
		}
	}
	for _, a := range p.SweetSpots {
		s := spot{SweetSpot: a}
		var err error
		if s.carriers, err = b.set(a.Carriers); err != nil {
			return err
		}
		if s.area, err = compileArea(areas, &a.Route); err != nil {
			return fmt.Errorf("sweet spot %s: %w", a.ID, err)
		}
		p.spots = append(p.spots, s)
	}
	return nil
}

func (b *Book) compileFee(areas *geo.Areas, a *schemas.AwardFee) (f fee, err error) {
	f.AwardFee = a
	if f.carriers, err = b.set(a.Carriers); err != nil {
		return f, fmt.Errorf("fee %s: %w", a.ID, err)
	}
	for i := range a.Typical {
		route, err := compileArea(areas, &a.Typical[i].Route)
		if err != nil {
			return f, fmt.Errorf("fee %s: %w", a.ID, err)
		}
		f.typical = append(f.typical, route)
	}
	return f, nil
}

// set is the numbers of carriers.
func (b *Book) set(codes []string) (geo.Set, error) {
	out := geo.NewSet(len(b.codes))
	for _, code := range codes {
		i, ok := b.carriers[code]
		if !ok {
			return nil, fmt.Errorf("no carrier %s", code)
		}
		out.Add(int(i))
	}
	return out, nil
}

func compileArea(areas *geo.Areas, r *schemas.Route) (a area, err error) {
	if r == nil {
		return a, nil
	}
	for _, part := range []struct {
		areas []string
		set   *geo.Set
	}{{r.Between, &a.between}, {r.And, &a.and}, {r.Within, &a.within}} {
		if len(part.areas) == 0 {
			continue
		}
		if *part.set, err = areas.Union(part.areas); err != nil {
			return a, err
		}
	}
	a.domestic = r.Domestic
	if r.Miles != nil {
		a.over, a.upTo = r.Miles.Over, r.Miles.UpTo
	}
	return a, nil
}

// network lays out who flies where, each way.
func (b *Book) network() error {
	b.legs, b.serves = make([][]leg, len(b.airports)), map[base]int{}
	add := func(code, from, to string, known *schemas.Provenance) error {
		carrier, ok := b.carriers[code]
		i, fromKnown := b.index[from]
		j, toKnown := b.index[to]
		if !ok || !fromKnown || !toKnown {
			return fmt.Errorf("networks: %s %s-%s is not known", code, from, to)
		}
		miles := int32(geo.Miles(b.airports[i], b.airports[j]))
		b.legs[i] = append(b.legs[i], leg{carrier, int32(j), miles, known})
		b.legs[j] = append(b.legs[j], leg{carrier, int32(i), miles, known})
		b.serves[base{int32(i), carrier}]++
		b.serves[base{int32(j), carrier}]++
		return nil
	}
	for _, code := range slices.Sorted(maps.Keys(b.facts.Networks)) {
		n := b.facts.Networks[code]
		for _, from := range slices.Sorted(maps.Keys(n.Nonstops)) {
			for _, to := range strings.Fields(n.Nonstops[from]) {
				if !slices.ContainsFunc(n.Ended, func(e schemas.Nonstop) bool { return e.From == from && e.To == to || e.From == to && e.To == from }) {
					if err := add(code, from, to, &n.Provenance); err != nil {
						return err
					}
				}
			}
		}
		for i := range n.Added {
			if err := add(code, n.Added[i].From, n.Added[i].To, &n.Added[i].Provenance); err != nil {
				return err
			}
		}
	}
	return nil
}
