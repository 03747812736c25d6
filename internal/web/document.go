package web

import (
	"hsconnect/internal/id"
)

// documentPage is GET /documents/{id}: the file itself. That it was opened is
// written down before its first byte leaves.
func (s *site) documentPage(c *Call) error {
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
