package priorauth_test

import (
	"io"
	"strings"
	"testing"

	"hsconnect/internal/coverage"
	"hsconnect/internal/portaltest/portal"
)

// load puts members in from CSV.
func load(t testing.TB, p *portal.Portal, file string) {
	t.Helper()
	src := coverage.Source{Name: "bench.csv", Size: int64(len(file)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(file)), nil }}
	rep, err := p.Coverage.Import(ctx(), portal.Operator(), src, coverage.CSV, nil)
	if err != nil || rep.RefusedTotal > 0 {
		t.Fatalf("%d refused, %v", rep.RefusedTotal, err)
	}
}
