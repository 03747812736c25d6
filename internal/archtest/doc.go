// Package archtest holds the tests that read the source tree and keep its
// shape: who may import whom, which package owns which table, what may not be
// called, what every package must say about itself. It promises that a rule
// can be read, and amended, as a line of text with its reason: the rules are
// the .txt files of this folder, the tests only compare them with the tree.
//
// Every line of those files has the form
//
//	RULE -- REASON
//
// and a line without a reason is refused. A single place that must break a
// rule stands in exceptions.txt; an exception that nothing needs any more is
// refused too. Each check is shown to be able to fail on a small made-up tree
// in testdata, which lists exactly what must be found in it.
package archtest
