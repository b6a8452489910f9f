"""What a request to a model is made of, what it costs, and how its spans become messages.

A prompt is a list of spans, each of which knows where its text comes from. Only `messages` lays them
out, so what is checked and what is sent are the same bytes. Code is put between marks that do not occur in
it, each piece under its place, so that a model can tell what a file says from what a person says.
This module decides nothing about what may be sent and knows no provider.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Source = Literal["assist", "user", "file", "editor"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text comes from.

    `assist`: our own words. `user`: what the person typed or pasted. `file`: lines of a workspace's file.
    `editor`: diagnostics, diffs and whatever else a tool said; its `path` is the file that it is about.
    `path` is relative to the folder `root` (absolute), with "/"; lines count from 1, both ends included.
    `blob` is the git blob id of the file whose lines these are.
    """

    source: Source
    path: str = ""
    root: str = ""
    first: int = 0
    last: int = 0
    blob: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a prompt with its origin."""

    text: str
    origin: Origin

    def sha256(self) -> str:
        """Of the text as UTF-8: what the audit log says of it."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request: what kind it is (one of `settings.REQUESTS`), and its spans in the order of reading."""

    command: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Messages:
    """The texts of one call, as they are sent."""

    system: str
    user: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a call is paid for; the classes are disjoint.

    `estimated` says that the provider told nothing believable and we counted ourselves.
    """

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    estimated: bool = False


SHORTEST = 3  # backticks, as in Markdown: what small models saw most


def fence(texts: Iterable[str]) -> str:
    """Backticks that stand in none of the texts.

    >>> fence(["a = 1"]), fence(["```python"])
    ('```', '````')
    """
    longest = SHORTEST
    for text in texts:
        run = 0
        for character in text if "`" * longest in text else "":
            run = run + 1 if character == "`" else 0
            longest = max(longest, run + 1)
    return "`" * longest


def lay_out(prompt: Prompt, mark: str = "") -> Messages:
    """The messages of a prompt: our own words are the system's, everything else the user's, in order.

    `mark` is put behind the fences of each block; with one drawn at random a file cannot end its block.
    """
    bars = fence(span.text for span in prompt.spans)
    system = [span.text for span in prompt.spans if span.origin.source == "assist"]
    user = [_block(span, bars, mark) for span in prompt.spans if span.origin.source != "assist"]
    return Messages("\n\n".join(system), "\n\n".join(user))


def _block(span: Span, bars: str, mark: str) -> str:
    if span.origin.source == "user":
        return span.text
    body = span.text if span.text.endswith("\n") else span.text + "\n"
    tail = f" {mark}" if mark else ""
    return f"{bars}{label(span.origin)}{tail}\n{body}{bars}{tail}"


def label(origin: Origin) -> str:
    """The place of a text, for a model and for people.

    >>> label(Origin("file", "src/app.py", "/home/me", 3, 9)), label(Origin("editor", "src/app.py"))
    ('src/app.py lines 3-9', 'about src/app.py')
    """
    lines = f" lines {origin.first}-{origin.last}" if origin.first else ""
    named = "".join(each if each.isprintable() else "?" for each in origin.path)
    return f"{'about ' if origin.source == 'editor' else ''}{named or 'the editor'}{lines}"
