"""Decisions and answers in words and as JSON: the preview, what is sent, the last line, `--dry-run`."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from assist_context.unseen_characters import visible
from assist_escalation.edits.plan import diff
from assist_escalation.gate.payload_pieces import (
    PayloadPiece,
    payload_pieces,
    redacted_places,
)
from assist_escalation.gate.prepare import Prepared
from assist_escalation.prompts import Origin
from assist_escalation.routing.router import OPEN, Decision
from assist_server.proof import RecordedCounts
from assist_server.questions.decision import (
    BY_CONSTRUCTION,
    BY_FACTS,
    BY_RUNNING,
    BY_TESTS,
    DecidedQuestion,
)
from assist_server.questions.events import AnswerProgress, FinalAnswer, ShownSource
from assist_server.questions.instructions import EDITS
from assist_server.questions.runner_port import ATTEMPT_SECONDS
from assist_server.wording.amounts import usd
from assist_server.wording.facts import ASK_WHY, facts_document, no_model_line

SHOWN = 12  # files named in a preview or below an answer; the rest are counted, and the text has them all
NAMED = 5  # places of a redaction, and files that are left out, in the same way
# Each count of a request, for one and for several; the third says that it is kept as a logarithm.
_FEATURES: Mapping[str, tuple[str, str, bool]] = {
    "words": ("word of yours", "words of yours", True),
    "demands": ("more demand", "more demands", True),
    "hard_words": ("word for hard matters", "words for hard matters", False),
    "architecture": ("word of architecture", "words of architecture", False),
    "files": ("file", "files", True),
    "symbols": ("definition", "definitions", True),
    "fan_out": ("called name", "called names", True),
    "edit_lines": ("line that may change", "lines that may change", True),
    "window": ("of what the local model reads", "", False),
    "diagnostics": ("reported problem", "reported problems", True),
}
WHERE = {"local": "on this machine", "frontier": "at a provider", "refused": "refused"}


def route_document(decided: DecidedQuestion) -> dict[str, Any]:
    """A decision as JSON."""
    decision = decided.decision
    prepared = decided.prepared
    return {
        "id": decided.id,
        "target": decision.target,
        "cause": decision.cause,
        "why": decision.why,
        "asks": decision.asks,
        "p_local": decision.p_local,
        "threshold": decision.threshold,
        "threshold_from": "settings" if decision.fixed else "history",
        "threshold_means": _threshold_words(decision),
        "features": dict(decision.features),
        "kinds": list(decision.kinds),
        "provider": prepared.provider if prepared else None,
        "host": prepared.host if prepared else None,
        "model": prepared.endpoint.model if prepared else None,
        "files": list(prepared.files if prepared else _files(decided)),
        "redactions": _redactions(prepared),
        "left_out": [{"path": path, "why": why} for path, why in _left_out(decided)],
        "tokens": prepared.tokens if prepared else decided.local.evidence.structure.tokens,
        "cost_upper_usd": prepared.upper_micro / 1e6 if prepared else 0.0,
        "budget_left_usd": prepared.left_micro / 1e6 if prepared else None,
        "payload_sha256": prepared.payload_sha256 if prepared else None,
    }


def route_facts(decided: DecidedQuestion) -> list[tuple[str, str]]:
    """The same for people."""
    decision = decided.decision
    lines = [
        ("Answered", WHERE[decision.target] + (", if you confirm it" if decision.asks else "")),
        ("Why", f"{decision.why} ({decision.cause})"),
        ("Score", f"{decision.p_local:.2f}: how likely a local answer is right, from 0 to 1"),
        ("Threshold", f"{decision.threshold:.2f}: {_threshold_words(decision)}"),
        ("Judged by", ", ".join(feature_words(decision.features))),
    ]
    if decided.prepared is not None:
        return [*lines, *_preview(decided, decided.prepared)]
    return [*lines, *_surroundings(decided), ("Files", ", ".join(map(one_line, _files(decided))) or "none")]


def feature_words(features: Mapping[str, float]) -> list[str]:
    """What a score is made from, as counts in words. `features` are those of `routing.features`.

    >>> feature_words({"fix": 1.0, "words": 1.946, "fan_out": 0.693, "window": 0.052, "architecture": 0.0})
    ['the command', '6 words of yours', '1 called name', '5% of what the local model reads']
    """
    found = ["the command"]
    for name, (one, many, is_log) in _FEATURES.items():
        value = features.get(name, 0.0)
        count = round(math.expm1(value) if is_log else value) + (name == "files" and value > 0)
        if value and name == "window":
            found.append(f"{value:.0%} {one}")
        elif count:
            found.append(f"{count:,} {one if count == 1 else many}")
    return found


def _threshold_words(decision: Decision) -> str:
    """What a decision's threshold means."""
    asked = "a provider is asked only where a local answer is right with less than this"
    if decision.fixed:
        return f"{asked} ([escalation] threshold), and the rate allows it"
    return f"{asked}, which is where the gain is worth its cost and the rate allows it"


