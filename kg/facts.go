package kg

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"loyalty-mcp/schemas"
)

// Facts is what engines compute with: the graph's facts at one version, decoded.
// It is immutable and shared.
type Facts struct {
	Version       string
	Alliances     map[string]*schemas.Alliance
	Airlines      map[string]*schemas.Airline
	Airports      map[string]*schemas.Airport
	Cities        map[string]*schemas.City
	Regions       map[string]*schemas.Region
	ExchangeRates map[string]*schemas.ExchangeRate // units per US dollar, by currency
	Programs      map[string]*ProgramFacts
	Valuations    map[string][]*schemas.Valuation // by program, newest first
	Networks      map[string]*schemas.Network     // by carrier
	Cabins        map[string]*schemas.CarrierCabins
	Sources       map[string]*schemas.CitedSource
}

// ProgramFacts is what is known of one program. Superseded rules are in it, with
// their dates.
type ProgramFacts struct {
	Program        *schemas.Program
	FareCategories []*schemas.FareCategory
	Distances      []*schemas.RouteDistance
	EarningRules   []*schemas.EarningRule
	Transfers      []*schemas.Transfer // out of the program, with their dates
	AwardPartners  []*schemas.AwardPartner
	AwardCharts    []*schemas.AwardChart
	AwardSeasons   []*schemas.AwardSeason
	AwardFees      []*schemas.AwardFee
	AwardRules     []*schemas.AwardRule
	SweetSpots     []*schemas.SweetSpot
}

// loadWithin bounds the reading of all facts, which no single caller waits for.
const loadWithin = time.Minute

// Catalog asks the graph the project's questions, each in one place.
type Catalog struct {
	graph Graph
	loads singleflight.Group

	mu     sync.Mutex // guards what follows
	facts  *Facts
	behind bool // the graph holds something newer that could not be read
}

// NewCatalog makes the catalog of a graph.
func NewCatalog(g Graph) *Catalog { return &Catalog{graph: g} }

// Facts returns the facts of the graph's present version. They are read in one
// question when the version has changed, and shared until it changes again. If the
// graph cannot be reached, they are those that were read last, and Warning says so.
func (c *Catalog) Facts(ctx context.Context) (*Facts, error) {
	version, err := c.graph.Version(ctx)
	if err == nil {
		c.mu.Lock()
		facts := c.facts
		if facts != nil && facts.Version == version {
			c.behind = false
			c.mu.Unlock()
			return facts, nil
		}
		c.mu.Unlock()
		loaded := c.loads.DoChan(version, func() (any, error) {
			// Whoever asked first may leave before those who wait with him.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadWithin)
			defer cancel()
			return c.load(ctx, version)
		})
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case r := <-loaded:
			if r.Err == nil {
				return r.Val.(*Facts), nil
			}
			err = r.Err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.facts == nil || !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrDamaged) {
		return nil, err
	}
	c.behind = true
	return c.facts, nil
}

func (c *Catalog) load(ctx context.Context, version string) (*Facts, error) {
	vertices, err := c.graph.Match(ctx, Pattern{Labels: factLabels})
	if err != nil {
		return nil, err
	}
	facts, err := decodeFacts(version, vertices)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.facts, c.behind = facts, false
	return facts, nil
}

// FactsOf reads fact sheets as they would come back from a graph. References
// between sheets are not checked, so that all that is wrong with them can be
// looked for in one place (internal/verify); NewBatch is what refuses them.
func FactsOf(sheets []Sheet) (*Facts, error) {
	w := &writer{}
	for _, s := range sheets {
		w.sheet(s)
	}
	if w.err != nil {
		return nil, w.err
	}
	return decodeFacts("", w.batch.Vertices)
}

// Warning says that answers may be outdated because the graph cannot be reached;
// it is empty when it can.
func (c *Catalog) Warning() string {
	c.mu.Lock()
	behind := c.behind
	c.mu.Unlock()
	if behind {
		return "the knowledge graph has changed and cannot be read at the moment; this is what it held before"
	}
	cache, ok := c.graph.(*Cache)
	if !ok {
		return ""
	}
	since, stale := cache.Stale()
	if !stale {
		return ""
	}
	return "the knowledge graph cannot be reached; this is what it held at " + since.UTC().Format("2006-01-02 15:04 MST")
}

