package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"hsconnect/internal/factor"
	"hsconnect/internal/portaltest/portal"
)

// stale lets the last proof grow too old for what asks for a fresh one, and
// the session live.
func stale(p *portal.Portal) { p.Clock.Advance(11 * time.Minute) }

// factorsOf gives what a person signs in with.
func factorsOf(t *testing.T, p *portal.Portal, who portal.Person) factor.State {
	t.Helper()
	st, err := p.Accounts.Factors(t.Context(), who.Actor)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// madePasskey is what the page's script sends once a device has made a passkey.
func madePasskey(t *testing.T, b *portal.Browser, who portal.Person) url.Values {
	t.Helper()
	a := b.Send(http.MethodPost, "/account/security/passkeys/begin", nil, http.Header{"Accept": {"application/json"}, "Sec-Fetch-Site": {"same-origin"}})
	var asked struct {
		Options  json.RawMessage
		Ceremony string
	}
	err := json.Unmarshal([]byte(a.Body), &asked)
	if err != nil || a.Status != http.StatusOK {
		t.Fatalf("beginning: %d %s, %v", a.Status, a.Body, err)
	}
	options, err := virtualwebauthn.ParseAttestationOptions(string(asked.Options))
	if err != nil {
		t.Fatal(err)
	}
	const coordinates = 77 // one key in 128 begins with a zero, which the module drops
	key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(key.Key.AttestationData()) != coordinates {
		key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	site := virtualwebauthn.RelyingParty{Name: "portal", ID: "portal.example.org", Origin: portal.Site}
	device := virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(who.Actor.Person)})
	return url.Values{"ceremony": {asked.Ceremony}, "answer": {virtualwebauthn.CreateAttestationResponse(site, device, key, *options)}}
}

func TestPasskeysComeAndGo(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b, strange := p.SignedIn(t, p.Clerk), p.SignedIn(t, p.Stranger)
		form := madePasskey(t, b, p.Clerk)
		a := b.Post("/account/security/passkeys", form)
		page := b.Follow(a)
		if a.Location != "/account/security?done=passkey" || !strings.Contains(page.Text(), "The passkey is added") || !strings.Contains(page.Text(), "Test browser") || faultsOf(page.Body) != nil {
			t.Fatalf("adding: %d to %q, %v\n%s", a.Status, a.Location, faultsOf(page.Body), page.Text())
		}
		if a := b.Post("/account/security/passkeys", form); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "sent twice") {
			t.Errorf("sent twice: %d", a.Status)
		}
		for name, bad := range map[string]url.Values{"nothing": {}, "nonsense": {"ceremony": {"x"}, "answer": {"{}"}}} {
			if a := b.Post("/account/security/passkeys", bad); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "Nothing was changed") {
				t.Errorf("%s: %d", name, a.Status)
			}
		}
		st := factorsOf(t, p, p.Clerk)
		if len(st.Passkeys) != 1 {
			t.Fatalf("%d passkeys", len(st.Passkeys))
		}
		remove := "/account/security/passkeys/" + st.Passkeys[0].ID + "/remove"
		if !strings.Contains(page.Body, `action="`+remove+`"`) {
			t.Error("the page has no button to remove it")
		}
		for name, path := range map[string]string{"somebody else's": remove, "nobody's": "/account/security/passkeys/01jdbq3h6m2t9v8x7c5b4a3z21/remove", "hostile": "/account/security/passkeys/%00%27%3B--/remove"} {
			if a := strange.Post(path, nil); a.Status != http.StatusNotFound {
				t.Errorf("%s: %d", name, a.Status)
			}
		}
		if n := len(factorsOf(t, p, p.Clerk).Passkeys); n != 1 {
			t.Fatalf("%d passkeys after the stranger", n)
		}
		a = b.Post(remove, nil)
		if !strings.Contains(b.Follow(a).Text(), "The passkey is removed") || len(factorsOf(t, p, p.Clerk).Passkeys) != 0 {
			t.Errorf("removing: %d to %q", a.Status, a.Location)
		}
		if a := b.Post(remove, nil); a.Status != http.StatusNotFound || !strings.Contains(a.Text(), "removed already") {
			t.Errorf("removing twice: %d", a.Status)
		}
	})
}

func TestTheLastFactorStays(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Clerk)
		a := b.Post("/account/security/app/remove", nil)
		if a.Status != http.StatusConflict || !strings.Contains(a.Text(), "Add another one first") || !strings.Contains(a.Text(), "Nothing was changed") || faultsOf(a.Body) != nil {
			t.Errorf("the last: %d, %v", a.Status, faultsOf(a.Body))
		}
		if !factorsOf(t, p, p.Clerk).TOTP {
			t.Fatal("it is gone")
		}
		b.Post("/account/security/passkeys", madePasskey(t, b, p.Clerk))
		for range 2 { // sent twice, the second finds nothing to do
			if a := b.Post("/account/security/app/remove", nil); a.Location != "/account/security?done=app-removed" {
				t.Errorf("with a passkey: %d\n%s", a.Status, a.Text())
			}
		}
		st := factorsOf(t, p, p.Clerk)
		a = b.Post("/account/security/passkeys/"+st.Passkeys[0].ID+"/remove", nil)
		if a.Status != http.StatusConflict || !strings.Contains(a.Text(), "last second factor") || len(factorsOf(t, p, p.Clerk).Passkeys) != 1 {
			t.Errorf("the passkey as the last: %d", a.Status)
		}
		history := b.Get("/account/sessions").Text()
		if strings.Count(history, "Second factor removed") != 1 || !strings.Contains(history, "Second factor added passkey") {
			t.Error("the history does not tell it, or tells it twice")
		}
	})
}

