"""Models in words and as JSON: licence, size, state, why one was chosen, and what the setup did.

It reads no file, measures nothing, opens no model and prints nothing.
"""

from typing import TYPE_CHECKING, Any

from assist_completion.model_store.catalogue import ModelRow
from assist_server.config.config import Config, Role, answering_model, list_roles
from assist_server.wording.amounts import megabytes, memory

if TYPE_CHECKING:  # they load llama.cpp, 0.4 s
    from collections.abc import Sequence

    from assist_completion.inference.generation import TokenBudget
    from assist_completion.inference.speed_trial import Speed
    from assist_installer.fitting import Fitting
    from assist_installer.setup import ChoiceReason, ReadyModel

LINE_TOKENS = 10  # written for one line
TYPED_TOKENS = 3  # read for what was typed since the last request; the rest of the prompt is in the KV cache
NON_COMMERCIAL = "NON-COMMERCIAL"


def licence_document(row: ModelRow) -> dict[str, Any]:
    """The licence of a model, as JSON."""
    return {"spdx": row.licence.spdx, "commercial": row.licence.commercial, "note": row.licence.note}


def licence_words(row: ModelRow) -> str:
    """The licence's name, marked if it forbids commercial use."""
    name = row.licence.spdx.removeprefix("LicenseRef-")
    return name if row.licence.commercial else f"{name} {NON_COMMERCIAL}"


ROLES = {"ghost-text": "ghost text", "answers": "answers"}


def model_document(row: ModelRow, path: str, roles: tuple[str, ...]) -> dict[str, Any]:
    """One model of the catalogue. `path` is "" if it is not installed; `roles` is what it is used for."""
    return {
        "name": row.name,
        "family": row.family,
        "parameters": row.parameters,
        "quant": row.quant,
        "bytes": row.bytes,
        "context_tokens": row.context_tokens,
        "licence": licence_document(row),
        "infilling": row.fim is not None,
        "purpose": row.purpose,
        "tested": bool(row.ran),
        "ran": row.ran,
        "commit": row.commit,
        "sha256": row.sha256,
        "facts": row.facts,
        "installed": bool(path),
        "path": path,
        "in_use": "ghost-text" in roles,
        "roles": list(roles),
        "note": row.note,
    }


def model_row(row: ModelRow, document: dict[str, Any]) -> tuple[str, ...]:
    """The cells of the table: name, size, licence, state, the day of the last run."""
    state = ["here"] if document["installed"] else []
    state += [ROLES[role] for role in document["roles"]]
    state += ["retired"] if row.purpose == "retired" else []
    return (
        row.name,
        megabytes(row.bytes),
        licence_words(row),
        ", ".join(state) or "-",
        "plumbing" if row.purpose == "test" else row.ran.partition(",")[0] or "no",
    )


def setup_document(ready: "ReadyModel", words: str) -> dict[str, Any]:
    """What `assist setup` did, as JSON."""
    row = ready.choice.row
    return {
        "model": ready.choice.model,
        "for": ready.choice.role,
        "why": choice_words(ready.choice.reason),
        "path": str(ready.path),
        "bytes": ready.path.stat().st_size,
        "licence": licence_document(row) if row else None,
        "already": not ready.fetched and not ready.configured,
        "fetched": ready.fetched,
        "configured": ready.configured,
        "speed": {
            "prefill_tokens_per_s": round(ready.speed.prefill, 1),
            "decode_tokens_per_s": round(ready.speed.decode, 1),
            "quiet": ready.speed.quiet,
            "device": ready.speed.name,
        },
        "in_words": words,
    }


