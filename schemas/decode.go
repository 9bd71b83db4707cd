package schemas

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

var factSheetSchema = SchemaOf[FactSheet]()

// Mistake is what is wrong with a fact sheet and where.
type Mistake struct {
	File    string
	Line    int // 1-based; 0 when unknown
	Field   string
	Message string
}

func (m Mistake) String() string {
	where := m.File
	if m.Line > 0 {
		where = fmt.Sprintf("%s:%d", m.File, m.Line)
	}
	if m.Field != "" {
		return fmt.Sprintf("%s: %s: %s", where, m.Field, m.Message)
	}
	return fmt.Sprintf("%s: %s", where, m.Message)
}

// SheetError lists every mistake found in a fact sheet.
type SheetError struct{ Mistakes []Mistake }

func (e *SheetError) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// Table is a CSV file beside a fact sheet that holds its airports, for a list
// too long to be read fast as YAML.
type Table struct {
	File string
	Text []byte
}

// DecodeFactSheet reads a fact sheet in YAML or JSON, with its tables. It is
// strict: an unknown field, a wrong type, a missing source or a dangling
// reference is an error (*SheetError) that names file, line and field. The file
// names are for messages.
func DecodeFactSheet(file string, text []byte, tables ...Table) (*FactSheet, error) {
	doc, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, &SheetError{[]Mistake{decodeMistake(file, nil, err)}}
	}
	if len(doc.Docs) != 1 || doc.Docs[0].Body == nil {
		return nil, &SheetError{[]Mistake{{File: file, Message: "must hold one YAML document"}}}
	}
	root := doc.Docs[0].Body
	var sheet FactSheet
	if err := yaml.NodeToValue(root, &sheet, yaml.Strict()); err != nil {
		return nil, &SheetError{[]Mistake{decodeMistake(file, doc, err)}}
	}
	var plain any
	if err := yaml.NodeToValue(root, &plain); err != nil {
		return nil, &SheetError{[]Mistake{decodeMistake(file, doc, err)}}
	}
	var mistakes []Mistake
	for _, v := range factSheetSchema.Validate(plain) {
		message := v.Message
		if v.Given != "" {
			message = fmt.Sprintf("%s; given: %s", message, v.Given)
		}
		mistakes = append(mistakes, Mistake{File: file, Line: lineOf(doc, v.Field()), Field: v.Field(), Message: message})
	}
	for _, t := range tables {
		airports, found := decodeAirports(t)
		sheet.Airports = append(sheet.Airports, airports...)
		mistakes = append(mistakes, found...)
	}
	if len(mistakes) == 0 {
		for _, p := range sheet.problems() {
			mistakes = append(mistakes, Mistake{File: file, Line: lineOf(doc, p.field), Field: p.field, Message: p.message})
		}
	}
	if len(mistakes) > 0 {
		return nil, &SheetError{mistakes}
	}
	return &sheet, nil
}

var airportColumns = []string{"code", "name", "city", "country", "continent", "subdivision", "latitude", "longitude", "sources"}

// decodeAirports reads a table with the columns of airportColumns; sources are
// separated by spaces.
func decodeAirports(t Table) (airports []Airport, mistakes []Mistake) {
	r := csv.NewReader(bytes.NewReader(t.Text))
	r.FieldsPerRecord = len(airportColumns)
	for first := true; ; first = false {
		record, err := r.Read()
		if err == io.EOF {
			return airports, mistakes
		}
		if err != nil {
			m := Mistake{File: t.File, Message: err.Error()}
			if at, ok := errors.AsType[*csv.ParseError](err); ok {
				m.Line, m.Message = at.Line, at.Err.Error()
			}
			return airports, append(mistakes, m)
		}
		line, _ := r.FieldPos(0)
		if first {
			if !slices.Equal(record, airportColumns) {
				return nil, []Mistake{{File: t.File, Line: line, Message: "the first line must be " + strings.Join(airportColumns, ",")}}
			}
			continue
		}
		bad := func(column int, message string) {
			mistakes = append(mistakes, Mistake{File: t.File, Line: line, Field: airportColumns[column], Message: fmt.Sprintf("%q %s", record[column], message)})
		}
		a := Airport{Code: record[0], Name: record[1], City: record[2], Country: record[3], Continent: record[4], Subdivision: record[5],
			Provenance: Provenance{Sources: strings.Fields(record[8])}}
		for column, into := range map[int]*float64{6: &a.Latitude, 7: &a.Longitude} {
			if *into, err = strconv.ParseFloat(record[column], 64); err != nil {
				bad(column, "is not a number")
			}
		}
		if !areaPattern.MatchString("airport/" + a.Code) {
			bad(0, "is not an IATA airport code")
		}
		if !areaPattern.MatchString("country/" + a.Country) {
			bad(3, "is not an ISO 3166 country code")
		}
		if !areaPattern.MatchString("continent/" + a.Continent) {
			bad(4, "is not a continent")
		}
		if a.Subdivision != "" && !areaPattern.MatchString("subdivision/"+a.Subdivision) {
			bad(5, "is not an ISO 3166-2 subdivision code")
		}
		if len(a.Sources) == 0 {
			bad(8, "names no source")
		}
		airports = append(airports, a)
	}
}

