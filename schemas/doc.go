// Package schemas holds every type that crosses a boundary (a tool's input and
// output, the fact sheet) and makes its JSON Schema and its validation from the
// Go type, so that there is one statement of each form.
package schemas
