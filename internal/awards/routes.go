package awards

import (
	"cmp"
	"maps"
	"slices"

	"loyalty-mcp/internal/geo"
)

// journey is a way to fly from an origin to a destination.
type journey struct {
	flights []flight
	miles   int // of all flights
	weight  int // miles, and more for airports that are not a city's main one
}

type flight struct {
	leg
	from int
}

func (j *journey) origin() int      { return j.flights[0].from }
func (j *journey) destination() int { return int(j.flights[len(j.flights)-1].to) }

// sameCarriers tells whether two journeys are on the same carriers in the same order.
func (j *journey) sameCarriers(other *journey) bool {
	return slices.EqualFunc(j.flights, other.flights, func(x, y flight) bool { return x.carrier == y.carrier })
}

// one tells whether a single carrier makes all flights.
func (j *journey) one() bool {
	for _, f := range j.flights[1:] {
		if f.carrier != j.flights[0].carrier {
			return false
		}
	}
	return true
}

// hub is how many routes make an airport a carrier's hub; hubReach is how far, on
// one continent, it is taken to fly from there to airports that it serves. Beyond,
// too many such flights do not exist.
const (
	hub      = 40
	hubReach = 3000
)

// inferred lists flights that no fact speaks of but that a carrier may well make:
// from its hub to an airport that it serves.
func (b *Book) inferred(from, to int) []flight {
	miles := b.miles(from, to)
	if miles > hubReach || b.airports[from].Continent != b.airports[to].Continent {
		return nil
	}
	var out []flight
	for i := range b.codes {
		here, there := b.serves[base{int32(from), carrier(i)}], b.serves[base{int32(to), carrier(i)}]
		if here > 0 && there > 0 && max(here, there) >= hub {
			out = append(out, flight{leg{carrier(i), int32(to), int32(miles), nil}, from})
		}
	}
	return out
}

// minor marks the airports of a place that have less than half as many routes as
// its main one.
func (b *Book) minor(airports []int) map[int]bool {
	most := 0
	for _, i := range airports {
		most = max(most, len(b.legs[i]))
	}
	out := map[int]bool{}
	for _, i := range airports {
		out[i] = 2*len(b.legs[i]) < most
	}
	return out
}

// minorMiles is how much longer a journey may be for a city's main airport.
const minorMiles = 150

// perCarriers is how many journeys are kept for the same carriers in the same
// order: charts rarely tell hubs apart, and a traveller needs no more to start from.
const perCarriers = 2

// journeys lists how known flights lead from origins to destinations with at
// most so many stops, for carriers that may: those without a stop first, then by
// miles. Connections are on one carrier, or between members of one alliance.
func (b *Book) journeys(origins, destinations []int, stops int, may func(carrier) bool) []*journey {
	to := make([]bool, len(b.airports))
	for _, d := range destinations {
		to[d] = true
	}
	from := make([]bool, len(b.airports))
	for _, o := range origins {
		from[o] = true
	}
	k := &keeper{byCarriers: map[[3]carrier][]*journey{}, minor: b.minor(origins)}
	maps.Copy(k.minor, b.minor(destinations))
	// Flights to the destinations, by where they begin.
	last := map[int32][]flight{}
	if stops > 0 {
		for _, d := range destinations {
			for _, l := range b.legs[d] {
				if may(l.carrier) && !from[l.to] && !to[l.to] {
					last[l.to] = append(last[l.to], flight{leg{l.carrier, int32(d), l.miles, l.known}, int(l.to)})
				}
			}
		}
	}
	for _, o := range origins {
		direct := make(map[int32]int, len(destinations)) // longest sensible journey
		for _, d := range destinations {
			direct[int32(d)] = sensible(b.miles(o, d))
		}
		for _, first := range b.legs[o] {
			if !may(first.carrier) || from[first.to] {
				continue
			}
			if to[first.to] {
				k.keep(flight{first, o})
				continue
			}
			if stops == 0 {
				continue
			}
			for _, second := range last[first.to] {
				if b.connect(first.carrier, second.carrier) && int(first.miles+second.miles) <= direct[second.to] {
					k.keep(flight{first, o}, second)
				}
			}
			if stops < 2 {
				continue
			}
			for _, second := range b.legs[first.to] {
				if !may(second.carrier) || !b.connect(first.carrier, second.carrier) || from[second.to] || to[second.to] {
					continue
				}
				for _, third := range last[second.to] {
					if b.connect(first.carrier, third.carrier) && int(first.miles+second.miles+third.miles) <= direct[third.to] {
						k.keep(flight{first, o}, flight{second, int(first.to)}, third)
					}
				}
			}
		}
	}
	for _, o := range origins {
		for _, d := range destinations {
			for _, f := range b.inferred(o, d) {
				known := k.byCarriers[[3]carrier{f.carrier, -1, -1}]
				if may(f.carrier) && (len(known) == 0 || known[0].flights[0].known == nil) {
					k.keep(f)
				}
			}
		}
	}
	return k.list()
}