var position = regexp.MustCompile(`\[(\d+):(\d+)\]\s*`)

// decodeMistake takes line and text out of the YAML decoder's error, and finds
// the field there. doc is nil when the text did not parse.
func decodeMistake(file string, doc *ast.File, err error) Mistake {
	m := Mistake{File: file, Message: err.Error()}
	column := 0
	if located, ok := errors.AsType[yaml.Error](err); ok {
		m.Message = located.GetMessage()
		if t := located.GetToken(); t != nil {
			m.Line, column = t.Position.Line, t.Position.Column
		}
	} else if at := position.FindStringSubmatch(m.Message); at != nil {
		m.Line, _ = strconv.Atoi(at[1])
		column, _ = strconv.Atoi(at[2])
		m.Message = position.ReplaceAllString(m.Message, "")
	}
	if doc != nil {
		finder := &fieldFinder{line: m.Line, column: column}
		for _, d := range doc.Docs {
			ast.Walk(finder, d.Body)
		}
		m.Field = strings.TrimPrefix(strings.TrimPrefix(finder.path, "$"), ".")
	}
	return m
}

// fieldFinder finds the path of the deepest node at a position.
type fieldFinder struct {
	line, column int
	path         string
}

func (f *fieldFinder) Visit(node ast.Node) ast.Visitor {
	if at := node.GetToken().Position; at.Line == f.line && at.Column == f.column && len(node.GetPath()) > len(f.path) {
		f.path = node.GetPath()
	}
	return f
}

var step = regexp.MustCompile(`^(.*?)(\.[^.\[\]]+|\[\d+\])$`)

// lineOf finds the line of a field, or of the nearest thing around it.
func lineOf(doc *ast.File, field string) int {
	for path := "$." + field; path != "$" && path != "$."; {
		if p, err := yaml.PathString(path); err == nil {
			if node, err := p.FilterFile(doc); err == nil && node != nil {
				if mapping, ok := node.(*ast.MappingNode); ok && len(mapping.Values) > 0 {
					return mapping.Values[0].Key.GetToken().Position.Line
				}
				return node.GetToken().Position.Line
			}
		}
		shorter := step.FindStringSubmatch(path)
		if shorter == nil {
			break
		}
		path = shorter[1]
	}
	return 0
}

type problem struct{ field, message string }

// checker gathers the mistakes that a schema cannot express: references inside
// the sheet, reversed dates, tables that contradict themselves.
type checker struct {
	sheet    *FactSheet
	sources  map[string]bool
	problems []problem
}

