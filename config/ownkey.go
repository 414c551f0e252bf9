package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const keySize = 32 // bytes: AES-256

// OwnKey returns the key kept in the file guiyi.key of dataDir, and makes one
// first if there is none. Two processes that start together get the same key.
// A damaged file is an error: a new key could not read what the old one wrote.
func OwnKey(dataDir string) (Key, error) {
	path := filepath.Join(dataDir, "guiyi.key")
	k, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	draft, err := os.CreateTemp(dataDir, "guiyi.key.*") // 0600
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	fresh := make([]byte, keySize)
	if _, err := rand.Read(fresh); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	_, err = draft.WriteString(base64.StdEncoding.EncodeToString(fresh) + "\n")
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	// A link appears whole or not at all, and fails where another process was first.
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keep the key: %w", err)
	}
	return readKey(path)
}

func readKey(path string) (Key, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	k, err := key(strings.TrimSpace(string(body)))
	if err != nil {
		return nil, fmt.Errorf("key file %s is damaged: %w", path, err)
	}
	return k, nil
}
