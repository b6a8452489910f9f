"""An answer in words and as JSON, from what is shown before a model is asked to its last line.

`answer_view` looks at an answer once, for everyone who shows it.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assist_context.unseen_characters import visible
from assist_escalation.edits.plan import diff
from assist_escalation.policy.endpoints import usd
from assist_escalation.routing.router import OPEN, Decision
from assist_server.proof import RecordedCounts
from assist_server.questions.decision import AnswerContext
from assist_server.questions.events import (
    AnswerProgress,
    FactsFound,
    FinalAnswer,
    FoundPlace,
    PlacesFound,
    ShownSource,
)
from assist_server.questions.instructions import EDITS
from assist_server.questions.session import BY_CONSTRUCTION, BY_FACTS, BY_RUNNING, BY_SEARCH, BY_TESTS
from assist_server.records.answer_counts import TARGETS
from assist_server.wording.diff_answers import DiffAnswer, diff_answer
from assist_server.wording.facts import ASK_WHY, fact_rows, facts_document, no_model_line
from assist_server.wording.requests import SHOWN, more_words, route_document
from assist_server.wording.sanitize import harmless
from assist_server.wording.views import FactPart, FactRow, visible_rows
from assist_server.workspace.compared_diff import ComparedDiff

CALLERS = 3  # that are named
UNSURE = "There is no sure match. These lines have some of the words:"
NOTHING = "No line has these words."


def answer_header(event: FactsFound | PlacesFound) -> tuple[list[FactRow], str]:
    """Return what is shown before any model is asked, and the folder that its paths are in."""
    facts = fact_rows(event.facts) if event.facts is not None else []
    if isinstance(event, FactsFound):
        return facts, event.facts.root
    return [*facts, *_place_rows(event)], event.root


def _place_rows(places: PlacesFound) -> list[FactRow]:
    """Find where the answer to a question is, and what is there. A place elsewhere has its whole path.

    Below facts the first row has a name, so that it is not taken for one of these.
    """
    rows = [] if places.sure and places.places else [_line(UNSURE if places.places else NOTHING)]
    for place in places.places:
        path = place.path if place.root in ("", places.root) else os.path.join(place.root, place.path)
        inside = (FactPart(f" in {place.inside}"),) if place.inside else ()
        rows += [_line("")] if rows else []
        rows.append(FactRow("", (FactPart(place.place, path, place.line), *inside)))
        rows += [_line(f"  {line}") for line in (*_numbered_lines(place), *_used_words(place))]
    rows_shown = [replace(rows[0], name="Found"), *rows[1:]] if places.facts is not None else rows
    return visible_rows(rows_shown)


def _line(words: str) -> FactRow:
    return FactRow("", (FactPart(words),))


def _numbered_lines(place: FoundPlace) -> tuple[str, ...]:
    """The lines of a place with their numbers; a page's are an excerpt without numbers."""
    if len(place.text) != place.last - place.first + 1:
        return place.text
    width = len(str(place.last))
    return tuple(f"{number:>{width}}  {line}".rstrip() for number, line in enumerate(place.text, place.first))


def _used_words(place: FoundPlace) -> tuple[str, ...]:
    """Return who uses the function of a place, in a line; nothing if no one certainly does."""
    names = ", ".join(place.callers[:CALLERS])
    more = len(place.callers) - CALLERS
    callers = f"called by {names}" + (f" and {more} more" if more > 0 else "") if names else ""
    tests = f"{place.tests} use{'s' * (place.tests != 1)} in tests" if place.tests else ""
    words = "; ".join(filter(None, (callers, tests)))
    return (f"({words})",) if words else ()


