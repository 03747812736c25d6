package signon

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/portaltest/idp"
)

func TestSignOn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		p := f.save(f.form())
		start := Start{Provider: p.ID, Next: "/authorizations/7?tab=notes", Invite: "an invitation's secret"}
		redirect, browser, err := f.Begin(context.Background(), start)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(redirect)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		for name, want := range map[string]string{
			"response_type": "code", "redirect_uri": site + AnswerPath, "code_challenge_method": "S256", "acr_values": "urn:two", "scope": "openid email profile",
		} {
			if q.Get(name) != want {
				t.Errorf("%s is %q, want %q", name, q.Get(name), want)
			}
		}
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			if len(q.Get(name)) != 43 {
				t.Errorf("%s has %d characters, want 43", name, len(q.Get(name)))
			}
		}
		if strings.Contains(redirect, browser) || strings.Contains(redirect, f.idp.Secret) {
			t.Error("the address holds what only the browser or the portal may know")
		}
		i, err := f.finish(answer(f.idp.Browse(t, redirect), browser))
		if err != nil {
			t.Fatal(err, errors.Unwrap(err))
		}
		if i.Subject != here.Subject || i.Email != here.Email || !i.Verified || i.Name != here.Name || i.Factor || i.Person != "" || i.Start != start ||
			i.Provider.ID != p.ID || i.Provider.Org != riverside || i.Provider.Secret != "" {
			t.Errorf("the identity is %+v", i)
		}
		err = f.link(ruth, i, ruthID)
		if err != nil {
			t.Fatal(err)
		}
		f.clock.Advance(time.Minute)
		i = f.signOn(Start{Provider: p.ID})
		if i.Person != ruthID {
			t.Errorf("the second time it is %q", i.Person)
		}
		if n := f.count("select count(1) from signon_attempt"); n != 0 {
			t.Errorf("%d attempts are left", n)
		}
		if n := f.count("select count(1) from signon_event where kind = $1 and person = $2", string(Answered), string(ruthID)); n != 1 {
			t.Errorf("%d events of the sign-on", n)
		}
	})
}

func TestBareTokenAsksForMore(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		p := f.save(f.form())
		f.idp.Bare(true)
		i := f.signOn(Start{Provider: p.ID})
		if i.Email != here.Email || i.Name != here.Name {
			t.Errorf("the identity is %+v", i)
		}
		f.idp.Bend(idp.Bend{UserInfo: func(doc map[string]any) { doc["sub"] = "user-2" }})
		_, err := f.finish(f.begin(Start{Provider: p.ID}))
		wantRefused(t, "an answer about somebody else", err, errSubject)
		f.idp.Bend(idp.Bend{UserInfo: func(doc map[string]any) { doc["email_verified"] = false }})
		if i = f.signOn(Start{Provider: p.ID}); i.Email != "" || i.Verified {
			t.Error("an unverified address counts")
		}
		f.idp.Bend(idp.Bend{UserInfo: func(doc map[string]any) { delete(doc, "sub") }})
		_, err = f.finish(f.begin(Start{Provider: p.ID}))
		wantRefused(t, "an answer about nobody", err, errSubject)
		f.idp.Bend(idp.Bend{Discovery: set("userinfo_endpoint", f.idp.Issuer+"/nowhere")})
		f.clock.Advance(knownFor)
		if i = f.signOn(Start{Provider: p.ID}); i.Subject != here.Subject || i.Email != "" {
			t.Errorf("without an answer the identity is %+v", i)
		}
	})
}

func set(name string, value any) func(map[string]any) {
	return func(c map[string]any) { c[name] = value }
}

