package repository

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Sealer encrypts single values at rest with AES-256-GCM. Each value is bound to its place (table, column, row), so that a
// sealed text copied into another row does not open there.
type Sealer struct {
	aead cipher.AEAD
	mac  []byte // key of Mark, derived from the same secret
}

// sealPrefix names the scheme, so that a later one can live beside it.
const sealPrefix = "g1:"

// NewSealer takes a key of 32 bytes.
func NewSealer(key []byte) (Sealer, error) {
	if len(key) != 32 {
		return Sealer{}, fmt.Errorf("the encryption key has %d bytes, it must have 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return Sealer{}, err
	}
	aead, err := cipher.NewGCM(block)
	mark := hmac.New(sha256.New, key)
	mark.Write([]byte("guiyi mark 1"))
	return Sealer{aead: aead, mac: mark.Sum(nil)}, err
}

// Mark gives a keyed checksum over the parts (HMAC-SHA-256, hex). Whoever can write to the database but does not know the key
// cannot make one. Parts are length-prefixed, so that moving a character from one to the next changes it.
func (s Sealer) Mark(parts ...string) string {
	h := hmac.New(sha256.New, s.mac)
	for _, p := range parts {
		_ = binary.Write(h, binary.BigEndian, uint64(len(p))) // a hash takes everything
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Seal encrypts plain for the given place. The empty text stays empty.
func (s Sealer) Seal(place, plain string) string {
	if plain == "" {
		return ""
	}
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails since Go 1.24; it ends the program instead
	return sealPrefix + base64.StdEncoding.EncodeToString(s.aead.Seal(nonce, nonce, []byte(plain), []byte(place)))
}

// Open decrypts what Seal made for the same place.
func (s Sealer) Open(place, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	body, ok := strings.CutPrefix(sealed, sealPrefix)
	if !ok {
		return "", errors.New("open a sealed value: unknown scheme")
	}
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil || len(raw) < s.aead.NonceSize() {
		return "", errors.New("open a sealed value: damaged")
	}
	plain, err := s.aead.Open(nil, raw[:s.aead.NonceSize()], raw[s.aead.NonceSize():], []byte(place))
	if err != nil {
		return "", errors.New("open a sealed value: wrong key, or the value was moved or changed")
	}
	return string(plain), nil
}
