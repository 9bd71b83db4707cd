package schemas

// CreditingQuestion is the input of advise_crediting_program.
type CreditingQuestion struct {
	Itineraries []Itinerary  `json:"itineraries" jsonschema:"minItems=1,maxItems=20" jsonschema_description:"The trips, flown or planned, one for each ticket."`
	Goal        Goal         `json:"goal" jsonschema_description:"What to reach: program and tier, or an alliance status by any program."`
	Standing    []Standing   `json:"standing,omitempty" jsonschema:"maxItems=60" jsonschema_description:"What has been earned towards status already, in the present qualification year. Left out: as the traveller's profile says; [] for none. A program that is not listed starts from zero."`
	Memberships []Membership `json:"memberships,omitempty" jsonschema:"maxItems=60" jsonschema_description:"The traveller's tiers, cards and ways of earning. Left out: as the traveller's profile says; [] for none. A program that is not listed is computed for a member without status."`
	Programs    []string     `json:"programs,omitempty" jsonschema:"maxItems=60" jsonschema_description:"Programs to consider. Default: the goal's program, or all that grant the alliance status."`
}

// Itinerary is one ticket.
type Itinerary struct {
	Name     string    `json:"name,omitempty" jsonschema:"maxLength=60,example=Tokyo in May" jsonschema_description:"How the answer calls it. Default: its route."`
	Segments []Segment `json:"segments" jsonschema:"minItems=1,maxItems=24" jsonschema_description:"The flights in order of travel; give departureDate, it decides in which qualification year they count."`
	Fare     *Fare     `json:"fare,omitempty" jsonschema_description:"What the ticket cost. Programs that earn on spend need it."`
}

// Goal is a status.
type Goal struct {
	Program        string `json:"program,omitempty" jsonschema:"example=UA_MileagePlus"`
	Tier           string `json:"tier,omitempty" jsonschema:"example=Premier Gold"`
	AllianceStatus string `json:"allianceStatus,omitempty" jsonschema:"enum=oneworld Ruby,enum=oneworld Sapphire,enum=oneworld Emerald,enum=Star Alliance Silver,enum=Star Alliance Gold,enum=SkyTeam Elite,enum=SkyTeam Elite Plus" jsonschema_description:"Instead of program and tier: this status or a higher one of the same alliance."`
	By             string `json:"by,omitempty" jsonschema:"format=date" jsonschema_description:"Flights after this day do not count."`
}

// Standing is what a member has earned towards status so far.
type Standing struct {
	Program string         `json:"program" jsonschema:"example=UA_MileagePlus"`
	Metrics []MetricAmount `json:"metrics" jsonschema:"maxItems=10"`
	YearEnd string         `json:"yearEnd,omitempty" jsonschema:"format=date" jsonschema_description:"Last day of the member's qualification year, for programs that count over a year of the member's own."`
}

// CreditingAnswer is the output of advise_crediting_program.
type CreditingAnswer struct {
	Programs    []CreditingOption `json:"programs" jsonschema_description:"Best first: those that reach the goal, the earliest first; then those that come closest."`
	Table       []ItineraryRow    `json:"table" jsonschema_description:"Each itinerary against each program, side by side."`
	Unanswered  []Unanswered      `json:"unanswered" jsonschema_description:"Programs that cannot be judged, and why."`
	FromProfile []string          `json:"fromProfile,omitempty" jsonschema_description:"What the question left out and was taken from the traveller's profile."`
	Warnings    []string          `json:"warnings"`
}

// CreditingOption is how far one program takes the traveller.
type CreditingOption struct {
	Program      string         `json:"program"`
	ProgramName  string         `json:"programName"`
	Tier         string         `json:"tier" jsonschema_description:"The tier that is the goal here."`
	Outcome      string         `json:"outcome" jsonschema:"enum=already reached,enum=reached,enum=not reached,enum=not known" jsonschema_description:"already reached: by the standing alone. not known: not reached by what is known, but some itineraries' amounts are not known."`
	ReachedAfter string         `json:"reachedAfter,omitempty" jsonschema_description:"Name of the itinerary with which the goal is reached."`
	ReachedOn    string         `json:"reachedOn,omitempty" jsonschema_description:"Departure date of the flight with which it is reached."`
	Progress     []ProgressStep `json:"progress" jsonschema_description:"After each itinerary, in order of travel."`
	Missing      []Shortfall    `json:"missing" jsonschema_description:"What is missing at the end, for each alternative way to the tier; one of them is enough. Empty when reached."`
	// Redeemable is left out when no itinerary's amount is known: that is not zero.
	Redeemable *Amount         `json:"redeemable,omitempty" jsonschema_description:"What the itineraries whose amount is known earn on the side; left out when none is."`
	Values     []WorthEstimate `json:"values" jsonschema_description:"What publishers hold that to be worth."`
	Sources    []CitedSource   `json:"sources"`
	Warnings   []string        `json:"warnings"`
}

// ProgressStep is the state after an itinerary.
type ProgressStep struct {
	Itinerary string         `json:"itinerary"`
	YearEnd   string         `json:"yearEnd,omitempty" jsonschema_description:"Last day of the qualification year that is counted."`
	Metrics   []MetricAmount `json:"metrics" jsonschema_description:"Totals of that year so far."`
	Tier      string         `json:"tier" jsonschema_description:"The highest tier held or reached by then."`
	Note      string         `json:"note,omitempty"`
}

// Shortfall is what one way to a tier lacks.
type Shortfall struct {
	Metrics []MetricShortfall `json:"metrics"`
	Covers  string            `json:"covers,omitempty" jsonschema_description:"How many more trips like one of those given would cover it."`
}

// MetricShortfall is what one metric lacks.
type MetricShortfall struct {
	Metric  string `json:"metric"`
	Have    int64  `json:"have"`
	Need    int64  `json:"need"`
	Missing int64  `json:"missing"`
}

// WorthEstimate is an amount valued at a publisher's estimate.
type WorthEstimate struct {
	Publisher    string  `json:"publisher"`
	CentsPerUnit Decimal `json:"centsPerUnit" jsonschema_description:"US cents"`
	USD          Decimal `json:"usd"`
	AsOf         string  `json:"asOf"`
}

// ItineraryRow is one itinerary in every program.
type ItineraryRow struct {
	Itinerary string          `json:"itinerary"`
	Programs  []ItineraryCell `json:"programs"`
}

// ItineraryCell is what an itinerary earns in a program; Reason says why an
// amount is left out.
type ItineraryCell struct {
	Program      string         `json:"program"`
	Redeemable   *Amount        `json:"redeemable,omitempty"`
	EliteMetrics []MetricAmount `json:"eliteMetrics"`
	Reason       string         `json:"reason,omitempty"`
}
