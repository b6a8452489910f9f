"""A request in words and as JSON: who answers and why, the preview, and the exact text that would be sent."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from assist_context.unseen_characters import visible
from assist_escalation.gate.payload_pieces import (
    PayloadPiece,
    payload_pieces,
    redacted_places,
)
from assist_escalation.gate.prepare import Prepared
from assist_escalation.policy.endpoints import usd
from assist_escalation.prompts import Origin
from assist_escalation.routing.router import Decision
from assist_server.questions.decision import AnswerContext
from assist_server.records.answer_counts import TARGETS

SHOWN = 12  # files named in a preview or below an answer; the rest are counted, and the text has them all
NAMED = 5  # places of a redaction, and files that are left out, in the same way
# Each count of a request, for one and for several; the third says that it is kept as a logarithm.
_FEATURES: Mapping[str, tuple[str, str, bool]] = {
    "words": ("word in your request", "words in your request", True),
    "demands": ("additional requirement", "additional requirements", True),
    "hard_words": ("word that suggests a hard task", "words that suggest a hard task", False),
    "architecture": ("word about architecture", "words about architecture", False),
    "files": ("file", "files", True),
    "symbols": ("definition", "definitions", True),
    "fan_out": ("called name", "called names", True),
    "edit_lines": ("line that may change", "lines that may change", True),
    "window": ("of the local model's context window", "", False),
    "diagnostics": ("reported problem", "reported problems", True),
}


def route_document(context: AnswerContext, own_decision: Decision | None = None) -> dict[str, Any]:
    """A decision as JSON; `own_decision` is the decision that the answer came to, if different."""
    decision = context.decision
    request = context.prepared
    return {
        "id": context.id,
        "target": (own_decision or decision).target,
        "cause": (own_decision or decision).cause,
        "why": decision.why,
        "asks": decision.asks,
        "p_local": decision.p_local,
        "threshold": decision.threshold,
        "threshold_from": "settings" if decision.fixed else "history",
        "threshold_means": _threshold_words(decision),
        "features": dict(decision.features),
        "kinds": list(decision.kinds),
        "provider": request.provider if request else None,
        "host": request.host if request else None,
        "model": request.endpoint.model if request else None,
        "files": list(request.files if request else _files(context)),
        "redactions": _redactions(request),
        "left_out": [{"path": path, "why": why} for path, why in _left_out(context)],
        "tokens": request.tokens if request else context.local.evidence.structure.tokens,
        "cost_upper_usd": request.upper_micro / 1e6 if request else 0.0,
        "budget_left_usd": request.left_micro / 1e6 if request else None,
        "payload_sha256": request.payload_sha256 if request else None,
    }


def route_facts(context: AnswerContext) -> list[tuple[str, str]]:
    """The same for people."""
    decision = context.decision
    lines = [
        ("Answered", TARGETS[decision.target] + (", if you confirm it" if decision.asks else "")),
        ("Why", f"{decision.why} ({decision.cause})"),
        ("Score", f"{decision.p_local:.2f}: how likely a local answer is right, from 0 to 1"),
        ("Threshold", f"{decision.threshold:.2f}: {_threshold_words(decision)}"),
        ("Judged by", ", ".join(feature_words(decision.features))),
    ]
    if context.prepared is not None:
        return [*lines, *_preview(context, context.prepared)]
    return [*lines, *_surroundings(context), ("Files", ", ".join(map(visible, _files(context))) or "none")]


def feature_words(features: Mapping[str, float]) -> list[str]:
    """Return what a score is made from, as counts in words. `features` come from `routing.features`.

    >>> feature_words({"fix": 1.0, "words": 1.946, "fan_out": 0.693, "window": 0.052, "architecture": 0.0})
    ['the command', '6 words in your request', '1 called name', "5% of the local model's context window"]
    """
    words = ["the command"]
    for name, (one, many, is_log) in _FEATURES.items():
        value = features.get(name, 0.0)
        count = round(math.expm1(value) if is_log else value) + (name == "files" and value > 0)
        if value and name == "window":
            words.append(f"{value:.0%} {one}")
        elif count:
            words.append(f"{count:,} {one if count == 1 else many}")
    return words


def _threshold_words(decision: Decision) -> str:
    """Return what a decision's threshold means."""
    sentence = "a provider is asked only if a local answer is less likely than this to be right"
    if decision.fixed:
        return f"{sentence} ([escalation] threshold), and max_escalation_rate allows it"
    return f"{sentence}, because then the gain is worth the cost, and max_escalation_rate allows it"


def preview_lines(context: AnswerContext) -> list[str]:
    """Return what the user sees before anything is sent."""
    if context.prepared is None:
        return []
    return [f"{name:<10} {value}" for name, value in _preview(context, context.prepared)]


def _preview(context: AnswerContext, request: Prepared) -> list[tuple[str, str]]:
    names = ", ".join(map(visible, request.files[:SHOWN])) + more_words(len(request.files))
    goes = "Goes to" if context.decision.target == "frontier" else "Would go to"
    return [
        (goes, f"{request.host} ({request.provider}, {request.endpoint.model})"),
        *_surroundings(context),
        ("Files", names or "none"),
        *_left_out_facts(context),
        ("Redacted", _redacted_words(request) or "nothing found"),
        ("Tokens", f"up to {request.tokens:,}, and {request.max_output:,} for the answer"),
        ("Cost", f"up to {usd(request.upper_micro)}; {usd(request.left_micro)} is left for today"),
        ("Payload", f"sha256 {request.payload_sha256}"),
    ]