func (s *FactSheet) problems() []problem {
	c := &checker{sheet: s, sources: map[string]bool{}}
	unique := c.unique("sources", "id")
	for i, source := range s.Sources {
		c.sources[source.ID] = true
		unique(i, source.ID)
	}
	unique = c.unique("alliances", "id")
	for i, f := range s.Alliances {
		unique(i, f.ID)
		c.provenance(at("alliances", i), f.Provenance)
	}
	unique = c.unique("airlines", "code")
	for i, f := range s.Airlines {
		unique(i, f.Code)
		c.provenance(at("airlines", i), f.Provenance)
	}
	unique = c.unique("regions", "id")
	for i, f := range s.Regions {
		unique(i, f.ID)
		c.areas(at("regions", i)+".areas", f.Areas)
		c.areas(at("regions", i)+".except", f.Except)
		c.provenance(at("regions", i), f.Provenance)
	}
	unique = c.unique("cities", "code")
	for i, f := range s.Cities {
		unique(i, f.Code)
		c.provenance(at("cities", i), f.Provenance)
	}
	unique = c.unique("airports", "code")
	for i, f := range s.Airports {
		unique(i, f.Code)
		c.provenance(at("airports", i), f.Provenance)
		if f.Latitude < -90 || f.Latitude > 90 || f.Longitude < -180 || f.Longitude > 180 || (f.Latitude == 0 && f.Longitude == 0) {
			c.add(at("airports", i), "coordinates are not on Earth, or missing")
		}
	}
	unique = c.unique("exchangeRates", "currency")
	for i, f := range s.ExchangeRates {
		unique(i, f.Currency)
		c.provenance(at("exchangeRates", i), f.Provenance)
		if !f.PerUSD.IsPos() {
			c.add(at("exchangeRates", i)+".perUSD", "must be more than zero")
		}
	}
	for i, f := range s.Valuations {
		c.provenance(at("valuations", i), f.Provenance)
		if !f.Cents.IsPos() {
			c.add(at("valuations", i)+".cents", "must be more than zero")
		}
	}
	if s.Program != nil {
		c.program(s.Program)
	}
	unique = c.unique("networks", "carrier")
	for i, f := range s.Networks {
		unique(i, f.Carrier)
		c.network(at("networks", i), f)
	}
	unique = c.unique("cabins", "carrier")
	for i, f := range s.Cabins {
		unique(i, f.Carrier)
		c.provenance(at("cabins", i), f.Provenance)
		c.cabins(at("cabins", i)+".long", f.Long)
		c.cabins(at("cabins", i)+".domestic", f.Domestic)
	}
	needsProgram := len(s.FareCategories) + len(s.EarningRules) + len(s.Distances) + len(s.Transfers) +
		len(s.AwardPartners) + len(s.AwardCharts) + len(s.AwardSeasons) + len(s.AwardFees) + len(s.AwardRules) + len(s.SweetSpots)
	if s.Program == nil && needsProgram > 0 {
		c.add("", "facts of a program (fareCategories, distances, earningRules, transfers, awards) need a program in the same sheet")
		return c.problems
	}
	unique = c.unique("fareCategories", "id")
	for i, f := range s.FareCategories {
		unique(i, f.ID)
		c.fareCategory(at("fareCategories", i), f)
	}
	for i, f := range s.Distances {
		field := at("distances", i)
		c.provenance(field, f.Provenance)
		if f.Miles <= 0 || f.From == f.To {
			c.add(field, "needs two airports and a distance above zero")
		}
	}
	unique = c.unique("transfers", "to")
	for i, f := range s.Transfers {
		if f.ExpirationDate == "" {
			unique(i, f.To)
		}
		c.transfer(at("transfers", i), f)
	}
	unique = c.unique("earningRules", "id")
	for i, f := range s.EarningRules {
		unique(i, f.ID)
		c.rule(at("earningRules", i), f)
	}
	c.awards()
	return c.problems
}

func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

func (c *checker) add(field, format string, args ...any) {
	c.problems = append(c.problems, problem{field, fmt.Sprintf(format, args...)})
}

// unique returns a function that reports an empty or repeated key of a list.
func (c *checker) unique(list, key string) func(i int, value string) {
	seen := map[string]bool{}
	return func(i int, value string) {
		field := at(list, i) + "." + key
		switch {
		case strings.TrimSpace(value) == "":
			c.add(field, "must not be empty")
		case seen[value]:
			c.add(field, "%q stands twice", value)
		}
		seen[value] = true
	}
}

func (c *checker) provenance(field string, p Provenance) {
	for i, id := range p.Sources {
		if !c.sources[id] {
			c.add(at(field+".sources", i), "no source has the id %q", id)
		}
	}
}

func (c *checker) span(field, from, to string) {
	if from != "" && to != "" && from > to {
		c.add(field, "ends (%s) before it begins (%s)", to, from)
	}
}

var areaPattern = regexp.MustCompile(`^(airport/[A-Z]{3}|city/[A-Z]{3}|country/[A-Z]{2}|subdivision/[A-Z]{2}-[A-Z0-9]{1,3}|continent/(AF|AN|AS|EU|NA|OC|SA)|region/[A-Z0-9]{2}_[A-Za-z0-9]+)$`)

func (c *checker) areas(field string, areas []string) {
	for i, area := range areas {
		if !areaPattern.MatchString(area) {
			c.add(at(field, i), "%q is not an area: airport/JFK, city/LON, country/US, subdivision/US-HI, continent/EU or region/XX_Name", area)
		}
	}
}

