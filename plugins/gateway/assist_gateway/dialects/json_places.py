"""The strings of a JSON: where they are, and how they are replaced. It knows no secret and no dialect."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_MAX_NESTED = 4_000_000  # characters of a string that is read as JSON
LEAST_DIGITS = 8  # of a number that can be a secret, as of any value


@dataclass(frozen=True, slots=True)
class JsonPlace:
    """A value of a JSON that was read for this purpose: `holder[key]`, which `put` replaces.

    `value` is a text, or more JSON whose strings are texts. `kind` is the dialect's word for what it is.
    `claims` are the files that it is said to come from. With `is_word` it is a word of the protocol, such
    as a name or an id, and is never replaced. `item` is the number of the message that it belongs to, or -1.
    """

    holder: Any
    key: str | int
    value: Any
    kind: str = "text"
    claims: tuple[str, ...] = ()
    is_word: bool = False
    item: int = -1

    def put(self, value: Any) -> None:
        """Replace the value."""
        self.holder[self.key] = value


def rewrite(value: Any, change: Callable[[str, str], str], name: str = "") -> Any:
    """`value` with each string in it changed, keys too, and long numbers, which become strings if they are.

    `change` gets a string and the key that holds it.

    >>> rewrite({"a": ["b", 1]}, lambda text, name: f"{name}.{text}")
    {'.a': ['a.b', 1]}
    """
    if isinstance(value, str):
        return change(value, name)
    if isinstance(value, int | float) and len(written := str(value)) >= LEAST_DIGITS:
        changed = change(written, name)
        return value if changed == written else changed
    if isinstance(value, list):
        return [rewrite(item, change, name) for item in value]
    if isinstance(value, dict):
        return {change(key, ""): rewrite(item, change, key) for key, item in value.items()}
    return value


def says_twice(text: str) -> bool:
    """Whether an object in a text of JSON has a name twice: readers take one of the values each.

    >>> says_twice('{"a": 1, "b": {"c": 1, "c": 2}}'), says_twice('[{"a": 1}, {"a": 2}]')
    (True, False)
    """
    doubled = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        doubled.extend(pairs[len({name for name, _ in pairs}) :])

    json.loads(text, object_pairs_hook=note)
    return bool(doubled)


def nested_json(text: str) -> Any:
    """What a string holds if it is an object or a list of JSON, else None.

    >>> nested_json('{"a": 1}'), nested_json("[text")
    ({'a': 1}, None)
    """
    bare = text.strip()
    if not (bare.startswith(("{", "[")) and bare.endswith(("}", "]"))) or len(bare) > _MAX_NESTED:
        return None
    try:
        return json.loads(bare)
    except (ValueError, RecursionError):
        return None
