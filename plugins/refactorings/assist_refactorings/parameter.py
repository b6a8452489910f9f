"""One parameter more, with a default or with what calls pass, or one less that its function does not use.

Python, JavaScript and TypeScript. It gives up where related classes or decorators expect the signature.
"""

import builtins
import re
from collections.abc import Iterator
from dataclasses import replace

import tree_sitter

from assist_context.code.calls import CallSite, Parameter, Signature, find_definitions
from assist_context.code.names.occurrences import NameReader, Occurrence
from assist_context.code.trees.parsed_text import ByteEdit, ParsedText, node_text
from assist_context.languages import ECMASCRIPT
from assist_refactorings.call_uses import calls_to, is_shared
from assist_refactorings.code_texts import CodeTexts, WishedCode, apply_edits, lines_span
from assist_refactorings.families import is_special, using_decorators
from assist_refactorings.meant_calls import is_overloaded
from assist_refactorings.reading import AddedParameterWish, RemovedParameterWish
from assist_server.questions.computed_edits import (
    RefactoringEdit,
    RefactoringProblem,
    count_words,
    places_in_words,
)

_ECMA_WORDS = frozenset({"true", "false", "null", "undefined"})
_PYTHON_WORDS = frozenset({"True", "False", "None", "()"})
_SHARED = frozenset({"[]", "{}"})  # in Python one value for all calls
_PURE = re.compile(r"-?[\w.]+|\"[^\"\\]*\"|'[^'\\]*'")


def add_parameter(
    texts: CodeTexts, code: WishedCode, wish: AddedParameterWish
) -> RefactoringEdit | RefactoringProblem | None:
    """The edit that adds a parameter, with what calls pass if it has no default."""
    path = code.lines.path
    found = _signature(texts, code)
    if found is None or (wish.owner and wish.owner != code.last_name):
        return None
    reader = texts.reader(path)
    known = next(_inside(reader, found, wish.name), None)
    if known is not None:
        where = f"{path}:{known.start.line + 1}"
        return RefactoringProblem(
            f"add the parameter `{wish.name}` to {code.name}",
            f"`{wish.name}` already has a meaning there ({where}); choose another name",
        )
    if any(parameter.kind == "variadic" for parameter in found.parameters):
        return None
    if wish.passed:
        return _require(texts, code, found, wish)
    written = _parameter_text(reader, found, wish)
    edit = _insertion(reader.parsed, found.listing, written) if written else None
    if edit is None:
        return None
    reading = f"add the parameter `{written}` to {code.name}; its calls stay, since it has a default"
    return RefactoringEdit(reading, {path: apply_edits(reader.parsed, [edit])})


def _require(
    texts: CodeTexts, code: WishedCode, found: Signature, wish: AddedParameterWish
) -> RefactoringEdit | RefactoringProblem | None:
    """A parameter without a default, and the same value for it in all calls."""
    path = code.lines.path
    reader = texts.reader(path)
    parsed = reader.parsed
    python = parsed.document.language.name == "python"
    kind = wish.type or _ecma_type(parsed, wish.passed)
    plain = _parameter_text(reader, found, replace(wish, default=wish.passed, type=kind))
    written = plain.removesuffix(wish.passed).rstrip("= ")
    optional = any(parameter.optional for parameter in found.passed)
    keyword = any(parameter.kind == "keyword" for parameter in found.passed)
    if not written:
        return None
    reading = f"add the parameter `{written}` to {code.name}, and pass {wish.passed} in its calls"
    if optional and not python:
        return RefactoringProblem(reading, "earlier parameters are optional; give it a default, as in `= 1`")
    calls = calls_to(texts, path, found)
    if calls is None:
        return RefactoringProblem(reading, f"not all calls of `{found.name}` can be found; give it a default")
    star = "*, " if optional and not keyword else ""
    edit = _insertion(parsed, found.listing, f"{star}{written}")
    if edit is None:
        return None
    edits: dict[str, list[ByteEdit]] = {path: [edit]}
    left: list[tuple[str, int]] = []
    value = f"{wish.name}={wish.passed}" if python else wish.passed
    for text, call, sure in calls:
        at = text.parsed.document.path, text.parsed.source.line(call.span[0])
        spread = any(argument.spread for argument in call.arguments)
        known = not call.broken and not spread and (python or len(call.arguments) == len(found.passed))
        more = value if known else ""
        argument = _insertion(text.parsed, call.listing, more) if more and sure else None
        if argument is not None:
            edits.setdefault(at[0], []).append(argument)
        elif sure:
            return RefactoringProblem(
                reading, (f"the arguments of the call at {at[0]}:{at[1]} are not known; give it a default")
            )
        else:
            left.append(at)
    left += _passed_on(texts, path, found, [(text, call) for text, call, _ in calls])
    words = f"{count_words(len(left), 'use')} of `{found.name}` may have to pass it: {places_in_words(left)}"
    new = {other: apply_edits(texts.parse(other), own) for other, own in edits.items()}
    reading += f" ({sum(map(len, edits.values())) - 1})"
    return RefactoringEdit(reading, new, (words,) if left else ())


