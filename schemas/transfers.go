package schemas

// TransferQuestion is the input of plan_points_transfers.
type TransferQuestion struct {
	Target   string    `json:"target" jsonschema:"example=AF_FlyingBlue" jsonschema_description:"Program id in which the points are needed."`
	Points   int64     `json:"points" jsonschema:"minimum=1,maximum=100000000" jsonschema_description:"How many are needed there."`
	Balances []Balance `json:"balances,omitempty" jsonschema:"maxItems=60" jsonschema_description:"What the traveller has: bank points, hotel points, miles; the target's own balance as well. Left out: as the traveller's profile says."`
	Date     string    `json:"date,omitempty" jsonschema:"format=date" jsonschema_description:"Day of the transfer. Default: today. Decides which links and timed bonuses hold."`
	// CentsPerPoint is the traveller's own valuation, for all programs involved.
	CentsPerPoint map[string]Decimal `json:"centsPerPoint,omitempty" jsonschema_description:"The traveller's own valuation in US cents by program id. Default: the profile's, or the median of published valuations, where every program involved has any, else every point counts the same."`
}

// Balance is what a traveller has in a program.
type Balance struct {
	Program string `json:"program" jsonschema:"example=CHASE_UR"`
	Amount  int64  `json:"amount" jsonschema:"minimum=0,maximum=100000000"`
}

// TransferAnswer is the output of plan_points_transfers.
type TransferAnswer struct {
	Steps        []TransferStep `json:"steps" jsonschema_description:"In the order in which to make them. The target's own balance is used besides, see ownUsed."`
	OwnUsed      int64          `json:"ownUsed" jsonschema_description:"Points of the target's own balance that are used."`
	Affordable   bool           `json:"affordable"`
	Shortfall    int64          `json:"shortfall" jsonschema_description:"How many points of the target are missing even if everything is transferred."`
	Leftover     int64          `json:"leftover" jsonschema_description:"Points that stay in the target program because transfers go in steps."`
	Cost         TransferCost   `json:"cost" jsonschema_description:"What the traveller gives up. No plan gives up less, unless a warning says by how much one might (points may go over one link, or over two where their program has no link to the target)."`
	Alternatives []TransferPlan `json:"alternatives" jsonschema_description:"The cheapest plan from each balance alone, where one suffices and it is not the plan above."`
	Reason       string         `json:"reason,omitempty" jsonschema_description:"Why there is no plan."`
	Sources      []CitedSource  `json:"sources"`
	FromProfile  []string       `json:"fromProfile,omitempty" jsonschema_description:"What the question left out and was taken from the traveller's profile."`
	Warnings     []string       `json:"warnings"`
}

// TransferStep is one transfer.
type TransferStep struct {
	From    string   `json:"from"`
	To      string   `json:"to"`
	Send    int64    `json:"send"`
	Receive int64    `json:"receive"`
	Ratio   string   `json:"ratio" jsonschema_description:"Points sent to points received, e.g. 5:4, with a timed or block bonus said."`
	Speed   string   `json:"speed,omitempty"`
	FeeUSD  *Decimal `json:"feeUSD,omitempty"`
}

// TransferCost values what is given up: points sent and own points used, and fees.
type TransferCost struct {
	Value  Decimal `json:"value"`
	Unit   string  `json:"unit" jsonschema:"enum=USD,enum=points"`
	Method string  `json:"method"`
}

// TransferPlan is another way.
type TransferPlan struct {
	Steps    []TransferStep `json:"steps"`
	OwnUsed  int64          `json:"ownUsed"`
	Leftover int64          `json:"leftover"`
	Cost     TransferCost   `json:"cost"`
}
