"""What an agent with `assist mcp` does: one tool after the other, by the protocol's official client.

One strategy for each kind of question, fixed before any was measured. Only the text of a result counts.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import TextContent

from bench.questions.agent_questions import AgentQuestion
from bench.questions.reading_steps import ShownLines

OPENED = 3  # places of a search whose definition is asked for
_PLACE = re.compile(r"(?P<path>[^\s:][^:\n]*| ):(?P<line>\d+)(?:-(?P<last>\d+))?(?= |$)")
_NAMED = re.compile(r"(?P<path>[^\s:][^:\n]*):\d+ (?:\w+ )?(?P<name>[\w.$#]+) \(to \d+\)")


def client_of(command: list[str], root: Path, environ: dict[str, str]) -> Client:
    """A client that starts `assist mcp` for a folder."""
    first, *rest = [*command, "mcp", "--workspace", str(root)]
    return Client(stdio_client(StdioServerParameters(command=first, args=rest, env=environ)))


async def tool_steps(client: Client, question: AgentQuestion) -> AsyncIterator[ShownLines]:
    """What comes back of one call after the other."""
    match question.kind:
        case "definition":
            yield await call_tool(client, "definition", symbol=question.names[0])
            yield await call_tool(client, "search", query=question.text)
        case "callers" | "tests":
            kind = "code" if question.kind == "callers" else "tests"
            yield await call_tool(client, "references", symbol=question.names[0], kind=kind)
            yield await call_tool(client, "references", symbol=question.names[0])
        case "decided":
            found = await call_tool(client, "search", query=question.text)
            yield found
            for symbol in _named_places(found.text)[:OPENED]:
                yield await call_tool(client, "definition", symbol=symbol)
        case "meet":
            for tool in ("references", "definition"):
                for name in question.names:
                    yield await call_tool(client, tool, symbol=name)


async def call_tool(client: Client, tool: str, **said: Any) -> ShownLines:
    result = await client.call_tool(tool, said)
    text = "".join(part.text for part in result.content if isinstance(part, TextContent))
    return ShownLines(text, tuple(places_in(text)))


def _named_places(text: str) -> list[str]:
    """The definitions that a search names, as symbols.

    >>> _named_places("a.py:3 Cart.total (to 9): def total(self):\\n :5 return 1\\nb.md:1 Title")
    ['a.py:Cart.total']
    """
    found = (_NAMED.match(line) for line in text.splitlines())
    return list(dict.fromkeys(f"{at['path']}:{at['name']}" for at in found if at))


def places_in(text: str) -> Iterator[tuple[str, int]]:
    """The lines of files that a result shows; of a definition all that are there before it is cut.

    >>> list(places_in("a.py:3 f (to 9): def f():\\n :5 return 1\\nb.py:7-9 g\\ndef g():\\n..."))
    [('a.py', 3), ('a.py', 5), ('b.py', 7)]
    """
    path = ""
    left = 0  # lines of a definition that may still follow
    number = 0
    for line in text.splitlines():
        if left and line != "...":
            yield path, number
            number += 1
            left -= 1
            continue
        left = 0
        if place := _PLACE.match(line):
            path = path if place["path"] == " " else place["path"]
            number = int(place["line"])
            if place["last"]:
                left = int(place["last"]) - number + 1
            else:
                yield path, number