def remove_parameter(
    texts: CodeTexts, code: WishedCode, wish: RemovedParameterWish
) -> RefactoringEdit | RefactoringProblem | None:
    """The edit that removes a parameter which its function does not use, with what calls pass for it."""
    path = code.lines.path
    found = _signature(texts, code)
    reader = texts.reader(path)
    places = [parameter.name for parameter in found.passed] if found is not None else []
    if found is None or wish.name not in places:
        return None
    reading = f"remove the parameter `{wish.name}` of {code.name}"
    used = [place.start.line + 1 for place in _inside(reader, found, wish.name)][1:]
    if used:
        return RefactoringProblem(reading, f"{code.name} uses it in line {', '.join(map(str, used[:4]))}")
    index = places.index(wish.name)
    gone = found.passed[index]
    calls = calls_to(texts, path, found)
    edit = _removal(reader.parsed, found.listing, gone.span)
    if calls is None:
        return RefactoringProblem(reading, f"not all calls of `{found.name}` can be found")
    if gone.kind == "variadic" or edit is None:
        return None
    edits: dict[str, list[ByteEdit]] = {path: [edit]}
    left: list[tuple[str, int]] = []
    for text, call, sure in calls:
        other = text.parsed.document.path
        at = other, text.parsed.source.line(call.span[0])
        removal = _remove_argument(text.parsed, call, gone, index)
        if removal == "not passed":
            continue
        if not sure:
            left.append(at)
        elif isinstance(removal, str):
            return RefactoringProblem(
                reading, (f"the argument at {at[0]}:{at[1]} cannot be removed: {removal}")
            )
        else:
            edits.setdefault(other, []).append(removal)
    left += _passed_on(texts, path, found, [(text, call) for text, call, _ in calls])
    changed = sum(map(len, edits.values())) - 1
    reading += f", in {count_words(changed, 'call')} too"
    words = f"{count_words(len(left), 'use')} of `{found.name}` may still pass it: {places_in_words(left)}"
    new = {other: apply_edits(texts.parse(other), own) for other, own in edits.items()}
    return RefactoringEdit(reading, new, (words,) if left else ())


def _signature(texts: CodeTexts, code: WishedCode) -> Signature | None:
    """The function that a wish is about, if only the code here decides about its parameters."""
    path = code.lines.path
    reader = texts.reader(path)
    parsed = reader.parsed
    language = parsed.document.language.name
    if language != "python" and language not in ECMASCRIPT:
        return None
    span = lines_span(parsed, code.lines)
    inside = [
        made for made in find_definitions(parsed, code.last_name) if span[0] <= made.name_span[0] < span[1]
    ]
    if len(inside) != 1 or is_overloaded(inside[0], parsed):
        return None
    [found] = inside
    named = [
        place for place in reader.occurrences(found.name) if parsed.byte(place.start) == found.name_span[0]
    ]
    special = is_special(found.name) and not found.constructor
    shared = is_shared(texts, path, found)
    return None if special or shared or not named or using_decorators(parsed, named[0]) else found


def _inside(reader: NameReader, found: Signature, name: str) -> Iterator[Occurrence]:
    """Find the places of a name in a function, without members and keywords."""
    parsed = reader.parsed
    for place in reader.occurrences(name):
        start = parsed.byte(place.start)
        if place.place != "code" or not found.span[0] <= start < found.span[1]:
            continue
        node = parsed.node(start, parsed.byte(place.end))
        around = node.parent if node is not None else None
        keyword = around is not None and around.type == "keyword_argument"
        if not place.member and not (keyword and around and around.child_by_field_name("name") == node):
            yield place


def _parameter_text(reader: NameReader, found: Signature, wish: AddedParameterWish) -> str:
    """The parameter as the code writes its others, "" if that is not possible."""
    language = reader.parsed.document.language.name
    if language != "python":
        wrong = wish.default in _PYTHON_WORDS or (wish.type and language == "javascript")
        kind = f": {wish.type}" if wish.type else ""
        return "" if wrong else f"{wish.name}{kind} = {wish.default}"
    kind = wish.type or _guess_type(wish.default, found)
    known = all(_is_type(reader, word) for word in re.findall(r"[A-Za-z_]\w*", kind))
    if wish.default in _ECMA_WORDS | _SHARED or not known:
        return ""
    return f"{wish.name}: {kind} = {wish.default}" if kind else f"{wish.name}={wish.default}"