def preview_lines(decided: DecidedQuestion) -> list[str]:
    """What the user sees before anything is sent."""
    if decided.prepared is None:
        return []
    return [f"{name:<10} {value}" for name, value in _preview(decided, decided.prepared)]


def _preview(decided: DecidedQuestion, prepared: Prepared) -> list[tuple[str, str]]:
    named = ", ".join(map(one_line, prepared.files[:SHOWN])) + _more_words(len(prepared.files))
    goes = "Goes to" if decided.decision.target == "frontier" else "Would go to"
    return [
        (goes, f"{prepared.host} ({prepared.provider}, {prepared.endpoint.model})"),
        *_surroundings(decided),
        ("Files", named or "none"),
        *_left_out_facts(decided),
        ("Redacted", _redacted_words(prepared) or "nothing found"),
        ("Tokens", f"up to {prepared.tokens:,}, and {prepared.max_output:,} for the answer"),
        ("Cost", f"up to {usd(prepared.upper_micro)}; {usd(prepared.left_micro)} are left for today"),
        ("Payload", f"sha256 {prepared.payload_sha256}"),
    ]


def payload_text(prepared: Prepared) -> str:
    """The exact text that would be sent, with headings.

    The lines of the messages have two characters in front: "* " if something was redacted there, else blanks.
    To get the messages, leave out the lines that begin with "#", take two characters off the others, and
    read `<U+202E>` as the character of this number, as in the preview of an edit.
    """
    pieces = payload_pieces(prepared)
    named = f"{prepared.provider}, {one_line(prepared.endpoint.model)}"
    lines = [
        f"# For {prepared.host} ({named}), to be answered in {prepared.max_output:,} tokens at most",
        f"# sha256 {prepared.payload_sha256} of the model, the messages and that limit",
        '# Not sent: lines with "#", and the first two characters of the others; "*" is where we redacted.',
    ]
    for role in ("system", "user"):
        own = [piece for piece in pieces if piece.role == role]
        for number, piece in enumerate(own):
            # The empty line between two pieces is sent, and the heading is not.
            lines += [""] if number else ["#", f"# {role.upper()} MESSAGE"]
            lines.append(f"# {_piece_words(piece)}")
            lines += marked_lines(piece.text, partial(_is_redacted, prepared))
    return "\n".join([*lines, ""])


def marked_lines(text: str, is_redacted: Callable[[str], bool]) -> Iterator[str]:
    """The lines of a text, each after a mark that says whether something was redacted in it."""
    for line in text.split("\n"):
        yield f"{'*' if is_redacted(line) else ' '} {visible(line)}" if line else ""


def _is_redacted(prepared: Prepared, line: str) -> bool:
    return any(name in line for name in prepared.redacted.placeholders)


