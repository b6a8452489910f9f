"""What a suggestion opens it closes, or it ends before that."""

import pytest

from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.show_gate import closed_ends
from assist_context.languages import language_of

# suffix, source with the cursor at █, text, whether it was cut at a doubt, what it may become
CASES = [
    ("py", "x = █\n", "os.get(name", True, ["os.get(name)", "os.get"]),
    ("py", "x = █\n", "f(a, [b", True, ["f(a, [b])", "f"]),
    ("py", "x = █\n", "f(a,", True, ["f"]),
    ("py", "x = █\n", "f(a,", False, ["f(a)", "f"]),
    ("py", "x = █\n", 'log("text of', True, ["log"]),
    ("py", "x = █\n", 'a + f"text of', True, ["a +"]),
    ("py", "x = f(█)\n", "a, b", True, ["a, b"]),
    ("py", "x = f(█)\n", "g(a", True, ["g(a)", "g"]),
    ("py", "x = █\n", "{", False, [""]),
    ("py", '"""Doc █\n"""\n', "of (this", True, ["of (this"]),
    ("py", "def f():\n    █\n", "a = 1\n    b = f(\n        c", True, ["a = 1"]),
    ("js", "█\n", "if (x) {", False, ["if (x) {"]),
    ("js", "█\n", "go(() => {", False, ["go(() => {"]),
    ("go", "\tcp.A = █\n", "make([]", True, ["make([])", "make"]),
    ("rs", "    let x = █\n", "Some(value", True, ["Some(value)", "Some"]),
    ("rs", "fn f() -> █\n", "Result<", True, ["Result"]),
    ("ts", "const a: █\n", "Array<", False, ["Array"]),
    ("py", "if a █\n", "<", True, ["<"]),
    ("md", "See █\n", "the (long", True, ["the (long"]),
]


@pytest.mark.parametrize(("suffix", "source", "text", "doubted", "ends"), CASES)
def test_closed_ends(suffix: str, source: str, text: str, doubted: bool, ends: list[str]) -> None:
    before, after = source.split("█")
    site = CursorSite(before, after, language_of(f"a.{suffix}"))
    assert list(closed_ends(site, text, is_doubtful=doubted)) == ends