func TestForgedTokensAreRefused(t *testing.T) {
	cases := []struct {
		name string
		bend idp.Bend
		want error
	}{
		{"another issuer", idp.Bend{Claims: set("iss", "https://id.attacker.example")}, errIssuer},
		{"the issuer with a slash", idp.Bend{Claims: func(c map[string]any) { c["iss"] = c["iss"].(string) + "/" }}, errIssuer},
		{"another audience", idp.Bend{Claims: set("aud", "other-client")}, errAudience},
		{"no audience", idp.Bend{Claims: func(c map[string]any) { delete(c, "aud") }}, errAudience},
		{"another authorized party", idp.Bend{Claims: set("azp", "other-client")}, errParty},
		{"several audiences and no authorized party", idp.Bend{Claims: func(c map[string]any) {
			c["aud"] = []string{"portal", "other-client"}
			delete(c, "azp")
		}}, errParty},
		{"another nonce", idp.Bend{Claims: set("nonce", "abc")}, errNonce},
		{"no nonce", idp.Bend{Claims: func(c map[string]any) { delete(c, "nonce") }}, errNonce},
		{"expired", idp.Bend{Claims: set("exp", time.Now().Add(-time.Minute).Unix())}, errExpired},
		{"no expiry", idp.Bend{Claims: func(c map[string]any) { delete(c, "exp") }}, errExpired},
		{"of the future", idp.Bend{Claims: set("iat", time.Now().Add(time.Hour).Unix())}, errExpired},
		{"no subject", idp.Bend{Claims: set("sub", "")}, errSubject},
		{"a subject that is no text of theirs", idp.Bend{Claims: set("sub", "ruth\nadmin")}, errSubject},
		{"a subject of great length", idp.Bend{Claims: set("sub", strings.Repeat("x", 256))}, errSubject},
		{"claims of another shape", idp.Bend{Claims: set("amr", 7)}, errSignature},
		{"the hash of another access token", idp.Bend{Claims: set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")}, errSignature},
		{"not signed", idp.Bend{Sign: idp.Unsigned}, errAlgorithm},
		{"signed with the client's secret", idp.Bend{Sign: idp.SharedSecret}, errAlgorithm},
		{"signed with another key", idp.Bend{Sign: idp.StrangeKey}, errSignature},
	}
	each(t, func(t *testing.T, f *fixture) {
		p := f.save(f.form())
		err := f.link(ruth, f.signOn(Start{Provider: p.ID}), ruthID)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			f.idp.Bend(c.bend)
			i, err := f.finish(f.begin(Start{Provider: p.ID, Person: ruthID}))
			wantRefused(t, c.name, err, c.want)
			if i.Subject != "" || i.Person != "" {
				t.Errorf("%s: gives an identity", c.name)
			}
		}
		if n := f.count("select count(1) from signon_event where kind = $1 and person = $2", string(Refused), string(ruthID)); n != len(cases) {
			t.Errorf("%d events, want %d", n, len(cases))
		}
		f.idp.Bend(idp.Bend{Claims: set("iat", time.Now().Add(time.Minute).Unix())})
		f.signOn(Start{Provider: p.ID}) // a clock that is a little ahead does no harm
		for _, secret := range []string{here.Email, "attacker.example", "user-1", f.idp.Secret} {
			if strings.Contains(f.logs.String(), secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
	})
}

// A provider that lists weak algorithms, or nothing, makes them count no more.
func TestListedAlgorithms(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.idp.Bend(idp.Bend{Discovery: set("id_token_signing_alg_values_supported", []string{"none", "HS256"})})
		_, err := f.Save(context.Background(), staff, f.form(), why)
		wantProblem(t, "only weak ones", err, "issuer", "signed with RSA")
		f.idp.Bend(idp.Bend{Discovery: set("id_token_signing_alg_values_supported", []string{"none", "HS256", "RS256"})})
		p := f.save(f.form())
		f.signOn(Start{Provider: p.ID})
		for _, sign := range []string{idp.Unsigned, idp.SharedSecret} {
			f.idp.Bend(idp.Bend{Sign: sign})
			_, err = f.finish(f.begin(Start{Provider: p.ID}))
			wantRefused(t, sign, err, errAlgorithm)
		}
	})
}

func TestAttempts(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		p := f.save(f.form())
		start := Start{Provider: p.ID}
		used := f.begin(start)
		_, err := f.finish(used)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.finish(used)
		wantRefused(t, "the same answer again", err, errNoAttempt)

		stolen := f.begin(start)
		mine := f.begin(start)
		stolen.Browser = mine.Browser
		_, err = f.finish(stolen)
		wantRefused(t, "in another browser", err, errBrowser)
		for _, browser := range []string{"", "x", newToken()} {
			a := f.begin(start)
			a.Browser = browser
			_, err = f.finish(a)
			if !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("with the browser's secret %q: %v", browser, err)
			}
		}

		swapped := f.begin(start) // the attacker's code under the victim's state and cookie
		mine = f.begin(start)
		mine.Code = swapped.Code
		_, err = f.finish(mine)
		wantRefused(t, "another attempt's code", err, errCode)

		late := f.begin(start)
		f.clock.Advance(Lasts)
		_, err = f.finish(late)
		wantRefused(t, "ten minutes later", err, errLate)
		f.clock.Advance(-time.Microsecond)
		intime := f.begin(start)
		f.clock.Advance(Lasts - time.Microsecond)
		_, err = f.finish(intime)
		if err != nil {
			t.Errorf("just in time: %v", err)
		}

		for _, a := range []Answer{{}, {State: newToken(), Code: "x", Browser: newToken()}, {State: strings.Repeat("é", 43), Browser: newToken()}} {
			_, err = f.finish(a)
			wantRefused(t, "an answer that nobody asked for", err, errNoAttempt)
		}
		denied := f.begin(start)
		denied.Code, denied.Error = "", "access_denied"
		_, err = f.finish(denied)
		wantRefused(t, "the provider says no", err, errDenied)

		f.begin(start)
		f.clock.Advance(Lasts)
		err = f.d.Update(context.Background(), Sweep)
		if err != nil {
			t.Fatal(err)
		}
		if n := f.count("select count(1) from signon_attempt"); n != 0 {
			t.Errorf("%d attempts are left", n)
		}
	})
}

func TestTwoAnswersAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		p := f.save(f.form())
		a := f.begin(Start{Provider: p.ID})
		var wait sync.WaitGroup
		results := make([]error, 6)
		for n := range results {
			wait.Go(func() { _, results[n] = f.Finish(context.Background(), a) })
		}
		wait.Wait()
		good := 0
		for _, err := range results {
			if err == nil {
				good++
				continue
			}
			wantRefused(t, "the slower one", err, errNoAttempt)
		}
		if good != 1 {
			t.Errorf("%d of six count", good)
		}
	})
}

func TestMixUp(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		p := f.save(f.form())
		iss := func(value string) func(url.Values) { return func(q url.Values) { q.Set("iss", value) } }
		f.idp.Bend(idp.Bend{Answer: iss(f.idp.Issuer)})
		f.signOn(Start{Provider: p.ID})
		f.idp.Bend(idp.Bend{Answer: iss("https://id.attacker.example")})
		_, err := f.finish(f.begin(Start{Provider: p.ID}))
		wantRefused(t, "an answer of another issuer", err, errMixedUp)
		f.idp.Bend(idp.Bend{Answer: func(q url.Values) {
			q.Set("iss", "https://id.attacker.example")
			q.Set("error", "access_denied")
		}})
		_, err = f.finish(f.begin(Start{Provider: p.ID}))
		wantRefused(t, "a failure of another issuer", err, errMixedUp)

		f.idp.Bend(idp.Bend{Discovery: set("authorization_response_iss_parameter_supported", true)})
		f.clock.Advance(knownFor)
		_, err = f.finish(f.begin(Start{Provider: p.ID}))
		wantRefused(t, "no issuer from a provider that sends it", err, errMixedUp)

		// The browser is told that one provider answered, and the other was asked.
		other := idp.Start(t, site+AnswerPath)
		form := f.form()
		form.Org, form.Issuer, form.Domains = lakeview, other.Issuer, []string{"lakeview.example"}
		q := f.save(form)
		redirect, browser, err := f.Begin(context.Background(), Start{Provider: q.ID})
		if err != nil {
			t.Fatal(err)
		}
		f.idp.Bend(idp.Bend{})
		stolen := f.begin(Start{Provider: p.ID})
		a := answer(other.Browse(t, redirect), browser)
		a.Code = stolen.Code
		_, err = f.finish(a)
		wantRefused(t, "the code of another provider", err, errCode)
	})
}

