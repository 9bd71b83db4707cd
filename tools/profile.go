package tools

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"loyalty-mcp/internal/audit"
	"loyalty-mcp/internal/identity"
	"loyalty-mcp/internal/nearest"
	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
	"loyalty-mcp/userprofile"
)

// profiles are the tools on the caller's own profile. No argument names a user:
// whose profile it is stands in the context alone.
type profiles struct {
	books *books
	store userprofile.Store
	audit audit.Recorder
	now   func() time.Time
	newID func() string
}

func (p *profiles) get() Tool {
	return define(Tool{
		Name: "get_user_profile", Title: "Get the traveller's profile", Scope: identity.ProfileRead,
		Description: `Returns what the traveller has told and asked to keep: memberships by program (tier, balance, metrics so far, cards), preferences, saved itineraries, consent, with the version that update_user_profile needs. Always the caller's own; takes no arguments.
The other tools take memberships and balances from it by themselves when a call leaves them out. Dates say when the traveller saw a number: ask before relying on old ones. An empty profile (version 0) means that nothing is kept, not that the traveller has no points.
Example: {}`,
		Hints: readOnly,
	}, func(ctx context.Context, _ *schemas.ProfileQuestion) (*schemas.ProfileAnswer, error) {
		stored, err := p.read(ctx, "profile.get")
		if err != nil {
			return nil, err
		}
		return &schemas.ProfileAnswer{Profile: stored.Profile, Version: stored.Version, UpdatedAt: stamp(stored.UpdatedAt), Warnings: []string{}}, nil
	})
}

func (p *profiles) update() Tool {
	return define(Tool{
		Name: "update_user_profile", Title: "Update the traveller's profile", Scope: identity.ProfileWrite,
		Description: `Changes the caller's own profile by a JSON merge patch (RFC 7396): what is given replaces what is there, null removes it, the rest stays. Answers with every value that changed, before and after. Write only what the traveller told you and wants kept; say what changed.
Needs version from get_user_profile (0 for a first profile); version_conflict means that it changed meanwhile: read it again, then patch that.
memberships.{program id}: tier, tierExpires, balance {amount, asOf, expires}, metrics.{metric} {amount, asOf}, cards, earningChoice, number. preferences: homeAirport, alliances, cabins, centsPerPoint. itineraries.{name}: segments, fare. consent: balanceHistory, conversations; past balances are kept only with it. Amounts are whole points; dates ISO 8601.
Example: {"version":0,"patch":{"memberships":{"UA_MileagePlus":{"tier":"Premier Gold","balance":{"amount":52000,"asOf":"2026-11-20"}},"CHASE_UR":{"balance":{"amount":80000,"asOf":"2026-11-20"}}}}}`,
		Hints: Hints{ReadOnly: false, Destructive: true, Idempotent: true, OpenWorld: false},
	}, func(ctx context.Context, q *schemas.ProfileUpdate) (*schemas.ProfileUpdated, error) {
		facts, err := p.books.catalog.Facts(ctx)
		if err != nil {
			return nil, err
		}
		current, err := p.read(ctx, "profile.update")
		if err != nil {
			return nil, err
		}
		if current.Version != q.Version {
			return nil, conflict(q.Version, current.Version)
		}
		next, changes, err := userprofile.Merge(current.Profile, q.Patch.RawMessage)
		if err != nil {
			return nil, err
		}
		if err := check(facts, &current.Profile, &next); err != nil {
			return nil, err
		}
		answer := &schemas.ProfileUpdated{Version: current.Version, UpdatedAt: stamp(current.UpdatedAt),
			Changes: changes, Warnings: p.books.warn([]string{})}
		if len(changes) == 0 {
			return answer, nil
		}
		caller, _ := identity.From(ctx)
		at := p.now().UTC()
		stored, err := p.store.Put(ctx, caller.Subject, userprofile.Write{ID: p.newID(), Version: current.Version, Profile: next,
			History: userprofile.BalanceHistory(current.Profile, next, at), At: at})
		if err != nil {
			return nil, unsure(err, q.Version)
		}
		answer.Version, answer.UpdatedAt = stored.Version, stamp(stored.UpdatedAt)
		return answer, nil
	})
}

