package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost of argon2id: 19 MiB (Options.HashKiB), 2 passes, 1 lane (OWASP password storage cheat sheet, read 2026-11). It is stored
// with each hash, so that it can be raised.
const (
	costTime  = 2
	costLanes = 1
	saltBytes = 16
	keyBytes  = 32
)

// hasher makes and compares password hashes. At most two at a time, because each takes 19 MiB and a processor.
type hasher struct {
	turn   chan struct{}
	memory uint32 // KiB
	decoy  string // what a login that does not exist is compared with, so that it takes as long
}

func newHasher(memory uint32) *hasher {
	return &hasher{
		turn: make(chan struct{}, 2), memory: memory, decoy: encode(memory, make([]byte, saltBytes), make([]byte, keyBytes)),
	}
}

func encode(memory uint32, salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, costTime, costLanes,
		b.EncodeToString(salt), b.EncodeToString(key))
}

func (h *hasher) wait(ctx context.Context) (done func(), err error) {
	select {
	case h.turn <- struct{}{}:
		return func() { <-h.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// make hashes a new password.
func (h *hasher) make(ctx context.Context, password string) (string, error) {
	done, err := h.wait(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	return encode(h.memory, salt, argon2.IDKey([]byte(password), salt, costTime, h.memory, costLanes, keyBytes)), nil
}

// matches compares a password with a stored hash; the empty hash matches nothing and takes as long.
func (h *hasher) matches(ctx context.Context, password, stored string) (bool, error) {
	known := stored != ""
	if !known {
		stored = h.decoy
	}
	salt, key, memory, passes, lanes, err := decode(stored)
	if err != nil {
		return false, err
	}
	done, err := h.wait(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	got := argon2.IDKey([]byte(password), salt, passes, memory, lanes, keyBytes)
	return subtle.ConstantTimeCompare(got, key) == 1 && known, nil
}

var errHash = errors.New("a stored password hash is damaged")

func decode(stored string) (salt, key []byte, memory, passes uint32, lanes uint8, err error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return nil, nil, 0, 0, 0, errHash
	}
	_, err = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes)
	if err != nil || memory == 0 || memory > 1<<20 || passes == 0 || passes > 16 || lanes == 0 {
		return nil, nil, 0, 0, 0, errHash
	}
	salt, err = base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return nil, nil, 0, 0, 0, errHash
	}
	key, err = base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(key) != keyBytes {
		return nil, nil, 0, 0, 0, errHash
	}
	return salt, key, memory, passes, lanes, nil
}
