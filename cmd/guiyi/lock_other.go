//go:build !unix

package main

// lockFolder does nothing where the system has no advisory locks.
func lockFolder(string) (release func(), err error) { return func() {}, nil }
