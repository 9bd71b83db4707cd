// Package userprofiletest is the conformance suite of userprofile.Store: every
// backend passes it.
package userprofiletest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loyalty-mcp/schemas"
	"loyalty-mcp/userprofile"
)

// Run tests the contract. Each call of open returns an empty store that tells the
// time by the given clock and that the suite closes.
func Run(t *testing.T, open func(t *testing.T, now func() time.Time) userprofile.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, fixture)
	}{
		{"empty", testEmpty},
		{"round trip", testRoundTrip},
		{"versions", testVersions},
		{"concurrent puts", testConcurrentPuts},
		{"the same write twice", testSameWrite},
		{"history", testHistory},
		{"most entries in a write", testMostEntries},
		{"history expires", testHistoryExpires},
		{"itineraries expire", testItinerariesExpire},
		{"profile expires", testProfileExpires},
		{"consent withdrawn", testConsentWithdrawn},
		{"delete", testDelete},
		{"delete during puts", testDeleteDuringPuts},
		{"subjects", testSubjects},
		{"refused writes", testRefusedWrites},
		{"large profile", testLarge},
		{"cancelled context", testCancelled},
		{"closed store", testClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := fixture{now: &clock{now: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)}}
			f.store = open(t, f.now.Now)
			defer func() {
				if err := f.store.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}()
			test.run(t, f)
		})
	}
}

type fixture struct {
	store userprofile.Store
	now   *clock
}

// clock is what the store takes for the time.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

func (f fixture) get(t testing.TB, subject string) userprofile.Stored {
	t.Helper()
	s, err := f.store.Get(t.Context(), subject)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return s
}

func (f fixture) history(t testing.TB, subject string) []schemas.BalanceEntry {
	t.Helper()
	h, err := f.store.History(t.Context(), subject)
	if err != nil {
		t.Fatalf("History: %v", err)
	}
	return h
}

// put writes on top of the version, with an id of its own.
func (f fixture) put(t testing.TB, subject string, version int64, p schemas.Profile, history ...schemas.BalanceEntry) userprofile.Stored {
	t.Helper()
	w := f.write(subject, version, p, history...)
	s, err := f.store.Put(t.Context(), subject, w)
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	if s.Version != version+1 {
		t.Fatalf("Put returned version %d on top of %d", s.Version, version)
	}
	return s
}

func (f fixture) write(subject string, version int64, p schemas.Profile, history ...schemas.BalanceEntry) userprofile.Write {
	return userprofile.Write{ID: fmt.Sprintf("write %d %d", version, f.now.Now().UnixNano()), Version: version, Profile: p, History: history, At: f.now.Now()}
}

// holding is a profile with a balance and leave to keep its history.
func holding(amount int64) schemas.Profile {
	return schemas.Profile{
		Memberships: map[string]schemas.ProfileMembership{"UA_MileagePlus": {Balance: &schemas.HeldBalance{Amount: amount, AsOf: "2026-11-20"}}},
		Consent:     &schemas.Consent{BalanceHistory: true},
	}
}

func (f fixture) entry(program string, amount int64) schemas.BalanceEntry {
	return schemas.BalanceEntry{Program: program, Amount: amount, AsOf: "2026-11-20", RecordedAt: f.now.Now().UTC().Format(time.RFC3339)}
}

// same compares as callers see it: as JSON, in which an empty map and none are alike.
func same(t testing.TB, got, want any) {
	t.Helper()
	var plain [2]any
	for i, v := range []any{got, want} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &plain[i]); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(plain[1], plain[0]); diff != "" {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
}

func sameHistory(t testing.TB, got []schemas.BalanceEntry, want ...schemas.BalanceEntry) {
	t.Helper()
	if diff := cmp.Diff(slices.Concat(want), slices.Concat(got)); diff != "" {
		t.Errorf("history differs (-want +got):\n%s", diff)
	}
}

func testEmpty(t *testing.T, f fixture) {
	same(t, f.get(t, "ann"), userprofile.Stored{})
	sameHistory(t, f.history(t, "ann"))
	erased, err := f.store.Delete(t.Context(), "ann")
	if err != nil || erased != (userprofile.Erased{}) {
		t.Errorf("Delete of nothing = %+v, %v", erased, err)
	}
}

