package schemas

// FactSheet is the one form in which facts enter the graph: the bundle's files
// have it, `ingestor load` takes it, extractors yield it. A sheet holds at most
// one program; the reference data (places, airlines, rates) has sheets of its own.
//
// Every fact names its sources by id; the ids are local to the sheet. A date is
// ISO 8601 (2026-11-21). An area is written kind/code: airport/JFK,
// city/LON (a metropolitan code), subdivision/US-HI, country/US, continent/EU,
// region/QF_Europe.
type FactSheet struct {
	Sources        []Source        `json:"sources"`
	Alliances      []Alliance      `json:"alliances,omitempty"`
	Airlines       []Airline       `json:"airlines,omitempty"`
	Regions        []Region        `json:"regions,omitempty"`
	Cities         []City          `json:"cities,omitempty"`
	Airports       []Airport       `json:"airports,omitempty"`
	Networks       []Network       `json:"networks,omitempty"`
	Cabins         []CarrierCabins `json:"cabins,omitempty"`
	ExchangeRates  []ExchangeRate  `json:"exchangeRates,omitempty"`
	Program        *Program        `json:"program,omitempty"`
	FareCategories []FareCategory  `json:"fareCategories,omitempty"`
	Distances      []RouteDistance `json:"distances,omitempty"`
	Valuations     []Valuation     `json:"valuations,omitempty"`
	Transfers      []Transfer      `json:"transfers,omitempty"`
	EarningRules   []EarningRule   `json:"earningRules,omitempty"`
	AwardPartners  []AwardPartner  `json:"awardPartners,omitempty"`
	AwardCharts    []AwardChart    `json:"awardCharts,omitempty"`
	AwardSeasons   []AwardSeason   `json:"awardSeasons,omitempty"`
	AwardFees      []AwardFee      `json:"awardFees,omitempty"`
	AwardRules     []AwardRule     `json:"awardRules,omitempty"`
	SweetSpots     []SweetSpot     `json:"sweetSpots,omitempty"`
}

// Source is a document that states facts.
type Source struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	URL   string `json:"url,omitempty"`
	// AsOf is the day on which the document was last known to say so; a month
	// that has no known day is written as its first day.
	AsOf string `json:"asOf" jsonschema:"format=date"`
	// Kind orders trust: official (the program's or airline's own page),
	// calculator (maintained and checked against postings), article,
	// compilation (undated or second-hand), data (an open data set).
	Kind string `json:"kind" jsonschema:"enum=official,enum=calculator,enum=article,enum=compilation,enum=data"`
}

// Provenance is what every fact carries.
type Provenance struct {
	Sources []string `json:"sources" jsonschema:"minItems=1"`
	// AsOf is the day the fact was last known true; when left out, the newest
	// of its sources' dates.
	AsOf       string `json:"asOf,omitempty" jsonschema:"format=date"`
	Confidence string `json:"confidence,omitempty" jsonschema:"enum=high,enum=medium,enum=low"`
	// Note is shown with the fact: a conflict between sources, an assumption.
	Note string `json:"note,omitempty"`
}

// Validity is the span of days on which a fact holds, both ends included; an
// open end is left out. For an earning rule it is the day of travel.
type Validity struct {
	EffectiveDate  string `json:"effectiveDate,omitempty" jsonschema:"format=date"`
	ExpirationDate string `json:"expirationDate,omitempty" jsonschema:"format=date"`
}

// Alliance is an airline alliance.
type Alliance struct {
	ID         string `json:"id"` // oneworld, SkyTeam, StarAlliance
	Name       string `json:"name"`
	Provenance `json:",inline" yaml:",inline"`
}

// Airline is a carrier.
type Airline struct {
	Code       string   `json:"code"` // IATA designator, e.g. AA
	Name       string   `json:"name"`
	Alliance   string   `json:"alliance,omitempty"` // id of an Alliance
	Country    string   `json:"country,omitempty"`  // ISO 3166 alpha-2
	TicketCode string   `json:"ticketCode,omitempty"`
	Aliases    []string `json:"aliases,omitempty"`
	Provenance `json:",inline" yaml:",inline"`
}

