// Package render writes a tool's JSON answer for a person at a terminal.
package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// JSON writes an answer as text: lists of objects become tables of their plain
// columns, followed by what is nested in each row. Empty parts are left out.
func JSON(w io.Writer, answer json.RawMessage) error {
	root, err := parse(answer)
	if err != nil {
		return err
	}
	p := &printer{w: w}
	p.value(root, "")
	return p.err
}

// object keeps the order of its fields, which encoding/json's map does not.
type object []field

type field struct {
	name  string
	value any
}

func parse(text json.RawMessage) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return next(d)
}

func next(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		var o object
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			value, err := next(d)
			if err != nil {
				return nil, err
			}
			o = append(o, field{name.(string), value})
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		var list []any
		for d.More() {
			value, err := next(d)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) value(v any, indent string) {
	switch v := v.(type) {
	case object:
		for _, f := range v {
			p.field(f, indent)
		}
	case []any:
		p.list(v, indent)
	default:
		p.printf("%s%s\n", indent, cell(v))
	}
}

func (p *printer) field(f field, indent string) {
	if isEmpty(f.value) {
		return
	}
	if isInline(f.value) {
		p.printf("%s%s: %s\n", indent, title(f.name), cell(f.value))
		return
	}
	p.printf("%s%s\n", indent, title(f.name))
	p.value(f.value, indent+"  ")
}

func (p *printer) list(items []any, indent string) {
	rows := make([]object, 0, len(items))
	for _, item := range items {
		o, ok := item.(object)
		if !ok {
			for _, item := range items {
				p.printf("%s- %s\n", indent, cell(item))
			}
			return
		}
		rows = append(rows, o)
	}
	columns, nested := columnsOf(rows)
	// A single column that heads the rows' details need not stand alone before.
	if !nested || len(columns) > 1 {
		p.table(rows, columns, indent)
	}
	for i, r := range rows {
		heading := false
		for _, f := range r {
			if isInline(f.value) || isEmpty(f.value) {
				continue
			}
			if !heading && len(rows) > 1 {
				p.printf("%s%s\n", indent, r.heading(i))
				heading = true
			}
			p.field(f, indent+"  ")
		}
	}
}

// columnsOf lists the fields that fit into cells in every row and are not empty
// in all, and tells whether any row has more than those.
func columnsOf(rows []object) (columns []string, nested bool) {
	for _, first := range rows {
		for _, f := range first {
			if slices.Contains(columns, f.name) {
				continue
			}
			inline, filled := true, false
			for _, r := range rows {
				v := r.get(f.name)
				inline, filled = inline && isInline(v), filled || !isEmpty(v)
			}
			if inline && filled {
				columns = append(columns, f.name)
			}
			nested = nested || !inline
		}
	}
	return columns, nested
}

// heading names a row: by its first value if that is plain, and by the next with
// it if both are codes (a flight by its airports); else by its number.
func (o object) heading(i int) string {
	first, plain := o[0].value.(string)
	if !plain {
		return strconv.Itoa(i+1) + "."
	}
	const code = 4
	if second, ok := o.get(o[min(1, len(o)-1)].name).(string); ok && len(o) > 1 && len(first) <= code && len(second) <= code {
		return first + "-" + second
	}
	return first
}

// widest is how wide a table may be; a wider one is written as a list of rows,
// which a terminal can wrap.
const widest = 110

func (p *printer) table(rows []object, columns []string, indent string) {
	widths, sum := make([]int, len(columns)), len(indent)
	for i, c := range columns {
		widths[i] = utf8.RuneCountInString(title(c))
		for _, r := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell(r.get(c))))
		}
		sum += widths[i] + 2
	}
	if sum > widest {
		for _, r := range rows {
			var cells []string
			for _, c := range columns {
				if text := cell(r.get(c)); text != "" {
					cells = append(cells, text)
				}
			}
			p.printf("%s- %s\n", indent, strings.Join(cells, " · "))
		}
		return
	}
	line := func(cells func(column string) string) {
		var b strings.Builder
		for i, c := range columns {
			text := cells(c)
			b.WriteString(text)
			b.WriteString(strings.Repeat(" ", widths[i]+2-utf8.RuneCountInString(text)))
		}
		p.printf("%s%s\n", indent, strings.TrimRight(b.String(), " "))
	}
	line(func(c string) string { return strings.ToUpper(title(c)) })
	for _, r := range rows {
		line(func(c string) string { return cell(r.get(c)) })
	}
}

func (o object) get(name string) any {
	for _, f := range o {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case object:
		return len(v) == 0
	case string:
		return v == ""
	}
	return false
}

// isInline tells whether a value fits into a cell: plain values, amounts with
// their unit, and lists of such.
func isInline(v any) bool {
	switch v := v.(type) {
	case object:
		return v.isAmount()
	case []any:
		for _, item := range v {
			if o, ok := item.(object); !ok || !o.isAmount() {
				return false
			}
		}
	}
	return true
}

// isAmount tells a number and its name apart from other objects.
func (o object) isAmount() bool {
	numbers := 0
	for _, f := range o {
		switch f.value.(type) {
		case object, []any:
			return false
		case json.Number:
			numbers++
		}
	}
	return len(o) == 2 && numbers == 1
}

func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case json.Number:
		return thousands(v.String())
	case bool:
		return strconv.FormatBool(v)
	case object:
		words := make([]string, len(v))
		for i, f := range v {
			words[i] = cell(f.value)
		}
		return strings.Join(words, " ")
	case []any:
		words := make([]string, len(v))
		for i, item := range v {
			words[i] = cell(item)
		}
		return strings.Join(words, ", ")
	}
	return fmt.Sprint(v)
}

func thousands(number string) string {
	whole, fraction, hasFraction := strings.Cut(number, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if hasFraction {
		return sign + b.String() + "." + fraction
	}
	return sign + b.String()
}

var fieldName = regexp.MustCompile(`^[a-z][a-zA-Z]*$`)

// title turns a field's name into words: eliteMetrics is "Elite metrics". What is
// no field's name, such as the code by which something is kept, stays as it is.
func title(name string) string {
	if !fieldName.MatchString(name) {
		return name
	}
	var b strings.Builder
	for i, r := range name {
		switch {
		case i == 0:
			b.WriteString(strings.ToUpper(string(r)))
		case r >= 'A' && r <= 'Z':
			b.WriteByte(' ')
			b.WriteString(strings.ToLower(string(r)))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
