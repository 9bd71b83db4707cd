// Command networks writes a fact sheet of the nonstop routes that carriers fly,
// for those carriers that some program's miles can book: OpenTravelData's list
// of routes, corrected by what is known to have changed since (changes.yaml).
package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/tidwall/geodesic"
)

// The list of routes is opentraveldata/optd_airline_por.csv of
// github.com/opentraveldata/opentraveldata (CC BY 4.0), last changed in commit
// b49f97ac7074446876b73db5e16c08a0ac57087c of 2022-01-14. In a checkout:
//
//	git show b49f97ac:opentraveldata/optd_airline_por.csv > /tmp/optd_airline_por.csv
//
// and then here, by hand, since the list is in no package registry:
//
//	go run . -por /tmp/optd_airline_por.csv -o ../../networks.yaml
//
// Its flt_freq is the number of flights, in one direction, that were scheduled
// over the year that followed: daily ones have 366, and the project's
// count_frequencies.awk counts one for each dated leg. Only legs that their
// carrier operates itself are in it; codeshares are not.
const (
	routeData = "optd-routes" // as changes.yaml knows it
	dataAsOf  = "2022-01-14"
)

const (
	// weekly is the fewest flights a year that make a route: one a week for a
	// quarter, the shortest season that is sold as one. What is rarer are
	// charters, aircraft on their way to maintenance, and trials.
	weekly = 13
	// fifthFreedom is the fewest flights a year between two foreign countries,
	// three a week: rarer ones are mostly the second legs of flights to two
	// places, on which no seats are sold.
	fifthFreedom = 150
	// base is how many routes make a foreign airport one that a carrier flies
	// from in its own right, as easyJet does from Milan.
	base = 8
	// longest is the distance, in miles, beyond which no airliner flies:
	// New York to Singapore, the longest of all, is 9,537.
	longest = 9600
)

// A pair is two airports, in alphabetical order: routes are flown both ways.
type pair [2]string

func pairOf(a, b string) pair {
	if a > b {
		a, b = b, a
	}
	return pair{a, b}
}

// Routes are pairs with the flights a year in the direction that has more.
type routes map[pair]int

// degrees counts the routes at each airport.
func (r routes) degrees() map[string]int {
	count := map[string]int{}
	for p := range r {
		count[p[0]]++
		count[p[1]]++
	}
	return count
}

type airport struct {
	country             string
	latitude, longitude float64
}

// A world is what the project's other sheets say of airports and carriers.
type world struct {
	airports map[string]airport
	homes    map[string][]string // countries by carrier
}

func main() {
	log.SetFlags(0)
	por := flag.String("por", "optd_airline_por.csv", "OpenTravelData's list of routes by airline")
	airports := flag.String("airports", "../../airports.csv", "sheet of airports")
	airlines := flag.String("airlines", "../../airlines.yaml", "sheet of airlines")
	changes := flag.String("changes", "changes.yaml", "what changed since the list was made")
	out := flag.String("o", "networks.yaml", "file to write")
	flag.Parse()
	if err := generate(*por, *airports, *airlines, *changes, *out); err != nil {
		log.Fatal(err)
	}
}

func generate(por, airports, airlines, changes, out string) error {
	w, err := readWorld(airports, airlines)
	if err != nil {
		return err
	}
	flown, err := readRoutes(por, w)
	if err != nil {
		return err
	}
	changed, err := readChanges(changes, w)
	if err != nil {
		return err
	}
	networks := w.clean(attribute(flown))
	var text bytes.Buffer
	if err := write(&text, changed, networks); err != nil {
		return err
	}
	return os.WriteFile(out, text.Bytes(), 0o644)
}

