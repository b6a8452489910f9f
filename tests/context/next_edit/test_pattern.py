"""Replacements with holes: what two examples have in common, and where it fits."""

import pytest

from assist_context.next_edit.generalisation import generalise, make_pattern
from assist_context.next_edit.offer import EditHunk
from assist_context.next_edit.pattern import Pattern, matches
from assist_context.next_edit.substitution import Site, sites, tokens


def _sites(old: str, new: str) -> tuple[Site, ...]:
    lines = tuple(new.splitlines(keepends=True))
    return sites(EditHunk("a.py", 0, tuple(old.splitlines(keepends=True)), lines), lines)


def _common(first: tuple[str, str], second: tuple[str, str]) -> list[Pattern]:
    pairs = [(one, other) for one in _sites(*first) for other in _sites(*second)]
    return [found for pair in pairs for found in generalise(*pair)]


def _apply(pattern: Pattern, text: str) -> str:
    for each in sorted(matches(pattern, text), key=lambda match: -match.start):
        text = text[: each.start] + each.new + text[each.end :]
    return text


@pytest.mark.parametrize(
    ("first", "second", "before", "after"),
    [
        (
            ("assertEquals(a, b)\n", "assert a == b\n"),
            ("assertEquals(one(1), [2, 3])\n", "assert one(1) == [2, 3]\n"),
            "assertEquals(x.y, {4: 5})\n",
            "assert x.y == {4: 5}\n",
        ),
        (
            ("os.path.join(a, b)\n", "Path(a) / b\n"),
            ('os.path.join(root, "x")\n', 'Path(root) / "x"\n'),
            "p = os.path.join(f(1, 2), name)\n",
            "p = Path(f(1, 2)) / name\n",
        ),
        (
            ("x = load(1)\n", "x = await load(1)\n"),
            ("y = load(2)\n", "y = await load(2)\n"),
            "z = load(3)\nw = await load(4)\n",
            "z = await load(3)\nw = await load(4)\n",
        ),
        (
            ("def one(self):\n    return 1\n", "@cached\ndef one(self):\n    return 1\n"),
            ("def two(self):\n    return 2\n", "@cached\ndef two(self):\n    return 2\n"),
            "@cached\ndef one(self):\n    pass\ndef three(self):\n    pass\n",
            "@cached\ndef one(self):\n    pass\n@cached\ndef three(self):\n    pass\n",
        ),
        (
            ("def one(self):\n    return 1\n", "def one(self):\n    log('one')\n    return 1\n"),
            ("def two(self):\n    return 2\n", "def two(self):\n    log('two')\n    return 2\n"),
            "    def three(self):\n        return 3\n",
            "    def three(self):\n        log('three')\n        return 3\n",
        ),
    ],
)
def test_two_examples_make_a_third(
    first: tuple[str, str], second: tuple[str, str], before: str, after: str
) -> None:
    assert after in {_apply(each, before) for each in _common(first, second)}


def test_examples_that_do_not_agree_have_nothing_in_common() -> None:
    assert _common(("load(a)\n", "fetch(a)\n"), ("load(a)\n", "drop(a, a)\n")) == []
    assert _common(("total(a)\n", "total(a, 1)\n"), ("other(b)\n", "other(b, 2)\n")) == []


def test_one_example_needs_a_name() -> None:
    assert [make_pattern(each) for each in _sites("a + 1\n", "a + 2\n")] == [None]
    (renamed,) = _sites("load(1)\n", "fetch(1)\n")
    found = make_pattern(renamed)
    assert found is not None
    assert _apply(found, "load(2)\nreload(3)\npayload = load\n") == "fetch(2)\nreload(3)\npayload = fetch\n"


def test_deleted_lines_are_deleted_as_lines() -> None:
    (gone,) = _sites("@deprecated\ndef one():\n    pass\n", "def one():\n    pass\n")
    found = make_pattern(gone)
    assert found is not None
    assert _apply(found, "@deprecated\ndef a():\n    @deprecated\n    def b():\n") == (
        "def a():\n    def b():\n"
    )


def test_a_line_is_not_inserted_next_to_itself() -> None:
    before = "def one():\n    lock(store)\n    run(1)\n"
    added = before.replace("(store)\n", "(store)\n    check(store)\n")
    for each in _sites(before, added):
        found = make_pattern(each)
        assert found is None or not list(matches(found, added))


def test_tokens_join_to_the_text() -> None:
    text = "x = 'a b'  # ü\n\n  y\t= 1.5e3\n"
    assert "".join(tokens(text)) == text
