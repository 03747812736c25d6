package gallery

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/net/html"
)

// Check says what is wrong with a page: structure, names of controls, ids,
// and anything the content policy would block.
func Check(page []byte) []string {
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return []string{"does not parse: " + err.Error()}
	}
	c := &checker{ids: map[string]int{}, labels: map[string]bool{}}
	c.nesting(page)
	walk(doc, c.collect)
	walk(doc, c.element)
	if n := len(elements(doc, "h1")); n != 1 {
		c.say("%d h1 elements", n)
	}
	for _, h := range elements(doc, "html") {
		if attr(h, "lang") == "" {
			c.say("no lang on html")
		}
	}
	for id, n := range c.ids {
		if n > 1 {
			c.say("id %s stands %d times", id, n)
		}
	}
	return c.found
}

type checker struct {
	found  []string
	ids    map[string]int
	labels map[string]bool
	level  int
}

func (c *checker) say(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

func (c *checker) collect(n *html.Node) {
	if id := attr(n, "id"); id != "" {
		c.ids[id]++
	}
	if n.Data == "label" {
		c.labels[attr(n, "for")] = true
	}
}

func (c *checker) element(n *html.Node) {
	for _, a := range n.Attr {
		c.attribute(n, a)
	}
	switch n.Data {
	case "style":
		c.say("a style element")
	case "script":
		if attr(n, "src") == "" {
			c.say("an inline script")
		}
	case "input", "select", "textarea":
		if attr(n, "type") != "hidden" && !c.labels[attr(n, "id")] && attr(n, "aria-label") == "" {
			c.say("%s %s has no label", n.Data, attr(n, "name"))
		}
	case "button", "a", "summary":
		if strings.TrimSpace(text(n)) == "" && attr(n, "aria-label") == "" {
			c.say("%s without a name", n.Data)
		}
	case "table":
		if len(elements(n, "caption")) != 1 {
			c.say("a table without caption")
		}
	case "h1", "h2", "h3", "h4", "h5", "h6":
		level := int(n.Data[1] - '0')
		if level > c.level+1 {
			c.say("heading %q skips a level", text(n))
		}
		c.level = level
	}
}

func (c *checker) attribute(n *html.Node, a html.Attribute) {
	if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
		c.say("inline %s on %s", a.Key, n.Data)
	}
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
		c.say("a javascript address on %s", n.Data)
	}
	switch a.Key {
	case "for", "aria-describedby", "aria-labelledby", "aria-controls":
		for _, id := range strings.Fields(a.Val) {
			if c.ids[id] == 0 {
				c.say("%s of %s names %s, which is not there", a.Key, n.Data, id)
			}
		}
	case "href":
		if id, in := strings.CutPrefix(a.Val, "#"); in && id != "" && c.ids[id] == 0 {
			c.say("link to #%s, which is not there", id)
		}
	}
}

// voids are the elements without an end tag.
const voids = " area base br col embed hr img input link meta source track wbr "

// nesting compares start and end tags as written: the parser would repair
// what is wrong without a word.
func (c *checker) nesting(page []byte) {
	z := html.NewTokenizer(bytes.NewReader(page))
	var open []string
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				c.say("badly nested: %s is not closed", open[len(open)-1])
			}
			return
		case html.StartTagToken:
			name, _ := z.TagName()
			tag := string(name)
			if strings.Contains(voids, " "+tag+" ") {
				continue
			}
			if isBlock(tag) && len(open) > 0 && phrasingOnly(open[len(open)-1]) {
				c.say("badly nested: %s inside %s", tag, open[len(open)-1])
			}
			open = append(open, tag)
		case html.EndTagToken:
			name, _ := z.TagName()
			tag := string(name)
			if len(open) == 0 || open[len(open)-1] != tag {
				c.say("badly nested: unexpected end of %s", tag)
				return
			}
			open = open[:len(open)-1]
		case html.TextToken, html.SelfClosingTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
}

func isBlock(tag string) bool {
	return strings.Contains(" div p ul ol dl table section form fieldset h1 h2 h3 h4 blockquote details ", " "+tag+" ")
}

func phrasingOnly(tag string) bool {
	return strings.Contains(" p span bdi a h1 h2 h3 h4 button label strong dt summary ", " "+tag+" ")
}

func walk(n *html.Node, do func(*html.Node)) {
	if n.Type == html.ElementNode {
		do(n)
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		walk(child, do)
	}
}

func elements(n *html.Node, tag string) []*html.Node {
	var out []*html.Node
	walk(n, func(e *html.Node) {
		if e.Data == tag {
			out = append(out, e)
		}
	})
	return out
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	var visit func(*html.Node)
	visit = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			visit(child)
		}
	}
	visit(n)
	return b.String()
}
