// Package domain is the ground floor: the nouns of a town's WeChat account and the rules that hold for them, without
// storage, network or clock. It imports the standard library alone; everything else may import it.
package domain
