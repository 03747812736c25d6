package web

import (
	"net/http"
	"strings"

	"hsconnect/internal/account"
	"hsconnect/internal/factor"
	"hsconnect/internal/fault"
)

// proofView is the page that asks for the second factor.
type proofView struct {
	form  *Form
	next  string
	state factor.State
	hint  string
}

// setUpView is the page that sets up the first second factor.
type setUpView struct {
	form   *Form
	next   string
	secret string
	link   string
}

// mfaPage is the second step of signing in: it asks for the second factor, or
// has one set up where there is none (N-02).
func (s *site) mfaPage(c *Call) error {
	next := localPath(c.r.URL.Query().Get("next"))
	if c.Session.Proven {
		return c.Redirect(orHome(next))
	}
	return c.showProof(nil, next)
}

func (c *Call) showProof(f *Form, next string) error {
	st, err := c.site.Accounts.Factors(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	if st.Any() || st.Codes > 0 {
		return c.Show(Page{Title: "Prove that it is you", Form: f, Body: proofBody(proofView{form: f, next: next, state: st, hint: c.hint()})})
	}
	return c.showSetUp(f, next)
}

// hint is the code of a made-up person's app, which nobody has.
func (c *Call) hint() string {
	if !c.site.Demo || c.site.Hint == nil {
		return ""
	}
	return c.site.Hint(c.Actor.Username)
}

func (c *Call) showSetUp(f *Form, next string) error {
	setup, err := c.site.Accounts.SetUpTOTP(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	return c.Show(Page{Title: "Set up your second factor", Form: f, Body: setUpBody(setUpView{form: f, next: next, secret: spaced(setup.Secret), link: setup.URL})})
}

// spaced lets a secret be read and typed in groups of four.
func spaced(secret string) string {
	var out strings.Builder
	for i, r := range secret {
		if i > 0 && i%4 == 0 {
			out.WriteByte(' ')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// factorPicture is the picture of the secret of an app that is being set up.
func (s *site) factorPicture(c *Call) error {
	setup, err := s.Accounts.SetUpTOTP(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	return c.write(http.StatusOK, "image/png", setup.QR)
}

// prove takes the code of an app, or a recovery code.
func (s *site) prove(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	next := localPath(f.Raw("next"))
	token, err := s.Accounts.ProveCode(c.Context(), c.token, f.Text("code"))
	if err == nil {
		c.setToken(token)
		return c.Redirect(orHome(next))
	}
	return c.notProven(f, next, err)
}

// notProven shows the page again with what was wrong.
func (c *Call) notProven(f *Form, next string, err error) error {
	kind := fault.KindOf(err)
	if kind != fault.TooMany && kind != fault.Unauthenticated && kind != fault.Invalid || c.WantsJSON() {
		return err
	}
	if problems := fault.Problems(err); len(problems) > 0 {
		f.Fail("code", "Code", problems[0].Text)
	} else {
		f.Fail("code", "Code", fault.Text(err))
	}
	return c.showProof(f, next)
}

// confirmApp takes the first code of a newly set up app.
func (s *site) confirmApp(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	next := localPath(f.Raw("next"))
	added, err := s.Accounts.ConfirmTOTP(c.Context(), c.Actor, c.token, f.Text("code"))
	if err != nil {
		return c.notProven(f, next, err)
	}
	return c.added(added, next, "/")
}

// added shows the recovery codes that came with the first factor, or leads on.
func (c *Call) added(a account.Added, next, otherwise string) error {
	if a.Token != "" {
		c.setToken(a.Token)
	}
	if next == "" {
		next = otherwise
	}
	if len(a.Codes) == 0 {
		return c.Redirect(next)
	}
	return c.Show(Page{Title: "Your recovery codes", Body: codesBody(a.Codes, next)})
}

// options is what a script hands to the browser's passkeys.
func (c *Call) options(raw []byte, ceremony string, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"options": jsonText(raw), "ceremony": ceremony})
}

// jsonText puts JSON into JSON as it is.
type jsonText []byte

// MarshalJSON implements json.Marshaler.
func (t jsonText) MarshalJSON() ([]byte, error) { return t, nil }

// passkeyCheck begins the proof by a passkey of whoever is there, and by
// anybody's where nobody is.
func (s *site) passkeyCheck(c *Call) error {
	return c.options(s.Accounts.BeginPasskeyCheck(c.Context(), c.Actor, c.address))
}

func (s *site) passkeyNew(c *Call) error {
	return c.options(s.Accounts.BeginPasskey(c.Context(), c.Actor))
}

// provePasskey takes a passkey as the second factor.
func (s *site) provePasskey(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	next := localPath(f.Raw("next"))
	token, err := s.Accounts.ProvePasskey(c.Context(), c.token, f.Raw("ceremony"), []byte(f.Raw("answer")))
	if err != nil {
		return c.notProven(f, next, err)
	}
	c.setToken(token)
	return c.Redirect(orHome(next))
}

// firstPasskey sets up a passkey as the first second factor.
func (s *site) firstPasskey(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	next := localPath(f.Raw("next"))
	added, err := s.Accounts.AddPasskey(c.Context(), c.Actor, c.token, f.Raw("ceremony"), []byte(f.Raw("answer")), browserName(c.agent()))
	if err != nil {
		return c.notProven(f, next, err)
	}
	return c.added(added, next, "/")
}

// signInPasskey signs in with a passkey alone.
func (s *site) signInPasskey(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Set("next", localPath(f.Raw("next")))
	token, _, err := s.Accounts.SignInPasskey(c.Context(), account.Attempt{Address: c.address, Agent: c.agent(), Replaces: c.site.token(c.r)},
		f.Raw("ceremony"), []byte(f.Raw("answer")))
	if err != nil {
		return c.notIn(f, err)
	}
	c.setToken(token)
	return c.Redirect(orHome(f.Raw("next")))
}

// Strong asks for a fresh proof before what changes somebody's access or
// signs a denial (V-09). It is true when the person has proved herself within
// ten minutes; otherwise it has answered with a page that asks, and that sends
// the same form again with the proof.
func (c *Call) Strong(f *Form) (bool, error) {
	if c.Now().Sub(c.Session.Strong) <= account.StrongFor {
		return true, nil
	}
	return c.proven(f)
}

// proven takes the proof that came with a form, or asks for it.
func (c *Call) proven(f *Form) (bool, error) {
	var token string
	var err error
	switch {
	case f.Raw("proof_answer") != "":
		token, err = c.site.Accounts.ProvePasskey(c.Context(), c.token, f.Raw("proof_ceremony"), []byte(f.Raw("proof_answer")))
	case f.Has("proof_code"):
		token, err = c.site.Accounts.ProveCode(c.Context(), c.token, f.Text("proof_code"))
	default:
		return false, c.askAgain(f, nil)
	}
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.TooMany) {
		return false, c.askAgain(f, err)
	}
	if err != nil {
		return false, err
	}
	c.token, c.Session.Strong = token, c.Now()
	c.setToken(token)
	return true, nil
}

func (c *Call) askAgain(f *Form, problem error) error {
	asked := NewForm(nil)
	if problem != nil {
		asked.Fail("proof_code", "Code", fault.Text(problem))
	}
	st, err := c.site.Accounts.Factors(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	return c.Show(Page{Title: "Prove that it is you", Form: asked, Body: strongBody(strongView{form: asked, held: heldFields(f), path: c.r.URL.RequestURI(), state: st, hint: c.hint()})})
}

// strongView is the page that asks for a fresh proof, with the form that waits for it.
type strongView struct {
	form  *Form
	held  []heldField
	path  string
	state factor.State
	hint  string
}

// heldField is a field of a form that waits.
type heldField struct{ name, value string }

func heldFields(f *Form) []heldField {
	var out []heldField
	for name, values := range f.Values() {
		if strings.HasPrefix(name, "proof_") {
			continue
		}
		for _, v := range values {
			out = append(out, heldField{name, v})
		}
	}
	return out
}

// confirmPage asks for a fresh proof and leads on.
func (s *site) proveAgainPage(c *Call) error {
	next := localPath(c.r.URL.Query().Get("next"))
	f := NewForm(nil)
	f.Set("next", next)
	return c.askAgain(f, nil)
}

func (s *site) proveAgain(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok {
		return err
	}
	return c.Redirect(orHome(localPath(f.Raw("next"))))
}