func decodeFacts(version string, vertices []Vertex) (*Facts, error) {
	f := &Facts{
		Version:   version,
		Alliances: map[string]*schemas.Alliance{}, Airlines: map[string]*schemas.Airline{},
		Airports: map[string]*schemas.Airport{}, Cities: map[string]*schemas.City{},
		Regions: map[string]*schemas.Region{}, ExchangeRates: map[string]*schemas.ExchangeRate{},
		Programs: map[string]*ProgramFacts{}, Valuations: map[string][]*schemas.Valuation{},
		Networks: map[string]*schemas.Network{}, Cabins: map[string]*schemas.CarrierCabins{}, Sources: map[string]*schemas.CitedSource{},
	}
	places := map[*schemas.AwardChart]int64{}
	program := func(v Vertex) *ProgramFacts {
		id, _ := v.Properties[propProgram].(string)
		if f.Programs[id] == nil {
			f.Programs[id] = &ProgramFacts{}
		}
		return f.Programs[id]
	}
	for _, v := range vertices {
		var err error
		dated := true
		// Facts with dates of their own are kept when these are over.
		switch v.Label {
		case LabelEarningRule:
			err = gather(&program(v).EarningRules, v, func(r *schemas.EarningRule) *schemas.Validity { return &r.Validity })
		case LabelTransfer:
			err = gather(&program(v).Transfers, v, func(t *schemas.Transfer) *schemas.Validity { return &t.Validity })
		case LabelFareCategory:
			err = gather(&program(v).FareCategories, v, func(c *schemas.FareCategory) *schemas.Validity { return &c.Validity })
		case LabelAwardPartner:
			err = gather(&program(v).AwardPartners, v, func(a *schemas.AwardPartner) *schemas.Validity { return &a.Validity })
		case LabelAwardChart:
			charts := &program(v).AwardCharts
			err = gather(charts, v, func(a *schemas.AwardChart) *schemas.Validity { return &a.Validity })
			if err == nil {
				places[(*charts)[len(*charts)-1]], _ = v.Properties[propPlace].(int64)
			}
		case LabelAwardFee:
			err = gather(&program(v).AwardFees, v, func(a *schemas.AwardFee) *schemas.Validity { return &a.Validity })
		case LabelAwardRule:
			err = gather(&program(v).AwardRules, v, func(a *schemas.AwardRule) *schemas.Validity { return &a.Validity })
		case LabelSource:
			var s *schemas.Source
			if s, err = body[schemas.Source](v); err == nil {
				f.Sources[s.ID] = &schemas.CitedSource{ID: s.ID, Title: s.Title, URL: s.URL, AsOf: s.AsOf}
			}
		case LabelRegion: // retired ones as well: superseded rules speak of them
			err = keep(f.Regions, v, func(r *schemas.Region) string { return r.ID })
		default:
			dated = false
		}
		if err != nil {
			return nil, err
		}
		if dated {
			continue
		}
		if v.ExpirationDate != "" {
			continue // retired: no longer known
		}
		switch v.Label {
		case LabelAlliance:
			err = keep(f.Alliances, v, func(a *schemas.Alliance) string { return a.ID })
		case LabelAirline:
			err = keep(f.Airlines, v, func(a *schemas.Airline) string { return a.Code })
		case LabelAirport:
			err = keep(f.Airports, v, func(a *schemas.Airport) string { return a.Code })
		case LabelCity:
			err = keep(f.Cities, v, func(c *schemas.City) string { return c.Code })
		case LabelExchangeRate:
			err = keep(f.ExchangeRates, v, func(r *schemas.ExchangeRate) string { return r.Currency })
		case LabelProgram:
			program(v).Program, err = body[schemas.Program](v)
		case LabelValuation:
			var worth *schemas.Valuation
			if worth, err = body[schemas.Valuation](v); err == nil {
				f.Valuations[worth.Program] = append(f.Valuations[worth.Program], worth)
			}
		case LabelRouteDistance:
			var d *schemas.RouteDistance
			d, err = body[schemas.RouteDistance](v)
			p := program(v)
			p.Distances = append(p.Distances, d)
		case LabelAwardSeason:
			err = gather(&program(v).AwardSeasons, v, nil)
		case LabelSweetSpot:
			err = gather(&program(v).SweetSpots, v, nil)
		case LabelNetwork:
			err = keep(f.Networks, v, func(n *schemas.Network) string { return n.Carrier })
		case LabelCabins:
			err = keep(f.Cabins, v, func(c *schemas.CarrierCabins) string { return c.Carrier })
		}
		if err != nil {
			return nil, err
		}
	}
	for _, list := range f.Valuations {
		slices.SortStableFunc(list, func(a, b *schemas.Valuation) int { return strings.Compare(b.Date, a.Date) })
	}
	for id, p := range f.Programs {
		slices.SortStableFunc(p.AwardCharts, func(a, b *schemas.AwardChart) int { return cmp.Compare(places[a], places[b]) })
		if p.Program == nil {
			delete(f.Programs, id) // retired, its rules remain for their dates only within it
		}
	}
	return f, nil
}

func body[T any](v Vertex) (*T, error) {
	text, _ := v.Properties[propBody].(string)
	out := new(T)
	if err := json.Unmarshal([]byte(text), out); err != nil {
		return nil, fmt.Errorf("the graph's vertex %s does not hold a %s: %w", v.ID, v.Label, err)
	}
	return out, nil
}

// gather adds a fact to a list; the vertex says for which days it holds.
func gather[T any](into *[]*T, v Vertex, validity func(*T) *schemas.Validity) error {
	value, err := body[T](v)
	if err != nil {
		return err
	}
	if validity != nil {
		*validity(value) = schemas.Validity{EffectiveDate: v.EffectiveDate, ExpirationDate: v.ExpirationDate}
	}
	*into = append(*into, value)
	return nil
}

func keep[T any](into map[string]*T, v Vertex, key func(*T) string) error {
	value, err := body[T](v)
	if err != nil {
		return err
	}
	into[key(value)] = value
	return nil
}

// OlderThan tells whether a fact's date is more than so many days ago, or none.
func OlderThan(asOf, today string, days int) bool {
	then, err := time.Parse(time.DateOnly, asOf)
	if err != nil {
		return true
	}
	now, err := time.Parse(time.DateOnly, today)
	return err == nil && now.Sub(then) > time.Duration(days)*24*time.Hour
}
