package schemas

import (
	"encoding/json"

	"github.com/invopop/jsonschema"
)

// ProfileQuestion is the input of get_user_profile and export_user_profile.
type ProfileQuestion struct{}

// ProfileAnswer is the output of get_user_profile.
type ProfileAnswer struct {
	Profile   Profile  `json:"profile"`
	Version   int64    `json:"version" jsonschema_description:"Give it to update_user_profile. 0: nothing is stored."`
	UpdatedAt string   `json:"updatedAt,omitempty" jsonschema:"format=date-time"`
	Warnings  []string `json:"warnings"`
}

// ProfileUpdate is the input of update_user_profile.
type ProfileUpdate struct {
	Version int64      `json:"version" jsonschema:"minimum=0" jsonschema_description:"Of the profile that the patch was made for, as get_user_profile gave it; 0 for the first."`
	Patch   MergePatch `json:"patch" jsonschema_description:"JSON merge patch (RFC 7396) of the profile: what is given replaces what is there, null removes it, all else stays."`
}

// MergePatch is a JSON object that the schema of what it patches judges, once it
// is merged.
type MergePatch struct{ json.RawMessage }

// JSONSchema says no more than that it is an object: null may stand anywhere in it.
func (MergePatch) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "object"} }

// ProfileUpdated is the output of update_user_profile.
type ProfileUpdated struct {
	Version   int64           `json:"version"`
	UpdatedAt string          `json:"updatedAt,omitempty" jsonschema:"format=date-time"`
	Changes   []ProfileChange `json:"changes" jsonschema_description:"Every value that changed; none if the patch changed nothing."`
	Warnings  []string        `json:"warnings"`
}

// ProfileExport is the output of export_user_profile: everything that is held.
type ProfileExport struct {
	ExportedAt     string         `json:"exportedAt" jsonschema:"format=date-time"`
	Profile        WholeProfile   `json:"profile" jsonschema_description:"In the form that get_user_profile gives."`
	Version        int64          `json:"version"`
	UpdatedAt      string         `json:"updatedAt,omitempty" jsonschema:"format=date-time"`
	BalanceHistory []BalanceEntry `json:"balanceHistory" jsonschema_description:"Past balances, oldest first; kept only with consent."`
}

// WholeProfile is a Profile whose schema is not told again: a model that lists
// the tools reads it once.
type WholeProfile Profile

// JSONSchema says no more than that it is an object.
func (WholeProfile) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "object"} }

// ProfileDeletion is the input of delete_user_profile.
type ProfileDeletion struct {
	Confirm bool `json:"confirm" jsonschema_description:"true, once the traveller has said so: what is erased cannot be brought back."`
}

// ProfileReceipt is the output of delete_user_profile.
type ProfileReceipt struct {
	ReceiptID      string `json:"receiptId" jsonschema_description:"Stands in the audit log too."`
	DeletedAt      string `json:"deletedAt" jsonschema:"format=date-time"`
	Profiles       int    `json:"profiles" jsonschema_description:"How many profiles were erased: 1, or 0 if there was none."`
	BalanceEntries int    `json:"balanceEntries" jsonschema_description:"How many past balances were erased."`
	Verified       bool   `json:"verified" jsonschema_description:"The store was read again and holds nothing of the traveller."`
}
