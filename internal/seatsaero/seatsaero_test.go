package seatsaero_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"loyalty-mcp/internal/availability"
	"loyalty-mcp/internal/seatsaero"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "pro_2xTestKeyThatIsNone"

var question = availability.Query{Origins: []string{"SFO", "LAX"}, Destinations: []string{"FRA"}, Cabin: "business",
	From: "2027-03-16", To: "2027-03-20"}

// api is the documented API, as far as a search goes, over its entries.
type api struct {
	entries  []string
	pageSize int
	asked    []url.Values
	lock     sync.Mutex
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.lock.Lock()
	defer a.lock.Unlock()
	q := r.URL.Query()
	a.asked = append(a.asked, q)
	take, _ := strconv.Atoi(q.Get("take"))
	skip, _ := strconv.Atoi(q.Get("skip"))
	switch {
	case r.Method != http.MethodGet || r.URL.Path != "/partnerapi/search":
		w.WriteHeader(http.StatusNotFound)
	case r.Header.Get("Partner-Authorization") != key:
		w.WriteHeader(http.StatusUnauthorized)
	case q.Get("origin_airport") == "" || q.Get("destination_airport") == "" || take < 10 || take > 1000,
		skip > 0 && q.Get("cursor") != "1727382000":
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, "{}")
	default:
		if a.pageSize > 0 {
			take = a.pageSize
		}
		from := min(skip, len(a.entries))
		to := min(from+take, len(a.entries))
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-RateLimit-Remaining", "999")
		fmt.Fprintf(w, `{"data":[%s],"count":%d,"hasMore":%t,"cursor":%d}`,
			strings.Join(a.entries[from:to], ","), to-from, to < len(a.entries), 1727382000+skip)
	}
}

// entry is an availability as documented, with the given fields over it.
func entry(t testing.TB, id string, fields map[string]any) string {
	t.Helper()
	e := map[string]any{
		"ID": id, "RouteID": "2A9bW", "Source": "united", "Date": "2027-03-16", "ParsedDate": "2027-03-16T00:00:00Z",
		"Route": map[string]any{"ID": "2A9bW", "OriginAirport": "SFO", "OriginRegion": "North America",
			"DestinationAirport": "FRA", "DestinationRegion": "Europe", "NumDaysOut": 337, "Distance": 5682, "Source": "united"},
		"TaxesCurrency": "USD", "CreatedAt": "2026-07-10T13:52:23.343425Z", "UpdatedAt": "2026-10-01T08:37:32.218426Z",
		"AvailabilityTrips": nil,
	}
	for _, letter := range []string{"Y", "W", "J", "F"} {
		e[letter+"Available"], e[letter+"MileageCost"], e[letter+"RemainingSeats"] = false, "0", 0
		e[letter+"Airlines"], e[letter+"Direct"], e[letter+"TotalTaxes"] = "", false, 0
	}
	for name, value := range fields {
		e[name] = value
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// business are the fields of an entry with business class seats.
func business(over map[string]any) map[string]any {
	out := map[string]any{"JAvailable": true, "JMileageCost": "88000", "JRemainingSeats": 2, "JAirlines": "UA, LH",
		"JDirect": true, "JTotalTaxes": 560}
	for name, value := range over {
		out[name] = value
	}
	return out
}

// slept replaces waiting, and keeps for how long it would have been.
type slept struct{ times []time.Duration }

func (s *slept) sleep(ctx context.Context, d time.Duration) error {
	s.times = append(s.times, d)
	return ctx.Err()
}

func client(t testing.TB, h http.Handler) (*seatsaero.Client, *slept) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s := &slept{}
	return seatsaero.New(key, seatsaero.Options{BaseURL: server.URL + "/partnerapi", HTTP: server.Client(), Sleep: s.sleep}), s
}

// failure asks, wants an error of the code, and looks for what it must not tell.
func failure(t *testing.T, c *seatsaero.Client, ctx context.Context, q availability.Query, code string) *availability.Error {
	t.Helper()
	seats, err := c.Find(ctx, q)
	e, ok := errors.AsType[*availability.Error](err)
	if !ok || e.Code != code || seats != nil {
		t.Fatalf("Find: %v, %v; want no seats and an error %s", seats, err, code)
	}
	if e.Message == "" {
		t.Error("the error has no message")
	}
	keepsSecrets(t, err)
	return e
}

// keepsSecrets looks at an error, and at all it wraps, in every way of printing.
func keepsSecrets(t testing.TB, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		var logged strings.Builder
		slog.New(slog.NewJSONHandler(&logged, nil)).Error("failed", "error", err)
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), logged.String()} {
			for _, secret := range []string{key, "origin_airport", "take=", "<html>"} {
				if strings.Contains(text, secret) {
					t.Errorf("an error tells %q: %s", secret, text)
				}
			}
		}
	}
}

