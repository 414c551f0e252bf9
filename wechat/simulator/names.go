package simulator

import "math/rand/v2"

// Surnames in the order of their frequency in China; the first ones are drawn
// more often. Given names are common ones of several generations. The people
// are invented.
var (
	surnames   = []rune("王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤")
	firstRunes = []rune("建国志明秀桂玉淑春丽小晓文海永金水云美惠佳子雨思浩俊宇欣梓一若德福广荣庆家少锦伟振宝凤兰月")
	lastRunes  = []rune("华英兰芳珍梅花强军平生林明辉龙峰涛杰鹏超伟娟玲霞燕红琴凤莲香怡婷萱涵轩豪宁安然琪彤悦成根财旺贵才发")
)

// inventName draws a plausible name; one in six has a single given character.
func inventName(r *rand.Rand) string {
	// The smaller of two draws favours the frequent surnames.
	name := []rune{surnames[min(r.IntN(len(surnames)), r.IntN(len(surnames)))]}
	last := lastRunes[r.IntN(len(lastRunes))]
	if r.IntN(6) == 0 {
		return string(append(name, last))
	}
	first := firstRunes[r.IntN(len(firstRunes))]
	return string(append(name, first, last))
}
