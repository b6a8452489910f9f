"""The prompt of a request, and the messages that its spans become.

A prompt is a list of spans. Each span knows where its text comes from. Only `lay_out` turns spans into
messages, so the bytes that are checked are the bytes that are sent. Code is put between fences that do not
occur in it, with its file and lines above, so that a model can tell a file from the user's own words.
A placeholder is what such a text has in place of a secret: how one is written and recognized is at the end.
This module does not decide what may be sent, and knows no provider and no secret.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from assist_context.languages import language_of

TextSource = Literal["assist", "user", "file", "editor", "library", "answer"]


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a text.

    The `source` is `assist` for our own words, `user` for what the user typed or pasted, `file` for lines
    of a file in the workspace, and `editor` for the output of tools, such as diagnostics and diffs; its
    `path` is then the file that the output is about. `library` is what an installed library says of itself:
    signatures and first sentences, of no file of the workspace. `path` is relative to the absolute folder
    `root`, with "/". Lines count from 1, both ends included. `blob` is the git blob id of the file.
    `outline`: the text is not all of these lines, but the lines that say most, such as the heads of a class's
    methods. `answer` is an earlier answer of a model; `derived` are the origins of all that this model was
    shown. A text may leave only where all that it derives from may.
    """

    source: TextSource
    path: str = ""
    root: str = ""
    first: int = 0
    last: int = 0
    blob: str = ""
    outline: bool = False
    derived: tuple["Origin", ...] = ()


HiddenPart = tuple[int, int, str]  # the first character of a secret, the one after its last, and its type


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a prompt with its origin.

    `hidden` are secrets in the text that only the rest of its file shows, such as a line of a key.
    """

    text: str
    origin: Origin
    hidden: tuple[HiddenPart, ...] = ()

    def sha256(self) -> str:
        """The hash of the text in UTF-8, as the audit log has it."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


def plain_line_ends(span: Span) -> Span:
    r"""The same piece without the "\r" that Windows has at the end of each line, for models a token more.

    >>> plain_line_ends(Span("a\r\nkey\r\n", Origin("file"), ((3, 6, "KEY"),))).hidden
    ((2, 5, 'KEY'),)
    """
    text = span.text
    if "\r\n" not in text:
        return span
    hidden = tuple(
        (start - text.count("\r\n", 0, start), end - text.count("\r\n", 0, end), kind)
        for start, end, kind in span.hidden
    )
    return replace(span, text=text.replace("\r\n", "\n"), hidden=hidden)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request: its kind (one of `settings.REQUESTS`), and its spans in reading order."""

    command: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Messages:
    """The texts of one call, exactly as they are sent."""

    system: str
    user: str


@dataclass(frozen=True, slots=True)
class Block:
    """A span as it is in its message, fences included. `origin` is where its text comes from."""

    role: Literal["system", "user"]
    origin: Origin
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens that a call is paid for. No token is in two of the counts.

    `estimated`: the provider reported nothing that can be true, so we counted the tokens ourselves.
    """

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    estimated: bool = False


BETWEEN = "\n\n"  # two blocks of a message
SHORTEST = 3  # backticks, as in Markdown, which small models saw most


def fence(texts: Iterable[str]) -> str:
    """A fence of backticks that is longer than any in the texts.

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
    """The messages of a prompt. Our own words before anything else become the system message.

    All else becomes the user message, in order, our own words at the end of it included. `mark` is written
    after the fences of each block. A mark that no file can foretell prevents one from ending its block.
    """
    return _join(blocks(prompt, mark))


def lay_out_plainly(prompt: Prompt) -> Messages:
    """The messages for a small model, with the name of a piece above its fence, and the language on it.

    A small model copies a name on the fence into its own code: of 24 corrected functions 4 began with one.
    """
    bars = fence(span.text for span in prompt.spans)
    return _join(_blocks(prompt, lambda span: _plain_block(span, bars)))


def blocks(prompt: Prompt, mark: str = "") -> tuple[Block, ...]:
    """The spans of a prompt as they are in its messages, where `BETWEEN` is between two of them."""
    bars = fence(span.text for span in prompt.spans)
    return _blocks(prompt, lambda span: _block(span, bars, mark))


def _blocks(prompt: Prompt, fence: Callable[[Span], str]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    role: Literal["system", "user"] = "system"
    for span in prompt.spans:
        own = span.origin.source == "assist"
        role = role if own else "user"
        text = span.text if own or span.origin.source == "user" else fence(span)
        blocks.append(Block(role, span.origin, text))
    return tuple(blocks)


def _join(blocks: Iterable[Block]) -> Messages:
    texts: dict[str, list[str]] = {"system": [], "user": []}
    for block in blocks:
        texts[block.role].append(block.text)
    return Messages(*(BETWEEN.join(texts[role]) for role in ("system", "user")))


def _block(span: Span, bars: str, mark: str) -> str:
    tail = f" {mark}" if mark else ""
    return f"{bars}{label(span.origin)}{tail}\n{_whole_lines(span.text)}{bars}{tail}"


def _plain_block(span: Span, bars: str) -> str:
    language = language_of(span.origin.path).name if span.origin.source == "file" else ""
    return f"{label(span.origin)}:\n{bars}{language}\n{_whole_lines(span.text)}{bars}"


def _whole_lines(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def label(origin: Origin) -> str:
    """The file and lines of a text, for models and for people.

    >>> label(Origin("file", "src/app.py", "/home/me", 3, 9)), label(Origin("editor", "src/app.py"))
    ('src/app.py lines 3-9', 'about src/app.py')
    """
    lines = f" lines {origin.first}-{origin.last}" if origin.first else ""
    if origin.source == "answer":
        return "an earlier answer"
    if origin.source == "library":
        return "signatures of installed libraries"
    name = "".join(character if character.isprintable() else "?" for character in origin.path)
    return f"{'about ' if origin.source == 'editor' else ''}{name or 'the editor'}{lines}"


# A placeholder in a request: letters, digits and "_", so that it fits into any name, string or path.
PLACEHOLDER = re.compile(
    r"""
      __SECRET_[A-Z][A-Z0-9_]{0,30}?_[0-9a-z]{4,40}_\d{1,6}__   # in requests
    | \[redacted:[a-z_]{1,40}\]                                 # in logs and messages
    """,
    re.VERBOSE,
)
# The beginning of a placeholder, even if a model altered the rest.
BEGINNING = re.compile(r"__SECRET_\w+")
# Anything that may have been a placeholder before a model rewrote it.
ALTERED = re.compile(r"_*+SECRET_[A-Z0-9_]+_[0-9A-Za-z]+_\d+(?:_+)?", re.IGNORECASE)


def request_placeholder(type_: str, nonce: str, number: int) -> str:
    """The placeholder in a request for its secret number `number`, which has a type such as "PASSWORD".

    >>> request_placeholder("PASSWORD", "1a2b", 1)
    '__SECRET_PASSWORD_1a2b_1__'
    """
    return f"__SECRET_{type_}_{nonce}_{number}__"


def log_placeholder(type_: str) -> str:
    """Return what logs and messages show for any secret of a type.

    >>> log_placeholder("PASSWORD")
    '[redacted:password]'
    """
    return f"[redacted:{type_.lower()}]"