func TestSeats(t *testing.T) {
	a := &api{entries: []string{
		entry(t, "a", business(nil)),
		entry(t, "b", business(map[string]any{"Source": "aeroplan", "Date": "2027-03-17", "JMileageCost": 67500, "JRemainingSeats": 0,
			"JAirlines": "LH,LH, not a code", "JDirect": false, "TaxesCurrency": "", "UpdatedAt": "yesterday", "YAvailable": true, "YMileageCost": "30000"})),
		entry(t, "c", business(map[string]any{"Source": "smiles"})),                                      // not one of ours
		entry(t, "h", business(map[string]any{"Source": "delta"})),                                       // not asked for
		entry(t, "d", business(map[string]any{"JAvailable": false})),                                     // a cost without seats
		entry(t, "e", business(map[string]any{"JMileageCost": ""})),                                      // seats without a cost
		entry(t, "f", business(map[string]any{"JMileageCost": nil, "JRemainingSeats": nil})),             // likewise
		entry(t, "a", business(nil)),                                                                     // a second time
		entry(t, "g", business(map[string]any{"JMileageCost": "90000", "Date": "2027-03-18T00:00:00Z"})), // a day with its hour
	}}
	c, _ := client(t, a)
	q := question
	q.Programs = []string{"UA_MileagePlus", "AC_Aeroplan"}
	got, err := c.Find(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	seen := time.Date(2026, 10, 1, 8, 37, 32, 218426000, time.UTC)
	want := []availability.Seat{
		{Program: "AC_Aeroplan", Origin: "SFO", Destination: "FRA", Date: "2027-03-17", Cabin: "business", Carriers: []string{"LH"}, Miles: 67500},
		{Program: "UA_MileagePlus", Origin: "SFO", Destination: "FRA", Date: "2027-03-16", Cabin: "business", Carriers: []string{"UA", "LH"},
			Direct: true, Miles: 88000, Taxes: 560, TaxesCurrency: "USD", Remaining: 2, SeenAt: seen},
		{Program: "UA_MileagePlus", Origin: "SFO", Destination: "FRA", Date: "2027-03-18", Cabin: "business", Carriers: []string{"UA", "LH"},
			Direct: true, Miles: 90000, Taxes: 560, TaxesCurrency: "USD", Remaining: 2, SeenAt: seen},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("seats (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]url.Values{{"origin_airport": {"SFO,LAX"}, "destination_airport": {"FRA"}, "cabins": {"business"},
		"start_date": {"2027-03-16"}, "end_date": {"2027-03-20"}, "sources": {"aeroplan,united"}, "take": {"500"},
		"order_by": {"lowest_mileage"}}}, a.asked); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}

func TestHeaders(t *testing.T) {
	c, _ := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Values("Partner-Authorization"); !slices.Equal(got, []string{key}) || r.Header.Get("Accept") != "application/json" {
			t.Errorf("headers: %v", r.Header)
		}
		if strings.Contains(r.URL.String(), key) || r.Header.Get("Authorization") != "" {
			t.Errorf("the key is not in its header alone: %s %v", r.URL, r.Header)
		}
		fmt.Fprint(w, `{"data":[],"count":0,"hasMore":false,"cursor":0}`)
	}))
	if _, err := c.Find(t.Context(), question); err != nil {
		t.Error(err)
	}
}

