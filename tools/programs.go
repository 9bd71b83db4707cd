package tools

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"loyalty-mcp/internal/nearest"
	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

const mimeJSON = "application/json"

// programSummary is an entry of loyalty://programs.
type programSummary struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	Unit     string   `json:"unit"`
	Alliance string   `json:"alliance,omitempty"`
	Tiers    []string `json:"tiers"`
	Carriers []string `json:"carriers"` // with an earning rule on file
}

func programsResource(catalog *kg.Catalog) Resource {
	return Resource{
		URI: "loyalty://programs", Name: "programs", Title: "Loyalty programs", MIMEType: mimeJSON,
		Description: "Every program on file: id, unit, tiers, and the carriers whose flights it is known to credit.",
		Read: func(ctx context.Context) (string, error) {
			facts, err := catalog.Facts(ctx)
			if err != nil {
				return "", err
			}
			list := []programSummary{}
			for _, id := range slices.Sorted(maps.Keys(facts.Programs)) {
				list = append(list, summarise(facts.Programs[id]))
			}
			text, err := json.Marshal(map[string]any{"programs": list})
			return string(text), err
		},
	}
}

func summarise(p *kg.ProgramFacts) programSummary {
	s := programSummary{ID: p.Program.ID, Name: p.Program.Name, Kind: p.Program.Kind, Unit: p.Program.Unit, Alliance: p.Program.Alliance,
		Tiers: []string{}, Carriers: []string{}}
	for _, t := range p.Program.Tiers {
		s.Tiers = append(s.Tiers, t.Name)
	}
	for _, r := range p.EarningRules {
		s.Carriers = append(s.Carriers, r.Marketing...)
		if len(r.Marketing) == 0 {
			s.Carriers = append(s.Carriers, r.Operating...)
		}
	}
	slices.Sort(s.Carriers)
	s.Carriers = slices.Compact(s.Carriers)
	return s
}

func programTemplate(catalog *kg.Catalog) ResourceTemplate {
	return ResourceTemplate{
		URITemplate: "loyalty://programs/{id}", Name: "program", Title: "A loyalty program", MIMEType: mimeJSON,
		Description: "One program, e.g. loyalty://programs/AA_AAdvantage: metrics, tiers and how they are reached, cards and ways of earning that change what flights earn, every earning rule with its dates, transfers out of it, award partners, charts, fees and booking rules, and sources.",
		Read: func(ctx context.Context, id string) (string, error) {
			facts, err := catalog.Facts(ctx)
			if err != nil {
				return "", err
			}
			p := facts.Programs[id]
			if p == nil {
				return "", ErrNotFound
			}
			var sources []*schemas.CitedSource
			for _, source := range slices.Sorted(maps.Keys(facts.Sources)) {
				if strings.HasPrefix(source, id+"/") {
					sources = append(sources, facts.Sources[source])
				}
			}
			text, err := json.Marshal(map[string]any{
				"program": p.Program, "fareCategories": p.FareCategories, "earningRules": p.EarningRules, "transfers": p.Transfers,
				"awardPartners": p.AwardPartners, "awardCharts": p.AwardCharts, "awardFees": p.AwardFees, "awardRules": p.AwardRules, "sources": sources,
			})
			return string(text), err
		},
	}
}

