"""One sequence of tokens in a model's key-value cache: read from where it differs, cut back, saved, restored.

It does not know what the tokens mean, or which prompts are worth keeping (`prefix_cache`).
"""

from dataclasses import dataclass

from assist_completion.inference.llama import Llama, Logits
from assist_completion.prompt.layout import common_prefix


@dataclass(frozen=True, slots=True)
class SequenceSnapshot:
    """The tokens of a sequence, and llama.cpp's state for them."""

    tokens: list[int]
    state: bytes


class LlamaSequence:
    """The sequence `number` of a model. Use it on the owner thread only.

    `tokens` are in the sequence; do not change the list. `computed` counts the prompt tokens that `read` had
    to compute so far, aborted prompts included.
    """

    def __init__(self, llama: Llama, number: int = 0) -> None:
        self.llama = llama
        self.tokens: list[int] = []
        self.computed = 0
        self._number = number

    def unread(self, prompt: list[int]) -> int:
        """Return how many tokens of `prompt` reading it would compute."""
        return len(prompt) - self._count_kept(prompt)

    def _count_kept(self, prompt: list[int]) -> int:
        return min(common_prefix(self.tokens, prompt), len(prompt) - 1)

    def read(self, prompt: list[int]) -> Logits:
        """Make the sequence hold `prompt`. Returns the logits of its last token, valid until the next call.

        Only what follows the longest common prefix is computed, and at least one token. After `Aborted` or
        `ModelError` the sequence holds a correct, shorter prompt.
        """
        keep = self._count_kept(prompt)
        self.truncate(keep)
        try:
            return self.llama.decode(self._number, prompt[keep:], keep)
        finally:
            self.tokens = prompt[: self.llama.length(self._number)]
            self.computed += max(0, len(self.tokens) - keep)

    def append(self, token: int) -> Logits:
        """Decode one more token at the end."""
        logits = self.llama.decode(self._number, [token], len(self.tokens))
        self.tokens.append(token)
        return logits

    def append_each(self, tokens: list[int]) -> list[Logits]:
        """Decode some more tokens at the end, at most `SLICE`. Returns the logits of each."""
        logits = self.llama.decode_each(self._number, tokens, len(self.tokens))
        self.tokens += tokens  # only then, so that after `Aborted` they are known not to be there
        return logits

    def append_guess(self, token: int, guess: list[int]) -> list[Logits]:
        """Decode a token and a guess of those after it, fewer than `SLICE`. Wrong ones are forgotten.

        A guessed token is right if it is the likeliest one. Returns the logits after the token and after each
        right guess, valid until the next call.
        """
        start = len(self.tokens)
        following = self.append_each([token, *guess])
        right = 0
        while right < len(guess) and int(following[right].argmax()) == guess[right]:
            right += 1
        self.truncate(start + 1 + right)
        return following[: right + 1]

    def truncate(self, length: int) -> None:
        """Forget everything from token `length` on."""
        self.llama.truncate(self._number, length)
        self.tokens = self.tokens[:length]

    def save(self) -> SequenceSnapshot:
        """The state of the whole sequence, to be restored later into this sequence or another one."""
        return SequenceSnapshot(list(self.tokens), self.llama.save(self._number))

    def restore(self, snapshot: SequenceSnapshot, length: int) -> None:
        """Hold the first `length` tokens of a snapshot, or nothing if llama.cpp refuses its state."""
        is_whole = self.llama.restore(self._number, snapshot.state)
        self.tokens = snapshot.tokens[:length] if is_whole else []
        self.truncate(len(self.tokens))
