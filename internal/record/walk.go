package record

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// maxSize is more entries than a log can have; the arithmetic of node indexes
// holds up to it.
const maxSize = 1 << 60

// walk recomputes the tree leaf by leaf. It holds the roots of the complete
// subtrees to the left of the next leaf, the largest first: all that the rest
// of the tree depends on.
type walk struct {
	size int64
	edge []tlog.Hash
}

// add appends a leaf, and gives every node that it completes: the leaf, then
// the node above it, and so on. Stored, they follow one another.
func (w *walk) add(h tlog.Hash, nodes []tlog.Hash) []tlog.Hash {
	nodes = append(nodes, h)
	for range bits.TrailingZeros64(^uint64(w.size)) { //nolint:gosec // sizes are not negative
		last := len(w.edge) - 1
		h = tlog.NodeHash(w.edge[last], h)
		w.edge = w.edge[:last]
		nodes = append(nodes, h)
	}
	w.edge = append(w.edge, h)
	w.size++
	return nodes
}

// root gives the root over the leaves added so far.
func (w *walk) root() tlog.Hash {
	if len(w.edge) == 0 {
		h, _ := tlog.TreeHash(0, nil) // the empty tree reads nothing
		return h
	}
	h := w.edge[len(w.edge)-1]
	for i := len(w.edge) - 2; i >= 0; i-- {
		h = tlog.NodeHash(w.edge[i], h)
	}
	return h
}

// edgeOf gives the stored indexes of the complete subtrees of a tree of the
// given size, the largest first.
func edgeOf(size int64) []int64 {
	var indexes []int64
	for from := int64(0); from < size; {
		level := bits.Len64(uint64(size-from)) - 1 //nolint:gosec // sizes are not negative
		indexes = append(indexes, tlog.StoredHashIndex(level, from>>level))
		from += 1 << level
	}
	return indexes
}

// nodePlace names the node with a stored index.
func nodePlace(index int64) string {
	if index < 0 || index > maxSize { // made up, and beyond what tlog reckons with
		return fmt.Sprintf("tree node at %d", index)
	}
	level, n := tlog.SplitStoredHashIndex(index)
	return fmt.Sprintf("tree node level %d, %d", level, n)
}
