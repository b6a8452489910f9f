"""The anchored-middle prompt: where the text around a cursor goes, so that typing only appends.

    [file_sep path snippet]... [file_sep path] PRE head SUF suffix MID typed

`head` ends at the anchor, which is a few lines above the cursor and does not move while the user types.
`typed` is the text from the anchor to the cursor. It comes after MID, where the model continues it.
This module turns text into such a plan, and a plan into tokens. It knows no model and no cache.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from assist_completion.prompt.cold_head import FarLines, far_lines
from assist_completion.prompt.fim_tokens import Fim
from assist_context.documents import CHARS_PER_TOKEN, Context, Snippet

GRID = 32  # lines; heads that start on the same grid line share their tokens after a jump nearby
ANCHOR_LINES = 3  # benchmarks/infill.py: two to four lines above the cursor beat one and none
FAR = 0.4  # of a small head, for imports, heads of blocks and signatures from further up
TYPED_LIMIT = 6_000  # characters after the anchor; with more of them, the plan does not fit
START = 200  # characters by which the start of a head is recognised
SHORT, LONG = 0.3, 1.3  # of the budget: a known start between them saves a prefill of seconds
CLOSERS = ")]}>\"'`;,: \t"  # an editor adds these by itself, so they do not belong to the suffix


@dataclass(frozen=True, slots=True)
class Extent:
    """The limits of a prompt's text: tokens of head and suffix, and whether the head starts on the grid.

    `anchor` is how many lines above the cursor the head ends. `far` is the share of the head that lines
    chosen from further up may take.
    """

    head: int
    suffix: int
    lines_after: int
    snapped: bool
    anchor: int = ANCHOR_LINES
    far: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The texts of one prompt. `head + typed` is the text before the cursor, from some line on.

    `far` is what the prompt shows of the lines above these.
    """

    path: str
    head: str
    typed: str
    suffix: str
    snippets: tuple[Snippet, ...] = ()
    far: str = ""


def list_starts(plans: Iterable[Plan], path: str, snippets: tuple[Snippet, ...]) -> list[str]:
    """Return how the heads of a file after these snippets begin, in the order of the plans, each once."""
    heads = [earlier.head for earlier in plans if earlier.path == path and earlier.snippets == snippets]
    return list(dict.fromkeys(head[:START] for head in heads if len(head) >= START))


def count_tokens(snippet: Snippet) -> int:
    """An upper estimate of the tokens of a snippet, its path and marks included."""
    return int((len(snippet.text) + len(snippet.path)) / CHARS_PER_TOKEN) + 3


def take_suffix(after: str, lines: int, tokens: int) -> str:
    r"""The text that the prompt shows after the cursor.

    It starts on the next line, unless this line has more than closing characters after the cursor.

    >>> take_suffix(")\nx = 1\ny = 2\n", 1, 100)
    'x = 1\n'
    >>> take_suffix("b)\nx = 1\n", 5, 100)
    'b)\nx = 1\n'
    """
    rest, newline, below = after.partition("\n")
    text = below if not rest.strip(CLOSERS) else rest + newline + below
    limit = int(tokens * CHARS_PER_TOKEN)
    suffix_lines: list[str] = []
    for line in text.splitlines(keepends=True)[:lines]:
        limit -= len(line)
        if limit < 0 and suffix_lines:
            break
        suffix_lines.append(line[: max(0, limit + len(line))] if limit < 0 else line)
    return "".join(suffix_lines)


def same_suffix(old: str, new: str) -> bool:
    """Say if a prompt with the suffix `old` is still good: the first line is equal, and 90 % of the rest."""
    if old == new:
        return True
    if old.partition("\n")[0] != new.partition("\n")[0] or not old or not new:
        return False
    size = min(len(old), len(new), 160)  # about the first 50 tokens
    return SequenceMatcher(None, old[:size], new[:size], autojunk=False).ratio() >= 0.9


def plan(
    context: Context, extent: Extent, snippets: tuple[Snippet, ...] = (), starts: Sequence[str] = ()
) -> Plan:
    """Lay out a new prompt: choose the window, set the anchor, cut the suffix.

    `starts` are the starts of heads that are evaluated already. A fitting one is used again.
    """
    lines = context.before.split("\n")
    anchor = _anchor(lines, extent.anchor)
    suffix = take_suffix(context.after, extent.lines_after, extent.suffix)
    far = ""
    start = _known_start(context.before, lines, anchor, extent, starts)
    if extent.far:
        start, far = _far(context, lines, anchor, extent, suffix)
    elif start is None:
        start = _window(lines, anchor, context.start_line, extent)
    indent = len(lines[anchor]) - len(lines[anchor].lstrip(" \t"))
    head = "\n".join([*lines[start:anchor], lines[anchor][:indent]])
    text = "\n".join([lines[anchor][indent:], *lines[anchor + 1 :]])
    return Plan(context.path, head, text, suffix, snippets, far)


