package simulator

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1" //nolint:gosec // the signature of the platform is SHA-1
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
)

// signature is the hex SHA-1 of the parts, sorted and joined: of token,
// timestamp and nonce for signature; of these and Encrypt for msg_signature.
func signature(parts ...string) string {
	sorted := slices.Sorted(slices.Values(parts))
	sum := sha1.Sum([]byte(strings.Join(sorted, ""))) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

const padBlock = 32 // PKCS#7 with 32, not the cipher's 16

// decodeKey turns an EncodingAESKey of 43 characters into the 32-byte key.
func decodeKey(encoded string) ([]byte, error) {
	if len(encoded) != 43 {
		return nil, errors.New("EncodingAESKey must have 43 characters")
	}
	// The last character carries two spare bits that real keys set at will.
	key, err := base64.StdEncoding.DecodeString(encoded + "=")
	if err != nil {
		return nil, errors.New("EncodingAESKey must hold letters and digits only")
	}
	return key, nil
}

// seal builds Encrypt: base64(AES-256-CBC(random16 | length | msg | appid)),
// the IV being the first 16 bytes of the key.
func seal(key, random16, msg []byte, appID string) (string, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	plain := make([]byte, 0, 16+4+len(msg)+len(appID)+padBlock)
	plain = append(plain, random16...)
	plain = binary.BigEndian.AppendUint32(plain, uint32(len(msg))) //nolint:gosec // messages are small
	plain = append(plain, msg...)
	plain = append(plain, appID...)
	pad := padBlock - len(plain)%padBlock
	plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain), nil
}

// unseal is the reverse; it refuses wrong padding, lengths and appids.
func unseal(key []byte, encrypted, appID string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil {
		return nil, errors.New("encrypted text is not base64")
	}
	if len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, errors.New("encrypted text is not a whole number of AES blocks")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	cipher.NewCBCDecrypter(block, key[:aes.BlockSize]).CryptBlocks(data, data)
	pad := int(data[len(data)-1])
	if pad < 1 || pad > padBlock || pad > len(data) {
		return nil, errors.New("encrypted text has wrong padding (wrong key?)")
	}
	data = data[:len(data)-pad]
	if len(data) < 20 {
		return nil, errors.New("encrypted text is too short")
	}
	size := int(binary.BigEndian.Uint32(data[16:20]))
	if size > len(data)-20 {
		return nil, errors.New("encrypted text has a wrong message length")
	}
	if string(data[20+size:]) != appID {
		return nil, errors.New("encrypted text carries another appid")
	}
	return data[20 : 20+size], nil
}
