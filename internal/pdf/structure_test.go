package pdf

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// objects is a file as qpdf tells it: values by "n 0 R", streams with their data.
type objects map[string]any

func readObjects(t *testing.T, data []byte) objects {
	t.Helper()
	out := run(t, data, "qpdf", "--json=2", "--json-key=qpdf", "--json-stream-data=inline", "--decode-level=all", "FILE")
	var doc struct{ Qpdf []map[string]any }
	err := json.Unmarshal([]byte(out), &doc)
	if err != nil {
		t.Fatal(err)
	}
	all := objects{}
	for key, v := range doc.Qpdf[1] {
		all[strings.TrimPrefix(key, "obj:")] = v
	}
	return all
}

// get follows references and names down to a value; nil where there is none.
func (o objects) get(v any, path ...string) any {
	for {
		if s, ok := v.(string); ok && strings.HasSuffix(s, " 0 R") {
			v = o[s]
			continue
		}
		m, ok := v.(map[string]any)
		if ok && m["value"] != nil {
			v = m["value"]
			continue
		}
		if len(path) == 0 {
			return v
		}
		if st, isStream := m["stream"].(map[string]any); isStream {
			m, ok = st["dict"].(map[string]any)
			if path[0] == "DATA" {
				return st["data"]
			}
		}
		if !ok {
			return nil
		}
		v, path = m[path[0]], path[1:]
	}
}

func (o objects) list(v any, path ...string) []any {
	l, _ := o.get(v, path...).([]any)
	return l
}

type spot struct {
	page string
	mark int
}

// audit walks one file and notes what is wrong with it.
type audit struct {
	t     *testing.T
	o     objects
	owner map[spot]string
	roles map[string]int
	level int
}

// allowed says which roles may stand directly in a role.
func allowed(role string) string {
	switch role {
	case "/Document":
		return "/H1 /H2 /H3 /P /L /Table /Figure "
	case "/L":
		return "/LI "
	case "/LI":
		return "/Lbl /LBody "
	case "/Table":
		return "/Caption /TR "
	case "/TR":
		return "/TH /TD "
	}
	return ""
}