def _far(context: Context, lines: list[str], anchor: int, extent: Extent, suffix: str) -> tuple[int, str]:
    """Find where the head starts if lines from further up have a share of its room, and these lines."""
    room = int(extent.far * extent.head * CHARS_PER_TOKEN)
    far = ""
    for _ in range(2):  # what they leave of their share belongs to the head again
        own = extent.head - int(room / CHARS_PER_TOKEN)
        start = _window(lines, anchor, context.start_line, replace(extent, head=own))
        below = context.after.split("\n")[1:]
        far = far_lines(FarLines(lines, start, suffix, context.language, below), context.snippets, room)
        room = len(far)
    return start, far


def _anchor(lines: list[str], above: int) -> int:
    """Index of the anchor's line: a line with text, `above` lines above the cursor's line or higher."""
    at = max(0, len(lines) - 1 - above)
    while at > 0 and not lines[at].strip():
        at -= 1
    return at


def _window(lines: list[str], anchor: int, start_line: int, extent: Extent) -> int:
    """The first line of the head: as far up as the budget allows, then down to the grid."""
    room = int(extent.head * CHARS_PER_TOKEN)
    start = anchor
    while start > 0 and room >= len(lines[start - 1]) + 1:
        start -= 1
        room -= len(lines[start]) + 1
    if start == 0 or not extent.snapped:
        return start
    aligned = start + (-(start_line + start)) % GRID
    return aligned if aligned <= anchor else start


def _known_start(
    before: str, lines: list[str], anchor: int, extent: Extent, starts: Sequence[str]
) -> int | None:
    """The line of the first known start whose head would be neither too long nor too short."""
    room = extent.head * CHARS_PER_TOKEN
    for text in starts:
        at = before.find(text)
        if at < 0 or (at > 0 and before[at - 1] != "\n"):
            continue
        line = before.count("\n", 0, at)
        size = sum(len(text_line) + 1 for text_line in lines[line:anchor])
        if line <= anchor and SHORT * room <= size <= LONG * room:
            return line
    return None


def continue_plan(context: Context, earlier: Plan) -> Plan | None:
    """The plan for this cursor with the anchor of an earlier plan, or None if that does not fit here.

    It fits if its head is unchanged above the cursor, and its suffix below. Edits elsewhere, and lines
    inserted above the window, do not matter: the texts are compared, not their line numbers.
    """
    if earlier.path != context.path:
        return None
    floor = max(0, len(context.before) - len(earlier.head) - TYPED_LIMIT)
    # `rfind` would find an empty head at the end of the text.
    at = context.before.rfind(earlier.head, floor) if earlier.head else 0
    if at < 0 or (not earlier.head and context.start_line > 0):
        return None
    addition = context.before[at + len(earlier.head) :]
    if len(addition) > TYPED_LIMIT:
        return None
    if addition and not addition.strip() and earlier.head.endswith("\n"):
        return None  # only indentation after MID: exact match falls from 0.59 to 0.38
    lines = earlier.suffix.count("\n") + 1
    now = take_suffix(context.after, lines, 10 * lines + 200)
    if not same_suffix(earlier.suffix, now[: len(earlier.suffix)] if earlier.suffix else now):
        return None
    return replace(earlier, typed=addition)


def render(plan: Plan, fim: Fim, tokenize: Callable[[str], list[int]]) -> tuple[int, ...]:
    """The tokens of everything up to MID and MID itself, in the model's own repository format."""
    tokens = list(fim.head)
    if plan.snippets and fim.sep >= 0:
        for snippet in plan.snippets:
            tokens += [fim.sep, *tokenize(f"{snippet.path}\n{snippet.text.rstrip()}\n")]
        tokens += [fim.sep, *tokenize(f"{plan.path}\n")]
    return (*tokens, fim.pre, *tokenize(plan.far + plan.head), fim.suf, *tokenize(plan.suffix), fim.mid)


def common_prefix(a: Sequence[object], b: Sequence[object]) -> int:
    """Return how many leading items two sequences share: tokens of two lists, or characters of two texts.

    >>> common_prefix([1, 2, 3], [1, 2, 4])
    2
    """
    size = min(len(a), len(b))
    for i in range(size):
        if a[i] != b[i]:
            return i
    return size
