"""The tools that an agent has: their names, what they take, how long their results may be.

Their descriptions are in each request of an agent, so they are short. This module loads nothing that answers:
an agent asks for the tools when it starts, and some wait 5 s for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assist_server.errors import WRONG_USAGE, UserError

ToolArguments = Mapping[str, object]
LONGEST = 4_000  # characters of a text that an agent passes
LEAST_TOKENS = 50  # of a ceiling
_TEXT = {"type": "string"}
_TOKENS = {"type": "integer", "description": "fewer tokens than usual"}
_TYPES: Mapping[str, tuple[type, str]] = {
    "string": (str, "text"),
    "integer": (int, "a whole number"),
    "array": (list, "a list of texts"),
}
INSTRUCTIONS = (
    "Search here before you read whole files: results are PATH:LINE with few lines. "
    '"kept by policy" means that a rule keeps a file from your model: do not read it by other means.'
)


@dataclass(frozen=True, slots=True)
class AgentTool:
    """One tool: `ceiling` is the most tokens of its result.

    `takes` are its arguments as JSON Schema, of which all in `needs` must be given.
    """

    name: str
    description: str
    takes: Mapping[str, Mapping[str, Any]]
    needs: tuple[str, ...]
    ceiling: int

    @property
    def schema(self) -> dict[str, Any]:
        """What it takes, as JSON Schema."""
        return {
            "type": "object",
            "properties": {name: dict(kind) for name, kind in {**self.takes, "max_tokens": _TOKENS}.items()},
            "required": list(self.needs),
        }


TOOLS = (
    AgentTool(
        "search",
        "Find code and docs by words or a question: where is X decided, handled, parsed?",
        {"query": _TEXT, "path": {"type": "string", "description": "only below this path"}},
        ("query",),
        700,
    ),
    AgentTool(
        "definition",
        "Where a symbol is defined, with its code.",
        {"symbol": {"type": "string", "description": "name, Owner.name or PATH:name"}},
        ("symbol",),
        1_000,
    ),
    AgentTool(
        "references",
        "Who uses or calls a symbol, and which tests do.",
        {"symbol": _TEXT, "kind": {"type": "string", "enum": ["all", "code", "tests"]}},
        ("symbol",),
        1_000,
    ),
    AgentTool(
        "pack",
        "What helps to change the code at a line: the definition there, what it calls, callers, tests.",
        {"path": _TEXT, "line": {"type": "integer"}},
        ("path", "line"),
        2_000,
    ),
    AgentTool(
        "policy",
        "Which files may be sent to your model, and which rule keeps the others. Ask before you read.",
        {"paths": {"type": "array", "items": _TEXT}},
        ("paths",),
        1_000,
    ),
    AgentTool(
        "ask_local",
        "Ask a small model on this machine about the code: slow, nothing is sent. Prefer the other tools.",
        {"question": _TEXT},
        ("question",),
        700,
    ),
)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool with arguments that fit it, and the most tokens of the result."""

    tool: AgentTool
    said: ToolArguments
    ceiling: int


def tool_call(name: str, said: Mapping[str, object]) -> ToolCall:
    """A call as an agent makes it, checked. Raises `UserError`, which says what is wrong."""
    tool = next((tool for tool in TOOLS if tool.name == name), None)
    if tool is None:
        known = ", ".join(tool.name for tool in TOOLS)
        raise UserError(f"There is no tool {name[:60]!r}: choose from {known}.", WRONG_USAGE)
    kinds = tool.schema["properties"]
    for key, value in said.items():
        if key not in kinds:
            raise UserError(f"{tool.name} takes no {key[:60]!r}: it takes {', '.join(kinds)}.", WRONG_USAGE)
        _check(f"{tool.name}: {key}", kinds[key], value)
    missing = [key for key in tool.needs if said.get(key) in (None, "", [])]
    if missing:
        raise UserError(f"{tool.name} needs {missing[0]}.", WRONG_USAGE)
    wanted = said.get("max_tokens", tool.ceiling)
    ceiling = min(tool.ceiling, max(LEAST_TOKENS, wanted)) if isinstance(wanted, int) else tool.ceiling
    return ToolCall(tool, said, ceiling)


def _check(name: str, kind: Mapping[str, Any], value: object) -> None:
    wanted, words = _TYPES[kind["type"]]
    texts = value if isinstance(value, list) else [value]
    fits = isinstance(value, wanted) and not isinstance(value, bool)
    if not fits or (wanted is list and not all(isinstance(text, str) for text in texts)):
        raise UserError(f"{name} is {words}.", WRONG_USAGE)
    if any(isinstance(text, str) and (len(text) > LONGEST or "\0" in text) for text in texts):
        raise UserError(f"{name} is too long, or contains a NUL character.", WRONG_USAGE)
    if isinstance(value, int) and value < 1:
        raise UserError(f"{name} counts from 1.", WRONG_USAGE)
    if "enum" in kind and value not in kind["enum"]:
        raise UserError(f"{name} is one of {', '.join(kind['enum'])}.", WRONG_USAGE)
