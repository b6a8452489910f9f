"""How recorded calls of Go are written: the shortest check of a value, with the imports it needs."""

import json

import pytest

from assist_context.signatures.go_items import GoFunction, go_items
from assist_server.recorded_tests.calls import CallObservation, ProposedCall, RecordedCall, ValueCheck
from assist_server.recorded_tests.go.language import give_names
from assist_server.recorded_tests.go.package import GoPackage, imports_for
from assist_server.recorded_tests.go.proposals import calls_by_types, calls_in_text, variations
from assist_server.recorded_tests.go.text import go_tests
from assist_server.recorded_tests.go.values import GoHints, GoValue, values_of

ERROR = ("error", '`no "a"`')


def seen(*rows: tuple[str, str]) -> CallObservation:
    return CallObservation(
        "value", json.dumps([{"name": "", "how": how, "text": text, "needs": []} for how, text in rows])
    )


def body(*rows: tuple[str, str], results: tuple[str, ...], testify: bool = False) -> list[str]:
    call = RecordedCall(ProposedCall("f(1)"), seen(*rows), "TestF")
    text = go_tests([call], "p", results, testify=testify)
    return [line.strip() for line in text.partition("{\n")[2].splitlines()[:-1]]


@pytest.mark.parametrize(
    ("rows", "results", "lines"),
    [
        ([("basic", '"a%"')], ("string",), ['if got := f(1); got != "a%" {', 't.Errorf(`got %q; want "a%%"`, got)', "}"]),
        ([("basic", "int64(3)")], ("int64",), ["if got := f(1); got != 3 {", 't.Errorf("got %v; want 3", got)', "}"]),
        ([("basic", "true")], ("bool",), ["if got := f(1); !got {", 't.Errorf("got %v; want true", got)', "}"]),
        ([("empty", "0")], ("[]int",), ["if got := f(1); len(got) != 0 {", 't.Errorf("got %v; want none", got)', "}"]),
        ([("deep", "[]int{1}")], ("[]int",),
         ["got := f(1)", "want := []int{1}", "if !reflect.DeepEqual(got, want) {", 't.Errorf("got %+v; want %+v", got, want)', "}"]),
        ([("basic", "0"), ERROR], ("int", "error"),
         ["got, err := f(1)", 'if err == nil || err.Error() != `no "a"` {', 't.Errorf("got %v; want `no \\"a\\"`", err)', "}",
          "if got != 0 {", 't.Errorf("got %v; want 0", got)', "}"]),
        ([("", ""), ("nil", "nil")], ("*T", "error"), ["_, err := f(1)", "if err != nil {", 't.Errorf("got %v; want nil", err)', "}"]),
    ],
)  # fmt: skip
def test_a_value_is_checked_in_the_shortest_way(
    rows: list[tuple[str, str]], results: tuple[str, ...], lines: list[str]
) -> None:
    assert body(*rows, results=results) == lines


def test_a_package_that_uses_testify_gets_its_asserts() -> None:
    lines = body(("basic", "int64(3)"), ("nil", "nil"), results=("int64", "error"), testify=True)
    assert lines == ["got, err := f(1)", "assert.Nil(t, err)", "assert.Equal(t, int64(3), got)"]


def test_a_panic_and_a_change_are_checked_with_their_imports() -> None:
    panic = RecordedCall(ProposedCall("f(-1)"), CallObservation("raised", message="below"), "TestA")
    row = {"name": "value.n", "how": "basic", "text": "2", "needs": []}
    change = CallObservation("value", changes=(ValueCheck("value.n", json.dumps(row)),))
    changed = RecordedCall(ProposedCall("value.Add()", setup=("value := &T{}",)), change, "TestB")
    text = go_tests([panic, changed], "p", ())
    assert text.startswith('package p\n\nimport (\n\t"fmt"\n\t"testing"\n)\n')
    assert 'if got := fmt.Sprint(recover()); got != "below" {' in text
    assert "\tvalue := &T{}\n\tvalue.Add()\n\tif value.n != 2 {\n" in text


def test_names_say_what_is_given_once_each() -> None:
    call = RecordedCall(ProposedCall('clean("a/b")'), seen(("basic", "1")))
    panic = RecordedCall(ProposedCall("clean(-1)"), CallObservation("raised"))
    names = [row.test for row in give_names([call, call, panic], "T.clean", ())]
    assert names == ["TestTCleanWithA", "TestTCleanWithA_2", "TestTCleanPanicsWithMinus1"]


def package(code: str) -> tuple[GoFunction, GoPackage]:
    items = go_items(code)
    made = GoPackage(
        items.package, items.functions, items.types, items.fields, items.constants, {"strings": "strings"}
    )
    return items.functions[-1], made


def test_calls_of_tests_are_taken_where_nothing_else_is_needed() -> None:
    row, own = package("package p\nconst Up Kind = 1\nfunc Sum(a []int, k Kind) int { return 0 }\n")
    text = "package p_test\nfunc f() { p.Sum([]int{1}, p.Up); p.Sum(all, p.Up); other.Sum(nil, 0) }\n"
    assert [call.call for call in calls_in_text(text, row, own, "caller")] == ["Sum([]int{1}, Up)"]


def test_types_say_values_and_what_they_need() -> None:
    row, own = package(
        "package p\ntype T struct { name string; n int }\nfunc (t *T) Add(w io.Writer, more ...int) {}\n"
    )
    call = calls_by_types(row, own, ['"seven"'])[0]
    assert call.setup == ("var out strings.Builder", 'value := &T{name: "seven", n: -1}')
    assert (call.call, call.imports) == ("value.Add(&out, 3)", ('"strings"',))
    hints = GoHints(own)
    assert values_of("map[string]bool", hints)[0].text.startswith('map[string]bool{"Hello, World 42": true')
    assert values_of("func(a int) string", hints)[1] == GoValue('func(a int) string { return "" }')
    assert values_of("chan int", hints) == []


def test_edges_are_near_what_was_given() -> None:
    found = [call.call for call in variations([ProposedCall('f("ab", 3)')])]
    assert found == ['f("", 3)', 'f(" ab", 3)', 'f("a", 3)', 'f("ab", 4)', 'f("ab", 0)', 'f("ab", -3)']


def test_only_names_of_packages_need_imports() -> None:
    known = {"time": "time", "b": "example.com/b", "yaml": "example.com/go-yaml"}
    assert imports_for('x.time.Now(b.C, "time.Now", yaml.X)', known) == (
        '"example.com/b"', 'yaml "example.com/go-yaml"',
    )  # fmt: skip