// full is a profile that uses every field there is.
func full() schemas.Profile {
	decimal := func(s string) *schemas.Decimal { d := schemas.MustDecimal(s); return &d }
	return schemas.Profile{
		Memberships: map[string]schemas.ProfileMembership{
			"UA_MileagePlus": {
				Number: "AB <&> \u2028 123", Tier: "Premier Gold", TierExpires: "2027-01-31",
				Balance: &schemas.HeldBalance{Amount: 100_000_000, AsOf: "2026-11-20", Expires: "2028-05-20"},
				Metrics: map[string]schemas.HeldMetric{"PQP": {Amount: 8500, AsOf: "2026-11-20"}},
				Cards:   []string{"UA_Quest", "UA_Club"}, EarningChoice: "miles",
			},
			"AMEX_MR_US":         {},
			"プログラム#1|\x01 \"x\"": {Balance: &schemas.HeldBalance{AsOf: "2026-11-20"}},
		},
		Preferences: &schemas.ProfilePreferences{HomeAirport: "SFO", Alliances: []string{"StarAlliance"}, Cabins: []string{"business", "first"},
			CentsPerPoint: map[string]schemas.Decimal{"UA_MileagePlus": *decimal("1.2345678901234567"), "AMEX_MR_US": *decimal("0.1")}},
		Itineraries: map[string]schemas.SavedItinerary{"Tokyo 🗼 for two": {
			Segments: []schemas.Segment{{MarketingCarrier: "UA", OperatingCarrier: "NH", FlightNumber: "UA7911", Origin: "SFO", Destination: "HND",
				BookingClass: "J", FareBrand: "Business Flex", Cabin: "business", DepartureDate: "2027-03-01"}},
			Fare: &schemas.Fare{Base: *decimal("4321.09"), CarrierSurcharges: decimal("0.01"), Taxes: decimal("87.3"), Currency: "USD",
				TicketingCarrier: "UA", BookedOn: "2026-11-01", ExchangeRates: map[string]schemas.Decimal{"JPY": *decimal("151.23")}},
		}},
		Consent: &schemas.Consent{BalanceHistory: true, Conversations: true},
	}
}

// unused lists the fields of a value, and of what is in it, that are never set.
func unused(v reflect.Value, path string, set map[string]bool) {
	switch {
	case v.Type() == reflect.TypeFor[schemas.Decimal]():
	case v.Kind() == reflect.Pointer:
		if !v.IsNil() {
			unused(v.Elem(), path, set)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			field := path + "." + v.Type().Field(i).Name
			set[field] = set[field] || !v.Field(i).IsZero()
			unused(v.Field(i), field, set)
		}
	case v.Kind() == reflect.Map:
		for _, key := range v.MapKeys() {
			unused(v.MapIndex(key), path+"[]", set)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			unused(v.Index(i), path+"[]", set)
		}
	}
}

func testRoundTrip(t *testing.T, f fixture) {
	profile := full()
	set := map[string]bool{}
	unused(reflect.ValueOf(profile), "Profile", set)
	for field, used := range set {
		if !used {
			t.Errorf("the test's profile does not set %s", field)
		}
	}
	entry := f.entry("プログラム#1|\x01 \"x\"", 100_000_000)
	returned := f.put(t, "ann", 0, profile, entry)
	want := userprofile.Stored{Profile: profile, Version: 1, UpdatedAt: f.now.Now()}
	same(t, returned, want)
	got := f.get(t, "ann")
	same(t, got, want)
	if !got.UpdatedAt.Equal(want.UpdatedAt) {
		t.Errorf("UpdatedAt = %v, want %v", got.UpdatedAt, want.UpdatedAt)
	}
	sameHistory(t, f.history(t, "ann"), entry)
	// What it holds is replaced whole.
	f.put(t, "ann", 1, schemas.Profile{})
	same(t, f.get(t, "ann"), userprofile.Stored{Version: 2, UpdatedAt: f.now.Now()})
}

