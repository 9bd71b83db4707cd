package schemas

// AwardQuestion is the input of search_awards.
type AwardQuestion struct {
	Origin        string             `json:"origin" jsonschema:"minLength=2,maxLength=60,example=NYC" jsonschema_description:"Airport or metropolitan code, city or country: JFK, NYC, New York. Of several airports all are searched."`
	Destination   string             `json:"destination" jsonschema:"minLength=2,maxLength=60,example=London" jsonschema_description:"As origin. A country stands for its busiest airports."`
	Cabin         string             `json:"cabin" jsonschema:"enum=economy,enum=premiumEconomy,enum=business,enum=first"`
	Travelers     int                `json:"travelers,omitempty" jsonschema:"minimum=1,maximum=9" jsonschema_description:"Travellers with a seat, each at the full price. Default 1."`
	DepartureDate string             `json:"departureDate,omitempty" jsonschema:"format=date,example=2027-09-14" jsonschema_description:"From today to two years ahead. Decides the season. Prices are of today's charts: awards cost what they cost on the day of booking."`
	ReturnDate    string             `json:"returnDate,omitempty" jsonschema:"format=date" jsonschema_description:"Given, prices are for the round trip. Left out: one way."`
	Programs      []string           `json:"programs,omitempty" jsonschema:"maxItems=60" jsonschema_description:"Program ids to search, as resource loyalty://programs lists them. Default: all."`
	Balances      []Balance          `json:"balances,omitempty" jsonschema:"maxItems=60" jsonschema_description:"What the traveller has: miles, bank and hotel points. Left out: as the traveller's profile says; none there either, or []: prices only, no funding."`
	CentsPerPoint map[string]Decimal `json:"centsPerPoint,omitempty" jsonschema_description:"The traveller's own valuation in US cents by program id, in place of published ones; from 0.001 to 1000. Left out: the profile's."`
	Preferences   *AwardPreferences  `json:"preferences,omitempty"`
	Limit         int                `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20" jsonschema_description:"Most options. Default 8."`
}

// AwardPreferences narrow a search.
type AwardPreferences struct {
	MaxStops          *int     `json:"maxStops,omitempty" jsonschema:"minimum=0,maximum=2" jsonschema_description:"Default 1."`
	Alliances         []string `json:"alliances,omitempty" jsonschema:"maxItems=3" jsonschema_description:"oneworld, SkyTeam, StarAlliance: fly members of these only."`
	Carriers          []string `json:"carriers,omitempty" jsonschema:"maxItems=60" jsonschema_description:"IATA codes: fly these operating carriers only."`
	ConsiderTransfers *bool    `json:"considerTransfers,omitempty" jsonschema_description:"False: pay with a program's own balance only. Default true."`
	AvoidSurcharges   bool     `json:"avoidSurcharges,omitempty" jsonschema_description:"Leave out awards known to pass on moderate or high carrier surcharges. Where it is not known they stay, and say so."`
	MaxFees           *Decimal `json:"maxFees,omitempty" jsonschema:"minimum=0,maximum=1000000" jsonschema_description:"Most taxes and fees in US dollars for each traveller, for the whole trip. Awards whose fees are not known stay, and say so."`
}

// AwardAnswer is the output of search_awards.
type AwardAnswer struct {
	Options []AwardOption `json:"options" jsonschema_description:"Affordable ones first, those that cost the traveller least before others; after these, those with high surcharges of unknown amount. At most two a program unless few programs are searched."`
	// Failed is given when no option is there, or none that can be paid.
	Failed      *FailedSearch `json:"failed,omitempty" jsonschema_description:"Why nothing, or nothing affordable, was found."`
	Unanswered  []Unanswered  `json:"unanswered" jsonschema_description:"Programs that could book such flights (or that were asked for) but whose price is not known, and why. Look these up live."`
	FromProfile []string      `json:"fromProfile,omitempty" jsonschema_description:"What the question left out and was taken from the traveller's profile."`
	Warnings    []string      `json:"warnings"`
}

// FailedSearch names the constraint that left nothing.
type FailedSearch struct {
	Constraint string `json:"constraint" jsonschema:"enum=noCarrier,enum=noPrice,enum=notEnoughPoints,enum=surcharges,enum=feesAboveCap"`
	Message    string `json:"message"`
}

