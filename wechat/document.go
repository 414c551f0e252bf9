package wechat

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// Bounds of a callback document.
const (
	deepest      = 8
	mostElements = 4096
)

var errDocument = errors.New("not a callback document")

// readDocument walks through a callback's XML and calls leaf for each element without children, with the path below the root
// (ArticleUrlResult/ResultList/item/ArticleUrl). It is strict: one root called xml, no document type, no entities but XML's
// own five, nothing behind the root.
func readDocument(doc []byte, leaf func(path, text string)) error {
	d := xml.NewDecoder(bytes.NewReader(doc))
	w := walk{leaf: leaf}
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && w.closed:
			return nil
		case err != nil:
			return errDocument
		}
		if !w.take(token) {
			return errDocument
		}
	}
}

// walk is where readDocument stands.
type walk struct {
	leaf      func(path, text string)
	path      []string // open elements, the root first
	text      []byte
	childless bool // the innermost open element has no children so far
	elements  int
	closed    bool // the root has ended
}

func (w *walk) take(token xml.Token) bool {
	switch t := token.(type) {
	case xml.StartElement:
		return w.open(t.Name.Local)
	case xml.EndElement:
		w.end()
		return true
	case xml.CharData:
		if len(w.path) == 0 {
			return len(bytes.TrimSpace(t)) == 0
		}
		w.text = append(w.text, t...)
		return true
	case xml.ProcInst:
		return t.Target == "xml" && len(w.path) == 0 && w.elements == 0
	case xml.Comment:
		return true
	default: // a directive: document types have no business here
		return false
	}
}

func (w *walk) open(name string) bool {
	w.elements++
	if w.closed || w.elements > mostElements || len(w.path) >= deepest || (len(w.path) == 0 && name != "xml") {
		return false
	}
	w.path = append(w.path, name)
	w.text, w.childless = w.text[:0], true
	return true
}

func (w *walk) end() {
	if w.childless && len(w.path) > 1 {
		w.leaf(strings.Join(w.path[1:], "/"), string(w.text))
	}
	w.childless = false
	w.path = w.path[:len(w.path)-1]
	w.closed = len(w.path) == 0
}

// document builds XML the way the platform expects it: texts in CDATA.
type document struct{ buf []byte }

func (d *document) raw(s string) *document {
	d.buf = append(d.buf, s...)
	return d
}

func (d *document) text(name, value string) *document {
	value = strings.ReplaceAll(xmlText(value), "]]>", "]]]]><![CDATA[>")
	return d.raw("<" + name + "><![CDATA[").raw(value).raw("]]></" + name + ">")
}

// xmlText drops what may not stand in XML at all.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\ufffe' || r == '\uffff' {
			return -1
		}
		return plainRune(r)
	}, strings.ToValidUTF8(s, ""))
}
