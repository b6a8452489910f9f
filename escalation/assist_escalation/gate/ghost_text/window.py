"""The requests of one window, as the audit log and the ledger have them: counted, not listed.

This module writes nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assist_escalation.prompts import Usage
from assist_escalation.provider.infill.answer import InfillPiece

SECONDS = 60.0
REQUESTS = 200
LEAST_BYTES = 2  # of a token, for prompts whose tokens no one counted
MOST_FILES = 100  # that are named; more are counted


@dataclass(slots=True)
class Window:
    """What was sent in a window that began at `start`. `id` is that of its two events and its booking.

    Money is reserved for `most` requests of at most `most_tokens` of answer. `estimated`: a server did not
    say how many tokens it read. `logged`: its closing event is written.
    """

    id: str
    start: float
    most: int = REQUESTS
    most_tokens: int = 0
    requests: int = 0
    failed: int = 0
    sent: int = 0
    received: int = 0
    ms: float = 0.0
    prompt: int = 0
    cached: int = 0
    written: int = 0
    model: str = ""
    estimated: bool = False
    logged: bool = False
    files: Counter[str] = field(default_factory=Counter)
    redactions: Counter[str] = field(default_factory=Counter)
    payloads: Any = field(default_factory=hashlib.sha256)

    def is_over(self, now: float, tokens: int = 0) -> bool:
        """Whether the next request, of so many tokens of answer, belongs to another window."""
        full = self.requests >= self.most or tokens > self.most_tokens
        return full or now - self.start >= SECONDS

    def add_request(self, body: bytes, files: Sequence[str], redactions: Mapping[str, int]) -> None:
        """Count a request that is about to be sent. `redactions` are its placeholders by type."""
        self.requests += 1
        self.sent += len(body)
        self.payloads.update(hashlib.sha256(body).digest())
        self.files.update(set(files))
        self.redactions.update(redactions)

    def add_answer(
        self, last: InfillPiece, size: int, written: int, received: int, ms: float, *, failed: bool
    ) -> None:
        """Count how a request of `size` bytes ended; `received` is in bytes, `written` in tokens."""
        if not last.prompt:  # the answer was closed before the server counted
            self.estimated = True
        self.prompt += last.prompt or size // LEAST_BYTES
        self.cached += last.cached
        self.model = last.model or self.model
        self.written += written
        self.received += received
        self.ms += ms
        self.failed += failed

    @property
    def usage(self) -> Usage:
        """The tokens of all requests."""
        return Usage(self.prompt - self.cached, self.cached, 0, self.written, self.estimated)

    def fields(self) -> dict[str, Any]:
        """What the closing event says in addition to the fields that every outcome has."""
        named = self.files.most_common(MOST_FILES)
        return {
            "requests": self.requests,
            "failed": self.failed,
            "bytes_sent": self.sent,
            "bytes_received": self.received,
            "files": [{"path": path, "requests": count} for path, count in named],
            "more_files": len(self.files) - len(named),
            "redactions": [{"type": kind, "count": count} for kind, count in sorted(self.redactions.items())],
            "payloads_sha256": self.payloads.hexdigest(),
        }