// AwardOption is one way to fly on points.
type AwardOption struct {
	ID           string        `json:"id"`
	Program      string        `json:"program"`
	ProgramName  string        `json:"programName"`
	Carriers     []string      `json:"carriers" jsonschema_description:"Operating carrier of each flight."`
	Routing      []string      `json:"routing" jsonschema_description:"Airports in order; the return is the same way back."`
	Cabin        string        `json:"cabin"`
	TripType     string        `json:"tripType" jsonschema:"enum=oneWay,enum=roundTrip" jsonschema_description:"roundTrip though one way was asked for: the program sells it as a round trip only."`
	Price        AwardPrice    `json:"price"`
	Fees         AwardCash     `json:"fees"`
	Funding      *AwardFunding `json:"funding,omitempty" jsonschema_description:"How to pay from the balances; left out when none were given."`
	Value        AwardValue    `json:"value"`
	Why          []string      `json:"why" jsonschema_description:"The arithmetic and what it rests on."`
	Caveats      []string      `json:"caveats" jsonschema_description:"What to check before transferring points."`
	Confidence   string        `json:"confidence" jsonschema:"enum=high,enum=medium,enum=low"`
	Availability *Availability `json:"availability,omitempty" jsonschema_description:"Seats as a live provider has them, where one is set up and a date was given. Left out: not looked for."`
	Sources      []CitedSource `json:"sources"`
}

// AwardPrice is what an award costs in points.
type AwardPrice struct {
	Kind        string `json:"kind" jsonschema:"enum=fixed,enum=from,enum=range,enum=dynamic" jsonschema_description:"fixed: as charted. from: the least that is asked. range: within the two figures. dynamic: no chart; prices seen."`
	Level       string `json:"level,omitempty"`
	Season      string `json:"season,omitempty" jsonschema:"enum=off-peak,enum=standard,enum=peak"`
	PerTraveler int64  `json:"perTraveler" jsonschema_description:"For the whole trip."`
	Total       int64  `json:"total" jsonschema_description:"For all travellers and, on a round trip, both ways; funding is for this."`
	High        *int64 `json:"high,omitempty" jsonschema_description:"Upper end of the total, where a range is stated."`
	Unit        string `json:"unit" jsonschema_description:"What the program calls its points."`
}

// AwardCash is what an award costs in money.
type AwardCash struct {
	Amount   *Decimal `json:"amount,omitempty" jsonschema_description:"For all travellers and the whole trip; left out when not known."`
	High     *Decimal `json:"high,omitempty" jsonschema_description:"Upper end, where a range was published."`
	Currency string   `json:"currency,omitempty"`
	Basis    string   `json:"basis" jsonschema_description:"What is known of surcharges, and of what day."`
}

// AwardFunding is how the points come together.
type AwardFunding struct {
	Steps      []TransferStep `json:"steps"`
	OwnUsed    int64          `json:"ownUsed" jsonschema_description:"Points of the program's own balance that are used."`
	Affordable bool           `json:"affordable"`
	Shortfall  int64          `json:"shortfall" jsonschema_description:"Points of the program that are missing."`
	Leftover   int64          `json:"leftover" jsonschema_description:"Points that stay in the program because transfers go in steps."`
	Reason     string         `json:"reason,omitempty" jsonschema_description:"Why it is not affordable."`
}

// AwardValue is what the traveller gives up, by which options are ranked.
type AwardValue struct {
	Cost   *Decimal `json:"cost,omitempty" jsonschema_description:"Points given up at their value, and known fees. Left out when it cannot be valued."`
	Unit   string   `json:"unit,omitempty" jsonschema:"enum=USD,enum=points"`
	Method string   `json:"method"`
}

// Availability is what a live provider has for the option's program, route, cabin
// and day. Its three outcomes are never mixed.
type Availability struct {
	Status    string          `json:"status" jsonschema:"enum=seats,enum=none,enum=couldNotLook" jsonschema_description:"none: the provider has none on file, which is no proof that the flights are full."`
	Provider  string          `json:"provider"`
	Seats     []AvailableSeat `json:"seats,omitempty"`
	Reason    string          `json:"reason,omitempty" jsonschema_description:"Why it could not look, or in which direction there are none."`
	CheckedAt string          `json:"checkedAt" jsonschema:"format=date-time"`
}

// AvailableSeat sums up a day's flights with seats on a route.
type AvailableSeat struct {
	Origin      string   `json:"origin"`
	Destination string   `json:"destination"`
	Date        string   `json:"date" jsonschema:"format=date"`
	Carriers    []string `json:"carriers"`
	Direct      bool     `json:"direct"`
	Points      int64    `json:"points" jsonschema_description:"The least that any of these flights costs, for one traveller."`
	Remaining   int      `json:"remaining,omitempty" jsonschema_description:"Most seats on any of these flights; 0 or left out: not said."`
	SeenAt      string   `json:"seenAt,omitempty" jsonschema:"format=date-time"`
}
