package earnings

import (
	"strconv"
	"strings"

	"github.com/quagmt/udecimal"
)

// line builds one line of arithmetic with few allocations.
type line struct{ b []byte }

func (l *line) text(parts ...string) *line {
	for _, p := range parts {
		l.b = append(l.b, p...)
	}
	return l
}

// whole writes a number with thousands separators.
func (l *line) whole(n int64) *line {
	if n < 0 {
		l.b = append(l.b, '-')
		n = -n
	}
	var digits [20]byte
	d := strconv.AppendInt(digits[:0], n, 10)
	for i, c := range d {
		if i > 0 && (len(d)-i)%3 == 0 {
			l.b = append(l.b, ',')
		}
		l.b = append(l.b, c)
	}
	return l
}

// number writes a decimal as it is; a long fraction is cut to six digits.
func (l *line) number(d udecimal.Decimal) *line {
	if n, err := d.Int64(); err == nil && d.Equal(decimal(n)) {
		return l.whole(n)
	}
	return l.text(d.RoundHAZ(6).String())
}

// money writes an amount with two digits.
func (l *line) money(d udecimal.Decimal, currency string) *line {
	units := d.Trunc(0)
	n, err := units.Int64()
	if err != nil {
		return l.text(d.StringFixed(2), " ", currency)
	}
	cents, _ := d.Sub(units).Mul(hundred).RoundHAZ(0).Int64()
	if cents == 100 {
		n, cents = n+1, 0
	}
	l.whole(n)
	l.b = append(l.b, '.', byte('0'+cents/10), byte('0'+cents%10), ' ')
	return l.text(currency)
}

var hundred = udecimal.MustFromInt64(100, 0)

// percent writes a share as a percentage.
func (l *line) percent(d udecimal.Decimal) *line {
	return l.number(d.Mul(hundred)).text("%")
}

func (l *line) String() string { return string(l.b) }

func (l *line) reset() *line {
	l.b = l.b[:0]
	return l
}

// join lists words: a, b and c.
func join(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}