func TestCabins(t *testing.T) {
	fields := map[string]any{}
	for i, letter := range []string{"Y", "W", "J", "F"} {
		fields[letter+"Available"], fields[letter+"MileageCost"] = true, strconv.Itoa((i+1)*10000)
	}
	a := &api{entries: []string{entry(t, "a", fields)}}
	c, _ := client(t, a)
	parameter := map[string]string{"economy": "economy", "premiumEconomy": "premium", "business": "business", "first": "first", "": ""}
	for i, cabin := range []string{"economy", "premiumEconomy", "business", "first", ""} {
		q := question
		q.Cabin = cabin
		got, err := c.Find(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if sent := a.asked[len(a.asked)-1].Get("cabins"); sent != parameter[cabin] {
			t.Errorf("cabins of %q: %q", cabin, sent)
		}
		if cabin == "" {
			if len(got) != 4 {
				t.Errorf("seats in any cabin: %v", got)
			}
		} else if len(got) != 1 || got[0].Cabin != cabin || got[0].Miles != int64(i+1)*10000 {
			t.Errorf("seats in %s: %v", cabin, got)
		}
	}
}

func TestSeatsLeft(t *testing.T) {
	c, _ := client(t, &api{entries: []string{
		entry(t, "one", business(map[string]any{"JRemainingSeats": 1, "JMileageCost": "1000"})),
		entry(t, "two", business(map[string]any{"JRemainingSeats": 2, "JMileageCost": "2000"})),
		entry(t, "unknown", business(map[string]any{"JRemainingSeats": 0, "JMileageCost": "3000"})),
		entry(t, "odd", business(map[string]any{"JRemainingSeats": -1, "JMileageCost": "4000"})),
	}})
	q := question
	q.Seats = 2
	got, err := c.Find(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var left []int
	for _, s := range got {
		left = append(left, s.Remaining)
	}
	if !slices.Equal(left, []int{2, 0, 0}) {
		t.Errorf("seats left: %v; want those with two, and with an unknown number", left)
	}
}

func TestNone(t *testing.T) {
	for name, body := range map[string]string{
		"no entries":           `{"data":[],"count":0,"hasMore":false,"cursor":1727382000}`,
		"no entries, as null":  `{"data":null,"count":0,"hasMore":false,"cursor":null}`,
		"none in this cabin":   `{"data":[` + entry(t, "a", map[string]any{"YAvailable": true, "YMileageCost": "30000"}) + `],"count":1}`,
		"none of our programs": `{"data":[` + entry(t, "a", business(map[string]any{"Source": "velocity"})) + `],"count":1}`,
		"more, but then not":   `{"data":[],"count":0,"hasMore":true,"cursor":1727382000}`,
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := client(t, answer(http.StatusOK, body))
			if seats, err := c.Find(t.Context(), question); err != nil || seats == nil || len(seats) > 0 {
				t.Errorf("Find: %v, %v; want an empty list", seats, err)
			}
		})
	}
}

