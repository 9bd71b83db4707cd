package earnings

import (
	"cmp"
	"math"
	"slices"

	"loyalty-mcp/internal/geo"
	"loyalty-mcp/schemas"
)

// earthRadius in statute miles is good for a first look at a distance; what
// counts is computed by Miles.
const earthRadius = 3958.76

// place is an airport as a point on the unit sphere.
type place struct {
	index   int
	x, y, z float64
	country string
}

// airports lists the airports by their index in bit sets.
func (s *surveyor) airports() []*schemas.Airport {
	if s.places == nil {
		s.places = make([]*schemas.Airport, len(s.book.airports))
		for code, i := range s.book.airports {
			s.places[i] = s.book.facts.Airports[code]
		}
	}
	return s.places
}

// routes are pairs of airports: between every two areas that the items tell
// apart, one for each distance band and for domestic and international flights
// where that matters.
func (s *surveyor) routes() []setting {
	var limits []int // of bands: a distance is in the band of the first that is not below it
	domestic := false
	for _, it := range s.items {
		if r := it.given.Route; r != nil {
			domestic = domestic || r.Domestic != nil
			if r.Miles != nil {
				limits = append(limits, r.Miles.Over, r.Miles.UpTo)
			}
		}
	}
	slices.Sort(limits)
	limits = slices.DeleteFunc(slices.Compact(limits), func(limit int) bool { return limit == 0 }) // an open end
	finder := &routeFinder{surveyor: s, limits: limits, kinds: 1, seen: map[string]bool{}}
	if domestic {
		finder.kinds = 2
	}
	for _, limit := range finder.limits {
		finder.cosines = append(finder.cosines, math.Cos(float64(limit)/earthRadius))
	}
	areas := s.areas()
	for i, from := range areas {
		for _, to := range areas[i:] {
			finder.between(from, to)
		}
	}
	// A program's own figure can put a pair into another band than its neighbours.
	for _, d := range s.program.distances {
		finder.add(s.book.airports[d.From], s.book.airports[d.To])
	}
	return finder.found
}

// areas groups the airports that no item tells apart, one of each large city
// first, so that examples are of likely routes.
func (s *surveyor) areas() [][]place {
	prominence := map[string]int{}
	for _, city := range s.book.facts.Cities {
		for i, code := range city.Airports {
			prominence[code] = len(city.Airports) - 100*i
		}
	}
	order := make([]place, len(s.airports()))
	for i, a := range s.airports() {
		latitude, longitude := a.Latitude*math.Pi/180, a.Longitude*math.Pi/180
		order[i] = place{index: i, country: a.Country, x: math.Cos(latitude) * math.Cos(longitude),
			y: math.Cos(latitude) * math.Sin(longitude), z: math.Sin(latitude)}
	}
	slices.SortStableFunc(order, func(a, b place) int {
		return cmp.Compare(prominence[s.airports()[b.index].Code], prominence[s.airports()[a.index].Code])
	})
	var sets []geo.Set
	seen := map[string]bool{}
	for _, it := range s.items {
		for _, set := range []geo.Set{it.between, it.and, it.within} {
			if k := key(set); set != nil && !seen[k] {
				seen[k] = true
				sets = append(sets, set)
			}
		}
	}
	var out [][]place
	at := map[string]int{}
	for _, p := range order {
		member := geo.NewSet(len(sets))
		for i, set := range sets {
			if set.Has(p.index) {
				member.Add(i)
			}
		}
		i, ok := at[key(member)]
		if !ok {
			i = len(out)
			at[key(member)] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], p)
	}
	return out
}

// routeFinder gathers routes that the items tell apart.
type routeFinder struct {
	*surveyor
	limits  []int
	cosines []float64 // of the limits, as angles
	kinds   int       // 2 if domestic flights are told apart
	found   []setting
	seen    map[string]bool
}

// between looks for a route of each kind and band between two areas.
func (f *routeFinder) between(from, to []place) {
	bands := len(f.limits) + 1
	have, missing := make([]bool, f.kinds*bands), f.kinds*bands
	for i := range from {
		a := &from[i]
		others := to
		if &from[0] == &to[0] {
			others = to[i+1:]
		}
		for j := range others {
			b := &others[j]
			kind := 0
			if f.kinds == 2 && a.country == b.country {
				kind = bands
			}
			cosine, near := a.x*b.x+a.y*b.y+a.z*b.z, 0
			for near < len(f.cosines) && cosine < f.cosines[near] {
				near++
			}
			if have[kind+near] {
				continue
			}
			if exact := kind + f.band(f.add(a.index, b.index)); !have[exact] {
				have[exact] = true
				if missing--; missing == 0 {
					return
				}
			}
		}
	}
}

func (f *routeFinder) band(miles int) int {
	at, _ := slices.BinarySearch(f.limits, miles)
	return at
}

// add makes a setting of a route, unless one like it is known, and returns its miles.
func (f *routeFinder) add(from, to int) int {
	a, b := f.airports()[from], f.airports()[to]
	miles := geo.Miles(a, b)
	if own := f.program.distances[pair(a.Code, b.Code)]; own != nil {
		miles = own.Miles
	}
	s := &segment{origin: a, destination: b, from: from, to: to}
	x := f.setting(func(it *item) bool { return it.given.Route == nil || it.onRoute(s, miles) },
		func(at *circumstances) { at.from, at.to, at.miles = from, to, miles })
	if k := key(x.fits); !f.seen[k] {
		f.seen[k] = true
		f.found = append(f.found, x)
	}
	return miles
}
