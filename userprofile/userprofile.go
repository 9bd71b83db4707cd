// Package userprofile keeps what travellers have told about themselves: one
// profile a traveller, with a version that guards against lost updates, and the
// history of balances. A traveller is known by a subject, an opaque text that
// whoever authenticated him made; nothing else finds a profile.
//
// A Store only keeps rows. What may be kept, how large and for how long is said
// here, once, so that every store means the same by it.
package userprofile

import (
	"context"
	"errors"
	"time"

	"loyalty-mcp/schemas"
)

// Store keeps profiles. Everything in it is one traveller's: no question spans two.
// What has expired is never returned, even while it still lies in the store. A
// subject or a write that cannot be kept is refused with a *schemas.CallError
// before anything is written. No error holds anything that a traveller told.
type Store interface {
	// Get returns a traveller's profile. One who has none yet gets an empty one
	// of version 0.
	Get(ctx context.Context, subject string) (Stored, error)
	// Put replaces the profile, and adds to the history, if the stored version is
	// still w.Version. If it is not, the error is a *Conflict. A Put that was
	// tried twice with one w.ID, because its first answer was lost, is done once.
	// A profile whose consent does not allow a history leaves none behind.
	Put(ctx context.Context, subject string, w Write) (Stored, error)
	// History returns past balances, oldest first.
	History(ctx context.Context, subject string) ([]schemas.BalanceEntry, error)
	// Delete erases all that is held of a traveller, reads again that nothing is
	// left, and says what it erased. Deleting what is not there erases nothing.
	Delete(ctx context.Context, subject string) (Erased, error)
	// Close releases what the store holds.
	Close() error
}

// Stored is a profile as it stands in the store.
type Stored struct {
	Profile   schemas.Profile
	Version   int64 // 0: nothing is stored; goes up by one with each Put
	UpdatedAt time.Time
}

// Write is a change of a profile.
type Write struct {
	ID      string // of this change, unique
	Version int64  // that the change was made to
	Profile schemas.Profile
	History []schemas.BalanceEntry // to be added, if the profile's consent allows it
	At      time.Time              // kept in whole seconds
}

// Erased counts what was erased.
type Erased struct {
	Profiles       int
	HistoryEntries int
}

// Conflict is the failure of a Put because another one came first.
type Conflict struct{ Current Stored }

func (c *Conflict) Error() string { return "the profile has changed meanwhile" }

// ErrUnavailable: the store could not be reached. A Put may or may not have taken
// effect; trying it again with the same ID is safe.
var ErrUnavailable = errors.New("the profile store is not reachable")
