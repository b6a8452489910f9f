"""Models as JSON documents and as words: licence, size, state.

It looks at files' existence, not into them, and prints nothing.
"""

from typing import TYPE_CHECKING, Any

from assist_completion.catalogue import ModelRow
from assist_server.cli_output import megabytes

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_server.setup import Ready

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


def ready_document(ready: "Ready", words: str) -> dict[str, Any]:
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


def ready_facts(ready: "Ready", words: str) -> list[tuple[str, str]]:
    """The same for people, with what to do next."""
    row, done = ready.choice.row, "Ready."
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
