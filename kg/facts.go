package kg

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

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
}

// Catalog asks the graph the project's questions, each in one place.
type Catalog struct {
	graph Graph

	mu    sync.Mutex
	facts *Facts
}

// NewCatalog makes the catalog of a graph.
func NewCatalog(g Graph) *Catalog { return &Catalog{graph: g} }

// Facts returns the facts of the graph's present version. They are read in one
// question when the version has changed, and shared until it changes again.
func (c *Catalog) Facts(ctx context.Context) (*Facts, error) {
	version, err := c.graph.Version(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.facts != nil && c.facts.Version == version {
		return c.facts, nil
	}
	vertices, err := c.graph.Match(ctx, Pattern{Labels: factLabels})
	if err != nil {
		return nil, err
	}
	facts, err := decodeFacts(version, vertices)
	if err != nil {
		return nil, err
	}
	c.facts = facts
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
		Programs: map[string]*ProgramFacts{}, Valuations: map[string][]*schemas.Valuation{}, Sources: map[string]*schemas.CitedSource{},
	}
	program := func(v Vertex) *ProgramFacts {
		id, _ := v.Properties[propProgram].(string)
		if f.Programs[id] == nil {
			f.Programs[id] = &ProgramFacts{}
		}
		return f.Programs[id]
	}
	for _, v := range vertices {
		switch v.Label {
		case LabelEarningRule:
			r, err := body[schemas.EarningRule](v)
			if err != nil {
				return nil, err
			}
			r.EffectiveDate, r.ExpirationDate = v.EffectiveDate, v.ExpirationDate
			p := program(v)
			p.EarningRules = append(p.EarningRules, r)
			continue
		case LabelTransfer:
			t, err := body[schemas.Transfer](v)
			if err != nil {
				return nil, err
			}
			t.EffectiveDate, t.ExpirationDate = v.EffectiveDate, v.ExpirationDate
			p := program(v)
			p.Transfers = append(p.Transfers, t)
			continue
		case LabelFareCategory:
			c, err := body[schemas.FareCategory](v)
			if err != nil {
				return nil, err
			}
			c.EffectiveDate, c.ExpirationDate = v.EffectiveDate, v.ExpirationDate
			p := program(v)
			p.FareCategories = append(p.FareCategories, c)
			continue
		case LabelSource:
			s, err := body[schemas.Source](v)
			if err != nil {
				return nil, err
			}
			f.Sources[s.ID] = &schemas.CitedSource{ID: s.ID, Title: s.Title, URL: s.URL, AsOf: s.AsOf}
			continue
		}
		if v.ExpirationDate != "" {
			continue // retired: no longer known
		}
		var err error
		switch v.Label {
		case LabelAlliance:
			err = keep(f.Alliances, v, func(a *schemas.Alliance) string { return a.ID })
		case LabelAirline:
			err = keep(f.Airlines, v, func(a *schemas.Airline) string { return a.Code })
		case LabelAirport:
			err = keep(f.Airports, v, func(a *schemas.Airport) string { return a.Code })
		case LabelCity:
			err = keep(f.Cities, v, func(c *schemas.City) string { return c.Code })
		case LabelRegion:
			err = keep(f.Regions, v, func(r *schemas.Region) string { return r.ID })
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
		}
		if err != nil {
			return nil, err
		}
	}
	for _, list := range f.Valuations {
		slices.SortStableFunc(list, func(a, b *schemas.Valuation) int { return strings.Compare(b.Date, a.Date) })
	}
	for id, p := range f.Programs {
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
