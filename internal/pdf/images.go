package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	stdimage "image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/tiff"
)

// Bounds of images. A page scanned at 600 dots an inch has 34 million pixels.
const (
	maxPixels     = 40_000_000
	maxImageSide  = 20_000
	maxTIFFPages  = 200
	maxTIFFPixels = 800_000_000
	// screenPoint is how large a pixel is drawn at most, in points: a small
	// picture is not blown up.
	screenPoint = 0.75
)

// ReadImage reads a JPEG, PNG or TIFF, named by its media type, and gives its
// pictures: one, or one for each page of a TIFF. It answers ErrTooLarge for one
// over its bounds and ErrUnreadable for one that cannot be read.
//
// A JPEG is taken over as it is packed, without what cameras write beside the
// picture (where and by whom it was taken). Everything else is unpacked and
// packed anew; what is transparent becomes white.
func ReadImage(media string, data []byte) (out []*Picture, err error) {
	// Decoders have panicked on hostile files before.
	defer func() {
		if recover() != nil {
			out, err = nil, ErrUnreadable
		}
	}()
	switch media {
	case "image/jpeg":
		return one(readJPEG(data))
	case "image/png":
		c, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			return nil, ErrUnreadable
		}
		return one(decode(c, func() (stdimage.Image, error) { return png.Decode(bytes.NewReader(data)) }))
	case "image/tiff":
		return readTIFF(data)
	}
	return nil, ErrUnreadable
}

func one(p *Picture, err error) ([]*Picture, error) {
	if err != nil {
		return nil, err
	}
	return []*Picture{p}, nil
}

func sized(c stdimage.Config) error {
	switch {
	case c.Width < 1 || c.Height < 1:
		return ErrUnreadable
	case c.Width > maxImageSide || c.Height > maxImageSide || c.Width*c.Height > maxPixels:
		return ErrTooLarge
	}
	return nil
}

// decode unpacks an image that is not too large, and packs it anew.
func decode(c stdimage.Config, read func() (stdimage.Image, error)) (*Picture, error) {
	err := sized(c)
	if err != nil {
		return nil, err
	}
	m, err := read()
	if err != nil || m.Bounds().Dx() != c.Width || m.Bounds().Dy() != c.Height {
		return nil, ErrUnreadable
	}
	return packImage(m)
}

func packImage(m stdimage.Image) (*Picture, error) {
	b := m.Bounds()
	gray := grayOnly(m)
	space, size := "/DeviceRGB", 3
	if gray {
		space, size = "/DeviceGray", 1
	}
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	row := stdimage.NewRGBA(stdimage.Rect(0, 0, b.Dx(), 1))
	line := make([]byte, size*b.Dx())
	for y := b.Min.Y; y < b.Max.Y; y++ {
		draw.Draw(row, row.Bounds(), stdimage.White, stdimage.Point{}, draw.Src)
		draw.Draw(row, row.Bounds(), m, stdimage.Pt(b.Min.X, y), draw.Over)
		for x := range b.Dx() {
			copy(line[size*x:size*x+size], row.Pix[4*x:])
		}
		_, err := z.Write(line)
		if err != nil {
			return nil, fmt.Errorf("pdf: compress: %w", err)
		}
	}
	err := z.Close()
	if err != nil {
		return nil, fmt.Errorf("pdf: compress: %w", err)
	}
	return imageOf(b.Dx(), b.Dy(), 1, space, "/Filter/FlateDecode", out.Bytes()), nil
}

// grayOnly reports whether an image can have no colour.
func grayOnly(m stdimage.Image) bool {
	switch m := m.(type) {
	case *stdimage.Gray, *stdimage.Gray16:
		return true
	case *stdimage.Paletted:
		for _, c := range m.Palette {
			r, g, b, _ := c.RGBA()
			if r != g || g != b {
				return false
			}
		}
		return true
	}
	return false
}

// imageOf makes a picture of packed samples. way is how a camera was held, as
// EXIF counts it: 1 is upright.
func imageOf(width, height, way int, space, filter string, data []byte) *Picture {
	entries := fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace%s%s", width, height, space, filter)
	p := &Picture{bits: &bitmap{entries, data}, largest: screenPoint}
	quarters := [...]int{0, 0, 2, 2, 3, 1, 1, 3}[way-1]
	mirrored := [...]bool{false, true, false, true, true, false, true, false}[way-1]
	box := [4]float64{0, 0, float64(width), float64(height)}
	m, w, h := turned(box, quarters, mirrored)
	p.upright, p.width, p.height = times([6]float64{box[2], 0, 0, box[3], 0, 0}, m), w, h
	return p
}

