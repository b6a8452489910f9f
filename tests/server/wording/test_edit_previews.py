"""The preview of an edit: it shows each line that changes, once, and determines the bytes that are written."""

import re
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assist_escalation.edits.plan import EditPlan, FileChange, hash_text, split_pieces
from assist_server.cli.terminal.answers import show_edit
from assist_server.wording.edit_previews import CRLF, UNENDED, PreviewLine, edit_preview, edit_warnings

WRITTEN = re.compile(r"<U\+([0-9A-F]{4,6})(?: x ([0-9]+))?>")
PLACE = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
LINE = st.text(
    st.sampled_from([*"ab+-@\\ <U+02E>", *"\t\r\f\v\x1b]\x07\x85\u2028\u2029\u202e", "\U000e0041"]),
    max_size=6,
)
TEXT = st.one_of(
    st.text(max_size=40),
    st.tuples(st.lists(LINE, max_size=9), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans()).map(
        lambda made: made[1].join(made[0]) + (made[1] if made[2] else "")
    ),
)


def change(before: str, after: str, path: str = "a.py") -> FileChange:
    sha256 = "0" if any("\ud800" <= each <= "\udfff" for each in before) else hash_text(before)
    return FileChange(path, sha256, None, before, after)


def read_back(shown: Sequence[PreviewLine]) -> Iterator[str]:
    """The lines of a diff as the files have them, each with its sign: the inverse of a preview's writing."""
    crlf = PreviewLine("note", CRLF) in shown
    for line, below in zip(shown, (*shown, None)[1:], strict=True):
        if line.kind in ("same", "added", "removed"):
            text = WRITTEN.sub(lambda found: chr(int(found[1], 16)) * int(found[2] or 1), line.text)
            ended = below is None or below.text != UNENDED
            yield text + ("\r\n" if crlf and ended else "\n" if ended else "")
        elif line.kind == "place":
            yield line.text


def make_edit(before: str, shown: Sequence[PreviewLine]) -> str:
    """What a reader would write who has only the old text and the preview."""
    old = split_pieces(before)
    new: list[str] = []
    at = 0
    for line in read_back(shown):
        if found := PLACE.match(line):
            first = int(found[1]) - (found[2] != "0")
            new += old[at:first]
            at = first
        elif line[0] == "+":
            new.append(line[1:])
        else:
            assert old[at] == line[1:]
            new += [line[1:]] if line[0] == " " else []
            at += 1
    return "".join([*new, *old[at:]])


@given(TEXT, TEXT)
@example("a\r\nb\r\n", "a\nb\r\n")
@example("a\n", "a")
@example("\x1b]\na\n\x07\n", "\x1b]\nevil()\n\x07\n")
@example("x\n", "x\u2028evil()\x0cevil()\revil()\n")
@example("++ b/a\n", "-- a/b\n")
def test_the_preview_alone_says_what_is_written(before: str, after: str) -> None:
    shown = edit_preview(EditPlan((change(before, after),)))
    assert make_edit(before, shown) == after
    assert all("\n" not in each.text and each.text.splitlines() == [each.text] for each in shown)
    added, removed = (sum(each.kind == kind for each in shown) for kind in ("added", "removed"))
    assert added - removed == len(split_pieces(after)) - len(split_pieces(before))
    assert bool(added or removed) == (before != after)


@given(TEXT)
def test_a_new_file_is_shown_whole(text: str) -> None:
    shown = edit_preview(EditPlan((FileChange("new\n+x.py", "", None, "", text),)))
    assert "".join(line[1:] for line in read_back(shown) if line[0] == "+") == text
    assert PreviewLine("head", "+++ b/new<U+000A>+x.py") in shown


def test_a_terminal_shows_the_lines_between_escape_and_bell(capsys: pytest.CaptureFixture[str]) -> None:
    before = "# \x1b]\ndef add(a, b):\n\treturn a + b\n# \x07\n"
    after = before.replace("\treturn", "\timport os\n\tos.system('id')  # \u202e\n\treturn")
    show_edit(EditPlan((change(before, after),), protected=("a.py",)))
    shown = capsys.readouterr()
    assert shown.out.splitlines()[3:] == [
        "@@ -1,4 +1,6 @@",
        " # <U+001B>]",
        " def add(a, b):",
        "+\timport os",
        "+\tos.system('id')  # <U+202E>",
        " \treturn a + b",
        " # <U+0007>",
    ]
    warnings = shown.err.splitlines()
    assert warnings[0].startswith("It changes a.py, which can change what your tools run")
    assert warnings[1].startswith("a.py already contains invisible characters (U+0007, U+001B)")


def test_the_ends_of_lines_are_told_once_where_they_are_all_alike() -> None:
    shown = [each.text for each in edit_preview(EditPlan((change("a\r\nb\r\n", "a\r\nc\r\n"),)))]
    assert shown[3:] == [CRLF, "@@ -1,2 +1,2 @@", " a", "-b", "+c"]
    mixed = [each.text for each in edit_preview(EditPlan((change("a\r\nb\r\n", "a\r\nb\n"),)))]
    assert mixed[3:] == ["@@ -1,2 +1,2 @@", " a<U+000D>", "-b<U+000D>", "+b"]


def test_a_file_without_hidden_characters_has_no_warning() -> None:
    assert edit_warnings(EditPlan((change("می\u200cخواهم\n", "x\n"),))) == ()
