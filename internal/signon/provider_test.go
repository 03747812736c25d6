package signon

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/portaltest/idp"
)

func TestSaveProvider(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		p := f.save(f.form())
		if p.Secret != "" || !slices.Equal(p.Domains, []string{"riverside.example", "xn--clnica-4va.example"}) || p.Created.IsZero() {
			t.Errorf("saved as %+v", p)
		}
		p.Name, p.TrustFactor = "Riverside", false
		changed := f.save(p)
		if changed.Name != "Riverside" || changed.TrustFactor {
			t.Errorf("changed to %+v", changed)
		}
		f.signOn(Start{Provider: p.ID}) // the secret stayed
		all, err := f.List(ctx, staff)
		if err != nil || len(all) != 1 || all[0].Secret != "" || len(all[0].Domains) != 2 {
			t.Errorf("the list is %+v, %v", all, err)
		}
		detail := f.text("select detail from signon_event where kind = $1", string(Changed))
		if detail != "name: Riverside; second factor counts: no" {
			t.Errorf("the event says %q", detail)
		}
		p.Secret = "another-secret"
		f.save(p)
		_, err = f.finish(f.begin(Start{Provider: p.ID}))
		wantRefused(t, "with a wrong secret", err, errCode)
		if n := f.count("select count(1) from signon_event where detail like '%another-secret%' or detail like '%the:client%'"); n != 0 {
			t.Error("an event holds a secret")
		}
	})
}

func TestSaveRefuses(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		for _, c := range []struct {
			path, text string
			change     func(p *Provider)
		}{
			{"name", "1 to 100", func(p *Provider) { p.Name = " " }},
			{"name", "one line", func(p *Provider) { p.Name = "a\nb" }},
			{"side", "Choose", func(p *Provider) { p.Side = access.System }},
			{"organization", "Choose", func(p *Provider) { p.Org = "" }},
			{"organization", "empty", func(p *Provider) { p.Side = access.Plan }},
			{"issuer", "https", func(p *Provider) { p.Issuer = "http://id.example.org" }},
			{"issuer", "https", func(p *Provider) { p.Issuer = "javascript:alert(1)" }},
			{"issuer", "https", func(p *Provider) { p.Issuer = "https://user:password@id.example.org" }},
			{"issuer", "question mark", func(p *Provider) { p.Issuer = "https://id.example.org/?a=b" }},
			{"issuer", "exactly", func(p *Provider) { p.Issuer += "/" }},
			{"issuer", "Nothing there", func(p *Provider) { p.Issuer += "/elsewhere" }},
			{"client", "client id", func(p *Provider) { p.ClientID = "a\u00a0b" }},
			{"secret", "client secret", func(p *Provider) { p.Secret = "" }},
			{"secret", "US keyboard", func(p *Provider) { p.Secret = "schl\u00fcssel" }},
			{"domains", "1 to 50", func(p *Provider) { p.Domains = nil }},
			{"domains", "without @", func(p *Provider) { p.Domains = []string{"ruth@riverside.example"} }},
			{"domains", "such as", func(p *Provider) { p.Domains = []string{"example"} }},
			{"domains", "such as", func(p *Provider) { p.Domains = []string{"<script>.example"} }},
			{"acrs", "without spaces", func(p *Provider) { p.ACRs = []string{"a b"} }},
		} {
			p := f.form()
			c.change(&p)
			_, err := f.Save(ctx, staff, p, why)
			wantProblem(t, c.path+" "+c.text, err, c.path, c.text)
		}
		p := f.form()
		_, err := f.Save(ctx, staff, p, "  ")
		wantProblem(t, "no reason", err, "reason", "3 to 500")
		_, err = f.Save(ctx, ruth, p, why)
		wantKind(t, "by somebody of an office", err, fault.Forbidden)
		_, err = f.Save(ctx, access.Actor{}, p, why)
		wantKind(t, "by nobody", err, fault.Unauthenticated)
		_, err = f.List(ctx, desk)
		wantKind(t, "listed by the help desk", err, fault.Forbidden)
		wantKind(t, "disabled by the help desk", f.Disable(ctx, desk, "x", why), fault.Forbidden)
		wantKind(t, "disabled without one", f.Disable(ctx, staff, "x", why), fault.NotFound)
		p.ID = "01jdnobody0000000000000000"
		_, err = f.Save(ctx, staff, p, why)
		wantKind(t, "changed without one", err, fault.NotFound)
		if n := f.count("select count(1) from signon_provider") + f.count("select count(1) from signon_event"); n != 0 {
			t.Errorf("%d rows are left of it", n)
		}
	})
}

func TestDiscoveryThatDoesNotFit(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, c := range []struct {
			text string
			bend idp.Bend
		}{
			{"another issuer", idp.Bend{Discovery: set("issuer", "https://id.attacker.example")}},
			{"not https", idp.Bend{Discovery: set("token_endpoint", "http://169.254.169.254/latest")}},
			{"not https", idp.Bend{Discovery: set("jwks_uri", "")}},
			{"not https", idp.Bend{Discovery: set("authorization_endpoint", "javascript:alert(1)")}},
			{"not https", idp.Bend{Discovery: set("userinfo_endpoint", "file:///etc/passwd")}},
			{"authorization code", idp.Bend{Discovery: set("response_types_supported", []string{"id_token"})}},
			{"client secret", idp.Bend{Discovery: set("token_endpoint_auth_methods_supported", []string{"private_key_jwt"})}},
			{"Nothing there", idp.Bend{Discovery: set("response_types_supported", 7)}},
			{"Nothing there", idp.Bend{Discovery: set("padding", strings.Repeat("x", mostAnswer))}},
			{"Nothing there", idp.Bend{Down: true}},
		} {
			f.idp.Bend(c.bend)
			_, err := f.Save(context.Background(), staff, f.form(), why)
			wantProblem(t, c.text, err, "issuer", c.text)
		}
		f.idp.Bend(idp.Bend{Discovery: set("token_endpoint_auth_methods_supported", []string{"client_secret_post"})})
		f.signOn(Start{Provider: f.save(f.form()).ID})
	})
}

