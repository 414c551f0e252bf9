package config

import (
	"fmt"
	"strings"
)

// Table is the option table as Markdown, as the README shows it.
func Table() string {
	var b strings.Builder
	b.WriteString("| Variable | Default | Meaning |\n|---|---|---|\n")
	for _, o := range Options() {
		fallback := "`" + o.Default + "`"
		if o.computed() {
			fallback = strings.Trim(o.Default, "<>")
		}
		help := o.Help
		if o.Secret {
			help += " Secret."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", o.Env(), fallback, help)
	}
	return b.String()
}
