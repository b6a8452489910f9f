"""How one model is asked to fill in the middle: its special tokens, and where the text goes.

The token ids come from the model's own vocabulary, so a file that nobody catalogued works too.
This module knows no llama.cpp and no text; `llama` fills it in and `prompt` uses it.
"""

from dataclasses import dataclass

# Special tokens are recognised by id and never become text. These are their spellings, for a model that
# writes one out of ordinary tokens, as some badly converted ones do.
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
    """Special token ids of one vocabulary; `repo` and `sep` are -1 where the model has none.

    `head` is what every prompt starts with: the begin-of-sequence token of the models that want one.
    `special` holds every id that must never become text.
    """

    pre: int
    suf: int
    mid: int
    repo: int = -1
    sep: int = -1
    head: tuple[int, ...] = ()
    special: frozenset[int] = frozenset()