func (p *profiles) export() Tool {
	return define(Tool{
		Name: "export_user_profile", Title: "Export everything held of the traveller", Scope: identity.ProfileRead,
		Description: `Returns everything that is held of the caller, machine-readable: the profile with its version and all past balances. For a traveller who asks what is stored or wants to take it along; for answering questions get_user_profile is shorter. Takes no arguments.
Example: {}`,
		Hints: readOnly,
	}, func(ctx context.Context, _ *schemas.ProfileQuestion) (*schemas.ProfileExport, error) {
		stored, err := p.read(ctx, "profile.export")
		if err != nil {
			return nil, err
		}
		caller, _ := identity.From(ctx)
		history, err := p.store.History(ctx, caller.Subject)
		if err != nil {
			return nil, unread(err)
		}
		if history == nil {
			history = []schemas.BalanceEntry{}
		}
		return &schemas.ProfileExport{ExportedAt: stamp(p.now()), Profile: schemas.WholeProfile(stored.Profile), Version: stored.Version,
			UpdatedAt: stamp(stored.UpdatedAt), BalanceHistory: history}, nil
	})
}

func (p *profiles) erase() Tool {
	return define(Tool{
		Name: "delete_user_profile", Title: "Erase everything held of the traveller", Scope: identity.ProfileWrite,
		Description: `Erases everything that is held of the caller, past balances included, reads again that nothing is left, and gives a receipt. It cannot be undone: call it only when the traveller has asked for exactly that and confirmed it; offer export_user_profile first. To remove one value use update_user_profile with null.
Example: {"confirm":true}`,
		Hints: Hints{ReadOnly: false, Destructive: true, Idempotent: true, OpenWorld: false},
	}, func(ctx context.Context, q *schemas.ProfileDeletion) (*schemas.ProfileReceipt, error) {
		if !q.Confirm {
			return nil, &Error{Code: "not_allowed", Field: "confirm", Given: "false", Allowed: []string{"true"},
				Message: "confirm must be true, once the traveller has said that everything is to be erased"}
		}
		caller, err := p.caller(ctx, "profile.delete")
		if err != nil {
			return nil, err
		}
		erased, err := p.store.Delete(ctx, caller.Subject)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", &Error{Code: "profile_unavailable",
				Message: "The erasure could not be finished, and some of what is held may be left. Try again: it goes on from there."}, err)
		}
		return &schemas.ProfileReceipt{ReceiptID: p.newID(), DeletedAt: stamp(p.now()), Profiles: erased.Profiles,
			BalanceEntries: erased.HistoryEntries, Verified: true}, nil
	})
}

// errNobody: a transport let a call through without finding out whose it is.
var errNobody = errors.New("the call has no caller")

// caller says whose profile it is, and puts on record that it is looked at.
func (p *profiles) caller(ctx context.Context, action string) (identity.Caller, error) {
	caller, known := identity.From(ctx)
	switch {
	case !known:
		return caller, errNobody
	case p.store == nil:
		return caller, &Error{Code: "profile_unavailable", Message: "This server keeps no profiles. Give memberships and balances with each call."}
	}
	return caller, record(ctx, p.audit, action)
}

// record puts an access on record; one that cannot be recorded must not happen.
func record(ctx context.Context, r audit.Recorder, action string) error {
	if r == nil {
		return nil
	}
	if err := r.Record(ctx, audit.Event{Action: action, Outcome: "begun"}); err != nil {
		return unread(err)
	}
	return nil
}

func (p *profiles) read(ctx context.Context, action string) (userprofile.Stored, error) {
	caller, err := p.caller(ctx, action)
	if err != nil {
		return userprofile.Stored{}, err
	}
	stored, err := p.store.Get(ctx, caller.Subject)
	if err != nil {
		return stored, unread(err)
	}
	return stored, nil
}

// unread is the failure of a question to the store.
func unread(err error) error {
	return fmt.Errorf("%w: %w", &Error{Code: "profile_unavailable",
		Message: "The profile could not be read. That does not mean that there is none: try again in a moment."}, err)
}

// unsure is the failure of a write.
func unsure(err error, version int64) error {
	if c, ok := errors.AsType[*userprofile.Conflict](err); ok {
		return conflict(version, c.Current.Version)
	}
	if wrong, ok := errors.AsType[*Error](err); ok {
		return wrong
	}
	return fmt.Errorf("%w: %w", &Error{Code: "profile_unavailable",
		Message: fmt.Sprintf("The profile store could not be reached, and whether the change was made is not known. Read the profile again: version %d means that it was not made.", version)}, err)
}