func TestANewAppReplacesTheOld(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Clerk)
		page := b.Get("/account/security/app")
		if found := faultsOf(page.Body); page.Status != http.StatusOK || found != nil || !strings.Contains(page.Body, `src="/login/mfa/picture"`) {
			t.Fatalf("%d, %v", page.Status, found)
		}
		if a := b.Get("/login/mfa/picture"); a.Header.Get("Content-Type") != "image/png" {
			t.Errorf("the picture: %d", a.Status)
		}
		_, after, _ := strings.Cut(page.Body, `id="factor-key">`)
		key, _, _ := strings.Cut(after, "<")
		secret := strings.ReplaceAll(key, " ", "")
		a := b.Post("/account/security/app", url.Values{"code": {"000000"}})
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "Is not what the app shows now") || !strings.Contains(a.Body, key) || faultsOf(a.Body) != nil {
			t.Errorf("a wrong code: %d, %v", a.Status, faultsOf(a.Body))
		}
		code, err := factor.TOTP(secret, p.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		a = b.Post("/account/security/app", url.Values{"code": {code}})
		if a.Location != "/account/security?done=app" {
			t.Fatalf("the right one: %d\n%s", a.Status, a.Text())
		}
		a = b.Post("/account/security/app", url.Values{"code": {code}})
		if a.Status != http.StatusConflict || !strings.Contains(a.Text(), "which is a new one") {
			t.Errorf("sent twice: %d", a.Status)
		}
		old := p.Browser(t)
		old.FirstStep(p.Clerk, "")
		if a := old.Post("/login/mfa", url.Values{"code": {p.Code(p.Clerk)}}); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("the old app's code: %d", a.Status)
		}
		stale(p)
		if a := b.Get("/account/security/app"); a.Location != "/confirm?next=%2Faccount%2Fsecurity%2Fapp" {
			t.Errorf("the key opens without a fresh proof: %d to %q", a.Status, a.Location)
		}
		if a := b.Get("/login/mfa/picture"); a.Status != http.StatusForbidden {
			t.Errorf("and its picture: %d", a.Status)
		}
	})
}

func TestNewRecoveryCodesAreShownOnce(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Clerk)
		a := b.Post("/account/security/codes", nil)
		_, after, _ := strings.Cut(a.Body, `<li class="hs-code">`)
		first, _, _ := strings.Cut(after, "<")
		if a.Status != http.StatusOK || strings.Count(a.Body, `<li class="hs-code">`) != 10 || faultsOf(a.Body) != nil || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
			t.Fatalf("%d, %v", a.Status, faultsOf(a.Body))
		}
		if next := b.Get("/account/security?done=codes"); strings.Contains(next.Body, first) || !strings.Contains(next.Text(), "Your new recovery codes count now") {
			t.Error("they are shown again, or nothing is said")
		}
		if strings.Contains(p.Log.String(), first) {
			t.Error("a code is in the log")
		}
		other := p.Browser(t)
		other.FirstStep(p.Clerk, "")
		if a := other.Post("/login/mfa", url.Values{"code": {strings.ToLower(first)}}); a.Status != http.StatusSeeOther {
			t.Errorf("the code does not open: %d", a.Status)
		}
		if !strings.Contains(b.Get("/account/security").Text(), "9 codes left") {
			t.Error("the page does not count them")
		}
	})
}

// V-09: what changes the factors, or ends the account, asks again, keeps the
// form, and goes on with it.
func TestAStaleProofAsksAgainAndKeepsTheForm(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		for path, form := range map[string]url.Values{
			"/account/security/app":               {"code": {"123456"}},
			"/account/security/app/remove":        {},
			"/account/security/passkeys":          {"ceremony": {"c"}, "answer": {"{}"}},
			"/account/security/passkeys/x/remove": {},
			"/account/security/codes":             {},
			"/account/leave":                      {"word": {"leave"}},
		} {
			b := p.SignedIn(t, p.Clerk)
			stale(p)
			before := factorsOf(t, p, p.Clerk)
			a := b.Post(path, form)
			if !strings.Contains(a.Text(), "Prove that it is you") || !strings.Contains(a.Body, `action="`+path+`"`) || faultsOf(a.Body) != nil {
				t.Errorf("%s: %d, %v", path, a.Status, faultsOf(a.Body))
			}
			for name, value := range form {
				if kept, _ := a.Field(name); kept != value[0] {
					t.Errorf("%s forgets %s", path, name)
				}
			}
			wrong := url.Values{"proof_code": {"000000"}}
			for name, value := range form {
				wrong[name] = value
			}
			if a := b.Post(path, wrong); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "did not prove it is you") {
				t.Errorf("%s with a wrong code: %d", path, a.Status)
			}
			if after := factorsOf(t, p, p.Clerk); after.TOTP != before.TOTP || after.Codes != before.Codes || len(after.Passkeys) != len(before.Passkeys) {
				t.Errorf("%s changed something", path)
			}
		}
		b := p.SignedIn(t, p.Clerk)
		stale(p)
		if page := b.Get("/account/security"); !strings.Contains(page.Body, `href="/confirm?next=%2Faccount%2Fsecurity"`) || strings.Contains(page.Body, "data-passkey") {
			t.Error("a passkey may be begun that will be refused")
		}
		a := b.Post("/account/security/codes", url.Values{"proof_code": {p.Code(p.Clerk)}})
		if a.Status != http.StatusOK || !strings.Contains(a.Text(), "Your recovery codes") {
			t.Errorf("with the right code: %d", a.Status)
		}
		if page := b.Get("/account/security"); !strings.Contains(page.Body, `data-passkey="create"`) {
			t.Error("after it no passkey may be begun")
		}
	})
}