func TestOneProviderAndOneOwner(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		first := f.save(f.form())
		second := f.form()
		second.Domains = []string{"second.example"}
		_, err := f.Save(ctx, staff, second, why)
		wantKind(t, "a second one of the organization", err, fault.Conflict)
		second.Org = lakeview
		second.Domains = []string{"riverside.example"}
		_, err = f.Save(ctx, staff, second, why)
		wantProblem(t, "a domain of another", err, "domains", "belongs to another")
		plan := second
		plan.Side, plan.Org, plan.Domains = access.Plan, "", []string{"plan.example"}
		f.save(plan)

		moved := first
		moved.Org = lakeview
		_, err = f.Save(ctx, staff, moved, why)
		wantProblem(t, "moved to another organization", err, "organization", "Cannot change")
		moved = first
		moved.Issuer = idp.Start(t).Issuer
		_, err = f.Save(ctx, staff, moved, why)
		wantProblem(t, "moved to another issuer", err, "issuer", "Cannot change")

		err = f.Disable(ctx, staff, first.ID, why)
		if err != nil {
			t.Fatal(err)
		}
		err = f.Disable(ctx, staff, first.ID, why)
		if err != nil {
			t.Errorf("disabled twice: %v", err)
		}
		if n := f.count("select count(1) from signon_event where kind = $1", string(Disabled)); n != 1 {
			t.Errorf("%d events", n)
		}
		heir := f.save(second) // the domain of a disabled one moves
		p, ok, err := f.ForDomain(ctx, "somebody@riverside.example")
		if err != nil || !ok || p.ID != heir.ID {
			t.Errorf("the domain leads to %v %v %v", p.ID, ok, err)
		}
		_, err = f.Save(ctx, staff, first, why)
		wantProblem(t, "enabled with a domain that moved", err, "domains", "belongs to another")
	})
}

func TestForDomain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		p := f.save(f.form())
		for typed, want := range map[string]bool{
			"ruth@riverside.example": true, " Ruth@Riverside.EXAMPLE ": true, "riverside.example": true, "anybody@clínica.example": true,
			"ruth@sub.riverside.example": false, "riverside": false, "": false, "@": false, "ruth@": false, "ruth": false,
			"' or 1=1 --": false, "riverside.example@evil.example": false, "\x00\xff": false, strings.Repeat("a.", 3000): false, "مثال.example": false,
		} {
			got, ok, err := f.ForDomain(ctx, typed)
			if err != nil || ok != want || ok && (got.ID != p.ID || got.Secret != "") || !ok && got.ID != "" {
				t.Errorf("%q: %v %v %v", typed, got.ID, ok, err)
			}
		}
		err := f.Disable(ctx, staff, p.ID, why)
		if err != nil {
			t.Fatal(err)
		}
		_, ok, err := f.ForDomain(ctx, "ruth@riverside.example")
		if err != nil || ok {
			t.Errorf("a disabled one: %v %v", ok, err)
		}
	})
}

func TestEventsStay(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		p := f.save(f.form())
		err := f.link(ruth, f.signOn(Start{Provider: p.ID}), ruthID)
		if err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{
			"update signon_event set reason = 'x'", "delete from signon_event",
			"delete from signon_link", "update signon_link set person = 'x'", "update signon_link set subject = 'x'",
		} {
			err := f.d.Update(context.Background(), func(tx *db.Tx) error {
				_, err := tx.Exec(query)
				return err
			})
			if !db.Refused(err) {
				t.Errorf("%s: %v", query, err)
			}
		}
	})
}

func TestClientGoesNowhereElse(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.216.34:443": true, "10.1.2.3:443": true, "[2001:db8::1]:443": true,
		"127.0.0.1:443": false, "[::1]:443": false, "169.254.169.254:80": false, "[fe80::1]:443": false, "0.0.0.0:80": false,
		"[::ffff:169.254.169.254]:80": false, "[::ffff:127.0.0.1]:80": false, "224.0.0.1:80": false, "nonsense": false,
	} {
		if (reachable(address, false) == nil) != want {
			t.Errorf("%s: %v", address, reachable(address, false))
		}
	}
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	from := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer from.Close()
	answer, err := client(nil, true).Get(from.URL)
	if err == nil {
		_ = answer.Body.Close()
		t.Error("followed a redirect to another host")
	}
	_, err = client(nil, false).Get(elsewhere.URL)
	if err == nil {
		t.Error("called this machine")
	}
	for _, site := range []string{"", "portal.example.org", "ftp://portal.example.org", "https://user@portal.example.org", "https://portal.example.org/?x"} {
		_, err = New(Deps{DB: &db.DB{}, Seal: nothing{}, Site: site})
		if err == nil {
			t.Errorf("made for %q", site)
		}
	}
	s, err := New(Deps{DB: &db.DB{}, Seal: nothing{}, Site: "https://portal.example.org/"})
	if err != nil || s.Answers() != "https://portal.example.org"+AnswerPath || s.address("http://localhost:9000") {
		t.Errorf("%v %v", s.Answers(), err)
	}
}

// nothing seals nothing.
type nothing struct{}

func (nothing) Encrypt(plain, _ []byte) ([]byte, error)  { return plain, nil }
func (nothing) Decrypt(sealed, _ []byte) ([]byte, error) { return sealed, nil }
