package signon

import (
	"context"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/portaltest/idp"
)

func TestLinks(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		p := f.save(f.form())
		i := f.signOn(Start{Provider: p.ID, Person: ruthID})
		other := ruth
		other.Org = lakeview
		staffOfPlan := access.Actor{Person: ruthID, Side: access.Plan}
		for _, c := range []struct {
			name string
			who  access.Actor
			to   id.Person
			want fault.Kind
		}{
			{"nobody", access.Actor{}, ruthID, fault.Unauthenticated},
			{"to nobody", ruth, "", fault.Unauthenticated},
			{"somebody else", omar, ruthID, fault.Forbidden},
			{"the help desk", desk, ruthID, fault.Forbidden},
			{"begun by somebody else", omar, omarID, fault.Conflict},
			{"acting for another organization", other, ruthID, fault.Forbidden},
			{"of the other side", staffOfPlan, ruthID, fault.Forbidden},
		} {
			wantKind(t, c.name, f.link(c.who, i, c.to), c.want)
		}
		for range 2 {
			err := f.link(ruth, i, ruthID)
			if err != nil {
				t.Fatal(err)
			}
		}
		again := f.signOn(Start{Provider: p.ID})
		wantKind(t, "what belongs to somebody else", f.link(omar, again, omarID), fault.Conflict)
		f.idp.SignIn(idp.User{Subject: "user-2", Email: "ruth@riverside.example", Verified: true})
		wantKind(t, "a second one of the same person", f.link(ruth, f.signOn(Start{Provider: p.ID}), ruthID), fault.Conflict)
		// An address that moved to another user opens nothing of the first.
		if i := f.signOn(Start{Provider: p.ID}); i.Person != "" {
			t.Errorf("the address alone opens %q", i.Person)
		}
		f.idp.SignIn(here)

		links, err := f.Links(ctx, ruth, ruthID)
		if err != nil || len(links) != 1 || links[0].ProviderName != p.Name || links[0].Used.IsZero() || !links[0].Ended.IsZero() {
			t.Fatalf("the links are %+v, %v", links, err)
		}
		_, err = f.Links(ctx, omar, ruthID)
		wantKind(t, "somebody else's links", err, fault.Forbidden)
		wantKind(t, "ended by somebody else", f.Unlink(ctx, omar, ruthID, links[0].ID, why), fault.Forbidden)
		wantKind(t, "ended as one's own", f.Unlink(ctx, omar, omarID, links[0].ID, why), fault.NotFound)
		wantProblem(t, "ended without a reason", f.Unlink(ctx, ruth, ruthID, links[0].ID, ""), "reason", "3 to 500")
		err = f.Unlink(ctx, desk, ruthID, links[0].ID, why)
		if err != nil {
			t.Fatal(err)
		}
		wantKind(t, "ended twice", f.Unlink(ctx, desk, ruthID, links[0].ID, why), fault.NotFound)
		i = f.signOn(Start{Provider: p.ID})
		if i.Person != "" {
			t.Error("a link that has ended counts")
		}
		wantKind(t, "taken after it ended", f.link(omar, i, omarID), fault.Conflict)
		err = f.link(ruth, i, ruthID)
		if err != nil {
			t.Fatal(err)
		}
		if i = f.signOn(Start{Provider: p.ID}); i.Person != ruthID {
			t.Error("a link that was opened again does not count")
		}
		if n := f.count("select count(1) from signon_event where person = $1 and kind in ($2, $3)", string(ruthID), string(Linked), string(Unlinked)); n != 3 {
			t.Errorf("%d events", n)
		}
	})
}

// What an identity said when it was proven is looked at again when it is linked.
func TestLinkAsThingsStand(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		p := f.save(f.form())
		i := f.signOn(Start{Provider: p.ID})
		p.Domains = []string{"elsewhere.example"}
		f.save(p)
		wantKind(t, "a domain that was taken away", f.link(ruth, i, ruthID), fault.Forbidden)
		p.Domains = []string{"riverside.example"}
		f.save(p)
		err := f.Disable(ctx, staff, p.ID, why)
		if err != nil {
			t.Fatal(err)
		}
		wantKind(t, "a provider that was disabled", f.link(ruth, i, ruthID), fault.NotFound)
		p.Disabled = false
		f.save(p)
		err = f.link(access.SystemActor("invitation"), i, ruthID)
		if err != nil {
			t.Errorf("by the portal: %v", err)
		}
	})
}
