"""An answer of llama.cpp's server while it grows: what may be sent, and where stop strings end it.

The rules are those of the server's `process_token`. It knows bytes and times, no model and no token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class GrowingAnswer:
    """One request's result while it grows. Times in seconds of `time.perf_counter`."""

    text: bytes = b""
    sent: int = 0
    cached: int = 0
    evaluated: int = 0
    predicted: int = 0
    started: float = 0.0
    prompted: float = 0.0
    ended: float = 0.0
    newline: bool = False
    line_start: int = 0
    stop: str = ""
    truncated: bool = False

    def result(self, held: int) -> dict[str, Any]:
        """Return it as in the server's final response; `held` is the number of tokens now in the cache."""
        return {
            "content": self.text.decode("utf-8", "replace"),
            "stop": True,
            "stop_type": self.stop,
            "truncated": self.truncated,
            "tokens_cached": held,
            "tokens_evaluated": self.cached + self.evaluated,
            "tokens_predicted": self.predicted,
            "timings": {
                "cache_n": self.cached,
                "prompt_n": self.evaluated,
                "prompt_ms": 1000 * (self.prompted - self.started),
                "predicted_n": self.predicted,
                "predicted_ms": 1000 * max(0.0, self.ended - self.prompted),
            },
        }


def release(answer: GrowingAnswer, stops: Sequence[bytes]) -> bytes:
    """Cut the answer at a stop string; return the new text that may be sent.

    Text that could become a stop string, or half a character, is held back.
    """
    found = min((at for stop in stops if (at := answer.text.find(stop, answer.sent)) >= 0), default=-1)
    if found >= 0:
        answer.text = answer.text[:found]
        answer.stop = "word"
    end = (
        len(answer.text) if answer.stop else len(answer.text) - _held_back(answer.text[answer.sent :], stops)
    )
    fresh, answer.sent = answer.text[answer.sent : end], end
    return fresh


def _held_back(text: bytes, stops: Sequence[bytes]) -> int:
    most = max((n for stop in stops for n in range(1, len(stop)) if text.endswith(stop[:n])), default=0)
    half = next((n for n in range(1, 4) if len(text) >= n and text[-n] >= 0xC0), 0)
    if half and half < 2 + (text[-half] >= 0xE0) + (text[-half] >= 0xF0):
        most = max(most, half)
    return len(text) if most else 0  # the server holds back everything not sent yet


def check_indent(answer: GrowingAnswer, least: int) -> None:
    """End the answer before a new line with less white space than `least`; its text is cut off."""
    if answer.line_start:
        line = answer.text[answer.line_start :]
        body = line.lstrip(b" \t")
        if body and len(line) - len(body) < least:
            answer.stop = "limit"
            answer.text = answer.text[: answer.line_start + len(line) - len(body)]
    if (at := answer.text.find(b"\n", answer.line_start)) >= 0:
        answer.line_start = at + 1
