// Package nearest finds what a misspelt code or name may have meant.
package nearest

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// most is how many suggestions are useful.
const most = 5

// Of returns the candidates nearest to what was given, best first, at most five.
// names lists the names by which a candidate is known; nil stands for itself. A
// name that begins with what was given, or holds it, comes before one that is
// only near.
func Of(given string, candidates []string, names func(string) []string) []string {
	if names == nil {
		names = func(candidate string) []string { return []string{candidate} }
	}
	given = strings.ToLower(strings.TrimSpace(given))
	if given == "" {
		return nil
	}
	length := utf8.RuneCountInString(given)
	type scored struct {
		value string
		score int
	}
	var list []scored
	for _, c := range candidates {
		best := 1 << 20
		for i, name := range names(c) {
			name = strings.ToLower(name)
			// Names that differ much in length are far apart, which need not be computed.
			if apart := utf8.RuneCountInString(name) - length; max(apart, -apart) > most+length/4 && !strings.Contains(name, given) {
				continue
			}
			// Of equally near ones those that begin alike come first: JFX is JFK rather than JAX.
			score := 10*levenshtein.ComputeDistance(given, name) - commonPrefix(given, name)
			switch {
			case len(given) >= 4 && strings.HasPrefix(name, given):
				score = 5 + i
			case len(given) >= 4 && strings.Contains(name, given):
				score = 8 + i
			case score > 10*(1+len(given)/4):
				continue
			}
			best = min(best, score)
		}
		if best < 1<<20 {
			list = append(list, scored{c, best})
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].score < list[j].score })
	var out []string
	for _, s := range list[:min(len(list), most)] {
		out = append(out, s.value)
	}
	return out
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && n < 9 && a[n] == b[n] {
		n++
	}
	return n
}