func TestProviderThatChangesInBetween(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		p := f.save(f.form())
		a := f.begin(Start{Provider: p.ID})
		err := f.Disable(ctx, staff, p.ID, why)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.finish(a)
		wantRefused(t, "disabled in between", err, errDisabled)
		_, _, err = f.Begin(ctx, Start{Provider: p.ID})
		wantKind(t, "begin with a disabled one", err, fault.NotFound)
		_, _, err = f.Begin(ctx, Start{Provider: "' or 1=1 --"})
		wantKind(t, "begin with none", err, fault.NotFound)
		p.Disabled = false
		f.save(p)
		f.signOn(Start{Provider: p.ID})

		f.idp.Bend(idp.Bend{Down: true})
		f.clock.Advance(knownFor)
		_, _, err = f.Begin(ctx, Start{Provider: p.ID})
		wantKind(t, "begin while it is down", err, fault.Unavailable)
		f.idp.Bend(idp.Bend{Discovery: set("issuer", "https://id.attacker.example")})
		_, _, err = f.Begin(ctx, Start{Provider: p.ID})
		wantKind(t, "begin when discovery lies", err, fault.Unavailable)
		f.idp.Bend(idp.Bend{})
		a = f.begin(Start{Provider: p.ID})
		f.idp.Bend(idp.Bend{Down: true})
		_, err = f.finish(a)
		wantKind(t, "finish while it is down", err, fault.Unavailable)
	})
}

func TestFactorCountsWhereTrusted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		p := f.save(f.form())
		for _, c := range []struct {
			name  string
			user  idp.User
			trust bool
			want  bool
		}{
			{"password only", idp.User{AMR: []string{"pwd"}}, true, false},
			{"mfa", idp.User{AMR: []string{"pwd", "mfa"}}, true, true},
			{"mfa of a provider that is not trusted", idp.User{AMR: []string{"mfa"}}, false, false},
			{"a listed acr", idp.User{ACR: "urn:two"}, true, true},
			{"another acr", idp.User{ACR: "urn:one"}, true, false},
			{"nothing said", idp.User{}, true, false},
		} {
			p.TrustFactor = c.trust
			p = f.save(p)
			c.user.Subject = "user-1"
			f.idp.SignIn(c.user)
			if i := f.signOn(Start{Provider: p.ID}); i.Factor != c.want {
				t.Errorf("%s: %v", c.name, i.Factor)
			}
		}
		f.idp.Bend(idp.Bend{Claims: set("amr", "mfa")})
		p.TrustFactor = true
		p = f.save(p)
		if i := f.signOn(Start{Provider: p.ID}); !i.Factor {
			t.Error("a single text is no list")
		}
	})
}

