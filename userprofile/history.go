package userprofile

import (
	"maps"
	"slices"
	"time"

	"loyalty-mcp/schemas"
)

func keepsHistory(p schemas.Profile) bool { return p.Consent != nil && p.Consent.BalanceHistory }

// BalanceHistory is what a change of a profile adds to the history: each balance
// as it was told, when its amount or its day is new. When the consent is new, so
// are all balances. Without consent there is nothing to add.
func BalanceHistory(before, after schemas.Profile, at time.Time) []schemas.BalanceEntry {
	if !keepsHistory(after) {
		return nil
	}
	var entries []schemas.BalanceEntry
	for _, program := range slices.Sorted(maps.Keys(after.Memberships)) {
		balance, known := after.Memberships[program].Balance, before.Memberships[program].Balance
		if balance == nil || keepsHistory(before) && known != nil && known.Amount == balance.Amount && known.AsOf == balance.AsOf {
			continue
		}
		entries = append(entries, schemas.BalanceEntry{Program: program, Amount: balance.Amount, AsOf: balance.AsOf,
			RecordedAt: at.UTC().Format(time.RFC3339)})
	}
	return entries
}
