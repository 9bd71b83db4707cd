package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loyalty-mcp/internal/identity"
	"loyalty-mcp/kg"
	"loyalty-mcp/kg/bundle/bundletest"
	"loyalty-mcp/schemas"
	"loyalty-mcp/tools"
	"loyalty-mcp/userprofile"
	"loyalty-mcp/userprofile/embedded"
)

// profiled is a registry with a store of profiles, which tests may replace.
func profiled(t testing.TB, store userprofile.Store) tools.Registry {
	t.Helper()
	if store == nil {
		opened, err := embedded.Open(t.Context(), filepath.Join(t.TempDir(), "profiles.db"), now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { opened.Close() })
		store = opened
	}
	ids := 0
	return tools.New(kg.NewCatalog(bundletest.Store(t)), tools.Options{Now: now, Profiles: store,
		NewID: func() string { ids++; return fmt.Sprintf("id-%d", ids) }})
}

func ask[Out any](t testing.TB, ctx context.Context, r tools.Registry, name, arguments string) *Out {
	t.Helper()
	text, err := tool(t, r, name).Call(ctx, json.RawMessage(arguments))
	if err != nil {
		t.Fatalf("%s %s: %v", name, arguments, err)
	}
	out := new(Out)
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func refused(t testing.TB, ctx context.Context, r tools.Registry, name, arguments string) *tools.Error {
	t.Helper()
	_, err := tool(t, r, name).Call(ctx, json.RawMessage(arguments))
	wrong, ok := errors.AsType[*tools.Error](err)
	if !ok {
		t.Fatalf("%s %s: %v, want an *Error", name, arguments, err)
	}
	return wrong
}

// TestProfileLife follows a profile from nothing to nothing.
func TestProfileLife(t *testing.T) {
	r := profiled(t, nil)
	if got := ask[schemas.ProfileAnswer](t, local, r, "get_user_profile", `{}`); got.Version != 0 || got.UpdatedAt != "" {
		t.Errorf("a new caller has %+v", got)
	}
	first := ask[schemas.ProfileUpdated](t, local, r, "update_user_profile", `{"version":0,"patch":{"consent":{"balanceHistory":true},
		"memberships":{"UA_MileagePlus":{"tier":"Premier Gold","balance":{"amount":52000,"asOf":"2026-11-01"}},"CHASE_UR":{"balance":{"amount":80000,"asOf":"2026-11-01"}}}}}`)
	if first.Version != 1 || len(first.Changes) != 6 {
		t.Errorf("first: version %d, changes %+v", first.Version, first.Changes)
	}
	second := ask[schemas.ProfileUpdated](t, local, r, "update_user_profile",
		`{"version":1,"patch":{"memberships":{"UA_MileagePlus":{"balance":{"amount":60000,"asOf":"2026-11-20"}},"CHASE_UR":null}}}`)
	if got := ask[schemas.ProfileAnswer](t, local, r, "get_user_profile", `{}`); second.Version != 2 || got.Version != 2 ||
		got.Profile.Memberships["UA_MileagePlus"].Tier != "Premier Gold" || len(got.Profile.Memberships) != 1 {
		t.Errorf("second: %+v, now %+v", second, got)
	}
	if same := ask[schemas.ProfileUpdated](t, local, r, "update_user_profile", `{"version":2,"patch":{"memberships":{"CHASE_UR":null}}}`); same.Version != 2 || len(same.Changes) != 0 {
		t.Errorf("a patch that changes nothing: %+v", same)
	}
	export := ask[schemas.ProfileExport](t, local, r, "export_user_profile", `{}`)
	var amounts []int64
	for _, e := range export.BalanceHistory {
		amounts = append(amounts, e.Amount)
	}
	slices.Sort(amounts)
	if export.Version != 2 || !slices.Equal(amounts, []int64{52000, 60000, 80000}) {
		t.Errorf("the export has version %d, balances %v", export.Version, amounts)
	}
	receipt := ask[schemas.ProfileReceipt](t, local, r, "delete_user_profile", `{"confirm":true}`)
	if receipt.Profiles != 1 || receipt.BalanceEntries != 3 || !receipt.Verified || receipt.ReceiptID == "" {
		t.Errorf("receipt %+v", receipt)
	}
	if got := ask[schemas.ProfileExport](t, local, r, "export_user_profile", `{}`); got.Version != 0 || len(got.BalanceHistory) != 0 {
		t.Errorf("after the erasure there is %+v", got)
	}
}

func TestProfileRefusals(t *testing.T) {
	r := profiled(t, nil)
	ask[schemas.ProfileUpdated](t, local, r, "update_user_profile", `{"version":0,"patch":{"memberships":{"UA_MileagePlus":{"tier":"Premier Gold"}}}}`)
	for name, test := range map[string]struct{ arguments, code, field, says string }{
		"old version":      {`{"version":0,"patch":{"consent":{"balanceHistory":true}}}`, "version_conflict", "version", "version 1"},
		"unknown program":  {`{"version":1,"patch":{"memberships":{"UA_MileagePlu":{"tier":"Premier Gold"}}}}`, "unknown_value", "patch.memberships.UA_MileagePlu", "UA_MileagePlus"},
		"unknown tier":     {`{"version":1,"patch":{"memberships":{"UA_MileagePlus":{"tier":"Gold"}}}}`, "unknown_value", "patch.memberships.UA_MileagePlus.tier", "Premier Gold"},
		"unknown metric":   {`{"version":1,"patch":{"memberships":{"UA_MileagePlus":{"metrics":{"MQM":{"amount":1,"asOf":"2026-01-01"}}}}}}`, "unknown_value", "patch.memberships.UA_MileagePlus.metrics.MQM", "PQP"},
		"unknown card":     {`{"version":1,"patch":{"memberships":{"UA_MileagePlus":{"cards":["x"]}}}}`, "unknown_value", "patch.memberships.UA_MileagePlus.cards[0]", "card"},
		"unknown airport":  {`{"version":1,"patch":{"preferences":{"homeAirport":"QQX"}}}`, "unknown_value", "patch.preferences.homeAirport", "airport"},
		"unknown alliance": {`{"version":1,"patch":{"preferences":{"alliances":["oneWorld!"]}}}`, "unknown_value", "patch.preferences.alliances[0]", "oneworld"},
		"unknown field":    {`{"version":1,"patch":{"memberships":{"UA_MileagePlus":{"miles":1}}}}`, "unknown_field", "memberships.UA_MileagePlus.miles", "balance"},
		"negative balance": {`{"version":1,"patch":{"memberships":{"UA_MileagePlus":{"balance":{"amount":-1,"asOf":"2026-01-01"}}}}}`, "out_of_range", "memberships.UA_MileagePlus.balance.amount", "0"},
		"no version":       {`{"patch":{}}`, "missing_field", "version", "version"},
		"patch is a list":  {`{"version":1,"patch":[]}`, "wrong_type", "patch", "object"},
		"another's":        {`{"version":1,"patch":{},"subject":"bob"}`, "unknown_field", "subject", "subject"},
	} {
		if got := refused(t, local, r, "update_user_profile", test.arguments); got.Code != test.code || got.Field != test.field || !strings.Contains(got.Message, test.says) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := refused(t, local, r, "delete_user_profile", `{"confirm":false}`); got.Code != "not_allowed" {
		t.Errorf("unconfirmed: %+v", got)
	}
	if got := ask[schemas.ProfileAnswer](t, local, r, "get_user_profile", `{}`); got.Version != 1 {
		t.Errorf("refused updates left version %d", got.Version)
	}
	for _, name := range []string{"get_user_profile", "export_user_profile", "delete_user_profile", "update_user_profile"} {
		arguments := map[string]string{"delete_user_profile": `{"confirm":true}`, "update_user_profile": `{"version":0,"patch":{}}`}[name]
		if arguments == "" {
			arguments = `{}`
		}
		if _, err := tool(t, r, name).Call(t.Context(), json.RawMessage(arguments)); err == nil {
			t.Errorf("%s answers a call without a caller", name)
		}
	}
}

// TestQuestionsFromProfile: what a question leaves out comes from the caller's
// profile, is said, and is nobody else's.
func TestQuestionsFromProfile(t *testing.T) {
	r := profiled(t, nil)
	ask[schemas.ProfileUpdated](t, local, r, "update_user_profile", `{"version":0,"patch":{
		"preferences":{"centsPerPoint":{"CHASE_UR":1.5}},
		"memberships":{
		"AA_AAdvantage":{"tier":"Platinum","balance":{"amount":1000,"asOf":"2026-11-01"}},
		"UA_MileagePlus":{"tier":"Premier Gold","tierExpires":"2026-01-31","metrics":{"PQP":{"amount":4000,"asOf":"2026-11-01"},"PQF":{"amount":9,"asOf":"2025-11-01"}}},
		"CHASE_UR":{"balance":{"amount":90000,"asOf":"2026-11-01"}},
		"AF_FlyingBlue":{"balance":{"amount":7000,"asOf":"2024-01-01","expires":"2026-01-01"}}}}}`)
	flight := `{"segments":[{"marketingCarrier":"AA","origin":"JFK","destination":"LAX","bookingClass":"Y"}],"fare":{"base":500,"currency":"USD"},"programs":["AA_AAdvantage"]%s}`
	amount := func(ctx context.Context, more string) (int64, *schemas.EarningsAnswer) {
		answer := ask[schemas.EarningsAnswer](t, ctx, r, "calculate_flight_earnings", fmt.Sprintf(flight, more))
		if len(answer.Options) != 1 {
			t.Fatalf("%d options", len(answer.Options))
		}
		return answer.Options[0].Redeemable.Amount, answer
	}
	// AAdvantage pays 8 miles a dollar to a Platinum member and 5 to one without
	// status (its own tables; examples in internal/earnings/testdata/examples).
	if got, answer := amount(local, ""); got != 4000 || !slices.Contains(answer.FromProfile, "membership: AA_AAdvantage, Platinum") {
		t.Errorf("with the profile: %d, %v", got, answer.FromProfile)
	} else if !slices.ContainsFunc(answer.Warnings, func(w string) bool { return strings.Contains(w, "Premier Gold in UA_MileagePlus ended on 2026-01-31") }) {
		t.Errorf("warnings %v", answer.Warnings)
	}
	if got, answer := amount(local, `,"memberships":[]`); got != 2500 || len(answer.FromProfile) != 0 {
		t.Errorf("with none given: %d, %v", got, answer.FromProfile)
	}
	bob := identity.With(t.Context(), identity.Remote("https://issuer.example", "bob", []string{identity.LoyaltyRead, identity.ProfileRead}))
	if got, answer := amount(bob, ""); got != 2500 || len(answer.FromProfile) != 0 {
		t.Errorf("for another caller: %d, %v", got, answer.FromProfile)
	}
	plan := ask[schemas.TransferAnswer](t, local, r, "plan_points_transfers", `{"target":"AF_FlyingBlue","points":20000}`)
	if want := []string{"balance: AA_AAdvantage 1000, as of 2026-11-01", "balance: CHASE_UR 90000, as of 2026-11-01", "valuation: CHASE_UR 1.5 cents a point"}; !plan.Affordable || plan.OwnUsed != 0 || !slices.Equal(plan.FromProfile, want) {
		t.Errorf("plan from profile: %v, own %d, %v", plan.Affordable, plan.OwnUsed, plan.FromProfile)
	}
	if got := refused(t, bob, r, "plan_points_transfers", `{"target":"AF_FlyingBlue","points":20000}`); got.Code != "missing_field" || got.Field != "balances" {
		t.Errorf("without balances: %+v", got)
	}
	advice := ask[schemas.CreditingAnswer](t, local, r, "advise_crediting_program", `{"goal":{"program":"UA_MileagePlus","tier":"Premier Silver"},
		"itineraries":[{"segments":[{"marketingCarrier":"UA","origin":"SFO","destination":"EWR","bookingClass":"H","departureDate":"2026-12-01"}],"fare":{"base":400,"currency":"USD"}}]}`)
	if !slices.Contains(advice.FromProfile, "standing: UA_MileagePlus 4000 PQP, as of 2026-11-01") ||
		!slices.ContainsFunc(advice.Warnings, func(w string) bool { return strings.Contains(w, "PQF in UA_MileagePlus is of 2025-11-01") }) {
		t.Errorf("advice from profile: %v, warnings %v", advice.FromProfile, advice.Warnings)
	}
}

// broken is a store that cannot be reached.
type broken struct{ userprofile.Store }

func (broken) Get(context.Context, string) (userprofile.Stored, error) {
	return userprofile.Stored{}, fmt.Errorf("dial tcp 10.0.0.1:8000: %w", userprofile.ErrUnavailable)
}

// TestProfileStoreDown: the profile tools say so, the others answer without it.
func TestProfileStoreDown(t *testing.T) {
	r := profiled(t, broken{})
	if got := refused(t, local, r, "get_user_profile", `{}`); got.Code != "profile_unavailable" || strings.Contains(got.Message, "10.0.0.1") {
		t.Errorf("%+v", got)
	}
	answer := ask[schemas.EarningsAnswer](t, local, r, "calculate_flight_earnings",
		`{"segments":[{"marketingCarrier":"AA","origin":"JFK","destination":"LHR","bookingClass":"J"}],"programs":["BA_Club"]}`)
	if !slices.ContainsFunc(answer.Warnings, func(w string) bool { return strings.Contains(w, "profile could not be read") }) {
		t.Errorf("warnings %v", answer.Warnings)
	}
}