def payload_text(request: Prepared) -> str:
    """The exact text that would be sent, with headings.

    The lines of the messages have two characters in front: "* " if something was redacted there, else blanks.
    To get the messages, leave out the lines that begin with "#", take two characters off the others, and
    read `<U+202E>` as the character of this number, as in the preview of an edit.
    """
    pieces = payload_pieces(request)
    names = f"{request.provider}, {visible(request.endpoint.model)}"
    lines = [
        f"# For {request.host} ({names}), to be answered in at most {request.max_output:,} tokens",
        f"# sha256 {request.payload_sha256} of the model, the messages and that limit",
        '# Not sent: lines with "#", and the first two characters of the others; "*" marks a redacted line.',
    ]
    for role in ("system", "user"):
        own = [piece for piece in pieces if piece.role == role]
        for number, piece in enumerate(own):
            # The empty line between two pieces is sent, and the heading is not.
            lines += [""] if number else ["#", f"# {role.upper()} MESSAGE"]
            lines.append(f"# {_piece_words(piece)}")
            lines += marked_lines(piece.text, partial(_is_redacted, request))
    return "\n".join([*lines, ""])


def marked_lines(text: str, is_redacted: Callable[[str], bool]) -> Iterator[str]:
    """The lines of a text, each after a mark that says whether something was redacted in it."""
    for line in text.split("\n"):
        yield f"{'*' if is_redacted(line) else ' '} {visible(line)}" if line else ""


def _is_redacted(request: Prepared, line: str) -> bool:
    return any(name in line for name in request.redacted.placeholders)


def _piece_words(piece: PayloadPiece) -> str:
    """Find where a piece comes from, its data class, and what was redacted in it."""
    classes = f" ({', '.join(piece.classes)})" if piece.classes else ""
    places = [
        f"{place.type.lower()}{f' in line {place.line}' if place.line else ''}" for place in piece.redacted
    ]
    return f"{_origin_words(piece.origin)}{classes}" + (f"; redacted: {', '.join(places)}" if places else "")


def _origin_words(origin: Origin) -> str:
    """Find where a text comes from, on one line.

    >>> _origin_words(Origin("file", "a.py", "/", 3, 9, outline=True)), _origin_words(Origin("user"))
    ('outline of a.py:3-9', 'your words')
    """
    if origin.source in ("assist", "user"):
        return "assist's instructions" if origin.source == "assist" else "your words"
    if origin.source == "answer":
        return "an earlier answer"
    if origin.source == "library":
        return "signatures of installed libraries"
    place = visible(origin.path) + (f":{origin.first}-{origin.last}" if origin.first else "")
    if origin.source == "editor":
        return f"the editor's words about {place}" if place else "the editor's words"
    return f"outline of {place}" if origin.outline else place


def _surroundings(context: AnswerContext) -> list[tuple[str, str]]:
    return [(name, visible(text)) for name, text in context.surroundings]


def more_words(count: int) -> str:
    """Return how many of the files are not named, in words."""
    return f" and {count - SHOWN} more" if count > SHOWN else ""


def _files(context: AnswerContext) -> tuple[str, ...]:
    paths = (span.origin.path for span in context.local.prompt.spans)
    return tuple(dict.fromkeys(path for path in paths if path))


def _left_out(context: AnswerContext) -> tuple[tuple[str, str], ...]:
    """The files that rules keep out of what would be sent, each with the reason in words."""
    return context.frontier.left_out if context.frontier else ()


def left_out_lines(left_out: Sequence[tuple[str, str]]) -> list[str]:
    """The first of the files that are left out of a diff, each with the reason."""
    return [f"Left out: {visible(path)} ({why})" for path, why in left_out[:NAMED]]


def not_compared_lines(left_out: Sequence[str]) -> list[str]:
    """Return what is said of files for which there was no time: a line that names some of them, or none."""
    names = ", ".join(map(visible, left_out[:NAMED]))
    return [f"Not fully compared, because it would take too long: {names}"] if left_out else []


def _left_out_facts(context: AnswerContext) -> list[tuple[str, str]]:
    """The same for people, a few of them by name."""
    reasons = [visible(why if path in why else f"{path}: {why}") for path, why in _left_out(context)]
    return [("Left out", "; ".join(_first_names(reasons)))] if reasons else []


def _first_names(names: Sequence[str]) -> list[str]:
    """The first of some names, and how many more there are."""
    more = [f"and {len(names) - NAMED:,} more"] if len(names) > NAMED else []
    return [*names[:NAMED], *more]


def _redacted_words(request: Prepared) -> str:
    """Return what is redacted and where, a few places of each type by name."""
    places = _places_by_type(request)
    words = []
    for kind, count in request.redacted.found:
        names = list(dict.fromkeys(places.get(kind, ())))
        where = f" ({', '.join(_first_names(names))})" if names else ""
        words.append(f"{count} {kind.lower()}{where}")
    return ", ".join(words)


def _places_by_type(request: Prepared) -> dict[str, list[str]]:
    """Find where something is redacted, as PATH:LINE if the line is known."""
    words: dict[str, list[str]] = {}
    for place in redacted_places(request.redacted):
        exact = f"{visible(place.origin.path)}:{place.line}" if place.line else ""
        words.setdefault(place.type, []).append(exact or _origin_words(place.origin))
    return words


def _redactions(request: Prepared | None) -> list[dict[str, Any]]:
    if request is None:
        return []
    places = _places_by_type(request)
    return [
        {"type": kind, "count": count, "places": places.get(kind, [])}
        for kind, count in request.redacted.found
    ]
