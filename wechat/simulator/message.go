package simulator

import (
	"strconv"
	"strings"
)

// field is one element of a pushed message.
type field struct {
	name     string
	text     string
	plain    bool // number: no CDATA
	children []field
}

// cdata is a text element, number one without CDATA, group one with children.
func cdata(name, text string) field { return field{name: name, text: text} }

func number(name string, n int64) field {
	return field{name: name, text: strconv.FormatInt(n, 10), plain: true}
}

func group(name string, children ...field) field {
	return field{name: name, plain: true, children: children}
}

// xml writes the elements the way the platform does: on one line, CDATA
// around every text, nothing around numbers.
func xml(fields []field) []byte {
	var b strings.Builder
	b.WriteString("<xml>")
	writeXML(&b, fields)
	b.WriteString("</xml>")
	return []byte(b.String())
}

func writeXML(b *strings.Builder, fields []field) {
	for _, f := range fields {
		b.WriteString("<" + f.name + ">")
		switch {
		case len(f.children) > 0:
			writeXML(b, f.children)
		case f.plain:
			b.WriteString(f.text)
		default:
			// A text that holds the end mark is split over two sections.
			b.WriteString("<![CDATA[" + strings.ReplaceAll(f.text, "]]>", "]]]]><![CDATA[>") + "]]>")
		}
		b.WriteString("</" + f.name + ">")
	}
}