// Region is a named set of areas: a country, a continent, or a program's own zone.
type Region struct {
	ID         string   `json:"id"` // country/US, continent/EU, region/QF_Europe
	Name       string   `json:"name"`
	Areas      []string `json:"areas,omitempty"`  // what it consists of
	Except     []string `json:"except,omitempty"` // what is taken out of that
	Provenance `json:",inline" yaml:",inline"`
}

// City is a metropolitan area served by several airports, or a city with its one.
type City struct {
	Code       string   `json:"code"` // IATA metropolitan or airport code
	Name       string   `json:"name"`
	Country    string   `json:"country"`
	Airports   []string `json:"airports"`
	Aliases    []string `json:"aliases,omitempty"`
	Provenance `json:",inline" yaml:",inline"`
}

// Airport is an airport with an IATA code.
type Airport struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	City      string `json:"city,omitempty"`
	Country   string `json:"country"`   // ISO 3166 alpha-2
	Continent string `json:"continent"` // AF, AN, AS, EU, NA, OC, SA
	// Subdivision is the state or province by ISO 3166-2, e.g. US-NY; empty where it is not known.
	Subdivision string  `json:"subdivision,omitempty"`
	Latitude    float64 `json:"latitude"`
	Longitude   float64 `json:"longitude"`
	Provenance  `json:",inline" yaml:",inline"`
}

// ExchangeRate is the value of one US dollar in a currency on a day.
type ExchangeRate struct {
	Currency   string  `json:"currency"` // ISO 4217
	PerUSD     Decimal `json:"perUSD"`
	Date       string  `json:"date" jsonschema:"format=date"`
	Provenance `json:",inline" yaml:",inline"`
}

// Program is a loyalty program.
type Program struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Kind     string   `json:"kind" jsonschema:"enum=airline,enum=bank,enum=hotel"`
	Airlines []string `json:"airlines,omitempty"` // whose program it is
	Alliance string   `json:"alliance,omitempty"`
	Unit     string   `json:"unit"` // what is redeemed: miles, points, Avios
	// QualificationPeriod is said in words: calendar year, 1 April to 31 March.
	QualificationPeriod string `json:"qualificationPeriod,omitempty"`
	// QualificationYear says the same for computing: from when to when metrics count.
	QualificationYear *QualificationYear `json:"qualificationYear,omitempty"`
	Metrics           []Metric           `json:"metrics,omitempty"`
	// Tiers from the lowest to the highest; the first is membership without status.
	// A program without earning rules may have none.
	Tiers []Tier `json:"tiers,omitempty"`
	// Stepwise: tiers are reached one after the other, and what reached one is
	// used up: Qualification is then what the step from the tier below takes.
	Stepwise bool `json:"stepwise,omitempty"`
	// Cards are co-branded cards that change what a flight earns.
	Cards []Card `json:"cards,omitempty"`
	// EarningChoices are the ways between which a member chooses how flights earn.
	EarningChoices []EarningChoice `json:"earningChoices,omitempty"`
	// FareBrands are the names by which rules know fares, e.g. Basic, Flex.
	FareBrands []string `json:"fareBrands,omitempty"`
	// ByJourney: what connects is credited by the two ends of the journey, not
	// flight by flight, so that connecting flights cannot be added up.
	ByJourney bool `json:"byJourney,omitempty"`
	// ReviewDays is how often the program usually revises its rules: a fact
	// older than that is served with a warning.
	ReviewDays int `json:"reviewDays"`
	Provenance `json:",inline" yaml:",inline"`
}

