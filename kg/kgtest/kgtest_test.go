package kgtest

import (
	"testing"

	"loyalty-mcp/kg"
)

// The oracle itself passes: what the suite expects by example and what it
// expects by the oracle agree.
func TestOracle(t *testing.T) {
	Run(t, func(*testing.T) kg.Graph { return newOracle() })
}