def _piece_words(piece: PayloadPiece) -> str:
    """Where a piece comes from, its data class, and what was redacted in it."""
    classes = f" ({', '.join(piece.classes)})" if piece.classes else ""
    places = [
        f"{place.type.lower()}{f' in line {place.line}' if place.line else ''}" for place in piece.redacted
    ]
    return f"{_origin_words(piece.origin)}{classes}" + (f"; redacted: {', '.join(places)}" if places else "")


def _origin_words(origin: Origin) -> str:
    """Where a text comes from, on one line.

    >>> _origin_words(Origin("file", "a.py", "/", 3, 9, outline=True)), _origin_words(Origin("user"))
    ('outline of a.py:3-9', 'your words')
    """
    if origin.source in ("assist", "user"):
        return "assist's instructions" if origin.source == "assist" else "your words"
    if origin.source == "answer":
        return "an earlier answer"
    if origin.source == "library":
        return "signatures of installed libraries"
    place = one_line(origin.path) + (f":{origin.first}-{origin.last}" if origin.first else "")
    if origin.source == "editor":
        return f"the editor's words about {place}" if place else "the editor's words"
    return f"outline of {place}" if origin.outline else place


def _surroundings(decided: DecidedQuestion) -> list[tuple[str, str]]:
    return [(name, one_line(text)) for name, text in decided.surroundings]


def one_line(path: str) -> str:
    """A file's name on one line, whatever characters it contains."""
    return visible(path)


def answer_document(
    decided: DecidedQuestion,
    final: FinalAnswer,
    notices: list[str],
    *,
    applied: bool,
    problem: Exception | None,
) -> dict[str, Any]:
    """An answer as JSON."""
    cost = final.cost
    plan = final.plan
    edit = None
    if plan is not None:
        edit = {
            "files": [change.path for change in plan.changes],
            "protected": list(plan.protected),
            "notes": list(plan.notes),
            "diff": diff(plan),
            "applied": applied,
        }
    return {
        "id": decided.id,
        "command": decided.question.command,
        "facts": facts_document(decided.facts) if decided.facts else None,
        "answer": final.text,
        "model": final.model,
        "ended": cost.ended,
        "route": {
            **route_document(decided),
            "target": final.decision.target,
            "cause": final.decision.cause,
        },
        "tokens": {"input": cost.tokens_in, "output": cost.tokens_out},
        "cost_usd": cost.micro / 1e6,
        "ms": {"total": round(cost.ms), "first": round(cost.first_ms)},
        "notices": notices,
        **_proof_document(decided, final),
        "sources": [source_document(source) for source in final.sources],
        "edit": edit,
        "error": str(problem) if problem else None,
    }


def proof_kind(decided: DecidedQuestion, final: FinalAnswer) -> str:
    """What speaks for an edit or for new tests, in a word, as in a document."""
    return str(_proof_document(decided, final).get("proof", ""))


def _proof_document(decided: DecidedQuestion, final: FinalAnswer) -> dict[str, Any]:
    """What speaks for an edit or for new tests: how it was made, what was run, or nothing."""
    if final.decision.cause == BY_CONSTRUCTION:
        return {"proof": "construction"}
    proof = final.proof
    if proof is None:
        return {"proof": "none"} if decided.question.command in (*EDITS, "test") else {}
    if proof.recorded is not None:
        return {"proof": proof.kind, "recorded": _recorded_document(proof.recorded)}
    checked: dict[str, Any] = {"words": proof.words, "attempts": proof.attempts}
    if proof.expected is not None:
        checked["expected"] = asdict(proof.expected)
    return {"proof": proof.kind, "checked": checked}


def _recorded_document(recorded: RecordedCounts) -> dict[str, Any]:
    return {
        "calls": len(recorded.tests),
        "branches": list(recorded.branches),
        "mutants": list(recorded.mutants),
        "left_out": dict(recorded.left_out),
        "contradictions": list(recorded.contradictions),
    }


