"""The prompts whose key-value states still exist, in one of two sequences or as a snapshot in memory.

One sequence is in front and serves visible requests, the other is in the back and serves warm-up and guests:
prompts of other programs, which cost the user's own nothing. A snapshot is restored in about 2 ms, and all of
them together stay within a memory bound, for which guests go first. Owner thread only.
This module knows tokens and plans. It does not generate text or decide what is shown.
"""

from dataclasses import dataclass

from assist_completion.inference.llama import Llama, Logits
from assist_completion.inference.sequence import LlamaSequence, SequenceSnapshot
from assist_completion.prompt.layout import Plan, common_prefix, continue_plan, list_starts
from assist_context.documents import Context, Snippet

WORTH = 64  # tokens: below this, evaluating again (0.2 s) is as good as a snapshot


@dataclass(eq=False, slots=True)
class CachedPrompt:
    """One prompt: its plan, `fixed`, its tokens up to MID, and whether it has the full head.

    The prefix cache gives it a sequence while it is live, and a snapshot afterwards. `logits` are those after
    so many tokens; they are kept while the prompt is live. `guest`: another program asked for it.
    """

    plan: Plan
    fixed: tuple[int, ...]
    full: bool
    sequence: LlamaSequence | None = None
    snapshot: SequenceSnapshot | None = None
    logits: tuple[int, Logits] | None = None
    guest: bool = False

    @property
    def tokens(self) -> list[int]:
        """The tokens that were evaluated and are still cached."""
        if self.sequence is not None:
            return self.sequence.tokens
        return self.snapshot.tokens if self.snapshot is not None else []