// QualificationYear is the span over which metrics are counted: the calendar
// year; a fixed year that begins on Start; the member's own year (membership) or
// any twelve months (rolling), whose end the member has to say.
type QualificationYear struct {
	Kind  string `json:"kind" jsonschema:"enum=calendar,enum=fixed,enum=membership,enum=rolling"`
	Start string `json:"start,omitempty" jsonschema:"pattern=^[01][0-9]-[0-3][0-9]$"` // MM-DD of a fixed year
}

// Metric is what counts towards status.
type Metric struct {
	Code string `json:"code"` // LP, PQP, PQF, TP
	Name string `json:"name"`
	Note string `json:"note,omitempty"`
}

// Tier is a level of membership.
type Tier struct {
	Name string `json:"name"`
	// EarningBonus is the share by which the tier raises base miles, where a
	// rule lets it (0.4 is 40%).
	EarningBonus   *Decimal `json:"earningBonus,omitempty"`
	AllianceStatus string   `json:"allianceStatus,omitempty" jsonschema:"enum=oneworld Ruby,enum=oneworld Sapphire,enum=oneworld Emerald,enum=Star Alliance Silver,enum=Star Alliance Gold,enum=SkyTeam Elite,enum=SkyTeam Elite Plus"`
	// Qualification is any one of the alternatives; within one, all amounts
	// are needed (metric code -> amount). A tier without it is not reached by
	// flying, or nobody states how.
	Qualification []map[string]int64 `json:"qualification,omitempty"`
	Provenance    `json:",inline" yaml:",inline"`
}

// Card is a co-branded card.
type Card struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// EarningChoice is a way of earning that a member may choose.
type EarningChoice struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Default bool   `json:"default,omitempty"` // holds for a member who never chose
}

// FareCategory maps a carrier's booking classes to a program's fare categories
// (Qantas: discountEconomy; Alaska: economy). Among the maps that fit a flight
// the most specific is used, as with rules.
type FareCategory struct {
	ID         string `json:"id"`
	Conditions `json:",inline" yaml:",inline"`
	// ByCategory lists, by category, the booking classes: {business: JCDI}.
	ByCategory map[string]string `json:"byCategory,omitempty"`
	// BrandsByCategory does so for carriers whose fares have names, not classes.
	BrandsByCategory map[string][]string `json:"brandsByCategory,omitempty"`
	// Unlisted says what a fare earns that no category holds: "nothing" when a
	// source says so; left out, it is unknown.
	Unlisted   string `json:"unlisted,omitempty" jsonschema:"enum=nothing"`
	Validity   `json:",inline" yaml:",inline"`
	Provenance `json:",inline" yaml:",inline"`
}

// RouteDistance is a program's own mileage for a pair of airports, either way.
type RouteDistance struct {
	From       string `json:"from"`
	To         string `json:"to"`
	Miles      int    `json:"miles"`
	Provenance `json:",inline" yaml:",inline"`
}

// Valuation is what a publisher holds one unit of a program to be worth.
type Valuation struct {
	Program    string  `json:"program"`
	Publisher  string  `json:"publisher"`
	Cents      Decimal `json:"cents"` // US cents a unit
	Date       string  `json:"date" jsonschema:"format=date"`
	Provenance `json:",inline" yaml:",inline"`
}

// Transfer is a way to turn points of the sheet's program into another's.
type Transfer struct {
	To   string `json:"to"`   // program id
	Give int64  `json:"give"` // so many points become ...
	Get  int64  `json:"get"`  // ... so many
	// Minimum is the least that can be sent, Increment what it must be a multiple
	// of, both in points sent. 0 is not known: answers then say so.
	Minimum   int64 `json:"minimum,omitempty"`
	Increment int64 `json:"increment,omitempty"`
	// Every so many points sent at once add Extra points received.
	Block *TransferBlock `json:"block,omitempty"`
	Fee   *TransferFee   `json:"fee,omitempty"`
	Speed string         `json:"speed,omitempty"` // in words, as reported
	// Bonuses are timed offers that raise what is received.
	Bonuses    []TransferBonus `json:"bonuses,omitempty"`
	Validity   `json:",inline" yaml:",inline"`
	Provenance `json:",inline" yaml:",inline"`
}

