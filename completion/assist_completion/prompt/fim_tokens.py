"""The special tokens with which a model fills in the middle.

The token ids come from the model's own vocabulary, so a file that is not in the catalogue works too.
This module knows no llama.cpp and no text: `llama` fills in the ids, and `layout` uses them.
"""

from dataclasses import dataclass

# Special tokens are recognised by id and never become text. These are their spellings, because some badly
# converted models write one out of ordinary tokens.
SPELLED = (
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|file_sep|>",
    "<|repo_name|>",
    "<|endoftext|>",
    "<|im_end|>",
    "<fim_prefix>",
    "<fim_middle>",
    "<fim_suffix>",
    "<file_sep>",
)


@dataclass(frozen=True, slots=True)
class Fim:
    """The special token ids of one vocabulary. `repo` and `sep` are -1 if the model has none.

    `head` is what every prompt starts with: the begin-of-sequence token, if the model wants one.
    `special` holds every id that must never become text.
    """

    pre: int
    suf: int
    mid: int
    repo: int = -1
    sep: int = -1
    head: tuple[int, ...] = ()
    special: frozenset[int] = frozenset()
