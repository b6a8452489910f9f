"""What pytest's short tracebacks say of tests that fail: the exception, its lines, what was expected.

It reads output, and runs nothing. Of other runners it knows nothing.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

WIDTH = 200  # characters of a line that is kept
MAX_SAID = 6  # lines of one test
LONGEST_TEXT = 2_000  # characters of two values that are compared

_HEADING = re.compile(r"^_+ (?:ERROR (?:collecting|at \w+ of) )?(?P<name>.+?) _+$", re.MULTILINE)
_FRAME = re.compile(r"^(?P<path>\S[^:\n]*?\.py):(?P<line>\d+): in .+(?:\n {4}(?P<code>\S.*))?$", re.MULTILINE)
_RULE = re.compile(r"^(?:=|-){3,} .* (?:=|-){3,}$", re.MULTILINE)  # what comes after the last test
_SAID = re.compile(r"^E {1,3}(?P<text>.*)$", re.MULTILINE)
_RAISED = re.compile(r"^(?P<name>(?:\w+\.)*(?P<last>[A-Z]\w*))(?::|$)")
_WANTED = re.compile(
    r"\braises\(\s*(?:\w+\.)*(?P<name>[A-Z]\w*)|assertRaises\w*\(\s*(?:\w+\.)*(?P<other>[A-Z]\w*)"
)
_TEXT = r"[bru]{0,2}(?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")"
_UNEQUAL = re.compile(
    rf"""^(?:AssertionError:\ )?(?:assert\ )?(?:
      (?P<actual>{_TEXT})\ ==\ (?P<expected>{_TEXT})
    | (?P<first>{_TEXT})\ !=\ (?P<second>{_TEXT})
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class FailureFacts:
    """What is known of a test that fails: the exception that was `raised`, and the one that was `wanted`.

    `lines` are those of the file in question that the traceback names, the innermost first; `texts` are
    pieces of what came out, each with what should have.
    """

    raised: str = ""
    wanted: str = ""
    lines: tuple[int, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FailureFrame:
    """A line of a traceback: its file, below the project's folder if it is there, and its code."""

    path: str
    line: int
    code: str = ""


@dataclass(frozen=True, slots=True)
class FailedTest:
    """What is said of one test: its name without its file, its traceback from the outside in, and why."""

    name: str
    frames: tuple[FailureFrame, ...]
    said: tuple[str, ...]

    @property
    def raised(self) -> str:
        """The exception's name without its module, "" if that is not known."""
        match = next((found for line in self.said if (found := _RAISED.match(line))), None)
        if match is None:
            return "AssertionError" if any(line.startswith("assert ") for line in self.said) else ""
        return match["last"]


def failed_tests(output: str) -> tuple[FailedTest, ...]:
    """The tests of which a run of pytest has tracebacks, in its order."""
    found = list(_HEADING.finditer(output))
    ends = [*(match.start() for match in found[1:]), len(output)][: len(found)]
    return tuple(
        _failed_test(match["name"], output[match.end() : end]) for match, end in zip(found, ends, strict=True)
    )


def _failed_test(name: str, text: str) -> FailedTest:
    text = _RULE.split(text, maxsplit=1)[0]
    frames = tuple(
        FailureFrame(PurePosixPath(match["path"]).as_posix(), int(match["line"]), match["code"] or "")
        for match in _FRAME.finditer(text)
    )
    said = (match["text"].strip()[:WIDTH] for match in _SAID.finditer(text))
    return FailedTest(name, frames, tuple(filter(None, said))[:MAX_SAID])


def find_failed(failed: Sequence[FailedTest], test: str) -> FailedTest | None:
    """What is said of a test by its name with its file, as in `tests/test_a.py::TestA::test_b[1]`."""
    plain = ".".join(test.split("::")[1:]) or test
    return next((one for one in failed if one.name == plain), None)


def failure_of(test: FailedTest, path: str, test_code: str = "") -> FailureFacts:
    """What candidates for a fix of a file need to know of a failing test. `test_code` is its source."""
    lines = tuple(frame.line for frame in reversed(test.frames) if frame.path == path)
    match = _WANTED.search(test_code)
    wanted = (match["name"] or match["other"]) if match else ""
    return FailureFacts(test.raised, wanted, tuple(dict.fromkeys(lines)), tuple(_pieces(test.said)))


def _pieces(said: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pieces of a text that came out, each with what was expected in its place."""
    for line in said:
        match = _UNEQUAL.match(line)
        if match is None:
            continue
        actual = _value(match["actual"] or match["first"])
        expected = _value(match["expected"] or match["second"])
        if max(len(actual), len(expected)) > LONGEST_TEXT or not actual:
            continue
        for words in (r"\w+|\s+|.", r"\S+|\s+"):
            yield from _replacements(re.findall(words, actual), re.findall(words, expected))


def _replacements(actual: Sequence[str], expected: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What differs, with up to two words around it, since code has some of these too."""
    matcher = difflib.SequenceMatcher(None, actual, expected, autojunk=False)
    for kind, first, last, start, end in matcher.get_opcodes():
        if kind == "equal":
            continue
        for before in (2, 1, 0):
            for after in (2, 1, 0):
                low, high = first - before, last + after
                if low < 0 or high > len(actual) or high == low:
                    continue
                new = (*actual[low:first], *expected[start:end], *actual[last:high])
                yield "".join(actual[low:high]), "".join(new)


def _value(literal: str) -> str:
    """The text of a literal, its escapes as in code."""
    return re.sub(r"^[bru]{0,2}['\"]|['\"]$", "", literal)
