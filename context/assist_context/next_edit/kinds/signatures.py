"""Parameters were added, removed, renamed or moved: calls that still pass the old ones, and overrides.

The signature may have been typed piece by piece, and calls may have been edited since; those are examples of
what an added parameter gets. It makes up no argument.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from assist_context.documents import Document
from assist_context.next_edit.arguments import (
    ParameterChange,
    PassedText,
    compare_parameters,
    fits,
    pass_arguments,
    replace_items,
)
from assist_context.next_edit.meant_calls import find_calls, is_overloaded, overrides_of
from assist_context.next_edit.offer import Change, EditHunk, Offer, Situation, line_words
from assist_context.syntax.grammars import ByteSpan
from assist_context.syntax.scopes.call_sites import (
    CallSite,
    Parameter,
    Signature,
    call_rules,
    definitions_of,
    signatures_in,
)
from assist_context.syntax.scopes.occurrences import NameReader
from assist_context.syntax.scopes.parsed_text import ParsedText

MOST_HUNKS = 16  # back from the last one, among which a signature's edit is looked for
MOST_SIGNATURES = 3  # whose calls are looked for after one edit
MOST_STATES = 4  # of a signature, back from what it is now
MOST_FILES = 4  # other ones whose calls are looked at
MOST_OBJECTS = 12  # calls on unknown objects; more of them are probably not all calls of one method

_CALLED = re.compile(r"([A-Za-z_$][\w$]*)\s*\(")
_LITERAL = re.compile(
    r"""-?\d[\w.]* | "[^"\\{}]*" | '[^'\\{}]*'  # numbers and strings
    | None | True | False | null | undefined | true | false | nil  # and the names of values
    """,
    re.VERBOSE,
)
_OWN = ("self", "this", "cls")
_NAMES = re.compile(r"""(?<![.\w"'])[A-Za-z_$][\w$]*(?![\w"']|\s*=[^=])""")


@dataclass(frozen=True, slots=True)
class ChangedSignature:
    """A signature as it is now, what changed since an earlier state, and the index of that state's hunk."""

    signature: Signature
    home: ParsedText
    change: ParameterChange
    since: int
    line: int


def find_signature_changes(situation: Situation) -> Iterator[Offer]:
    """Edits of calls, and of methods that override, in the document; then of calls in other files."""
    if call_rules(situation.document.language) is None:
        return
    found = 0
    last: ByteSpan | None = None
    for changed in _changed_signatures(situation):
        if changed.signature.span == last:
            continue  # an earlier state of what had offers
        offers = list(_document_offers(situation, changed))
        if offers or _is_followed(situation, changed):
            offers += _file_offers(situation, changed)
        yield from offers
        if offers:
            found += 1
            last = changed.signature.span
        if found == MOST_SIGNATURES:
            return


def _is_followed(situation: Situation, changed: ChangedSignature) -> bool:
    """Whether the other files come next: the signature is in this document, or its calls here are done."""
    path = situation.document.path
    call = f"{changed.signature.name}("
    return changed.home.document.path == path or any(
        hunk.path == path and hunk.origin == "offer" and call in "".join(hunk.new) for hunk in situation.hunks
    )


# --- which signatures changed ---


def _changed_signatures(situation: Situation) -> Iterator[ChangedSignature]:
    """Those edited last come first; of each the change since its last state, then since the one before."""
    parsed: ParsedText | None = None
    seen: set[tuple[str, ByteSpan]] = set()
    hunks = situation.hunks
    for at in range(len(hunks) - 1, max(-1, len(hunks) - 1 - MOST_HUNKS), -1):
        hunk = hunks[at]
        if not hunk.is_example or not _has_names(hunk):
            continue
        if hunk.path == situation.document.path:
            parsed = parsed or situation.parse(situation.document)
            home: ParsedText | None = parsed
        else:
            home = _home_of(situation, hunk)
        if home is None or home.document.lines[hunk.line : hunk.line + len(hunk.new)] != hunk.new:
            continue
        if hunk.new:
            start, end = _bytes_of(home, hunk.line, len(hunk.new))
        else:  # a parameter had these lines for itself
            start, end = _bytes_of(home, max(0, hunk.line - 1), 2)
        for signature in signatures_in(home, start, end):
            key = (hunk.path, signature.span)
            if signature.name and key not in seen:
                seen.add(key)
                yield from _states(situation, home, signature)


def _has_names(hunk: EditHunk) -> bool:
    """Whether a hunk may have changed parameters: other words, in brackets or in a list of several lines."""
    words = [re.findall(r"[\w*&.?]+", "".join(lines)) for lines in (hunk.old, hunk.new)]
    return words[0] != words[1]


def _home_of(situation: Situation, hunk: EditHunk) -> ParsedText | None:
    """The document of a hunk in another file, if this one calls something that the hunk names."""
    here = situation.hunk.new
    names = set(_CALLED.findall("".join(hunk.new))) & set(_CALLED.findall("".join(here)))
    for name in sorted(names):
        for document in situation.others.using(name, MOST_FILES):
            if document.path == hunk.path:
                return situation.parse(document)
    return None


def _bytes_of(parsed: ParsedText, line: int, count: int) -> ByteSpan:
    """The bytes of some lines without the white space at both ends."""
    lines = parsed.document.lines[line : line + count]
    starts = parsed.source.starts
    start = starts[line] if line < len(starts) else len(parsed.source.data)
    text = "".join(lines)
    lead = len(text) - len(text.lstrip())
    size = len(text.rstrip().encode("utf-8", "replace"))
    return start + lead, start + max(lead, size)


def _states(situation: Situation, home: ParsedText, signature: Signature) -> Iterator[ChangedSignature]:
    """The changes of a signature since its earlier states, the shortest one first."""
    header = (home.cursor(signature.listing[0]).line, home.cursor(signature.listing[1]).line)
    first, last = _lines_of(home, signature)
    lines = list(home.document.lines)
    hunks = situation.hunks
    count = 0
    for at in range(len(hunks) - 1, max(-1, len(hunks) - 1 - MOST_HUNKS), -1):
        hunk = hunks[at]
        end = hunk.line + len(hunk.new)
        if hunk.path != home.document.path or hunk.line > header[1] or end <= header[0]:
            continue
        if not hunk.is_example or tuple(lines[hunk.line : end]) != hunk.new or count == MOST_STATES:
            return
        count += 1
        lines[hunk.line : end] = hunk.old
        first = min(first, hunk.line)
        last = max(last, end - 1) + len(hunk.old) - len(hunk.new)
        old = _read_alone(situation, home, signature, lines[first : last + 1])
        change = compare_parameters(old.parameters, signature.parameters) if old is not None else None
        if change is not None:
            yield ChangedSignature(signature, home, change, at, home.cursor(signature.name_span[0]).line)


def _lines_of(home: ParsedText, signature: Signature) -> tuple[int, int]:
    """The first and the last line of a definition, with its decorators."""
    first = home.cursor(min(signature.span[0], signature.name_span[0])).line
    lines = home.document.lines
    while first and lines[first - 1].lstrip().startswith("@"):
        first -= 1
    return first, home.cursor(signature.span[1]).line


def _read_alone(
    situation: Situation, home: ParsedText, signature: Signature, lines: Sequence[str]
) -> Signature | None:
    """A definition whose lines are parsed without the rest of its text, which takes no time."""
    head, foot = _frame(home.document.language.name, signature, lines)
    alone = Document(home.document.path, (*head, *lines, *foot), home.document.language)
    parsed = situation.parse(alone)
    found = definitions_of(parsed, signature.name)
    return next((other for other in found if other.is_method == signature.is_method), None)


def _frame(language: str, signature: Signature, lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """What has to be around a definition so that it is one."""
    indented = bool(lines) and lines[0][:1].isspace()
    if language == "python":
        if signature.owner:
            return [f"class {signature.owner}:\n"], []
        return ([f"if {signature.name}:\n"], []) if indented else ([], [])
    if not signature.owner or "".join(lines).lstrip().startswith("func "):
        return [], []
    if language == "rust":
        return [f"impl {signature.owner} {{\n"], ["\n}\n"]
    if language == "go":
        return [f"type {signature.owner} interface {{\n"], ["\n}\n"]
    return [f"class {signature.owner} {{\n"], ["\n}\n"]


# --- what follows ---


def _document_offers(situation: Situation, changed: ChangedSignature) -> Iterator[Offer]:
    document = situation.document
    if document.path == changed.home.document.path:
        yield from _override_offers(situation, changed)
    yield from _call_offers(situation, changed, document)


def _file_offers(situation: Situation, changed: ChangedSignature) -> Iterator[Offer]:
    """The calls in other files: an offer for each."""
    signature = changed.signature
    if signature.scope is not None:
        return
    name = signature.owner if signature.constructor else signature.name
    for document in situation.others.using(name, MOST_FILES):
        if document.path not in (situation.document.path, changed.home.document.path):
            yield from _call_offers(situation, changed, document)


def _call_offers(situation: Situation, changed: ChangedSignature, document: Document) -> Iterator[Offer]:
    """One offer for the calls that are sure, and one for those on objects of unknown types."""
    home = NameReader(changed.home)
    is_home = document.path == changed.home.document.path
    text = home if is_home else NameReader(situation.parse(document))
    sites = dict(find_calls(changed.signature, home, text))
    touched = _touched_lines(situation, changed, document.path)
    examples = [site for site in sites if _is_touched(text.parsed, site, touched)]
    known = _known_texts(changed, text.parsed, examples)
    edits = list(_edits(changed, text, [site for site in sites if site not in examples], known))
    sure = [change for site, change in edits if sites[site]]
    unsure = [change for site, change in edits if not sites[site]]
    if sure:
        yield _offer(situation, changed, sure)
    if 0 < len(unsure) <= MOST_OBJECTS and not _is_defined_elsewhere(situation, changed):
        yield _offer(situation, changed, unsure, " unsure")


def _is_defined_elsewhere(situation: Situation, changed: ChangedSignature) -> bool:
    """Whether another file has a method of the same name, which calls on any object may mean as well."""
    name = changed.signature.name
    return any(
        definitions_of(situation.parse(document), name)
        for document in situation.others.using(name, MOST_FILES)
        if document.path != changed.home.document.path
    )


def _touched_lines(situation: Situation, changed: ChangedSignature, path: str) -> list[tuple[int, int]]:
    """The lines that were edited after the signature; of arguments that move, also what was before.

    The hunk of a signature that was edited again is the last one, and arguments do not show that they moved.
    """
    hunks = situation.hunks
    call = f"{changed.signature.name}("
    earlier = [
        hunk
        for hunk in hunks[: changed.since]
        if changed.change.reordered and call in "".join(hunk.old) and call in "".join(hunk.new)
    ]
    later = (*earlier, *hunks[changed.since + 1 :])
    return [(hunk.line, hunk.line + len(hunk.new)) for hunk in later if hunk.path == path]


def _is_touched(text: ParsedText, site: CallSite, lines: Sequence[tuple[int, int]]) -> bool:
    if not lines:
        return False
    first = text.cursor(site.name_span[0]).line
    last = text.cursor(site.span[1]).line
    return any(start <= last and first < end for start, end in lines)


def _passed_texts(text: ParsedText, site: CallSite) -> list[PassedText]:
    return [PassedText(text.source.text(*argument.value), argument.keyword) for argument in site.arguments]


def _is_plain(site: CallSite) -> bool:
    return not site.broken and not any(argument.spread for argument in site.arguments)


def _known_texts(changed: ChangedSignature, text: ParsedText, examples: Sequence[CallSite]) -> dict[str, str]:
    """What examples pass for added parameters, if they agree."""
    known: dict[str, str] = {}
    for parameter in changed.change.added:
        given = {_argument_of(text, site, changed.change.new, parameter) for site in examples} - {""}
        if len(given) == 1:
            known[parameter.name] = given.pop()
    return known


def _argument_of(
    text: ParsedText, site: CallSite, parameters: Sequence[Parameter], parameter: Parameter
) -> str:
    """What an example passes for a parameter, "" for nothing."""
    passed = _passed_texts(text, site)
    if not _is_plain(site) or not fits(parameters, passed):
        return ""
    for argument in passed:
        if argument.keyword == parameter.name:
            return argument.text
    places = [place for place in parameters if place.kind in ("plain", "positional")]
    at = places.index(parameter) if parameter in places else len(passed)
    return passed[at].text if at < len(passed) and not passed[at].keyword else ""


def _can_use(known: str, is_variable: Callable[[str], bool]) -> bool:
    """Whether what an example passes means the same at a call: its names are variables there, or types."""
    if _LITERAL.fullmatch(known):
        return True
    names = [word for word in _NAMES.findall(known) if not _LITERAL.fullmatch(word)]
    return all(word in _OWN or word[0].isupper() or is_variable(word) for word in names)


def _edits(
    changed: ChangedSignature, text: NameReader, sites: Iterable[CallSite], known: Mapping[str, str]
) -> Iterator[tuple[CallSite, Change]]:
    """The calls that change, each with its change."""
    parsed = text.parsed
    rules = call_rules(parsed.document.language)
    for site in sites:
        if rules is None or not _is_plain(site):
            continue
        start, end = map(parsed.cursor, site.name_span)
        is_variable = partial(text.has_variable, start, end)
        passed = _passed_texts(parsed, site)
        new = pass_arguments(
            changed.change, passed, rules.keywords, partial(_text_for, known=known, is_variable=is_variable)
        )
        if new is not None and new != passed:
            spans = [argument.span for argument in site.arguments]
            change = _list_change(parsed, site.listing, spans, [str(argument) for argument in new])
            if change is not None:
                yield site, change


def _text_for(parameter: Parameter, known: Mapping[str, str], is_variable: Callable[[str], bool]) -> str:
    """What a call passes for an added parameter: what examples do, or a variable of its name."""
    example = known.get(parameter.name, "")
    if example and _can_use(example, is_variable):
        return example
    free = parameter.optional or parameter.kind == "variadic"
    return "" if free or not is_variable(parameter.name) else parameter.name


def _list_change(
    text: ParsedText, listing: ByteSpan, spans: Sequence[ByteSpan], new: Sequence[str]
) -> Change | None:
    """The change that gives a list in round brackets other items."""
    whole = text.source.text(*listing)
    if whole[:1] != "(" or whole[-1:] != ")":
        return None
    inside = [
        (len(text.source.text(listing[0], start)), len(text.source.text(listing[0], end)))
        for start, end in spans
    ]
    found = replace_items(whole, inside, new)
    if found is None:
        return None
    start, end = (text.cursor(listing[0] + len(whole[:at].encode("utf-8", "replace"))) for at in found[:2])
    return Change(text.document.path, start, end, found[2])


def _override_offers(situation: Situation, changed: ChangedSignature) -> Iterator[Offer]:
    """The same parameters for methods that override, as far as they had the same before."""
    change = changed.change
    home = changed.home
    if change.renamed or is_overloaded(changed.signature, home):
        return
    touched = _touched_lines(situation, changed, home.document.path)
    changes = []
    for other in overrides_of(changed.signature, home):
        line = home.cursor(other.name_span[0]).line
        if any(start <= line < end for start, end in touched) or _shape(other.passed) != _shape(change.old):
            continue
        own = {parameter.name: home.source.text(*parameter.span) for parameter in other.parameters}
        new = [own[parameter.name] for parameter in other.parameters if parameter.kind == "receiver"]
        for parameter, source in zip(change.new, change.sources, strict=True):
            new.append(own[parameter.name] if source is not None else _declaration(home, parameter))
        found = _list_change(home, other.listing, [parameter.span for parameter in other.parameters], new)
        if found is not None:
            changes.append(found)
    if changes:
        yield _offer(situation, changed, changes, " override")


def _shape(parameters: Sequence[Parameter]) -> list[tuple[str, str]]:
    return [(parameter.name, parameter.type) for parameter in parameters]


def _declaration(home: ParsedText, parameter: Parameter) -> str:
    """A parameter as it is written; the type of `b` in Go's `a, b int` is elsewhere."""
    text = home.source.text(*parameter.span)
    alone = home.document.language.name == "go" and text == parameter.name and parameter.type
    return f"{text} {parameter.type}" if alone else text


def _offer(
    situation: Situation, changed: ChangedSignature, changes: Sequence[Change], suffix: str = ""
) -> Offer:
    """An offer of changes in one document: those below the edit come first."""
    hunk = situation.hunk
    line = hunk.line if changes[0].path == hunk.path else 0
    ordered = sorted(
        changes, key=lambda change: (change.start.line < line, change.start.line, change.start.column)
    )
    signature = changed.signature
    return Offer(
        "signature",
        f"signature {signature.owner}.{signature.name}{changed.change.key}{suffix}".replace(" .", " "),
        tuple(ordered),
        f"the parameters changed in {line_words(changed.line, changed.home.document.path, changes[0].path)}",
    )
