package web

import (
	"hsconnect/internal/id"
	"hsconnect/internal/sensitive"
	"hsconnect/internal/web/kit"
)

// documentPage is GET /documents/{id}: the file itself. That it was opened is
// written down before its first byte leaves. One of a labelled request comes
// after the notice that goes with it (Q-04, 42 CFR 2.32): a file of somebody
// else's cannot carry it.
func (s *site) documentPage(c *Call) error {
	if c.Query("notice") != "read" {
		protected, err := s.Priorauth.ProtectedDocument(c.Context(), c.Actor, id.Document(c.Path("id")))
		if err != nil {
			return err
		}
		if len(protected) > 0 {
			open := &kit.Link{Text: "Open the document", Href: "/documents/" + c.Path("id") + "?notice=read"}
			return c.Show(Page{Title: "Document", Section: "authorizations", Body: documentNotice(labelWords(protected), sensitive.Notice(protected), open)})
		}
	}
	d, body, err := s.Documents.Open(c.Context(), c.Actor, id.Document(c.Path("id")))
	if err != nil {
		return err
	}
	err = c.Send(File{Name: d.SafeName(), Type: d.Type, Size: d.Size, Inline: true, Body: body})
	closed := body.Close()
	if err != nil {
		return err
	}
	return closed
}
