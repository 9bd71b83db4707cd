package kg

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"loyalty-mcp/schemas"
)

// Labels of vertices.
const (
	LabelAlliance      = "Alliance"
	LabelAirline       = "Airline"
	LabelAirport       = "Airport"
	LabelCity          = "City"
	LabelRegion        = "Region"
	LabelProgram       = "LoyaltyProgram"
	LabelTier          = "EliteTier"
	LabelFareCategory  = "FareCategory"
	LabelEarningRule   = "EarningRule"
	LabelRouteDistance = "RouteDistance"
	LabelExchangeRate  = "ExchangeRate"
	LabelValuation     = "Valuation"
	LabelTransfer      = "Transfer"
	LabelNetwork       = "Network"
	LabelCabins        = "CarrierCabins"
	LabelAwardPartner  = "AwardPartner"
	LabelAwardChart    = "AwardChart"
	LabelAwardSeason   = "AwardSeason"
	LabelAwardFee      = "AwardFee"
	LabelAwardRule     = "AwardRule"
	LabelSweetSpot     = "SweetSpot"
	LabelSource        = "SourceDocument"
	labelBundle        = "Bundle"
)

// Labels of edges.
const (
	EdgeMemberOf          = "MEMBER_OF"
	EdgeHasLoyaltyProgram = "HAS_LOYALTY_PROGRAM"
	EdgeHasEliteTier      = "HAS_ELITE_TIER"
	EdgeCreditsToProgram  = "CREDITS_TO_PROGRAM"
	EdgeAppliesTo         = "APPLIES_TO"
	EdgeLocatedIn         = "LOCATED_IN"
	EdgeExtractedFrom     = "EXTRACTED_FROM"
	EdgeTransfersTo       = "TRANSFERS_TO"
	EdgePartnersWith      = "PARTNERS_WITH"
	EdgePricedBy          = "PRICED_BY"
)

// Properties of vertices. A fact's whole content is in body, as the JSON of its
// type in package schemas; the others are there to be matched.
const (
	propBody    = "body"
	propName    = "name"
	propProgram = "program"
	propOrigin  = "origin" // originBundle for facts that came with the program
	propHash    = "hash"
	propPlace   = "place" // in its sheet, where the order matters

	originBundle = "bundle"
	bundleID     = "bundle"
)

// Sheet is a fact sheet with its name: a program's id, or what it is about.
type Sheet struct {
	Name  string
	Facts *schemas.FactSheet
}

// ImportBundle brings the graph to the bundle's content and reports whether it
// had to. Facts that an earlier bundle held and this one does not are retired,
// with the day before today as their last.
func ImportBundle(ctx context.Context, g Graph, hash string, sheets func() ([]Sheet, error), today time.Time) (bool, error) {
	present, err := g.Get(ctx, bundleID)
	if err != nil {
		return false, err
	}
	if len(present) == 1 && present[0].Properties[propHash] == hash {
		return false, nil
	}
	list, err := sheets()
	if err != nil {
		return false, err
	}
	batch, err := NewBatch(list)
	if err != nil {
		return false, err
	}
	keep := make(map[string]bool, len(batch.Vertices))
	for i := range batch.Vertices {
		batch.Vertices[i].Properties[propOrigin] = originBundle
		keep[batch.Vertices[i].ID] = true
	}
	earlier, err := g.Match(ctx, Pattern{Labels: factLabels, Where: map[string][]any{propOrigin: {originBundle}}})
	if err != nil {
		return false, err
	}
	yesterday := today.AddDate(0, 0, -1).Format(time.DateOnly)
	for _, v := range earlier {
		if !keep[v.ID] {
			batch.Retire = append(batch.Retire, Retirement{ID: v.ID, LastDay: yesterday})
		}
	}
	batch.Vertices = append(batch.Vertices, Vertex{ID: bundleID, Label: labelBundle, Properties: map[string]any{propHash: hash}})
	return true, g.Apply(ctx, batch)
}

var factLabels = []string{LabelAlliance, LabelAirline, LabelAirport, LabelCity, LabelRegion, LabelProgram, LabelTier,
	LabelFareCategory, LabelEarningRule, LabelRouteDistance, LabelExchangeRate, LabelValuation, LabelTransfer, LabelSource,
	LabelNetwork, LabelCabins, LabelAwardPartner, LabelAwardChart, LabelAwardSeason, LabelAwardFee, LabelAwardRule, LabelSweetSpot}

// NewBatch turns fact sheets into the changes that write them. References
// between sheets (a rule's carrier, a region's airports) must resolve within
// them; the error (*schemas.SheetError) lists those that do not.
func NewBatch(sheets []Sheet) (Batch, error) {
	if mistakes := unresolved(sheets); len(mistakes) > 0 {
		return Batch{}, &schemas.SheetError{Mistakes: mistakes}
	}
	w := &writer{}
	for _, s := range sheets {
		w.sheet(s)
	}
	slices.SortFunc(w.batch.Edges, compareEdges)
	w.batch.Edges = slices.CompactFunc(w.batch.Edges, func(a, b Edge) bool { return compareEdges(a, b) == 0 })
	return w.batch, w.err
}

