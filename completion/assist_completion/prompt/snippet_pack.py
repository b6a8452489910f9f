"""The snippets that a prompt shows before a file's text. They stay the same, so they are not read again.

A pack only grows at its end until it is full. It is replaced as a whole when another set is clearly better.
All of that happens while no request waits: a request takes the pack as it is. This module knows no index.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assist_completion.prompt.layout import count_tokens
from assist_context.documents import Snippet

BETTER = 1.25  # a new set replaces a pack if it scores so many times as much in the current ranking
GROWN = 2  # snippets that are added at a time: after each addition the head must be read again


@dataclass(frozen=True, slots=True)
class Pack:
    """The snippets for one file, in the order of the prompt. `epoch` grows when the pack is replaced."""

    snippets: tuple[Snippet, ...] = ()
    epoch: int = 0


def offer(pack: Pack, snippets: Sequence[Snippet], budget: int) -> Pack:
    """The pack after a new ranking (best first), within `budget` tokens. The same one if nothing changes.

    The best snippets come last, nearest to the code.
    """
    fresh = _take_fitting(snippets, budget)
    if not fresh:
        return pack
    if not pack.snippets:
        return Pack(tuple(reversed(fresh)), pack.epoch + 1)
    keys = {_key(snippet) for snippet in pack.snippets}
    missing = [snippet for snippet in fresh if _key(snippet) not in keys]
    if not missing:
        return pack
    scores = {_key(snippet): snippet.score for snippet in snippets}
    value = sum(scores.get(_key(snippet), 0.0) for snippet in pack.snippets)
    room = budget - sum(map(count_tokens, pack.snippets))
    additions = _take_fitting(missing, room)[:GROWN]
    gain = sum(snippet.score for snippet in additions)
    if additions and gain > (BETTER - 1) * value:
        return Pack((*pack.snippets, *reversed(additions)), pack.epoch)
    if sum(snippet.score for snippet in fresh) > BETTER * value:
        return Pack(tuple(reversed(fresh)), pack.epoch + 1)
    return pack


def _take_fitting(snippets: Sequence[Snippet], budget: int) -> list[Snippet]:
    """The best snippets that fit, best first. A snippet that is too long is skipped for a smaller one."""
    selection: list[Snippet] = []
    for snippet in snippets:
        need = count_tokens(snippet)
        if need <= budget:
            selection.append(snippet)
            budget -= need
    return selection


def _key(snippet: Snippet) -> tuple[str, str]:
    return snippet.path, snippet.text
