package web

import (
	"context"
	"net/http"
	"time"

	"hsconnect/internal/fault"
	"hsconnect/internal/web/ui"
)

func (s *site) healthz(c *Call) error { return c.Text(http.StatusOK, "ok\n") }

// readyFor bounds how long the database may take to say that it is there.
const readyFor = 2 * time.Second

func (s *site) readyz(c *Call) error {
	err := s.ready(c.Context())
	if err != nil {
		return err
	}
	return c.Text(http.StatusOK, "ready\n")
}

func (s *site) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyFor)
	defer cancel()
	err := s.Ready(ctx)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "The database does not answer")
	}
	return nil
}

func (s *site) checkpoint(c *Call) error {
	signed, err := s.Record.Checkpoint(c.Context())
	if err != nil {
		return err
	}
	return c.Text(http.StatusOK, string(signed))
}

func (s *site) asset(c *Call) error {
	c.begun = true
	ui.Handler().ServeHTTP(c.w, c.r)
	return nil
}
