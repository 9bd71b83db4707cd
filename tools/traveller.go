package tools

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"loyalty-mcp/internal/audit"
	"loyalty-mcp/internal/earnings"
	"loyalty-mcp/internal/identity"
	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
	"loyalty-mcp/userprofile"
)

// profileWithin is how long an answer waits for the profile that would complete
// its question: it is right without one, so a slow store must not hold it up.
const profileWithin = 2 * time.Second

// travellers completes questions from their callers' profiles.
type travellers struct {
	store userprofile.Store // nil: no profiles are kept
	audit audit.Recorder
	now   func() time.Time
	log   *slog.Logger
}

// taken is what a question got from its caller's profile.
type taken struct {
	profile  *schemas.Profile
	facts    *kg.Facts
	today    string
	said     []string // for the answer's fromProfile
	warnings []string
}

// from reads the caller's profile; nil if there is nothing to take.
func (t *travellers) from(ctx context.Context, books *books) (*taken, error) {
	caller, known := identity.From(ctx)
	if t.store == nil || !known || !caller.May(identity.ProfileRead) {
		return &taken{}, nil
	}
	facts, err := books.catalog.Facts(ctx)
	if err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, profileWithin)
	defer cancel()
	var stored userprofile.Stored
	if err = record(ctx, t.audit, "profile.use"); err == nil {
		stored, err = t.store.Get(within, caller.Subject)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		t.log.WarnContext(ctx, "a profile could not be read", "error", err)
		return &taken{warnings: []string{"your profile could not be read, so nothing was taken from it"}}, nil
	}
	return &taken{profile: &stored.Profile, facts: facts, today: t.now().UTC().Format(time.DateOnly)}, nil
}

// memberships are those of programs that flights earn in.
func (k *taken) memberships() []schemas.Membership {
	if k.profile == nil {
		return nil
	}
	var list []schemas.Membership
	for _, id := range slices.Sorted(maps.Keys(k.profile.Memberships)) {
		held := k.profile.Memberships[id]
		facts := k.facts.Programs[id]
		if facts == nil || len(facts.Program.Tiers) == 0 {
			continue // a bank's or a hotel's, or no longer on file
		}
		m := schemas.Membership{Program: id, Tier: held.Tier, EarningChoice: held.EarningChoice}
		p := facts.Program
		if held.Tier != "" && held.TierExpires != "" && held.TierExpires < k.today {
			k.warn("your profile's %s in %s ended on %s and was left out", held.Tier, id, held.TierExpires)
			m.Tier = ""
		}
		if m.Tier != "" && !slices.ContainsFunc(p.Tiers, func(t schemas.Tier) bool { return strings.EqualFold(t.Name, m.Tier) }) {
			k.warn("your profile's tier %q is not one of %s that is on file, and was left out", held.Tier, id)
			m.Tier = ""
		}
		for _, card := range held.Cards {
			if slices.ContainsFunc(p.Cards, func(c schemas.Card) bool { return c.ID == card }) {
				m.Cards = append(m.Cards, card)
			}
		}
		if !slices.ContainsFunc(p.EarningChoices, func(c schemas.EarningChoice) bool { return c.ID == m.EarningChoice }) {
			m.EarningChoice = ""
		}
		if m.Tier == "" && len(m.Cards) == 0 && m.EarningChoice == "" {
			continue // what a member without status gets, as without a membership
		}
		text := id
		for _, part := range append([]string{m.Tier, m.EarningChoice}, m.Cards...) {
			if part != "" {
				text += ", " + part
			}
		}
		k.say("membership: %s", text)
		list = append(list, m)
	}
	return list
}

// balances are those that have not expired.
func (k *taken) balances() []schemas.Balance {
	if k.profile == nil {
		return nil
	}
	var list []schemas.Balance
	for _, id := range slices.Sorted(maps.Keys(k.profile.Memberships)) {
		held := k.profile.Memberships[id].Balance
		if held == nil || k.facts.Programs[id] == nil {
			continue
		}
		if held.Expires != "" && held.Expires < k.today {
			k.warn("your profile's balance in %s expired on %s and was left out", id, held.Expires)
			continue
		}
		k.say("balance: %s %d, as of %s", id, held.Amount, held.AsOf)
		list = append(list, schemas.Balance{Program: id, Amount: held.Amount})
	}
	return list
}

// worth is the traveller's own valuation.
func (k *taken) worth() map[string]schemas.Decimal {
	if k.profile == nil || k.profile.Preferences == nil {
		return nil
	}
	own := map[string]schemas.Decimal{}
	for _, id := range slices.Sorted(maps.Keys(k.profile.Preferences.CentsPerPoint)) {
		if k.facts.Programs[id] != nil {
			own[id] = k.profile.Preferences.CentsPerPoint[id]
			k.say("valuation: %s %s cents a point", id, own[id])
		}
	}
	return own
}

// standing is what was earned towards status in the qualification year that is now.
func (k *taken) standing() []schemas.Standing {
	if k.profile == nil {
		return nil
	}
	var list []schemas.Standing
	for _, id := range slices.Sorted(maps.Keys(k.profile.Memberships)) {
		facts := k.facts.Programs[id]
		if facts == nil || len(facts.Program.Tiers) == 0 {
			continue
		}
		from, _ := earnings.YearOf(facts.Program.QualificationYear, k.today)
		s := schemas.Standing{Program: id}
		metrics := k.profile.Memberships[id].Metrics
		for _, metric := range slices.Sorted(maps.Keys(metrics)) {
			held := metrics[metric]
			switch {
			case from == "" && kg.OlderThan(held.AsOf, k.today, 365), held.AsOf < from:
				k.warn("your profile's %s in %s is of %s, before the present qualification year, and was left out", metric, id, held.AsOf)
				continue
			case from == "":
				k.warn("your profile's %s in %s is of %s: whether that is in the present qualification year is not known", metric, id, held.AsOf)
			}
			k.say("standing: %s %d %s, as of %s", id, held.Amount, metric, held.AsOf)
			s.Metrics = append(s.Metrics, schemas.MetricAmount{Metric: metric, Amount: held.Amount})
		}
		if len(s.Metrics) > 0 {
			list = append(list, s)
		}
	}
	return list
}

func (k *taken) say(format string, a ...any) { k.said = append(k.said, fmt.Sprintf(format, a...)) }
func (k *taken) warn(format string, a ...any) {
	k.warnings = append(k.warnings, fmt.Sprintf(format, a...))
}
