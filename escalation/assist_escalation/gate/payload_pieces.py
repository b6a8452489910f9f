"""The pieces of a request exactly as they would be sent, each with where it comes from, for people to read.

The texts are the messages' own, fences and separators included, and never a text before redaction. This
module has no words for people.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assist_escalation.errors import EscalationError
from assist_escalation.gate.prepare import Prepared
from assist_escalation.policy.verdict import find_classes
from assist_escalation.prompts import BETWEEN, Messages, Origin, Prompt, Span, blocks
from assist_escalation.redaction.redactor import Redacted


@dataclass(frozen=True, slots=True)
class RedactedPlace:
    """A place of a redaction: its type in capitals, and the line in its file.

    The line is 0 where that is not known: in an outline, in what has no file, and in a file's name.
    """

    type: str
    origin: Origin
    line: int = 0


@dataclass(frozen=True, slots=True)
class PayloadPiece:
    """A part of a message. The texts of a `role` are its message, joined by `prompts.BETWEEN`."""

    role: Literal["system", "user"]
    origin: Origin
    classes: tuple[str, ...]
    text: str
    redacted: tuple[RedactedPlace, ...]


def payload_pieces(draft: Prepared) -> tuple[PayloadPiece, ...]:
    """The pieces in the order of the prompt. `EscalationError` if they are not what would be sent."""
    request = draft.request
    spans = draft.redacted.spans
    laid_out = blocks(Prompt(request.prompt.command, spans), draft.fence_mark)
    pieces: list[PayloadPiece] = []
    for before, span, block in zip(request.prompt.spans, spans, laid_out, strict=True):
        classes = find_classes(before, request.permissions)  # by the path before redaction, as it was judged
        places = tuple(_places(span, draft.redacted))
        pieces.append(PayloadPiece(block.role, span.origin, classes, block.text, places))
    if _messages(pieces) != draft.messages:
        raise EscalationError("What was shown of this request is not what would be sent: ask again.")
    return tuple(pieces)


def redacted_places(redaction: Redacted) -> tuple[RedactedPlace, ...]:
    """Find where something was redacted in a request, in its order."""
    return tuple(place for span in redaction.spans for place in _places(span, redaction))


def _messages(pieces: list[PayloadPiece]) -> Messages:
    texts = ((piece.text for piece in pieces if piece.role == role) for role in ("system", "user"))
    return Messages(*map(BETWEEN.join, texts))


def _places(span: Span, redaction: Redacted) -> Iterator[RedactedPlace]:
    """Find the placeholders of a span. Text in lines after a secret of several lines keeps its number."""
    if not redaction.nonce:
        return
    placeholder = re.compile(rf"__SECRET_([A-Z][A-Z0-9_]*?)_{redaction.nonce}_\d+__")
    for match in placeholder.finditer(span.origin.path):
        yield RedactedPlace(match[1], span.origin)
    first_line = span.origin.first if not span.origin.outline else 0
    line = first_line
    at = 0
    for match in placeholder.finditer(span.text):
        line += span.text.count("\n", at, match.start())
        yield RedactedPlace(match[1], span.origin, line if first_line else 0)
        line += redaction.placeholders.get(match[0], "").count("\n")
        at = match.end()
