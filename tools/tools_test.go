package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"loyalty-mcp/internal/identity"
	"loyalty-mcp/kg"
	"loyalty-mcp/kg/bundle/bundletest"
	"loyalty-mcp/tools"
)

// local is a call of this machine's user.
var local = identity.With(context.Background(), identity.Local())

var update = flag.Bool("update", false, "write the golden files")

func now() time.Time { return bundletest.Today }

func registry(t testing.TB) tools.Registry {
	t.Helper()
	return tools.New(kg.NewCatalog(bundletest.Store(t)), tools.Options{Now: now})
}

func tool(t testing.TB, r tools.Registry, name string) tools.Tool {
	t.Helper()
	for _, candidate := range r.Tools {
		if candidate.Name == name {
			return candidate
		}
	}
	t.Fatalf("no tool %s", name)
	return tools.Tool{}
}

// TestDeclarations compares each tool's whole declaration with its golden file:
// names, shapes and words are a contract with agents and scripts.
func TestDeclarations(t *testing.T) {
	for _, tool := range tools.New(nil, tools.Options{Now: now}).Tools {
		t.Run(tool.Name, func(t *testing.T) {
			var got bytes.Buffer
			e := json.NewEncoder(&got)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			declared := map[string]any{"name": tool.Name, "title": tool.Title, "description": tool.Description, "hints": tool.Hints,
				"inputSchema": tool.InputSchema, "outputSchema": tool.OutputSchema}
			if tool.Scope != "" {
				declared["scope"] = tool.Scope
			}
			if err := e.Encode(declared); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", "declarations", tool.Name+".json")
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("the declaration differs from %s; if that is meant, run go test ./tools -update and review the change", path)
			}
		})
	}
}

// mostDescription is what hosts show a model in full.
const mostDescription = 1024

func TestDeclarationsAreSound(t *testing.T) {
	for _, tool := range tools.New(nil, tools.Options{Now: now}).Tools {
		if n := len(tool.Description); n == 0 || n > mostDescription {
			t.Errorf("%s: the description has %d bytes, want 1 to %d", tool.Name, n, mostDescription)
		}
		if tool.Title == "" {
			t.Errorf("%s has no title", tool.Name)
		}
		if tool.Hints.ReadOnly && tool.Hints.Destructive {
			t.Errorf("%s is read-only and destructive", tool.Name)
		}
		for kind, schema := range map[string]json.RawMessage{"input": tool.InputSchema, "output": tool.OutputSchema} {
			compile(t, tool.Name+" "+kind, schema)
		}
	}
}

func compile(t *testing.T, name string, schema json.RawMessage) *validator.Schema {
	t.Helper()
	doc, err := validator.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if doc.(map[string]any)["type"] != "object" {
		t.Errorf("%s is not of type object", name)
	}
	c := validator.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return compiled
}

const flight = `{"marketingCarrier":"AA","origin":"JFK","destination":"LHR","bookingClass":"J","departureDate":"2026-12-10"}`

