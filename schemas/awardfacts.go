package schemas

// AwardPartner says which carriers' flights the sheet's program books as awards,
// the program's own among them: the carriers, or the members of an alliance.
type AwardPartner struct {
	ID         string   `json:"id"`
	Carriers   []string `json:"carriers,omitempty"`
	Alliance   string   `json:"alliance,omitempty"` // id of an Alliance
	Except     []string `json:"except,omitempty"`   // members that it does not book
	Validity   `json:",inline" yaml:",inline"`
	Provenance `json:",inline" yaml:",inline"`
}

// AwardChart is a table of award prices of the sheet's program. Among the charts
// that fit a flight the one of highest Precedence is used, then one that names
// the carrier, then the first of the sheet.
type AwardChart struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// Carriers are the operating carriers whose flights it prices. Left out, it is
	// for all that the program books and no other chart of it names.
	Carriers []string `json:"carriers,omitempty"`
	// Mixed: for journeys on two carriers or more, and for no others.
	Mixed      bool `json:"mixed,omitempty"`
	Precedence int  `json:"precedence,omitempty"`
	// Per says what a price is for:
	//   journey  from its first to its last airport, by the miles of all flights;
	//            the chart has to be for all of its flights
	//   part     the flights in a row that this chart is for, taken together;
	//            what other charts ask for the others is added
	//   segment  each flight by itself; all are added
	Per string `json:"per" jsonschema:"enum=journey,enum=part,enum=segment"`
	// Trip says whether prices are one way (the default) or for a round trip.
	Trip string `json:"trip,omitempty" jsonschema:"enum=oneWay,enum=roundTrip"`
	// Kind: fixed (the default), from (the lowest that is charged), range (what was
	// published or seen), dynamic (no chart: rows, if any, are prices seen).
	Kind string `json:"kind,omitempty" jsonschema:"enum=fixed,enum=from,enum=range,enum=dynamic"`
	// Level is the kind of award: saver, standard, as the program calls it.
	Level string `json:"level,omitempty"`
	// Route restricts the whole chart.
	Route *Route `json:"route,omitempty"`
	// Rows are read from the top: for each cabin and season the first row that
	// fits the route and states a price is used.
	Rows       []AwardRow `json:"rows,omitempty"`
	Validity   `json:",inline" yaml:",inline"`
	Provenance `json:",inline" yaml:",inline"`
}

// AwardRow is a row of a chart. Its route is written as in Route; none given
// fits every route of the chart.
type AwardRow struct {
	Route `json:",inline" yaml:",inline"`
	// Season for which the row holds, where prices differ by season; a chart's
	// AwardSeason facts say when that is.
	Season string `json:"season,omitempty" jsonschema:"enum=off-peak,enum=standard,enum=peak"`
	// Prices are points for one traveller, by cabin; High is the upper end where
	// a range is stated.
	Prices map[string]int64 `json:"prices"`
	High   map[string]int64 `json:"high,omitempty"`
}

// AwardSeason is the calendar of a season of the program's charts.
type AwardSeason struct {
	ID         string   `json:"id"`
	Charts     []string `json:"charts"` // ids of charts
	Season     string   `json:"season" jsonschema:"enum=off-peak,enum=standard,enum=peak"`
	Route      *Route   `json:"route,omitempty"` // flights that it is for; left out: all
	Spans      []Span   `json:"spans"`
	Provenance `json:",inline" yaml:",inline"`
}

// AwardFee says what awards of the program cost in money.
type AwardFee struct {
	ID string `json:"id"`
	// Carriers are the operating carriers; left out: all that no other fact names.
	Carriers []string `json:"carriers,omitempty"`
	// Surcharge is how much carrier-imposed surcharge (YQ, YR) is passed on, on long
	// flights: none, low (under about USD 50 one way), moderate (to about 300),
	// high, varies.
	Surcharge string `json:"surcharge" jsonschema:"enum=none,enum=low,enum=moderate,enum=high,enum=varies"`
	// Typical are published amounts.
	Typical []TypicalFee `json:"typical,omitempty"`
	// Booking is what the program charges for booking such an award.
	Booking    *BookingFee `json:"booking,omitempty"`
	Validity   `json:",inline" yaml:",inline"`
	Provenance `json:",inline" yaml:",inline"`
}

// TypicalFee is a published amount of taxes and surcharges together, for one
// traveller, one way unless Trip says otherwise.
type TypicalFee struct {
	Route    `json:",inline" yaml:",inline"`
	Cabin    string   `json:"cabin,omitempty"` // left out: any
	Low      Decimal  `json:"low"`
	High     *Decimal `json:"high,omitempty"`
	Currency string   `json:"currency"`
	Trip     string   `json:"trip,omitempty" jsonschema:"enum=oneWay,enum=roundTrip"`
}

// BookingFee is charged once a ticket.
type BookingFee struct {
	Amount   Decimal `json:"amount"`
	Currency string  `json:"currency"`
}

// AwardRule is a rule of booking, shown with the program's awards.
type AwardRule struct {
	ID string `json:"id"`
	// About is what it is of: roundTripOnly, stopover, openJaw, mixedCarriers,
	// booking, change, availability, season, childFares.
	About      string   `json:"about" jsonschema:"enum=roundTripOnly,enum=stopover,enum=openJaw,enum=mixedCarriers,enum=booking,enum=change,enum=availability,enum=season,enum=childFares"`
	Carriers   []string `json:"carriers,omitempty"` // operating carriers that it is for; left out: all
	Cabins     []string `json:"cabins,omitempty"`   // left out: all
	Text       string   `json:"text"`
	Validity   `json:",inline" yaml:",inline"`
	Provenance `json:",inline" yaml:",inline"`
}

// SweetSpot is an award that a publisher singles out, at the price it states. It
// stands beside the charts: where they differ, the answer says so.
type SweetSpot struct {
	ID         string   `json:"id"`
	Title      string   `json:"title"`
	Carriers   []string `json:"carriers"`
	Route      Route    `json:"route"`
	Cabin      string   `json:"cabin" jsonschema:"enum=economy,enum=premiumEconomy,enum=business,enum=first"`
	Price      int64    `json:"price"`
	High       int64    `json:"high,omitempty"`
	Trip       string   `json:"trip,omitempty" jsonschema:"enum=oneWay,enum=roundTrip"`
	Provenance `json:",inline" yaml:",inline"`
}

// Network is where a carrier flies nonstop.
type Network struct {
	Carrier string `json:"carrier"`
	// Nonstops lists, by airport, the airports to which it flies from there,
	// separated by spaces; each pair once, either way.
	Nonstops   map[string]string `json:"nonstops,omitempty"`
	Provenance `json:",inline" yaml:",inline"`
	// Added and Ended are what changed since, each with its own source.
	Added []Nonstop `json:"added,omitempty"`
	Ended []Nonstop `json:"ended,omitempty"`
}

// CarrierCabins is which cabins a carrier sells: those that are left out it does
// not, as far as the sources say.
type CarrierCabins struct {
	Carrier    string   `json:"carrier"`
	Long       []string `json:"long"`               // on its long flights
	Domestic   []string `json:"domestic,omitempty"` // within a country, where that differs
	Provenance `json:",inline" yaml:",inline"`
}

// Nonstop is a route, either way.
type Nonstop struct {
	From       string `json:"from"`
	To         string `json:"to"`
	Provenance `json:",inline" yaml:",inline"`
}
