// Package town holds the invented demo town 汀兰镇: its departments, matters, menu, accounts and people, as files embedded in
// the program. Phone numbers use the area code 0000, which does not exist; secrets and keys are for the demo alone.
package town

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed departments.csv matters.csv details.json bundles.json topics.json keywords.csv town.json menu.json
var catalogue embed.FS

//go:embed accounts.json mappings.json scenario.json
var files embed.FS

// placeholder stands in scenario.json where the address of the running program belongs.
const placeholder = "http://guiyi.invalid"

// Catalogue gives the files that matter.Service.Import reads: departments.csv, matters.csv, details.json, bundles.json,
// topics.json, keywords.csv and town.json, with menu.json beside them.
func Catalogue() fs.FS { return catalogue }

// Menu gives menu.json: the menu of the town's account, three buttons with five entries each.
func Menu() []byte { return read(catalogue, "menu.json") }

// Scenario gives the world of the platform simulator: accounts, people, followers and old menus. Callbacks go to baseURL,
// the address of the program without a slash at its end.
func Scenario(baseURL string) []byte {
	return []byte(strings.ReplaceAll(string(read(files, "scenario.json")), placeholder, baseURL))
}

// Account is one WeChat account of the demo with its secrets, which open nothing outside the simulator.
type Account struct {
	Key            string `json:"key"`
	Role           string `json:"role"`
	Kind           string `json:"kind"`
	Name           string `json:"name"`
	WeChatID       string `json:"wechat_id"`
	OriginalID     string `json:"original_id"`
	AppID          string `json:"appid"`
	Subject        string `json:"subject"`
	HostUnit       string `json:"host_unit"`
	Phone          string `json:"phone"`
	IdleDays       int    `json:"idle_days"` // days since it last published something
	AppSecret      string `json:"app_secret"`
	CallbackToken  string `json:"callback_token"`
	EncodingAESKey string `json:"encoding_aes_key"`
}

// Accounts lists the town's account first, then A1 to A4.
func Accounts() ([]Account, error) {
	var list []Account
	if err := json.Unmarshal(read(files, "accounts.json"), &list); err != nil {
		return nil, fmt.Errorf("accounts.json: %w", err)
	}
	return list, nil
}

// Mapping proposes where one entry of an old menu leads; the operator confirms it on the desk.
type Mapping struct {
	Old     string `json:"old"`     // name of the old entry
	Kind    string `json:"kind"`    // matter, page or ends
	Ref     string `json:"ref"`     // id of the matter or path of the page
	Offline string `json:"offline"` // for ends: what people can do
}

// Mappings gives the proposals by key of the old account.
func Mappings() (map[string][]Mapping, error) {
	var m map[string][]Mapping
	if err := json.Unmarshal(read(files, "mappings.json"), &m); err != nil {
		return nil, fmt.Errorf("mappings.json: %w", err)
	}
	return m, nil
}

func read(from embed.FS, name string) []byte {
	b, err := from.ReadFile(name)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return b
}