func conflict(given, current int64) *Error {
	return &Error{Code: "version_conflict", Field: "version", Given: fmt.Sprint(given), Allowed: []string{fmt.Sprint(current)},
		Message: fmt.Sprintf("version: the profile is at version %d by now, the patch was made for %d, so nothing was changed; read it with get_user_profile and patch that", current, given)}
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// check compares what changed with what is on file. What has not changed may be
// outdated by now; it hinders nobody from changing something else.
func check(facts *kg.Facts, before, after *schemas.Profile) error {
	for _, id := range slices.Sorted(maps.Keys(after.Memberships)) {
		held := after.Memberships[id]
		was, there := before.Memberships[id]
		field := "patch.memberships." + id
		known := facts.Programs[id]
		if known == nil {
			if there {
				continue
			}
			ids := slices.Sorted(maps.Keys(facts.Programs))
			return unknownIn(field, id, "program id", nearest.Of(id, ids, func(id string) []string { return []string{id, facts.Programs[id].Program.Name} }))
		}
		p := known.Program
		if held.Tier != "" && held.Tier != was.Tier && len(p.Tiers) > 0 {
			var names []string
			for _, t := range p.Tiers {
				names = append(names, t.Name)
			}
			if !slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, held.Tier) }) {
				return unknownIn(field+".tier", held.Tier, p.Name+" tier", names)
			}
		}
		var cards, choices, metrics []string
		for _, c := range p.Cards {
			cards = append(cards, c.ID)
		}
		for _, c := range p.EarningChoices {
			choices = append(choices, c.ID)
		}
		for _, m := range p.Metrics {
			metrics = append(metrics, m.Code)
		}
		for i, card := range held.Cards {
			if !slices.Contains(was.Cards, card) && !slices.Contains(cards, card) {
				return unknownIn(fmt.Sprintf("%s.cards[%d]", field, i), card, p.Name+" card that changes what flights earn", cards)
			}
		}
		if held.EarningChoice != "" && held.EarningChoice != was.EarningChoice && !slices.Contains(choices, held.EarningChoice) {
			return unknownIn(field+".earningChoice", held.EarningChoice, p.Name+" way of earning", choices)
		}
		for _, metric := range slices.Sorted(maps.Keys(held.Metrics)) {
			if _, there := was.Metrics[metric]; !there && len(metrics) > 0 && !slices.Contains(metrics, metric) {
				return unknownIn(field+".metrics."+metric, metric, p.Name+" metric", metrics)
			}
		}
	}
	if after.Preferences == nil {
		return nil
	}
	was := before.Preferences
	if was == nil {
		was = &schemas.ProfilePreferences{}
	}
	if home := after.Preferences.HomeAirport; home != "" && home != was.HomeAirport && facts.Airports[home] == nil && facts.Cities[home] == nil {
		return unknownIn("patch.preferences.homeAirport", home, "airport or city code", nearest.Of(home, slices.Sorted(maps.Keys(facts.Airports)), nil))
	}
	for i, alliance := range after.Preferences.Alliances {
		if !slices.Contains(was.Alliances, alliance) && facts.Alliances[alliance] == nil {
			return unknownIn(fmt.Sprintf("patch.preferences.alliances[%d]", i), alliance, "alliance", slices.Sorted(maps.Keys(facts.Alliances)))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(after.Preferences.CentsPerPoint)) {
		if _, there := was.CentsPerPoint[id]; !there && facts.Programs[id] == nil {
			return unknownIn("patch.preferences.centsPerPoint."+id, id, "program id", nearest.Of(id, slices.Sorted(maps.Keys(facts.Programs)), nil))
		}
	}
	return nil
}

func unknownIn(field, given, what string, allowed []string) *Error {
	e := &Error{Code: "unknown_value", Field: field, Given: given, Allowed: allowed,
		Message: fmt.Sprintf("%s: %q is not a known %s", field, given, what)}
	if len(allowed) > 0 {
		e.Message += "; known: " + strings.Join(allowed, ", ")
	}
	return e
}
