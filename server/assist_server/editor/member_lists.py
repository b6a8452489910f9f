"""A dot before a cursor, what an editor lists after it, and which members that refutes.

Language servers answer people who type; what a list leaves out is not always missing. Measured with pyright
1.1.407, ty 0.0.108, typescript-language-server 5.1.3, gopls and rust-analyzer. Pure functions over values.
"""

import re
from dataclasses import dataclass

from assist_context.documents import Context, MemberAccess
from assist_context.languages import ECMASCRIPT
from assist_server.workspace.documents import OpenDocument

# Kinds of items, as the protocol numbers them.
_NO_TYPE = frozenset({1, 14})  # texts and keywords
_NO_MEMBERS = _NO_TYPE | {15, 16, 17, 19}  # and snippets, colours, files, folders
# Their servers (pyright, ty, gopls, rust-analyzer) call each list incomplete, since they filter it by what is
# typed. Right after a dot nothing is typed, and the lists are whole.
_FILTERING = ("python", "go", "rust")
# TypeScript does not list what every object has.
_OBJECT = frozenset(
    {
        *("constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable"),
        *("toLocaleString", "toString", "valueOf"),
    }
)
_PROPERTIES = frozenset({5, 10})
_DOT = re.compile(
    r"""
    (?: ^\s*              # the receiver is on the line above
      | [\w)\]}"'`?!]     # or ends here
    ) \. (\w*)$
    """,
    re.VERBOSE,
)
LONGEST = 1_000  # characters of an expression before a dot
_STRING = re.compile(r"""\"[^"\n]*"|'[^'\n]*'|`[^`\n]*`""")
_LINK = re.compile(r" ?(\?\.|\.|->) ?")
# What is said of an import that is not found: a class with such a base is listed as if it had none.
_UNRESOLVED = re.compile(
    r"""
    could\ not\ be\ resolved (?!\ from)           # pyright; a stub without its source is one of types
    | cannot\ resolve\ import                      # ty
    | cannot\ find\ (?:module|implementation)      # TypeScript, mypy
    | could\ not\ (?:import|find\ a\ declaration)  # gopls, TypeScript
    | unresolved\ import                           # rust-analyzer
    | change\ your\ target\ library                # TypeScript, that knows JavaScript as it was in 2009
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class MemberList:
    """A list of members after a dot: names and kinds of items, and reports on the document.

    `incomplete`: a server says so; `missing`: something is left out for certain.
    """

    names: frozenset[str]
    kinds: frozenset[int]
    incomplete: bool = False
    missing: bool = False
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessPlace:
    """The dot before a cursor: the texts `before` it and `after` the cursor. While a member is typed, one."""

    uri: str
    language: str
    before: str
    after: str

    def follows(self, receiver: str) -> bool:
        """Return whether an expression, with blanks in place of its strings, is what is before the dot."""
        head = _LINK.sub(r"\1", " ".join(_STRING.sub(" ", self.before[-LONGEST:]).split()))
        head = head.removesuffix("?")
        if not receiver or not head.endswith(receiver):
            return False
        rest = head[: len(head) - len(receiver)]
        return not (receiver[0].isalnum() and (rest[-1:].isalnum() or rest.endswith(("_", ".", "$"))))

    def writes(self, access: MemberAccess) -> bool:
        """Return whether the file itself has the same access elsewhere: what is said there exists."""
        pattern = re.compile(rf"(?<![\w.]){re.escape(access.receiver)}\??\.{re.escape(access.member)}\b")
        return bool(pattern.search(self.before) or pattern.search(self.after))


def find_place(document: OpenDocument, context: Context) -> tuple[AccessPlace, int] | None:
    r"""The dot before the cursor of a context, and how much of a member is typed after it; None without one.

    >>> from assist_context.languages import language_of
    >>> document = OpenDocument("file:///a.py", "a.py", "", 1, [])
    >>> find_place(document, Context("a.py", language_of("a.py"), "x = 1\ny = cart.am", "\n"))[0].before
    'x = 1\ny = cart'
    """
    match = _DOT.search(context.before[context.before.rfind("\n") + 1 :])
    if match is None:
        return None
    size = len(match[1])
    before = context.before[: len(context.before) - size - 1]
    return AccessPlace(document.uri, context.language.name, before, context.after), size


def refutes(place: AccessPlace, members: MemberList, access: MemberAccess) -> bool:
    """Return whether a member certainly does not exist at a place."""
    if access.member in members.names or not _is_whole(place.language, members):
        return False
    if place.language == "python" and access.member.startswith("__"):
        return False
    if place.language in ECMASCRIPT:
        # A list does not tell whether a record has any other key too, as `process.env` has.
        key = access.member.isupper() and members.kinds <= _PROPERTIES
        if key or access.member in _OBJECT:
            return False
    return not place.writes(access)


def _is_whole(language: str, members: MemberList) -> bool:
    """Return whether a list says that there is nothing else."""
    if members.missing or (members.incomplete and language not in _FILTERING):
        return False
    # Words are among the members of JavaScript objects; keywords are in a list of all that is in scope, which
    # pyright gives where it reads the line in another way.
    if members.kinds & _NO_TYPE or members.kinds <= _NO_MEMBERS:
        return False
    if any(_UNRESOLVED.search(problem) for problem in members.problems):
        return False
    if language != "python":
        return True
    # Everything has the names with underscores; what is unknown has no others.
    return "__getattr__" not in members.names and not all(name.startswith("__") for name in members.names)
