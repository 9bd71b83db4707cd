// Command exchangerates writes kg/bundle/exchange-rates.yaml: what one US dollar
// was worth on one day.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	"loyalty-mcp/kg/bundle/gen/packages"
)

//go:generate go run . -o ../../exchange-rates.yaml

// version of the npm package; it is the day of the rates.
const version = "2026.9.29"

// currencies in which airlines price tickets.
const currencies = `AED ARS AUD BBD BDT BGN BHD BMD BND BOB BRL BSD CAD CHF CLP CNY COP CRC CZK DKK DOP DZD EGP ETB EUR FJD
	GBP GEL GHS GTQ HKD HNL HUF IDR ILS INR ISK JMD JOD JPY KES KHR KRW KWD KYD KZT LKR MAD MOP MUR MVR MXN MYR NGN NIO NOK
	NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RWF SAR SCR SEK SGD THB TND TRY TTD TWD TZS UAH UGX USD UYU UZS VND
	VUV WST XAF XCD XOF XPF ZAR ZMW`

func main() {
	log.SetFlags(0)
	out := flag.String("o", "exchange-rates.yaml", "file to write")
	flag.Parse()
	if err := generate(*out); err != nil {
		log.Fatal(err)
	}
}

func generate(out string) error {
	text, err := packages.NPM("@fawazahmed0/currency-api", version, "v1/currencies/usd.json")
	if err != nil {
		return err
	}
	var data struct {
		Date string
		USD  map[string]json.Number // by currency in small letters
	}
	if err := json.Unmarshal(text, &data); err != nil {
		return err
	}
	var sheet bytes.Buffer
	fmt.Fprintf(&sheet, `# The value of one US dollar; written by kg/bundle/gen/exchangerates, not by hand.
sources:
- {id: currency-api, title: "currency-api %s, CC0", url: "https://github.com/fawazahmed0/exchange-api", asOf: %s, kind: data}
exchangeRates:
`, version, data.Date)
	for _, currency := range strings.Fields(currencies) {
		rate, ok := data.USD[strings.ToLower(currency)]
		if !ok {
			return fmt.Errorf("no rate for %s", currency)
		}
		fmt.Fprintf(&sheet, "- {currency: %s, perUSD: %s, date: %s, sources: [currency-api]}\n", currency, rate, data.Date)
	}
	return os.WriteFile(out, sheet.Bytes(), 0o644)
}