func testVersions(t *testing.T, f fixture) {
	first := f.put(t, "ann", 0, holding(1))
	f.now.Set(f.now.Now().Add(time.Hour))
	second := f.put(t, "ann", 1, holding(2))
	if !second.UpdatedAt.After(first.UpdatedAt) {
		t.Errorf("updated at %v, then at %v", first.UpdatedAt, second.UpdatedAt)
	}
	f.now.Set(f.now.Now().Add(time.Hour))
	for _, version := range []int64{0, 1, 3, 1 << 40} {
		w := f.write("ann", version, holding(3), f.entry("UA_MileagePlus", 3))
		_, err := f.store.Put(t.Context(), "ann", w)
		conflict, ok := errors.AsType[*userprofile.Conflict](err)
		if !ok {
			t.Fatalf("Put on top of version %d = %v, want a conflict", version, err)
		}
		same(t, conflict.Current, second)
	}
	same(t, f.get(t, "ann"), second)
	sameHistory(t, f.history(t, "ann"))

	// Nobody has a version 1 of what is not there.
	_, err := f.store.Put(t.Context(), "bob", f.write("bob", 1, holding(1)))
	conflict, ok := errors.AsType[*userprofile.Conflict](err)
	if !ok {
		t.Fatalf("Put on top of nothing = %v, want a conflict", err)
	}
	same(t, conflict.Current, userprofile.Stored{})
}

func testConcurrentPuts(t *testing.T, f fixture) {
	const writers, each = 8, 5
	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			for n := range each {
				for done := false; !done; {
					current, err := f.store.Get(t.Context(), "ann")
					if err != nil {
						t.Error(err)
						return
					}
					var amount int64 = 1
					if m, ok := current.Profile.Memberships["UA_MileagePlus"]; ok {
						amount += m.Balance.Amount
					}
					w := f.write("ann", current.Version, holding(amount), f.entry("UA_MileagePlus", amount))
					w.ID = fmt.Sprintf("writer %d write %d version %d", writer, n, current.Version)
					_, err = f.store.Put(t.Context(), "ann", w)
					if _, conflict := errors.AsType[*userprofile.Conflict](err); err != nil && !conflict {
						t.Error(err)
						return
					}
					done = err == nil
				}
			}
		})
	}
	group.Wait()
	got := f.get(t, "ann")
	if got.Version != writers*each || got.Profile.Memberships["UA_MileagePlus"].Balance.Amount != writers*each {
		t.Errorf("after %d increments: version %d, balance %d", writers*each, got.Version, got.Profile.Memberships["UA_MileagePlus"].Balance.Amount)
	}
	var want []schemas.BalanceEntry
	for n := range int64(writers * each) {
		want = append(want, f.entry("UA_MileagePlus", n+1))
	}
	sameHistory(t, f.history(t, "ann"), want...)
}

func testSameWrite(t *testing.T, f fixture) {
	w := f.write("ann", 0, holding(1), f.entry("UA_MileagePlus", 1))
	for range 3 {
		s, err := f.store.Put(t.Context(), "ann", w)
		if err != nil {
			t.Fatalf("Put: %v", err)
		}
		same(t, s, userprofile.Stored{Profile: holding(1), Version: 1, UpdatedAt: f.now.Now()})
	}
	sameHistory(t, f.history(t, "ann"), f.entry("UA_MileagePlus", 1))
	// Somebody who tries again reads the clock again.
	w.At = w.At.Add(time.Minute)
	if s, err := f.store.Put(t.Context(), "ann", w); err != nil || s.Version != 1 {
		t.Errorf("the same write a minute later = version %d, %v", s.Version, err)
	}
	// When another write came between, it stands.
	second := f.put(t, "ann", 1, holding(2), f.entry("UA_MileagePlus", 2))
	if s, err := f.store.Put(t.Context(), "ann", w); err == nil && s.Version != 1 {
		t.Errorf("the first write, after the second, returned version %d", s.Version)
	} else if _, conflict := errors.AsType[*userprofile.Conflict](err); err != nil && !conflict {
		t.Error(err)
	}
	same(t, f.get(t, "ann"), second)
	sameHistory(t, f.history(t, "ann"), f.entry("UA_MileagePlus", 1), f.entry("UA_MileagePlus", 2))
	// Its id means nothing to others.
	w.ID = "write of ann"
	f.put(t, "ann", 2, holding(3))
	if s, err := f.store.Put(t.Context(), "bob", w); err != nil || s.Version != 1 {
		t.Errorf("a write of bob = version %d, %v", s.Version, err)
	}
}