// TransferBlock is a bonus on every full block of points sent at once.
type TransferBlock struct {
	Every int64 `json:"every"`
	Extra int64 `json:"extra"`
}

// TransferFee is what the sender pays for a transfer.
type TransferFee struct {
	USDPerPoint Decimal  `json:"usdPerPoint"`
	MaximumUSD  *Decimal `json:"maximumUSD,omitempty"`
}

// TransferBonus raises what is received by a percentage on the days of its span.
type TransferBonus struct {
	Percent int    `json:"percent"`
	From    string `json:"from" jsonschema:"format=date"`
	To      string `json:"to" jsonschema:"format=date"`
}

// Conditions say which flights a rule or map is for. All given ones must hold;
// a list holds if any of its members does.
type Conditions struct {
	Marketing     []string `json:"marketing,omitempty"`     // marketing carrier (flight number)
	Operating     []string `json:"operating,omitempty"`     // operating carrier
	Ticketing     []string `json:"ticketing,omitempty"`     // carrier whose ticket stock it is
	TicketingNot  []string `json:"ticketingNot,omitempty"`  // any stock but these
	Classes       string   `json:"classes,omitempty"`       // booking classes, e.g. JCD
	Categories    []string `json:"categories,omitempty"`    // fare categories of the program
	Brands        []string `json:"brands,omitempty"`        // fare brands
	Cabins        []string `json:"cabins,omitempty"`        // economy, premiumEconomy, business, first
	Cards         []string `json:"cards,omitempty"`         // the member holds one of these
	EarningChoice string   `json:"earningChoice,omitempty"` // the member's way of earning
	Route         *Route   `json:"route,omitempty"`
	// Booked is the span of ticket purchase dates, both ends included.
	Booked *Span `json:"booked,omitempty"`
}

// Route says between which areas a flight goes, in either direction. Exactly
// one of Between with And, Within, Domestic is given; Miles may stand with any
// of them or alone.
type Route struct {
	Between []string `json:"between,omitempty"` // one end in any of these ...
	And     []string `json:"and,omitempty"`     // ... the other end in any of these
	Within  []string `json:"within,omitempty"`  // both ends in the union of these
	// Domestic: both ends in one country (true), or in two (false).
	Domestic *bool `json:"domestic,omitempty"`
	// Miles is a distance band, over From up to and including To statute miles.
	Miles *Band `json:"miles,omitempty"`
}

// Band is a range of distances: Over < miles <= UpTo; 0 leaves UpTo open.
type Band struct {
	Over int `json:"over,omitempty"`
	UpTo int `json:"upTo,omitempty"`
}

// Span is a range of days, both ends included; an open end is left out.
type Span struct {
	From string `json:"from,omitempty" jsonschema:"format=date"`
	To   string `json:"to,omitempty" jsonschema:"format=date"`
}

// EarningRule says what a flight earns in the sheet's program.
//
// For each unit (redeemable, or a metric's code) the engine takes, among the
// rules of a role that fit the flight and state that unit, the one of highest
// Precedence, then the most specific one; an equal tie is an error in the data.
type EarningRule struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// Role: earns (the default) states the amount; adds is added to it (every
	// rule that fits is); minimum and maximum bound the amount, elite bonus included.
	Role       string `json:"role,omitempty" jsonschema:"enum=earns,enum=adds,enum=minimum,enum=maximum"`
	Precedence int    `json:"precedence,omitempty"`
	Conditions `json:",inline" yaml:",inline"`
	// Earn states the amount by unit: "redeemable" or a metric's code.
	Earn map[string]Earn `json:"earn"`
	// Unlisted says what a fare earns that no row of a table is for: "nothing"
	// when a source says so; left out, the rule does not fit such a fare.
	Unlisted   string `json:"unlisted,omitempty" jsonschema:"enum=nothing"`
	Validity   `json:",inline" yaml:",inline"`
	Provenance `json:",inline" yaml:",inline"`
}

