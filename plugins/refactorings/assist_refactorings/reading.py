"""From the words of a wish to a value, if all of it is one of the forms in `wishes.toml`.

It is pure, and knows no code: whether there is what a wish names is for others.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

_TABLE: dict[str, Any] = tomllib.loads((files(__package__) / "wishes.toml").read_text(encoding="utf-8"))
_NO_NAMES = frozenset(_TABLE["no_names"].split())
MAX_CHARACTERS = 200  # of a wish: a longer one says more


@dataclass(frozen=True, slots=True)
class RenameWish:
    """Another name. `old` is "" for the code itself; `own`: only the code itself can be meant.

    `owner` is the code that the old name is a part of, and `kind` what it is, "" if the wish does not say it.
    """

    old: str
    new: str
    owner: str = ""
    own: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class ConstantWish:
    """A name for a literal, which is as it is written in the wish."""

    literal: str
    name: str


@dataclass(frozen=True, slots=True)
class AddedParameterWish:
    """One more parameter: with a default, so that no call has to change, or with what all calls pass for it.

    `type` is "" if none is said, and so is `default` or `passed`.
    """

    name: str
    default: str
    type: str = ""
    owner: str = ""
    passed: str = ""


@dataclass(frozen=True, slots=True)
class RemovedParameterWish:
    """One parameter less, in the calls too."""

    name: str


@dataclass(frozen=True, slots=True)
class LinterWish:
    """An edit that linters and editors do by themselves: imports that are "unused", "sorted" or both:
    "organized", and strings with the values in them: "f_strings" or, in JavaScript, "templates".
    """

    what: str


SyntaxWish = RenameWish | ConstantWish | AddedParameterWish | RemovedParameterWish
EditWish = SyntaxWish | LinterWish


def read_wish(words: str) -> EditWish | None:
    """The one edit that some words ask for; `None` if they ask for another one, for more, or not clearly.

    >>> read_wish("please rename total to net_total everywhere")
    RenameWish(old='total', new='net_total', owner='', own=False, kind='')
    >>> read_wish("replace the 100 with a constant FULL")
    ConstantWish(literal='100', name='FULL')
    >>> read_wish("rename total to net_total so that it returns None")
    """
    if len(words) > MAX_CHARACTERS:
        return None
    found = {wish for text in _readings(words) for wish in _matches(text)}
    return found.pop() if len(found) == 1 else None


def _readings(words: str) -> Iterator[str]:
    """The words, and without what may be left out at both ends."""
    text = " ".join(words.split()).rstrip(".!;, ")
    first, _, rest = text.partition(" ")
    if first.istitle() and first.isascii() and rest:  # a sentence begins, but for a name of one word
        yield f"{first.lower()} {rest}"
        text = text if _edges().match(text) else f"{first.lower()} {rest}"
    while True:
        yield text
        shorter = _edges().sub("", text).strip(" ,.!")
        if shorter == text:
            return
        text = shorter


@lru_cache
def _edges() -> re.Pattern[str]:
    before, after = ("|".join(_TABLE[side]) for side in ("before", "after"))
    return re.compile(rf"\A(?:{before})\b[,:]?|(?<=\s)(?:{after})\Z", re.IGNORECASE)


def _matches(text: str) -> Iterator[EditWish]:
    for kind, forms in _forms().items():
        for form in forms:
            if found := form.fullmatch(text):
                wish = _wish(kind, found.groupdict(""))
                if wish is not None:
                    yield wish


@lru_cache
def _forms() -> dict[str, list[re.Pattern[str]]]:
    return {kind: [_form(form) for form in forms] for kind, forms in _TABLE["forms"].items()}


def _form(form: str) -> re.Pattern[str]:
    """A form with its pieces."""
    pieces = _TABLE["pieces"]
    names = {"old": "path", "new": "name", "owner": "path", "name": "name"}

    def piece(found: re.Match[str]) -> str:
        name = found[1]
        return str(pieces[names.get(name, name)].replace("{}", name))

    whole = re.sub(r"(?<!\?P)<(\w+)>", piece, form)
    return re.compile(whole)


def _wish(kind: str, said: dict[str, str]) -> EditWish | None:
    names = [said.get(key, "") for key in ("old", "new", "owner", "name")]
    if any(name.lower() in _NO_NAMES for name in names if name):
        return None
    if said.get("old") == said.get("new", "") != "":
        return None
    if kind.startswith("rename"):
        own = kind == "rename_own"
        what = said.get("kind", "").lower() if said.get("old") else ""
        return RenameWish(said.get("old", ""), said["new"], said.get("owner", ""), own, what)
    if kind in ("add_parameter", "require_parameter"):
        values = (said["default"], "") if kind == "add_parameter" else ("", said["default"])
        return AddedParameterWish(
            said["name"], values[0], said.get("type", ""), said.get("owner", ""), values[1]
        )
    if kind == "constant":
        return ConstantWish(said["literal"], said["new"])
    return RemovedParameterWish(said["name"]) if kind == "remove_parameter" else LinterWish(kind)