func (c *checker) program(p *Program) {
	c.provenance("program", p.Provenance)
	if p.ReviewDays <= 0 {
		c.add("program.reviewDays", "must be more than zero")
	}
	if len(p.Tiers) == 0 && len(c.sheet.EarningRules) > 0 {
		c.add("program.tiers", "needs at least the membership without status")
	}
	if y := p.QualificationYear; y != nil && (y.Kind == "fixed") != (y.Start != "") {
		c.add("program.qualificationYear.start", "stands with kind fixed, and only there")
	}
	metrics := map[string]bool{}
	for _, m := range p.Metrics {
		metrics[m.Code] = true
	}
	unique := c.unique("program.tiers", "name")
	for i, t := range p.Tiers {
		unique(i, t.Name)
		c.provenance(at("program.tiers", i), t.Provenance)
		if p.Stepwise && len(t.Qualification) > 1 {
			c.add(at("program.tiers", i)+".qualification", "has one way in a stepwise program")
		}
		for j, alternative := range t.Qualification {
			for metric := range alternative {
				if !metrics[metric] {
					c.add(at(at("program.tiers", i)+".qualification", j), "the program has no metric %q", metric)
				}
			}
		}
	}
}

func (c *checker) transfer(field string, t Transfer) {
	c.provenance(field, t.Provenance)
	c.span(field, t.EffectiveDate, t.ExpirationDate)
	if t.To == c.sheet.Program.ID {
		c.add(field+".to", "is the sheet's own program")
	}
	if t.Give <= 0 || t.Get <= 0 || t.Minimum < 0 || t.Increment < 0 {
		c.add(field, "give and get must be above zero, minimum and increment not below it")
	}
	if t.Block != nil && (t.Block.Every <= 0 || t.Block.Extra <= 0) {
		c.add(field+".block", "every and extra must be above zero")
	}
	if t.Fee != nil && !t.Fee.USDPerPoint.IsPos() {
		c.add(field+".fee.usdPerPoint", "must be above zero")
	}
	for i, b := range t.Bonuses {
		c.span(at(field+".bonuses", i), b.From, b.To)
		if b.Percent <= 0 {
			c.add(at(field+".bonuses", i)+".percent", "must be above zero")
		}
	}
}

func (c *checker) fareCategory(field string, f FareCategory) {
	c.provenance(field, f.Provenance)
	c.conditions(field, f.Conditions)
	c.span(field, f.EffectiveDate, f.ExpirationDate)
	seen := map[rune]string{}
	for category, classes := range f.ByCategory {
		c.classes(field+".byCategory."+category, classes)
		for _, class := range classes {
			if other, ok := seen[class]; ok {
				c.add(field+".byCategory."+category, "class %c is in category %s as well", class, other)
			}
			seen[class] = category
		}
	}
	for category, brands := range f.BrandsByCategory {
		c.brands(field+".brandsByCategory."+category, brands)
	}
	if len(f.ByCategory)+len(f.BrandsByCategory) == 0 {
		c.add(field, "needs byCategory or brandsByCategory")
	}
}

func (c *checker) classes(field, classes string) {
	seen := map[rune]bool{}
	for _, class := range classes {
		if class < 'A' || class > 'Z' {
			c.add(field, "booking classes are capital letters: %q", classes)
			return
		}
		if seen[class] {
			c.add(field, "class %c stands twice", class)
		}
		seen[class] = true
	}
}

func (c *checker) brands(field string, brands []string) {
	for i, brand := range brands {
		if !slices.Contains(c.sheet.Program.FareBrands, brand) {
			c.add(at(field, i), "program.fareBrands has no %q", brand)
		}
	}
}

func (c *checker) categories(field string, categories []string) {
	for i, category := range categories {
		known := slices.ContainsFunc(c.sheet.FareCategories, func(f FareCategory) bool {
			_, byClass := f.ByCategory[category]
			_, byBrand := f.BrandsByCategory[category]
			return byClass || byBrand
		})
		if !known {
			c.add(at(field, i), "no fareCategories map has a category %q", category)
		}
	}
}

func (c *checker) cabins(field string, cabins []string) {
	for i, cabin := range cabins {
		if !slices.Contains(Cabins, cabin) {
			c.add(at(field, i), "%q is not a cabin: %s", cabin, strings.Join(Cabins, ", "))
		}
	}
}

