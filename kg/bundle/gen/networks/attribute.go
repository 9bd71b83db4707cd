package main

import (
	"log"
	"maps"
	"slices"
	"strings"
)

// attribute returns the routes by marketing carrier, the one under whose code
// and award space seats are sold. The list of routes has operating carriers.
func attribute(flown map[string]routes) map[string]routes {
	sold := map[string]routes{}
	sell := func(carrier string, p pair, flights int) {
		if sold[carrier] == nil {
			sold[carrier] = routes{}
		}
		sold[carrier][p] += flights
	}
	for carrier, network := range flown {
		for p, flights := range network {
			if sharedFeeders[carrier] == nil {
				sell(carrier, p, flights)
				if marketing := marketedBy[carrier]; marketing != "" {
					sell(marketing, p, flights)
				}
			}
		}
	}
	// Flights for several carriers come last, since what is already known of
	// those carriers tells whose they are.
	type assignment struct {
		carrier string
		pair    pair
		flights int
	}
	known := map[string]map[string]int{}
	for carrier, network := range sold {
		known[carrier] = network.degrees()
	}
	var found []assignment
	unclear := map[string]int{}
	for _, feeder := range slices.Sorted(maps.Keys(sharedFeeders)) {
		for p, flights := range flown[feeder] {
			if carrier := marketing(sharedFeeders[feeder], p, known); carrier != "" {
				found = append(found, assignment{carrier, p, flights})
			} else if flights >= weekly {
				unclear[feeder]++
			}
		}
	}
	for _, a := range found {
		sell(a.carrier, a.pair, a.flights)
	}
	log.Printf("routes of shared feeders whose marketing carrier is unclear, left out: %v", unclear)
	return sold
}

// marketing returns the carrier for which a shared feeder flies a route: the
// only one with a hub at either end, or, where several have one, the only one of
// them that is otherwise known at the far end; else none, since a route that is
// missing costs a traveller less than one that is not there. Four in five of the
// routes that stay unclear are known as some candidate's by its other flights.
func marketing(hubs map[string]string, p pair, known map[string]map[string]int) string {
	var candidates, serving []string
	for _, carrier := range slices.Sorted(maps.Keys(hubs)) {
		atHub := strings.Fields(hubs[carrier])
		for i, end := range p {
			if slices.Contains(atHub, end) {
				candidates = append(candidates, carrier)
				if known[carrier][p[1-i]] > 0 {
					serving = append(serving, carrier)
				}
				break
			}
		}
	}
	switch {
	case len(candidates) == 1:
		return candidates[0]
	case len(serving) == 1:
		return serving[0]
	}
	return ""
}
