package schemas

import "encoding/json"

// Profile is what a traveller has told about himself. It is kept by maps rather
// than lists, so that a merge patch (RFC 7396) changes one membership, balance or
// itinerary and leaves the others alone.
type Profile struct {
	Memberships map[string]ProfileMembership `json:"memberships,omitempty" jsonschema:"maxProperties=100" jsonschema_description:"By program id, e.g. UA_MileagePlus or AMEX_MR_US."`
	Preferences *ProfilePreferences          `json:"preferences,omitempty"`
	Itineraries map[string]SavedItinerary    `json:"itineraries,omitempty" jsonschema:"maxProperties=100" jsonschema_description:"Saved trips by a name of the traveller's own."`
	Consent     *Consent                     `json:"consent,omitempty"`
}

// ProfileMembership is a traveller's standing in one program.
type ProfileMembership struct {
	Number        string                `json:"number,omitempty" jsonschema:"maxLength=40" jsonschema_description:"Membership number. No tool needs it: keep it only if the traveller asks for that."`
	Tier          string                `json:"tier,omitempty" jsonschema:"maxLength=60,example=Platinum" jsonschema_description:"Tier name; left out: no status."`
	TierExpires   string                `json:"tierExpires,omitempty" jsonschema:"format=date" jsonschema_description:"Last day of the tier."`
	Balance       *HeldBalance          `json:"balance,omitempty"`
	Metrics       map[string]HeldMetric `json:"metrics,omitempty" jsonschema:"maxProperties=20" jsonschema_description:"Elite-qualifying metrics earned so far, by metric, e.g. PQP."`
	Cards         []string              `json:"cards,omitempty" jsonschema:"maxItems=20" jsonschema_description:"Ids of co-branded cards held; resource loyalty://programs/{id} lists them."`
	EarningChoice string                `json:"earningChoice,omitempty" jsonschema:"maxLength=60" jsonschema_description:"The way of earning the member chose, in programs that offer one."`
}

// HeldBalance is how many points a traveller had on a day.
type HeldBalance struct {
	Amount  int64  `json:"amount" jsonschema:"minimum=0,maximum=100000000" jsonschema_description:"Whole points."`
	AsOf    string `json:"asOf" jsonschema:"format=date" jsonschema_description:"Day on which the traveller saw it."`
	Expires string `json:"expires,omitempty" jsonschema:"format=date" jsonschema_description:"Day on which the points expire."`
}

// HeldMetric is how much of an elite-qualifying metric a traveller had on a day.
type HeldMetric struct {
	Amount int64  `json:"amount" jsonschema:"minimum=0,maximum=100000000"`
	AsOf   string `json:"asOf" jsonschema:"format=date"`
}

// ProfilePreferences are how a traveller likes to fly and counts.
type ProfilePreferences struct {
	HomeAirport   string             `json:"homeAirport,omitempty" jsonschema:"pattern=^[A-Z]{3}$,example=SFO" jsonschema_description:"IATA airport or city code."`
	Alliances     []string           `json:"alliances,omitempty" jsonschema:"maxItems=3" jsonschema_description:"oneworld, SkyTeam, StarAlliance."`
	Cabins        []string           `json:"cabins,omitempty" jsonschema:"maxItems=4,enum=economy,enum=premiumEconomy,enum=business,enum=first"`
	CentsPerPoint map[string]Decimal `json:"centsPerPoint,omitempty" jsonschema:"maxProperties=100" jsonschema_description:"The traveller's own valuation in US cents by program id."`
}

// SavedItinerary is a trip that a traveller keeps.
type SavedItinerary struct {
	Segments []Segment `json:"segments" jsonschema:"minItems=1,maxItems=24"`
	Fare     *Fare     `json:"fare,omitempty"`
}

// Consent is what a traveller allows to be kept beyond the profile itself. What is
// not allowed is not kept.
type Consent struct {
	BalanceHistory bool `json:"balanceHistory,omitempty" jsonschema_description:"Keep past balances."`
	Conversations  bool `json:"conversations,omitempty" jsonschema_description:"Keep conversations with the assistant."`
}

// BalanceEntry is a past balance.
type BalanceEntry struct {
	Program    string `json:"program"`
	Amount     int64  `json:"amount"`
	AsOf       string `json:"asOf" jsonschema:"format=date"`
	RecordedAt string `json:"recordedAt" jsonschema:"format=date-time"`
}

// ProfileChange is one value of a profile that changed. A list counts as one value.
type ProfileChange struct {
	Path   string          `json:"path" jsonschema:"example=memberships.UA_MileagePlus.balance.amount"`
	Before json.RawMessage `json:"before,omitempty" jsonschema_description:"Left out: there was none."`
	After  json.RawMessage `json:"after,omitempty" jsonschema_description:"Left out: it is gone."`
}
