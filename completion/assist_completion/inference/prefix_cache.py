"""Where the model has been: prompts whose key-value states are still in a sequence or kept in memory.

Two sequences are live, one in front (visible requests) and one behind (warm-up). Every other place is
a snapshot in RAM, restored in about 2 ms, under a memory bound. Owner thread only.
It knows tokens and plans; it does not generate and does not decide what to show.
"""

from dataclasses import dataclass, field

from assist_completion.errors import ModelError
from assist_completion.inference.llama import Aborted, Llama, Logits
from assist_completion.prompt.layout import START, Plan, common_prefix, continue_at
from assist_context.documents import Context, Snippet

WORTH = 64  # tokens: below this, evaluating again (0.2 s) is as good as a snapshot


@dataclass(eq=False, slots=True)
class CachedPrompt:
    """One prompt and what of it was evaluated: `tokens` are in the cache, `fixed` ends with MID."""

    plan: Plan
    fixed: tuple[int, ...]
    full: bool
    tokens: list[int] = field(default_factory=list)
    state: bytes | None = None
    logits: tuple[int, Logits] | None = None  # those behind so many tokens, while the place is live


class PrefixCache:
    """The places of one model, most recently used last, and the two sequences they live in."""

    def __init__(self, llama: Llama, memory: int) -> None:
        self._llama = llama
        self._memory = memory
        self._places: list[CachedPrompt] = []
        self._live: list[CachedPrompt | None] = [None, None]  # [front, back]
        self._sequence = [0, 1]
        self.computed = 0  # prompt tokens computed so far, for aborted prompts too

    def find(self, context: Context) -> tuple[CachedPrompt, Plan] | None:
        """The best known place for a cursor: a full one before a small one, then one with the snippets of
        now, then the nearest anchor. One that is still being read comes after all that are ready.
        """
        fitting = [(place, continue_at(context, place.plan)) for place in self._places]
        known = [(place, plan) for place, plan in fitting if plan is not None]
        return max(known, key=lambda each: _rank(each[0], each[1], context), default=None)

    def starts(self, path: str, snippets: tuple[Snippet, ...]) -> list[str]:
        """How the full heads of a file behind these snippets begin, the newest first."""
        plans = [place.plan for place in reversed(self._places) if place.full]
        heads = [each.head for each in plans if each.path == path and each.snippets == snippets]
        return list(dict.fromkeys(head[:START] for head in heads if len(head) >= START))

    def reusable(self, fixed: tuple[int, ...]) -> int:
        """How many leading tokens of a new prompt some place has already evaluated."""
        return max((common_prefix(place.tokens, fixed) for place in self._places), default=0)

    def activate(self, place: CachedPrompt) -> None:
        """Bring a place to the front, from behind, from its snapshot, or from the place most like it."""
        if self._live[0] is not place:
            if self._live[1] is place:
                self._swap()
            else:
                self._open(0, place)
        self._touch(place)

    def activate_for_warmup(self, place: CachedPrompt) -> None:
        """Make a place live in the back sequence, for warming up."""
        if place not in self._live:
            self._open(1, place)
            self._touch(place)

    def evaluate(self, place: CachedPrompt, prompt: list[int]) -> Logits:
        """Make a live place hold `prompt`; the last token's logits.

        Only what differs from the tokens already there is computed: within a word that is typed, where the
        healed token stays out of the prompt, nothing. `Aborted` leaves a correct, shorter place behind.
        """
        seq = self._sequence[self._live.index(place)]
        keep = common_prefix(place.tokens, prompt)
        if keep == len(prompt) and place.logits is not None and place.logits[0] == keep:
            self._llama.truncate(seq, keep)
            place.tokens = prompt
            return place.logits[1]
        keep = min(keep, len(prompt) - 1)
        place.logits = None
        self._llama.truncate(seq, keep)
        try:
            logits = self._llama.decode(seq, prompt[keep:], keep)
        except (Aborted, ModelError):
            place.tokens = prompt[: self._llama.length(seq)]
            raise
        else:
            place.tokens = prompt
        finally:
            self.computed += max(0, self._llama.length(seq) - keep)
        place.logits = len(prompt), logits.copy()
        return place.logits[1]

    def append(self, place: CachedPrompt, token: int) -> Logits:
        """Decode one more token at the end of a live place."""
        seq = self._sequence[self._live.index(place)]
        logits = self._llama.decode(seq, [token], len(place.tokens))
        place.tokens.append(token)
        return logits

    def is_front(self, place: CachedPrompt) -> bool:
        return self._live[0] is place

    def _swap(self) -> None:
        self._live.reverse()
        self._sequence.reverse()

    def _open(self, slot: int, place: CachedPrompt) -> None:
        """Put a place into a slot, starting from the state that shares most tokens with it."""
        source = max(self._places, key=lambda p: common_prefix(p.tokens, place.fixed), default=None)
        shared = common_prefix(source.tokens, place.fixed) if source else 0
        if place.state is not None:
            source = place
            shared = len(place.tokens)
        self._stash(slot)
        seq = self._sequence[slot]
        tokens: list[int] = []
        if source is not None and shared >= WORTH:
            state = source.state or (self._save(source) if source in self._live else None)
            if state is not None and self._llama.restore(seq, state):
                tokens = source.tokens[:shared]
            if source not in self._live and source is not place and shared == len(source.tokens):
                self._drop(source)  # the new place holds all that it held
        self._llama.truncate(seq, len(tokens))
        place.tokens = tokens
        place.state = None
        self._live[slot] = place
        self._evict()

    def _stash(self, slot: int) -> None:
        """Keep the state of the place in a slot before something else takes it."""
        place = self._live[slot]
        if place is None:
            return
        place.logits = None
        if len(place.tokens) >= WORTH:
            place.state = self._save(place)
        else:
            self._drop(place)
        self._live[slot] = None

    def _save(self, place: CachedPrompt) -> bytes:
        return self._llama.save(self._sequence[self._live.index(place)])

    def _touch(self, place: CachedPrompt) -> None:
        if place in self._places:
            self._places.remove(place)
        self._places.append(place)

    def _evict(self) -> None:
        """Drop the least recently used snapshots until the rest fits the memory bound."""
        held = sum(len(place.state or b"") for place in self._places)
        for place in [p for p in self._places if p.state is not None]:
            if held <= self._memory:
                break
            held -= len(place.state or b"")
            self._drop(place)

    def _drop(self, place: CachedPrompt) -> None:
        """Forget a place and free what it held: whoever still refers to it keeps no memory."""
        if place in self._places:
            self._places.remove(place)
        place.state = None
        place.tokens = []
        place.logits = None


def _rank(place: CachedPrompt, plan: Plan, context: Context) -> tuple[int, bool, bool, int]:
    unread = len(place.fixed) - common_prefix(place.tokens, place.fixed)
    current = plan.snippets == context.snippets
    return (-unread if unread >= WORTH else 0, place.full, current, -len(plan.typed))
