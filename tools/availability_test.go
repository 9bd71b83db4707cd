package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"loyalty-mcp/internal/availability"
	"loyalty-mcp/kg"
	"loyalty-mcp/kg/bundle/bundletest"
	"loyalty-mcp/schemas"
	"loyalty-mcp/tools"
)

// provider is one whose answers are set.
type provider struct {
	seats []availability.Seat
	err   error
	asked []availability.Query
}

func (p *provider) Name() string       { return "made up" }
func (p *provider) Programs() []string { return []string{"VS_FlyingClub"} }
func (p *provider) Find(_ context.Context, q availability.Query) ([]availability.Seat, error) {
	p.asked = append(p.asked, q)
	var out []availability.Seat
	for _, s := range p.seats {
		if s.Date == q.From {
			out = append(out, s)
		}
	}
	return out, p.err
}

// TestAvailability: seats, none and could not look are kept apart, and nothing is
// asked without a provider or a day.
func TestAvailability(t *testing.T) {
	catalog := kg.NewCatalog(bundletest.Store(t))
	const out, home = "2027-03-02", "2027-03-09"
	seat := func(from, to, date string, carriers ...string) availability.Seat {
		return availability.Seat{Program: "VS_FlyingClub", Origin: from, Destination: to, Date: date, Cabin: "business", Carriers: carriers,
			Direct: true, Miles: 29000, Remaining: 2, SeenAt: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	}
	secret := errors.New("get https://partner.example/search?key=secret: refused")
	for name, test := range map[string]struct {
		p      *provider
		back   bool
		status string
		reason string
		seats  int
	}{
		"seats":           {p: &provider{seats: []availability.Seat{seat("JFK", "LHR", out, "VS")}}, status: "seats", seats: 1},
		"another carrier": {p: &provider{seats: []availability.Seat{seat("JFK", "LHR", out, "DL")}}, status: "none", reason: "on the way out"},
		"another airport": {p: &provider{seats: []availability.Seat{seat("EWR", "LHR", out, "VS")}}, status: "none", reason: "on the way out"},
		"both ways":       {p: &provider{seats: []availability.Seat{seat("JFK", "LHR", out, "VS"), seat("LHR", "JFK", home, "VS")}}, back: true, status: "seats", seats: 2},
		"none back":       {p: &provider{seats: []availability.Seat{seat("JFK", "LHR", out, "VS")}}, back: true, status: "none", reason: "on the way back", seats: 1},
		"could not look":  {p: &provider{err: &availability.Error{Code: availability.RateLimited, Message: "no calls are left for today", Cause: secret}}, status: "couldNotLook", reason: "no calls are left for today"},
		"unheard of":      {p: &provider{err: secret}, status: "couldNotLook", reason: "could not be asked"},
	} {
		t.Run(name, func(t *testing.T) {
			registry := tools.New(catalog, tools.Options{Now: now, Availability: test.p})
			call := tool(t, registry, "search_awards")
			if !call.Hints.OpenWorld {
				t.Error("asks the world without saying so")
			}
			question := `{"origin":"JFK","destination":"LHR","cabin":"business","departureDate":"` + out + `","programs":["VS_FlyingClub"],"preferences":{"carriers":["VS"],"maxStops":0}}`
			if test.back {
				question = strings.Replace(question, `"programs"`, `"returnDate":"`+home+`","programs"`, 1)
			}
			text, err := call.Call(local, json.RawMessage(question))
			if err != nil {
				t.Fatal(err)
			}
			var answer schemas.AwardAnswer
			if err := json.Unmarshal(text, &answer); err != nil {
				t.Fatal(err)
			}
			a := answer.Options[0].Availability
			if a == nil || a.Status != test.status || !strings.Contains(a.Reason, test.reason) || len(a.Seats) != test.seats || a.Provider != "made up" || a.CheckedAt == "" {
				t.Errorf("got %+v", a)
			}
			if strings.Contains(string(text), "secret") {
				t.Error("the answer tells the cause")
			}
			if q := test.p.asked[0]; q.From != out || q.To != out || q.Cabin != "business" || q.Origins[0] != "JFK" || q.Destinations[0] != "LHR" || q.Seats != 1 {
				t.Errorf("asked %+v", q)
			}
		})
	}
	t.Run("not tracked, or no day", func(t *testing.T) {
		p := &provider{}
		call := tool(t, tools.New(catalog, tools.Options{Now: now, Availability: p}), "search_awards")
		for question, want := range map[string]string{
			`{"origin":"JFK","destination":"LHR","cabin":"business","departureDate":"2027-03-02","programs":["AA_AAdvantage"]}`: `"status":"couldNotLook"`,
			`{"origin":"JFK","destination":"LHR","cabin":"business","programs":["VS_FlyingClub"]}`:                              "",
		} {
			text, err := call.Call(local, json.RawMessage(question))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(string(text), `"availability"`); got != (want != "") || !strings.Contains(string(text), want) {
				t.Errorf("%s: got %s", question, text)
			}
		}
		if len(p.asked) > 0 {
			t.Errorf("asked %+v", p.asked)
		}
	})
}
