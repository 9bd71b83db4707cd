// Command places writes kg/bundle/places.yaml: continents, the countries of
// ISO 3166 by their English names, and the cities of cities.txt.
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"loyalty-mcp/kg/bundle/gen/packages"
)

//go:generate go run . -o ../../places.yaml

//go:embed cities.txt
var cities string

const header = `# Continents, countries and cities; written by kg/bundle/gen/places, not by hand. Cities are kept in cities.txt there.
sources:
- {id: iso3166, title: "i18n-iso-countries 7.14.0, ISO 3166 in English, MIT", url: "https://github.com/michaelwittig/node-i18n-iso-countries",
  asOf: 2025-07-17, kind: data}
- {id: optd, title: "OpenTravelData: points of reference, CC BY 4.0", url: "https://github.com/opentraveldata/opentraveldata",
  asOf: 2026-08-21, kind: data}
`

var continents = [][2]string{
	{"AF", "Africa"}, {"AN", "Antarctica"}, {"AS", "Asia"}, {"EU", "Europe"},
	{"NA", "North America"}, {"OC", "Oceania"}, {"SA", "South America"},
}

// commonNames are what travellers and airlines call countries whose first name
// in the data is the long, official one.
var commonNames = map[string]string{
	"CD": "Congo (Kinshasa)", "CG": "Congo (Brazzaville)", "CI": "Côte d'Ivoire", "CN": "China", "CZ": "Czechia", "FK": "Falkland Islands",
	"FM": "Micronesia", "GM": "Gambia", "IR": "Iran", "LA": "Laos", "MD": "Moldova", "MK": "North Macedonia", "PN": "Pitcairn Islands",
	"PS": "Palestine", "RU": "Russia", "TW": "Taiwan", "TZ": "Tanzania", "US": "United States", "VA": "Vatican City",
	"VG": "British Virgin Islands", "VI": "US Virgin Islands",
}

func main() {
	log.SetFlags(0)
	out := flag.String("o", "places.yaml", "file to write")
	flag.Parse()
	if err := generate(*out); err != nil {
		log.Fatal(err)
	}
}

func generate(out string) error {
	names, err := countries()
	if err != nil {
		return err
	}
	var text bytes.Buffer
	text.WriteString(header + "regions:\n")
	for _, c := range continents {
		fmt.Fprintf(&text, "- {id: \"continent/%s\", name: %s, sources: [optd]}\n", c[0], c[1])
	}
	for _, code := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(&text, "- {id: \"country/%s\", name: %s, sources: [iso3166]}\n", code, strconv.Quote(names[code]))
	}
	text.WriteString("cities:\n")
	for line := range strings.Lines(cities) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		city, err := city(line)
		if err != nil {
			return fmt.Errorf("cities.txt: %q: %w", line, err)
		}
		text.WriteString(city)
	}
	return os.WriteFile(out, text.Bytes(), 0o644)
}

// city writes a line of cities.txt as YAML.
func city(line string) (string, error) {
	fields := strings.Split(line, "|")
	if len(fields) != 4 && len(fields) != 5 {
		return "", fmt.Errorf("%d fields, not 4 or 5", len(fields))
	}
	// A country is quoted, for NO is a truth value to YAML 1.1.
	yaml := fmt.Sprintf("- {code: %s, name: %s, country: %q, airports: [%s]",
		fields[0], strconv.Quote(fields[1]), fields[2], strings.Join(strings.Fields(fields[3]), ", "))
	if len(fields) == 5 {
		var aliases []string
		for _, alias := range strings.Split(fields[4], ", ") {
			aliases = append(aliases, strconv.Quote(alias))
		}
		yaml += ", aliases: [" + strings.Join(aliases, ", ") + "]"
	}
	return yaml + ", sources: [optd]}\n", nil
}

// countries returns the English names by ISO 3166 alpha-2 code.
func countries() (map[string]string, error) {
	text, err := packages.NPM("i18n-iso-countries", "7.14.0", "langs/en.json")
	if err != nil {
		return nil, err
	}
	var data struct {
		Countries map[string]any // a name, or a list of names
	}
	if err := json.Unmarshal(text, &data); err != nil {
		return nil, err
	}
	names := map[string]string{}
	for code, value := range data.Countries {
		if list, ok := value.([]any); ok && len(list) > 0 {
			value = list[0]
		}
		name, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("the name of %s is neither text nor a list", code)
		}
		if common, ok := commonNames[code]; ok {
			name = common
		}
		names[code] = name
	}
	return names, nil
}