func whereToCredit() Prompt {
	return Prompt{
		Name: "where_to_credit", Title: "Where to credit a flight",
		Description: "Compare what a flight earns in each program and advise where to credit it.",
		Arguments: []PromptArgument{
			{Name: "carrier", Description: "IATA code of the marketing carrier, e.g. LH", Required: true},
			{Name: "origin", Description: "IATA airport code, e.g. FRA", Required: true},
			{Name: "destination", Description: "IATA airport code, e.g. SIN", Required: true},
			{Name: "bookingClass", Description: "Booking class, one letter", Required: true},
			{Name: "fare", Description: "Base fare and carrier surcharges with currency, e.g. 900 + 200 EUR"},
			{Name: "program", Description: "A program of which you are a member, e.g. UA_MileagePlus"},
			{Name: "tier", Description: "Your tier there"},
		},
		Render: func(a map[string]string) (string, error) {
			var b strings.Builder
			b.WriteString("I fly " + a["carrier"] + " from " + a["origin"] + " to " + a["destination"] + " in booking class " + a["bookingClass"] + ".")
			if a["fare"] != "" {
				b.WriteString(" The fare: " + a["fare"] + ".")
			}
			if a["program"] != "" {
				b.WriteString(" I am a member of " + a["program"])
				if a["tier"] != "" {
					b.WriteString(" with the tier " + a["tier"])
				}
				b.WriteString(".")
			}
			b.WriteString(" Where should I credit this flight? Use calculate_flight_earnings for every number and cite its sources with their dates." +
				" Say which programs could not be answered and what is missing; do not estimate. Ask me for the fare if programs need it and I did not give it.")
			return b.String(), nil
		},
	}
}

// complete proposes values for the arguments of prompts and resource templates.
func complete(catalog *kg.Catalog) func(ctx context.Context, argument, typed string, chosen map[string]string) ([]string, error) {
	return func(ctx context.Context, argument, typed string, chosen map[string]string) ([]string, error) {
		facts, err := catalog.Facts(ctx)
		if err != nil {
			return nil, err
		}
		switch argument {
		case "id", "program":
			return proposals(typed, facts.Programs, func(p *kg.ProgramFacts) []string { return []string{p.Program.Name} }), nil
		case "carrier":
			return proposals(typed, facts.Airlines, func(a *schemas.Airline) []string { return append([]string{a.Name}, a.Aliases...) }), nil
		case "origin", "destination":
			found := proposals(typed, facts.Airports, func(a *schemas.Airport) []string { return []string{a.City, a.Name} })
			if city := facts.Cities[strings.ToUpper(typed)]; city != nil {
				found = append(slices.Clone(city.Airports), slices.DeleteFunc(found, func(code string) bool { return slices.Contains(city.Airports, code) })...)
			}
			return found[:min(len(found), mostProposals)], nil
		case "cabin":
			return slices.DeleteFunc(slices.Clone(schemas.Cabins), func(cabin string) bool { return !strings.HasPrefix(cabin, typed) }), nil
		case "tier":
			p := facts.Programs[chosen["program"]]
			if p == nil {
				return nil, nil
			}
			var names []string
			for _, t := range p.Program.Tiers {
				if strings.HasPrefix(strings.ToLower(t.Name), strings.ToLower(typed)) {
					names = append(names, t.Name)
				}
			}
			return names, nil
		}
		return nil, nil
	}
}

// mostProposals is the protocol's bound on completions.
const mostProposals = 100

// proposals returns the keys that begin with what was typed, then those whose
// names do, then those that are near in spelling.
func proposals[T any](typed string, from map[string]T, names func(T) []string) []string {
	keys := slices.Sorted(maps.Keys(from))
	lower := strings.ToLower(typed)
	var byKey, byName []string
	length := map[string]int{} // of the name that fits: Lufthansa comes before Lufthansa CityLine
	for _, k := range keys {
		if strings.HasPrefix(strings.ToLower(k), lower) {
			byKey = append(byKey, k)
			continue
		}
		for _, name := range names(from[k]) {
			if strings.HasPrefix(strings.ToLower(name), lower) && (length[k] == 0 || len(name) < length[k]) {
				length[k] = len(name)
			}
		}
		if length[k] > 0 {
			byName = append(byName, k)
		}
	}
	slices.SortStableFunc(byName, func(a, b string) int { return length[a] - length[b] })
	found := append(byKey, byName...)
	if len(found) == 0 {
		found = nearest.Of(typed, keys, func(k string) []string { return append([]string{k}, names(from[k])...) })
	}
	return found[:min(len(found), mostProposals)]
}
