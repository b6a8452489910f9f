"""Models and their speed in words and as JSON: licence, size, state, seconds per suggestion.

It looks at whether files exist, not into them. It estimates from tokens a second, measures nothing, opens no
model and prints nothing.
"""

from typing import TYPE_CHECKING, Any

from assist_completion.inference.generation import TokenBudget
from assist_completion.inference.speed_probe import Speed
from assist_completion.model_store.catalogue import ModelRow
from assist_server.wording.amounts import megabytes

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_server.local_model.setup import ReadyModel

NON_COMMERCIAL = "NON-COMMERCIAL"


def licence_document(row: ModelRow) -> dict[str, Any]:
    """The licence of a model, as JSON."""
    return {"spdx": row.licence.spdx, "commercial": row.licence.commercial, "note": row.licence.note}


def licence_words(row: ModelRow) -> str:
    """The licence's name; one that forbids commercial use says so."""
    name = row.licence.spdx.removeprefix("LicenseRef-")
    return name if row.licence.commercial else f"{name} {NON_COMMERCIAL}"


def model_document(row: ModelRow, path: str, in_use: str) -> dict[str, Any]:
    """One model of the catalogue; `path` is "" where it is not here, `in_use` the `model` setting."""
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
        "tested": row.tested,
        "installed": bool(path),
        "path": path,
        "in_use": row.name == in_use,
        "note": row.note,
    }


def model_row(row: ModelRow, document: dict[str, Any]) -> tuple[str, ...]:
    """The cells of the table: name, size, licence, state, tested."""
    state = ["here"] if document["installed"] else []
    state += ["in use"] if document["in_use"] else []
    tested = "yes" if row.tested else "no"
    return (
        row.name,
        megabytes(row.bytes),
        licence_words(row),
        ", ".join(state) or "-",
        "plumbing" if row.purpose == "test" else tested,
    )


def ready_document(ready: "ReadyModel", words: str) -> dict[str, Any]:
    """What `assist setup` did, as JSON."""
    row = ready.choice.row
    return {
        "model": ready.choice.model,
        "why": ready.choice.why,
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
        },
        "in_words": words,
    }


def ready_facts(ready: "ReadyModel", words: str) -> list[tuple[str, str]]:
    """The same for people, with what to do next."""
    row = ready.choice.row
    done = "Ready."
    if not ready.fetched and not ready.configured:
        done = "Already set up: nothing had to be done."
    licence = (
        f"{licence_words(row)}. {row.licence.note}" if row else "Your own file: its licence is its maker's."
    )
    return [
        ("State", done),
        ("Model", f"{ready.choice.model} ({megabytes(ready.path.stat().st_size)}): {ready.choice.why}"),
        ("Licence", licence),
        ("File", str(ready.path)),
        ("Speed", words),
        ("Next", "assist demo                  see it work"),
        ("", "assist complete FILE:10:5    one completion of your own code"),
        ("", "assist doctor                if anything seems wrong"),
        ("", "In your editor, start `assist lsp` as the language server."),
    ]


LINE = 10  # tokens written for one line
TYPED = 3  # tokens read for what was typed since: the anchored prompt keeps the rest


def warm_seconds(speed: Speed) -> float:
    """A one-line suggestion at a place that the model has read already."""
    return (TYPED + LINE) / speed.decode


def cold_seconds(speed: Speed, budget: TokenBudget) -> float:
    """A one-line suggestion where nothing was read before: a small head and suffix come first."""
    return (budget.small.head + budget.small.suffix) / speed.prefill + LINE / speed.decode


def in_words(speed: Speed, budget: TokenBudget) -> str:
    """Both, as a sentence; it says so where other programs disturbed the measurement."""
    warm = warm_seconds(speed)
    cold = cold_seconds(speed, budget)
    words = (
        f"A warm one-line suggestion takes about {warm:.1f} s here, the first one at a new place about "
        f"{cold:.1f} s. What the model foresaw comes at once."
    )
    return words if speed.quiet else f"{words} Other programs computed meanwhile: it may be faster."
