"""The model's sentences, held to what it was shown: they end before any that names something else.

A small model invents names, numbers and errors, and says them as it says everything else. What it was shown
and the language's own names are known; a sentence with another name in it is not passed on, and no later one,
since that mostly goes on with the same. No model is asked here.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assist_completion.inference.sentences import is_whole, sentences
from assist_escalation.prompts import PLACEHOLDER

_WORD = re.compile(r"[^\W\d]\w*|\d+")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
# What names code in prose: what is between backticks, snake_case, camelCase, a call, and an error.
_NAMES = re.compile(
    r"""
      `(?P<code>[^`\n]+)`
    | \b(?P<word>\w*[^\W_]_\w+ | [a-z]+[A-Z]\w* | [A-Z]\w*(?:Error|Exception|Warning))\b
    | \b(?P<call>\w+)\(\)
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"(?<![\w.])\d+(?![\w])")
# What is said of code as a fact about it, and is in the code where it is true.
_CLAIMS = re.compile(r"\b(?P<stem>deprecat|thread-?safe|async)\w*", re.IGNORECASE)
# What a line of code binds, and the texts and comments in it.
_BOUND = re.compile(
    r"""
      ^\s*(?:(?:let|const|var|mut)\s+)*(\w+)\s*(?::[^=\n]*)?(?::=|=)(?!=)   # an assignment
    | \b(?:def|class|function|func|fn|for|as|with)\s+(\w+)                   # a definition, a loop, an alias
    """,
    re.MULTILINE | re.VERBOSE,
)
_TEXTS = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|(?:#|//).*")
_SMALL = 3  # numbers up to this one are words: "the first two"


@dataclass(frozen=True, slots=True)
class PromptWords:
    """The words that a model was shown, and its language's; `text` is the prompt in lower case."""

    words: frozenset[str]
    text: str

    @staticmethod
    def of(texts: Iterable[str], language_words: Iterable[str]) -> "PromptWords":
        """Return what is known by these texts."""
        lower = "\n".join(texts)
        return PromptWords(frozenset(_WORD.findall(lower)) | frozenset(language_words), lower.lower())


def find_unknown(sentence: str, prompt: PromptWords) -> tuple[str, ...]:
    """Return what a sentence names that is not known.

    >>> known = PromptWords.of(["def total(cart): return sum(cart)"], {"None"})
    >>> find_unknown("`total` adds up `cart`, or `prices`, and raises a ValueError.", known)
    ('prices', 'ValueError')
    """
    own = PLACEHOLDER.sub(" ", sentence)
    words = dict.fromkeys(word for text in _find_names(own) for word in _WORD.findall(text))
    unknown = [word for word in words if not _is_known(word, prompt)]
    claims = (match for match in _CLAIMS.finditer(sentence) if match["stem"].lower() not in prompt.text)
    return (*unknown, *(match[0] for match in claims))


def _find_names(sentence: str) -> Iterator[str]:
    for match in _NAMES.finditer(sentence):
        yield match["code"] or match["word"] or match["call"]
    yield from _NUMBER.findall(re.sub(r"`[^`\n]+`", "", sentence))


def _is_known(word: str, prompt: PromptWords) -> bool:
    if word.isdigit():
        return int(word) <= _SMALL or word in prompt.text
    return word in prompt.words


class HeldSentences:
    """Takes an answer piece by piece, and gives its whole sentences until one names something else."""

    def __init__(self, prompt: PromptWords, most: int = 0) -> None:
        """`most` sentences are taken, 0 for all."""
        self._most = most
        self._taken = 0
        self.unknown: tuple[str, ...] = ()
        self._known = prompt
        self._waiting = ""
        self._code: list[str] | None = None  # the lines of a block of code, from its fence on

    def take(self, piece: str) -> str:
        """The next piece; returns what can be shown by now."""
        self._waiting += piece
        unknown = list(sentences(self._waiting))
        whole = unknown if unknown and is_whole(unknown[-1]) else unknown[:-1]
        self._waiting = self._waiting[sum(map(len, whole)) :]
        return "".join(map(self._pass_on, whole))

    def rest(self) -> str:
        """Return what is left when the answer has ended."""
        text, self._waiting = self._waiting, ""
        lower_texts = self._pass_on(text)
        code, self._code = self._code or [], None
        return lower_texts + self._block("".join(code))

    def _pass_on(self, sentence: str) -> str:
        if self._code is not None or _FENCE.match(sentence):
            return self._pass_on_code(sentence)
        self._taken += bool(sentence.strip())
        if self._most and self._taken > self._most:
            return ""
        return self._known_part(sentence, find_unknown(sentence, self._known))

    def _pass_on_code(self, line: str) -> str:
        """A block of code is passed on whole, once it has ended."""
        opens = self._code is None
        self._code = [*(self._code or []), line]
        if opens or not _FENCE.match(line):
            return ""
        block, self._code = "".join(self._code), None
        return self._block(block)

    def _block(self, block: str) -> str:
        """A block of code, if all that it uses is known; it may bind names of its own, and say any text."""
        inside = _TEXTS.sub(" ", PLACEHOLDER.sub(" ", block.partition("\n")[2]))
        own = {name for names in _BOUND.findall(inside) for name in names if name}
        uses = dict.fromkeys(word for word in _WORD.findall(inside) if not word.isdigit() and word not in own)
        return self._known_part(block, tuple(word for word in uses if word not in self._known.words))

    def _known_part(self, text: str, unknown: tuple[str, ...]) -> str:
        """The text, if nothing in it is unknown, and nothing was before."""
        self.unknown = self.unknown or unknown
        return "" if self.unknown else text
