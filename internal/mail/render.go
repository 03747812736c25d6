package mail

import (
	"bytes"
	netmail "net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"hsconnect/internal/job"
)

// pageText is the part for programs that show HTML: no pictures, no colours
// of its own, nothing fetched from anywhere.
const pageText = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Subject}}</title></head>
<body style="font-family:sans-serif;font-size:16px;line-height:1.5;max-width:36em;margin:1em">
{{range .Text}}<p dir="auto">{{.}}</p>
{{end}}{{if .Link}}<p><a href="{{.Link}}">{{.LinkText}}</a></p>
<p style="font-size:14px">If that does not open, copy this address into your browser:<br><span dir="ltr" style="word-break:break-all">{{.Link}}</span></p>
{{end}}<hr>
<p style="font-size:14px" dir="auto">{{.Plan}}{{range .Foot}}<br>{{.}}{{end}}</p>
</body>
</html>
`

// render makes the message of a job: the same bytes each time.
func (s *Service) render(j job.Job, m Message) ([]byte, error) {
	var page bytes.Buffer
	err := s.page.Execute(&page, struct {
		Message
		Plan string
		Foot []string
	}{m, s.plan, s.foot})
	if err != nil {
		return nil, err
	}
	out := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary("part-"+string(j.ID)))
	out.FromMailAddress(&netmail.Address{Name: s.plan, Address: s.from})
	err = out.To(m.Address)
	if err != nil {
		return nil, err
	}
	out.Subject(m.Subject)
	out.SetDateWithValue(j.At.UTC())
	out.SetMessageIDWithValue(string(j.ID) + "@" + domain(s.from))
	// RFC 3834: no automatic answer is wanted to an automatic message.
	out.SetGenHeader("Auto-Submitted", "auto-generated")
	out.SetBodyString(gomail.TypeTextPlain, s.plain(m))
	out.AddAlternativeString(gomail.TypeTextHTML, page.String())
	var raw bytes.Buffer
	_, err = out.WriteTo(&raw)
	return raw.Bytes(), err
}

func (s *Service) plain(m Message) string {
	var b strings.Builder
	for _, p := range m.Text {
		b.WriteString(p + "\r\n\r\n")
	}
	if m.Link != "" {
		b.WriteString(m.LinkText + ":\r\n" + m.Link + "\r\n\r\n")
	}
	b.WriteString("-- \r\n" + s.plan + "\r\n")
	for _, line := range s.foot {
		b.WriteString(line + "\r\n")
	}
	return b.String()
}