func testHistory(t *testing.T, f fixture) {
	start := f.now.Now()
	at := func(e schemas.BalanceEntry, recorded string) schemas.BalanceEntry {
		e.RecordedAt = recorded
		return e
	}
	a, z := f.entry("ZZ", 1), f.entry("AA", 2)
	f.put(t, "ann", 0, holding(1), a, z)
	// In the same second: after those.
	again := f.entry("AA", 3)
	f.put(t, "ann", 1, holding(1), again, again)
	// Recorded before, told later, and in another zone.
	f.put(t, "ann", 2, holding(1), at(f.entry("MM", 4), "2026-11-22T10:00:00+02:00"))
	f.now.Set(start.Add(time.Second))
	last := f.entry("AA", 5)
	f.put(t, "ann", 3, holding(1), last)
	f.put(t, "ann", 4, holding(1))
	sameHistory(t, f.history(t, "ann"), at(f.entry("MM", 4), "2026-11-22T08:00:00Z"), a, z, again, again, last)

	// Enough for several pages of any backend that pages.
	var want []schemas.BalanceEntry
	for version := range int64(12) {
		f.now.Set(f.now.Now().Add(time.Second))
		var entries []schemas.BalanceEntry
		for i := range int64(50) {
			entries = append(entries, f.entry(strings.Repeat("P", userprofile.MaxName), i))
		}
		f.put(t, "bob", version, holding(1), entries...)
		want = append(want, entries...)
	}
	sameHistory(t, f.history(t, "bob"), want...)
}

func testMostEntries(t *testing.T, f fixture) {
	entries := make([]schemas.BalanceEntry, userprofile.MaxEntries)
	for i := range entries {
		entries[i] = f.entry(fmt.Sprint("program ", i), int64(i))
	}
	f.put(t, "ann", 0, holding(1), entries...)
	sameHistory(t, f.history(t, "ann"), entries...)
	erased, err := f.store.Delete(t.Context(), "ann")
	if err != nil || erased != (userprofile.Erased{Profiles: 1, HistoryEntries: len(entries)}) {
		t.Errorf("Delete = %+v, %v", erased, err)
	}
}

func testHistoryExpires(t *testing.T, f fixture) {
	start := f.now.Now()
	first := f.entry("UA_MileagePlus", 1)
	f.put(t, "ann", 0, holding(1), first)
	f.now.Set(start.AddDate(2, 0, 0))
	second := f.entry("UA_MileagePlus", 2)
	f.put(t, "ann", 1, holding(2), second)

	f.now.Set(start.AddDate(3, 0, 0).Add(-time.Second))
	sameHistory(t, f.history(t, "ann"), first, second)
	f.now.Set(start.AddDate(3, 0, 0))
	sameHistory(t, f.history(t, "ann"), second)
	// An entry that is too old already is not taken.
	third := f.entry("UA_MileagePlus", 3)
	f.put(t, "ann", 2, holding(3), first, third)
	sameHistory(t, f.history(t, "ann"), second, third)
}

func testItinerariesExpire(t *testing.T, f fixture) {
	trip := func(days ...string) schemas.SavedItinerary {
		var s schemas.SavedItinerary
		for _, day := range days {
			s.Segments = append(s.Segments, schemas.Segment{MarketingCarrier: "UA", Origin: "SFO", Destination: "HND", BookingClass: "J", DepartureDate: day})
		}
		return s
	}
	with := func(trips map[string]schemas.SavedItinerary) schemas.Profile {
		return schemas.Profile{Itineraries: trips}
	}
	trips := map[string]schemas.SavedItinerary{
		"undated": trip(""), "past": trip("2025-11-22", "2025-11-01", ""), "return": trip("2025-11-01", "2025-11-23"), "future": trip("2027-01-01"),
	}
	returned := f.put(t, "ann", 0, with(trips))
	if len(trips) != 4 {
		t.Error("Put changed the caller's profile")
	}
	kept := map[string]schemas.SavedItinerary{"undated": trips["undated"], "return": trips["return"], "future": trips["future"]}
	same(t, returned.Profile, with(kept))
	same(t, f.get(t, "ann").Profile, with(kept))

	f.now.Set(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	delete(kept, "return")
	got := f.get(t, "ann")
	same(t, got.Profile, with(kept))
	if got.Version != 1 {
		t.Errorf("version %d after a trip expired, want 1", got.Version)
	}
	f.now.Set(time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC))
	_, err := f.store.Put(t.Context(), "ann", f.write("ann", 0, schemas.Profile{}))
	conflict, ok := errors.AsType[*userprofile.Conflict](err)
	if !ok {
		t.Fatalf("Put = %v, want a conflict", err)
	}
	same(t, conflict.Current.Profile, with(map[string]schemas.SavedItinerary{"undated": trips["undated"]}))
}

