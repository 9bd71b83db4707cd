//go:build engines

package enginetest

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Fault is a way in which a connection to an engine goes wrong.
type Fault string

// The faults of a Link.
const (
	Latency   Fault = "latency"   // answers come 500 ms late
	Stall     Fault = "stall"     // connections stay open, nothing comes through
	Reset     Fault = "reset"     // connections are reset as soon as they are used
	Bandwidth Fault = "bandwidth" // answers come at 8 KB a second
	Cut       Fault = "cut"       // nothing listens, and what was connected is closed
)

// Faults are all of them.
var Faults = []Fault{Latency, Stall, Reset, Bandwidth, Cut}

// Link is a connection to an engine that can be made to go wrong.
type Link struct {
	Addr  string // host:port
	t     testing.TB
	proxy *toxiproxy.Proxy
	fault Fault
}

// Proxy makes a link to the engine at a URL or host:port, removed when the test
// ends.
func Proxy(t testing.TB, upstream string) *Link {
	t.Helper()
	if u, err := url.Parse(upstream); err == nil && u.Host != "" {
		upstream = u.Host
	}
	addr, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &Link{Addr: addr, t: t, proxy: toxiproxy.NewProxy(server, "link", addr, upstream)}
	if err := l.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Heal()
		l.proxy.Stop()
	})
	return l
}

// Through returns an engine's URL with this link's address in it.
func (l *Link) Through(engine string) string {
	u, err := url.Parse(engine)
	if err != nil {
		l.t.Fatal(err)
	}
	u.Host = l.Addr
	return u.String()
}

// Break makes the link go wrong until Heal.
func (l *Link) Break(f Fault) {
	l.t.Helper()
	l.Heal()
	l.fault = f
	toxic := map[Fault]string{
		Latency:   `{"type":"latency","stream":"downstream","attributes":{"latency":500}}`,
		Stall:     `{"type":"timeout","stream":"downstream","attributes":{"timeout":0}}`,
		Reset:     `{"type":"reset_peer","stream":"downstream","attributes":{"timeout":0}}`,
		Bandwidth: `{"type":"bandwidth","stream":"downstream","attributes":{"rate":8}}`,
	}[f]
	switch {
	case f == Cut:
		l.proxy.Stop()
	case toxic == "":
		l.t.Fatal(fmt.Errorf("no fault %q", f))
	default:
		if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			l.t.Fatal(err)
		}
	}
}

// Heal makes the link work again. Connections that were stalled are closed, as a
// network that lost packets would in the end.
func (l *Link) Heal() {
	l.t.Helper()
	switch l.fault {
	case "":
		return
	case Cut:
	case Stall:
		l.proxy.Stop()
		l.proxy.Toxics.ResetToxics(l.t.Context())
	default:
		l.proxy.Toxics.ResetToxics(l.t.Context())
	}
	if l.fault == Cut || l.fault == Stall {
		if err := l.proxy.Start(); err != nil {
			l.t.Error(err)
		}
	}
	l.fault = ""
	if conn, err := net.Dial("tcp", l.Addr); err != nil {
		l.t.Error(err)
	} else {
		conn.Close()
	}
}
