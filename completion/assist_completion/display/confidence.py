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

FITTED = tomllib.loads((files(__package__) / "confidence.toml").read_text(encoding="utf-8"))
BARS: Mapping[str, float] = FITTED["bars"]
OTHER = "other"  # the weights for models that nothing was fitted to
FLOOR = -5.0  # log-probability; less likely tokens count as that
LOOK = 8_000  # characters around the cursor in which the beginning of a text is looked for
BEGINNING = 12  # characters
SHORTEST = 5  # characters of such a beginning, with the word before the cursor
_WORD = re.compile(r"[^\W\d]\w*")
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

    >>> gate_of("any model", "balanced").bar < gate_of("any model", "quiet").bar
    True
    """

    weights: Mapping[str, float]
    bar: float

    def chance(self, site: CursorSite, part: JudgedPart) -> float:
        """The estimated chance that a part is what the line goes on with; 0 for one without tokens."""
        if not part.chances:
            return 0.0
        found = features(site, part)
        return _logistic(self.weights["bias"] + sum(self.weights[name] * found[name] for name in found))

    def stop(self, site: CursorSite) -> float:
        """The log-probability of a token with which no text reaches the bar here, so that writing ends.

        -inf if every text does, as for a request by hand.
        """
        if self.bar <= 0:
            return -math.inf
        best = features(site, JudgedPart("", (0.0,)))
        fixed = self.weights["bias"] + sum(self.weights[name] * best[name] for name in best)
        fixed += sum(max(self.weights[name], 0.0) for name in ("echo", "closed", "cut"))
        slope = self.weights["lowest"] + self.weights["sum"]
        return min(0.0, (math.log(self.bar / (1 - self.bar)) - fixed) / slope)


def gate_of(model: str, mode: str, *, manual: bool = False) -> Gate:
    """The gate for a model's name and a mode. A request by hand always gets its text."""
    weights = FITTED["weights"]
    return Gate(weights.get(model, weights[OTHER]), 0.0 if manual else BARS[mode])


def features(site: CursorSite, part: JudgedPart) -> dict[str, float]:
    """What the chance is estimated from.

    Others brought nothing on repositories that were held out: the mean and the first of the probabilities,
    the kind of place, whether names are new in the file, the language, the number of lines.
    """
    chances = [max(chance, FLOOR) for chance in part.chances]
    return {
        "lowest": min(chances),
        "sum": sum(chances),
        "names": math.log1p(len(_WORD.findall(part.text))),
        "typed": math.log1p(len(site.line.strip())),
        "echo": float(_is_echo(site, part.text)),
        "cut": float(part.cut),
        "closed": float(part.closed),
        "guess": float(part.guess),
    }


def _is_echo(site: CursorSite, text: str) -> bool:
    """Whether what is near begins like this text somewhere else, after the same word."""
    last = _LAST.search(site.line)
    beginning = (last[0].lstrip() if last else "") + text.partition("\n")[0][:BEGINNING]
    near = (site.before[-LOOK:], site.after[:LOOK])
    return len(beginning) >= SHORTEST and any(beginning in side for side in near)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-40.0, min(40.0, value))))
