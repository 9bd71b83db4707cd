package nearest

import (
	"slices"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	for _, test := range []struct {
		given      string
		candidates []string
		first      string // "" is nothing at all
	}{
		{"JFX", []string{"JAX", "JFK", "LHR"}, "JFK"},
		{"platnum", []string{"Gold", "Platinum", "Platinum Pro"}, "Platinum"},
		{"Advantage", []string{"AC_Aeroplan", "AA_AAdvantage"}, "AA_AAdvantage"},
		{"zzzzzzzz", []string{"JFK", "LHR"}, ""},
		{"", []string{"JFK"}, ""},
	} {
		got := Of(test.given, test.candidates, nil)
		if test.first == "" && len(got) > 0 || test.first != "" && (len(got) == 0 || got[0] != test.first) {
			t.Errorf("%q: got %q, want %q first", test.given, got, test.first)
		}
	}
}

func TestOfIsShort(t *testing.T) {
	many := strings.Split(strings.Repeat("JFK ", 20), " ")
	if got := Of("JFX", many, nil); len(got) != most {
		t.Errorf("got %d suggestions, want %d", len(got), most)
	}
}

func TestOfKnowsNames(t *testing.T) {
	names := map[string][]string{"LH": {"Lufthansa"}, "LX": {"SWISS"}}
	got := Of("Lufthans", []string{"LH", "LX"}, func(code string) []string { return append(names[code], code) })
	if !slices.Equal(got, []string{"LH"}) {
		t.Errorf("got %q", got)
	}
}