// TestWrongCalls: each wrong call is an error that names the field, what was
// given and what is allowed; none is an answer.
func TestWrongCalls(t *testing.T) {
	calculate := tool(t, registry(t), "calculate_flight_earnings")
	manySegments := strings.TrimSuffix(strings.Repeat(flight+",", 25), ",")
	for name, test := range map[string]struct {
		arguments, code, field, given string
		allowed                       string // one of the allowed values
		message                       string // part of it
	}{
		"unknown airport":      {`{"segments":[{"marketingCarrier":"AA","origin":"JKF","destination":"LHR","bookingClass":"J"}]}`, "unknown_airport", "segments[0].origin", "JKF", "JKG", "did you mean"},
		"a city's name":        {`{"segments":[{"marketingCarrier":"AA","origin":"London","destination":"JFK","bookingClass":"J"}]}`, "unknown_airport", "segments[0].origin", "London", "LHR", ""},
		"a metropolitan code":  {`{"segments":[{"marketingCarrier":"AA","origin":"NYC","destination":"LHR","bookingClass":"J"}]}`, "unknown_airport", "segments[0].origin", "NYC", "JFK", "is the city New York"},
		"unknown carrier":      {`{"segments":[{"marketingCarrier":"Lufthansa","origin":"FRA","destination":"SIN","bookingClass":"J"}]}`, "unknown_carrier", "segments[0].marketingCarrier", "Lufthansa", "LH", ""},
		"unknown operator":     {`{"segments":[{"marketingCarrier":"AA","operatingCarrier":"Q0","origin":"JFK","destination":"LHR","bookingClass":"J"}]}`, "unknown_carrier", "segments[0].operatingCarrier", "Q0", "", ""},
		"unknown program":      {`{"segments":[` + flight + `],"programs":["AA_Advantage"]}`, "unknown_program", "programs[0]", "AA_Advantage", "AA_AAdvantage", ""},
		"member of unknown":    {`{"segments":[` + flight + `],"memberships":[{"program":"MileagePlus"}]}`, "unknown_program", "memberships[0].program", "MileagePlus", "UA_MileagePlus", ""},
		"twice a member":       {`{"segments":[` + flight + `],"memberships":[{"program":"AA_AAdvantage"},{"program":"AA_AAdvantage"}]}`, "duplicate", "memberships[1].program", "AA_AAdvantage", "", ""},
		"unknown tier":         {`{"segments":[` + flight + `],"memberships":[{"program":"AA_AAdvantage","tier":"Diamond"}]}`, "unknown_tier", "memberships[0].tier", "Diamond", "Platinum Pro", ""},
		"unknown card":         {`{"segments":[` + flight + `],"programs":["UA_MileagePlus"],"memberships":[{"program":"UA_MileagePlus","cards":["VISA"]}]}`, "unknown_card", "memberships[0].cards[0]", "VISA", "", ""},
		"unknown choice":       {`{"segments":[` + flight + `],"memberships":[{"program":"AS_Atmos","earningChoice":"miles"}]}`, "unknown_earning_choice", "memberships[0].earningChoice", "miles", "distance", ""},
		"class of two letters": {`{"segments":[{"marketingCarrier":"AA","origin":"JFK","destination":"LHR","bookingClass":"JJ"}]}`, "malformed", "segments[0].bookingClass", "JJ", "", ""},
		"class as number":      {`{"segments":[{"marketingCarrier":"AA","origin":"JFK","destination":"LHR","bookingClass":1}]}`, "wrong_type", "segments[0].bookingClass", "1", "", ""},
		"unknown currency":     {`{"segments":[` + flight + `],"fare":{"base":1,"currency":"USX"}}`, "unknown_currency", "fare.currency", "USX", "USD", ""},
		"currency too long":    {`{"segments":[` + flight + `],"fare":{"base":1,"currency":"DOLLAR"}}`, "malformed", "fare.currency", "DOLLAR", "", ""},
		"no such date":         {`{"segments":[{"marketingCarrier":"AA","origin":"JFK","destination":"LHR","bookingClass":"J","departureDate":"2026-02-30"}]}`, "malformed", "segments[0].departureDate", "2026-02-30", "", "YYYY-MM-DD"},
		"booked after travel":  {`{"segments":[` + flight + `],"fare":{"base":1,"currency":"USD","bookedOn":"2027-01-01"}}`, "out_of_range", "fare.bookedOn", "2027-01-01", "", ""},
		"unknown field":        {`{"segments":[{"marketingCarrier":"AA","orgin":"JFK","destination":"LHR","bookingClass":"J"}]}`, "unknown_field", "segments[0].orgin", "", "origin", "did you mean origin?"},
		"negative fare":        {`{"segments":[` + flight + `],"fare":{"base":-1,"currency":"USD"}}`, "out_of_range", "fare.base", "-1", "", "at least 0"},
		"absurd fare":          {`{"segments":[` + flight + `],"fare":{"base":1e12,"currency":"USD"}}`, "out_of_range", "fare.base", "1e12", "", "at most"},
		"fare as text":         {`{"segments":[` + flight + `],"fare":{"base":"2000","currency":"USD"}}`, "wrong_type", "fare.base", "2000", "", ""},
		"zero exchange rate":   {`{"segments":[` + flight + `],"fare":{"base":1,"currency":"USD","exchangeRates":{"GBP":0}}}`, "out_of_range", "fare.exchangeRates.GBP", "0", "", ""},
		"absurd exchange rate": {`{"segments":[` + flight + `],"fare":{"base":1e9,"currency":"USD","exchangeRates":{"GBP":1e12}}}`, "out_of_range", "fare.exchangeRates.GBP", "1000000000000", "", "0.000001 to 1000000"},
		"rate of no currency":  {`{"segments":[` + flight + `],"fare":{"base":1,"currency":"USD","exchangeRates":{"GPB":1}}}`, "unknown_currency", "fare.exchangeRates.GPB", "GPB", "", ""},
		"absurd exponent":      {`{"segments":[` + flight + `],"fare":{"base":1e999999999,"currency":"USD"}}`, "out_of_range", "fare.base", "1e999999999", "", "digits"},
		"absurd digits":        {`{"segments":[` + flight + `],"fare":{"base":` + strings.Repeat("9", 500) + `,"currency":"USD"}}`, "out_of_range", "fare.base", "", "", "digits"},
		"absurd date":          {`{"segments":[{"marketingCarrier":"AA","origin":"JFK","destination":"LHR","bookingClass":"J","departureDate":"9999-12-31"}]}`, "out_of_range", "segments[0].departureDate", "9999-12-31", "", "1990-01-01"},
		"flights out of order": {`{"segments":[{"marketingCarrier":"AA","origin":"JFK","destination":"LHR","bookingClass":"J","departureDate":"2026-12-02"},{"marketingCarrier":"AA","origin":"LHR","destination":"JFK","bookingClass":"J","departureDate":"2026-12-01"}]}`, "out_of_range", "segments[1].departureDate", "2026-12-01", "", "in order of travel"},
		"a tier of no flight":  {`{"segments":[` + flight + `],"memberships":[{"program":"NH_MileageClub","tier":"Plutinum"}]}`, "unknown_tier", "memberships[0].tier", "Plutinum", "Platinum", ""},
		"no segments":          {`{"segments":[]}`, "wrong_count", "segments", "[]", "", "at least 1"},
		"segments missing":     {`{}`, "missing_field", "segments", "", "", ""},
		"too many segments":    {`{"segments":[` + manySegments + `]}`, "wrong_count", "segments", "", "", "at most 24"},
		"nowhere to go":        {`{"segments":[{"marketingCarrier":"AA","origin":"JFK","destination":"JFK","bookingClass":"J"}]}`, "same_airport", "segments[0].destination", "JFK", "", ""},
		"a list":               {`[]`, "wrong_type", "", "", "", ""},
		"not JSON":             {`{"segments":`, "malformed", "", "", "", ""},
		"null":                 {`null`, "wrong_type", "", "", "", ""},
		"cabin":                {`{"segments":[{"marketingCarrier":"AA","origin":"JFK","destination":"LHR","bookingClass":"J","cabin":"club"}]}`, "not_allowed", "segments[0].cabin", "club", "business", ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := calculate.Call(local, []byte(test.arguments))
			e, ok := errors.AsType[*tools.Error](err)
			if !ok {
				t.Fatalf("got %s, %v; want a *tools.Error", answer, err)
			}
			if e.Code != test.code || e.Field != test.field {
				t.Errorf("got code %q on %q, want %q on %q (%s)", e.Code, e.Field, test.code, test.field, e.Message)
			}
			if test.given != "" && e.Given != test.given {
				t.Errorf("given is %q, want %q", e.Given, test.given)
			}
			if test.allowed != "" && !contains(e.Allowed, test.allowed) {
				t.Errorf("allowed is %q, want %q in it", e.Allowed, test.allowed)
			}
			if e.Message == "" || !strings.Contains(e.Message, test.message) || !strings.Contains(e.Message, test.field) {
				t.Errorf("the message %q does not say %q of %q", e.Message, test.message, test.field)
			}
		})
	}
}