func readWorld(airports, airlines string) (*world, error) {
	w := &world{airports: map[string]airport{}, homes: map[string][]string{}}
	file, err := os.Open(airports)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, err
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, row := range rows[1:] {
		at := func(name string) string { return row[column[name]] }
		a := airport{country: at("country")}
		if a.latitude, err = strconv.ParseFloat(at("latitude"), 64); err != nil {
			return nil, fmt.Errorf("%s: %w", at("code"), err)
		}
		if a.longitude, err = strconv.ParseFloat(at("longitude"), 64); err != nil {
			return nil, fmt.Errorf("%s: %w", at("code"), err)
		}
		w.airports[at("code")] = a
	}
	text, err := os.ReadFile(airlines)
	if err != nil {
		return nil, err
	}
	var sheet struct {
		Airlines []struct{ Code, Country string }
	}
	if err := yaml.Unmarshal(text, &sheet); err != nil {
		return nil, err
	}
	for _, a := range sheet.Airlines {
		homes := append([]string{a.Country}, alsoHome[a.Code]...)
		for _, country := range homes {
			homes = append(homes, territories[country]...)
		}
		w.homes[a.Code] = homes
	}
	return w, nil
}

// readRoutes returns the routes of each operating carrier between airports that
// the project knows; this leaves out the codes of railway stations and of
// airports that have closed.
func readRoutes(por string, w *world) (map[string]routes, error) {
	file, err := os.Open(por)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	flown := map[string]routes{}
	lines := bufio.NewScanner(file)
	lines.Scan()
	if lines.Text() != "airline_code^apt_org^apt_dst^flt_freq" {
		return nil, fmt.Errorf("%s: not the columns of a list of routes: %q", por, lines.Text())
	}
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "^")
		if len(fields) != 4 {
			return nil, fmt.Errorf("%s: %q", por, lines.Text())
		}
		flights, err := strconv.Atoi(fields[3])
		if err != nil {
			return nil, err
		}
		from, to := fields[1], fields[2]
		if from == to || w.airports[from].country == "" || w.airports[to].country == "" {
			continue
		}
		carrier := fields[0]
		if flown[carrier] == nil {
			flown[carrier] = routes{}
		}
		p := pairOf(from, to)
		flown[carrier][p] = max(flown[carrier][p], flights)
	}
	return flown, lines.Err()
}

// clean leaves out what is not a route that a traveller could book.
func (w *world) clean(flown map[string]routes) map[string]routes {
	networks := map[string]routes{}
	for carrier := range strings.FieldsSeq(bookable) {
		all := flown[carrier]
		degrees := all.degrees()
		network := routes{}
		for p, flights := range all {
			if flights >= weekly && w.miles(p) <= longest && w.plausible(carrier, p, flights, degrees) {
				network[p] = flights
			}
		}
		networks[carrier] = network
	}
	return networks
}

// plausible reports whether a carrier may sell seats on a route: one of its home
// country, of a foreign base, or a regular one between two other countries.
func (w *world) plausible(carrier string, p pair, flights int, degrees map[string]int) bool {
	a, b := w.airports[p[0]].country, w.airports[p[1]].country
	home := w.homes[carrier]
	if slices.Contains(home, a) || slices.Contains(home, b) || max(degrees[p[0]], degrees[p[1]]) >= base {
		return true
	}
	return a != b && flights >= fifthFreedom
}

func (w *world) miles(p pair) float64 {
	a, b := w.airports[p[0]], w.airports[p[1]]
	var meters float64
	geodesic.WGS84.Inverse(a.latitude, a.longitude, b.latitude, b.longitude, &meters, nil, nil)
	return meters / 1609.344
}

