package main

import "strings"

// settled says, for airports that the data sets do not agree about or that only
// one of them has, which one is right: the one that OpenTravelData's table of
// points of reference (CC BY 4.0, August 2026) puts within 10 km. At PKX and TFU
// airportsdata is right, but coarse.
var settled = choices(map[string]string{
	airportsData: `AAI AGI BBG BLP BMS BUI BYW CAU CCV CEL CWS FTA HDS JIU JNH JRG KCA KGE KMN KMO KQA KRC KSQ KTI
		LGL LKB LMY LOH LPD LQM LRS LRV LSA LXG MIS MOJ MPA MTG MYK NAU NAV NGI NRD NTT OUZ PTZ RAM RIB RNL RUS RVV
		SCY SCZ SKH STZ SXK TJQ TKV TMC TVU UYN WWT XMY YAX YRG YSO ZPC`,
	ourAirports: `BCU GDB MEQ PKX SJX SQG TFU YZA`,
	airportData: `AGM AOQ AOS AVR BFQ CJZ DHB DHG DJT DTD ELV ENO EXI GIT HNY HYG IKE IOQ IOT IUI JCH JCU JJU JFM
		JGO JGR JNN JNS JUK JUU KCC KEH KHQ KNY KOW KRY KTB KXA LBH LBP LKE LLU LMZ LSG MTM MWP NIQ NMI NSB NSQ PEC PPV PQT
		PTD QCU QFG QFI QFN QGQ QJE QRY QUV QUW RMZ SAE SDW SPB SSB SVR TKE TLI TQA TQI TVT UMD WPL XEQ YAQ YAV YBF YBW YGG YHH
		YWS ZNA`,
})

// included are airports that have scheduled service since the data sets were made.
var included = set(`NBJ WSI`)

// excluded are airports that a data set calls scheduled and that are not:
// closed ones, and codes of whole cities.
var excluded = set(`ISL BAK PAR ZHH SWZ`)

func choices(bySet map[string]string) map[string]string {
	choice := map[string]string{}
	for id, codes := range bySet {
		for _, code := range strings.Fields(codes) {
			choice[code] = id
		}
	}
	return choice
}

func set(codes string) map[string]bool {
	members := map[string]bool{}
	for _, code := range strings.Fields(codes) {
		members[code] = true
	}
	return members
}
