"""What a call of a Go function needs is read from its text."""

from assist_context.signatures.go_items import go_calls, go_items, go_literals

CODE = """\
package cart

import (
	"fmt"
	bar "example.com/foo/v2"
)

type Kind int

const (
	Plain Kind = iota
	Sized
)

type Cart struct {
	Items, Free []string
	kind        Kind
	*Other
}

func (c *Cart) Add(item string, more ...int) (n int, err error) {
	if len(item) > 3 {
		return 0, fmt.Errorf("long")
	}
	switch c.kind {
	case Plain:
		n = 1
	}
	return n, nil
}

func Map[T any, S ~[]T](all S, f func(T) bool) S { return all }
"""


def test_functions_and_their_parts_are_read() -> None:
    add, mapped = go_items(CODE).functions
    assert (add.name, add.receiver, add.owner) == ("Add", ("c", "*Cart"), "Cart")
    assert add.parameters == (("item", "string"), ("more", "...int"))
    assert add.results == ("int", "error")
    assert (mapped.bounds, mapped.results) == ({"T": "any", "S": "~[]T"}, ("S",))
    assert mapped.parameters == (("all", "S"), ("f", "func(T) bool"))


def test_blocks_and_cases_are_places_for_probes() -> None:
    add = go_items(CODE).functions[0]
    assert sorted(line for line, _ in add.probes) == [22, 23, 27]
    assert [CODE[at - 1] for _, at in add.probes] == ["{", "{", ":"]


def test_types_constants_and_imports_are_read() -> None:
    items = go_items(CODE)
    assert items.package == "cart"
    assert items.imports == {"fmt": "fmt", "bar": "example.com/foo/v2"}
    assert items.constants == {"Kind": ("Plain", "Sized")}
    fields = (("Items", "[]string"), ("Free", "[]string"), ("kind", "Kind"), ("Other", "Other"))
    assert items.fields["Cart"] == fields


def test_calls_and_literals_are_found() -> None:
    text = "package p\nfunc f() {\n\tgot := cart.Sum(\"a\", 1) // b\n\tSum(x.Sum('c'))\n}\n"
    assert [call.called for call in go_calls(text, "Sum")] == ["cart.Sum", "Sum", "x.Sum"]
    assert go_literals(text, 3, 3) == ['"a"', "1"]


def test_broken_code_has_what_can_be_read() -> None:
    assert [row.name for row in go_items("package p\nfunc f() {}\nfunc (").functions] == ["f"]
