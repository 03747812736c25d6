package app

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// How long a client may take, and how long a stop waits for answers under way.
const (
	headerTime = 10 * time.Second
	readTime   = 5 * time.Minute // a 25 MiB document on a slow line
	writeTime  = 5 * time.Minute
	idleTime   = 2 * time.Minute
	stopTime   = 20 * time.Second
)

// Serve serves pages on listener until ctx ends, then lets the answers under
// way finish. With a certificate configured it speaks TLS 1.2 or later (S-08).
func (a *App) Serve(ctx context.Context, listener net.Listener) error {
	overTLS := a.Config.TLSCertificate != ""
	handler, err := a.Handler(overTLS || a.Config.BehindProxy)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		ErrorLog:  slog.NewLogLogger(a.Log.Handler(), slog.LevelWarn),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	background := make(chan error, 1)
	go func() { background <- a.Background(ctx) }()
	served := make(chan error, 1)
	go func() {
		if overTLS {
			served <- server.ServeTLS(listener, a.Config.TLSCertificate, a.Config.TLSKey)
			return
		}
		served <- server.Serve(listener)
	}()
	select {
	case err = <-served:
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
	case err = <-background:
		background <- nil
	case <-ctx.Done():
	}
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer done()
	err = errors.Join(err, server.Shutdown(stop))
	cancel()
	return errors.Join(err, <-background)
}
