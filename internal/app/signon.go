package app

import (
	"context"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/signon"
)

// LinkSignOn gives what makes an identity, as a provider has confirmed it, the
// actor's own.
func LinkSignOn(d *db.DB) func(ctx context.Context, who access.Actor, i signon.Identity) error {
	return func(ctx context.Context, who access.Actor, i signon.Identity) error {
		return d.Update(ctx, func(tx *db.Tx) error { return signon.Link(tx, who, i, who.Person) })
	}
}
