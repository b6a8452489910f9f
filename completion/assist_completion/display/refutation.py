"""Names of a text that have to exist, and the first that does not.

A model writes plausible names. A bare name must be bound in its file or exist in the workspace or the
language, and so must a member of the object itself; of another object, its type has to have the member. A
function that the file has is not defined again, and a file that is imported exists.
Pure functions over text; whether a name exists is asked elsewhere.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from assist_completion.display.cursor_site import CursorSite, last_line
from assist_completion.display.member_accesses import find_accesses
from assist_completion.display.written_calls import find_calls
from assist_context.code.language_rules import built_in_names
from assist_context.code.trees import fragments
from assist_context.documents import MemberAccess, TextNames, WrittenCall
from assist_context.languages import DEFINERS, ECMASCRIPT, MODIFIERS

_NAME = re.compile(r"(?<![\w$#'])[^\W\d]\w*")  # no part of a number, of `$name`, `#name` and `'name`
_OWNERS = ("self.", "this.", "cls.", "Self::", "self?.", "this?.")
_BEFORE_NAMES = (
    "def class as for let mut const var val fn func function struct enum type interface trait mod lambda "
    "catch ref infer import from use package namespace goto label break continue"
)
# Names that a text binds itself: definitions, loop variables, parameters, targets, keys and keywords.
_BINDINGS = (
    re.compile(rf"\b(?:{'|'.join(_BEFORE_NAMES.split())})\s+\(?&?(\w+)"),
    re.compile(r"\bfor\s+([\w, ()]+?)\s+(?:in|of)\b"),
    re.compile(r"\b(?:import|use|from)\b(.*)"),
    re.compile(r"\b(?:let|const|var)\s*[{\[]([^}\]]*)[}\]]"),
    re.compile(r"\|([^|\n]*)\|"),
    re.compile(r"\blambda\b([^:\n]*):"),
    re.compile(r"\b(\w+)\s*=>"),
    re.compile(r"\b(\w+)\s*\??:(?!:)"),
    re.compile(r"\b(\w+)\s+extends\b"),
    re.compile(r"\[\s*(\w+)\s+in\b"),
)
_TARGETS = re.compile(r"\b((?:\w+\s*,\s*)*\w+)\s*(?::=|(?:[-+*/%&|^]|<<|>>)?=(?![=>~]))")
_ASSIGNED = re.compile(r"^[ \t]*(\w+)\s*=(?![=>])[^\n]*;[ \t]*$", re.MULTILINE)
_PARAMETERS = re.compile(r"\(([\w\s,:<>?*&=.\[\]{}|]*)\)\s*(?:=>|->|\{|:)")
_METHOD = re.compile(r"\b(\w+)\s*\([^()]*\)\s*(?::[^{};]*)?\{")
_BINDINGS_OF = {
    "python": (re.compile(r"\bdef\b(.*)"), re.compile(r"^[ \t]*case\b(.*)", re.MULTILINE)),
    **dict.fromkeys(ECMASCRIPT, (_PARAMETERS, _TARGETS, _METHOD)),
    "rust": (
        _PARAMETERS,
        _TARGETS,
        re.compile(r"\$\w+:(\w+)"),
        re.compile(r"\blet\s+[\w:]+\s*[({]([^=]*?)[)}]\s*="),
    ),
    "go": (_PARAMETERS, _TARGETS, re.compile(r"\bfunc\s*\(([^()]*)\)")),
}
# An import whose names go on in further lines: they need not exist here.
_IN_IMPORT = re.compile(
    r"""
    ^[ \t]*(?:
        from[ \t]+\S+[ \t]+import[ \t]*\([^)]*                  # Python
        | (?:import|export)\b[^;'"()]*\{[^}]*                    # ECMAScript
        | (?:pub[ ])?use[ ][^;]*\{[^;]*                          # Rust
    )\n[^\n]*\Z
    """,
    re.VERBOSE | re.MULTILINE,
)
_IMPORT_SIZE = 2_000  # characters in which such an import is looked for
_IMPORT = re.compile(
    r"""
    ^[ \t]*from[ \t]+\.[\w.]*[ \t]+import[ \t]+[\w, *]+          # Python
    | ^[ \t]*(?:import|export)\b[^'"\n]*['"]\.[^'"\n]*['"]        # ECMAScript
    """,
    re.VERBOSE | re.MULTILINE,
)
_DEFINITION = re.compile(rf"^(?:(?:{'|'.join(MODIFIERS)}) )*(?:{'|'.join(DEFINERS)}) +(\w+)", re.MULTILINE)
# A line that defines something: all its names may be new.
_HEADS = re.compile(rf"^[ \t]*(?:(?:{'|'.join(MODIFIERS)}) )*(?:{'|'.join(DEFINERS)})\b.*", re.MULTILINE)
_CHAIN = 1_000  # characters above a line that begins with a dot
_REGEX = re.compile(
    r"((?:^|[=(,:;!&|?{}\[]|\breturn)[ \t]*)/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*",
    re.MULTILINE,
)
_FLAGS = re.compile(r"(?<=/)[dgimsuvy]+\b")  # of a regular expression
_PREFIX = re.compile(r"(?<!\w)[bcfru]{1,2}\Z", re.IGNORECASE)  # of a string: `f"`, `b'`
_PART_OF_PATH = {"rust": re.compile(r"\s*(?:::|!)"), "go": re.compile(r"\s*\.")}


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text, of a kind of `TextNames`, and where it begins: 0 also if that is before the text.

    `receiver` is the expression before the dot of one of the `accesses`, and `owner` its type, once it is
    known that the type has no such member; `by_editor` if only the editor's language servers know that.
    `call` is one of the `calls`.
    """

    kind: str
    name: str
    at: int
    receiver: str = ""
    owner: str = ""
    by_editor: bool = False
    call: WrittenCall | None = None


def list_names(names: Iterable[Mention]) -> TextNames:
    """The names that have to exist, and those that must not."""
    entries = list(names)
    of_kind = partial(_names, entries)
    accesses = (
        MemberAccess(mention.receiver, mention.name) for mention in entries if mention.kind == "accesses"
    )
    calls = (mention.call for mention in entries if mention.call is not None)
    return TextNames(
        of_kind("bare"),
        of_kind("members"),
        of_kind("defined"),
        of_kind("imports"),
        frozenset(accesses),
        frozenset(calls),
    )


def _names(names: Iterable[Mention], kind: str) -> frozenset[str]:
    return frozenset(mention.name for mention in names if mention.kind == kind)


def first_refuted(names: Iterable[Mention], missing: TextNames) -> Mention | None:
    """The first of the refuted names, None if none of them is mentioned."""
    match = next((mention for mention in names if _is_among(mention, missing)), None)
    if match is not None and match.call is not None:
        return replace(match, call=next(call for call in missing.calls if call == match.call))
    if match is None or match.kind != "accesses":
        return match
    access = next(
        one for one in missing.accesses if (one.receiver, one.member) == (match.receiver, match.name)
    )
    return replace(match, owner=access.owner, by_editor=access.by_editor)


def _is_among(mention: Mention, names: TextNames) -> bool:
    if mention.call is not None:
        return mention.call in names.calls
    if mention.kind == "accesses":
        return MemberAccess(mention.receiver, mention.name) in names.accesses
    return mention.name in getattr(names, mention.kind)


def find_mentions(site: CursorSite, text: str) -> list[Mention]:
    r"""The names in a text that can be refuted, in order.

    >>> from assist_context.languages import language_of
    >>> site = CursorSite("value = ", "\\n", language_of("a.py"))
    >>> found = find_mentions(site, "self.fetch(max(size, 1), key=lambda x: x.y)")
    >>> [(mention.kind, mention.name) for mention in found if mention.call is None]
    [('members', 'fetch'), ('accesses', 'fetch'), ('bare', 'size')]
    """
    if not built_in_names(site.language.name):
        return []
    code = site.line + text
    names = [*_imports(code), *_definitions(site, code)]
    bare = "" if site.in_literal else _blank_strings(site, code)
    if not _IN_IMPORT.search(site.before[-_IMPORT_SIZE:]):
        names += (use for use in _uses(site, bare) if not _is_in_string(code, use[2], use[3]))
    start = len(site.line)
    fresh = [Mention(kind, name, max(first - start, 0)) for kind, name, first, last in names if last > start]
    fresh += (
        Mention("calls", call.callee, max(first - start, 0), call=call)
        for call, first, last in find_calls(code, bare, site.language.name)
        if last > start
    )
    return sorted([*fresh, *_accesses(site, bare, text)], key=lambda mention: mention.at)


def _accesses(site: CursorSite, code: str, text: str) -> Iterator[Mention]:
    """The members of objects; a chain of calls may begin some lines above."""
    above = ""
    if code.lstrip().startswith((".", "?.")):
        above = _blank_strings(site, site.near.before[: -len(site.line) or None][-_CHAIN:])
    whole = above + code
    start = len(whole) - len(text)
    for receiver, name, first, last in find_accesses(whole, site.language.name):
        open_end = last == len(whole) and site.rest[:1].isalnum()
        if last > start and not open_end:
            yield Mention("accesses", name, max(first - start, 0), receiver)


def _imports(code: str) -> Iterator[tuple[str, str, int, int]]:
    """Import statements with a path of the workspace."""
    for match in _IMPORT.finditer(code):
        yield "imports", match[0].strip(), match.start(), match.end()


def _definitions(site: CursorSite, code: str) -> Iterator[tuple[str, str, int, int]]:
    """Find definitions at the top level. Overloads and variants for platforms define a name several times."""
    near = (last_line(site.before[: -len(site.line) - 1].rstrip()), site.after.lstrip().partition("\n")[0])
    for match in _DEFINITION.finditer(code):
        name = match[1]
        if not any(line.startswith(("@", "#[")) or re.search(rf"\b{name}\b", line) for line in near):
            yield "defined", name, match.start(1), match.end(1)


def _uses(site: CursorSite, code: str) -> Iterator[tuple[str, str, int, int]]:
    """The names that have to exist."""
    language = site.language.name
    forms = (*_BINDINGS, *_BINDINGS_OF.get(language, ()))
    bound = {name for form in forms for match in form.finditer(code) for name in _NAME.findall(match[1])}
    keywords: set[int] = set()
    for match in _TARGETS.finditer(code) if language == "python" else ():
        if _is_in_brackets(code, match.start()) and ":=" not in match[0]:
            keywords.add(match.end(1) - len(_NAME.findall(match[1])[-1]))
        else:
            bound |= set(_NAME.findall(match[1]))
    if language == "typescript":  # an assignment makes no variable there
        bound -= set(_ASSIGNED.findall(code))
    part = _PART_OF_PATH.get(language)
    code = _HEADS.sub(lambda head: " " * len(head[0]), code)
    for word in _NAME.finditer(code):
        name = word[0]
        open_end = word.end() == len(code) and site.rest[:1].isalnum()
        if open_end or name in bound or name in built_in_names(language) or word.start() in keywords:
            continue
        if code.strip() == name and _is_next_key(site):
            continue
        before = code[: word.start()].rstrip(" \t")
        if before.endswith((".", "::", "->")) and not before.endswith("..."):
            if before.endswith(_OWNERS) and not name.startswith("__"):
                yield "members", name, word.start(), word.end()
        elif part is None or not part.match(code, word.end()):
            yield "bare", name, word.start(), word.end()


def _is_next_key(site: CursorSite) -> bool:
    """Say if the line begins after a method or an object of an object: its first name is a new key."""
    above = site.before[: -len(site.line) or None]
    return site.language.name in ECMASCRIPT and above.rstrip().endswith("},")


def _blank_strings(site: CursorSite, code: str) -> str:
    """Code with blanks in place of its strings and comments, of the same length."""
    for kind, first, last in fragments.marks(site.language, code):
        if kind in ("string", "comment"):
            prefix = _PREFIX.search(code, 0, first)
            begin = prefix.start() if prefix and code[first] in "\"'" else first
            flags = _FLAGS.match(code, last) if code[first] == "/" else None
            end = flags.end() if flags is not None else last
            code = code[:begin] + re.sub(r"[^\n]", " ", code[begin:end]) + code[end:]
    if site.language.name in ECMASCRIPT:
        code = _REGEX.sub(lambda literal: literal[1] + " " * (len(literal[0]) - len(literal[1])), code)
    return code


def _is_in_string(code: str, first: int, last: int) -> bool:
    """Say if a word is a letter before or within a string, which the blanks of a line did not reach."""
    return code[last : last + 1] in tuple("\"'") or code[first - 1 : first] in tuple("\\\"'")


def _is_in_brackets(code: str, at: int) -> bool:
    """Return whether a bracket is open at a place."""
    before = code[:at]
    return sum(before.count(opener) - before.count(closer) for opener, closer in ("()", "[]", "{}")) > 0
