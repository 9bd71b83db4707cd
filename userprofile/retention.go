package userprofile

import (
	"maps"
	"time"

	"loyalty-mcp/schemas"
)

// How long things are kept, in years. Nobody needs them longer, and what is not
// kept cannot leak.
const (
	profileYears   = 5 // since the profile was last written
	historyYears   = 3 // since the balance was recorded
	itineraryYears = 1 // since the last flight of the trip
)

// ProfileExpires tells when a profile, if it is not written again, is no longer
// kept. Like every expiry it has passed at that very time.
func ProfileExpires(written time.Time) time.Time { return written.AddDate(profileYears, 0, 0) }

// BalanceExpires tells when a past balance is no longer kept.
func BalanceExpires(recorded time.Time) time.Time { return recorded.AddDate(historyYears, 0, 0) }

// ItineraryExpires tells when a saved trip is no longer kept. A trip without dates
// is kept: ok is false.
func ItineraryExpires(trip schemas.SavedItinerary) (expires time.Time, ok bool) {
	for _, s := range trip.Segments {
		day, err := time.Parse(time.DateOnly, s.DepartureDate)
		if err != nil {
			continue
		}
		if end := day.AddDate(itineraryYears, 0, 0); !ok || end.After(expires) {
			expires, ok = end, true
		}
	}
	return expires, ok
}

// Keep returns the profile without the trips that have expired. It changes
// nothing of the one it was given.
func Keep(p schemas.Profile, now time.Time) schemas.Profile {
	kept := maps.Clone(p.Itineraries)
	maps.DeleteFunc(kept, func(_ string, trip schemas.SavedItinerary) bool {
		expires, ok := ItineraryExpires(trip)
		return ok && !now.Before(expires)
	})
	p.Itineraries = kept
	return p
}
