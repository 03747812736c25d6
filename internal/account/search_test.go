package account

import (
	"context"
	"strconv"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/fault"
)

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, n := range []NewPerson{
			{Username: "ruth.o", Name: "Ruth Ọsẹ́i", Email: "Ruth@Riverside.example", Org: "a", OrgName: "Riverside Cardiology"},
			{Username: "o.brien", Name: "Máire O'Brien", Email: "m@hill.example", Org: "b", OrgName: "Hügel & Søn"},
			{Username: "zed", Name: "رُوث سعيد", Org: "b", OrgName: "Hügel & Søn"},
		} {
			n.Password, n.Side, n.Roles = goodPassword, access.Office, []access.Role{access.Requester}
			f.create(n)
		}
		for text, want := range map[string]string{
			"RUTH": "ruth.o ", "osei": "ruth.o ", "ruth@riv": "ruth.o ", "cardio": "ruth.o ", "ruth cardio": "ruth.o ", "ruth hugel": "",
			"o'br": "o.brien ", "brien": "o.brien ", "o.b": "o.brien ", "hugel": "o.brien zed ", "SON": "o.brien zed ", "maire": "o.brien ",
			"uth": "", "%": "!", "": "!", "x": "!", "__": "", "روث": "zed ",
		} {
			found, more, err := f.Search(context.Background(), desk, text)
			got := ""
			for _, p := range found {
				got += p.Username + " "
			}
			if err != nil {
				wantKind(t, text, err, fault.Invalid)
				got = "!"
			}
			if got != want || more {
				t.Errorf("%q gives %q, want %q", text, got, want)
			}
		}
		_, _, err := f.Search(context.Background(), access.Actor{Person: "x", Side: access.Office, Roles: []access.Role{access.LocalAdmin}}, "ruth")
		wantKind(t, "an office", err, fault.Forbidden)
	})
}

func TestSearchGivesFifty(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		people := make([]NewPerson, 51)
		for i := range people {
			people[i] = clerk("clerk" + strconv.Itoa(i))
		}
		_, err := f.CreateAll(context.Background(), operator, people)
		if err != nil {
			t.Fatal(err)
		}
		found, more, err := f.Search(context.Background(), desk, "clerk")
		if err != nil || len(found) != 50 || !more {
			t.Errorf("%d, %v, %v", len(found), more, err)
		}
	})
}

func TestFileAndEndSessions(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		p := f.create(clerk("ruth"))
		token, _ := f.mustSignIn("ruth", goodPassword, home)
		_, _, err := f.signIn("ruth", "wrong", home)
		wantKind(t, "wrong", err, fault.Unauthenticated)
		file, err := f.File(context.Background(), desk, p)
		if err != nil || file.Sessions != 1 || file.Failures != 1 || len(file.Memberships) != 1 || len(file.Events) == 0 || file.Shut {
			t.Errorf("%+v, %v", file, err)
		}
		_, err = f.File(context.Background(), access.Actor{Person: p, Side: access.Office, Roles: []access.Role{access.LocalAdmin}}, p)
		wantKind(t, "an office", err, fault.Forbidden)
		_, err = f.File(context.Background(), desk, "none")
		wantKind(t, "nobody", err, fault.NotFound)
		ended, err := f.EndedEverywhere(context.Background(), token)
		if err != nil || ended {
			t.Error("an open session has ended")
		}
		_, err = f.EndSessions(context.Background(), desk, p, "")
		wantKind(t, "no reason", err, fault.Invalid)
		_, err = f.EndSessions(context.Background(), desk, desk.Person, "my own")
		if err == nil {
			t.Error("ended the own sessions here")
		}
		n, err := f.EndSessions(context.Background(), desk, p, "she left her desk")
		if err != nil || n != 1 || f.open(token) {
			t.Errorf("%d ended, %v", n, err)
		}
		ended, err = f.EndedEverywhere(context.Background(), token)
		if err != nil || !ended {
			t.Errorf("not told that it ended: %v", err)
		}
		f.clock.Advance(11 * time.Minute)
		ended, err = f.EndedEverywhere(context.Background(), token)
		if err != nil || ended {
			t.Error("told so long after")
		}
	})
}