func testProfileExpires(t *testing.T, f fixture) {
	start := f.now.Now()
	f.put(t, "ann", 0, holding(1), f.entry("UA_MileagePlus", 1))
	f.put(t, "bob", 0, holding(1))
	f.now.Set(start.AddDate(5, 0, 0).Add(-time.Second))
	if got := f.get(t, "ann"); got.Version != 1 {
		t.Errorf("version %d a second before the expiry", got.Version)
	}
	f.put(t, "bob", 1, holding(2))

	f.now.Set(start.AddDate(5, 0, 0))
	same(t, f.get(t, "ann"), userprofile.Stored{})
	sameHistory(t, f.history(t, "ann"))
	_, err := f.store.Put(t.Context(), "ann", f.write("ann", 1, holding(9)))
	if conflict, ok := errors.AsType[*userprofile.Conflict](err); !ok || conflict.Current.Version != 0 {
		t.Errorf("Put on top of what has expired = %v, want a conflict with nothing", err)
	}
	entry := f.entry("UA_MileagePlus", 7)
	fresh := f.put(t, "ann", 0, holding(7), entry)
	same(t, f.get(t, "ann"), fresh)
	sameHistory(t, f.history(t, "ann"), entry)
	if got := f.get(t, "bob"); got.Version != 2 {
		t.Errorf("version %d of a profile that was written again, want 2", got.Version)
	}
}

func testConsentWithdrawn(t *testing.T, f fixture) {
	withdrawn := holding(2)
	withdrawn.Consent = nil
	f.put(t, "ann", 0, holding(1), f.entry("UA_MileagePlus", 1), f.entry("AMEX_MR_US", 1))
	f.put(t, "bob", 0, holding(1), f.entry("UA_MileagePlus", 5))
	w := f.write("ann", 1, withdrawn, f.entry("UA_MileagePlus", 2))
	for range 2 { // as if the first answer was lost
		if s, err := f.store.Put(t.Context(), "ann", w); err != nil || s.Version != 2 {
			t.Fatalf("Put = version %d, %v", s.Version, err)
		}
		sameHistory(t, f.history(t, "ann"))
	}
	third := f.entry("UA_MileagePlus", 3)
	f.put(t, "ann", 2, holding(3), third)
	sameHistory(t, f.history(t, "ann"), third)
	erased, err := f.store.Delete(t.Context(), "ann")
	if err != nil || erased != (userprofile.Erased{Profiles: 1, HistoryEntries: 1}) {
		t.Errorf("Delete = %+v, %v: the history was not erased when the consent was withdrawn", erased, err)
	}
	sameHistory(t, f.history(t, "bob"), f.entry("UA_MileagePlus", 5))
}

func testDelete(t *testing.T, f fixture) {
	for _, subject := range []string{"ann", "bob"} {
		for version := range int64(3) {
			var entries []schemas.BalanceEntry
			for i := range int64(40) { // more than any backend erases at once
				entries = append(entries, f.entry(fmt.Sprint("program ", i), version))
			}
			f.put(t, subject, version, holding(version), entries...)
		}
	}
	others, history := f.get(t, "bob"), f.history(t, "bob")
	erased, err := f.store.Delete(t.Context(), "ann")
	if err != nil || erased != (userprofile.Erased{Profiles: 1, HistoryEntries: 120}) {
		t.Errorf("Delete = %+v, %v", erased, err)
	}
	same(t, f.get(t, "ann"), userprofile.Stored{})
	sameHistory(t, f.history(t, "ann"))
	erased, err = f.store.Delete(t.Context(), "ann")
	if err != nil || erased != (userprofile.Erased{}) {
		t.Errorf("Delete again = %+v, %v", erased, err)
	}
	same(t, f.get(t, "bob"), others)
	sameHistory(t, f.history(t, "bob"), history...)

	// Who comes back begins anew.
	_, err = f.store.Put(t.Context(), "ann", f.write("ann", 3, holding(9)))
	if _, conflict := errors.AsType[*userprofile.Conflict](err); !conflict {
		t.Errorf("Put on top of what was erased = %v, want a conflict", err)
	}
	f.now.Set(f.now.Now().Add(time.Second))
	entry := f.entry("UA_MileagePlus", 9)
	f.put(t, "ann", 0, holding(9), entry)
	sameHistory(t, f.history(t, "ann"), entry)
}