func readJPEG(data []byte) (*Picture, error) {
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, ErrUnreadable
	}
	bare, way, ok := bareJPEG(data)
	if !ok {
		return nil, ErrUnreadable
	}
	space := "/DeviceRGB"
	switch c.ColorModel {
	case color.GrayModel:
		space = "/DeviceGray"
	case color.CMYKModel:
		// Which way its inks count differs between programs.
		p, err := decode(c, func() (stdimage.Image, error) { return jpeg.Decode(bytes.NewReader(data)) })
		return p, err
	}
	if c.Width < 1 || c.Height < 1 {
		return nil, ErrUnreadable
	}
	if c.Width > maxImageSide || c.Height > maxImageSide || c.Width*c.Height > 5*maxPixels {
		return nil, ErrTooLarge
	}
	return imageOf(c.Width, c.Height, way, space, "/Filter/DCTDecode", bare), nil
}

// Markers of a JPEG that decide what is kept.
const (
	jpegStart, jpegEnd, jpegScan = 0xD8, 0xD9, 0xDA
	jpegApp0, jpegExif           = 0xE0, 0xE1
	jpegAdobe, jpegApp15         = 0xEE, 0xEF
	jpegComment                  = 0xFE
)

// bareJPEG leaves out comments and what applications put beside the picture,
// and says how the camera was held.
func bareJPEG(data []byte) (out []byte, way int, ok bool) {
	way = 1
	if len(data) < 4 || data[0] != 0xFF || data[1] != jpegStart {
		return nil, 0, false
	}
	out = append(out, data[:2]...)
	for at := 2; at+4 <= len(data); {
		if data[at] != 0xFF {
			return nil, 0, false
		}
		marker := data[at+1]
		if marker == 0xFF { // a filling byte
			at++
			continue
		}
		if marker == jpegScan {
			end := bytes.LastIndex(data, []byte{0xFF, jpegEnd})
			if end < at {
				return nil, 0, false
			}
			return append(out, data[at:end+2]...), way, true
		}
		size := 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		if size < 4 || at+size > len(data) {
			return nil, 0, false
		}
		segment := data[at : at+size]
		at += size
		switch {
		case marker == jpegExif:
			way = orientation(segment[4:], way)
		case marker > jpegApp0 && marker <= jpegApp15 && marker != jpegAdobe, marker == jpegComment:
		default:
			out = append(out, segment...)
		}
	}
	return nil, 0, false
}

// orientation reads tag 274 of an EXIF segment, or gives usual.
func orientation(b []byte, usual int) int {
	b, is := bytes.CutPrefix(b, []byte("Exif\x00\x00"))
	if !is || len(b) < 8 {
		return usual
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if b[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return usual
	}
	entries := b[at+2:]
	for range order.Uint16(b[at:]) {
		if len(entries) < 12 {
			return usual
		}
		const tag, short = 274, 3
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if v := int(order.Uint16(entries[8:])); v >= 1 && v <= 8 {
				return v
			}
			return usual
		}
		entries = entries[12:]
	}
	return usual
}

// readTIFF reads every page: the decoder reads the first directory that the
// head of the file names, so the head names one after the other.
func readTIFF(data []byte) ([]*Picture, error) {
	if len(data) < 8 {
		return nil, ErrUnreadable
	}
	file := bytes.Clone(data)
	order := binary.ByteOrder(binary.LittleEndian)
	if file[0] == 'M' {
		order = binary.BigEndian
	}
	var out []*Picture
	seen := map[uint32]bool{}
	pixels := 0
	for at := order.Uint32(data[4:]); at != 0; {
		if seen[at] || int64(at)+2 > int64(len(file)) {
			return nil, ErrUnreadable
		}
		if len(out) == maxTIFFPages {
			return nil, ErrTooLarge
		}
		seen[at] = true
		order.PutUint32(file[4:], at)
		c, err := tiff.DecodeConfig(bytes.NewReader(file))
		if err != nil {
			return nil, ErrUnreadable
		}
		pixels += c.Width * c.Height
		if pixels > maxTIFFPixels || pixels < 0 {
			return nil, ErrTooLarge
		}
		p, err := decode(c, func() (stdimage.Image, error) { return tiff.Decode(bytes.NewReader(file)) })
		if err != nil {
			return nil, err
		}
		out = append(out, p)
		end := int64(at) + 2 + 12*int64(order.Uint16(data[at:]))
		if end+4 > int64(len(data)) {
			return nil, ErrUnreadable
		}
		at = order.Uint32(data[end:])
	}
	if len(out) == 0 {
		return nil, ErrUnreadable
	}
	return out, nil
}
