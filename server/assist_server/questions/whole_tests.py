"""What is kept of a file of tests that was cut before its end: the tests that are whole."""

import re

from assist_context.documents import split_lines
from assist_context.languages import Language
from assist_context.syntax.fragments import balance, errors

# The first line of a test, or of what is above it.
_TEST = re.compile(
    r"\s*(?:(?:async\s+)?def\s+test|class\s+Test|(?:it|test)(?:\.\w+)*\s*\(|#\[(?:\w+::)?test\b|func\s+Test|@Test\b)"
)
MOST_CHECKS = 6  # lines that are kept of a single test that has no end
_ABOVE = re.compile(r"\s*(?:@|#\[|#|//|/?\*)")


def whole_tests(answer: str, language: Language) -> tuple[str, int]:
    r"""A cut answer up to the end of its last whole test, closed, and how many tests it has.

    Of a test that goes on and on, the first lines are kept. It is ("", 0) if nothing is whole. The answer is
    one fenced block of code without an end.

    >>> from assist_context.languages import language_of
    >>> cut = "```js\ntest('a', () => {\n  go();\n});\ntest('b', () => {\n  go("
    >>> whole_tests(cut, language_of("a.js"))
    ("```js\ntest('a', () => {\n  go();\n});\n```\n", 1)
    """
    opening, *lines = split_lines(answer)
    mark = opening[: len(opening) - len(opening.lstrip("`~"))]
    starts = [at for at, line in enumerate(lines) if _TEST.match(line)]
    ends = [(_above(lines, at), number) for number, at in enumerate(starts) if number]
    if starts:
        ends = [*[(starts[0] + 1 + size, 1) for size in range(1, MOST_CHECKS + 1)], *ends]
    for end, number in reversed(ends):
        closed = _close("".join(lines[:end]).rstrip(), language)
        if mark and end < len(lines) and errors(language, closed) == 0:
            return f"{opening}{closed}{mark}\n", number
    return "", 0


def _above(lines: list[str], at: int) -> int:
    """The first of the lines above a test that belong to it."""
    while at > 1 and _ABOVE.match(lines[at - 1]):
        at -= 1
    return at


def _close(text: str, language: Language) -> str:
    """A text with the brackets closed that it leaves open."""
    left = balance(language, "", text).left
    return f"{text}\n{left}{';' if left.endswith(')') else ''}\n" if left else f"{text}\n"
