"""The chance that a text is what the user would type, and how large it must be to be shown.

A logistic model for each model file, in confidence.toml with its provenance: `benchmarks/places.py fit`
writes it, from lines of commits that are younger than the models. It knows tokens' probabilities and the text
around the cursor; it knows no model.
"""

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.suggestion_cache import Spans

FITTED = tomllib.loads((files(__package__) / "confidence.toml").read_text(encoding="utf-8"))
BARS: Mapping[str, float] = FITTED["bars"]
OTHER = "other"  # the weights for models that nothing was fitted to
FLOOR = -5.0  # log-probability; less likely tokens count as that
CERTAIN = 0.02  # log-probability of a whole text from which on it is as certain as can be
LOOK = 8_000  # characters around the cursor in which the beginning of a text is looked for
BEGINNING = 12  # characters
SHORTEST = 5  # characters of such a beginning, with the word before the cursor
_LAST = re.compile(r"\S+\s*\Z")


@dataclass(frozen=True, slots=True)
class JudgedPart:
    """A text that may be shown at a cursor, or its part before a doubt, and its tokens' log-probabilities.

    `cut`: the model wrote more, which is left out. `closed`: brackets were added to close what it opened.
    `guess`: it was written from a small prompt.
    """

    text: str
    chances: Sequence[float]
    cut: bool = False
    closed: bool = False
    guess: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """The weights of a model, and the least chance that is shown.

    >>> choose_gate("any model", "balanced").bar < choose_gate("any model", "quiet").bar
    True
    """

    weights: Mapping[str, float]
    bar: float

    def chance(self, site: CursorSite, part: JudgedPart) -> float:
        """The estimated chance that a part is what the line goes on with; 0 for one without tokens."""
        if not part.chances:
            return 0.0
        return self._chance(features(site, part))

    def is_hopeless(self, site: CursorSite, text: str, spans: Spans) -> bool:
        """Return whether a text that begins like this can no longer reach the bar, however it goes on.

        Each token more makes it less likely; only what is near may still turn out to begin like it.
        """
        if self.bar <= 0 or not spans:
            return False
        values = features(site, JudgedPart(text, [chance for _, chance in spans]))
        if len(text) < BEGINNING:
            values["echo"] = 1.0
        return self._chance(values) < self.bar

    def _chance(self, values: Mapping[str, float]) -> float:
        value = self.weights["bias"] + sum(self.weights[name] * values[name] for name in values)
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, value))))


def choose_gate(model: str, mode: str, *, manual: bool = False) -> Gate:
    """The gate for a model's name and a mode. A request by hand always gets its text."""
    weights = FITTED["weights"]
    return Gate(weights.get(model, weights[OTHER]), 0.0 if manual else BARS[mode])


def features(site: CursorSite, part: JudgedPart) -> dict[str, float]:
    """Return what the chance is estimated from.

    `doubt` is how unlikely all tokens together are, as a logarithm: in log-odds the chance falls evenly with
    it. Others brought less than a hundredth of the loss on repositories that were held out: the least likely
    token, the mean, the first, the kind of place, whether names are new, strings, language, number of lines.
    """
    return {
        "doubt": math.log(CERTAIN - sum(max(chance, FLOOR) for chance in part.chances)),
        "echo": float(_is_echo(site, part.text)),
        "cut": float(part.cut),
        "closed": float(part.closed),
        "guess": float(part.guess),
    }


def _is_echo(site: CursorSite, text: str) -> bool:
    """Return whether what is near begins like this text somewhere else, after the same word."""
    last = _LAST.search(site.line)
    beginning = (last[0].lstrip() if last else "") + text.partition("\n")[0][:BEGINNING]
    near = (site.before[-LOOK:], site.after[:LOOK])
    return len(beginning) >= SHORTEST and any(beginning in side for side in near)