// write writes the sheet. A carrier's nonstops are what was flown in 2022 less
// what has ended; what was added is listed by itself, with its sources.
func write(text *bytes.Buffer, changed *changes, networks map[string]routes) error {
	carriers := strings.Fields(bookable)
	slices.Sort(carriers)
	var entries bytes.Buffer
	used := map[string]bool{routeData: true}
	count, pairs, added, ended := 0, 0, 0, 0
	var faults []error
	for _, carrier := range carriers {
		network := maps.Clone(networks[carrier])
		sources := []string{}
		if len(network) > 0 {
			sources = append(sources, routeData)
		}
		endings := map[pair]change{}
		for _, c := range changed.Ended {
			if c.Carrier != carrier {
				continue
			}
			for _, p := range c.pairs(network) {
				if _, ok := network[p]; !ok {
					faults = append(faults, fmt.Errorf("%s %s-%s ended, but the data does not have it", carrier, p[0], p[1]))
				}
				delete(network, p)
				endings[p] = c
			}
		}
		additions := map[pair]change{}
		for _, c := range changed.Added {
			if c.Carrier != carrier {
				continue
			}
			for _, p := range c.pairs(nil) {
				if _, ok := network[p]; ok {
					faults = append(faults, fmt.Errorf("%s %s-%s was added, but the data has it", carrier, p[0], p[1]))
				}
				additions[p] = c
			}
		}
		for _, c := range changed.Closed {
			if lost := c.close(carrier, network); lost > 0 {
				sources = append(sources, c.Sources...)
			}
		}
		if len(network)+len(additions) == 0 {
			continue
		}
		if len(sources) == 0 { // a carrier known by its additions alone
			for _, p := range slices.SortedFunc(maps.Keys(additions), comparePairs) {
				sources = append(sources, additions[p].Sources...)
			}
			slices.Sort(sources)
			sources = slices.Compact(sources)
		}
		count, pairs, added, ended = count+1, pairs+len(network), added+len(additions), ended+len(endings)
		fmt.Fprintf(&entries, "- carrier: %q\n", carrier)
		writeNonstops(&entries, network)
		writeChanges(&entries, "added", additions, used)
		writeChanges(&entries, "ended", endings, used)
		for _, id := range sources {
			used[id] = true
		}
		// Sources of what was closed are newer than the routes themselves.
		fmt.Fprintf(&entries, "  sources: [%s]\n  asOf: %s\n", strings.Join(sources, ", "), dataAsOf)
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	fmt.Fprint(text, header)
	fmt.Fprint(text, "sources:\n")
	for _, s := range changed.Sources {
		if !used[s.ID] {
			return fmt.Errorf("nothing rests on the source %s", s.ID)
		}
		fmt.Fprintf(text, "- {id: %s, title: %q, url: %q, asOf: %s, kind: %s}\n", s.ID, s.Title, s.URL, s.AsOf, s.Kind)
	}
	fmt.Fprint(text, "networks:\n")
	text.Write(entries.Bytes())
	log.Printf("%d carriers, %d pairs, %d added, %d ended, %d bytes", count, pairs, added, ended, text.Len())
	return nil
}

const header = `# Which carrier flies which route nonstop, by gen/networks: OpenTravelData's routes of January 2022, which foretold the
# year then to come, less what has ended since, and what was added, as far as its changes.yaml knows. nonstops lists a pair once,
# under the airport with more of the carrier's routes. Flights of regional affiliates are their marketing carrier's.
# A route of 2022 that nobody reported on may have ended, and one that is missing here may exist.
`

// writeNonstops writes each pair under that of its airports with more routes.
func writeNonstops(text *bytes.Buffer, network routes) {
	degrees := network.degrees()
	under := map[string][]string{}
	for p := range network {
		from, to := p[0], p[1]
		if degrees[to] > degrees[from] {
			from, to = to, from
		}
		under[from] = append(under[from], to)
	}
	if len(under) == 0 {
		return
	}
	text.WriteString("  nonstops:\n")
	for _, from := range slices.Sorted(maps.Keys(under)) {
		slices.Sort(under[from])
		// Quoted, since YAML 1.1 would read some codes (NO, YES, ...) as other than text.
		fmt.Fprintf(text, "    %q: %q\n", from, strings.Join(under[from], " "))
	}
}

func writeChanges(text *bytes.Buffer, field string, made map[pair]change, used map[string]bool) {
	if len(made) == 0 {
		return
	}
	fmt.Fprintf(text, "  %s:\n", field)
	for _, p := range slices.SortedFunc(maps.Keys(made), comparePairs) {
		c := made[p]
		from, to := p[0], p[1]
		if c.From == to { // as changes.yaml has it: the carrier's own end first
			from, to = to, from
		}
		for _, id := range c.Sources {
			used[id] = true
		}
		fmt.Fprintf(text, "  - {from: %q, to: %q, sources: [%s], asOf: %s}\n", from, to, strings.Join(c.Sources, ", "), c.AsOf)
	}
}

func comparePairs(a, b pair) int { return slices.Compare(a[:], b[:]) }