class PrefixCache:
    """The cached prompts of one model, most recently used last, and the two sequences that hold live ones."""

    def __init__(self, llama: Llama, memory: int) -> None:
        self._memory = memory
        self._prompts: list[CachedPrompt] = []
        self._front = LlamaSequence(llama, 0)
        self._back = LlamaSequence(llama, 1)

    @property
    def computed(self) -> int:
        """Prompt tokens computed so far, aborted prompts included."""
        return self._front.computed + self._back.computed

    def find(self, context: Context, *, guest: bool = False) -> tuple[CachedPrompt, Plan] | None:
        """The best cached prompt for a cursor, with the plan that continues it there.

        A prompt that still lacks many tokens comes after ready ones. Then a prompt that shows more of
        the file is better, then one with the current snippets, then the one with the nearest anchor.
        """
        prompts = (prompt for prompt in self._prompts if prompt.guest is guest)
        fitting = [(prompt, continue_plan(context, prompt.plan)) for prompt in prompts]
        candidates = [(prompt, plan) for prompt, plan in fitting if plan is not None]
        return max(candidates, key=lambda each: _rank(each[0], each[1], context), default=None)

    def starts(self, path: str, snippets: tuple[Snippet, ...], *, guest: bool = False) -> list[str]:
        """Return how the full heads of a file after these snippets begin, the newest first."""
        plans = [prompt.plan for prompt in reversed(self._prompts) if prompt.full and prompt.guest is guest]
        return list_starts(plans, path, snippets)

    def count_reusable(self, tokens: tuple[int, ...]) -> int:
        """Return how many leading tokens of a new prompt are in the cache already."""
        return max((common_prefix(prompt.tokens, tokens) for prompt in self._prompts), default=0)

    def activate(self, prompt: CachedPrompt) -> None:
        """Bring a prompt to the front: from the back, its snapshot, or the cached prompt most like it.

        A guest's stays in the back, so that the one in front is as its user left it.
        """
        if prompt.guest:
            self.activate_for_warmup(prompt)
            return
        if prompt.sequence is self._back:
            self._front, self._back = self._back, self._front
        elif prompt.sequence is not self._front:
            self._open(prompt, self._front)
        self._touch(prompt)

    def activate_for_warmup(self, prompt: CachedPrompt) -> None:
        """Make a prompt live in the back sequence, unless it is live already."""
        if prompt.sequence is None:
            self._open(prompt, self._back)
            self._touch(prompt)

    def evaluate(self, prompt: CachedPrompt, tokens: list[int]) -> Logits:
        """Make a live prompt hold `tokens`, and return the logits of the last one.

        Only what differs from the tokens in its sequence is computed. While the user types within a word, the
        healed token stays out of the prompt, so nothing is computed. After `Aborted` the prompt is shorter,
        but correct.
        """
        sequence = _take_sequence(prompt)
        computed_logits = prompt.logits
        if computed_logits is not None and computed_logits[0] == len(tokens) == common_prefix(
            sequence.tokens, tokens
        ):
            sequence.truncate(len(tokens))
            return computed_logits[1]
        prompt.logits = None
        logits = sequence.read(tokens).copy()
        prompt.logits = (len(tokens), logits)
        return logits

    def append(self, prompt: CachedPrompt, token: int) -> Logits:
        """Decode one more token at the end of a live prompt."""
        return _take_sequence(prompt).append(token)

    def is_front(self, prompt: CachedPrompt) -> bool:
        return prompt.sequence is self._front

    def _open(self, prompt: CachedPrompt, sequence: LlamaSequence) -> None:
        """Put a prompt into a sequence, starting from the state that shares the most tokens with it."""
        source = max(self._prompts, key=lambda each: common_prefix(each.tokens, prompt.fixed), default=None)
        prefix = common_prefix(source.tokens, prompt.fixed) if source else 0
        if prompt.snapshot is not None:
            source = prompt
            prefix = len(prompt.tokens)
        self._stash(sequence)
        snapshot = _take_snapshot(source) if source is not None and prefix >= WORTH else None
        if snapshot is not None:
            sequence.restore(snapshot, prefix)
        else:
            sequence.truncate(0)
        other = source is not None and source is not prompt and source.snapshot is not None
        if (
            source is not None
            and other
            and WORTH <= prefix == len(source.tokens)
            and source.guest >= prompt.guest
        ):
            self._drop(source)  # the new prompt holds all that it held
        prompt.snapshot = None
        prompt.sequence = sequence
        self._evict()

    def _stash(self, sequence: LlamaSequence) -> None:
        """Keep the state of the prompt in a sequence before another prompt takes the sequence."""
        for prompt in [prompt for prompt in self._prompts if prompt.sequence is sequence]:
            if len(prompt.tokens) >= WORTH:
                prompt.snapshot = sequence.save()
                prompt.sequence = None
                prompt.logits = None
            else:
                self._drop(prompt)

    def _touch(self, prompt: CachedPrompt) -> None:
        if prompt in self._prompts:
            self._prompts.remove(prompt)
        self._prompts.append(prompt)

    def _evict(self) -> None:
        """Drop the least recently used snapshots until the rest fits the memory bound, guests' first."""
        prompts = sorted(self._prompts, key=lambda each: not each.guest)
        sizes = [(prompt, len(prompt.snapshot.state)) for prompt in prompts if prompt.snapshot is not None]
        total = sum(size for _, size in sizes)
        for prompt, size in sizes:
            if total <= self._memory:
                break
            total -= size
            self._drop(prompt)

    def _drop(self, prompt: CachedPrompt) -> None:
        """Forget a prompt and free what it held, also for those who still refer to it."""
        if prompt in self._prompts:
            self._prompts.remove(prompt)
        prompt.sequence = None
        prompt.snapshot = None
        prompt.logits = None


def _take_sequence(prompt: CachedPrompt) -> LlamaSequence:
    if prompt.sequence is None:
        raise ValueError("this prompt is not live: activate it before it is evaluated")
    return prompt.sequence


def _take_snapshot(prompt: CachedPrompt) -> SequenceSnapshot | None:
    return prompt.sequence.save() if prompt.sequence is not None else prompt.snapshot


def _rank(prompt: CachedPrompt, plan: Plan, context: Context) -> tuple[int, bool, bool, int]:
    unread = len(prompt.fixed) - common_prefix(prompt.tokens, prompt.fixed)
    current = plan.snippets == context.snippets
    return (-unread if unread >= WORTH else 0, prompt.full, current, -len(plan.typed))
