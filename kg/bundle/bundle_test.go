package bundle

import (
	"testing"

	"loyalty-mcp/kg"
)

// TestEverySheetDecodes names file, line and field of each mistake.
func TestEverySheetDecodes(t *testing.T) {
	for _, name := range names("*.yaml") {
		t.Run(name, func(t *testing.T) {
			if _, err := read(files, name); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReferencesResolve checks references between sheets: carriers, areas, currencies.
func TestReferencesResolve(t *testing.T) {
	sheets, err := Sheets()
	if err != nil {
		t.Fatal("a sheet does not decode: see TestEverySheetDecodes")
	}
	if _, err := kg.NewBatch(sheets); err != nil {
		t.Error(err)
	}
}
