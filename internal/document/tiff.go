package document

import (
	"encoding/binary"
)

// Tags of a TIFF directory that are read (TIFF 6.0, section 8).
const (
	tiffWidth  = 256
	tiffHeight = 257
	tiffShort  = 3
	tiffLong   = 4
	tiffEntry  = 12 // bytes of one entry
	maxFrames  = 5_000
)

// tiffPages follows the directories of a TIFF, one for each picture, and gives
// how many there are, or what is wrong. It looks at their sizes only: how they
// are packed is the business of whoever shows them.
func tiffPages(file []byte) (pages int, wrong string) {
	order := binary.ByteOrder(binary.LittleEndian)
	if len(file) < magicBytes {
		return 0, textImage
	}
	if file[0] == 'M' {
		order = binary.BigEndian
	}
	seen := map[uint32]bool{}
	for at := order.Uint32(file[4:]); at != 0; pages++ {
		if seen[at] || pages == maxFrames {
			return 0, textImage
		}
		seen[at] = true
		var width, height int64
		var ok bool
		width, height, at, ok = tiffDirectory(file, order, at)
		if !ok {
			return 0, textImage
		}
		wrong = sizeText(width, height)
		if wrong != "" {
			return 0, wrong
		}
	}
	if pages == 0 {
		return 0, textImage
	}
	return pages, ""
}

// tiffDirectory reads one directory: the size of its picture, and where the
// next one is. False if it is not all there.
func tiffDirectory(file []byte, order binary.ByteOrder, at uint32) (width, height int64, next uint32, ok bool) {
	from := int64(at)
	if from < magicBytes || from+2 > int64(len(file)) {
		return 0, 0, 0, false
	}
	n := int64(order.Uint16(file[from:]))
	end := from + 2 + n*tiffEntry
	if end+4 > int64(len(file)) {
		return 0, 0, 0, false
	}
	for e := file[from+2 : end]; len(e) > 0; e = e[tiffEntry:] {
		var value int64
		switch order.Uint16(e[2:]) {
		case tiffShort:
			value = int64(order.Uint16(e[8:]))
		case tiffLong:
			value = int64(order.Uint32(e[8:]))
		default:
			continue
		}
		switch order.Uint16(e) {
		case tiffWidth:
			width = value
		case tiffHeight:
			height = value
		}
	}
	return width, height, order.Uint32(file[end:]), true
}
