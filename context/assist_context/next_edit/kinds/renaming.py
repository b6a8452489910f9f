"""A definition got another name: the places that mean it follow, in the document and in other files.

The rename may have begun at the definition, at a use, or some hunks ago. It follows what is bound to the same
definition; words in strings and comments, and the same name in other scopes, stay.
"""

import math
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from assist_context.code.names.bindings import Binding
from assist_context.code.names.occurrences import NameReader
from assist_context.code.names.scope_rules import ScopeRules, scope_rules
from assist_context.documents import Cursor
from assist_context.next_edit.offer import Change, Offer, Situation, line_words
from assist_context.next_edit.renames.other_texts import follow_import
from assist_context.next_edit.renames.rename_chain import (
    RenameChain,
    RenamedText,
    follow_definition,
    follow_use,
)
from assist_context.next_edit.renames.replaced_names import (
    Renaming,
    ReplacedName,
    accepted_lines,
    makes_any,
    replaced_names,
    replacements,
)

MAX_NAMES = 3  # that one hunk replaces; more is another kind of edit
RECENT = 4  # hunks of the document, from the last one, that may have replaced names: others may come between
MAX_PLACES = 300  # of a name in a document: each takes 0.03 ms
MAX_FILES = 8  # other files that are looked at
SHORTEST_USE = 3  # characters of a name that a rename begins with at a use


def find_renames(situation: Situation) -> Iterator[Offer]:
    """The chain of the document if one definition was renamed, then one for each other file."""
    rules = scope_rules(situation.document.language.name)
    if rules is None or not situation.hunk.is_example:
        return
    newest = _newest_names(situation, rules)
    renamings = tuple(dict.fromkeys(name.renaming for name in newest))
    if not renamings or len(renamings) > MAX_NAMES:
        return
    text = _renamed_text(situation, newest, renamings)
    if not all(_is_rare(text.before, old) for old, _ in renamings):
        return
    chains = [chain for renaming in renamings if (chain := _find_chain(situation, renaming, newest, text))]
    certain = [chain for chain in chains if not chain.from_use] or chains
    if len(certain) != 1:
        return
    [chain] = certain
    if text.before.within is not None and not _is_local(chain):
        return
    if chain.changes:
        yield _offer(situation, chain, chain.changes, text)
    if not chain.from_use and _is_seen_outside(chain):
        for document in situation.others.using(chain.name.old, MAX_FILES):
            changes = follow_import(situation, document, chain)
            if changes:
                yield _offer(situation, chain, changes, text)


def _newest_names(situation: Situation, rules: ScopeRules) -> list[ReplacedName]:
    """Return what the newest hunk that replaced names in the document replaced there."""
    path = situation.document.path
    own = [hunk for hunk in situation.hunks if hunk.path == path and hunk.is_example]
    for hunk in own[: -RECENT - 1 : -1]:
        names = [name for name in replaced_names(hunk) if _is_possible(rules, name)]
        if names:
            return names
    return []


def _is_possible(rules: ScopeRules, name: ReplacedName) -> bool:
    return not rules.keywords & {name.old, name.new} and name.new not in rules.self_words


def _is_seen_outside(chain: RenameChain) -> bool:
    return not _is_local(chain) and chain.definition.what != "import"


def _is_local(chain: RenameChain) -> bool:
    return chain.definition.binding is not None and chain.definition.binding.level == "local"


def _is_rare(reader: NameReader, name: str) -> bool:
    return sum(1 for _ in reader.words(name)) <= MAX_PLACES


def _renamed_text(
    situation: Situation, newest: Sequence[ReplacedName], renamings: Sequence[Renaming]
) -> RenamedText:
    """The text with and without the renamings: the function around them if a name has too many places."""
    name = replacements(situation.document, situation.hunks, renamings)
    before = NameReader(situation.parse(name.document_before(situation.document)))
    now = NameReader(situation.parse(situation.document))
    latest = newest[-1]
    if not all(_is_rare(before, old) for old, _ in renamings):
        before = _function_reader(before, latest.old, name.before(latest.start))
        now = _function_reader(now, latest.new, latest.start)
    lines = accepted_lines(situation.document, situation.hunks, [new for _, new in renamings])
    return RenamedText(name, before, now, latest.start, lines)


def _function_reader(whole: NameReader, name: str, start: Cursor) -> NameReader:
    end = Cursor(start.line, start.column + len(name))
    return NameReader(whole.parsed, whole.function_around(start, end))


def _find_chain(
    situation: Situation, renaming: Renaming, newest: Sequence[ReplacedName], text: RenamedText
) -> RenameChain | None:
    """Follow a replaced name: its definition was renamed now or a little earlier, or a use began it."""
    meant = text.meant(renaming)
    latest = {replacement.start for replacement in newest}
    is_begun = _count_examples(situation, renaming) > 1
    bindings: set[Binding] = set()
    for name, was in sorted(meant.items(), key=lambda item: item[0].start not in latest):
        if was.binding is None or was.binding in bindings:
            continue
        bindings.add(was.binding)
        for other, place in meant.items():
            if place.defines and place.binding == was.binding:
                return follow_definition(other, place, text, is_begun)
        if len(name.old) >= SHORTEST_USE and (chain := follow_use(name, was, text)):
            return None if situation.others.using(name.new, 1) else chain
    return None


def _count_examples(situation: Situation, renaming: Renaming) -> int:
    """Return how many hunks made a renaming, in any document."""
    return sum(makes_any(hunk, (renaming,)) for hunk in situation.hunks)


def _offer(situation: Situation, chain: RenameChain, changes: Sequence[Change], text: RenamedText) -> Offer:
    where = line_words(chain.name.start.line, situation.document.path, changes[0].path)
    words = "the same as what was renamed" if chain.from_use else "a use of what was renamed"
    return Offer(
        "rename",
        f"rename {chain.name.old} -> {chain.name.new}",
        tuple(changes),
        f"{words} in {where}",
        _features(situation, chain, changes, text),
    )


def _features(
    situation: Situation, chain: RenameChain, changes: Sequence[Change], text: RenamedText
) -> dict[str, float]:
    """Return what tells how likely it is that the places follow."""
    name = chain.name
    definition = chain.definition
    level = "" if definition.binding is None else definition.binding.level
    outside = changes[0].path != situation.document.path
    distance = 0 if outside else abs(changes[0].start.line - situation.hunk.line)
    now = text.now
    own = text.starts(name.renaming)
    features = {
        "examples": math.log1p(_count_examples(situation, name.renaming)),
        "places": math.log1p(len(changes)),
        "distance": math.log1p(distance),
        "from_use": chain.from_use,
        "cross_file": outside,
        "unsure": chain.unsure / len(changes),
        "local": level == "local",
        "module": level == "module",
        "member": level == "member",
        "old_resolves": any(place.binding is not None for place in chain.others),
        "old_elsewhere": math.log1p(len(chain.others)),
        "new_is_new": not any(place.start not in own for place in now.occurrences(name.new)),
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
