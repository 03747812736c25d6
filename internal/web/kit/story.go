package kit

import "github.com/a-h/templ"

func (p Post) class() string {
	return classes("hs-post", when(p.Mine && !p.Internal, "hs-post--mine"), when(p.Internal, "hs-post--internal"),
		when(p.Fresh, "hs-post--fresh"))
}

func (p Post) attributes() templ.Attributes {
	if p.ID == "" {
		return nil
	}
	return templ.Attributes{"id": p.ID}
}

func (d Document) icon() string {
	if d.Refused != "" {
		return "cancel"
	}
	return "file_present"
}

func on(yes bool) templ.Attributes {
	if yes {
		return templ.Attributes{"aria-current": "true"}
	}
	return nil
}
