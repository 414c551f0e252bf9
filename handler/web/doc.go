// Package web is what all doors of the program share: actions that return errors and the one place that answers them,
// pages and fragments from the same templates, embedded files under addresses that change with their content, and the
// guards every request passes (headers, cross-origin check, body limit, recovery, log).
//
// Who may see what, and what a page says, is decided behind each door (handler/citizen, handler/staff), not here.
package web