def proof_line(decided: DecidedQuestion, final: FinalAnswer) -> str:
    """What speaks for an edit or for new tests, in a sentence.

    It is "" for other answers, where no test was written, and for an edit that nothing was to check.
    """
    proof = final.proof
    if proof is not None and proof.recorded is None:
        tries = f" ({proof.attempts} attempts)" if proof.attempts > 1 else ""
        return f"Proof: {proof.kind}. {proof.words[:1].upper()}{proof.words[1:]}{tries}."
    if final.decision.cause == BY_CONSTRUCTION and final.plan is not None:
        return "Proof: construction."
    if decided.question.command != "test" or final.plan is None:
        return ""
    recorded = proof.recorded if proof is not None else None
    if recorded is None:
        return "Proof: none. These tests were not run, and their expected values are guesses."
    calls = f"{len(recorded.tests)} call{'s' * (len(recorded.tests) != 1)}"
    reached, branches = recorded.branches
    noticed, planted = recorded.mutants
    parts = [calls]
    parts += [f"{reached} of {branches} branches"] if branches else []
    parts += [f"{noticed} of {planted} mutants noticed"] if planted else ["no mutants tried"]
    left = sum(recorded.left_out.values())
    parts += [f"{left} calls left out"] if left else []
    return f"These tests record what the code does today ({', '.join(parts)})."


def source_document(source: ShownSource) -> dict[str, Any]:
    """A source as JSON; its lines count from 1."""
    return {
        "place": source.place,
        "folder": source.folder,
        "path": source.path,
        "first": source.first,
        "last": source.last,
        "name": source.name,
        "outline": source.outline,
    }


def sources_line(sources: Sequence[ShownSource]) -> str:
    """What an answer was made from, on one line; "" if the model saw no file."""
    named = ", ".join(" ".join(filter(None, source_words(source))) for source in sources[:SHOWN])
    return f"Sources: {named}{more_sources(sources)}" if sources else ""


def source_words(source: ShownSource) -> tuple[str, str]:
    """Where a source is, and what it is called, without characters that no one sees."""
    called = (one_line(source.name), "(outline)" if source.outline else "")
    return one_line(source.place), " ".join(filter(None, called))


def more_sources(sources: Sequence[ShownSource]) -> str:
    """How many sources are not named, in words."""
    return _more_words(len(sources))


def _more_words(count: int) -> str:
    return f" and {count - SHOWN} more" if count > SHOWN else ""


def progress_words(progress: AnswerProgress) -> str:
    """How far an answer is.

    >>> [progress_words(AnswerProgress(*row)) for row in (("reading", 753, 9.2), ("writing", 120, 9.0))]
    ['reading 753 tokens, about 9 s', 'writing, 120 tokens, 9 s']
    >>> progress_words(AnswerProgress("reading", 1))
    'reading 1 token'
    """
    if progress.phase == "running" and progress.seconds is not None:
        more = f", {progress.seconds:.0f} of {ATTEMPT_SECONDS:.0f} s" if progress.tokens > 1 else ""
        return f"running the tests with attempt {progress.tokens}{more}"
    if progress.phase == "running":
        return "running the code"
    if progress.phase == "writing":
        tokens = f", {count_words(progress.tokens)}" if progress.tokens else ""
        return f"writing{tokens}, {progress.seconds or 0:.0f} s"
    tokens = f" {count_words(progress.tokens)}" if progress.tokens else ""
    return f"reading{tokens}" + (f", about {max(1, progress.seconds):.0f} s" if progress.seconds else "")


def count_words(tokens: int) -> str:
    """How many tokens, in words."""
    return f"{tokens:,} token{'s' * (tokens != 1)}"


def progress_document(progress: AnswerProgress) -> dict[str, Any]:
    """The same as JSON, with the words as "message"."""
    seconds = None if progress.seconds is None else round(progress.seconds, 1)
    message = progress_words(progress)
    return {"phase": progress.phase, "tokens": progress.tokens, "seconds": seconds, "message": message}


_WORDS_OF_MODEL = {"review": "--frontier asks the one under [providers.NAME] in config.toml."}


