package platform_test

import (
	"crypto/sha1"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signedAt signs a push like the platform does, without our codec.
func signedAt(at time.Time, nonce string) url.Values {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	parts := []string{token, timestamp, nonce}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return url.Values{"timestamp": {timestamp}, "nonce": {nonce}, "signature": {hex.EncodeToString(sum[:])}}
}
