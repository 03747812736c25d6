package idp

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	jose "github.com/go-jose/go-jose/v4"
)

const keyID = "key-1"

// serve lets the library answer, and bends its answers.
func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	bend := p.bend
	p.mu.Unlock()
	if bend.Down {
		http.Error(w, "down for maintenance", http.StatusServiceUnavailable)
		return
	}
	if r.URL.Path == "/login" {
		p.login(w, r)
		return
	}
	answer := httptest.NewRecorder()
	p.library.ServeHTTP(answer, r)
	body := answer.Body.Bytes()
	if answer.Code == http.StatusOK {
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			body = changed(body, bend.Discovery)
		case "/userinfo":
			body = changed(body, bend.UserInfo)
		case "/oauth/token":
			body = changed(body, func(doc map[string]any) { p.forge(doc, bend) })
		}
	}
	head := w.Header()
	for name, values := range answer.Header() {
		head[name] = values
	}
	head.Del("Content-Length")
	if to := head.Get("Location"); to != "" && bend.Answer != nil && strings.HasSuffix(r.URL.Path, "/callback") {
		u, err := url.Parse(to)
		if err == nil {
			q := u.Query()
			bend.Answer(q)
			u.RawQuery = q.Encode()
			head.Set("Location", u.String())
		}
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(body) // a browser that has gone needs no answer
}

// login signs the user in without asking anything.
func (p *Provider) login(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	p.mu.Lock()
	a := p.asked[id]
	if a != nil {
		a.user, a.done = p.user, true
	}
	p.mu.Unlock()
	if a == nil {
		http.NotFound(w, r)
		return
	}
	http.Redirect(w, r, "/authorize/callback?id="+url.QueryEscape(id), http.StatusFound)
}

func changed(body []byte, change func(map[string]any)) []byte {
	if change == nil {
		return body
	}
	doc := map[string]any{}
	err := json.Unmarshal(body, &doc)
	if err != nil {
		return body
	}
	change(doc)
	return encoded(doc)
}

func encoded(doc map[string]any) []byte {
	raw, err := json.Marshal(doc)
	if err != nil {
		panic(err) // a test put something into it that is no JSON
	}
	return raw
}

// forge changes the ID token of an answer and signs it again.
func (p *Provider) forge(doc map[string]any, bend Bend) {
	raw, ok := doc["id_token"].(string)
	if !ok || bend.Claims == nil && bend.Sign == "" {
		return
	}
	right, err := jose.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		panic(err) // the library signs with RS256
	}
	claims := right.UnsafePayloadWithoutVerification()
	doc["id_token"] = p.sign(changed(claims, bend.Claims), bend.Sign)
}

func (p *Provider) sign(claims []byte, how string) string {
	key := jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: p.key, KeyID: keyID}}
	switch how {
	case Unsigned:
		return segment([]byte(`{"alg":"none"}`)) + "." + segment(claims) + "."
	case SharedSecret:
		secret := append([]byte(p.Secret), make([]byte, 32)...) // HS256 takes 32 bytes at least; zeros change no HMAC
		key = jose.SigningKey{Algorithm: jose.HS256, Key: secret}
	case StrangeKey:
		key.Key = jose.JSONWebKey{Key: p.strange, KeyID: keyID}
	}
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		panic(err) // the keys above are of the right kind
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		panic(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return text
}
