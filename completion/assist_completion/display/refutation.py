"""Which names of a text have to exist, and where a text names what does not.

A model writes plausible names. A bare name must be bound in its file or exist in the workspace or the
language, and so must a member of the object itself; members of other objects belong to libraries, of which
nothing is known here. Pure functions over text; whether a name exists is asked elsewhere.
"""

import re
import tomllib
from collections.abc import Collection, Iterator
from functools import lru_cache
from importlib.resources import files

from assist_completion.display.cursor_site import CursorSite
from assist_context.syntax import fragments

_BUILT_IN = tomllib.loads((files(__package__) / "built_in_names.toml").read_text(encoding="utf-8"))
_NAME = re.compile(r"[^\W\d]\w*")
_OWNERS = ("self.", "this.", "cls.", "Self::", "self?.", "this?.")
_BEFORE_NAMES = (
    "def class as for let mut const var val fn func function struct enum type interface trait mod lambda catch "
    "ref import from use package namespace goto label break continue"
)
# Names that a text binds itself: definitions, loop variables, parameters, targets, keys and keywords.
_BINDINGS = (
    re.compile(rf"\b(?:{'|'.join(_BEFORE_NAMES.split())})\s+\(?&?(\w+)"),
    re.compile(r"\bfor\s+([\w, ()]+?)\s+(?:in|of)\b"),
    re.compile(r"\b(?:import|use|from)\b(.*)"),
    re.compile(r"\b(?:let|const|var)\s*[{\[]([^}\]]*)[}\]]"),
    re.compile(r"\|([^|\n]*)\|"),
    re.compile(r"\blambda\b([^:\n]*):"),
    re.compile(r"\(([\w\s,:<>?*&=.\[\]|]*)\)\s*(?:=>|->|\{|:)"),
    re.compile(r"\b(\w+)\s*=>"),
    re.compile(r"\b((?:\w+\s*,\s*)*\w+)\s*(?::=|(?:[-+*/%&|^]|<<|>>)?=(?![=>~]))"),
    re.compile(r"\b(\w+)\s*\??:(?!:)"),
)
_PART_OF_PATH = {"rust": re.compile(r"\s*(?:::|!)"), "go": re.compile(r"\s*\.")}


def names_to_check(site: CursorSite, text: str) -> frozenset[str]:
    r"""The names in a text that have to exist, those of the language and of the text itself left out.

    >>> from assist_context.languages import language_of
    >>> site = CursorSite("value = ", "\\n", language_of("a.py"))
    >>> sorted(names_to_check(site, "self.fetch(max(size, 1), key=lambda x: x.y)"))
    ['fetch', 'size']
    """
    return frozenset(name for name, _ in _uses(site, text))


def refuted_at(site: CursorSite, text: str, unknown: Collection[str]) -> int | None:
    """Where the first of the unknown names begins in a text, None if it has none of them."""
    return next((at for name, at in _uses(site, text) if name in unknown), None)


def _uses(site: CursorSite, text: str) -> Iterator[tuple[str, int]]:
    """The names that have to exist, and where they begin in the text; 0 if that is before it."""
    language = site.language.name
    if language not in _BUILT_IN:
        return
    if fragments.in_string_or_comment(site.language, site.before, len(site.before)):
        return
    line = site.line
    code = _without_strings(site, line + text)
    bound = {name for each in _BINDINGS for match in each.finditer(code) for name in _NAME.findall(match[1])}
    for found in _NAME.finditer(code):
        name = found[0]
        open_end = found.end() == len(code) and site.rest[:1].isalnum()
        if found.end() <= len(line) or open_end or name in bound or name in _names_of(language):
            continue
        before = code[: found.start()].rstrip(" \t")
        member = before.endswith((".", "::", "->")) and not before.endswith("...")
        if member and not before.endswith(_OWNERS):
            continue
        part = _PART_OF_PATH.get(language)
        if not member and part and part.match(code, found.end()):
            continue
        yield name, max(found.start() - len(line), 0)


def _without_strings(site: CursorSite, code: str) -> str:
    """Code with blanks in place of its strings and comments, of the same length."""
    for kind, first, last in fragments.marks(site.language, code):
        if kind in ("string", "comment"):
            code = code[:first] + re.sub(r"[^\n]", " ", code[first:last]) + code[last:]
    return code


@lru_cache
def _names_of(language: str) -> frozenset[str]:
    names = _BUILT_IN[language]
    return frozenset(_BUILT_IN[names.get("like", language)]["words"].split())
