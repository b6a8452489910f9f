"""Reads what servers answer, piece by piece. JSON comes from outside: an unexpected shape is a `Fault`."""

from dataclasses import dataclass, replace
from typing import Any

from assist_escalation.policy.endpoints import ServerKind
from assist_escalation.provider.chat_completion import clean_name, event_of, expect
from assist_escalation.provider.failures import Fault, describe, refusal

LEAST = -100.0  # nats: less is no chance, and some servers write -9999
MOST_TOKENS = 10_000_000  # a larger count is no count


@dataclass(frozen=True, slots=True)
class InfillPiece:
    """The next piece. `chance` is its log-probability in nats, None if the server gives none.

    `likely` are the likeliest tokens in its place, each with its log-probability.
    `end` is "" until the last piece: `stop` (the model ended), `line` (the end of the line), `length`.
    `prompt` and `cached` count tokens, 0 where the server does not say. `model` is what it calls its model.
    """

    text: str
    chance: float | None = None
    end: str = ""
    prompt: int = 0
    cached: int = 0
    likely: tuple[tuple[str, float], ...] = ()
    model: str = ""


def read(kind: ServerKind, data: str) -> InfillPiece:
    """The piece in an event of such a server.

    >>> read("llama.cpp", '{"content": "a", "stop": false, "timings": {"prompt_n": 3, "cache_n": 9}}')
    InfillPiece(text='a', chance=None, end='', prompt=12, cached=9, likely=(), model='')
    """
    event = event_of(data)
    if event.get("error"):
        found = refusal(0, data.encode("utf-8", "replace"))
        raise Fault(found.kind, describe(found))
    piece = _READERS.get(kind, _openai)(event)
    return replace(piece, model=clean_name(event.get("model")))


def _llama(event: dict[str, Any]) -> InfillPiece:
    timings = expect(event.get("timings"), dict)
    cached = _count(timings.get("cache_n"))
    prompt = cached + _count(timings.get("prompt_n"))
    end = ""
    if event.get("stop"):
        end = {"word": "line", "limit": "length"}.get(expect(event.get("stop_type"), str), "stop")
    tokens = expect(event.get("completion_probabilities"), list)
    first = tokens[0] if tokens and isinstance(tokens[0], dict) else {}
    likely = [(token.get("token"), _chance(token)) for token in _dicts(first.get("top_logprobs"))]
    chance = _lowest([_chance(token) for token in tokens])
    return InfillPiece(expect(event.get("content"), str), chance, end, prompt, cached, _known_tokens(likely))


def _ollama(event: dict[str, Any]) -> InfillPiece:
    chances = [_chance(token) for token in expect(event.get("logprobs"), list)]
    end = ""
    if event.get("done"):
        end = "length" if event.get("done_reason") == "length" else "stop"
    prompt = _count(event.get("prompt_eval_count"))
    return InfillPiece(expect(event.get("response"), str), _lowest(chances), end, prompt, 0)


def _openai(event: dict[str, Any]) -> InfillPiece:
    """A chunk of OpenAI's completions, or of Mistral's, which has the shape of a chat."""
    usage = expect(event.get("usage"), dict)
    details = expect(usage.get("prompt_tokens_details"), dict)
    prompt, cached = _count(usage.get("prompt_tokens")), _count(details.get("cached_tokens"))
    text, end = "", ""
    chances: list[float | None] = []
    likely: list[tuple[Any, float | None]] = []
    for said in expect(event.get("choices"), list):
        choice = expect(said, dict)
        delta = expect(choice.get("delta"), dict)
        text += expect(choice.get("text"), str) or expect(delta.get("content"), str)
        found = expect(choice.get("logprobs"), dict)
        chances += map(_number, expect(found.get("token_logprobs"), list))
        for tokens in _dicts(found.get("top_logprobs"))[:1]:
            likely += [(token, _number(value)) for token, value in tokens.items()]
        if reason := expect(choice.get("finish_reason"), str):
            line = choice.get("stop_reason") == "\n"
            end = "length" if reason == "length" else "line" if line else "stop"
    return InfillPiece(text, _lowest(chances), end, prompt, min(cached, prompt), _known_tokens(likely))


_READERS = {"llama.cpp": _llama, "ollama": _ollama}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _known_tokens(likely: list[tuple[Any, float | None]]) -> tuple[tuple[str, float], ...]:
    """Those of the likely tokens that have a text and a chance."""
    return tuple((text, chance) for text, chance in likely if isinstance(text, str) and chance is not None)


def _lowest(chances: list[float | None]) -> float | None:
    """The chance of several tokens that came as one piece: the least likely one decides what is shown."""
    known = [chance for chance in chances if chance is not None]
    return min(known) if known and len(known) == len(chances) else None


def _chance(token: Any) -> float | None:
    return _number(token.get("logprob")) if isinstance(token, dict) else None


def _number(value: Any) -> float | None:
    """A log-probability, or None if it cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value <= 0.001:
        return None
    return min(max(value, LEAST), 0.0)


def _count(value: Any) -> int:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS
    return int(value) if fits else 0
