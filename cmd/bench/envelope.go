package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the platform's signatures are SHA-1
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
)

// envelope is the platform's safe mode with the standard library alone, for the load and for the bare side: AES-256-CBC, the
// first 16 bytes of the key as IV, PKCS#7 to blocks of 32; inside 16 random bytes, the length, the message, the appid. It shares
// nothing with package wechat, so that the baseline does not grow slow or fast together with it.
type envelope struct {
	block  cipher.Block
	vector []byte
	token  string
	appID  string
}

const (
	envelopeHead    = 20
	envelopePadding = 32
)

func newEnvelope(encodedKey, token, appID string) (*envelope, error) {
	key, err := base64.StdEncoding.DecodeString(encodedKey + "=")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &envelope{block, key[:aes.BlockSize], token, appID}, nil
}

func (e *envelope) seal(message string) string {
	size := envelopeHead + len(message) + len(e.appID)
	pad := envelopePadding - size%envelopePadding
	data := make([]byte, size+pad)
	_, _ = rand.Read(data[:16])                                             // never fails since Go 1.24; it ends the program instead
	binary.BigEndian.PutUint32(data[16:envelopeHead], uint32(len(message))) //nolint:gosec // messages are small
	copy(data[copy(data[envelopeHead:], message)+envelopeHead:], e.appID)
	for i := size; i < len(data); i++ {
		data[i] = byte(pad)
	}
	cipher.NewCBCEncrypter(e.block, e.vector).CryptBlocks(data, data)
	return base64.StdEncoding.EncodeToString(data)
}

var errEnvelope = errors.New("not an envelope of this account")

func (e *envelope) open(sealed string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, errEnvelope
	}
	cipher.NewCBCDecrypter(e.block, e.vector).CryptBlocks(data, data)
	pad := int(data[len(data)-1])
	if pad < 1 || pad > envelopePadding || len(data) < envelopeHead+pad {
		return nil, errEnvelope
	}
	data = data[:len(data)-pad]
	size := int(binary.BigEndian.Uint32(data[16:envelopeHead]))
	if size > len(data)-envelopeHead || string(data[envelopeHead+size:]) != e.appID {
		return nil, errEnvelope
	}
	return data[envelopeHead : envelopeHead+size], nil
}

// sign is SHA-1 over the sorted parts and the token.
func (e *envelope) sign(parts ...string) string {
	all := append([]string{e.token}, parts...)
	slices.Sort(all)
	sum := sha1.Sum([]byte(strings.Join(all, ""))) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}