func contains(list []string, wanted string) bool {
	for _, s := range list {
		if s == wanted {
			return true
		}
	}
	return false
}

// TestAnswersFitTheirSchema validates answers of every kind against the output
// schema, which the server itself does not do on each call.
func TestAnswersFitTheirSchema(t *testing.T) {
	r := registry(t)
	for name, test := range map[string]struct{ tool, arguments string }{
		"one program":            {"calculate_flight_earnings", `{"segments":[` + flight + `],"programs":["AA_AAdvantage"],"fare":{"base":100.50,"currency":"EUR"}}`},
		"every program":          {"calculate_flight_earnings", `{"segments":[` + flight + `,` + flight + `],"fare":{"base":2000,"carrierSurcharges":400,"currency":"USD"}}`},
		"no fare":                {"calculate_flight_earnings", `{"segments":[` + flight + `]}`},
		"no program credits it":  {"calculate_flight_earnings", `{"segments":[{"marketingCarrier":"FR","origin":"STN","destination":"DUB","bookingClass":"Y"}]}`},
		"lower case, spaces too": {"calculate_flight_earnings", `{"segments":[{"marketingCarrier":"aa","origin":" jfk","destination":"lhr","bookingClass":"j"}]}`},
		"a tier":                 {"advise_crediting_program", `{"itineraries":[{"segments":[` + flight + `],"fare":{"base":900,"currency":"USD"}}],"goal":{"program":"AA_AAdvantage","tier":"Gold"}}`},
		"an alliance status":     {"advise_crediting_program", `{"itineraries":[{"segments":[` + flight + `]}],"goal":{"allianceStatus":"oneworld Sapphire"}}`},
		"a plan":                 {"plan_points_transfers", `{"target":"AF_FlyingBlue","points":60000,"balances":[{"program":"CHASE_UR","amount":45000},{"program":"AMEX_MR_US","amount":80000}]}`},
		"no plan":                {"plan_points_transfers", `{"target":"AF_FlyingBlue","points":60000,"balances":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			called := tool(t, r, test.tool)
			answer, err := called.Call(local, []byte(test.arguments))
			if err != nil {
				t.Fatal(err)
			}
			value, err := validator.UnmarshalJSON(bytes.NewReader(answer))
			if err != nil {
				t.Fatal(err)
			}
			if err := compile(t, "output", called.OutputSchema).Validate(value); err != nil {
				t.Errorf("%v\n%s", err, answer)
			}
		})
	}
}

func TestResources(t *testing.T) {
	r := registry(t)
	list, err := r.Resources[0].Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"AA_AAdvantage", "AC_Aeroplan", "AF_FlyingBlue", "AS_Atmos", "BA_Club", "DL_SkyMiles", "QF_FrequentFlyer", "UA_MileagePlus"} {
		if !strings.Contains(list, `"id":"`+id+`"`) {
			t.Errorf("%s is not in %s", id, r.Resources[0].URI)
		}
		text, err := r.Templates[0].Read(context.Background(), id)
		if err != nil {
			t.Errorf("%s: %v", id, err)
		}
		var program struct {
			Program      struct{ ID string }
			EarningRules []struct{ ID string }
			Sources      []struct{ ID, AsOf string }
		}
		if err := json.Unmarshal([]byte(text), &program); err != nil {
			t.Fatal(err)
		}
		if program.Program.ID != id || len(program.EarningRules) == 0 || len(program.Sources) == 0 {
			t.Errorf("%s: the resource has %d rules, %d sources", id, len(program.EarningRules), len(program.Sources))
		}
	}
	if _, err := r.Templates[0].Read(context.Background(), "XX_None"); !errors.Is(err, tools.ErrNotFound) {
		t.Errorf("an unknown program gives %v, want ErrNotFound", err)
	}
}

func TestCompletions(t *testing.T) {
	r := registry(t)
	for _, test := range []struct {
		argument, typed, first string
		chosen                 map[string]string
	}{
		{"program", "UA", "UA_MileagePlus", nil},
		{"id", "aa_", "AA_AAdvantage", nil},
		{"program", "qantas", "QF_FrequentFlyer", nil},
		{"carrier", "Luf", "LH", nil},
		{"origin", "FRA", "FRA", nil},
		{"origin", "nyc", "JFK", nil},
		{"destination", "Singap", "SIN", nil},
		{"tier", "plat", "Platinum", map[string]string{"program": "AA_AAdvantage"}},
	} {
		got, err := r.Complete(context.Background(), test.argument, test.typed, test.chosen)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 || got[0] != test.first {
			t.Errorf("%s %q: got %.5q, want %q first", test.argument, test.typed, got, test.first)
		}
	}
	for _, test := range [][2]string{{"tier", ""}, {"nonsense", "x"}} {
		if got, err := r.Complete(context.Background(), test[0], test[1], nil); err != nil || len(got) != 0 {
			t.Errorf("%s without a program: got %q, %v; want nothing", test[0], got, err)
		}
	}
}

// TestGraphOutOfReach: what was read before is answered with a warning; what was
// not is an error that says that nothing was looked up.
func TestGraphOutOfReach(t *testing.T) {
	clock := bundletest.Today
	graph := &unreliable{Graph: bundletest.Store(t)}
	cache := kg.NewCache(graph, kg.CacheOptions{Answers: 16, CheckEvery: time.Second, Now: func() time.Time { return clock }})
	calculate := tool(t, tools.New(kg.NewCatalog(cache), tools.Options{Now: now}), "calculate_flight_earnings")
	question := []byte(`{"segments":[` + flight + `],"fare":{"base":100,"currency":"USD"},"programs":["AA_AAdvantage"]}`)
	ask := func() (string, error) {
		clock = clock.Add(2 * time.Second)
		answer, err := calculate.Call(local, question)
		return string(answer), err
	}
	graph.down, graph.cause = true, fmt.Errorf("%w: %w: secret path", kg.ErrUnavailable, kg.ErrDamaged)
	_, err := ask()
	if e, ok := errors.AsType[*tools.Error](err); !ok || e.Code != "graph_damaged" || strings.Contains(e.Message, "secret") {
		t.Errorf("damaged: got %v, want a *tools.Error that reveals nothing", err)
	}
	graph.cause = fmt.Errorf("%w: secret address", kg.ErrUnavailable)
	_, err = ask()
	if e, ok := errors.AsType[*tools.Error](err); !ok || e.Code != "graph_unavailable" || strings.Contains(e.Message, "secret") {
		t.Errorf("cold: got %v, want a *tools.Error that reveals nothing", err)
	}
	graph.down = false
	if answer, err := ask(); err != nil || strings.Contains(answer, "cannot be reached") {
		t.Errorf("in reach: %v, %s", err, answer)
	}
	graph.down = true
	if answer, err := ask(); err != nil || !strings.Contains(answer, "cannot be reached") || !strings.Contains(answer, `"amount":500`) {
		t.Errorf("warm: %v, %s", err, answer)
	}
}

// unreliable is a graph that can be out of reach.
type unreliable struct {
	kg.Graph
	down  bool
	cause error
}

func (u *unreliable) Version(ctx context.Context) (string, error) {
	if u.down {
		return "", u.cause
	}
	return u.Graph.Version(ctx)
}

func (u *unreliable) Match(ctx context.Context, p kg.Pattern) ([]kg.Vertex, error) {
	if u.down {
		return nil, u.cause
	}
	return u.Graph.Match(ctx, p)
}

// FuzzArguments: no argument makes the tool fail other than by a *tools.Error,
// or answer with an amount below zero.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{`{"segments":[` + flight + `]}`, `{}`, `[]`, `{"segments":[` + flight + `],"fare":{"base":2000,"currency":"USD","exchangeRates":{"GBP":0.5}}}`,
		`{"segments":[{"marketingCarrier":"\u0000","origin":"JFK","destination":"LHR","bookingClass":"É"}]}`, `{"segments":[` + flight + `],"fare":{"base":1e400,"currency":"USD"}}`} {
		f.Add(seed)
	}
	calculate := tool(f, registry(f), "calculate_flight_earnings")
	f.Fuzz(func(t *testing.T, arguments string) {
		answer, err := calculate.Call(local, []byte(arguments))
		if err != nil {
			if _, ok := errors.AsType[*tools.Error](err); !ok {
				t.Fatalf("%q: %v", arguments, err)
			}
			return
		}
		if bytes.Contains(answer, []byte(`"amount":-`)) {
			t.Fatalf("%q: %s", arguments, answer)
		}
	})
}

// BenchmarkCall is a call without the protocol around it: two flights asked of
// eight programs; beside BenchmarkCalculate it shows what validation and JSON cost.
func BenchmarkCall(b *testing.B) {
	graph := kg.NewCache(bundletest.Store(b), kg.CacheOptions{Answers: 256, CheckEvery: time.Second, Now: time.Now})
	calculate := tool(b, tools.New(kg.NewCatalog(graph), tools.Options{Now: now}), "calculate_flight_earnings")
	back := `{"marketingCarrier":"AA","origin":"LHR","destination":"JFK","bookingClass":"J","departureDate":"2026-12-20"}`
	question := []byte(`{"segments":[` + flight + `,` + back + `],"fare":{"base":2000,"carrierSurcharges":400,"currency":"USD"},` +
		`"memberships":[{"program":"AA_AAdvantage","tier":"Platinum"}],"programs":["AA_AAdvantage","AC_Aeroplan","AF_FlyingBlue",` +
		`"AS_Atmos","BA_Club","DL_SkyMiles","QF_FrequentFlyer","UA_MileagePlus"]}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := calculate.Call(local, question); err != nil {
			b.Fatal(err)
		}
	}
}