func TestAddressesThatCount(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		p := f.save(f.form())
		for _, c := range []struct {
			email    string
			verified bool
			want     bool
		}{
			{"ruth@riverside.example", true, true},
			{"Ruth@RIVERSIDE.example", true, true},
			{"ruth@clínica.example", true, true},
			{"ruth@riverside.example", false, false},
			{"ruth@evil.example", true, false},
			{"ruth@sub.riverside.example", true, false},
			{"ruth@evil.example,x@riverside.example", true, false},
			{"ruth@evil.example@riverside.example", true, false},
			{"Ruth <ruth@riverside.example>", true, false},
			{"@riverside.example", true, false},
			{"ruth\r\n@riverside.example", true, false},
			{"", true, false},
		} {
			u := here
			u.Email, u.Verified = c.email, c.verified
			f.idp.SignIn(u)
			i := f.signOn(Start{Provider: p.ID})
			if i.Verified != c.want || c.want && i.Email != c.email || !c.want && i.Email != "" {
				t.Errorf("%q: %v %q", c.email, i.Verified, i.Email)
			}
			if !c.want {
				wantKind(t, c.email, f.link(ruth, i, ruthID), fault.Forbidden)
			}
		}
		u := here
		u.Name = "  <b>Ruth</b>\u202e\n" + strings.Repeat("é", 200)
		f.idp.SignIn(u)
		if i := f.signOn(Start{Provider: p.ID}); !strings.HasPrefix(i.Name, "<b>Ruth</b> é") || len([]rune(i.Name)) != maxName {
			t.Errorf("the name is %q", i.Name)
		}
	})
}

func TestNextStaysHere(t *testing.T) {
	for next, want := range map[string]string{
		"/": "/", "/authorizations?page=2#top": "/authorizations?page=2#top", "/a%20b": "/a%20b",
		"": "", "authorizations": "", "https://evil.example/": "", "//evil.example": "", "/\\evil.example": "", "\\/evil.example": "",
		"/\t/evil.example": "", " /x": "", "/x\n": "", "javascript:alert(1)": "", "/..//evil.example": "", "/%2f/evil.example": "", "/%5c/evil.example": "",
		"/%zz": "", "///evil.example": "", "/" + strings.Repeat("x", maxNext): "",
	} {
		if got := local(next); got != want {
			t.Errorf("%q gives %q, want %q", next, got, want)
		}
	}
	each(t, func(t *testing.T, f *fixture) {
		p := f.save(f.form())
		i := f.signOn(Start{Provider: p.ID, Next: "https://evil.example/"})
		if i.Start.Next != "" {
			t.Errorf("goes on to %q", i.Start.Next)
		}
	})
}

func FuzzNext(f *testing.F) {
	for _, seed := range []string{"/x", "//x", "/\\x", "/%2f%2fx", "/?next=//x"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://portal.example.org/login")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		kept := local(next)
		if kept == "" {
			return
		}
		to, err := base.Parse(kept)
		if err != nil || to.Host != base.Host || to.Scheme != base.Scheme || strings.HasPrefix(to.Path, "//") {
			t.Errorf("%q leads to %v", kept, to)
		}
	})
}

// What is stored tells nobody who reads the database how to go on.
func TestNothingUsableIsStored(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		p := f.save(f.form())
		redirect, browser, err := f.Begin(context.Background(), Start{Provider: p.ID, Invite: "an invitation's secret"})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(redirect)
		if err != nil {
			t.Fatal(err)
		}
		var state, cookie, sealed, secret []byte
		err = f.d.View(context.Background(), func(tx *db.Tx) error {
			err := tx.Row("select state_hash, browser_hash, sealed from signon_attempt").Scan(&state, &cookie, &sealed)
			if err != nil {
				return err
			}
			return tx.Row("select sealed from signon_provider").Scan(&secret)
		})
		if err != nil {
			t.Fatal(err)
		}
		stored := string(state) + string(cookie) + string(sealed) + string(secret)
		for _, what := range []string{browser, u.Query().Get("state"), u.Query().Get("nonce"), "an invitation's secret", f.idp.Secret} {
			if strings.Contains(stored, what) {
				t.Errorf("%q is stored", what)
			}
		}
		_, err = f.seal.Decrypt(secret, []byte("another provider"))
		if err == nil {
			t.Error("the secret opens for another provider")
		}
	})
}
