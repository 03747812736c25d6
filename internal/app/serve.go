package app

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
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

// forwarded gives the address that the proxy in front saw: the last one of the
// last X-Forwarded-For, since what stands before it the client may have written.
// Without one it is the proxy itself.
func forwarded(r *http.Request) string {
	if all := r.Header.Values("X-Forwarded-For"); len(all) > 0 {
		hops := strings.Split(all[len(all)-1], ",")
		addr, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1]))
		if err == nil {
			return addr.Unmap().String()
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
