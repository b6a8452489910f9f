"""What each tool needs to know of the gateway: the lines for its settings, from `tool_setups.toml`.

It knows no token: a user sees that once, and writes it where the tool keeps its keys.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from assist_gateway.dialects.dialect import DIALECTS


@dataclass(frozen=True, slots=True)
class ToolSetup:
    """The lines of one tool, and where they go. `asks` is the path of the gateway that it uses.

    `provider`: its requests are not for the local model.
    """

    where: str
    asks: str
    lines: str
    provider: bool = False

    @property
    def dialect(self) -> str:
        """The dialect of a provider that can answer the tool, or ""."""
        spoken = DIALECTS.get(self.asks)
        return spoken.name if spoken else ""

    def text(self, url: str, model: str) -> str:
        """The lines for a gateway at this address."""
        return self.lines.strip().replace("<URL>", url).replace("<MODEL>", model)


@cache
def tool_setups() -> Mapping[str, ToolSetup]:
    """The tools that are known, by name."""
    table = tomllib.loads((files(__package__) / "tool_setups.toml").read_text(encoding="utf-8"))
    return {
        name: ToolSetup(row["where"], row["asks"], row["lines"], row.get("provider", False))
        for name, row in table.items()
    }
