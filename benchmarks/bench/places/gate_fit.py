"""From raw texts at places to the weights of the show gate, and what the gate would show with them.

The gate's own steps make the parts that may be shown (`show_gate.parts`), so that a fit sees what the product
sees. It knows no model and no engine.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assist_completion.display import line_policy
from assist_completion.display.confidence import Gate, features
from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.filters import clean
from assist_completion.display.line_policy import Shape
from assist_completion.display.show_gate import cut_refuted, finish, parts
from assist_completion.display.suggestion_cache import KnownText
from assist_completion.suggestion import Suggestion
from assist_context.languages import language_of
from bench.logistic import logistic
from bench.places.agreement import agrees

PENALTY = 2.0  # as two texts that speak against a weight
# With 0.45 about as many agreeing texts are shown as before, and three of four that are shown agree; with 0.5
# fewer of both models' agreeing texts are. What does not agree is seldom as good: readers said so of 2 in 20.
BARS = {"eager": 0.2, "balanced": 0.45, "quiet": 0.65, "manual": 0.0}
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A raw text at a place: the cursor, the most that may be shown there, and the text."""

    row: Row
    site: CursorSite
    shape: Shape
    raw: KnownText

    @property
    def refuted(self) -> int:
        return int(self.row["refuted"])

    @property
    def repository(self) -> str:
        return str(self.row["place"]["repository"])


def written_texts(rows: Iterable[Row]) -> Iterator[WrittenText]:
    """The rows of `writing.texts_of` with their cursors, but those in which the model wrote nothing."""
    for row in rows:
        place = row["place"]
        site = CursorSite(place["before"], place["after"], language_of(place["path"]), place["path"])
        shape = line_policy.choose_shape(site, manual=False, after_accept=False)
        spans = tuple((end, chance) for end, chance in row["spans"])
        if spans:
            yield WrittenText(
                row, site, shape, KnownText(row["text"], spans, 0, row["ended"], guess=not row["full"])
            )


def shown_by(written: WrittenText, gate: Gate) -> Suggestion:
    """What a gate shows of a text, without the names that the index refutes."""
    answer = finish(written.site, written.shape, written.raw, gate)
    if answer.shown and 0 <= written.refuted < len(answer.text):
        return cut_refuted(written.site, written.shape, answer, written.refuted)
    return answer


def examples(texts: Iterable[WrittenText]) -> tuple[list[dict[str, float]], list[bool]]:
    """The features of each part that may be shown, and whether it agrees."""
    found: list[dict[str, float]] = []
    right: list[bool] = []
    for written in texts:
        site = written.site
        whole = line_policy.cut(site, written.raw.text, written.shape, is_ended=written.raw.ended)
        for text, part in parts(site, written.shape, written.raw, whole, clean(site, whole)):
            refuted = 0 <= written.refuted < len(text.text)
            if not text.dropped and part.chances and not refuted:
                found.append(features(site, part))
                right.append(agrees(text.text, written.row["place"]["truth"]))
    return found, right


def fit(texts: Iterable[WrittenText]) -> dict[str, float]:
    """The weights of a gate. What is the same in all texts says nothing, and weighs nothing."""
    found, right = examples(texts)
    names = [name for name in found[0] if len({example[name] for example in found}) > 1]
    table = np.array([[example[name] for name in names] for example in found])
    weights = logistic(table, np.array(right, dtype=float), PENALTY)
    fitted = {name: round(float(weight), 3) for name, weight in zip(("bias", *names), weights, strict=True)}
    return {"bias": fitted["bias"], **{name: fitted.get(name, 0.0) for name in found[0]}}


def in_first_half(repository: str) -> bool:
    """Which half of the repositories one is in. The answer never changes."""
    return hashlib.sha256(repository.encode()).digest()[0] % 2 == 1


def held_out(texts: Sequence[WrittenText]) -> dict[str, dict[str, float]]:
    """What each mode shows in repositories that its weights were not fitted to: half for half."""
    halves = [[one for one in texts if in_first_half(one.repository) is half] for half in (True, False)]
    counts: dict[str, list[int]] = {mode: [0, 0] for mode in BARS if BARS[mode]}
    for own, other in (halves, halves[::-1]):
        weights = fit(other)
        for mode, (shown, right) in _counts(own, weights).items():
            counts[mode] = [counts[mode][0] + shown, counts[mode][1] + right]
    return {
        mode: {"texts": len(texts), "shown": shown, "agree": right, "share": round(right / max(1, shown), 3)}
        for mode, (shown, right) in counts.items()
    }


def _counts(texts: Sequence[WrittenText], weights: Mapping[str, float]) -> dict[str, tuple[int, int]]:
    found = {}
    for mode, bar in BARS.items():
        answers = [(shown_by(one, Gate(weights, bar)), one) for one in texts] if bar else []
        shown = [(answer, one) for answer, one in answers if answer.shown]
        right = sum(agrees(answer.text, one.row["place"]["truth"]) for answer, one in shown)
        found[mode] = (len(shown), right)
    return {mode: counted for mode, counted in found.items() if BARS[mode]}


def gate_file(weights: Mapping[str, Mapping[str, float]], provenance: Mapping[str, Any]) -> str:
    """The gate's TOML: bars, weights by model, and where they come from."""
    lines = [
        "# Written by `benchmarks/places.py fit --write`. Do not edit it by hand: fit it again.",
        "# The chance that a text agrees with what is written: 1 / (1 + exp(-bias - sum(weight * feature))).",
        "# The features are those of `confidence.features`; a text is shown from the bar of the mode on.",
        "",
        "[bars]",
        *(f"{mode} = {bar}" for mode, bar in BARS.items()),
    ]
    for model, own in weights.items():
        lines += ["", f"[weights.{json.dumps(model)}]", *(f"{name} = {value}" for name, value in own.items())]
    for title, values in provenance.items():
        lines += ["", f"[provenance.{json.dumps(title)}]"]
        lines += [f"{json.dumps(name)} = {_inline(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_inline(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)