// checkStructure holds what PDF/UA-1 asks for and a reader of the file can see.
// It gives how often each role occurs.
func checkStructure(t *testing.T, data []byte) map[string]int {
	t.Helper()
	a := &audit{t: t, o: readObjects(t, data), owner: map[spot]string{}, roles: map[string]int{}}
	root := a.o.get(a.o["trailer"], "/Root")
	for path, want := range map[string]any{
		"/MarkInfo /Marked": true, "/ViewerPreferences /DisplayDocTitle": true,
	} {
		if got := a.o.get(root, strings.Fields(path)...); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if lang, _ := a.o.get(root, "/Lang").(string); !strings.HasPrefix(lang, "u:") || len(lang) < 4 {
		t.Errorf("the language is %q", lang)
	}
	for _, banned := range []string{"/OpenAction", "/AA", "/AcroForm", "/Names"} {
		if a.o.get(root, banned) != nil {
			t.Errorf("the catalog has %s", banned)
		}
	}
	top := a.o.list(root, "/StructTreeRoot", "/K")
	if len(top) != 1 {
		t.Fatalf("%d roots of the structure, want 1", len(top))
	}
	a.element(top[0].(string), a.o.get(root).(map[string]any)["/StructTreeRoot"].(string))
	parents := a.o.list(root, "/StructTreeRoot", "/ParentTree", "/Nums")
	pages := a.o.list(root, "/Pages", "/Kids")
	if len(parents) != 2*len(pages) {
		t.Fatalf("%d entries of the parent tree for %d pages", len(parents)/2, len(pages))
	}
	for i, p := range pages {
		a.page(p.(string), i, a.o.list(parents[2*i+1]))
	}
	if len(a.owner) > 0 {
		t.Errorf("%d pieces of content are in the structure and on no page", len(a.owner))
	}
	a.outline(root)
	return a.roles
}

func (a *audit) element(id, parent string) {
	role, _ := a.o.get(id, "/S").(string)
	a.roles[role]++
	m := a.o.get(id).(map[string]any)
	if m["/P"] != parent {
		a.t.Errorf("%s %s names %v as its parent, want %s", role, id, m["/P"], parent)
	}
	if role == "/TH" && a.o.get(id, "/A", "/Scope") == nil {
		a.t.Errorf("TH %s has no scope", id)
	}
	if role == "/Figure" && (a.o.get(id, "/Alt") == nil || len(a.o.list(id, "/A", "/BBox")) != 4) {
		a.t.Errorf("figure %s has no text or no place", id)
	}
	if len(role) == 3 && role[1] == 'H' && role[2] <= '3' {
		level := int(role[2] - '0')
		if level > a.level+1 {
			a.t.Errorf("a heading of level %d follows one of level %d", level, a.level)
		}
		a.level = level
	}
	width := -1
	for _, k := range a.o.list(id, "/K") {
		switch k := k.(type) {
		case float64:
			a.own(id, m["/Pg"].(string), int(k))
		case map[string]any:
			a.own(id, k["/Pg"].(string), int(k["/MCID"].(float64)))
		case string:
			kid, _ := a.o.get(k, "/S").(string)
			if !strings.Contains(allowed(role), kid+" ") {
				a.t.Errorf("%s in %s", kid, role)
			}
			if kid == "/TR" {
				n := len(a.o.list(k, "/K"))
				if width >= 0 && n != width {
					a.t.Errorf("a row of %d cells in a table of %d columns", n, width)
				}
				width = n
			}
			a.element(k, id)
		}
	}
}

func (a *audit) own(id, page string, mark int) {
	at := spot{page, mark}
	if a.owner[at] != "" {
		a.t.Errorf("content %v belongs to two elements", at)
	}
	a.owner[at] = id
}

var operator = regexp.MustCompile(`/(\w+) (?:<<(.*)>> BDC|BMC)|EMC|Tj|\bDo\b|\bS\b`)

// page reads the content of a page: everything shown is either tagged, and the
// tree knows it, or an artifact.
func (a *audit) page(id string, index int, parents []any) {
	if got := a.o.get(id, "/StructParents"); got != float64(index) {
		a.t.Errorf("page %d has StructParents %v", index, got)
	}
	coded, _ := a.o.get(id, "/Contents", "DATA").(string)
	content, err := base64.StdEncoding.DecodeString(coded)
	if err != nil || len(content) == 0 {
		a.t.Fatalf("page %d has no content that can be read: %v", index, err)
	}
	open, next := "", 0
	for _, m := range operator.FindAllSubmatch(content, -1) {
		switch op := m[0]; {
		case bytes.Equal(op, []byte("EMC")):
			if open == "" {
				a.t.Errorf("page %d closes what is not open", index)
			}
			open = ""
		case bytes.Equal(op, []byte("Tj")), bytes.Equal(op, []byte("Do")), bytes.Equal(op, []byte("S")):
			if open == "" || op[0] == 'S' && open != "Artifact" {
				a.t.Errorf("page %d shows something in %q", index, open)
			}
		default:
			if open != "" {
				a.t.Errorf("page %d nests %s in %s", index, m[1], open)
			}
			open = string(m[1])
			if open == "Artifact" {
				continue
			}
			a.marked(id, index, next, open, string(m[2]), parents)
			next++
		}
	}
	if open != "" || next != len(parents) {
		a.t.Errorf("page %d ends in %q with %d pieces of content, %d known", index, open, next, len(parents))
	}
}

func (a *audit) marked(page string, index, next int, role, properties string, parents []any) {
	at := spot{page, next}
	if properties != fmt.Sprintf("/MCID %d", next) {
		a.t.Errorf("page %d has %q, want number %d", index, properties, next)
	}
	if next >= len(parents) || a.owner[at] == "" || parents[next] != a.owner[at] {
		a.t.Errorf("content %d of page %d and the tree disagree", next, index)
	} else if a.o.get(parents[next], "/S") != "/"+role {
		a.t.Errorf("content %d of page %d is %s in the page and something else in the tree", next, index, role)
	}
	delete(a.owner, at)
}

// outline holds that there is one bookmark for each heading.
func (a *audit) outline(root any) {
	count, _ := a.o.get(root, "/Outlines", "/Count").(float64)
	want := a.roles["/H1"] + a.roles["/H2"] + a.roles["/H3"]
	if int(count) != want {
		a.t.Errorf("%v bookmarks for %d headings", count, want)
	}
	seen := 0
	var walk func(item any)
	walk = func(item any) {
		for ; item != nil; item = a.o.get(item, "/Next") {
			seen++
			walk(a.o.get(item, "/First"))
		}
	}
	walk(a.o.get(root, "/Outlines", "/First"))
	if seen != want {
		a.t.Errorf("%d bookmarks can be reached of %d", seen, want)
	}
}

func TestStructure(t *testing.T) {
	data := letter(t)
	roles := checkStructure(t, data)
	for role, want := range map[string]int{
		"/Document": 1, "/H1": 2, "/H2": 1, "/H3": 1, "/P": 4, "/L": 1, "/LI": 2, "/Lbl": 2, "/LBody": 2,
		"/Table": 2, "/Caption": 1, "/TR": 3 + 71, "/TH": 3 + 2, "/TD": 3 + 140,
	} {
		if roles[role] != want {
			t.Errorf("%d of %s, want %d", roles[role], role, want)
		}
	}
	out := run(t, data, "pdfinfo", "-struct-text", "FILE")
	for _, want := range []string{"H1 (block)\n    \"Notice of denial\"", "/Scope /Row\n        \"Member\"", "/Scope /Column\n        \"What\"", "Lbl (block)"} {
		if !strings.Contains(out, want) {
			t.Errorf("pdfinfo does not find %q in:\n%s", want, out)
		}
	}
	for _, artifact := range []string{"COPY 1", "Page 1 of", "Utilization"} {
		if strings.Contains(out, artifact) {
			t.Errorf("the structure holds %q, which runs on every page", artifact)
		}
	}
	if got := strings.Count(out, "\"What\""); got != 1 {
		t.Errorf("the table header is in the structure %d times", got)
	}
}
