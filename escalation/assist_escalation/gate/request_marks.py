"""Words in a request that no file can foretell, and that are the same at each preview of the same request.

A mark follows the fences of each block, and placeholders hold another. Both are a keyed hash of all texts of
the request. The key is a secret of this installation, so a file that wants to end its own block would have to
hold a hash of itself under a key that it does not know. That is as safe as a random mark. Whoever saw marks
of other requests, such as a provider, learns nothing about the mark of a new text, and a text that holds a
mark is a new text. Only the same text has its mark. This module does not know where marks are written.
"""

import hashlib
import hmac
import json
import secrets
from contextlib import suppress
from pathlib import Path

from assist_context import durable_files
from assist_escalation.prompts import Prompt

KEY_BYTES = 32
_LETTERS = 12  # hexadecimal digits, 48 bits


def request_mark(key: bytes, use: str, prompt: Prompt) -> str:
    """The mark of a prompt for one `use`, as lower-case hexadecimal digits that occur in none of its texts.

    >>> from assist_escalation.prompts import Origin, Span
    >>> prompt = Prompt("ask", (Span("What is this?", Origin("user")),))
    >>> request_mark(b"k" * 32, "fence", prompt) == request_mark(b"k" * 32, "fence", prompt)
    True
    """
    parts = [
        (span.text, span.origin.source, span.origin.path, span.origin.first, span.origin.last)
        for span in prompt.spans
    ]
    body = json.dumps([use, prompt.command, parts]).encode("ascii")  # no two prompts have the same body
    digest = hmac.digest(key, body, hashlib.sha256)
    texts = [text for span in prompt.spans for text in (span.text, span.origin.path)]
    while any(digest.hex()[:_LETTERS] in text for text in texts):
        digest = hmac.digest(key, digest, hashlib.sha256)
    return digest.hex()[:_LETTERS]


def installation_key(path: Path) -> bytes:
    """The secret in the file, which its first use creates for its owner alone.

    If the file cannot be used, the secret is a new one: marks then differ from preview to preview.
    """
    key = _read(path)
    if len(key) != KEY_BYTES:
        with suppress(OSError):
            durable_files.make_folder(path.parent)
            _create(path, secrets.token_bytes(KEY_BYTES))
        key = _read(path)
    return key if len(key) == KEY_BYTES else secrets.token_bytes(KEY_BYTES)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(KEY_BYTES + 1)
    except OSError:
        return b""


def _create(path: Path, key: bytes) -> None:
    """Write the secret. If two processes do so at once, the first one's counts."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    durable_files.write(draft, key, 0o600)
    try:
        if path.exists():  # of another length: no secret of ours
            durable_files.rename(draft, path)
        else:
            durable_files.publish(draft, path)
    finally:
        durable_files.remove(draft)
