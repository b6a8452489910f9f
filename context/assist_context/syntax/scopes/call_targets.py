"""Which calls mean a definition, and how surely; and which variables a call can use.

It knows the definition's text and the text of the call, which may be the same. There are no types here: an
object is judged by its name, by what it was made from, and by how rare the name of the method is.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

from assist_context.syntax.scopes.call_sites import (
    COMMON_NAMES,
    CallRules,
    CallSite,
    Signature,
    call_rules,
    calls_of,
    definitions_of,
    functions_around,
    heritage_of,
    owner_at,
)
from assist_context.syntax.scopes.imports.statements import ImportedName, import_statements
from assist_context.syntax.scopes.parsed_text import ParsedText

# How surely a call means a definition.
SURE = 1.0
LIKELY = 0.8  # the object is called like the owner, or was made from it
RARE = 0.5  # any object, but no other method has that name
LONG_NAME = 3  # letters from which on the name of an object says something

_PACKAGES = frozenset({"__init__", "index", "mod", "lib", "main"})  # files that are called like their folder


@dataclass(frozen=True, slots=True)
class CallTarget:
    """A definition in its text, whose calls are looked for in `text`, its own or another one."""

    signature: Signature
    home: ParsedText
    text: ParsedText
    imported: tuple[ImportedName, ...] = field(default=())

    @property
    def is_home(self) -> bool:
        return self.home is self.text


def find_calls(signature: Signature, home: ParsedText, text: ParsedText) -> Iterator[tuple[CallSite, float]]:
    """The calls in a text that mean a definition, each with how surely, in no order."""
    rules = call_rules(text.document.language)
    if rules is None or text.document.language.name not in _relatives(home.document.language.name):
        return
    if is_overloaded(signature, home):
        return
    imported = () if home is text else tuple(_imported_from(signature, home, text))
    target = CallTarget(signature, home, text, imported)
    if signature.constructor:
        yield from _constructor_calls(target)
    elif signature.is_method:
        yield from _method_calls(target, rules)
    else:
        yield from _function_calls(target)


def is_overloaded(signature: Signature, home: ParsedText) -> bool:
    """Whether there is another definition of the name at the same place: then nothing is certain."""
    return any(
        each.span != signature.span and (each.owner, each.scope) == (signature.owner, signature.scope)
        for each in definitions_of(home, signature.name)
    )


def overrides_of(signature: Signature, home: ParsedText) -> list[Signature]:
    """The methods of the same name in classes that extend the owner, or that implement the same."""
    if not signature.is_method or signature.constructor:
        return []
    own = heritage_of(home, signature)
    defined = definitions_of(home, signature.name)
    go = home.document.language.name == "go" and any(_is_in_interface(home, each) for each in defined)
    found = []
    for each in defined:
        if not each.is_method or each.owner == signature.owner:
            continue
        others = heritage_of(home, each)
        shared = own & others if home.document.language.name == "rust" else frozenset[str]()
        if go or signature.owner in others or each.owner in own or shared:
            found.append(each)
    return found


def _is_in_interface(home: ParsedText, signature: Signature) -> bool:
    """Whether a definition in Go is a method of an interface."""
    return not home.source.text(*signature.span).startswith("func")


def variable_finder(text: ParsedText, name: str) -> Callable[[int], bool]:
    """Says for a byte whether a variable of a name is known to be set there.

    It is a parameter, assigned above in the function, or at the top level of the text.
    """
    whole = text.source.text(0, len(text.source.data))
    top = _top_assignment(name).search(whole)
    from_byte = len(whole[: top.start()].encode("utf-8", "replace")) if top else None
    words = [start for start, _ in text.words(name)]

    def is_variable(at: int) -> bool:
        line = text.source.starts[text.source.line(at) - 1]  # what a line assigns, its call cannot use
        if from_byte is not None and from_byte < line:
            return True
        around = functions_around(text, at)
        start = around[-1].span[0] if around else line
        if bisect_left(words, start) == bisect_left(words, at):
            return False
        if any(each.name == name for some in around for each in some.parameters):
            return True
        return start < line and _assignment(name).search(text.source.text(start, line)) is not None

    return is_variable


@lru_cache(maxsize=64)
def _assignment(name: str) -> re.Pattern[str]:
    word = re.escape(name)
    return re.compile(
        rf"""(?:^|[;{{(\s])(?:let|const|var|val|final|auto)\s+(?:mut\s+)?{word}\b  # declared
        | ^\s*{word}\s*(?::[^=\n()]+)?(?:=(?![=>])|:=)  # assigned at the start of a line
        | ^\s*(?:\w+,\s*)+{word}\s*(?:,\s*\w+\s*)*(?:=(?![=>])|:=)  # among several
        | ^\s*{word}\s*(?:,\s*\w+\s*)+(?:=(?![=>])|:=)
        | \bfor\s+(?:\w+,\s*)*{word}\b(?:,\s*\w+)*\s+(?:in|of|:=)\b  # the variable of a loop
        | \bas\s+{word}\s*[,:)]  # `with`
        """,
        re.VERBOSE | re.MULTILINE,
    )


def _top_assignment(name: str) -> re.Pattern[str]:
    """At the top level, where a line begins without white space."""
    return re.compile(
        rf"^(?:export\s+)?(?:(?:const|let|var|static)\s+)?{re.escape(name)}\s*(?::[^=\n]+)?=(?!=)",
        re.MULTILINE,
    )


def _relatives(language: str) -> frozenset[str]:
    """The languages from which code in a language is called."""
    ecma = frozenset({"javascript", "typescript", "tsx"})
    return ecma if language in ecma else frozenset({language})


# --- functions ---


def _function_calls(target: CallTarget) -> Iterator[tuple[CallSite, float]]:
    """Calls of a function by its name, by the name it is imported as, or as a member of its module."""
    signature = target.signature
    names = {signature.name}
    functions = [each for each in definitions_of(target.text, signature.name) if not each.is_method]
    if not target.is_home:
        names = set(_names_of_function(target))
        if functions:
            return
    scopes = [each.scope for each in functions if each.span != signature.span and each.scope]
    for name in names:
        if not (target.is_home or _is_bare_name(target, name)):
            continue
        calls = list(calls_of(target.text, name))
        called = {call.name_span[0] for call in calls} | {signature.name_span[0] * target.is_home}
        others = [start for start, _ in target.text.words(name) if start not in called]
        for call in calls:
            if call.receiver or (target.is_home and signature.scope and not _within(call, signature.scope)):
                continue
            if not any(_within(call, each) for each in scopes) and not _is_hidden(target, call, others):
                yield call, SURE
    if not target.is_home:
        yield from _module_calls(target)


def _within(call: CallSite, scope: tuple[int, int]) -> bool:
    return scope[0] <= call.span[0] and call.span[1] <= scope[1]


def _is_hidden(target: CallTarget, call: CallSite, places: Sequence[int]) -> bool:
    """Whether a variable of the same name is nearer to a call; it is at one of some places of the name."""
    if not places or places[0] > call.span[0]:
        return False
    around = functions_around(target.text, call.span[0])
    own = target.signature.span if target.is_home else None
    for each in around:
        if bisect_left(places, each.span[0]) == bisect_left(places, call.span[0]):
            continue  # the name is not between the start of the function and the call
        if any(parameter.name == call.name for parameter in each.parameters):
            return True
        inside = target.text.source.text(each.span[0], call.span[0])
        if each.span != own and _assignment(call.name).search(inside):
            return target.signature.scope != each.span
    return False


def _names_of_function(target: CallTarget) -> Iterator[str]:
    for each in target.imported:
        if each.form in ("name", "default") and each.original in (target.signature.name, "default"):
            yield each.name
    if _same_package(target):
        yield target.signature.name


def _is_bare_name(target: CallTarget, name: str) -> bool:
    return _same_package(target) or any(each.name == name for each in target.imported)


def _same_package(target: CallTarget) -> bool:
    """Whether the texts see each other's names without an import."""
    language = target.home.document.language.name
    return language == "go" and _folder(target.home) == _folder(target.text)


def _folder(parsed: ParsedText) -> str:
    return str(PurePosixPath(parsed.document.path).parent)


def _module_calls(target: CallTarget) -> Iterator[tuple[CallSite, float]]:
    modules = {each.name for each in target.imported if each.form in ("module", "namespace", "name")}
    for call in calls_of(target.text, target.signature.name):
        parts = re.findall(r"\w+", call.receiver)
        if parts and parts[-1] in modules and re.fullmatch(r"[\w.:]+", call.receiver):
            yield call, SURE


def _imported_from(signature: Signature, home: ParsedText, text: ParsedText) -> Iterator[ImportedName]:
    """What a text imports from the file of a definition: the name or its owner, or the module."""
    path = PurePosixPath(home.document.path)
    stem = path.parent.name if path.stem in _PACKAGES or path.suffix == ".go" else path.stem
    wanted = {signature.owner or signature.name, "default", "*"}
    folders = (path.parent.name, path.parent.parent.name)
    for statement in import_statements(text):
        for each in statement.names:
            module = re.findall(r"[\w-]+", re.sub(r"\.(?:m?[jt]sx?|c[jt]s)$", "", each.module)) or [""]
            last = module[-1]
            named = each.original in wanted and (last == stem or last in folders)
            whole = each.form in ("module", "namespace")
            part = each.original.rpartition(".")[2] if whole else each.original
            # The last one is Python's `from package import module`.
            if named or (whole and stem in (last, part)) or (each.form == "name" and part == stem):
                yield each


# --- methods ---


def _method_calls(target: CallTarget, rules: CallRules) -> Iterator[tuple[CallSite, float]]:
    signature = target.signature
    defined = definitions_of(target.text, signature.name)
    if not target.is_home:
        defined += definitions_of(target.home, signature.name)
    alone = len({each.owner for each in defined}) <= 1
    overriding = {each.owner for each in defined if each.owner != signature.owner}
    for call in calls_of(target.text, signature.name):
        certainty = _method_certainty(target, rules, call, overriding)
        rare = alone and not signature.bare and signature.name not in COMMON_NAMES
        if certainty is None and rare and _may_be_used(target) and _is_object(target, rules, call):
            certainty = RARE
        if certainty is not None:
            yield call, certainty


def _may_be_used(target: CallTarget) -> bool:
    return target.is_home or bool(target.imported) or _same_package(target)


def _is_object(target: CallTarget, rules: CallRules, call: CallSite) -> bool:
    """Whether what is before the name may be an object of the owner, from how it is written and its type."""
    receiver = call.receiver
    if not receiver or receiver in rules.receivers or receiver[0].isupper():
        return False
    around = functions_around(target.text, call.span[0])
    types = [each.type for some in around for each in some.parameters if each.name == receiver and each.type]
    return not types or target.signature.owner in types[0]


def _method_certainty(
    target: CallTarget, rules: CallRules, call: CallSite, overriding: set[str]
) -> float | None:
    signature = target.signature
    last = (re.findall(r"\w+", call.receiver) or [""])[-1]
    language = target.home.document.language.name
    if call.receiver in rules.receivers or (language == "java" and not call.receiver):
        return SURE if _is_own(target, call, overriding) else None
    if language == "go" and _go_receiver(target.text, call) == (signature.owner, call.receiver):
        return SURE
    if last == signature.owner and re.fullmatch(r"[\w.:]+", call.receiver):
        return SURE if signature.bare else None
    resembles = call.receiver and not signature.bare and _resembles(target, last, signature.owner)
    return LIKELY if resembles else None


def _is_own(target: CallTarget, call: CallSite, overriding: set[str]) -> bool:
    """Whether an object calls the method on itself, or the one above it."""
    owner, heritage = owner_at(target.text, call.span[0])
    above = call.receiver in ("super()", "super")
    if owner == target.signature.owner:
        return not above
    return target.signature.owner in heritage and (above or owner not in overriding)


def _go_receiver(parsed: ParsedText, call: CallSite) -> tuple[str, str]:
    """The type of the method around a call, and what it calls its object."""
    around = functions_around(parsed, call.span[0])
    head = parsed.source.text(around[-1].span[0], call.span[0]) if around else ""
    found = re.match(r"func\s*\(\s*(\w+)\s+\*?\s*(\w+)", head)
    return (found[2], found[1]) if found else ("", "")


def _resembles(target: CallTarget, name: str, owner: str) -> bool:
    """Whether an object is called like its class, or was made from it in this text."""
    short = name.replace("_", "").lower()
    if len(short) >= LONG_NAME and owner.lower().endswith(short):
        return True
    if not name.isidentifier():
        return False
    made = (
        rf"\b{name}\s*(?::\s*[&*]?\s*(?:mut\s+)?|(?::=|=)\s*(?:await\s+|new\s+|&)*)(?:[\w.]+[.:])?{owner}\b"
        rf"|\b{owner}\s+\*?{name}\b|\b{name}\s+[*&]?(?:\w+\.)?{owner}\b"
    )
    return re.search(made, target.text.source.text(0, len(target.text.source.data))) is not None


# --- constructors ---


def _constructor_calls(target: CallTarget) -> Iterator[tuple[CallSite, float]]:
    """Calls of the class, in its own methods those of `cls`, and those of the class that extends it."""
    signature = target.signature
    names = {signature.owner}
    if not target.is_home:
        names = {each.name for each in target.imported if each.original in (signature.owner, "default")}
        names |= {signature.owner} if _same_java_package(target) else set()
    for name in names:
        for call in calls_of(target.text, name):
            made = target.text.source.text(call.span[0], call.span[0] + 4) == "new "
            if not call.receiver and made == (target.text.document.language.name != "python"):
                yield call, SURE
    for name in ("cls", "this", "super", signature.name):
        for call in calls_of(target.text, name):
            owner, heritage = owner_at(target.text, call.span[0])
            own = name in ("cls", "this") and owner == signature.owner and not call.receiver
            bare = name == "super" and target.text.document.language.name != "python"
            above = name not in ("cls", "this") and (call.receiver == "super()" or bare)
            if own or (above and signature.owner in heritage and len(heritage) == 1):
                yield call, SURE


def _same_java_package(target: CallTarget) -> bool:
    return target.home.document.language.name == "java" and _folder(target.home) == _folder(target.text)