// testDeleteDuringPuts: whatever the order, profile and history agree afterwards.
func testDeleteDuringPuts(t *testing.T, f fixture) {
	stop := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			current, err := f.store.Get(t.Context(), "ann")
			if err != nil {
				t.Error(err)
				return
			}
			w := f.write("ann", current.Version, holding(current.Version+1), f.entry("UA_MileagePlus", current.Version+1))
			w.ID = fmt.Sprint("write ", n)
			if _, err := f.store.Put(t.Context(), "ann", w); err != nil {
				if _, conflict := errors.AsType[*userprofile.Conflict](err); !conflict {
					t.Error(err)
					return
				}
			}
		}
	})
	for range 10 {
		time.Sleep(10 * time.Millisecond)
		if _, err := f.store.Delete(t.Context(), "ann"); err != nil {
			t.Errorf("Delete: %v", err)
		}
	}
	close(stop)
	group.Wait()
	var want []schemas.BalanceEntry
	for n := range f.get(t, "ann").Version {
		want = append(want, f.entry("UA_MileagePlus", n+1))
	}
	sameHistory(t, f.history(t, "ann"), want...)
}

func testSubjects(t *testing.T, f fixture) {
	for _, subject := range []string{"", "\xff", strings.Repeat("x", userprofile.MaxSubject+1)} {
		_, getErr := f.store.Get(t.Context(), subject)
		_, putErr := f.store.Put(t.Context(), subject, f.write(subject, 0, holding(1)))
		_, historyErr := f.store.History(t.Context(), subject)
		_, deleteErr := f.store.Delete(t.Context(), subject)
		for _, err := range []error{getErr, putErr, historyErr, deleteErr} {
			if e, ok := errors.AsType[*schemas.CallError](err); !ok || e.Field != "subject" {
				t.Errorf("subject of %d bytes: %v, want an error about the subject", len(subject), err)
			}
		}
	}
	// No two of them are the same traveller's.
	subjects := []string{
		"a", "A", "a ", " a", "a\x00", "a\x00b", "\x00", "a#", "a|b", "a#PROFILE", "PROFILE", "BALANCE#", "%", "a%", "_", "'", `"`, "\n", "\t", "\u007f",
		"é", "e\u0301", "ß", "ss", "ı", "旅人", "🧳", "https://issuer.example/|auth0|123", "../a", strings.Repeat("x", userprofile.MaxSubject), strings.Repeat("x", userprofile.MaxSubject-1) + "y",
	}
	for i, subject := range subjects {
		f.put(t, subject, 0, holding(int64(i)), f.entry("UA_MileagePlus", int64(i)))
	}
	for i, subject := range subjects {
		if got := f.get(t, subject); got.Version != 1 || got.Profile.Memberships["UA_MileagePlus"].Balance.Amount != int64(i) {
			t.Errorf("%.40q got the profile of %+v", subject, got)
		}
		sameHistory(t, f.history(t, subject), f.entry("UA_MileagePlus", int64(i)))
	}
	for i, subject := range subjects {
		if i%2 == 0 {
			if erased, err := f.store.Delete(t.Context(), subject); err != nil || erased != (userprofile.Erased{Profiles: 1, HistoryEntries: 1}) {
				t.Errorf("Delete of %.40q = %+v, %v", subject, erased, err)
			}
		}
	}
	for i, subject := range subjects {
		if got := f.get(t, subject); got.Version != int64(i%2) {
			t.Errorf("%.40q has version %d", subject, got.Version)
		}
		if got := f.history(t, subject); len(got) != i%2 {
			t.Errorf("%.40q has %d history entries", subject, len(got))
		}
	}
}

