// Package seatsaero asks seats.aero which flights can be had for miles. It is
// optional: without a key of the traveller's own there is nothing to ask with.
//
// What it knows of the API, and from where (copies of up to September 2026; no
// call was made with a key):
//   - Path, header, parameters, their bounds, cursor with skip, hasMore, and that
//     entries can come twice: developers.seats.aero, "Cached Search" and
//     "Concepts", as github.com/gavgrego/seats.aero-mcp-server and the seats-aero
//     skill of github.com/borski/travel-hacking-toolkit restate them. The cabin
//     parameter is cabins today; older wrappers send cabin.
//   - What an entry sums up, the names of sources, which of them count seats or
//     state taxes: "Concepts" and the same two.
//   - Fields of an entry, mileage cost as text, taxes in hundredths: "Concepts",
//     github.com/denverquane/seats-aero-go, and wrappers that saw answers. The
//     reference of the search does not list taxes, the answers have them.
//   - 1000 calls a day, counted anew at midnight UTC, and X-RateLimit-Remaining:
//     docs.seats.aero, article 68. Of failures only status 400 is documented;
//     401, 403, 429 and Retry-After are taken to mean what they mean elsewhere.
package seatsaero

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"loyalty-mcp/internal/availability"
)

// Options of a Client. The zero value is what the program runs with.
type Options struct {
	BaseURL string        // default: that of seats.aero
	HTTP    *http.Client  // redirects are never followed with it
	Timeout time.Duration // of a Find, all told; default: 10 s
	Now     func() time.Time
	Sleep   func(context.Context, time.Duration) error // waits between two tries
}

// Client asks seats.aero. It may be used concurrently.
type Client struct {
	key, base string
	http      http.Client
	timeout   time.Duration
	now       func() time.Time
	sleep     func(context.Context, time.Duration) error
}

// New makes a client that asks with key.
func New(key string, o Options) *Client {
	c := &Client{key: strings.TrimSpace(key), base: strings.TrimRight(cmp.Or(o.BaseURL, "https://seats.aero/partnerapi"), "/"),
		timeout: cmp.Or(o.Timeout, 10*time.Second), now: o.Now, sleep: o.Sleep}
	if o.HTTP != nil {
		c.http = *o.HTTP
	}
	// The key is in a header that net/http would send on to any host.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.now == nil {
		c.now = time.Now
	}
	if c.sleep == nil {
		c.sleep = sleep
	}
	return c
}

// Format keeps the key out of whatever a client is printed to.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "seats.aero client") }

// Name is that of the service.
func (c *Client) Name() string { return "seats.aero" }

// Programs lists the programs that can be asked for.
func (c *Client) Programs() []string { return tracked() }

func tracked() []string { return slices.Sorted(maps.Values(programs)) }

const (
	perPage  = 500 // what the API gives by default; a page is then about 1.5 MB
	maxPages = 5   // each is a call out of the thousand a day
)

// Find looks for seats, the fewest miles first. No seats without an error means
// that seats.aero was asked and has none on file, which is no proof that there
// are none: it knows the routes it watches, as of SeenAt, and leaves out what it
// holds to be overpriced. An error is an *availability.Error: seats.aero could not be asked.
// Of more entries than fit in a few pages, those of the fewest miles are read.
func (c *Client) Find(ctx context.Context, q availability.Query) ([]availability.Seat, error) {
	if c.key == "" || strings.ContainsFunc(c.key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, &availability.Error{Code: availability.Unauthorized, Message: "no usable key for seats.aero is set"}
	}
	asked, failure := parameters(&q)
	if failure != nil {
		return nil, failure
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()

	found, known := []availability.Seat{}, map[string]bool{}
	read, unreadable, more := 0, 0, true
	for n := 0; more && n < maxPages; n++ {
		page, failure := c.page(ctx, asked)
		if failure != nil {
			return nil, failure
		}
		for _, raw := range page.Data {
			e, ok := readEntry(raw)
			if !ok {
				unreadable++
			} else if !known[e.id] {
				known[e.id] = e.id != ""
				found = append(found, e.seats(&q)...)
			}
		}
		// The first cursor holds for all pages; skip counts what was read.
		if n == 0 && page.cursor() != "" {
			asked.Set("cursor", page.cursor())
		}
		read += len(page.Data)
		asked.Set("skip", strconv.Itoa(read))
		more = page.HasMore && len(page.Data) > 0
	}
	switch {
	case len(found) == 0 && unreadable > 0:
		return nil, &availability.Error{Code: availability.BadAnswer, Message: fmt.Sprintf("%d entries of seats.aero cannot be read, and no other has seats", unreadable)}
	case len(found) == 0 && more:
		return nil, &availability.Error{Code: availability.Unsupported, Message: "seats.aero has more on this than can be read: ask for fewer airports, days or programs"}
	}
	slices.SortFunc(found, func(a, b availability.Seat) int {
		return cmp.Or(cmp.Compare(a.Miles, b.Miles), strings.Compare(a.Date, b.Date), strings.Compare(a.Program, b.Program),
			strings.Compare(a.Origin, b.Origin), strings.Compare(a.Destination, b.Destination), strings.Compare(a.Cabin, b.Cabin))
	})
	return found, nil
}

// parameters puts the question as the API takes it.
func parameters(q *availability.Query) (url.Values, *availability.Error) {
	unsupported := func(format string, args ...any) (url.Values, *availability.Error) {
		return nil, &availability.Error{Code: availability.Unsupported, Message: fmt.Sprintf(format, args...)}
	}
	out := url.Values{"take": {strconv.Itoa(perPage)}, "order_by": {"lowest_mileage"}}
	for name, codes := range map[string][]string{"origin_airport": q.Origins, "destination_airport": q.Destinations} {
		if len(codes) == 0 || slices.ContainsFunc(codes, func(code string) bool { return !isLetters(code, 3) }) {
			return unsupported("seats.aero is asked with airport codes of three capital letters, at least one to leave from and one to go to")
		}
		out.Set(name, strings.Join(codes, ","))
	}
	if q.Cabin != "" {
		at := slices.IndexFunc(cabins, func(c cabin) bool { return c.name == q.Cabin })
		if at < 0 {
			return unsupported("seats.aero has no cabin %q", q.Cabin)
		}
		out.Set("cabins", cabins[at].parameter)
	}
	for name, day := range map[string]string{"start_date": q.From, "end_date": q.To} {
		if day == "" {
			continue
		}
		if !isDay(day) {
			return unsupported("seats.aero is asked with days such as 2027-03-16, not %q", day)
		}
		out.Set(name, day)
	}
	if q.From != "" && q.To != "" && q.To < q.From {
		return unsupported("the last day, %s, is before the first, %s", q.To, q.From)
	}
	var sources, untracked []string
	for source, program := range programs {
		if slices.Contains(q.Programs, program) {
			sources = append(sources, source)
		}
	}
	for _, program := range q.Programs {
		if !slices.Contains(tracked(), program) {
			untracked = append(untracked, program)
		}
	}
	if len(untracked) > 0 {
		return unsupported("seats.aero does not track %s", strings.Join(untracked, ", "))
	}
	if len(sources) > 0 { // none is all, also when one of ours goes by another name by now
		slices.Sort(sources)
		out.Set("sources", strings.Join(sources, ","))
	}
	return out, nil
}