// Earn is a formula for one unit.
type Earn struct {
	// Basis is what Rates multiply:
	//   distance  statute miles of the flight
	//   fare      base fare and carrier surcharges, in Currency
	//   segment   1 for each flight (a fixed amount a flight)
	//   ticket    1 for the ticket (a bound on the whole ticket; roles minimum, maximum)
	//   base      the redeemable amount before elite and cabin bonus
	//   award     the whole redeemable amount
	//   nothing   a source says that it earns nothing
	Basis    string `json:"basis" jsonschema:"enum=distance,enum=fare,enum=segment,enum=ticket,enum=base,enum=award,enum=nothing"`
	Currency string `json:"currency,omitempty"`
	// AtPar lists currencies of which one counts as one of Currency, whatever the rate.
	AtPar []string `json:"atPar,omitempty"`
	// FareRounding rounds the fare before it is multiplied. Of "ticket" the whole
	// fare is rounded; of "segment" each flight's share by distance.
	FareRounding *FareRounding `json:"fareRounding,omitempty"`
	// MinimumMiles is the least distance that is credited, before the rate.
	MinimumMiles *MinimumMiles `json:"minimumMiles,omitempty"`
	// Rates are read from the top; the first row that fits the fare is used.
	Rates []RateRow `json:"rates,omitempty"`
	// DivideBy divides the product, e.g. award miles / 5.
	DivideBy *Decimal `json:"divideBy,omitempty"`
	// EliteBonus adds the tier's EarningBonus as a share of "base" (basis x rate)
	// or of "distance"; left out, the rule lets no tier bonus apply.
	EliteBonus string `json:"eliteBonus,omitempty" jsonschema:"enum=base,enum=distance"`
	// EliteBonusRounding rounds the bonus by itself; left out it is not.
	EliteBonusRounding string `json:"eliteBonusRounding,omitempty" jsonschema:"enum=nearest,enum=up,enum=down"`
	// Rounding makes the amount whole: nearest (half up), up, down; unknown is
	// computed as nearest and said so.
	Rounding string `json:"rounding,omitempty" jsonschema:"enum=nearest,enum=up,enum=down,enum=unknown"`
}

// RateRow is a row of a table. Classes, Categories, Brands and Cabins restrict it.
type RateRow struct {
	Classes    string   `json:"classes,omitempty"`
	Categories []string `json:"categories,omitempty"`
	Brands     []string `json:"brands,omitempty"`
	Cabins     []string `json:"cabins,omitempty"`
	// Rate multiplies the basis: 1.25 is 125% of distance, 5 is 5 per unit of fare.
	Rate *Decimal `json:"rate,omitempty"`
	// ByTier is the rate by tier name, instead of Rate; a tier that is not
	// listed has no known rate.
	ByTier map[string]Decimal `json:"byTier,omitempty"`
	// Unknown, in place of a rate, keeps a fare of which no source speaks from
	// the rows below.
	Unknown bool `json:"unknown,omitempty"`
	// CabinBonus is a share of distance added to the amount; no elite bonus is
	// computed on it.
	CabinBonus *Decimal `json:"cabinBonus,omitempty"`
}

// FareRounding says how a fare is made whole before it is multiplied.
type FareRounding struct {
	Of string `json:"of" jsonschema:"enum=ticket,enum=segment"`
	To string `json:"to" jsonschema:"enum=nearest,enum=up,enum=down"`
}

// MinimumMiles is the least distance that is credited for a flight.
type MinimumMiles struct {
	Miles     int  `json:"miles"`
	EliteOnly bool `json:"eliteOnly,omitempty"` // only for members with a tier above the first
}

// UnitRedeemable is the key under which a rule states what can be redeemed.
const UnitRedeemable = "redeemable"

// Cabins are the cabins by which rules and questions know seats.
var Cabins = []string{"economy", "premiumEconomy", "business", "first"}