def place_documents(places: PlacesFound) -> list[dict[str, Any]]:
    """Places as JSON: `line` matches best of the lines `first` to `end_line`, which are shown."""
    return [
        {
            "path": place.path,
            "folder": place.folder,
            "line": place.line,
            "first": place.first,
            "end_line": place.last,
            "inside": place.inside,
            "text": "\n".join(place.text),
            "callers": list(place.callers),
            "tests": place.tests,
            "guess": not places.sure,
        }
        for place in places.places
    ]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """An answer at its end: what a terminal, an editor and other programs show of it.

    `held` is what holds of an answer about a diff; other answers are shown as they come. `proof` says what
    speaks for an edit or for new tests, as a document has it; it is empty where nothing has to. `last_line`
    says which model answered and where; why, where that is news; tokens, cost and time. `proof_line` is
    `proof` in a sentence, "" where no test was written, and for an edit that nothing was to check.
    """

    decided: AnswerContext
    final: FinalAnswer
    proof: Mapping[str, Any]
    last_line: str
    proof_line: str
    held: DiffAnswer

    @property
    def proof_kind(self) -> str:
        """Return what speaks for it, in a word."""
        return str(self.proof.get("proof", ""))

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what is said below the answer."""
        return tuple(filter(None, (self.last_line, self.proof_line)))


def answer_view(context: AnswerContext, final: FinalAnswer, diff: ComparedDiff | None = None) -> AnswerView:
    """Return what is shown of an answer. `diff` is the diff that it is about."""
    shown_diff = DiffAnswer()
    if diff is not None:
        shown_diff = diff_answer(context.question, final.text, diff)
        if final.decision.cause == BY_FACTS:  # no model said anything
            shown_diff = DiffAnswer(harmless(final.text), members={**shown_diff.members, **final.members})
    proof = _proof_document(context, final)
    return AnswerView(
        context, final, proof, _last_line(context, final), _proof_line(context, final), shown_diff
    )


def answer_document(
    view: AnswerView,
    notices: Sequence[str] = (),
    *,
    is_applied: bool = False,
    problem: Exception | None = None,
) -> dict[str, Any]:
    """An answer as JSON."""
    context = view.decided
    final = view.final
    cost = final.cost
    plan = final.plan
    edit = None
    if plan is not None:
        edit = {
            "files": [change.path for change in plan.changes],
            "protected": list(plan.protected),
            "notes": list(plan.notes),
            "diff": diff(plan),
            "applied": is_applied,
        }
    return {
        "id": context.id,
        "command": context.question.command,
        "facts": facts_document(context.facts) if context.facts else None,
        **({"places": place_documents(context.places)} if context.places is not None else {}),
        "answer": final.text,
        "model": final.model,
        "ended": cost.ended,
        "route": route_document(context, final.decision),
        "tokens": {"input": cost.tokens_in, "output": cost.tokens_out},
        "cost_usd": cost.micro / 1e6,
        "ms": {"total": round(cost.ms), "first": round(cost.first_ms)},
        "notices": list(notices),
        **view.proof,
        "sources": [source_document(source) for source in final.sources],
        "edit": edit,
        "error": str(problem) if problem else None,
        **view.held.members,
    }


def answer_message(
    view: AnswerView, uri_of: Callable[[ShownSource], str], *, is_applied: bool, problem: str
) -> dict[str, Any]:
    """The end of an answer as JSON for editors, which have its text already; each source has its URI."""
    final = view.final
    sources = [{"uri": uri_of(source), **source_document(source)} for source in final.sources]
    edit = None
    if final.plan is not None:
        edit = {"files": [change.path for change in final.plan.changes], "applied": is_applied}
    return {
        "done": True,
        "cost_usd": final.cost.micro / 1e6,
        "summary": " ".join(view.lines),
        "sources": sources,
        "edit": edit,
        **({"proof": view.proof_kind} if view.proof else {}),
        "error": problem or None,
    }


def _proof_document(context: AnswerContext, final: FinalAnswer) -> dict[str, Any]:
    """Return what speaks for an edit or for new tests: how it was made, what was run, or nothing."""
    if final.decision.cause == BY_CONSTRUCTION:
        return {"proof": "construction"}
    proof = final.proof
    if proof is None:
        return {"proof": "none"} if context.question.command in (*EDITS, "test") else {}
    if proof.recorded is not None:
        return {"proof": proof.kind, "recorded": _recorded_document(proof.recorded)}
    proof_fields: dict[str, Any] = {"words": proof.words, "attempts": proof.attempts}
    if proof.expected is not None:
        proof_fields["expected"] = asdict(proof.expected)
    return {"proof": proof.kind, "checked": proof_fields, **proof.lines}


def _recorded_document(counts: RecordedCounts) -> dict[str, Any]:
    return {
        "calls": len(counts.tests),
        "branches": list(counts.branches),
        "mutants": list(counts.mutants),
        "left_out": dict(counts.left_out),
        "contradictions": list(counts.contradictions),
        "tested": dict(counts.tested),
        "new_mutants": counts.new_mutants,
    }


def _proof_line(context: AnswerContext, final: FinalAnswer) -> str:
    """The same in a sentence, or ""."""
    proof = final.proof
    if proof is not None and proof.recorded is None:
        tries = f" ({proof.attempts} attempts)" if proof.attempts > 1 else ""
        return f"Proof: {proof.kind}. {proof.words[:1].upper()}{proof.words[1:]}{tries}."
    if final.decision.cause == BY_CONSTRUCTION and final.plan is not None:
        return "Proof: construction. The edit follows from the code's structure."
    if context.question.command != "test" or final.plan is None:
        return ""
    counts = proof.recorded if proof is not None else None
    if counts is None:
        return "Proof: none. These tests were not run, and their expected values are guesses."
    return counts.words


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
    """Return what an answer was made from, on one line; "" if the model saw no file."""
    names = ", ".join(" ".join(filter(None, source_words(source))) for source in sources[:SHOWN])
    return f"Sources: {names}{more_words(len(sources))}" if sources else ""


def source_words(source: ShownSource) -> tuple[str, str]:
    """Find where a source is, and what it is called, without characters that no one sees."""
    callers = (visible(source.name), "(outline)" if source.outline else "")
    return visible(source.place), " ".join(filter(None, callers))


def progress_words(progress: AnswerProgress) -> str:
    """Return how far an answer is.

    >>> [progress_words(AnswerProgress(*row)) for row in (("reading", 753, 9.2), ("writing", 120, 9.0))]
    ['reading 753 tokens, about 9 s', 'writing, 120 tokens, 9 s']
    >>> progress_words(AnswerProgress("reading", 1))
    'reading 1 token'
    """
    if progress.phase == "trying":
        return f"{progress.tokens} small changes tried, {progress.seconds or 0:.0f} s. {progress.words}"
    if progress.phase == "running":
        return "running the code" if progress.seconds is None else "running the tests"
    if progress.phase == "writing":
        tokens = f", {_count_words(progress.tokens)}" if progress.tokens else ""
        return f"writing{tokens}, {progress.seconds or 0:.0f} s"
    tokens = f" {_count_words(progress.tokens)}" if progress.tokens else ""
    return f"reading{tokens}" + (f", about {max(1, progress.seconds):.0f} s" if progress.seconds else "")


def _count_words(tokens: int) -> str:
    return f"{tokens:,} token{'s' * (tokens != 1)}"


def progress_document(progress: AnswerProgress) -> dict[str, Any]:
    """The same as JSON, with the words as "message"."""
    seconds = None if progress.seconds is None else round(progress.seconds, 1)
    message = progress_words(progress)
    return {"phase": progress.phase, "tokens": progress.tokens, "seconds": seconds, "message": message}


_WORDS = "--words asks the local model for an explanation."
_WORDS_OF_MODEL = {
    "commit": "--words asks the local model to write it.",
    "review": "--frontier asks the provider under [providers.NAME] in config.toml.",
    "explain": "--words asks one anyway.",
}


def _last_line(context: AnswerContext, final: FinalAnswer) -> str:
    """Return which model answered and where; why, where that is news; tokens, cost and time."""
    cost = final.cost
    decision = final.decision
    if decision.cause in (BY_CONSTRUCTION, BY_RUNNING, BY_TESTS):
        return no_model_line(decision.why, "").rstrip()
    if decision.cause == BY_SEARCH:
        return no_model_line(decision.why, _WORDS if context.inputs.local.available else "").rstrip()
    if decision.cause == BY_FACTS:
        remedy = "" if context.question.prose else _WORDS_OF_MODEL.get(context.question.command, ASK_WHY)
        return no_model_line(decision.why, remedy).rstrip()
    local = decision.target == "local"
    model = Path(final.model).name if local else final.model
    endings = {"length": ", cut at the length limit", "loop": ", stopped because it repeated itself"}.get(
        cost.ended, ""
    )
    why = decision.why if _is_news(context, decision) else ""
    who = f"{model} {TARGETS[decision.target]}" + (f": {why}{endings}." if why else f"{endings},")
    paid = "" if local and not cost.micro else f" {usd(cost.micro)},"
    return f"{who} {cost.tokens_in:,} + {cost.tokens_out:,} tokens,{paid} {cost.ms / 1e3:.1f} s."


def _is_news(context: AnswerContext, decision: Decision) -> bool:
    """Say if people want to know why this model answered: not if it was the only one, or they chose it."""
    if decision.target != "local" or decision.cause == "fell_back":
        return True
    return bool(context.rules.provider) and decision.cause not in {*OPEN, "asked_local"}
