package tools

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"loyalty-mcp/internal/availability"
	"loyalty-mcp/schemas"
)

// live looks up seats for options, if a provider is set up.
type live struct {
	provider availability.Provider // nil: nothing is looked up
	now      func() time.Time
	log      *slog.Logger
}

// look fills in the availability of options. Without a provider, or a day, they
// are left as they are: not looked for.
func (l *live) look(ctx context.Context, q *schemas.AwardQuestion, options []schemas.AwardOption) {
	if l.provider == nil || q.DepartureDate == "" || len(options) == 0 {
		return
	}
	tracked := l.provider.Programs()
	out := availability.Query{Cabin: q.Cabin, From: q.DepartureDate, To: q.DepartureDate, Seats: max(q.Travelers, 1)}
	add := func(list *[]string, value string) {
		if !slices.Contains(*list, value) {
			*list = append(*list, value)
		}
	}
	for _, o := range options {
		if slices.Contains(tracked, o.Program) {
			add(&out.Programs, o.Program)
			add(&out.Origins, o.Routing[0])
			add(&out.Destinations, o.Routing[len(o.Routing)-1])
		}
	}
	there := l.find(ctx, out)
	back := found{}
	if q.ReturnDate != "" {
		home := out
		home.Origins, home.Destinations, home.From, home.To = out.Destinations, out.Origins, q.ReturnDate, q.ReturnDate
		back = l.find(ctx, home)
	}
	for i := range options {
		o := &options[i]
		a := &schemas.Availability{Provider: l.provider.Name(), CheckedAt: l.now().UTC().Format(time.RFC3339)}
		o.Availability = a
		if !slices.Contains(tracked, o.Program) {
			a.Status, a.Reason = "couldNotLook", l.provider.Name()+" does not track "+o.Program
			continue
		}
		first, last := o.Routing[0], o.Routing[len(o.Routing)-1]
		if !there.into(a, o, first, last, "on the way out") {
			continue
		}
		if q.ReturnDate != "" {
			back.into(a, o, last, first, "on the way back")
		}
	}
}

// found is what a provider said.
type found struct {
	seats  []availability.Seat
	reason string // why it could not be asked
}

func (l *live) find(ctx context.Context, q availability.Query) found {
	if len(q.Programs) == 0 {
		return found{}
	}
	seats, err := l.provider.Find(ctx, q)
	if err == nil {
		return found{seats: seats}
	}
	l.log.Warn("seats could not be looked up", "provider", l.provider.Name(), "error", err)
	if known, ok := errors.AsType[*availability.Error](err); ok {
		return found{reason: known.Message}
	}
	return found{reason: "the provider could not be asked"}
}

// into says of an option what was found in one direction, and whether there are seats.
func (f found) into(a *schemas.Availability, o *schemas.AwardOption, from, to, direction string) bool {
	if f.reason != "" {
		a.Status, a.Seats, a.Reason = "couldNotLook", nil, f.reason
		return false
	}
	any := false
	for _, s := range f.seats {
		// Carriers are those of all flights of the day, where they are known.
		flown := len(s.Carriers) == 0 || slices.ContainsFunc(s.Carriers, func(c string) bool { return slices.Contains(o.Carriers, c) })
		if s.Program != o.Program || s.Origin != from || s.Destination != to || !flown {
			continue
		}
		any = true
		seat := schemas.AvailableSeat{Origin: s.Origin, Destination: s.Destination, Date: s.Date, Carriers: append([]string{}, s.Carriers...),
			Direct: s.Direct, Points: s.Miles, Remaining: s.Remaining}
		if !s.SeenAt.IsZero() {
			seat.SeenAt = s.SeenAt.UTC().Format(time.RFC3339)
		}
		a.Seats = append(a.Seats, seat)
	}
	a.Status = "seats"
	if !any {
		a.Status, a.Reason = "none", "none on file "+direction
	}
	return any
}
