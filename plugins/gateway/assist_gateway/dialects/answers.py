"""What all dialects share about answers: texts with their secrets back, as they come, and what is remembered.

A tool sends an answer back with its next request. It then has secrets in it that no rule might find in that
place, so what the model wrote is remembered by what the tool was given. This module knows no protocol.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Any

from assist_escalation.provider.failures import Fault
from assist_escalation.redaction.restorer import Restorer
from assist_gateway.clean_text_cache import ENTRY
from assist_gateway.dialects.edit_tools import EditRules, edit_tool, restore_arguments, restore_input

_REMEMBERED = 16_000_000  # bytes of answers; a long session writes 400,000
_OPAQUE = 20_000  # texts that only the provider can read
_DIGEST = 200  # bytes of what is remembered of one


class AnswerMemory:
    """What models wrote, by what the tools were given in its place. For one tool and one provider."""

    def __init__(self) -> None:
        self._originals: OrderedDict[str, str] = OrderedDict()
        self._opaque: OrderedDict[bytes, None] = OrderedDict()
        self._size = 0

    @property
    def size(self) -> int:
        """About how many bytes are remembered."""
        return self._size + len(self._opaque) * _DIGEST

    def remember(self, given: str, original: str) -> None:
        """A tool was given this text in place of the original."""
        if given == original or given in self._originals:
            return
        self._originals[given] = original
        self._size += getsizeof(given) + getsizeof(original) + ENTRY
        while self._size > _REMEMBERED:
            old, text = self._originals.popitem(last=False)
            self._size -= getsizeof(old) + getsizeof(text) + ENTRY

    def original(self, given: str) -> str:
        """What the model wrote, or the same text if it is not known."""
        return self._originals.get(given, given)

    def remember_opaque(self, text: str) -> None:
        """The provider gave a text that only it can read, such as encrypted reasoning."""
        self._opaque[_digest(text)] = None
        if len(self._opaque) > _OPAQUE:
            self._opaque.popitem(last=False)

    def knows_opaque(self, text: str) -> bool:
        """Whether the provider gave this text."""
        return _digest(text) in self._opaque


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def canonical(value: Any) -> str:
    """An object of arguments as a text that does not depend on how it is written."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class ReaderContext:
    """What an answer is read with: the secrets of the request's placeholders, and a line for its beginning.

    `most` is the limit of its tokens. `notice` says what was kept here, or is "".
    """

    secrets: Mapping[str, str] = field(repr=False)
    edits: EditRules
    memory: AnswerMemory
    most: int
    notice: str = ""

    def restore(self, text: str) -> str:
        """A whole text of the answer, as it is shown."""
        restorer = Restorer(self.secrets, in_addresses=False)
        shown = restorer.take(text) + restorer.rest()
        self.memory.remember(shown, text)
        return shown

    def arguments(self, name: str, raw: str) -> str:
        """The arguments of a call, as a text of JSON."""
        given = restore_arguments(name, raw, self.secrets, self.edits) if self.secrets else raw
        self.memory.remember(given, raw)
        return given

    def input(self, name: str, arguments: Any) -> Any:
        """The arguments of a call, as an object."""
        if not self.secrets or not isinstance(arguments, dict):
            return arguments
        given = restore_input(name, arguments, self.secrets, self.edits)
        self.memory.remember(canonical(given), canonical(arguments))
        return given

    def holds(self, name: str) -> bool:
        """Whether the arguments of this tool wait for their end, since secrets may be put back there."""
        return bool(self.secrets) and edit_tool(name, self.edits) is not None


class StreamedText:
    """One text of an answer as it comes. `before` is what the tool was shown ahead of it."""

    def __init__(self, context: ReaderContext, before: str = "") -> None:
        self._context = context
        self._restorer = Restorer(context.secrets, in_addresses=False)
        self._raw: list[str] = []
        self._shown = [before]

    def take(self, piece: str) -> str:
        """What can be shown now."""
        self._raw.append(piece)
        shown = self._restorer.take(piece)
        self._shown.append(shown)
        return shown

    def end(self) -> str:
        """What still waits. The text is then remembered."""
        rest = self._restorer.rest()
        self._shown.append(rest)
        self._context.memory.remember("".join(self._shown), "".join(self._raw))
        return rest

    @property
    def raw(self) -> str:
        """What came so far."""
        return "".join(self._raw)


class StreamedCall:
    """The arguments of one call as they come. Those of a tool that changes files wait for their end."""

    def __init__(self, context: ReaderContext, name: str) -> None:
        self.name = name
        self._context = context
        self._waits = context.holds(name)
        self._is_one = True
        self._raw: list[str] = []

    def note(self, name: str) -> None:
        """Its place in the answer says this name, or "". With another, readers may see another call there."""
        self._is_one = self._is_one and (not name or f"__{self.name}".endswith(f"__{name}"))

    def note_other(self) -> None:
        """Its place in the answer may be that of another call, so nothing is put back."""
        self._is_one = False

    def restore(self, raw: str) -> str:
        """All of the arguments as the tool gets them."""
        return self._context.arguments(self.name, raw) if self._is_one else raw

    def take(self, piece: str) -> str:
        """What can be passed on now."""
        self._raw.append(piece)
        return "" if self._waits else piece

    def end(self) -> str:
        """What still waits, with its secrets back."""
        return self.restore(self.raw) if self._waits else ""

    @property
    def raw(self) -> str:
        """What came so far."""
        return "".join(self._raw)


def tool_name(item: Mapping[str, Any]) -> str:
    """The name of a call's tool; a namespace counts as a server.

    >>> tool_name({"namespace": "mcp__files__", "name": "write_file"})
    'mcp__files__write_file'
    """
    name = str(item.get("name") or "")
    space = str(item.get("namespace") or "").removesuffix("__")
    return f"{space}__{name}" if space else name


def number_of(event: Mapping[str, Any], name: str = "index") -> int:
    """The number of a part of an answer, 0 without one."""
    found = event.get(name)
    return found if isinstance(found, int) else 0


def objects(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list in an answer, which may be missing. Raises `Fault` for any other shape."""
    found = holder.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Fault("bad-reply", f"{name} of the answer is not a list of objects")
    return found
