package web_test

import (
	"fmt"
	"strings"

	"golang.org/x/net/html"
)

// element is a start of an element with its attributes.
type element struct {
	name string
	attr map[string]string
}

// parsed gives the elements of a page in their order, or nil.
func parsed(page string) (all []element) {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		e := element{name: n.Data, attr: map[string]string{}}
		for _, a := range n.Attr {
			e.attr[a.Key] = a.Val
		}
		all = append(all, e)
	}
	return all
}

// faultsOf says what is wrong with a page's structure.
func faultsOf(page string) (found []string) {
	doc := parsed(page)
	if doc == nil {
		return []string{"does not parse"}
	}
	ids, labels, level, h1 := map[string]int{}, map[string]bool{}, 0, 0
	for _, e := range doc {
		ids[e.attr["id"]]++
		if e.name == "label" {
			labels[e.attr["for"]] = true
		}
	}
	for _, e := range doc {
		for key, value := range e.attr {
			if key == "style" || strings.HasPrefix(key, "on") {
				found = append(found, "inline "+key+" on "+e.name)
			}
			if key == "aria-describedby" || key == "aria-labelledby" || key == "href" && strings.HasPrefix(value, "#") {
				for _, one := range strings.Fields(strings.TrimPrefix(value, "#")) {
					if ids[one] == 0 {
						found = append(found, key+" names "+one+", which is not there")
					}
				}
			}
		}
		if id := e.attr["id"]; id != "" && ids[id] > 1 {
			found = append(found, "id "+id+" stands twice")
		}
		switch {
		case e.name == "h1":
			h1++
			level = 1
		case len(e.name) == 2 && e.name[0] == 'h' && e.name[1] > '1' && e.name[1] < '7':
			if now := int(e.name[1] - '0'); now > level+1 {
				found = append(found, fmt.Sprintf("a heading skips from %d to %d", level, now))
			} else {
				level = now
			}
		case e.name == "input" || e.name == "select" || e.name == "textarea":
			if e.attr["type"] != "hidden" && !labels[e.attr["id"]] {
				found = append(found, "no label for "+e.attr["name"])
			}
		}
	}
	if h1 != 1 {
		found = append(found, fmt.Sprint(h1, " h1"))
	}
	return found
}
