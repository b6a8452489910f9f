"""The calls that a text writes out."""

import pytest

from assist_completion.display.written_calls import find_calls

# language, code, (callee, arguments by place, by name, whether one may be several)
CASES = [
    ("python", "x = a.f(b, g(1), key=c)", [("a.f", 2, ("key",), False), ("g", 1, (), False)]),
    ("python", "f()", [("f", 0, (), False)]),
    ("python", "f(a, b", []),  # not closed
    ("python", 'f("a, b", c,)', [("f", 2, (), False)]),
    ("python", "f(*rows, **more)", [("f", 0, (), True)]),
    ("python", "sum(row.size for row in rows)", [("sum", 1, (), True)]),
    ("python", "def f(a, b):", []),
    ("python", "class A(Base):", []),
    ("python", "if (a):", []),
    ("python", "f(a == b, x <= y)", [("f", 2, (), False)]),
    ("typescript", "new Cart(a, ...rest)", []),
    ("typescript", "fill(a, ...rest)", [("fill", 1, (), True)]),
    ("typescript", "rows.map((a, b) => a)", [("rows.map", 1, (), False)]),
    ("go", "join(pair())", [("join", 1, (), True), ("pair", 0, (), False)]),
    ("go", "append(a, b...)", [("append", 1, (), True)]),
    ("rust", "println!(a, b)", []),
]


@pytest.mark.parametrize(("language", "code", "calls"), CASES)
def test_calls_with_their_arguments(language: str, code: str, calls: list[tuple[object, ...]]) -> None:
    blank = code.replace('"a, b"', " " * 6)
    found = [call for call, _, _ in find_calls(code, blank, language)]
    assert [(call.callee, call.places, call.names, call.spread) for call in found] == calls


@pytest.mark.parametrize(
    ("code", "callee"),
    [
        ("if when.utcoffset is not None:", "when.utcoffset"),
        ("while queue.size == 0:", "queue.size"),
        ("if find() is None:", ""),
        ("if found == other:", ""),
    ],
)
def test_what_is_compared_with_nothing_or_a_number(code: str, callee: str) -> None:
    assert [call.callee for call, _, _ in find_calls(code, code, "python") if call.compared] == [
        callee
    ] * bool(callee)
