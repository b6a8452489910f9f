"""Fields of a request's JSON, read with their types; a wrong one is refused by its name.

Texts lose lone surrogates, which JSON can hold and no model can read.
"""

from collections.abc import Mapping
from typing import Any

from assist_gateway.foreign_request import GatewayRefusal

MAX_STOPS = 16
LONGEST_STOP = 200  # characters


def plain(text: str) -> str:
    """A text that can be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()


def text_of(body: Mapping[str, Any], name: str) -> str:
    """A text, "" where it is missing or null. Raises `GatewayRefusal`."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong(name, "a text")
    return plain(value)


def count_of(body: Mapping[str, Any], name: str) -> int | None:
    """A number of at least 0, None where it is missing or null. Raises `GatewayRefusal`."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise wrong(name, "a whole number of 0 or more")
    return value


def flag_of(body: Mapping[str, Any], name: str) -> bool:
    """Whether a field is true. Raises `GatewayRefusal`."""
    value = body.get(name)
    if value not in (None, True, False) or isinstance(value, int) is not isinstance(value, bool):
        raise wrong(name, "true or false")
    return value is True


def stops_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The texts at which an answer ends. Raises `GatewayRefusal`."""
    value = body.get("stop")
    stops = [value] if isinstance(value, str) else value or []
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
        raise wrong("stop", "a text or a list of texts")
    if len(stops) > MAX_STOPS or any(len(stop) > LONGEST_STOP for stop in stops):
        raise wrong("stop", f"at most {MAX_STOPS} texts of up to {LONGEST_STOP} characters")
    return tuple(plain(stop) for stop in stops if stop)


def wrong(name: str, wanted: str) -> GatewayRefusal:
    """The refusal of a field with a wrong value."""
    return GatewayRefusal(400, "invalid_value", f"{name} has to be {wanted}.")


def unable(what: str, remedy: str) -> GatewayRefusal:
    """The refusal of what the local model cannot do."""
    return GatewayRefusal(400, "unsupported", f"The local model cannot do {what}: {remedy}.")
