"""The family of a definition's name: methods of related classes, and decorators that may use it.

A rename of one of them alone, or another signature, would change what the code does.
"""

import re

import tree_sitter

from assist_context.code.calls import find_owner
from assist_context.code.names.occurrences import Occurrence
from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_refactorings.code_texts import CodeTexts

# Classes that give no methods to those that extend them, or none that code defines again by accident.
_PLAIN_BASES = frozenset(
    [
        "object",
        "ABC",
        "Protocol",
        "Generic",
        "Enum",
        "IntEnum",
        "StrEnum",
        "Flag",
        "NamedTuple",
        "TypedDict",
        "Exception",
        "BaseException",
        "ValueError",
        "RuntimeError",
        "TypeError",
        "KeyError",
        "LookupError",
        "AttributeError",
        "Error",
        "typing",
        "abc",
        "enum",
        "t",
        "te",
        "typing_extensions",
        "metaclass",
        "ABCMeta",
    ]
)
# Decorators that use neither the name nor the parameters of what they decorate.
_PLAIN_DECORATORS = frozenset(
    [
        "staticmethod",
        "classmethod",
        "property",
        "cached_property",
        "overload",
        "abstractmethod",
        "override",
        "final",
        "setter",
        "getter",
        "deleter",
        "contextmanager",
        "asynccontextmanager",
        "lru_cache",
        "cache",
        "dataclass",
        "wraps",
        "total_ordering",
        "runtime_checkable",
        "deprecated",
    ]
)
_SPECIAL = frozenset({"constructor", "setUp", "tearDown", "toString", "toJSON"})
MAX_NAMESAKES = 200


def has_family(texts: CodeTexts, path: str, name: str, byte: int) -> bool:
    """Say whether a method may be another class's too: a class that its own extends, or that extends it.

    `byte` is within the method. A base class that no file here defines may have any method.
    """
    owner, bases = find_owner(texts.parse(path), byte)
    corpus = texts.corpus
    own = {base for base in bases if base not in _PLAIN_BASES and not _is_type_word(base)}
    if any(not corpus.definitions(base, 1) for base in own):
        return True
    found = corpus.definitions(name, MAX_NAMESAKES)
    if len(found) >= MAX_NAMESAKES:
        return True
    for site in found:
        other = site.parent.rpartition(".")[2]
        if not other or (site.path == path and other == owner):
            continue
        parsed = texts.parse(site.path)
        lines = parsed.source.starts
        inside = lines[min(site.start_line - 1, len(lines) - 1)]
        end = parsed.source.data.find(name.encode(), inside)
        others = find_owner(parsed, max(inside, end))[1]
        if other in _all_bases(texts, own) or owner in _all_bases(texts, others) or own & others:
            return True
    return False


def _is_type_word(name: str) -> bool:
    """Say whether a name in a list of bases is a type variable."""
    return len(name) <= 2 or name.endswith("_T") or name in ("str", "int", "Any", "None")


def _all_bases(texts: CodeTexts, names: "set[str] | frozenset[str]") -> set[str]:
    """The classes that some classes extend, and those above them, by their names."""
    found: set[str] = set()
    waiting = [name for name in names if name not in _PLAIN_BASES]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for site in texts.corpus.definitions(name, 4):
            parsed = texts.parse(site.path)
            starts = parsed.source.starts
            if site.end_line - site.start_line >= 1 and site.start_line < len(starts):
                waiting += find_owner(parsed, _body_byte(parsed, site.start_line, site.end_line))[1]
    return found


def _body_byte(parsed: ParsedText, first: int, last: int) -> int:
    """A byte in the last line of a definition, after its indentation."""
    starts = parsed.source.starts
    at = starts[min(last, len(starts)) - 1]
    line = parsed.document.lines[min(last, len(parsed.document.lines)) - 1]
    return at + len(line) - len(line.lstrip()) if last > first else at


def using_decorators(parsed: ParsedText, place: Occurrence) -> list[str]:
    """The decorators of the definition at a place that may use its name or its parameters, as written."""
    node: tree_sitter.Node | None = parsed.node(parsed.byte(place.start), parsed.byte(place.end))
    while node is not None and not re.search(r"function|method|class", node.type):
        node = node.parent
    around = node.parent if node is not None else None
    if node is None or around is None:
        return []
    held = around if around.type == "decorated_definition" else node
    written = [node_text(child) for child in held.children if child.type == "decorator"]
    return [text for text in written if not _PLAIN_DECORATORS & set(re.findall(r"\w+", text))]


def is_special(name: str) -> bool:
    """Say whether a language or a tool gives a name its meaning.

    >>> is_special("__init__"), is_special("test_total"), is_special("main"), is_special("total")
    (True, True, False, False)
    """
    return name in _SPECIAL or name.startswith(("test_", "pytest_")) or name[:2] == name[-2:] == "__"
