package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// A picture is a measurement on paper with a grid, as machines print them.
const (
	pictureWidth  = 900
	pictureHeight = 420
	plotTop       = 60
	plotBottom    = 380
)

// Ink is an index into the palette of a picture.
const (
	paperInk = iota
	gridInk
	lineInk
	textInk
)

// curve is how a measurement runs: its value from 0 to 1 at x from 0 to 1.
type curve struct {
	title, scale string
	at           func(x float64) float64
}

func picture(p paper) ([]byte, error) {
	d := dice{rand.New(rand.NewPCG(p.chance, forPapers))} //nolint:gosec // a drawing
	c := curveOf(d, p.plot.what)
	img := image.NewPaletted(image.Rect(0, 0, pictureWidth, pictureHeight), color.Palette{
		paperInk: color.White, gridInk: color.RGBA{R: 0xf0, G: 0xd8, B: 0xd8, A: 0xff}, lineInk: color.RGBA{R: 0x15, G: 0x2a, B: 0x55, A: 0xff}, textInk: color.Black,
	})
	for y := plotTop; y <= plotBottom; y++ {
		for x := range pictureWidth {
			if x%30 == 0 || (y-plotTop)%20 == 0 {
				img.SetColorIndex(x, y, gridInk)
			}
		}
	}
	last := -1
	for x := range pictureWidth {
		v := min(max(c.at(float64(x)/pictureWidth), 0), 1)
		y := plotBottom - int(v*(plotBottom-plotTop))
		if last < 0 {
			last = y
		}
		for j := min(y, last); j <= max(y, last)+1; j++ {
			img.SetColorIndex(x, j, lineInk)
		}
		last = y
	}
	write(img, 20, c.title)
	write(img, 40, p.title)
	write(img, 400, c.scale+"   "+madeUp)
	var out bytes.Buffer
	err := png.Encode(&out, img)
	return out.Bytes(), err
}

// write puts a line of text at height y. The font has the plain letters only,
// so marks are left off.
func write(img *image.Paletted, y int, text string) {
	plainText := make([]rune, 0, len(text))
	for _, r := range norm.NFD.String(text) {
		if r < 0x7f {
			plainText = append(plainText, r)
		}
	}
	d := font.Drawer{Dst: img, Src: image.NewUniform(color.Black), Face: basicfont.Face7x13, Dot: fixed.P(20, y)}
	d.DrawString(string(plainText))
}

func curveOf(d dice, what string) curve {
	phase, wild := d.Float64(), 0.5+d.Float64()
	wave := func(x, n float64) float64 { return math.Sin(2 * math.Pi * (n*x + phase)) }
	switch what {
	case "ecg":
		return curve{"Tracing, 25 mm/s, 10 mm/mV", "6 seconds", func(x float64) float64 { return beat(math.Mod(x*7*wild+phase, 1)) }}
	case "oximetry":
		dips := 6 + 10*wild
		return curve{"Oxygen saturation and time", "top 100 percent, bottom 70 percent", func(x float64) float64 {
			return 0.85 - 0.35*math.Pow(math.Abs(wave(x, dips)), 6)*(0.4+math.Abs(wave(x, 2))) + 0.02*wave(x, 90)
		}}
	case "glucose":
		return curve{"Blood sugar, two weeks", "bottom 40, top 400 mg/dL", func(x float64) float64 {
			return 0.38 + 0.2*wave(x, 14) + 0.12*wave(x, 42) + 0.08*wave(x, 5*wild)
		}}
	case "audiogram":
		return curve{"Hearing level by pitch, 250 to 8000 Hz", "top 0 dB, bottom 100 dB", func(x float64) float64 {
			return 0.75 - 0.5*x*wild/1.2 - 0.02*wave(math.Floor(x*6)/6, 3)
		}}
	}
	return curve{what, "", func(float64) float64 { return 0.5 }}
}

// beat is one heart beat, as a sum of its waves.
func beat(x float64) float64 {
	bump := func(center, width, height float64) float64 {
		return height * math.Exp(-(x-center)*(x-center)/(2*width*width))
	}
	return 0.3 + bump(0.2, 0.025, 0.08) - bump(0.36, 0.01, 0.08) + bump(0.38, 0.012, 0.6) - bump(0.41, 0.012, 0.15) + bump(0.62, 0.05, 0.14)
}