// lacks tells whether a carrier is known not to sell a cabin on a flight.
func (b *Book) lacks(f flight, cabin string) bool {
	sold, special := b.sold[f.carrier], cabin == "first" || cabin == "premiumEconomy"
	if sold == nil {
		return special // few have these, and who does is mostly on file
	}
	cabins, from, to := sold.Long, b.airports[f.from], b.airports[f.to]
	near := from.Continent == to.Continent && f.miles < longHaul
	if from.Country == to.Country || near && len(sold.Domestic) > 0 {
		if len(sold.Domestic) > 0 {
			cabins = sold.Domestic
		}
	} else if near && from.Continent == "EU" && special {
		return true // within Europe nobody on file sells them
	}
	return !slices.Contains(cabins, cabin)
}

// longest is the flight on which the cabin matters most.
func (j *journey) longest() flight {
	return slices.MaxFunc(j.flights, func(x, y flight) int { return cmp.Compare(x.miles, y.miles) })
}

// miles is the distance between two airports.
func (b *Book) miles(i, j int) int { return geo.Miles(b.airports[i], b.airports[j]) }

// sensible is how long a journey between two places may be: a third longer than
// the nonstop flight, and on short ways somewhat more.
func sensible(direct int) int { return direct*4/3 + 300 }

// connect tells whether flights of two carriers are taken to connect.
func (b *Book) connect(x, y carrier) bool {
	return x == y || b.alliance[x] != "" && b.alliance[x] == b.alliance[y]
}

// keeper keeps the shortest journeys for the same carriers.
type keeper struct {
	byCarriers map[[3]carrier][]*journey
	minor      map[int]bool
}

func (k *keeper) keep(flights ...flight) {
	key := [3]carrier{-1, -1, -1}
	miles := 0
	for i, f := range flights {
		key[i] = f.carrier
		miles += int(f.miles)
	}
	weight := miles
	for _, end := range [2]int{flights[0].from, int(flights[len(flights)-1].to)} {
		if k.minor[end] {
			weight += minorMiles
		}
	}
	list := k.byCarriers[key]
	if len(list) == perCarriers && weight >= list[perCarriers-1].weight {
		return
	}
	j := &journey{slices.Clone(flights), miles, weight}
	at, _ := slices.BinarySearchFunc(list, j, compareWeight)
	list = slices.Insert(list, at, j)
	k.byCarriers[key] = list[:min(len(list), perCarriers)]
}

func compareWeight(x, y *journey) int {
	if c := cmp.Compare(x.weight, y.weight); c != 0 {
		return c
	}
	for i := range min(len(x.flights), len(y.flights)) {
		if c := cmp.Or(cmp.Compare(x.flights[i].from, y.flights[i].from), cmp.Compare(x.flights[i].to, y.flights[i].to)); c != 0 {
			return c
		}
	}
	return 0
}

func (k *keeper) list() []*journey {
	var out []*journey
	for _, list := range k.byCarriers {
		out = append(out, list...)
	}
	slices.SortFunc(out, func(x, y *journey) int {
		return cmp.Or(cmp.Compare(len(x.flights), len(y.flights)), compareWeight(x, y), slices.CompareFunc(x.flights, y.flights, func(a, b flight) int {
			return cmp.Compare(a.carrier, b.carrier)
		}))
	})
	return out
}
