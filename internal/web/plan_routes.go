package web

// routesPlan are the rows of the plan's own pages.
func (s *site) routesPlan() []Route { return nil }
