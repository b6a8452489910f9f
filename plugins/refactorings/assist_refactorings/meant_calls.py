"""The calls that mean a definition: what their names are bound to says so.

Calls of an object's own methods, and of constructors, are told by the class around them.
"""

import re
from collections.abc import Iterator

from assist_context.code.calls import (
    CallSite,
    Signature,
    call_rules,
    find_call_sites,
    find_definitions,
    find_owner,
)
from assist_context.code.names.bindings import Binding
from assist_context.code.names.occurrences import NameReader, Occurrence
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.next_edit.renames.other_texts import OtherText, are_related

_PATH = re.compile(r"[\w.:]+")
_ABOVE = ("super()", "super")


def find_calls(signature: Signature, home: NameReader, text: NameReader) -> Iterator[tuple[CallSite, bool]]:
    """The calls in a text that mean a definition of `home`, each with whether that is sure, in no order."""
    is_home = text is home
    if is_overloaded(signature, home.parsed) or not (is_home or _may_call(signature, home, text)):
        return
    name = signature.owner if signature.constructor else signature.name
    binding = _find_binding(signature, home, name)
    if binding is None:
        return
    for called, places in _meant_places(name, binding, home, text):
        sure = {text.parsed.byte(place.start): place.sure for place in places}
        for call in find_call_sites(text.parsed, called):
            if call.name_span[0] in sure and _may_mean(signature, text.parsed, call):
                yield call, sure[call.name_span[0]]
    if signature.constructor:
        yield from ((call, True) for call in _calls_of_own_constructor(signature, text.parsed))
    elif signature.is_method:
        yield from ((call, True) for call in _calls_on_itself(signature, text.parsed, is_home))


def _may_call(signature: Signature, home: NameReader, text: NameReader) -> bool:
    """Say whether another text may call a definition: of a function it has none of the same name itself."""
    defined = find_definitions(text.parsed, signature.name)
    own = not signature.is_method and any(not other.is_method for other in defined)
    return are_related(home.parsed.document, text.parsed.document) and not own


def is_overloaded(signature: Signature, home: ParsedText) -> bool:
    """Say whether there is another definition of the name at the same place: then nothing is certain."""
    return any(
        other.span != signature.span and (other.owner, other.scope) == (signature.owner, signature.scope)
        for other in find_definitions(home, signature.name)
    )


def _find_binding(signature: Signature, home: NameReader, name: str) -> Binding | None:
    """Return the binding of a definition's name; a constructor's name is that of its class."""
    places = [place for place in home.occurrences(name) if place.defines and place.binding is not None]
    if not signature.constructor:
        start = home.parsed.cursor(signature.name_span[0])
        places = [place for place in places if place.start == start]
    return places[0].binding if places else None


def _meant_places(
    name: str, binding: Binding, home: NameReader, text: NameReader
) -> Iterator[tuple[str, list[Occurrence]]]:
    """The places of a text that mean a definition, by what it is called there."""
    if text is home:
        guesses = home.rules.guesses
        own = [place for place in home.occurrences(name) if place.binding == binding]
        yield name, [place for place in own if place.sure or guesses]
        return
    other = OtherText(text, home.parsed.document)
    yield name, other.places(name, binding)
    if binding.level != "member":
        yield from other.places_by_alias(name)


def _may_mean(signature: Signature, text: ParsedText, call: CallSite) -> bool:
    """Say whether a call, whose name means the definition, passes what its parameters say."""
    rules = call_rules(text.document.language)
    if rules is None:
        return False
    if signature.constructor:
        made = text.source.text(call.span[0], call.span[0] + 4) == "new "
        return not call.receiver and made == (text.document.language.name != "python")
    if not signature.is_method:
        return True
    if call.receiver in rules.receivers:
        return False  # `_calls_on_itself` says which
    last = (re.findall(r"\w+", call.receiver) or [""])[-1]
    return last != signature.owner or _PATH.fullmatch(call.receiver) is None or signature.bare


def _calls_on_itself(signature: Signature, text: ParsedText, is_home: bool) -> Iterator[CallSite]:
    """Calls of a method on `self` in its class, and in those that extend it and have no own one.

    Its text may call it by the name of an owner that another file defines, as in an `impl` of Rust.
    """
    rules = call_rules(text.document.language)
    overriding = {other.owner for other in find_definitions(text, signature.name)} - {signature.owner}
    java = text.document.language.name == "java"
    for call in find_call_sites(text, signature.name):
        if is_home and signature.bare and call.receiver == signature.owner:
            yield call
        if rules is None or not (call.receiver in rules.receivers or (java and not call.receiver)):
            continue
        owner, heritage = find_owner(text, call.span[0])
        above = call.receiver in _ABOVE
        inherits = signature.owner in heritage and (above or owner not in overriding)
        if inherits if owner != signature.owner else not above:
            yield call


def _calls_of_own_constructor(signature: Signature, text: ParsedText) -> Iterator[CallSite]:
    """Calls of a constructor by the methods of a class and of the only class that it extends."""
    python = text.document.language.name == "python"
    for name in ("cls", "this", "super", signature.name):
        for call in find_call_sites(text, name):
            owner, heritage = find_owner(text, call.span[0])
            itself = name in ("cls", "this")
            own = itself and owner == signature.owner and not call.receiver
            above = not itself and (call.receiver == "super()" or (name == "super" and not python))
            if own or (above and signature.owner in heritage and len(heritage) == 1):
                yield call