func answer(status int, body string, header ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func TestRefused(t *testing.T) {
	good := entry(t, "a", business(nil))
	odd := `{"ID":"x","Source":"united","Route":{"OriginAirport":"<html>","DestinationAirport":7},"Date":"2027-03-16"}`
	for name, test := range map[string]struct {
		handler http.Handler
		code    string
		calls   int
	}{
		"401":                    {answer(401, `{"error":"no `+key+`"}`), availability.Unauthorized, 1},
		"403":                    {answer(403, "<html>no</html>"), availability.Unauthorized, 1},
		"400":                    {answer(400, "{}"), availability.BadAnswer, 1},
		"404":                    {answer(404, ""), availability.BadAnswer, 1},
		"204":                    {answer(204, ""), availability.BadAnswer, 1},
		"429":                    {answer(429, key), availability.RateLimited, 2},
		"429, wait a second":     {answer(429, "", "Retry-After", "1"), availability.RateLimited, 2},
		"429, wait an hour":      {answer(429, "", "Retry-After", "3600"), availability.RateLimited, 1},
		"429, the day is over":   {answer(429, "", "X-RateLimit-Remaining", "0"), availability.RateLimited, 1},
		"500":                    {answer(500, key), availability.Unreachable, 2},
		"503, wait an hour":      {answer(503, "<html>", "Retry-After", "3600"), availability.Unreachable, 1},
		"hang up":                {http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), availability.Unreachable, 2},
		"hang up in the body":    {answer(200, `{"data":[`, "Content-Length", "1000"), availability.Unreachable, 2},
		"truncated":              {answer(200, `{"data":[`+good[:len(good)-9]), availability.BadAnswer, 1},
		"HTML":                   {answer(200, "<html>"+key+"</html>", "Content-Type", "text/html"), availability.BadAnswer, 1},
		"nothing":                {answer(200, ""), availability.BadAnswer, 1},
		"another JSON":           {answer(200, `{"error":"`+key+`"}`), availability.BadAnswer, 1},
		"null":                   {answer(200, `null`), availability.BadAnswer, 1},
		"data of another kind":   {answer(200, `{"data":"`+key+`","count":1}`), availability.BadAnswer, 1},
		"null data, but a count": {answer(200, `{"data":null,"count":3}`), availability.BadAnswer, 1},
		"odd entries":            {answer(200, `{"data":[null,7,"x",[],{},`+odd+`],"count":6}`), availability.BadAnswer, 1},
		"oversized":              {answer(200, `{"data":[],"count":0,"pad":"`+strings.Repeat("x", 5<<20)+`"}`), availability.BadAnswer, 1},
		"endless":                {http.HandlerFunc(endless), availability.BadAnswer, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			c, s := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				test.handler.ServeHTTP(w, r)
			}))
			failure(t, c, t.Context(), question, test.code)
			if int(calls.Load()) != test.calls || len(s.times) != test.calls-1 {
				t.Errorf("%d calls with waits of %v; want %d calls", calls.Load(), s.times, test.calls)
			}
		})
	}
}

func endless(w http.ResponseWriter, _ *http.Request) {
	for err := error(nil); err == nil; {
		_, err = w.Write([]byte(strings.Repeat(" ", 1<<16)))
	}
}

// An odd entry does not take the others with it.
func TestOddAmongGood(t *testing.T) {
	c, _ := client(t, answer(200, `{"data":[null,{"ID":1},`+
		entry(t, "c", business(map[string]any{"Route": map[string]any{"OriginAirport": "San Francisco", "DestinationAirport": "FRA"}}))+`,`+
		entry(t, "a", business(map[string]any{"JMileageCost": 88000.5, "YAvailable": "true"}))+
		`,`+entry(t, "b", business(map[string]any{"JDirect": "yes", "JAirlines": 7, "JTotalTaxes": map[string]any{}}))+`],"count":[],"cursor":{}}`))
	got, err := c.Find(t.Context(), question)
	if err != nil || len(got) != 1 || got[0].Miles != 88000 || got[0].Direct || got[0].Carriers != nil || got[0].TaxesCurrency != "" {
		t.Errorf("Find: %+v, %v", got, err)
	}
}

