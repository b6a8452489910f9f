"""The words for every reason why no ghost text is shown, from reasons.toml.

A reason of the engine is one of `Reason`; those that editors add are here.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from typing import Literal

from assist_completion.suggestion import Reason, Suggestion

EditorReason = Literal[
    "binary",
    "cancelled",
    "document-changed",
    "failed",
    "internal-error",
    "language-off",
    "loading",
    "missing",
    "not-requested",
    "off",
    "paused",
    "snoozed",
    "unknown-document",
]
AnyReason = Reason | EditorReason

LONGEST = 80  # characters of a text that is quoted

REASONS: Mapping[str, Mapping[str, str]] = tomllib.loads(
    (files(__package__) / "reasons.toml").read_text(encoding="utf-8")
)


def reason_words(reason: str) -> str:
    """Return why nothing was shown, in a few words.

    >>> reason_words("repetition"), reason_words("brand-new")
    ('the model repeated itself', 'brand-new')
    """
    return REASONS[reason]["words"] if reason in REASONS else reason


def hiding_reasons(counts: Counter[str]) -> dict[str, int]:
    """The counts that say why nothing was shown. Canceled requests do not count, and have its own line."""
    return {
        name: count
        for name, count in counts.most_common()
        if name in REASONS and name != "cancelled" and count > 0
    }


def why_nothing(
    reason: AnyReason, suggestion: Suggestion, *, with_text: bool = False, exactly: str = ""
) -> str:
    """Return why nothing was shown, how sure the model was, and what to do about it.

    `with_text` adds what was held back. Use it only where the user asked for it. `exactly` are words in place
    of the general ones.

    >>> why_nothing("low-confidence", Suggestion(score=0.021, needed=0.0987)).partition(";")[0]
    'not confident enough: 0.02 (0.10 needed)'
    """
    words = exactly or reason_words(reason)
    if reason == "low-confidence":
        words += f": {_figures(suggestion)}"
    if reason == "unknown-name" and (suggestion.owner or suggestion.by_editor or suggestion.signature):
        words = _absence(suggestion)
    if with_text and suggestion.candidate:
        words += f"; it would have begun with `{held_back(suggestion)}`"
    remedy = REASONS[reason].get("remedy")
    return f"{words}; {remedy}" if remedy else words


def why_shown(suggestion: Suggestion) -> str:
    """Find where a shown text came from, and how sure the model was of it.

    >>> why_shown(Suggestion(shown=True, score=0.931, needed=0.0987, source="cache"))
    'a suggestion was shown: confidence 0.93 (0.10 needed), already known'
    >>> why_shown(Suggestion(text="self.close", refuted="close_all", source="cache")).partition(": ")[2]
    'already known; nothing here has the name `close_all`, so the text ends before it'
    >>> why_nothing("unknown-name", Suggestion(refuted="amount", owner="Cart"))
    'the type Cart has no member `amount`'
    >>> why_nothing("unknown-name", Suggestion(refuted="amount", by_editor=True))
    "the object has no member `amount`, according to your editor's language server"
    """
    sure = f"confidence {_figures(suggestion)}, " if suggestion.needed else ""
    by_model = suggestion.source == "model"
    took = f"from the model in {suggestion.ms.total:.0f} ms" if by_model else "already known"
    return f"a suggestion was shown: {sure}{took}{_refuted_words(suggestion)}"


def _refuted_words(suggestion: Suggestion) -> str:
    """Return what was taken out of a text because it does not exist, or is left in it."""
    name = suggestion.refuted
    if not name:
        return ""
    remaining = re.search(rf"\b{re.escape(name)}\b", suggestion.text)
    return f"; {_absence(suggestion)}" + ("" if remaining else ", so the text ends before it")


def _absence(suggestion: Suggestion) -> str:
    """Return what does not exist, or does not fit.

    >>> _absence(Suggestion(refuted="load", signature="load(value, *, partial)"))
    'the use of `load` does not fit its signature, `load(value, *, partial)`'
    """
    if suggestion.signature:
        signature = " ".join(suggestion.signature.split())[:LONGEST]
        return f"the use of `{suggestion.refuted}` does not fit its signature, `{signature}`"
    if suggestion.owner:
        return f"the type {suggestion.owner} has no member `{suggestion.refuted}`"
    if suggestion.by_editor:
        return f"the object has no member `{suggestion.refuted}`, according to your editor's language server"
    return f"nothing here has the name `{suggestion.refuted}`"


def describe(suggestion: Suggestion) -> str:
    """Return why a suggestion of the engine was shown, or why not."""
    return why_nothing(suggestion.reason, suggestion) if suggestion.reason else why_shown(suggestion)


def read_words(suggestion: Suggestion, snippets: int) -> str:
    """Return what the model read and wrote for a suggestion, and how long that took.

    >>> read_words(Suggestion(), 0)
    'The model was not asked.'
    """
    tokens = suggestion.tokens
    ms = suggestion.ms
    if not tokens.prompt:
        return "The model was not asked."
    others = f", including {snippets} snippets from other files," if snippets else ""
    read = f"The model read {tokens.prompt:,} tokens{others} in {ms.prefill:,.0f} ms"
    return f"{read}, and wrote {tokens.generated:,} in {ms.decode:,.0f} ms."


def exclusion_note(reason: str) -> str:
    """Return what it means for ghost text that a file is excluded; `reason` is `why_excluded`'s answer.

    >>> exclusion_note("is excluded by `*.pw` at .gitignore:1")
    'This file is excluded by `*.pw` at .gitignore:1: it is not used for other files, questions or the index.'
    """
    return f"This file {reason}: it is not used for other files, questions or the index." if reason else ""


def held_back(suggestion: Suggestion) -> str:
    """The first line of what was held back; after a doubt the model wrote no more."""
    first = suggestion.candidate.strip().partition("\n")[0]
    return first if len(first) <= LONGEST else f"{first[:LONGEST]}…"


def _figures(suggestion: Suggestion) -> str:
    """Return how sure the model was and had to be; with two digits more where both would look equal."""
    digits = 2 if f"{suggestion.score:.2f}" != f"{suggestion.needed:.2f}" else 4
    return f"{suggestion.score:.{digits}f} ({suggestion.needed:.{digits}f} needed)"
