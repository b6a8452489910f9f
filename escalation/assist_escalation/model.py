"""What a request to a model is made of, and what it costs: values that every stage of the gate shares.

A prompt is a list of spans, each of which knows where its text comes from. It has no text of its own:
only `prompt` lays spans out, so that what is looked at and what is sent are the same bytes.
"""

import hashlib
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