func compareEdges(a, b Edge) int {
	for _, pair := range [][2]string{{a.From, b.From}, {a.Label, b.Label}, {a.To, b.To}} {
		if pair[0] != pair[1] {
			if pair[0] < pair[1] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// writer gathers a batch from sheets.
type writer struct {
	batch   Batch
	name    string // of the sheet
	newest  map[string]string
	program string
	err     error
}

func (w *writer) sheet(s Sheet) {
	w.name, w.program, w.newest = s.Name, "", map[string]string{}
	f := s.Facts
	for _, source := range f.Sources {
		w.newest[source.ID] = source.AsOf
		source.ID = w.name + "/" + source.ID
		w.vertex(LabelSource, "source/"+source.ID, source.Title, schemas.Validity{}, source)
	}
	for _, a := range f.Alliances {
		w.resolve(&a.Provenance)
		w.fact(LabelAlliance, "alliance/"+a.ID, a.Name, schemas.Validity{}, a, a.Provenance)
	}
	for _, a := range f.Airlines {
		w.resolve(&a.Provenance)
		id := "airline/" + a.Code
		w.fact(LabelAirline, id, a.Name, schemas.Validity{}, a, a.Provenance)
		if a.Alliance != "" {
			w.edge(id, EdgeMemberOf, "alliance/"+a.Alliance)
		}
	}
	for _, r := range f.Regions {
		w.resolve(&r.Provenance)
		w.fact(LabelRegion, "region/"+r.ID, r.Name, schemas.Validity{}, r, r.Provenance)
	}
	for _, c := range f.Cities {
		w.resolve(&c.Provenance)
		id := "city/" + c.Code
		w.fact(LabelCity, id, c.Name, schemas.Validity{}, c, c.Provenance)
		w.edge(id, EdgeLocatedIn, "region/country/"+c.Country)
		for _, airport := range c.Airports {
			w.edge("airport/"+airport, EdgeLocatedIn, id)
		}
	}
	for _, a := range f.Airports {
		w.resolve(&a.Provenance)
		id := "airport/" + a.Code
		// Its sources stand in the body only: edges to the one data set that
		// thousands of airports share would say nothing and cost much.
		w.vertex(LabelAirport, id, a.Name, schemas.Validity{}, a)
		w.edge(id, EdgeLocatedIn, "region/country/"+a.Country)
	}
	for _, n := range f.Networks {
		w.resolve(&n.Provenance)
		n.Added, n.Ended = slices.Clone(n.Added), slices.Clone(n.Ended)
		for _, changes := range [][]schemas.Nonstop{n.Added, n.Ended} {
			for i := range changes {
				w.resolve(&changes[i].Provenance)
			}
		}
		id := "network/" + n.Carrier
		w.fact(LabelNetwork, id, n.Carrier, schemas.Validity{}, n, n.Provenance)
		w.edge(id, EdgeAppliesTo, "airline/"+n.Carrier)
	}
	for _, c := range f.Cabins {
		w.resolve(&c.Provenance)
		id := "cabins/" + c.Carrier
		w.fact(LabelCabins, id, c.Carrier, schemas.Validity{}, c, c.Provenance)
		w.edge(id, EdgeAppliesTo, "airline/"+c.Carrier)
	}
	for _, r := range f.ExchangeRates {
		w.resolve(&r.Provenance)
		w.fact(LabelExchangeRate, "rate/"+r.Currency, r.Currency, schemas.Validity{}, r, r.Provenance)
	}
	for _, v := range f.Valuations {
		w.resolve(&v.Provenance)
		id := "valuation/" + v.Program + "/" + v.Publisher + "/" + v.Date
		w.fact(LabelValuation, id, v.Publisher, schemas.Validity{}, v, v.Provenance)
		w.edge(id, EdgeAppliesTo, "program/"+v.Program)
	}
	if f.Program != nil {
		w.programFacts(f)
	}
}

func (w *writer) programFacts(f *schemas.FactSheet) {
	p := *f.Program
	w.program = p.ID
	w.resolve(&p.Provenance)
	p.Tiers = slices.Clone(p.Tiers)
	programID := "program/" + p.ID
	for i := range p.Tiers {
		t := &p.Tiers[i]
		w.resolve(&t.Provenance)
		id := "tier/" + p.ID + "/" + t.Name
		w.fact(LabelTier, id, t.Name, schemas.Validity{}, *t, t.Provenance)
		w.edge(programID, EdgeHasEliteTier, id)
	}
	w.fact(LabelProgram, programID, p.Name, schemas.Validity{}, p, p.Provenance)
	for _, airline := range p.Airlines {
		w.edge("airline/"+airline, EdgeHasLoyaltyProgram, programID)
	}
	for _, c := range f.FareCategories {
		w.resolve(&c.Provenance)
		w.fact(LabelFareCategory, "category/"+p.ID+"/"+c.ID, c.ID, c.Validity, c, c.Provenance)
	}
	for _, d := range f.Distances {
		w.resolve(&d.Provenance)
		w.fact(LabelRouteDistance, "distance/"+p.ID+"/"+d.From+"-"+d.To, d.From+"-"+d.To, schemas.Validity{}, d, d.Provenance)
	}
	for _, t := range f.Transfers {
		w.resolve(&t.Provenance)
		id := "transfer/" + p.ID + "/" + t.To
		if t.EffectiveDate != "" {
			id += "/" + t.EffectiveDate
		}
		w.fact(LabelTransfer, id, p.ID+" to "+t.To, t.Validity, t, t.Provenance)
		w.edge(programID, EdgeTransfersTo, "program/"+t.To)
	}
	for _, r := range f.EarningRules {
		w.resolve(&r.Provenance)
		r.ID = p.ID + "/" + r.ID
		id := "rule/" + r.ID
		w.fact(LabelEarningRule, id, r.Title, r.Validity, r, r.Provenance)
		w.edge(id, EdgeCreditsToProgram, programID)
		for _, carrier := range slices.Concat(r.Marketing, r.Operating) {
			w.edge(id, EdgeAppliesTo, "airline/"+carrier)
			w.edge("airline/"+carrier, EdgeCreditsToProgram, programID)
		}
	}
	w.awardFacts(f, p.ID, programID)
}

func (w *writer) awardFacts(f *schemas.FactSheet, program, programID string) {
	appliesTo := func(id string, carriers []string) {
		for _, carrier := range carriers {
			w.edge(id, EdgeAppliesTo, "airline/"+carrier)
		}
	}
	for _, a := range f.AwardPartners {
		w.resolve(&a.Provenance)
		id := "partner/" + program + "/" + a.ID
		w.fact(LabelAwardPartner, id, a.ID, a.Validity, a, a.Provenance)
		for _, carrier := range a.Carriers {
			w.edge(programID, EdgePartnersWith, "airline/"+carrier)
		}
		if a.Alliance != "" {
			w.edge(programID, EdgePartnersWith, "alliance/"+a.Alliance)
		}
	}
	for i, a := range f.AwardCharts {
		w.resolve(&a.Provenance)
		a.ID = program + "/" + a.ID
		id := "chart/" + a.ID
		w.fact(LabelAwardChart, id, a.Title, a.Validity, a, a.Provenance)
		w.batch.Vertices[len(w.batch.Vertices)-1].Properties[propPlace] = int64(i)
		w.edge(programID, EdgePricedBy, id)
		appliesTo(id, a.Carriers)
	}
	for _, a := range f.AwardSeasons {
		w.resolve(&a.Provenance)
		id := "season/" + program + "/" + a.ID
		a.Charts = slices.Clone(a.Charts)
		for i, chart := range a.Charts {
			a.Charts[i] = program + "/" + chart
			w.edge(id, EdgeAppliesTo, "chart/"+a.Charts[i])
		}
		w.fact(LabelAwardSeason, id, a.ID, schemas.Validity{}, a, a.Provenance)
	}
	for _, a := range f.AwardFees {
		w.resolve(&a.Provenance)
		id := "fee/" + program + "/" + a.ID
		w.fact(LabelAwardFee, id, a.ID, a.Validity, a, a.Provenance)
		appliesTo(id, a.Carriers)
	}
	for _, a := range f.AwardRules {
		w.resolve(&a.Provenance)
		id := "awardrule/" + program + "/" + a.ID
		w.fact(LabelAwardRule, id, a.About, a.Validity, a, a.Provenance)
		appliesTo(id, a.Carriers)
	}
	for _, a := range f.SweetSpots {
		w.resolve(&a.Provenance)
		id := "sweetspot/" + program + "/" + a.ID
		w.fact(LabelSweetSpot, id, a.Title, schemas.Validity{}, a, a.Provenance)
		appliesTo(id, a.Carriers)
	}
}

// resolve makes a fact's provenance stand on its own: sources by their full id,
// and the date of the newest of them where the fact states none.
func (w *writer) resolve(p *schemas.Provenance) {
	p.Sources = slices.Clone(p.Sources)
	if p.AsOf == "" {
		for _, id := range p.Sources {
			p.AsOf = max(p.AsOf, w.newest[id])
		}
	}
	for i, id := range p.Sources {
		p.Sources[i] = w.name + "/" + id
	}
}

func (w *writer) fact(label, id, name string, v schemas.Validity, body any, p schemas.Provenance) {
	w.vertex(label, id, name, v, body)
	for _, source := range p.Sources {
		w.edge(id, EdgeExtractedFrom, "source/"+source)
	}
}

func (w *writer) vertex(label, id, name string, v schemas.Validity, body any) {
	text, err := json.Marshal(body)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("encoding %s: %w", id, err)
	}
	properties := map[string]any{propName: name, propBody: string(text)}
	if w.program != "" {
		properties[propProgram] = w.program
	}
	w.batch.Vertices = append(w.batch.Vertices, Vertex{ID: id, Label: label, Properties: properties,
		EffectiveDate: v.EffectiveDate, ExpirationDate: v.ExpirationDate})
}

func (w *writer) edge(from, label, to string) {
	w.batch.Edges = append(w.batch.Edges, Edge{From: from, Label: label, To: to})
}
