"""The edit that ruff makes of a wish in Python: imports, f-strings. For the rest, how an editor makes it.

Whoever asks ruff is a parameter. Of what it finds only fixes that it calls safe are made.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from assist_context.documents import split_lines
from assist_context.languages import ECMASCRIPT, language_of
from assist_context.retrieval.corpus import Corpus
from assist_refactorings.code_texts import WishedCode
from assist_refactorings.reading import LinterWish
from assist_server.questions.computed_edits import (
    RefactoringEdit,
    RefactoringProblem,
    count_words,
    places_in_words,
)

# What ruff finds in a text by some rules, as its JSON has it; `None` if it does not come to an end.
Findings = Sequence[Mapping[str, Any]]
AskRuff = Callable[[str, str], Findings | None]

# What is wished in words, the rules of ruff in their order, and the command of an editor.
_WAYS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "unused": (
        "remove the unused imports",
        ("F401",),
        '"Remove Unused Imports" (source.removeUnusedImports)',
    ),
    "sorted": ("sort the imports", ("I",), '"Organize Imports" (source.organizeImports)'),
    "organized": ("organize the imports", ("F401", "I"), '"Organize Imports" (source.organizeImports)'),
    "f_strings": ("use f-strings", ("UP031,UP032",), ""),
    "templates": ("use template literals", (), 'the refactoring "Convert to template string"'),
}


def linter_edit(
    wish: LinterWish, corpus: Corpus, code: WishedCode, ask: AskRuff | None
) -> RefactoringEdit | RefactoringProblem | None:
    """The edit, or why there is none; `None` if a model has to be asked. Without `ask` there is no ruff."""
    path = code.lines.path
    what, rules, command = _WAYS[wish.what]
    reading = f"{what} of {path}"
    language = language_of(path).name
    if language in ECMASCRIPT and command:
        return RefactoringProblem(reading, f"your editor can do this: run {command} there")
    if language != "python" or not rules:
        return None
    if ask is None:
        other = f", or run {command} in your editor" if command else ""
        reason = f"ruff was not found outside the workspace; install it (`uv tool install ruff`){other}"
        return RefactoringProblem(reading, reason)
    return _ask_ruff(ask, wish, reading, corpus, code)


def _ask_ruff(
    ask: AskRuff, wish: LinterWish, reading: str, corpus: Corpus, code: WishedCode
) -> RefactoringEdit | RefactoringProblem | None:
    path = code.lines.path
    before = "".join(corpus.lines(path))
    text = before
    left: list[tuple[str, int]] = []
    for rules in _WAYS[wish.what][1]:
        found = ask(rules, text)
        if found is None or any(row["code"] == "invalid-syntax" for row in found):
            return None
        inside = [row for row in found if wish.what != "f_strings" or _is_inside(row, code)]
        text = _apply_fixes(text, [row["fix"]["edits"] for row in inside if _is_safe(row)])
        left += [(path, row["location"]["row"]) for row in inside if not _is_safe(row)]
    places = places_in_words(left)
    if text != before:
        kept = f"{count_words(len(left), 'place')} for which ruff has no safe fix stay unchanged: {places}"
        return RefactoringEdit(f"{reading}, by ruff", {path: text}, (kept,) if left else ())
    if left:
        return RefactoringProblem(reading, f"ruff has no safe fix for {places}")
    return RefactoringProblem(reading, "ruff finds nothing to change") if wish.what != "f_strings" else None


def _is_safe(row: Mapping[str, Any]) -> bool:
    return row["fix"] is not None and row["fix"]["applicability"] == "safe"


def _is_inside(row: Mapping[str, Any], code: WishedCode) -> bool:
    return bool(code.lines.first <= row["location"]["row"] <= code.lines.last)


def _apply_fixes(text: str, fixes: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """A text with the edits of some fixes; one in the place of an earlier one is left for the next time."""
    starts = [0, *accumulate(map(len, split_lines(text)))]

    def offset(place: Mapping[str, int]) -> int:
        return starts[place["row"] - 1] + place["column"] - 1

    pieces: list[str] = []
    kept = 0
    for fix in sorted(fixes, key=lambda fix: offset(fix[0]["location"])):
        if offset(fix[0]["location"]) < kept:
            continue
        for edit in fix:
            pieces += [text[kept : offset(edit["location"])], edit["content"]]
            kept = offset(edit["end_location"])
    return "".join([*pieces, text[kept:]])
