package schemas

// EarningsQuestion is the input of calculate_flight_earnings.
type EarningsQuestion struct {
	Segments    []Segment    `json:"segments" jsonschema:"minItems=1,maxItems=24" jsonschema_description:"The flights in order of travel, one for each flight number."`
	Fare        *Fare        `json:"fare,omitempty" jsonschema_description:"What the whole ticket cost. Programs that earn on spend need it."`
	Programs    []string     `json:"programs,omitempty" jsonschema:"maxItems=60" jsonschema_description:"Program ids, e.g. AA_AAdvantage. Leave out for every program that can earn on these carriers."`
	Memberships []Membership `json:"memberships,omitempty" jsonschema:"maxItems=60" jsonschema_description:"The traveller's memberships. Left out: as the traveller's profile says; [] for none. A program that is not listed is computed for a member without status or card."`
}

// Segment is one flight.
type Segment struct {
	MarketingCarrier string `json:"marketingCarrier" jsonschema:"example=AA" jsonschema_description:"IATA code of the carrier in the flight number."`
	OperatingCarrier string `json:"operatingCarrier,omitempty" jsonschema:"example=BA" jsonschema_description:"IATA code of the carrier that flies. Default: the marketing carrier."`
	FlightNumber     string `json:"flightNumber,omitempty" jsonschema:"maxLength=8,example=AA100"`
	Origin           string `json:"origin" jsonschema:"example=JFK" jsonschema_description:"IATA airport code."`
	Destination      string `json:"destination" jsonschema:"example=LHR" jsonschema_description:"IATA airport code."`
	BookingClass     string `json:"bookingClass" jsonschema:"pattern=^[A-Za-z]$,example=J" jsonschema_description:"One letter: the booking class (fare class) of this flight."`
	FareBrand        string `json:"fareBrand,omitempty" jsonschema:"maxLength=40,example=Basic Economy" jsonschema_description:"Name of the fare product, where a program earns by it."`
	Cabin            string `json:"cabin,omitempty" jsonschema:"enum=economy,enum=premiumEconomy,enum=business,enum=first"`
	DepartureDate    string `json:"departureDate,omitempty" jsonschema:"format=date,example=2026-12-10" jsonschema_description:"ISO 8601 date. Default: today. Decides which rules are in force."`
}

// Fare is the price of the whole ticket.
type Fare struct {
	Base              Decimal            `json:"base" jsonschema:"minimum=0,maximum=1000000000" jsonschema_description:"Base fare of the whole ticket, without taxes and surcharges."`
	CarrierSurcharges *Decimal           `json:"carrierSurcharges,omitempty" jsonschema:"minimum=0,maximum=1000000000" jsonschema_description:"Carrier-imposed surcharges (YQ, YR). Default 0."`
	Taxes             *Decimal           `json:"taxes,omitempty" jsonschema:"minimum=0,maximum=1000000000" jsonschema_description:"Taxes and airport fees; no program earns on them."`
	Currency          string             `json:"currency" jsonschema:"pattern=^[A-Za-z]{3}$,example=USD" jsonschema_description:"ISO 4217 code."`
	TicketingCarrier  string             `json:"ticketingCarrier,omitempty" jsonschema:"example=AA" jsonschema_description:"IATA code of the carrier whose ticket stock it is. Default: the first marketing carrier."`
	BookedOn          string             `json:"bookedOn,omitempty" jsonschema:"format=date" jsonschema_description:"Day of purchase. Some rules go by it."`
	ExchangeRates     map[string]Decimal `json:"exchangeRates,omitempty" jsonschema_description:"Units of a currency for one unit of the fare's currency, e.g. {\"GBP\": 0.79}. Overrides the bundled dated rates."`
}

// Membership is the traveller's standing in a program.
type Membership struct {
	Program       string   `json:"program" jsonschema:"example=AA_AAdvantage"`
	Tier          string   `json:"tier,omitempty" jsonschema:"example=Platinum" jsonschema_description:"Tier name. Default: no status."`
	Cards         []string `json:"cards,omitempty" jsonschema:"maxItems=20" jsonschema_description:"Ids of co-branded cards that raise what flights earn; resource loyalty://programs/{id} lists them."`
	EarningChoice string   `json:"earningChoice,omitempty" jsonschema_description:"The way of earning the member chose, in programs that offer one."`
}

// EarningsAnswer is the output of calculate_flight_earnings.
type EarningsAnswer struct {
	Options     []EarningOption `json:"options" jsonschema_description:"One for each program whose amount is known, largest redeemable amount first. Units of different programs are not worth the same."`
	Unanswered  []Unanswered    `json:"unanswered" jsonschema_description:"Programs whose amount is not known, and why. Not the same as earning nothing."`
	FromProfile []string        `json:"fromProfile,omitempty" jsonschema_description:"What the question left out and was taken from the traveller's profile."`
	Warnings    []string        `json:"warnings"`
}

// EarningOption is what the flights earn in one program.
type EarningOption struct {
	Program      string           `json:"program"`
	ProgramName  string           `json:"programName"`
	Redeemable   Amount           `json:"redeemable"`
	EliteMetrics []MetricAmount   `json:"eliteMetrics"`
	Segments     []SegmentEarning `json:"segments"`
	Sources      []CitedSource    `json:"sources"`
	Warnings     []string         `json:"warnings"`
}

// Amount is a whole number of a program's units.
type Amount struct {
	Amount int64  `json:"amount"`
	Unit   string `json:"unit"`
}

// MetricAmount is what counts towards status.
type MetricAmount struct {
	Metric string `json:"metric"`
	Amount int64  `json:"amount"`
}

// SegmentEarning is one flight's part of an option.
type SegmentEarning struct {
	Origin        string         `json:"origin"`
	Destination   string         `json:"destination"`
	DistanceMiles int            `json:"distanceMiles" jsonschema_description:"Statute miles: geodesic, or the program's own figure, as notes say."`
	RuleID        string         `json:"ruleId"`
	Redeemable    int64          `json:"redeemable"`
	EliteMetrics  []MetricAmount `json:"eliteMetrics"`
	Notes         []string       `json:"notes" jsonschema_description:"The arithmetic, line by line."`
}

// Unanswered names a program that could not be computed.
type Unanswered struct {
	Program string `json:"program"`
	Reason  string `json:"reason"`
}

// CitedSource is a source as answers cite it.
type CitedSource struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	URL   string `json:"url,omitempty"`
	AsOf  string `json:"asOf"`
}
