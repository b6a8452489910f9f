"""The demo: real completions in a small workspace, and what they cost.

The files of `workspace` are complete. Each scene removes a piece, puts the cursor there, and lets the model
fill the gap through a real `assist lsp`.
"""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assist_completion.errors import ModelError
from assist_completion.model_store.store import resolve
from assist_completion.settings import is_path
from assist_installer.demo.lsp_client import DemoScene, Shot, start_editor
from assist_server.cli.output import emit, out
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.local_model.opening import open_store
from assist_server.wording.reasons import hiding_reasons, reason_words

WORKSPACE = Path(__file__).parent / "workspace"
REST = 1.0  # seconds in which a person reads a file before typing; the server prewarms meanwhile
KEY_GAP = 0.12  # seconds between keys, about 100 words a minute
AROUND = 3  # lines shown above and below the cursor
EVALUATED, GENERATED, PROMPT = "prompt-tokens-evaluated", "tokens-generated", "prompt-tokens"

SCENES = (
    DemoScene(
        "A half-written line, requested as soon as the file is open",
        "inventory.py",
        "    return sum(item.price * ",
        "item.quantity for item in items)",
        rest=0.0,
        keys=4,
    ),
    DemoScene(
        "An empty function",
        "inventory.py",
        '"""The first item of that name, or None."""\n    ',
        "for item in items:\n        if item.name == name:\n            return item\n    return None",
        rest=REST,
    ),
    DemoScene(
        "In the middle of a line",
        "report.py",
        'lines.append(f"Total: {',
        "format_price(total_value(items))",
        rest=REST,
    ),
    DemoScene(
        "The end of a method in TypeScript",
        "cart.ts",
        "return this.lines.reduce((sum, line) => sum + ",
        "line.price * line.quantity, 0);",
        rest=REST,
    ),
    DemoScene(
        "An error path in Go",
        "queue.go",
        "if len(q.jobs) == 0 {\n\t\t",
        "return Job{}, ErrEmpty",
        rest=REST,
    ),
)


def run(config: Config, *, as_json: bool) -> None:
    """Play every scene and show it; `UserError` if there is no model, or if it wrote nothing."""
    model = _model(config)
    start = time.perf_counter()
    if not as_json:
        out(f"{model} fills gaps in the files of {WORKSPACE}.\nWhat it wrote is between « and ».\n")
    shots = asyncio.run(_play(config, (lambda _: None) if as_json else show))
    answered = [shot for shot in shots if shot.text]
    summary = _summary(shots, time.perf_counter() - start)
    if as_json:
        emit({"model": model, "shots": [document(shot) for shot in shots], "summary": summary})
    else:
        out(_last_line(summary))
    if not answered:
        raise UserError("The model wrote nothing at any cursor position. `assist doctor` says more.")


async def _play(config: Config, tell: Callable[[Shot], None]) -> list[Shot]:
    shots: list[Shot] = []
    # The user may have silenced ghost text; the demo shows it as it is delivered.
    options = {"completion": {"mode": "balanced"}}
    async with start_editor(options, offline=config.offline) as editor:
        for scene in SCENES:
            shot = await editor.show(scene, WORKSPACE)
            shots.append(shot)
            tell(shot)
            for character in shot.text[: scene.keys]:
                await asyncio.sleep(KEY_GAP)
                shot = await editor.type_on(shot, character)
                shots.append(shot)
                tell(shot)
    return shots


def document(shot: Shot) -> dict[str, Any]:
    """A shot as JSON; line and column count from 1."""
    return {
        "title": shot.scene.title,
        "file": shot.scene.file,
        "line": shot.line + 1,
        "column": shot.column + 1,
        "typed": shot.typed,
        "text": shot.text,
        "removed": shot.scene.removed,
        "source": _source(shot),
        "reason": _reason(shot),
        "ms": round(shot.ms, 1),
        "tokens": _tokens(shot),
    }


def show(shot: Shot) -> None:
    """A shot for people: the code with the suggestion in it, then what it cost."""
    from assist_server.cli.terminal.tables import GhostExcerpt, code  # noqa: PLC0415  (imports rich)

    if shot.typed:
        rest = shot.text.partition("\n")[0]
        out(f"    typed {shot.typed!r:8} {_cost(shot)}: «{rest}»")
        if len(shot.typed) == shot.scene.keys:
            out("")
        return
    first = max(0, shot.line - AROUND)
    last = shot.line + AROUND + 1
    title = f"{shot.scene.file}:{shot.line + 1}:{shot.column + 1}  {shot.scene.title}"
    ghost = GhostExcerpt(shot.line - first, shot.column, shot.text, shot.replace)
    code(title, shot.lines[first:last], ghost)
    out(f"    {_cost(shot)}")
    if not shot.text:
        out(f"    Nothing is shown: {reason_words(_reason(shot))}.")
    if shot.scene.keys:
        out("    Now its first characters are typed:")
    else:
        out("")


def _cost(shot: Shot) -> str:
    tokens = _tokens(shot)
    prompt = f" of {tokens['prompt']}" if tokens["prompt"] else ""
    if _source(shot) in ("cache", "typed-through"):
        return f"{shot.ms:5.0f} ms, already known: no inference"
    return (
        f"{shot.ms:5.0f} ms, {tokens['evaluated']}{prompt} prompt tokens read, {tokens['generated']} written"
    )


def _tokens(shot: Shot) -> dict[str, int]:
    names = {"prompt": PROMPT, "evaluated": EVALUATED, "generated": GENERATED}
    return {name: shot.counts.get(key, 0) for name, key in names.items()}


def _source(shot: Shot) -> str:
    sources = [key.removeprefix("source-") for key in shot.counts if key.startswith("source-")]
    return sources[0] if sources else ""


def _reason(shot: Shot) -> str:
    """Why nothing is shown: the one reason that was counted."""
    if shot.text:
        return ""
    return next(iter(hiding_reasons(Counter(shot.counts))), "no answer")


def _summary(shots: list[Shot], seconds: float) -> dict[str, Any]:
    scenes = [shot for shot in shots if not shot.typed]
    model = [shot.ms for shot in shots if _source(shot) == "model"]
    known = [shot.ms for shot in shots if _source(shot) in ("cache", "typed-through")]
    return {
        "places": len(scenes),
        "completed": sum(1 for shot in scenes if shot.text),
        "model_ms_median": round(statistics.median(model), 1) if model else None,
        "known_answers": len(known),
        "known_ms_median": round(statistics.median(known), 1) if known else None,
        "tokens": {
            "evaluated": sum(_tokens(shot)["evaluated"] for shot in shots),
            "generated": sum(_tokens(shot)["generated"] for shot in shots),
        },
        "seconds": round(seconds, 1),
    }


def _last_line(summary: dict[str, Any]) -> str:
    words = f"{summary['completed']} of {summary['places']} places completed"
    if summary["model_ms_median"] is not None:
        words += f", half of them within {summary['model_ms_median'] / 1e3:.2f} s"
    if summary["known_answers"]:
        words += f"; {summary['known_answers']} more answers without inference"
        words += f" in {summary['known_ms_median']:.0f} ms"
    return f"{words}; {summary['seconds']:.0f} s in all."


def _model(config: Config) -> str:
    """The name of the model in use."""
    model = config.completion.model
    try:
        path = resolve(open_store(config), model)
    except ModelError as error:
        raise UserError(f"{error} `assist setup` does everything that is needed.") from error
    return path.stem if is_path(model) else model
