package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"loyalty-mcp/kg"
)

const awardsHeading = `
# Awards

- **Charts** counts the charts in force that day by kind: fixed, from (the least that is asked), range, dynamic (prices seen, or none).
- **Prices** is how many cells they have, **seasons** whether some differ by season; **confidence** is the lowest, **newest** the newest date.
- **Fees** tells for how many carriers something is on file of surcharges, and how many amounts are.
- **Links** counts the programs that points can be transferred from and to.

| Program | Charts | Prices | Seasons | Confidence | Newest | Fees | Links in, out |
| --- | --- | ---: | --- | --- | --- | --- | --- |
`

// writeAwards writes what is known of each program's awards and transfers.
func writeAwards(w io.Writer, facts *kg.Facts, today string) {
	inward := map[string]int{}
	holds := func(from, to string) bool { return from <= today && (to == "" || today <= to) }
	for _, p := range facts.Programs {
		for _, t := range p.Transfers {
			if holds(t.EffectiveDate, t.ExpirationDate) {
				inward[t.To]++
			}
		}
	}
	var body strings.Builder
	charts, prices, routes := 0, 0, 0
	for _, id := range slices.Sorted(maps.Keys(facts.Programs)) {
		p := facts.Programs[id]
		if len(p.AwardPartners) == 0 {
			continue
		}
		kinds, cells, seasons, newest, lowest := map[string]int{}, 0, "", "", len(confidences)
		for _, c := range p.AwardCharts {
			if !holds(c.EffectiveDate, c.ExpirationDate) {
				continue
			}
			kind := c.Kind
			if kind == "" {
				kind = "fixed"
			}
			kinds[kind]++
			for _, r := range c.Rows {
				cells += len(r.Prices)
				if r.Season != "" {
					seasons = "yes"
				}
			}
			newest = max(newest, c.AsOf)
			if at := slices.Index(confidences, c.Confidence); at >= 0 {
				lowest = min(lowest, at)
			}
		}
		var counts []string
		for _, kind := range []string{"fixed", "from", "range", "dynamic"} {
			if kinds[kind] > 0 {
				counts = append(counts, fmt.Sprintf("%d %s", kinds[kind], kind))
			}
			charts += kinds[kind]
		}
		prices += cells
		out, named, amounts, rest := 0, 0, 0, ""
		for _, t := range p.Transfers {
			if holds(t.EffectiveDate, t.ExpirationDate) {
				out++
			}
		}
		for _, f := range p.AwardFees {
			named += len(f.Carriers)
			amounts += len(f.Typical)
			if len(f.Carriers) == 0 {
				rest = " and the rest"
			}
		}
		confidence := ""
		if lowest < len(confidences) {
			confidence = confidences[lowest]
		}
		fmt.Fprintf(&body, "| %s (`%s`) | %s | %d | %s | %s | %s | %d%s; %d amounts | %d, %d |\n", p.Program.Name, id, strings.Join(counts, ", "),
			cells, seasons, confidence, newest, named, rest, amounts, inward[id], out)
	}
	for _, n := range facts.Networks {
		for _, list := range n.Nonstops {
			routes += len(strings.Fields(list))
		}
		routes += len(n.Added)
	}
	fmt.Fprintf(w, "%s%s\n%d charts with %d prices; %d nonstop routes of %d carriers.\n", awardsHeading, body.String(), charts, prices, routes, len(facts.Networks))
}

var confidences = []string{"low", "medium", "high"}