def setup_facts(ready: "ReadyModel", words: str) -> list[tuple[str, str]]:
    """The same for people, with what to do next."""
    row = ready.choice.row
    size = megabytes(ready.path.stat().st_size)
    done = "Ready."
    if not ready.fetched and not ready.configured:
        done = "Already set up: nothing had to be done."
    licence = (
        f"{licence_words(row)}. {row.licence.note}" if row else "Your own file: its maker's licence applies."
    )
    return [
        ("State", done),
        ("Model", f"{ready.choice.model} ({size}): {choice_words(ready.choice.reason)}"),
        *role_facts(ready.config, ready.choice.model),
        ("Licence", licence),
        ("File", str(ready.path)),
        ("Speed", words),
        ("Next", "assist demo                  see it work"),
        ("", "assist complete FILE:10:5    one completion of your own code"),
        ("", "assist doctor                if anything seems wrong"),
        ("", "In your editor, start `assist lsp` as the language server."),
    ]


def role_facts(config: Config, model: str) -> list[tuple[str, str]]:
    """Which model does what, and how to give this one the other role."""
    answers = answering_model(config)
    follows = "" if config.answers.model or answers != model else ", as long as no other is set"
    facts = [("Ghost text", config.completion.model), ("Answers", f"{answers}{follows}")]
    if len(list_roles(config, model)) < len(ROLES):
        facts.append(("For both", f"assist models use {model} --for both"))
    return facts


def warm_seconds(speed: "Speed") -> float:
    """The time of a one-line suggestion at a place that the model has already read."""
    return (TYPED_TOKENS + LINE_TOKENS) / speed.writing


def cold_seconds(speed: "Speed", budget: "TokenBudget") -> float:
    """The time of a one-line suggestion at a new place, where a small head and suffix must be read first."""
    return (budget.small.head + budget.small.suffix) / speed.reading + LINE_TOKENS / speed.writing


def speed_words(speed: "Speed", budget: "TokenBudget") -> str:
    """Both times as a sentence, which says if other programs disturbed the measurement."""
    warm = warm_seconds(speed)
    cold = cold_seconds(speed, budget)
    words = (
        f"A warm one-line suggestion takes about {warm:.1f} s here, the first one at a new position about "
        f"{cold:.1f} s. Suggestions that the model prepared in advance come at once."
    )
    return words if speed.quiet else f"{words} Other programs were busy meanwhile, so it may be faster."


def answer_speed_words(speed: "Speed") -> str:
    """How long a person waits for the first word of an answer."""
    from assist_installer.fitting import ANSWERS  # noqa: PLC0415  (loads llama.cpp, 0.4 s)

    first = ANSWERS.takes(speed)
    words = (
        f"It reads {speed.reading:.0f} and writes {speed.writing:.0f} tokens a second here. The first word "
        f"about a function of 60 lines comes after about {first:.0f} s."
    )
    return words if speed.quiet else f"{words} Other programs were busy meanwhile, so it may be faster."


def choice_words(reason: "ChoiceReason") -> str:
    """Why a model was chosen."""
    from assist_installer.setup import NamedIn, Requested  # noqa: PLC0415  (loads llama.cpp, 0.4 s)

    match reason:
        case Requested():
            return "you asked for it"
        case NamedIn(file):
            return f"{file} names it"
        case _:
            size = f" and {memory(reason.memory, digits=0)} of memory" if reason.memory else ""
            return f"it suits {reason.cores} cores{size}"


def fit_words(found: "Sequence[Fitting]", role: Role) -> str:
    """The seconds that a user waits here for each model, in one line, and what a larger one is good for."""
    what = "A question on 60 lines" if role == "answers" else "A new place"
    parts = []
    for fit in found:
        about = "" if fit.measured else "about "
        notes = [*([] if fit.measured else ["estimated"]), *([] if fit.soon else ["too slow"])]
        on = f" on {fit.speed.name}" if fit.speed.device else ""
        words = f" ({', '.join(notes)})" if notes else ""
        parts.append(f"{fit.row.parameters}{on} {about}{fit.seconds:.1f} s{words}")
    larger = "A larger one answers better." if role == "answers" else LARGER
    return f"{what} is read in: {'; '.join(parts)}. {larger}"


# By benchmarks/places.py, at 400 lines of recent commits. The larger ones were not run there.
LARGER = "A larger one is right more often: the 1.5B at 31 of 100 places, the 0.5B at 25."