def last_line(decided: DecidedQuestion, final: FinalAnswer) -> str:
    """Which model answered and where; why, where that is news; tokens, cost and time."""
    cost = final.cost
    decision = final.decision
    if decision.cause in (BY_CONSTRUCTION, BY_RUNNING, BY_TESTS):
        return no_model_line(decision.why, "").rstrip()
    if decision.cause == BY_FACTS:
        return no_model_line(decision.why, _WORDS_OF_MODEL.get(decided.question.command, ASK_WHY))
    local = decision.target == "local"
    model = Path(final.model).name if local else final.model
    ended = {"length": ", cut at its longest", "loop": ", stopped where it repeated itself"}.get(
        cost.ended, ""
    )
    why = decision.why if _is_news(decided, decision) else ""
    who = f"{model} {WHERE[decision.target]}" + (f": {why}{ended}." if why else f"{ended},")
    paid = "" if local and not cost.micro else f" {usd(cost.micro)},"
    return f"{who} {cost.tokens_in:,} + {cost.tokens_out:,} tokens,{paid} {cost.ms / 1e3:.1f} s."


def _is_news(decided: DecidedQuestion, decision: Decision) -> bool:
    """Whether people want to know why this model answered: not if it was the only one, or their own wish."""
    if decision.target != "local" or decision.cause == "fell_back":
        return True
    return bool(decided.rules.provider) and decision.cause not in {*OPEN, "asked_local"}


def _files(decided: DecidedQuestion) -> tuple[str, ...]:
    paths = (span.origin.path for span in decided.local.prompt.spans)
    return tuple(dict.fromkeys(path for path in paths if path))


def _left_out(decided: DecidedQuestion) -> tuple[tuple[str, str], ...]:
    """The files that rules keep out of what would be sent, each with the reason in words."""
    return decided.frontier.left_out if decided.frontier else ()


def left_out_lines(left_out: Sequence[tuple[str, str]]) -> list[str]:
    """The first of the files that are left out of a diff, each with the reason."""
    return [f"Left out: {visible(path)} ({why})" for path, why in left_out[:NAMED]]


def not_compared_lines(left_out: Sequence[str]) -> list[str]:
    """What is said of files for which there was no time: a line that names some of them, or none."""
    named = ", ".join(map(visible, left_out[:NAMED]))
    return [f"Not all of this was compared, since it takes long: {named}"] if left_out else []


def _left_out_facts(decided: DecidedQuestion) -> list[tuple[str, str]]:
    """The same for people, a few of them by name."""
    reasons = [one_line(why if path in why else f"{path}: {why}") for path, why in _left_out(decided)]
    return [("Left out", "; ".join(_first_names(reasons)))] if reasons else []


def _first_names(names: Sequence[str]) -> list[str]:
    """The first of some names, and how many more there are."""
    more = [f"and {len(names) - NAMED:,} more"] if len(names) > NAMED else []
    return [*names[:NAMED], *more]


def _redacted_words(prepared: Prepared) -> str:
    """What is redacted and where, a few places of each type by name."""
    places = _places_by_type(prepared)
    words = []
    for kind, count in prepared.redacted.found:
        named = list(dict.fromkeys(places.get(kind, ())))
        where = f" ({', '.join(_first_names(named))})" if named else ""
        words.append(f"{count} {kind.lower()}{where}")
    return ", ".join(words)


def _places_by_type(prepared: Prepared) -> dict[str, list[str]]:
    """Where something is redacted, as PATH:LINE if the line is known."""
    found: dict[str, list[str]] = {}
    for place in redacted_places(prepared.redacted):
        exact = f"{one_line(place.origin.path)}:{place.line}" if place.line else ""
        found.setdefault(place.type, []).append(exact or _origin_words(place.origin))
    return found


def _redactions(prepared: Prepared | None) -> list[dict[str, Any]]:
    if prepared is None:
        return []
    places = _places_by_type(prepared)
    return [
        {"type": kind, "count": count, "places": places.get(kind, [])}
        for kind, count in prepared.redacted.found
    ]
