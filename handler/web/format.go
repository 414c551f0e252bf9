package web

import (
	"fmt"
	"html/template"
	"math"
	"strconv"

	"guiyi/domain"
)

// formats are the functions every template may call.
var formats = template.FuncMap{
	"number":  Number,
	"percent": Percent,
	"day":     func(d domain.Day) string { return string(d) },
	"chinese": func(d domain.Day) string { return d.Chinese() },
	"moment":  func(i domain.Instant) string { return i.String() },
	"htmx":    func() string { return htmxConfig },
}

// htmxConfig goes into <meta name="htmx-config">: refusals that belong into the page (409, 422, and whatever names its own place)
// are shown, nothing is evaluated, no styles are written into the page, nothing is kept in the browser's storage.
const htmxConfig = `{"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},` +
	`{"code":"409|422","swap":true},{"code":"[45]..","swap":true,"error":true}],` +
	`"allowEval":false,"allowScriptTags":false,"includeIndicatorStyles":false,"historyCacheSize":0,"selfRequestsOnly":true,"timeout":10000}`

// Number writes a count with thousands separators: 28,102.
func Number(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Percent writes part/whole for people. It says 0 % and 100 % only when that is exactly so, because "all told" must be true.
func Percent(part, whole int) string {
	switch {
	case whole <= 0 || part <= 0:
		return "0%"
	case part >= whole:
		return "100%"
	}
	p := math.Round(float64(part)/float64(whole)*1000) / 10
	return fmt.Sprintf("%g%%", min(max(p, 0.1), 99.9))
}
