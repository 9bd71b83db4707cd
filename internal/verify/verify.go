// Package verify looks for what is wrong with the facts: rules that contradict
// each other or can never hold, codes that stand for nothing, figures that cannot
// be right, facts without source. It is pure, as the engines are.
package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"loyalty-mcp/internal/earnings"
	"loyalty-mcp/kg"
	"loyalty-mcp/schemas"
)

// Finding is one thing that is wrong, or may be.
type Finding struct {
	Severity string `json:"severity"`
	Kind     string `json:"kind"`
	Program  string `json:"program,omitempty"` // empty for reference data
	Fact     string `json:"fact,omitempty"`    // where it stands in its fact sheet: earningRules/ba-own
	Message  string `json:"message"`
}

// Severities. An error makes answers wrong or impossible; a warning is for a
// person to look at.
const (
	Error   = "error"
	Warning = "warning"
)

// Kinds of findings.
const (
	Sheet         = "sheet"         // a fact sheet cannot be read
	Tie           = "tie"           // two rules fit one flight equally well
	Overlap       = "overlap"       // two versions of a rule are in force at once
	Impossible    = "impossible"    // a rule fits no flight
	Outranked     = "outranked"     // another rule always decides instead
	ShadowedRow   = "shadowed-row"  // a row is never reached
	Gap           = "gap"           // booking classes of which nothing is said
	UnknownCode   = "unknown-code"  // a code stands for nothing
	Dates         = "dates"         // a span ends before it begins
	Rate          = "rate"          // a figure is out of the usual range, or negative
	Provenance    = "provenance"    // a fact has no source or no date
	Stale         = "stale"         // a fact is older than its program's usual revision
	Thresholds    = "thresholds"    // a tier asks for no more than the one below
	Qualification = "qualification" // how a tier is reached is not known
)

// Check looks for what is wrong with facts, errors first. today is an ISO date.
func Check(facts *kg.Facts, today string) []Finding {
	reference := &checker{facts: facts, today: today}
	reference.reference()
	ids := make([]string, 0, len(facts.Programs))
	for id := range facts.Programs {
		ids = append(ids, id)
	}
	parts := make([][]Finding, len(ids))
	var wait sync.WaitGroup
	for i, id := range ids {
		wait.Go(func() {
			c := &checker{facts: facts, today: today, program: id}
			c.check(facts.Programs[id])
			parts[i] = c.findings
		})
	}
	wait.Wait()
	all := slices.Concat(append(parts, reference.findings)...)
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Program, b.Program), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Fact, b.Fact), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(all)
}

// checker gathers the findings of one program, or of the reference data.
type checker struct {
	facts    *kg.Facts
	today    string
	program  string
	states   map[string]bool // known subdivisions, once they were needed
	findings []Finding
}

