"""The check whether calls, as they are written, fit the signatures of what they call.

Only what is certain is refuted: too many or too few arguments, a name that no parameter has, an argument by
place where a parameter takes only its name, and a function itself compared with nothing or a number.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from assist_context.code.calls import Parameter, Signature, find_definitions
from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.documents import Document, WrittenCall, split_lines
from assist_context.languages import Language
from assist_types.types.declarations import TypedText, around
from assist_types.types.lookup import TypeLookup
from assist_types.types.object_types import ObjectType
from assist_types.types.python_names import decorators

_CLASS = frozenset({"class_definition"})
_OWN = ("self", "cls")
_HEAD_NAME = re.compile(r"([\w$]+)\s*(?:<[^(]*>|\[[^(]*\])?\s*\(")  # with its type parameters


def misfits(
    lookup: TypeLookup, text: TypedText, at: int, calls: Iterable[WrittenCall]
) -> frozenset[WrittenCall]:
    """The calls at a byte that fit none of the signatures of what they call, each with one of these."""
    if text.parsed.document.language.name == "javascript":  # there a call may have any number of arguments
        return frozenset()
    found = ((call, _misfit(lookup, text, at, call)) for call in calls)
    return frozenset(replace(call, signature=head) for call, head in found if head)


def fits(parameters: Sequence[Parameter], call: WrittenCall) -> bool:
    """Say whether a call may be meant for a function with these parameters; receivers are not among them."""
    open_ended = any(parameter.kind == "variadic" for parameter in parameters)
    by_place = [parameter for parameter in parameters if parameter.kind in ("plain", "positional")]
    by_name = {parameter.name for parameter in parameters if parameter.kind in ("plain", "keyword")}
    if not open_ended and (call.places > len(by_place) or not set(call.names) <= by_name):
        return False
    given = {*(parameter.name for parameter in by_place[: call.places]), *call.names}
    needed = {
        parameter.name
        for parameter in parameters
        if not parameter.optional and parameter.kind not in ("variadic", "receiver")
    }
    return call.spread or needed <= given


def _misfit(lookup: TypeLookup, text: TypedText, at: int, call: WrittenCall) -> str:
    """The head that a call does not fit, "" if it may be right."""
    found = [*_signatures(lookup, text, at, call.callee)]
    if any(one is None for one in found) or (call.compared and text.family != "python"):
        return ""
    known = [one for one in found if one is not None]
    if not call.compared and any(fits(signature.passed, call) for _, signature in known):
        return ""
    return next((f"{signature.name}{head}" for head, signature in known), "")


def _signatures(
    lookup: TypeLookup, text: TypedText, at: int, callee: str
) -> Iterator[tuple[str, Signature] | None]:
    """The parameters as written and the signature of all that a callee may be; None for what is not known."""
    language = text.parsed.document.language
    for kind in lookup.types_of(text, callee, at):
        if kind.kind == "class" and text.family == "python":
            makers = lookup.types_of(text, f"{callee}.__init__", at)
            yield from (_of_workspace(lookup, maker, kind) for maker in makers)
            yield from () if makers else (None,)
        elif kind.kind == "function":
            yield _of_workspace(lookup, kind)
        elif kind.kind == "outside class":
            heads = lookup.heads(kind)
            yield from (_of_head(head, language) for head in heads)
            yield from () if heads else (None,)
        else:
            yield None


def _of_workspace(
    lookup: TypeLookup, kind: ObjectType, owner: ObjectType | None = None
) -> tuple[str, Signature] | None:
    """The signature of a function; None if something may change it. Of an `owner`, only if it defines it."""
    text = lookup.texts.text(kind.path)
    node = text.node(kind.at) if text is not None and kind.kind == "function" else None
    while node is not None and node.child_by_field_name("parameters") is None:
        node = node.parent
    name = node.child_by_field_name("name") if node is not None else None
    if text is None or node is None or name is None or node.has_error:
        return None
    above = node.parent
    on_class = bool(kind.inside) and kind.inside[0].kind == "class" and owner is None
    if on_class or (above is not None and above.type == "decorated_definition"):
        return None
    if owner is not None and (kind.path != owner.path or not _is_plain(text, owner.at, node.start_byte)):
        return None
    found = find_definitions(text.parsed, node_text(name))
    signature = next((one for one in found if one.span == node.byte_range), None)
    return (node_text(node.child_by_field_name("parameters")), signature) if signature is not None else None


def _is_plain(text: TypedText, at: int, maker: int) -> bool:
    """Say whether the class at a byte makes its objects by its own `__init__` alone."""
    node = around(text.node(at), _CLASS)
    if node is None or not node.start_byte <= maker < node.end_byte:
        return False
    above = node.parent
    decorated = above is not None and above.type == "decorated_definition" and any(decorators(above))
    written = node_text(node)
    return not decorated and "metaclass" not in written.partition("\n")[0] and "__new__" not in written


def _of_head(head: str, language: Language) -> tuple[str, Signature] | None:
    """The signature of a head of a library."""
    name = _HEAD_NAME.search(head)
    ending = ":\n    ...\n" if language.name == "python" else " {}\n"
    written = ParsedText(Document("", split_lines(head.rstrip(":") + ending), language))
    found = find_definitions(written, name[1]) if name is not None else []
    if not found or written.root is None or written.root.has_error:
        return None
    signature = found[0]
    listing = written.source.text(*signature.listing)
    if signature.parameters and signature.parameters[0].name in _OWN:
        return listing, replace(signature, parameters=signature.parameters[1:])
    return listing, signature
