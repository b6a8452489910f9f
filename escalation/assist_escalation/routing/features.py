"""The difficulty of a request, as named numbers: from the request, and from a local answer.

The numbers come from the user's own words and from counts. This module sees no text of a workspace, so no
words in a file can affect a decision. The counts (files, symbols, calls, lines, tokens, diagnostics) say how
much code a question is about, and whoever writes the code can move them. All numbers of a local answer can be
moved by what the model read; see `router.after`. It knows no weights.
"""

import math
import re
from dataclasses import dataclass

from assist_escalation.prompts import Prompt

INLINE = "complete"  # ghost text: no provider is asked; a team's server has a gate of its own
COMMANDS = ("explain", "ask", "test", "refactor", "fix")
LOOKED_AT = 4_000  # characters of the user's words, from both ends: a pasted log must not cost 100 ms
BYTES_PER_TOKEN = 3.5  # Qwen2.5's vocabulary: 3.55 over the benchmark's prompts, 3.9 over this project's code

# Beginnings of words and phrases. They are guesses that were never tested against labels, so all they can do
# is to make the user confirm, or to make a request look harder.
_ARCHITECTURE = (
    "architect", "redesign", "restructur", "modulari", "decoupl", "microservice",
    "system design", "overall design", "high level design", "software design", "design pattern", "re design",
    "design decision", "design choice", "design trade", "project structure", "package structure",
    "module structure", "codebase structure", "structure of the project", "structure of the package",
    "structure of the code", "structure of this project", "structure of our", "micro service",
)  # fmt: skip
_HARD = (
    "concurren", "deadlock", "async", "security", "vulnerab", "performan", "optimi", "migrat", "transaction",
    "distributed", "algorithm", "threadsafe", "thread safe", "race condition", "memory leak",
    "backward compatib", "backwards compatib",
)  # fmt: skip
_WORD = re.compile(r"[a-z]+")
_DEMANDS = (" and ", ". ", "; ", "? ", ".\n", "\n- ", "\n* ")


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """One request as the router sees it. `words` are the user's own words; all else are counts.

    `files`: the files in the prompt, and `symbols`: the definitions in them. `fan_out`: the different names
    that the target calls. `edit_lines`: the lines that the answer may replace. `context_tokens`: the tokens
    of the whole prompt. `local_window`: the most tokens that the local model reads. `diagnostics`: those in
    the prompt.
    """

    command: str
    words: str = ""
    files: int = 1
    symbols: int = 0
    fan_out: int = 0
    edit_lines: int = 0
    context_tokens: int = 0
    local_window: int = 4096
    diagnostics: int = 0


@dataclass(frozen=True, slots=True)
class StructureCounts:
    """The counts of a request that an index and an editor provide: see `RequestFacts`."""

    symbols: int = 0
    fan_out: int = 0
    edit_lines: int = 0
    diagnostics: int = 0


@dataclass(frozen=True, slots=True)
class Confidence:
    """The confidence of a local model in an answer.

    A margin is how far a token's first choice was above the second, in logits. `parse_delta`: the parse
    errors that its edit adds, below 0 if it fixes some. `edit_fits`: whether a dry run of the edit succeeded;
    None for an answer that edits nothing.
    """

    mean_margin: float
    least_margin: float
    worst8_margin: float
    length_stop: bool
    parse_delta: int = 0
    edit_fits: bool | None = None


def request_facts(prompt: Prompt, structure: StructureCounts, local_window: int) -> RequestFacts:
    """The facts of a prompt: the text of the user's own spans, and only the length of all others."""
    spans = prompt.spans
    files = {(span.origin.root, span.origin.path) for span in spans if span.origin.source == "file"}
    size = sum(len(span.text.encode("utf-8", "surrogatepass")) for span in spans)
    return RequestFacts(
        command=prompt.command,
        words="\n".join(span.text for span in spans if span.origin.source == "user"),
        files=len(files),
        symbols=structure.symbols,
        fan_out=structure.fan_out,
        edit_lines=structure.edit_lines,
        context_tokens=math.ceil(size / BYTES_PER_TOKEN),
        local_window=local_window,
        diagnostics=structure.diagnostics,
    )


def kinds(facts: RequestFacts) -> tuple[str, ...]:
    """The command, and the other kinds that the request belongs to.

    >>> kinds(RequestFacts("refactor", "Restructure the project into packages", files=3))
    ('refactor', 'cross_file', 'architecture')
    """
    names = [facts.command]
    if facts.files > 1:
        names.append("cross_file")
    if _is_architecture(_plain(_searched_words(facts))):
        names.append("architecture")
    return tuple(names)


def features(facts: RequestFacts) -> dict[str, float]:
    """Counts on a logarithmic scale, since the second file matters more than the tenth. Flags are 0 or 1.

    >>> features(RequestFacts("fix", "Mend it and say why.", edit_lines=7))["edit_lines"]
    2.079
    """
    text = _searched_words(facts)
    plain = _plain(text)
    return {
        **{command: float(command == facts.command) for command in COMMANDS},
        "words": _log(len(facts.words.split())),
        "demands": _log(sum(map(text.count, _DEMANDS))),
        "hard_words": float(min(3, _beginning(plain, _HARD))),
        "architecture": float(_is_architecture(plain)),
        "files": _log(facts.files - 1),
        "symbols": _log(facts.symbols),
        "fan_out": _log(facts.fan_out),
        "edit_lines": _log(facts.edit_lines),
        "window": round(min(2.0, facts.context_tokens / max(1, facts.local_window)), 3),
        "diagnostics": _log(facts.diagnostics),
    }


def answer_features(confidence: Confidence) -> dict[str, float]:
    """The features of a local answer."""
    return {
        "mean_margin": round(confidence.mean_margin, 3),
        "least_margin": round(confidence.least_margin, 3),
        "worst8_margin": round(confidence.worst8_margin, 3),
        "length_stop": float(confidence.length_stop),
        "parse_broken": float(min(3, max(0, confidence.parse_delta))),
        "edit_misfit": float(confidence.edit_fits is False),
    }


def _searched_words(facts: RequestFacts) -> str:
    """The user's words in lower case, or both ends of a long text."""
    words = facts.words
    half = LOOKED_AT // 2
    return (words if len(words) <= LOOKED_AT else f"{words[:half]}\n{words[-half:]}").lower()


def _plain(text: str) -> str:
    """Only the words, with one space around each, so that phrases are found across hyphens and lines."""
    return f" {' '.join(_WORD.findall(text))} "


def _is_architecture(plain: str) -> bool:
    return _beginning(plain, _ARCHITECTURE) > 0


def _beginning(plain: str, beginnings: tuple[str, ...]) -> int:
    """Return how many of these beginnings of words or phrases occur."""
    return sum(f" {beginning}" in plain for beginning in beginnings)


def _log(count: float) -> float:
    return round(math.log1p(max(0.0, count)), 3)
