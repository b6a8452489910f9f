"""The calls of a function: those in its own file and in others, each with whether it surely is one."""

from collections.abc import Iterator
from dataclasses import replace

from assist_context.code.calls import CallSite, Signature, find_call_sites, find_definitions
from assist_context.code.names.occurrences import NameReader, Occurrence
from assist_context.code.trees.grammars import ByteSpan
from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_refactorings.code_texts import CodeTexts
from assist_refactorings.families import has_family
from assist_refactorings.meant_calls import find_calls, is_overloaded

_FoundCall = tuple[NameReader, CallSite, bool]


def signature_around(parsed: ParsedText, byte: int) -> Signature | None:
    """The function whose parameters or name are at a byte; `None` for one without a name."""
    node = parsed.node(byte, byte + 1)
    while node is not None:
        name = node.child_by_field_name("name")
        if name is not None and ("function" in node.type or "method" in node.type):
            found = [
                made for made in find_definitions(parsed, node_text(name)) if made.span == node.byte_range
            ]
            return found[0] if found else None
        node = node.parent
    return None


def is_shared(texts: CodeTexts, path: str, signature: Signature) -> bool:
    """Say whether a function may be other classes' method too."""
    method = signature.is_method and not signature.constructor
    return method and has_family(texts, path, signature.name, signature.name_span[0])


def calls_to(texts: CodeTexts, path: str, signature: Signature) -> list[_FoundCall] | None:
    """The calls of a function in all files; `None` if some could not be found.

    A call by the name alone, of an object that is not known, is not sure.
    """
    home = texts.reader(path)
    name = signature.owner if signature.constructor else signature.name
    others = texts.relatives(path, name)
    if others is None or is_overloaded(signature, home.parsed):
        return None
    found: dict[tuple[str, int], _FoundCall] = {}
    ways = texts.ways(path)
    for reader in (home, *others):
        other = reader.parsed.document.path
        for call, sure in _meant(
            signature, home, reader, ways.packages(other, name) if other != path else []
        ):
            found[other, call.span[0]] = (reader, call, sure)
        for call in find_call_sites(reader.parsed, signature.name) if signature.is_method else ():
            if call.receiver:
                found.setdefault((other, call.span[0]), (reader, call, False))
    return list(found.values())


def _meant(
    signature: Signature, home: NameReader, text: NameReader, packages: list[str]
) -> Iterator[tuple[CallSite, bool]]:
    yield from find_calls(signature, home, text)
    for package in packages:
        document = replace(home.parsed.document, path=package)
        yield from find_calls(signature, NameReader(ParsedText(document)), text)


def keyword_uses(
    texts: CodeTexts, path: str, name: str, place: Occurrence
) -> list[tuple[str, ByteSpan, bool]] | None:
    """Find calls that pass a parameter by its name: the file, the keyword's bytes, and whether it is sure.

    `None` if the calls are not known, or if the function is also another class's method.
    """
    parsed = texts.parse(path)
    signature = signature_around(parsed, parsed.byte(place.start))
    if signature is None:
        return []  # a lambda, or an arrow function: no call names its parameters
    if parsed.document.language.name != "python":
        return []
    if is_shared(texts, path, signature):
        return None
    found = calls_to(texts, path, signature)
    if found is None:
        return None
    return [
        (reader.parsed.document.path, argument.span, sure)
        for reader, call, sure in found
        for argument in call.arguments
        if argument.keyword == name and (sure or not signature.constructor)
    ]
