"""How much likelier a model finds the new text of a line than the old one, after the edits of a session.

The lines above the place are read once for both. This module knows no use of a score.
"""

import time
from collections.abc import Callable

import numpy as np

from assist_completion.errors import CompletionError
from assist_completion.inference.llama import SLICE, Logits
from assist_completion.inference.sequence import LlamaSequence
from assist_completion.prompt.layout import common_prefix
from assist_completion.prompt.next_edit_layout import NextEditLayout, answer_until
from assist_completion.rewrite.decoding import fitting_prompt, read
from assist_completion.rewrite.window_rewrite import LineChange, RankedLine
from assist_completion.suggestion import Millis, Tokens


def rank_line(
    sequence: LlamaSequence,
    layout: NextEditLayout,
    change: LineChange,
    clock: Callable[[], float] = time.perf_counter,
) -> RankedLine:
    """The log-probability of a line's new text minus that of the old one, each up to its line end.

    Raises `TooLongError`, `ModelError`, `Aborted`, and `CompletionError` if the line is not in the window.
    """
    start = clock()
    window = change.window
    if not 0 <= change.line - window.line < len(window.lines):
        raise CompletionError(f"line {change.line} is not in the window that begins at {window.line}")
    llama = sequence.llama
    old, new = (
        llama.tokenize(answer_until(layout, window, change.line, text))
        for text in (window.lines[change.line - window.line], change.text)
    )
    same = common_prefix(old, new)
    prompt = fitting_prompt(llama, layout, window, max(len(old), len(new)))
    evaluated: list[int] = []
    logits = read(sequence, [*prompt, *old[:same]], evaluated.append).copy()
    length = len(sequence.tokens)
    chances = []
    for rest in (old[same:], new[same:]):
        chances.append(_chance(sequence, rest, logits))
        evaluated.append(max(0, len(rest) - 1))
        sequence.truncate(length)
    tokens = Tokens(len(prompt), sum(evaluated), 0)
    return RankedLine(chances[1] - chances[0], tokens, Millis(total=1e3 * (clock() - start)))


def _chance(sequence: LlamaSequence, tokens: list[int], logits: Logits) -> float:
    """The log-probability of some tokens at the end of a sequence, of which `logits` are known."""
    total = 0.0
    for at in range(0, len(tokens), SLICE):
        part = tokens[at : at + SLICE]
        total += _log_probability(logits, part[0])
        ahead = part if at + SLICE < len(tokens) else part[:-1]
        if not ahead:
            continue
        each = sequence.append_each(ahead)
        total += sum(_log_probability(before, token) for before, token in zip(each, part[1:], strict=False))
        logits = each[-1]
    return total


def _log_probability(logits: Logits, token: int) -> float:
    peak = float(logits.max())
    return float(logits[token]) - peak - float(np.log(np.exp(logits - peak).sum()))
