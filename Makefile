# make test is the whole of what CI runs. It needs Go, and for the official MCP
# tools Node with npm; without those it says so and goes on, unless CI=true.

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.8.0

.PHONY: test lint vuln unit conformance bench generate docs

test: lint vuln unit conformance

lint:
	@unformatted=$$(gofmt -l cmd internal kg schemas test tools); \
	if [ -n "$$unformatted" ]; then echo "run gofmt -w on: $$unformatted"; exit 1; fi
	go vet ./...
	go vet -tags conformance ./internal/mcpserver ./test/conformance
	go run $(STATICCHECK) ./...
	go run $(STATICCHECK) -tags conformance ./internal/mcpserver ./test/conformance

# The database of vulnerabilities is not on a Go module proxy, so a machine that
# reaches nothing else cannot run this check, and says so.
vuln:
	@out=$$(go run $(GOVULNCHECK) ./... 2>&1); code=$$?; \
	if echo "$$out" | grep -q 'govulncheck: fetching vulnerabilities'; then \
		echo "govulncheck: NOT RUN, the vulnerability database cannot be reached from here"; \
	else echo "$$out"; exit $$code; fi

unit:
	go test -race -timeout 20m ./...

conformance: test/conformance/node_modules/.installed
	go test -count=1 -timeout 20m -tags conformance -run 'Conformance|Inspector|OfficialClient|ShippedServer' ./internal/mcpserver ./test/conformance

# What npm installs is pinned, with its hashes, in package-lock.json.
test/conformance/node_modules/.installed: test/conformance/package-lock.json
	@if command -v npm >/dev/null; then cd test/conformance && npm ci --no-audit --no-fund && touch node_modules/.installed; \
	else echo "npm is not installed: the official MCP tools are left out"; [ "$$CI" != true ]; fi

# Reported, not asserted: machines differ. Compare ns/op with the figures in the
# README, and BenchmarkEarnings with BenchmarkNoop of the same run.
bench:
	go test -run '^$$' -bench Calculate -benchmem ./internal/earnings
	go test -run '^$$' -bench . -benchmem ./internal/awards
	go test -run '^$$' -bench Call -benchmem ./tools
	go test -run '^$$' -bench 'Noop|Earnings|Awards' -benchtime 5s ./internal/mcpserver
	go test -run '^$$' -bench . -benchtime 10x ./cmd/mcp-server
	go test -run '^$$' -bench . -benchmem ./kg/embedded

# Writes the generated reference data anew; needs npm and pip's registry.
generate:
	go generate ./kg/bundle/...

# Writes anew what the bundled facts can answer; a test compares it with them.
docs:
	go run ./internal/coverage docs/coverage.md