func TestSecondTry(t *testing.T) {
	now := time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		first http.Handler
		wait  time.Duration
	}{
		"500":              {answer(500, ""), 500 * time.Millisecond},
		"429":              {answer(429, ""), 500 * time.Millisecond},
		"429, 2 seconds":   {answer(429, "", "Retry-After", "2"), 2 * time.Second},
		"429, at once":     {answer(429, "", "Retry-After", "0"), 500 * time.Millisecond},
		"429, nonsense":    {answer(429, "", "Retry-After", "-soon"), 500 * time.Millisecond},
		"503, at a time":   {answer(503, "", "Retry-After", now.Add(3*time.Second).Format(http.TimeFormat)), 3 * time.Second},
		"503, in the past": {answer(503, "", "Retry-After", now.Add(-time.Hour).Format(http.TimeFormat)), 500 * time.Millisecond},
		"hang up":          {http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			a := &api{entries: []string{entry(t, "a", business(nil))}}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) == 1 {
					test.first.ServeHTTP(w, r)
				} else {
					a.ServeHTTP(w, r)
				}
			}))
			defer server.Close()
			s := &slept{}
			c := seatsaero.New(key, seatsaero.Options{BaseURL: server.URL + "/partnerapi/", HTTP: server.Client(),
				Now: func() time.Time { return now }, Sleep: s.sleep})
			if got, err := c.Find(t.Context(), question); err != nil || len(got) != 1 || !slices.Equal(s.times, []time.Duration{test.wait}) {
				t.Errorf("Find: %v, %v after waits of %v; want one seat after %v", got, err, s.times, test.wait)
			}
		})
	}
}

func TestNoTimeForASecondTry(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	c, s := client(t, answer(429, "", "Retry-After", "3"))
	failure(t, c, ctx, question, availability.RateLimited)
	if len(s.times) > 0 {
		t.Errorf("waited %v", s.times)
	}
}

func TestPages(t *testing.T) {
	a := &api{pageSize: 2}
	for i := range 5 {
		a.entries = append(a.entries, entry(t, strconv.Itoa(i), business(map[string]any{"JMileageCost": strconv.Itoa(1000 + i)})))
	}
	a.entries[2] = a.entries[1] // moved from one page to the next between two calls
	c, _ := client(t, a)
	got, err := c.Find(t.Context(), question)
	if err != nil || len(got) != 4 {
		t.Errorf("Find: %v, %v; want four seats", got, err)
	}
	var turned []string
	for _, q := range a.asked {
		turned = append(turned, q.Get("cursor")+"/"+q.Get("skip"))
	}
	if !slices.Equal(turned, []string{"/", "1727382000/2", "1727382000/4"}) {
		t.Errorf("cursor and skip: %v", turned)
	}
}

func TestPagesAreBounded(t *testing.T) {
	a := &api{pageSize: 1}
	for i := range 9 {
		a.entries = append(a.entries, entry(t, strconv.Itoa(i), business(nil)))
	}
	c, _ := client(t, a)
	if got, err := c.Find(t.Context(), question); err != nil || len(got) != 5 || len(a.asked) != 5 {
		t.Errorf("Find: %v, %v in %d calls; want five seats in five", got, err, len(a.asked))
	}
	q := question
	q.Seats = 3 // none of what is read, but not all is read
	failure(t, c, t.Context(), q, availability.Unsupported)
}

func TestLaterPageFails(t *testing.T) {
	a := &api{pageSize: 1, entries: []string{entry(t, "a", business(nil)), entry(t, "b", business(nil))}}
	c, _ := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("skip") {
			w.WriteHeader(500)
			return
		}
		a.ServeHTTP(w, r)
	}))
	failure(t, c, t.Context(), question, availability.Unreachable)
}

