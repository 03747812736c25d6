package web

import (
	"net/http"

	"hsconnect/internal/civil"
	"hsconnect/internal/member"
)

// Table gives the endpoint table of pages made by New.
func Table(h http.Handler) []Route { return h.(*site).table }

// NewWith is New with more rows, for handlers that misbehave on purpose.
func NewWith(d Deps, rows ...Route) (http.Handler, error) {
	h, err := New(d)
	if err != nil {
		return nil, err
	}
	s := h.(*site)
	for _, rt := range rows {
		err := rt.check()
		if err != nil {
			return nil, err
		}
		s.table = append(s.table, rt)
		s.mux.Handle(rt.Method+" "+rt.Pattern, s.serve(rt))
	}
	return h, nil
}

// What tests look at from outside.
func LocalPath(next string) string    { return localPath(next) }
func Masked(text string) string       { return masked(text) }
func CauseOf(err error) string        { return causeOf(err) }
func OneLine(text string) string      { return oneLine(text) }
func ManyLines(text string) string    { return manyLines(text) }
func BrowserName(agent string) string { return browserName(agent) }

// DayLines reads a list of members: for each line its number, what was read,
// and what is wrong with it.
func DayLines(text string, today civil.Date) (nos []int, keys []member.Key, problems []string) {
	for _, l := range readDay(text, today) {
		nos, keys, problems = append(nos, l.No), append(keys, l.Key), append(problems, l.Problem)
	}
	return nos, keys, problems
}
