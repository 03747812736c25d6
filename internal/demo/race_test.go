//go:build race

package demo_test

// underRace says that the race detector is on, which makes the portal about
// ten times slower: the full plan is then left to the tests without it, and to
// the walk of the built program.
const underRace = true