func TestUnsupported(t *testing.T) {
	c, _ := client(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked all the same") }))
	for name, change := range map[string]func(*availability.Query){
		"a program":             func(q *availability.Query) { q.Programs = []string{"UA_MileagePlus", "NH_MileageClub"} },
		"the name of a source":  func(q *availability.Query) { q.Programs = []string{"united"} },
		"a cabin":               func(q *availability.Query) { q.Cabin = "premium" },
		"no origin":             func(q *availability.Query) { q.Origins = nil },
		"no destination":        func(q *availability.Query) { q.Destinations = []string{} },
		"two codes in one":      func(q *availability.Query) { q.Origins = []string{"SFO,LAX"} },
		"a small code":          func(q *availability.Query) { q.Destinations = []string{"fra"} },
		"a day that is not":     func(q *availability.Query) { q.From = "2027-02-30" },
		"a day in another form": func(q *availability.Query) { q.To = "16 March" },
		"days in reverse":       func(q *availability.Query) { q.To = "2027-03-15" },
	} {
		t.Run(name, func(t *testing.T) {
			q := question
			change(&q)
			e := failure(t, c, t.Context(), q, availability.Unsupported)
			if name == "a program" && (!strings.Contains(e.Message, "NH_MileageClub") || strings.Contains(e.Message, "UA_MileagePlus")) {
				t.Errorf("message: %s", e.Message)
			}
		})
	}
}

func TestOpenQuestion(t *testing.T) {
	a := &api{}
	c, _ := client(t, a)
	if _, err := c.Find(t.Context(), availability.Query{Origins: []string{"SFO"}, Destinations: []string{"FRA"}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cabins", "start_date", "end_date", "sources", "cursor", "skip"} {
		if a.asked[0].Has(name) {
			t.Errorf("%s is sent: %v", name, a.asked[0])
		}
	}
}

func TestNoKey(t *testing.T) {
	for _, none := range []string{"", "  ", "two words", "clé"} {
		if _, err := seatsaero.New(none, seatsaero.Options{BaseURL: "http://127.0.0.1:0"}).Find(t.Context(), question); err == nil {
			t.Errorf("key %q: no error", none)
		} else if e, ok := errors.AsType[*availability.Error](err); !ok || e.Code != availability.Unauthorized || strings.TrimSpace(none) != "" && strings.Contains(err.Error(), none) {
			t.Errorf("key %q: %v", none, err)
		}
	}
	a := &api{}
	server := httptest.NewServer(a)
	defer server.Close()
	c := seatsaero.New(" "+key+"\n", seatsaero.Options{BaseURL: server.URL + "/partnerapi", HTTP: server.Client()})
	if _, err := c.Find(t.Context(), question); err != nil {
		t.Errorf("a key with space around it: %v", err)
	}
}

func TestClientKeepsKey(t *testing.T) {
	c, _ := client(t, &api{})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		if text := fmt.Sprintf(verb, c); strings.Contains(text, key) {
			t.Errorf("%s tells the key: %s", verb, text)
		}
	}
}

// A server may send back what it got where net/http quotes it in its errors.
func TestKeySentBack(t *testing.T) {
	c, _ := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, out, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(out, "HTTP/1.1 %s\r\n\r\n", r.Header.Get("Partner-Authorization"))
		_ = out.Flush()
	}))
	failure(t, c, t.Context(), question, availability.Unreachable)
}

func TestRedirect(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer other.Close()
	for _, status := range []int{301, 302, 307, 308} {
		c, _ := client(t, answer(status, "", "Location", other.URL))
		failure(t, c, t.Context(), question, availability.BadAnswer)
	}
}

func TestNobodyThere(t *testing.T) {
	server := httptest.NewServer(&api{})
	server.Close()
	s := &slept{}
	c := seatsaero.New(key, seatsaero.Options{BaseURL: server.URL, Sleep: s.sleep})
	if e := failure(t, c, t.Context(), question, availability.Unreachable); errors.Unwrap(e) == nil {
		t.Error("the cause is not wrapped")
	}
	failure(t, seatsaero.New(key, seatsaero.Options{BaseURL: "http://bad host"}), t.Context(), question, availability.Unreachable)
}

// silent answers nobody until the asker is gone.
var silent = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })

