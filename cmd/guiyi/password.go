package main

import (
	"fmt"
	"os"

	"golang.org/x/term"
)

// typePassword asks at the terminal, without showing what is typed. ok is false when standard input is no terminal.
func typePassword(c call) (password string, ok bool, err error) {
	in, isFile := c.In.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		return "", false, nil
	}
	_, _ = fmt.Fprint(c.Err, "密码：")
	typed, err := term.ReadPassword(int(in.Fd()))
	_, _ = fmt.Fprintln(c.Err)
	if err != nil {
		return "", true, fmt.Errorf("read the password: %w", err)
	}
	return string(typed), true, nil
}
