// Package record keeps the official record: what was entered, by whom, when,
// exactly as it came. It knows nothing of what an entry means; the packages
// that own requests, documents, messages and decisions append to it.
//
// It promises:
//
//   - An entry is kept if and only if the transaction it was appended in is
//     kept, and afterwards neither changes nor goes away (clause 9 of the
//     agreement, A-10; L-01). The database refuses it too.
//   - Change or loss can be shown (S-06, 45 CFR 164.312(c)). Every entry has a
//     digest, every digest a leaf in a Merkle tree, and the tree a checkpoint
//     signed with the plan's key. Verify recomputes all of it and names the
//     place of any difference.
//   - Appending takes no lock that others wait for. A sequencer, one among all
//     copies of the portal, gives committed entries their places afterwards.
//   - The tree covers digests, not bytes: bytes may be destroyed when their
//     retention ends (C-60) without breaking the proof of anything else.
//   - A request's record can leave the house as an archive that a stranger
//     checks with the public key and docs/record-format.md alone (L-05).
//
// What it cannot show by itself: that somebody with the database and the
// signing key has not written the whole record anew. Checkpoints kept outside
// (every archive holds one) are what shows that; Verify takes them as Known.
package record