func TestTimeout(t *testing.T) {
	server := httptest.NewServer(silent)
	defer server.Close()
	c := seatsaero.New(key, seatsaero.Options{BaseURL: server.URL, HTTP: server.Client(), Timeout: 30 * time.Millisecond})
	if e := failure(t, c, t.Context(), question, availability.Unreachable); !errors.Is(e, context.DeadlineExceeded) {
		t.Errorf("cause: %v", errors.Unwrap(e))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	c, _ = client(t, silent)
	if e := failure(t, c, ctx, question, availability.Unreachable); !errors.Is(e, context.DeadlineExceeded) {
		t.Errorf("cause: %v", errors.Unwrap(e))
	}
}

func TestCancel(t *testing.T) {
	for name, handler := range map[string]http.Handler{
		"while it waits for an answer": silent,
		"in the middle of an answer": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"data":[`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}),
		"between two tries": answer(429, "", "Retry-After", "3"),
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			c := seatsaero.New(key, seatsaero.Options{BaseURL: server.URL, HTTP: server.Client()})
			ctx, cancel := context.WithCancel(t.Context())
			defer time.AfterFunc(50*time.Millisecond, cancel).Stop()
			begun := time.Now()
			if e := failure(t, c, ctx, question, availability.Unreachable); !errors.Is(e, context.Canceled) {
				t.Errorf("cause: %v", errors.Unwrap(e))
			}
			if took := time.Since(begun); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestConcurrently(t *testing.T) {
	c, _ := client(t, &api{pageSize: 1, entries: []string{entry(t, "a", business(nil)), entry(t, "b", business(nil))}})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if got, err := c.Find(t.Context(), question); err != nil || len(got) != 2 {
				t.Errorf("Find: %v, %v", got, err)
			}
		})
	}
	wait.Wait()
}

func TestPrograms(t *testing.T) {
	all := seatsaero.New("k", seatsaero.Options{}).Programs()
	if len(all) < 20 || !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Errorf("programs: %v", all)
	}
	for _, id := range all {
		if _, err := os.Stat("../../kg/bundle/" + id + ".yaml"); err != nil {
			t.Errorf("%s is not a program on file: %v", id, err)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzFind gives any answer, of any status.
func FuzzFind(f *testing.F) {
	good := entry(f, "a", business(nil))
	for _, body := range []string{"", "null", "[]", "{}", `{"data":[` + good + `],"count":1,"hasMore":true,"cursor":1727382000}`,
		`{"data":[` + good + `,` + good[:len(good)/2], `{"data":null,"count":0}`, `{"data":[null,1,"a",[[]],{"Route":null}],"count":"0","cursor":"x"}`,
		`{"data":[{"ID":1,"Source":"delta","Date":"2027-03-16T","Route":{"OriginAirport":"SFO","DestinationAirport":"FRA"},"JAvailable":true,"JMileageCost":1e9}]}`,
		`{"data":[{"ID":"z","Source":"delta","Date":"2027-03-16","Route":{"OriginAirport":"SFO","DestinationAirport":"FRA"},"JAvailable":true,` +
			`"JMileageCost":"9223372036854775807","JRemainingSeats":9223372036854775807,"JTotalTaxes":1,"TaxesCurrency":"JPY","JAirlines":",, 3U"}],"count":1}`,
		"<html>" + key + "</html>"} {
		f.Add(200, body)
	}
	f.Add(429, key)
	f.Add(302, "")
	f.Fuzz(func(t *testing.T, status int, body string) {
		c := seatsaero.New(key, seatsaero.Options{BaseURL: "http://seats.test", Sleep: (&slept{}).sleep,
			HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{"Location": {"http://other.test"}},
					Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
			})}})
		seats, err := c.Find(t.Context(), availability.Query{Origins: []string{"SFO"}, Destinations: []string{"FRA"}, Seats: 2})
		if err != nil {
			if e, ok := errors.AsType[*availability.Error](err); !ok || e.Code == "" || e.Message == "" || seats != nil ||
				strings.Contains(fmt.Sprintf("%+v", err), key) {
				t.Errorf("Find: %v, %+v", seats, err)
			}
			return
		}
		if seats == nil {
			t.Error("no list at all")
		}
		for _, s := range seats {
			_, badDay := time.Parse(time.DateOnly, s.Date)
			if s.Miles <= 0 || s.Remaining < 0 || s.Remaining == 1 || (s.Taxes > 0) != (s.TaxesCurrency != "") || badDay != nil ||
				len(s.Origin+s.Destination) != 6 || !slices.Contains(seatsaero.New("k", seatsaero.Options{}).Programs(), s.Program) {
				t.Errorf("seat: %+v", s)
			}
		}
	})
}
