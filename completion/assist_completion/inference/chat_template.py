"""From a conversation to the tokens of a prompt, with the chat template in the model's own file.

The template never sees what people wrote. It lays out marks; its own parts are then tokenized with special
tokens, and the texts in place of the marks as plain characters. So a text that contains `<|im_end|>` ends
nothing. This module knows no model by name and runs none.
"""

import logging
import re
from collections.abc import Sequence
from typing import Protocol

from assist_completion.errors import ModelError
from assist_completion.inference.conversation import Turn
from assist_completion.inference.llama import Load, apply_template

log = logging.getLogger(__name__)

CHATML = "chatml"  # llama.cpp's name for `<|im_start|>role ... <|im_end|>`
_PROBE = (Turn("user", ""),)
_MARK = "\ue0a0{}\ue0a1"  # characters for private use: no template contains or trims them
_MARKS = re.compile("\ue0a0([0-9]+)\ue0a1")


class Vocabulary(Protocol):
    """The part that this module needs of a `llama.Llama`. None of it touches a sequence."""

    load: Load

    def head(self) -> tuple[int, ...]: ...

    def is_special(self, token: int) -> bool: ...

    def tokenize(self, text: str, *, special: bool = False) -> list[int]: ...

    def chat_template(self) -> str: ...


def read_template(vocabulary: Vocabulary) -> str:
    """The model's own chat template, or ChatML.

    ChatML is used if llama.cpp does not know the model's template and the model has ChatML's tokens. Raises
    `ModelError` if it has not.
    """
    own = vocabulary.chat_template()
    if own and _lay_out(own, _PROBE) is not None:
        return own
    wrong = f"{vocabulary.load.path} has " + ("an unknown chat template" if own else "no chat template")
    for mark in ("<|im_start|>", "<|im_end|>"):
        tokens = vocabulary.tokenize(mark, special=True)
        if len(tokens) != 1 or not vocabulary.is_special(tokens[0]):
            raise ModelError(
                f"{wrong}, so it cannot answer questions. Use an instruct model such as "
                "qwen2.5-coder-1.5b (see `assist models list`)."
            )
    log.warning("%s; it is asked in ChatML, whose tokens it knows", wrong)
    return CHATML


def lay_out_prompt(vocabulary: Vocabulary, template: str, turns: Sequence[Turn]) -> list[int]:
    """The tokens of a conversation, up to where the answer begins.

    Raises `ModelError` if the template omits or moves a turn. The prompt must never lose its system turn.
    """
    parts = _lay_out(template, turns)
    if parts is None or parts[1::2] != [str(n) for n in range(len(turns))]:
        raise ModelError(
            f"the chat template of {vocabulary.load.path} cannot hold {', '.join(t.role for t in turns)} "
            "in this order. Use another model for answers."
        )
    tokens: list[int] = []
    for at, part in enumerate(parts):
        text = turns[at // 2].text if at % 2 else part
        tokens += vocabulary.tokenize(text, special=not at % 2)
    head = vocabulary.head()
    return tokens if tuple(tokens[: len(head)]) == head else [*head, *tokens]


def _lay_out(template: str, turns: Sequence[Turn]) -> list[str] | None:
    """The template's own parts and, between them, the numbers of the turns. None for an unknown template."""
    layout = apply_template(template, [(turn.role, _MARK.format(n)) for n, turn in enumerate(turns)])
    return None if layout is None else _MARKS.split(layout)


# Of 700 files of Python's library, its tests and Markdown, one (in rot13) has more tokens than the
# estimate. The median has 0.66 of it.
_LETTERS = 4
_RUNS = re.compile(r" ?[A-Za-z]+|\s+|[^\sA-Za-z]")


def estimate(text: str) -> int:
    """An upper estimate of the tokens of a text, without a vocabulary.

    >>> estimate("def area(width): return 42")
    12
    """
    count = 0
    for run in _RUNS.finditer(text):
        word = run.group().strip()
        letters = word.isascii() and word.isalpha()
        count += -(-len(word) // _LETTERS) if letters else len(word.encode("utf-8", "replace")) or 1
    return count
