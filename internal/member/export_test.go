package member

// Fits and Keys let tests hold the reading of names without a database.
func Fits(k Key, m Member) bool { return k.fits(m) }

// Keys gives the folded last names that a key is looked for under.
func Keys(k Key) []string { return k.keys() }

// Sampled and VisitSample let tests check which statements are drawn.
var Sampled = sampled

// VisitSample is one in how many statements is drawn.
const VisitSample = visitSample
