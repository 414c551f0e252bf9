package simulator

import "strconv"

func qrCodeEndpoints() []endpoint { return nil }

type qrCode struct {
	account *account
	ticket  string
	scene   string
}

type qrCodes struct{}

// splitScene gives a code's scene as the two fields of user/info: the number,
// or the text.
func splitScene(scene string) (int64, string) {
	if n, err := strconv.ParseInt(scene, 10, 64); err == nil {
		return n, ""
	}
	return 0, scene
}
