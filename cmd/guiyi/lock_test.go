//go:build unix

package main

import (
	"strings"
	"testing"
)

func TestLockFolder_keeps_a_second_demo_out(t *testing.T) {
	dir := t.TempDir()
	release, err := lockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockFolder(dir); err == nil || !strings.Contains(err.Error(), "another demo") {
		t.Errorf("two demos share %s: %v", dir, err)
	}
	release()
	again, err := lockFolder(dir)
	if err != nil {
		t.Fatalf("after the first one ended: %v", err)
	}
	again()
}
