"""The text around the cursor in a tool's prompt: written with a model's infilling tokens, or apart from them.

`fim_prompts.toml` has the tokens. This module knows no model: what it finds goes to the local
one in its own form.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PATH = re.compile(r"[\w.@+/\\ -]{1,300}")


@dataclass(frozen=True, slots=True)
class FimFamily:
    """The tokens of one family of models. `files` mark other files."""

    prefix: str
    suffix: str
    middle: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SplitPrompt:
    """The text before and after the cursor, the file's path if it is known, other files by path and text."""

    before: str
    after: str = ""
    path: str = ""
    files: tuple[tuple[str, str], ...] = ()


@cache
def families() -> tuple[FimFamily, ...]:
    """All families that are known."""
    table = tomllib.loads((files(__package__) / "fim_prompts.toml").read_text(encoding="utf-8"))
    return tuple(
        FimFamily(row["prefix"], row["suffix"], row["middle"], tuple(row["files"])) for row in table["family"]
    )


def split_prompt(prompt: str, suffix: str = "") -> SplitPrompt:
    """The parts of a prompt. `suffix` is the text after the cursor where the tool sends it apart.

    >>> split_prompt("<|fim_prefix|>x = <|fim_suffix|>\\ny = 2<|fim_middle|>")
    SplitPrompt(before='x = ', after='\\ny = 2', path='', files=())
    >>> other = "<|file_sep|>b.py\\nB = 1\\n<|file_sep|>a.py\\n"
    >>> split_prompt(other + "<|fim_prefix|>x<|fim_suffix|><|fim_middle|>")
    SplitPrompt(before='x', after='', path='a.py', files=(('b.py', 'B = 1\\n'),))
    >>> split_prompt("x = ", "\\ny = 2")
    SplitPrompt(before='x = ', after='\\ny = 2', path='', files=())
    """
    for family in families():
        found = None if suffix else _split(prompt, family)
        if found is not None:
            return found
    return SplitPrompt(prompt, suffix)


def _split(prompt: str, family: FimFamily) -> SplitPrompt | None:
    """The parts of a prompt in this family's form, None if it has another."""
    start = prompt.find(family.prefix)
    first = prompt.find(family.suffix)
    if start < 0 or first < 0:
        return None
    before, after = _between(prompt, family.prefix, family), _between(prompt, family.suffix, family)
    known = _files(prompt[: min(start, first)], family.files)
    head, path = _leading_path(before, family.files)
    if known and not path and not known[-1][1].strip():
        path = known[-1][0]
        known = known[:-1]
    return SplitPrompt(head, after, path, tuple(known))


def _between(prompt: str, mark: str, family: FimFamily) -> str:
    """The text from a mark to the next one."""
    start = prompt.find(mark) + len(mark)
    others = {family.prefix, family.suffix, family.middle} - {mark}
    ends = [at for at in (prompt.find(other, start) for other in others) if at >= 0]
    return prompt[start : min(ends, default=len(prompt))]


def _leading_path(before: str, marks: Sequence[str]) -> tuple[str, str]:
    """The text without a first line that names its file, and that name."""
    for mark in marks:
        if before.startswith(mark):
            line, _, rest = before[len(mark) :].partition("\n")
            if _PATH.fullmatch(line.strip()):
                return rest, line.strip()
    return before, ""


def _files(text: str, marks: Sequence[str]) -> list[tuple[str, str]]:
    """The other files in the text before the first mark: each is a line with its path, then its text."""
    if not marks:
        return []
    pieces = re.split("|".join(map(re.escape, marks)), text)[1:]
    found = [(path.strip(), body) for path, _, body in (piece.partition("\n") for piece in pieces)]
    return [(path, body) for path, body in found if _PATH.fullmatch(path)]
