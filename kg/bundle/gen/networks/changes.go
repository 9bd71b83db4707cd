package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// changes is what changes.yaml says.
type changes struct {
	Sources []source
	Added   []change
	Ended   []change
	Closed  []closure
}

type source struct {
	ID, Title, URL, Kind string
	AsOf                 string `yaml:"asOf"`
}

// A change is one airport's routes of one carrier, begun or ended.
type change struct {
	Carrier, From string
	To            airportList
	Sources       []string
	AsOf          string `yaml:"asOf"` // the first day, or the first day without
	Note          string
}

// An airportList is written as one string, and "*" is all that the carrier
// reaches but those that follow: "* IST".
type airportList []string

func (l *airportList) UnmarshalYAML(text []byte) error {
	var codes string
	if err := yaml.Unmarshal(text, &codes); err != nil {
		return err
	}
	*l = strings.Fields(codes)
	return nil
}

// pairs returns the pairs that a change is about; "*" stands for those of network.
func (c change) pairs(network routes) []pair {
	var list []pair
	if c.To[0] != "*" {
		for _, to := range c.To {
			list = append(list, pairOf(c.From, to))
		}
		return list
	}
	for p := range network {
		other := ""
		switch c.From {
		case p[0]:
			other = p[1]
		case p[1]:
			other = p[0]
		default:
			continue
		}
		if !slices.Contains(c.To[1:], other) {
			list = append(list, p)
		}
	}
	return list
}

// A closure ended all routes to some countries, of all carriers or some.
type closure struct {
	Countries []string
	Carriers  string // empty for all
	Airports  string // those of the countries that the project knows; filled in
	Sources   []string
	AsOf      string `yaml:"asOf"`
	Note      string
}

// close takes a closure's routes out of a carrier's network and counts them.
func (c closure) close(carrier string, network routes) int {
	if c.Carriers != "" && !slices.Contains(strings.Fields(c.Carriers), carrier) {
		return 0
	}
	closed, lost := strings.Fields(c.Airports), 0
	for p := range network {
		if slices.Contains(closed, p[0]) || slices.Contains(closed, p[1]) {
			delete(network, p)
			lost++
		}
	}
	return lost
}

// readChanges reads changes.yaml and checks all that it names.
func readChanges(path string, w *world) (*changes, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var c changes
	if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
		return nil, err
	}
	sources := map[string]bool{}
	for _, s := range c.Sources {
		if sources[s.ID] || s.Title == "" || s.URL == "" || s.AsOf == "" || s.Kind == "" {
			return nil, fmt.Errorf("%s: the source %q is there twice or lacks a field", path, s.ID)
		}
		sources[s.ID] = true
	}
	var faults []error
	seen := map[string]bool{}
	for i, list := range [][]change{c.Added, c.Ended} {
		for _, change := range list {
			fault := func(format string, args ...any) {
				faults = append(faults, fmt.Errorf("%s: %s from %s: %s", path, change.Carrier, change.From, fmt.Sprintf(format, args...)))
			}
			if !slices.Contains(strings.Fields(bookable), change.Carrier) {
				fault("a carrier that no program books")
			}
			if len(change.To) == 0 || change.AsOf == "" || len(change.Sources) == 0 {
				fault("a field is missing")
				continue
			}
			for _, code := range append([]string{change.From}, change.To...) {
				if _, ok := w.airports[code]; !ok && code != "*" {
					fault("no airport %s", code)
				}
			}
			for _, id := range change.Sources {
				if !sources[id] {
					fault("no source %s", id)
				}
			}
			for _, p := range change.pairs(nil) {
				if key := fmt.Sprint(i, change.Carrier, p); seen[key] {
					fault("%s-%s is there twice", p[0], p[1])
				} else {
					seen[key] = true
				}
			}
			if miles := w.longest(change.pairs(nil)); miles > longest {
				fault("%.0f miles are too many", miles)
			}
		}
	}
	for i := range c.Closed {
		var airports []string
		for code, a := range w.airports {
			if slices.Contains(c.Closed[i].Countries, a.country) {
				airports = append(airports, code)
			}
		}
		c.Closed[i].Airports = strings.Join(airports, " ")
		for _, id := range c.Closed[i].Sources {
			if !sources[id] {
				faults = append(faults, fmt.Errorf("%s: no source %s", path, id))
			}
		}
	}
	return &c, errors.Join(faults...)
}

func (w *world) longest(pairs []pair) float64 {
	most := 0.0
	for _, p := range pairs {
		most = max(most, w.miles(p))
	}
	return most
}
