"""Which names an edit gives, takes away and changes: by its tokens and definitions, over all of its files.

It knows no logic; others ask it which differences are only names.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from assist_context.facts.turned_tokens import ReplacedRun
from assist_context.syntax.scopes.logic.logic_units import defined_names
from assist_context.syntax.scopes.parsed_text import ParsedText
from assist_context.syntax.scopes.tokens import CodeToken, tokens_in

_WORD = re.compile(r"[^\W\d]\w*")
# A name at the beginning of a line that is given a value; a keyword argument has a comma or no blanks.
_ASSIGNED = re.compile(
    r"""
    ^[ \t]*(?:(?:export|const|let|var|static|pub|mut|if|switch|final|readonly)[ \t(]+)*
    ([^\W\d]\w*)[ \t]*(?::[^=\n]{1,60})?[ \t](?::=|=)[ \t](?!.*,[ \t]*$)
    """,
    re.MULTILINE | re.VERBOSE,
)
_MOST_PAIRS = 250_000  # pairs of tokens of one changed place that are compared; more is another text

NamedTexts = tuple[ParsedText, ParsedText, Container[bytes], Sequence[ReplacedRun]]


@dataclass(frozen=True, slots=True)
class ChangedNames:
    """Names that are new or gone, those that became others, and functions with other parameters."""

    fresh: frozenset[str]
    gone: frozenset[str]
    renamed: Mapping[str, str]
    resigned: frozenset[str]

    @property
    def added(self) -> frozenset[str]:
        """New names that are no other names of what was there."""
        return self.fresh - set(self.renamed.values())

    @property
    def removed(self) -> frozenset[str]:
        """Names that are gone with what had them."""
        return self.gone - self.renamed.keys()


def changed_names(texts: Sequence[NamedTexts], wish: str) -> ChangedNames:
    """The names of texts before and after an edit. A call may have another name if the wish says one."""
    before = dict[str, str]()
    after = dict[str, str]()
    tokens: tuple[list[list[CodeToken]], list[list[CodeToken]]] = ([], [])
    for old, new, same, runs in texts:
        before.update(_names_defined(old, same))
        after.update(_names_defined(new, same))
        for low, high, start, end in runs:
            tokens[0].append(list(tokens_in(old, low, high)) if high >= low else [])
            tokens[1].append(list(tokens_in(new, start, end)) if end >= start else [])
    fresh = frozenset(after.keys() - before.keys())
    gone = frozenset(before.keys() - after.keys())
    known = {*set(_WORD.findall(wish)), *fresh, *gone}
    renamed = dict[str, str]()
    for was, now, called in _replacements(*tokens):
        both = (was in gone) == (now in fresh) or now not in after
        if both and (not called or was in known or now in known) and now not in renamed.values():
            renamed[was] = now
    resigned = frozenset(name for name in before.keys() & after.keys() if before[name] != after[name])
    return ChangedNames(fresh, gone, renamed, resigned)


def _names_defined(parsed: ParsedText, same: Container[bytes]) -> dict[str, str]:
    """The names that a text gives something, with the parameters of functions."""
    return {**dict.fromkeys(_ASSIGNED.findall(parsed.document.text), ""), **defined_names(parsed, same)}


def _replacements(
    before: Sequence[Sequence[CodeToken]], after: Sequence[Sequence[CodeToken]]
) -> Iterator[tuple[str, str, bool]]:
    """Names that another name replaces in all changed lines, and whether calls have one of them."""
    counts = [
        Counter(token.text for run in side for token in run if _is_name(token)) for side in (before, after)
    ]
    called = {
        token.text
        for run in (*before, *after)
        for token, following in pairwise(run)
        if following.text in ("(", "!") and _is_name(token)
    }
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for old, new in zip(before, after, strict=True):
        if len(old) * len(new) > _MOST_PAIRS:
            continue
        texts = [token.text for token in old], [token.text for token in new]
        steps = SequenceMatcher(None, *texts, autojunk=False).get_opcodes()
        for kind, first, last, start, end in steps:
            if kind == "replace" and last - first == end - start:
                for was, now in zip(old[first:last], new[start:end], strict=True):
                    if _is_name(was) and _is_name(now):
                        votes[was.text][now.text] += 1
    for name, found in votes.items():
        other = found.most_common(1)[0][0]
        less = counts[0][name] - counts[1][name]
        more = counts[1][other] - counts[0][other]
        if less == more > 0 or (less > 0 and more > 0 and not counts[1][name] and not counts[0][other]):
            yield name, other, bool({name, other} & called)


def _is_name(token: CodeToken) -> bool:
    return token.type.endswith("identifier") or token.type in ("name", "constant")
