"""What the lines around a cursor say against a text, each rule with a case in which it says nothing."""

import pytest

from assist_completion.display.contradictions import contradicts
from assist_completion.display.cursor_site import CursorSite
from assist_context.languages import language_of

LOOPS = """\
def loop_first(values):
    for value in values:
        yield value, True

def loop_last(values):
    █
"""
# what is said, suffix, source with the cursor at █, text
CASES = [
    ("the statement is there below", "py", "for row in rows:\n    █\n    size += 1\n    chunks.push(row)\n", "chunks.push(row)"),
    ("", "py", "for row in rows:\n    █\nchunks.push(row)\n", "chunks.push(row)"),  # in another block
    ("", "py", "█\na = 1\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\nchunks.push(row)\n", "chunks.push(row)"),  # too far
    ("", "py", "queue.push(row)\n█\na = 1\nqueue.push(row)\n", "queue.push(row)"),  # it is repeated here anyway
    ("", "ts", "call({\n  █\n  a: 1,\n  key: value,\n})\n", "key: value,"),  # a list, not a statement
    ("the body of the neighbour", "py", LOOPS, "for value in values:\n        yield value, True"),
    ("", "py", LOOPS, "for value in values:\n        yield value, False"),
    ("", "py", "def a(self):\n    ...\n\ndef b(self):\n    █\n", "..."),
    ("a constant", "ts", "const size = 3;\n█\n", "size = 4;"),
    ("a constant", "ts", "const size = 3;\n█\n", "size += 4;"),
    ("", "ts", "let size = 3;\n█\n", "size = 4;"),
    ("", "ts", "const size = 3;\nfunction f(size: number) {\n  █\n}\n", "size = 4;"),
    ("", "ts", "const size = 3;\n█\n", "size === 4 && run();"),
    ("", "ts", "const cart = {};\n█\n", "cart.size = 4;"),
    ("a constant", "rs", "let size = 3;\n█\n", "size = 4;"),
    ("", "rs", "let mut size = 3;\n█\n", "size = 4;"),
    ("", "rs", "let size;\n█\n", "size = 4;"),
    ("only bound below", "ts", "function f() {\n  █\n  const total = sum(a);\n  return total;\n}\n", "return total;"),
    ("", "ts", "const total = 1;\nfunction f() {\n  █\n  const other = 2;\n}\n", "return total;"),
    ("", "ts", "function f() {\n  █\n  const total = 3;\n}\n", "const total = 2;"),
    ("only bound below", "py", "def f(a):\n    █\n    total = sum(a)\n    return total\n", "print(total)"),
    ("", "py", "def f(a):\n    █\n\ndef total(a):\n    return 1\n", "print(total(a))"),
    ("", "py", "def f(a):\n    █\n    total = sum(a)\n", "total = 0"),
    ("only bound below", "go", "func f() {\n\t█\n\ttotal := sum()\n}\n", "print(total)"),
    ("another kind", "py", "def name(self) -> str:\n    █\n", "return 0"),
    ("", "py", "def name(self) -> str:\n    █\n", 'return "x"'),
    ("", "py", "def name(self) -> Name:\n    █\n", "return 0"),
    ("", "py", "def name(self) -> str:\n    █\n", "return self.get(0)"),
    ("another kind", "ts", "isReady(): boolean {\n  █\n}\n", "return 'no';"),
    ("", "ts", "isReady(): boolean {\n  return rows.some((row) => {\n    █\n  });\n}\n", "return 'no';"),
    ("another kind", "rs", "fn size(&self) -> Option<usize> {\n    █\n}\n", "return 0;"),
    ("", "rs", "fn size(&self) -> Option<usize> {\n    █\n}\n", "return None;"),
    ("", "rs", "fn size(&self) -> Option<usize> {\n    █\n}\n", "return Some(0);"),
    ("another kind", "go", "func ready() bool {\n\t█\n}\n", 'return "no"'),
    ("", "go", "func ready() bool {\n\t█\n}\n", "return true"),
    ("", "py", 'def f():\n    """Say\n    █\n    """\n    chunks.push(row)\n', "chunks.push(row)"),  # prose
]  # fmt: skip


@pytest.mark.parametrize(("said", "suffix", "source", "text"), CASES)
def test_what_is_around_a_cursor_speaks_against_a_text(
    said: str, suffix: str, source: str, text: str
) -> None:
    before, _, after = source.partition("█")
    assert contradicts(CursorSite(before, after, language_of(f"a.{suffix}")), text) is bool(said)