def _guess_type(default: str, found: Signature) -> str:
    """The type of a default, if the others of a function have types."""
    if not found.passed or not all(parameter.type for parameter in found.passed):
        return ""
    if default in ("True", "False"):
        return "bool"
    if default[:1] in "\"'":
        return "str"
    if re.fullmatch(r"-?\d+", default):
        return "int"
    return "float" if re.fullmatch(r"-?[\d.]+", default) else ""


def _ecma_type(parsed: ParsedText, value: str) -> str:
    """Return the type of a value in TypeScript; "" in another language, or for a value that says nothing."""
    if parsed.document.language.name not in ("typescript", "tsx"):
        return ""
    if value in ("true", "false"):
        return "boolean"
    return "string" if value[:1] in "\"'" else "number" if value[:1].isdigit() or value[:1] == "-" else ""


def _is_type(reader: NameReader, word: str) -> bool:
    """Say whether a word of a type is known where the function is."""
    bound = any(place.defines for place in reader.occurrences(word) if place.place == "code")
    return bound or hasattr(builtins, word)


def _items(parsed: ParsedText, listing: tuple[int, int]) -> list[tree_sitter.Node] | None:
    """The parts of a list in brackets; `None` if there is a comment among them."""
    node = parsed.node(*listing)
    if node is None or any("comment" in child.type for child in node.children):
        return None
    return [child for child in node.children if child.type not in ("(", ")", ",")]


def _insertion(parsed: ParsedText, listing: tuple[int, int], written: str) -> ByteEdit | None:
    """One more part at the end of a list in brackets."""
    items = _items(parsed, listing)
    if items is None:
        return None
    if not items:
        at = listing[0] + 1
        return at, at, written
    last = items[-1]
    line = parsed.document.lines[parsed.source.line(last.start_byte) - 1]
    indent = line[: len(line) - len(line.lstrip())]
    own_line = len(indent.encode()) == last.start_point[1] and len(items) > 1
    return last.end_byte, last.end_byte, f",\n{indent}{written}" if own_line else f", {written}"


def _removal(parsed: ParsedText, listing: tuple[int, int], span: tuple[int, int]) -> ByteEdit | None:
    """One part of a list with its comma; `None` if a sign such as `*` would have nothing left to say."""
    items = _items(parsed, listing)
    index = next((at for at, item in enumerate(items or ()) if item.byte_range == span), None)
    if items is None or index is None:
        return None
    before = items[index - 1] if index else None
    after = items[index + 1] if index + 1 < len(items) else None
    if (after is None and node_text(before) == "*") or (before is None and node_text(after) == "/"):
        return None
    if after is not None:
        return span[0], after.start_byte, ""
    if before is not None:
        return before.end_byte, span[1], ""
    return listing[0] + 1, listing[1] - 1, ""


def _remove_argument(parsed: ParsedText, call: CallSite, gone: Parameter, index: int) -> ByteEdit | str:
    """The removal of what a call passes; "not passed", or why it cannot be removed."""
    if call.broken or any(argument.spread for argument in call.arguments):
        return "not all is known"
    named = [argument for argument in call.arguments if argument.keyword == gone.name]
    positional = [argument for argument in call.arguments if not argument.keyword]
    if not named and (gone.kind == "keyword" or index >= len(positional)):
        return "not passed"
    argument = named[0] if named else positional[index]
    if not _PURE.fullmatch(parsed.source.text(*argument.value)):
        return "something is called"
    return _removal(parsed, call.listing, argument.span) or "a comment is a part"


def _passed_on(
    texts: CodeTexts, path: str, found: Signature, calls: list[tuple[NameReader, CallSite]]
) -> Iterator[tuple[str, int]]:
    """Find where a function is named and not called: whoever gets it may pass the parameter."""
    if found.is_method:
        return
    known = {(text.parsed.document.path, call.name_span[0]) for text, call in calls}
    readers = {path: texts.reader(path)} | {text.parsed.document.path: text for text, _ in calls}
    for other, reader in readers.items():
        for place in reader.occurrences(found.name):
            start = reader.parsed.byte(place.start)
            if place.place != "code" or place.defines or (other, start) in known or place.binding is None:
                continue
            node = reader.parsed.node(start, reader.parsed.byte(place.end))
            if node is not None and not _is_imported(node):
                yield other, place.start.line + 1


def _is_imported(node: tree_sitter.Node) -> bool:
    at: tree_sitter.Node | None = node
    while at is not None:
        if at.type.startswith(("import", "export")):
            return True
        at = at.parent
    return False
