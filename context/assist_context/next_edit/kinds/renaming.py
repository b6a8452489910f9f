"""A definition got another name: the places that mean it follow, in the document and in other files.

The rename may have begun at the definition, at a use, or some hunks ago. It follows what is bound to the same
definition; words in strings and comments, and the same name in other scopes, stay.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from assist_context.documents import Cursor, Document
from assist_context.next_edit.offer import Change, EditHunk, Offer, Situation
from assist_context.next_edit.renames.other_texts import follow_import
from assist_context.next_edit.renames.rename_chain import RenameChain, follow_definition, follow_use
from assist_context.next_edit.renames.replaced_names import ReplacedName, align
from assist_context.syntax.scopes.names.scope_rules import ScopeRules, rules_of
from assist_context.syntax.scopes.occurrences import NameReader

MOST_NAMES = 3  # that one hunk replaces; more is another kind of edit
MOST_EARLIER = 2  # hunks that are asked whether the rename began there
MOST_PLACES = 300  # of a name in a document: each takes 0.03 ms
MOST_FILES = 8  # other ones that are looked at
SHORTEST_USE = 3  # characters of a name that a rename begins with at a use


def find_renames(situation: Situation) -> Iterator[Offer]:
    """The chain of the document if one definition was renamed, then one for each other file."""
    rules = rules_of(situation.document.language.name)
    if rules is None or not situation.hunk.is_example:
        return
    alignment = align(situation.hunk)
    names = {(each.old, each.new): each for each in alignment.replaced if _is_possible(rules, each)}
    if not names or len(names) > MOST_NAMES:
        return
    before, now = _readers(situation, tuple(names.values()))
    if not all(_is_rare(before, old) for old, _ in names):
        return
    chains = [chain for name in names.values() if (chain := _find_chain(situation, name, before, now))]
    certain = [chain for chain in chains if not chain.from_use] or chains
    if len(certain) != 1:
        return
    [chain] = certain
    if before.within is not None and not _is_local(chain):
        return
    if chain.changes:
        yield _offer(situation, chain, chain.changes, now)
    if not chain.from_use and _is_seen_outside(chain):
        for document in situation.others.using(chain.name.old, MOST_FILES):
            changes = follow_import(situation, document, chain)
            if changes:
                yield _offer(situation, chain, changes, now)


def _is_possible(rules: ScopeRules, name: ReplacedName) -> bool:
    return not rules.keywords & {name.old, name.new} and name.new not in rules.self_words


def _is_seen_outside(chain: RenameChain) -> bool:
    return not _is_local(chain) and chain.definition.what != "import"


def _is_local(chain: RenameChain) -> bool:
    return chain.definition.binding is not None and chain.definition.binding.level == "local"


def _is_rare(reader: NameReader, name: str) -> bool:
    return sum(1 for _ in reader.words(name)) <= MOST_PLACES


def _readers(situation: Situation, names: Sequence[ReplacedName]) -> tuple[NameReader, NameReader]:
    """Readers of the text before and now: of the function around the edit if a name has too many places."""
    before = NameReader(situation.parse(situation.before))
    now = NameReader(situation.parse(situation.document))
    if all(_is_rare(before, each.old) for each in names):
        return before, now
    return (
        _function_reader(before, names[0].old, names[0].before),
        _function_reader(now, names[0].new, names[0].after),
    )


def _function_reader(whole: NameReader, name: str, start: Cursor) -> NameReader:
    end = Cursor(start.line, start.column + len(name))
    return NameReader(whole.parsed, whole.function_around(start, end))


def _find_chain(
    situation: Situation, name: ReplacedName, before: NameReader, now: NameReader
) -> RenameChain | None:
    """What follows a replaced name: its definition was renamed now or a little earlier, or a use began it."""
    earlier = list(_earlier(situation, name))
    alignment = align(situation.hunk)
    same = [each for each in alignment.replaced if (each.old, each.new) == (name.old, name.new)]
    for each in same:
        chain = follow_definition(each, alignment, before, now, bool(earlier))
        if chain is not None:
            return chain
    own = [hunk for hunk in earlier if hunk.path == situation.document.path]
    for hunk in own[-MOST_EARLIER:][::-1]:
        base = _document_without(situation.document, hunk)
        found = None if base is None else _follow_earlier(situation, hunk, base, name, now)
        if found is not None:
            return found
    if len(name.old) < SHORTEST_USE:
        return None
    chain = follow_use(name, alignment, before, now)
    return None if chain is None or situation.others.using(name.new, 1) else chain


def _follow_earlier(
    situation: Situation, hunk: EditHunk, base: Document, name: ReplacedName, now: NameReader
) -> RenameChain | None:
    alignment = align(hunk)
    before = NameReader(situation.parse(base))
    if not _is_rare(before, name.old):
        return None
    for each in alignment.replaced:
        if (each.old, each.new) == (name.old, name.new):
            chain = follow_definition(each, alignment, before, now, begun=True)
            if chain is not None:
                return chain
    return None


def _earlier(situation: Situation, name: ReplacedName) -> Iterator[EditHunk]:
    """The hunks before the last one that replaced the same name."""
    for hunk in situation.hunks[:-1]:
        is_near = hunk.is_example and name.old in "".join(hunk.old) and name.new in "".join(hunk.new)
        if is_near and any((each.old, each.new) == (name.old, name.new) for each in align(hunk).replaced):
            yield hunk


def _document_without(document: Document, hunk: EditHunk) -> Document | None:
    """A document as if a hunk had not been made; `None` if its lines were changed since."""
    end = hunk.line + len(hunk.new)
    if document.lines[hunk.line : end] != hunk.new:
        return None
    return replace(document, lines=(*document.lines[: hunk.line], *hunk.old, *document.lines[end:]))


def _offer(situation: Situation, chain: RenameChain, changes: Sequence[Change], now: NameReader) -> Offer:
    line = chain.name.after.line + 1
    outside = changes[0].path != situation.document.path
    words = "the definition and other uses" if chain.from_use else "a use of what was renamed"
    return Offer(
        "rename",
        f"rename {chain.name.old} -> {chain.name.new}",
        tuple(changes),
        f"{words} in line {line}" + (" of the other file" if outside else ""),
        _features(situation, chain, changes, now),
    )


def _features(
    situation: Situation, chain: RenameChain, changes: Sequence[Change], now: NameReader
) -> dict[str, float]:
    """What tells how likely it is that the places follow."""
    name = chain.name
    definition = chain.definition
    level = "" if definition.binding is None else definition.binding.level
    outside = changes[0].path != situation.document.path
    distance = 0 if outside else abs(changes[0].start.line - situation.hunk.line)
    features = {
        "examples": math.log1p(1 + sum(1 for _ in _earlier(situation, name))),
        "places": math.log1p(len(changes)),
        "distance": math.log1p(distance),
        "from_use": chain.from_use,
        "cross_file": outside,
        "unsure": chain.unsure / len(changes),
        "local": level == "local",
        "module": level == "module",
        "member": level == "member",
        "old_resolves": any(each.binding is not None for each in chain.others),
        "old_elsewhere": math.log1p(len(chain.others)),
        "new_is_new": not any(each.start != name.after for each in now.occurrences(name.new)),
        "similarity": SequenceMatcher(None, name.old, name.new, autojunk=False).ratio(),
        "length": math.log1p(len(name.old)),
        "broken": now.parsed.root is not None and now.parsed.root.has_error,
        **{f"of_{kind}": definition.what in its for kind, its in _KINDS.items()},
    }
    return {key: float(value) for key, value in features.items()}


_KINDS = {
    "function": ("function", "method", "macro"),
    "class": ("class", "struct", "type", "enum", "namespace"),
    "parameter": ("parameter", "property_parameter", "type_parameter"),
    "field": ("field", "variant"),
    "import": ("import",),
}
