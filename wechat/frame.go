package wechat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the platform's signatures are SHA-1
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"

	"guiyi/domain"
)

// The frame of encrypted callbacks (push/encryption page, read 2026-11): AES-256-CBC, IV = first 16 bytes of the key, PKCS#7
// padding to blocks of 32; inside: 16 random bytes, 4 bytes length (big endian), the message, the appid.
const (
	aesKeyLength = 43 // characters of an EncodingAESKey
	frameRandom  = 16
	frameHead    = frameRandom + 4
	framePadding = 32
)

var errFrame = errors.New("not a frame of this account")

func decodeAESKey(text domain.Secret) ([]byte, error) {
	if len(text) != aesKeyLength {
		return nil, errors.New("an EncodingAESKey has 43 characters")
	}
	key, err := base64.StdEncoding.DecodeString(text.Reveal() + "=")
	if err != nil {
		return nil, errors.New("an EncodingAESKey has only letters and digits")
	}
	return key, nil
}

// openFrame decrypts what the platform sealed for appID. It says nothing about what exactly was wrong: that would help only
// somebody who tries keys. The caller has checked msg_signature before.
func openFrame(key []byte, sealed []byte, appID string) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	data := make([]byte, base64.StdEncoding.DecodedLen(len(sealed)))
	n, err := base64.StdEncoding.Decode(data, sealed)
	if err != nil || n == 0 || n%aes.BlockSize != 0 {
		return nil, errFrame
	}
	data = data[:n]
	cipher.NewCBCDecrypter(block, key[:aes.BlockSize]).CryptBlocks(data, data)
	pad := int(data[n-1])
	if pad < 1 || pad > framePadding || pad > n {
		return nil, errFrame
	}
	data = data[:n-pad]
	if len(data) < frameHead {
		return nil, errFrame
	}
	size := int64(binary.BigEndian.Uint32(data[frameRandom:frameHead]))
	if size > int64(len(data)-frameHead) {
		return nil, errFrame
	}
	message, owner := data[frameHead:frameHead+size], data[frameHead+size:]
	if subtle.ConstantTimeCompare(owner, []byte(appID)) != 1 {
		return nil, domain.Refuse(domain.ErrForbidden, "wrong_appid", "这条推送属于另一个账号")
	}
	return message, nil
}

// sealFrame encrypts a reply.
func sealFrame(key, message []byte, appID string) (string, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	size := frameHead + len(message) + len(appID)
	pad := framePadding - size%framePadding
	data := make([]byte, frameHead, size+pad)
	_, _ = rand.Read(data[:frameRandom])                                          // never fails since Go 1.24; it ends the program instead
	binary.BigEndian.PutUint32(data[frameRandom:frameHead], uint32(len(message))) //nolint:gosec // replies are a few kilobytes
	data = append(append(data, message...), appID...)
	for range pad {
		data = append(data, byte(pad))
	}
	cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(data, data)
	return base64.StdEncoding.EncodeToString(data), nil
}

// sign is the platform's signature: SHA-1 over the sorted parts.
func sign(parts ...string) string {
	slices.Sort(parts)
	h := sha1.New() //nolint:gosec // see above
	for _, p := range parts {
		_, _ = h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// signed compares a signature in constant time.
func signed(got string, parts ...string) bool {
	return subtle.ConstantTimeCompare([]byte(got), []byte(sign(parts...))) == 1
}
