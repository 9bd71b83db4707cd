package main

// bookable are the carriers that some program's miles can book, by the programs'
// lists of partners of May 2026 (AwardChart) and the alliances of airlines.yaml.
const bookable = `3H 4Y 4Z 5T 6E 9K A3 AA AC AD AE AF AI AM AR AS AT AV AY AZ B6 B7 BA BR BT CA CE CI CM CX CZ DE DL
	EI EK EN ET EW EY FI FJ FM FZ G3 GA GF GK HA HO HU HV HX IB JA JB JL JQ JU JV JX KE KL KQ LA LH LL LO LS LX LY ME MF
	MH MK MO MS MU NH NT NZ OA OS OU OZ PB PD PG PR QF QH QN QR RJ RO S4 S7 SA SB SK SN SQ SV T7 TG TK TN TP TR U2 UA UL
	UO UX VA VN VS VT VY WB WK WM WN WS WY XE XK XQ YB ZH`

// territories are parts of a country that have a country code of their own, but
// whose flights its carriers may sell as domestic ones.
var territories = map[string][]string{
	"DK": {"FO", "GL"},
	"FR": {"BL", "GF", "GP", "MF", "MQ", "NC", "PF", "PM", "RE", "WF", "YT"},
	"NL": {"AW", "BQ", "CW", "SX"},
	"US": {"AS", "GU", "MP", "PR", "VI"},
}

// alsoHome are further home countries, of carriers that have several and of
// groups whose companies fly under one name.
var alsoHome = map[string][]string{
	"AV": {"CR", "EC", "GT", "SV"},
	"BT": {"EE", "LT"},
	"JQ": {"NZ"},
	"LA": {"BR", "CO", "EC", "PE", "PY"},
	"SK": {"DK", "NO"},
}

// marketedBy are the operating carriers all of whose flights are sold as another's.
var marketedBy = map[string]string{
	"4C": "LA", // LATAM Airlines Colombia
	"5D": "AM", // Aeroméxico Connect
	"9E": "DL", // Endeavor Air
	"A5": "AF", // Air France HOP
	"C5": "UA", // CommuteAir
	"CJ": "BA", // BA CityFlyer
	"CL": "LH", // Lufthansa CityLine
	"EH": "NH", // ANA Wings
	"EN": "LH", // Air Dolomiti, which programs also book as itself
	"G7": "UA", // GoJet Airlines
	"I2": "IB", // Iberia Express
	"JC": "JL", // Japan Air Commuter
	"JJ": "LA", // LATAM Airlines Brasil
	"LP": "LA", // LATAM Airlines Perú
	"MQ": "AA", // Envoy Air
	"NI": "TP", // Portugália
	"NQ": "NH", // Air Japan
	"NU": "JL", // Japan Transocean Air
	"OA": "A3", // Olympic Air, likewise
	"OH": "AA", // PSA Airlines
	"PT": "AA", // Piedmont Airlines
	"QK": "AC", // Jazz
	"QX": "AS", // Horizon Air
	"RV": "AC", // Air Canada Rouge
	"WA": "KL", // KLM Cityhopper
	"WR": "WS", // WestJet Encore
	"XL": "LA", // LATAM Airlines Ecuador
	"YW": "IB", // Air Nostrum
	"ZW": "UA", // Air Wisconsin, for United until 2023
	"2L": "LX", // Helvetic Airways
}

// sharedFeeders are the operating carriers that fly for several others, with the
// hubs at which they fed each of them in 2022.
var sharedFeeders = map[string]map[string]string{
	"OO": { // SkyWest
		"AA": "DFW LAX ORD PHX",
		"AS": "ANC LAX PDX SAN SEA SFO",
		"DL": "ATL DTW LAX MSP SEA SLC",
		"UA": "DEN EWR IAD IAH LAX ORD SFO",
	},
	"YV": { // Mesa
		"AA": "DFW PHX",
		"UA": "DEN IAD IAH",
	},
	"YX": { // Republic
		"AA": "BOS CLT DCA JFK LGA MIA ORD PHL",
		"DL": "ATL BOS DTW JFK LGA",
		"UA": "EWR IAD IAH ORD",
	},
}
