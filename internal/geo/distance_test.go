package geo_test

import (
	"math"
	"os"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"

	"loyalty-mcp/internal/geo"
	"loyalty-mcp/kg/bundle/bundletest"
	"loyalty-mcp/schemas"
)

// TestDistances compares with great-circle distances as others publish them;
// each pair's source is in the file. Many publishers compute on a sphere, which
// alone makes up to 0.5%.
func TestDistances(t *testing.T) {
	const tolerance = 0.005
	text, err := os.ReadFile("testdata/distances.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Sources []schemas.Source `json:"sources"`
		Pairs   []struct {
			From   string  `json:"from"`
			To     string  `json:"to"`
			Miles  float64 `json:"miles"`
			Source string  `json:"source"`
		} `json:"pairs"`
		Disputed any `json:"disputed"`
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		t.Fatal(yaml.FormatError(err, false, true))
	}
	airports := bundletest.Facts(t).Airports
	antimeridian, far := 0, 0
	for _, p := range file.Pairs {
		from, to := airports[p.From], airports[p.To]
		if from == nil || to == nil {
			t.Errorf("%s-%s: unknown airport", p.From, p.To)
			continue
		}
		if !slices.ContainsFunc(file.Sources, func(s schemas.Source) bool { return s.ID == p.Source }) {
			t.Errorf("%s-%s: no source %q", p.From, p.To, p.Source)
		}
		got := geo.Miles(from, to)
		if off := math.Abs(float64(got)-p.Miles) / p.Miles; off > tolerance {
			t.Errorf("%s-%s: got %d miles, published %v: %.2f%% off", p.From, p.To, got, p.Miles, 100*off)
		}
		if back := geo.Miles(to, from); back != got {
			t.Errorf("%s-%s: %d miles one way, %d the other", p.From, p.To, got, back)
		}
		if math.Abs(from.Longitude-to.Longitude) > 180 {
			antimeridian++
		}
		if got > 9000 {
			far++
		}
	}
	if len(file.Pairs) < 60 || antimeridian < 5 || far < 3 {
		t.Errorf("%d pairs, %d over the antimeridian, %d beyond 9,000 miles: too few to tell", len(file.Pairs), antimeridian, far)
	}
}