func (c *checker) add(severity, kind, fact, format string, args ...any) {
	c.findings = append(c.findings, Finding{Severity: severity, Kind: kind, Program: c.program, Fact: fact, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) has(kinds ...string) bool {
	return slices.ContainsFunc(c.findings, func(f Finding) bool { return slices.Contains(kinds, f.Kind) })
}

func (c *checker) check(p *kg.ProgramFacts) {
	c.programFacts(p)
	for _, m := range p.FareCategories {
		fact := "fareCategories/" + m.ID
		c.sourced(fact, m.Provenance)
		c.conditions(fact, &m.Conditions, p)
		c.span(fact, m.EffectiveDate, m.ExpirationDate)
		c.categoryMap(fact, m, p.Program)
		c.age(fact, m.Validity, m.Provenance, p.Program)
	}
	for _, r := range p.EarningRules {
		fact := c.rule(r)
		c.sourced(fact, r.Provenance)
		c.conditions(fact, &r.Conditions, p)
		c.span(fact, r.EffectiveDate, r.ExpirationDate)
		c.earns(fact, r, p)
		c.age(fact, r.Validity, r.Provenance, p.Program)
	}
	for _, t := range p.Transfers {
		fact := "transfers/" + t.To
		c.sourced(fact, t.Provenance)
		c.span(fact, t.EffectiveDate, t.ExpirationDate)
		c.age(fact, t.Validity, t.Provenance, p.Program)
	}
	c.awards(p)
	c.distances(p)
	c.versions(p.EarningRules)
	// The engine is not made for codes and dates that stand for nothing; they are
	// errors already.
	if len(p.EarningRules) > 0 && !c.has(UnknownCode, Dates) {
		c.survey(p)
	}
}

// rule is how a rule is called in its fact sheet.
func (c *checker) rule(r *schemas.EarningRule) string {
	return "earningRules/" + strings.TrimPrefix(r.ID, c.program+"/")
}

func (c *checker) item(it earnings.Item) string {
	if it.Rule != nil {
		return c.rule(it.Rule)
	}
	return "fareCategories/" + it.Categories.ID
}

// survey has the engine try the rules on every kind of flight.
func (c *checker) survey(p *kg.ProgramFacts) {
	alone := *c.facts
	alone.Programs = map[string]*kg.ProgramFacts{c.program: p}
	book, err := earnings.NewBook(&alone)
	if err != nil {
		c.add(Error, UnknownCode, "", "its rules cannot be used: %v", err)
		return
	}
	s := book.Survey(c.program, c.today)
	for _, tie := range s.Ties {
		a, b, of := tie.Items[0], tie.Items[1], ""
		if len(tie.Units) > 0 {
			of = " (" + strings.Join(tie.Units, ", ") + ")"
		}
		if a.Rule != nil && sameConditions(&a.Rule.Conditions, &b.Rule.Conditions) ||
			a.Rule == nil && sameConditions(&a.Categories.Conditions, &b.Categories.Conditions) {
			c.overlap(c.item(a), c.item(b)) // the same words as of versions: it is listed once
			continue
		}
		c.add(Error, Tie, c.item(a), "fits as well as %s%s, so that neither can be chosen, e.g. for %s", c.item(b), of, tie.Example)
	}
	for _, i := range s.Impossible {
		c.add(Error, Impossible, c.item(i.Item), "can never hold: %s", i.Why)
	}
	for _, o := range s.Outranked {
		c.add(Warning, Outranked, c.item(o.Item), "never decides: where it holds another one ranks higher, e.g. %s", c.item(o.By))
	}
	for _, g := range s.Gaps {
		c.add(Warning, Gap, c.item(g.Item), "where it decides, nothing is said of the booking classes %s, which others for the same carrier name, e.g. for %s",
			g.Classes, g.Example)
	}
}

// sourced checks that a fact says where it is from and when it was true.
func (c *checker) sourced(fact string, p schemas.Provenance) {
	if len(p.Sources) == 0 {
		c.add(Error, Provenance, fact, "names no source")
	}
	for _, id := range p.Sources {
		if c.facts.Sources[id] == nil {
			c.add(Error, Provenance, fact, "its source %q is not on file", id)
		}
	}
	if !isDate(p.AsOf) {
		c.add(Error, Provenance, fact, "has no date on which it was known to be true")
	}
}

func (c *checker) age(fact string, v schemas.Validity, p schemas.Provenance, program *schemas.Program) {
	if isDate(p.AsOf) && p.AsOf > c.today {
		c.add(Error, Dates, fact, "is said to be true as of %s, which is still to come", p.AsOf)
	}
	if v.ExpirationDate != "" && v.ExpirationDate < c.today {
		return // history does not change
	}
	if isDate(p.AsOf) && kg.OlderThan(p.AsOf, c.today, program.ReviewDays) {
		c.add(Warning, Stale, fact, "was last known true on %s; the program usually revises its rules within %d days", p.AsOf, program.ReviewDays)
	}
}

// span checks two days, either of which may be open.
func (c *checker) span(fact, from, to string) {
	for _, day := range []string{from, to} {
		if day != "" && !isDate(day) {
			c.add(Error, Dates, fact, "%q is not a day", day)
		}
	}
	if from != "" && to != "" && from > to {
		c.add(Error, Dates, fact, "ends (%s) before it begins (%s)", to, from)
	}
}

func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}