func testRefusedWrites(t *testing.T, f fixture) {
	f.put(t, "ann", 0, holding(1))
	before := f.get(t, "ann")
	for name, change := range map[string]func(*userprofile.Write){
		"id":                    func(w *userprofile.Write) { w.ID = "" },
		"version":               func(w *userprofile.Write) { w.Version = -1 },
		"at":                    func(w *userprofile.Write) { w.At = time.Time{} },
		"history":               func(w *userprofile.Write) { w.History = make([]schemas.BalanceEntry, userprofile.MaxEntries+1) },
		"history[0].program":    func(w *userprofile.Write) { w.History[0].Program = "" },
		"history[0].recordedAt": func(w *userprofile.Write) { w.History[0].RecordedAt = "2026-11-23T00:00:00Z" },
	} {
		w := f.write("ann", 1, holding(2), f.entry("UA_MileagePlus", 2))
		change(&w)
		_, err := f.store.Put(t.Context(), "ann", w)
		if e, ok := errors.AsType[*schemas.CallError](err); !ok || e.Field != name {
			t.Errorf("wrong %s: %v", name, err)
		}
	}
	same(t, f.get(t, "ann"), before)
	sameHistory(t, f.history(t, "ann"))
}

// sized is a profile of so many bytes as JSON.
func sized(t testing.TB, bytes int) schemas.Profile {
	t.Helper()
	p := holding(1)
	p.Memberships["X"] = schemas.ProfileMembership{}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	p.Memberships["X"] = schemas.ProfileMembership{Number: strings.Repeat("x", bytes-len(text)-len(`"number":""`))}
	return p
}

func testLarge(t *testing.T, f fixture) {
	large := f.put(t, "ann", 0, sized(t, userprofile.MaxProfile))
	same(t, f.get(t, "ann"), large)
	_, err := f.store.Put(t.Context(), "ann", f.write("ann", 1, sized(t, userprofile.MaxProfile+1)))
	if e, ok := errors.AsType[*schemas.CallError](err); !ok || e.Code != "too_large" || strings.Contains(e.Error(), "xxx") {
		t.Errorf("Put of a profile that is too large = %v", err)
	}
	same(t, f.get(t, "ann"), large)
	// What has expired does not count.
	past := sized(t, userprofile.MaxProfile)
	past.Itineraries = map[string]schemas.SavedItinerary{"past": {Segments: []schemas.Segment{{DepartureDate: "2020-01-01"}}}}
	f.put(t, "ann", 1, past)
}

func testCancelled(t *testing.T, f fixture) {
	before := f.put(t, "ann", 0, holding(1), f.entry("UA_MileagePlus", 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, getErr := f.store.Get(ctx, "ann")
	_, putErr := f.store.Put(ctx, "ann", f.write("ann", 1, holding(2)))
	_, historyErr := f.store.History(ctx, "ann")
	_, deleteErr := f.store.Delete(ctx, "ann")
	for _, err := range []error{getErr, putErr, historyErr, deleteErr} {
		if !errors.Is(err, context.Canceled) || errors.Is(err, userprofile.ErrUnavailable) {
			t.Errorf("with a cancelled context: %v", err)
		}
	}
	same(t, f.get(t, "ann"), before)
	sameHistory(t, f.history(t, "ann"), f.entry("UA_MileagePlus", 1))
}

func testClosed(t *testing.T, f fixture) {
	const secret = "ann the traveller"
	f.put(t, secret, 0, holding(1))
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	_, getErr := f.store.Get(t.Context(), secret)
	_, putErr := f.store.Put(t.Context(), secret, f.write(secret, 1, holding(2)))
	_, historyErr := f.store.History(t.Context(), secret)
	_, deleteErr := f.store.Delete(t.Context(), secret)
	for _, err := range []error{getErr, putErr, historyErr, deleteErr} {
		if !errors.Is(err, userprofile.ErrUnavailable) {
			t.Errorf("with a closed store: %v, want ErrUnavailable", err)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the error names the traveller: %v", err)
		}
	}
}