func (c *checker) conditions(field string, cond Conditions) {
	c.classes(field+".classes", cond.Classes)
	c.categories(field+".categories", cond.Categories)
	c.brands(field+".brands", cond.Brands)
	c.cabins(field+".cabins", cond.Cabins)
	for i, id := range cond.Cards {
		if !slices.ContainsFunc(c.sheet.Program.Cards, func(card Card) bool { return card.ID == id }) {
			c.add(at(field+".cards", i), "program.cards has no %q", id)
		}
	}
	if id := cond.EarningChoice; id != "" &&
		!slices.ContainsFunc(c.sheet.Program.EarningChoices, func(choice EarningChoice) bool { return choice.ID == id }) {
		c.add(field+".earningChoice", "program.earningChoices has no %q", id)
	}
	if cond.Booked != nil {
		c.span(field+".booked", cond.Booked.From, cond.Booked.To)
	}
	if cond.Route != nil {
		c.route(field+".route", *cond.Route, true)
	}
}

// route checks a route; one that is needed must restrict something.
func (c *checker) route(field string, r Route, needed bool) {
	c.areas(field+".between", r.Between)
	c.areas(field+".and", r.And)
	c.areas(field+".within", r.Within)
	if (len(r.Between) == 0) != (len(r.And) == 0) {
		c.add(field, "between and and stand together")
	}
	kinds := 0
	for _, given := range []bool{len(r.Between) > 0, len(r.Within) > 0, r.Domestic != nil} {
		if given {
			kinds++
		}
	}
	if kinds > 1 || (needed && kinds == 0 && r.Miles == nil) {
		c.add(field, "needs exactly one of between, within, domestic (or only miles)")
	}
	if m := r.Miles; m != nil && (m.Over < 0 || (m.UpTo != 0 && m.UpTo <= m.Over)) {
		c.add(field+".miles", "is an empty band")
	}
}

func (c *checker) rule(field string, r EarningRule) {
	c.provenance(field, r.Provenance)
	c.conditions(field, r.Conditions)
	c.span(field, r.EffectiveDate, r.ExpirationDate)
	if len(r.Marketing)+len(r.Operating) == 0 {
		c.add(field, "needs marketing or operating carriers")
	}
	if len(r.Earn) == 0 {
		c.add(field+".earn", "states nothing")
	}
	for unit, earn := range r.Earn {
		known := unit == UnitRedeemable || slices.ContainsFunc(c.sheet.Program.Metrics, func(m Metric) bool { return m.Code == unit })
		if !known {
			c.add(field+".earn."+unit, "is neither %s nor a metric of the program", UnitRedeemable)
		}
		c.earn(field+".earn."+unit, unit, r, earn)
	}
}

func (c *checker) earn(field, unit string, r EarningRule, e Earn) {
	if e.Basis == "nothing" {
		if len(e.Rates) > 0 {
			c.add(field, "has rates though its basis is nothing")
		}
		return
	}
	if len(e.Rates) == 0 {
		c.add(field+".rates", "is missing")
	}
	if (e.Basis == "fare") != (e.Currency != "") {
		c.add(field+".currency", "stands with basis fare, and only there")
	}
	if len(e.AtPar) > 0 && e.Basis != "fare" {
		c.add(field+".atPar", "needs basis fare")
	}
	if e.FareRounding != nil && e.Basis != "fare" {
		c.add(field+".fareRounding", "needs basis fare")
	}
	if m := e.MinimumMiles; m != nil && (e.Basis != "distance" || m.Miles <= 0) {
		c.add(field+".minimumMiles", "needs basis distance and miles above zero")
	}
	if (e.Basis == "base" || e.Basis == "award") && unit == UnitRedeemable {
		c.add(field+".basis", "%s of the redeemable amount cannot state that amount", e.Basis)
	}
	if e.Basis == "ticket" && r.Role != "minimum" && r.Role != "maximum" {
		c.add(field+".basis", "ticket is for roles minimum and maximum")
	}
	if e.EliteBonusRounding != "" && e.EliteBonus == "" {
		c.add(field+".eliteBonusRounding", "needs eliteBonus")
	}
	for i, row := range e.Rates {
		row, rowField := row, at(field+".rates", i)
		c.classes(rowField+".classes", row.Classes)
		c.categories(rowField+".categories", row.Categories)
		c.brands(rowField+".brands", row.Brands)
		c.cabins(rowField+".cabins", row.Cabins)
		stated := 0
		for _, has := range []bool{row.Rate != nil, len(row.ByTier) > 0, row.Unknown} {
			if has {
				stated++
			}
		}
		if stated != 1 {
			c.add(rowField, "needs one of rate, byTier and unknown")
		}
		for tier := range row.ByTier {
			if !slices.ContainsFunc(c.sheet.Program.Tiers, func(t Tier) bool { return t.Name == tier }) {
				c.add(rowField+".byTier", "the program has no tier %q", tier)
			}
		}
	}
}
