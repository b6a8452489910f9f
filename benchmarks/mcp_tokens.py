"""Does `assist mcp` save an agent tokens? Forty questions about four repositories, against `rg` and reading.

Each question of `bench/questions/agent_questions.toml` is asked in two ways, by strategies that are fixed for
each kind: by the tools of a real `assist mcp` through the protocol's official client (`tool_steps`), and by
`rg -n` and reading around its lines (`reading_steps`). What comes back is counted until it has the lines that
answer the question. Where the tools do not give them, the agent reads after all, and pays for both. No model
is asked. `--drawn` asks questions that a script draws from the code and the history of any repositories.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

from mcp.client.client import Client

from assist_escalation.budget.token_count import count
from assist_gateway.mcp_server.tools import INSTRUCTIONS, TOOLS
from bench.provenance import layout, provenance, write
from bench.questions.agent_questions import (
    KINDS,
    AgentQuestion,
    FilePlace,
    QuestionKind,
    covers,
    question_sets,
    set_for,
)
from bench.questions.drawn_questions import questions_of
from bench.questions.reading_steps import PlainFiles, ShownLines, reading_steps
from bench.questions.tool_steps import client_of, tool_steps

SPANS = (100, 200)  # lines of a long file that are read at once
COMMAND = [sys.executable, "-m", "assist_server"]
EXAMPLES = """
examples:
  mcp_tokens.py ~/src/click ~/src/httpx ~/src/got ~/src/fd
  mcp_tokens.py ~/src/click ~/src/werkzeug --drawn 10 --seed 2
"""


@dataclass(frozen=True, slots=True)
class WayCost:
    """What one way took: tokens, calls, and the share of the truth that was shown in the end."""

    tokens: int
    calls: int
    truth: float


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A question with what each way to its truth costs: `tools` are the tools alone."""

    repository: str
    kind: QuestionKind
    text: str
    tools: WayCost
    tools_then_reading: WayCost
    reading: Mapping[int, WayCost]


async def _cost(question: AgentQuestion, steps: AsyncIterator[ShownLines]) -> WayCost:
    """Steps until the truth was shown, or all of them."""
    seen: set[FilePlace] = set()
    tokens = 0
    calls = 0
    async for step in steps:
        seen |= {*step.places}
        tokens += count(step.text)
        calls += 1
        if covers(question, seen) == 1:
            break
    return WayCost(tokens, calls, round(covers(question, seen), 3))


async def _one_by_one(steps: Iterable[ShownLines]) -> AsyncIterator[ShownLines]:
    for step in steps:
        yield step


async def answer_both_ways(
    repository: str, client: Client, files: PlainFiles, question: AgentQuestion
) -> AnsweredQuestion:
    """One question, in both ways."""
    async with aclosing(tool_steps(client, question)) as steps:
        tools = await _cost(question, steps)
    reading = {
        span: await _cost(question, _one_by_one(reading_steps(files, question, span))) for span in SPANS
    }
    first = reading[SPANS[0]]
    both = WayCost(tools.tokens + first.tokens, tools.calls + first.calls, max(tools.truth, first.truth))
    return AnsweredQuestion(
        repository, question.kind, question.text, tools, both if tools.truth < 1 else tools, reading
    )


async def ask_about(root: Path, questions: Sequence[AgentQuestion], data: Path) -> list[AnsweredQuestion]:
    """All questions about one repository, which has an index of its own, and no rules of a user."""
    environ = {**os.environ, "ASSIST_CONFIG_DIR": str(data), "ASSIST_DATA_DIR": str(data / "data")}
    files = PlainFiles(root)
    async with client_of(COMMAND, root, environ) as client:
        return [await answer_both_ways(root.name, client, files, question) for question in questions]


def row_of(found: Sequence[AnsweredQuestion]) -> dict[str, Any]:
    """The figures of some questions."""

    def way(costs: Sequence[WayCost]) -> dict[str, Any]:
        return {
            "median": median(cost.tokens for cost in costs),
            "sum": sum(cost.tokens for cost in costs),
            "calls": round(mean(cost.calls for cost in costs), 1),
            "truth": round(mean(cost.truth for cost in costs), 3),
            "all of it": sum(cost.truth == 1 for cost in costs),
        }

    return {
        "questions": len(found),
        "tools": way([one.tools for one in found]),
        "tools, then reading": way([one.tools_then_reading for one in found]),
        **{f"reading {span}": way([one.reading[span] for one in found]) for span in SPANS},
        "reading costs less": sum(
            min(cost.tokens for cost in one.reading.values()) < one.tools_then_reading.tokens for one in found
        ),
    }


def tokens_of_tools() -> int:
    """What an agent carries in each request: the descriptions of the tools, and the instructions."""
    tools = [
        {"name": tool.name, "description": tool.description, "inputSchema": tool.schema} for tool in TOOLS
    ]
    return count(json.dumps(tools)) + count(INSTRUCTIONS)


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    ways = ("tools", "tools, then reading", *(f"reading {span}" for span in SPANS))
    lines = [
        f"| questions | {' | truth | '.join(ways)} | truth | reading costs less |",
        "|---|" + "---|" * (2 * len(ways) + 1),
    ]
    for name, row in rows.items():
        cells = (f"{row[way]['median']:,.0f} ({row[way]['sum']:,}) | {row[way]['all of it']}" for way in ways)
        lines.append(f"| {row['questions']} {name} | {' | '.join(cells)} | {row['reading costs less']} |")
    return "\n".join(lines)


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("roots", type=Path, nargs="+", metavar="FOLDER", help="clones of repositories, with their history")
    add("--drawn", type=int, metavar="N", help="ask N drawn questions of each kind instead")
    add("--seed", type=int, default=1, help="seed for drawing questions")
    add("--each", action="store_true", help="print a line for each question too")
    add("--out", type=Path, metavar="FILE.json")
    add("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args(arguments)


def asked_about(root: Path, options: argparse.Namespace) -> Sequence[AgentQuestion]:
    """The questions about a clone: the fixed ones, or drawn ones."""
    if options.drawn is None:
        return set_for(root, question_sets()).questions
    kinds: tuple[QuestionKind, ...] = ("definition", "callers", "tests", "decided")
    return questions_of(root, dict.fromkeys(kinds, options.drawn), options.seed)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    found: list[AnsweredQuestion] = []
    data = Path(tempfile.mkdtemp())
    try:
        for root in [path.expanduser().resolve() for path in options.roots]:
            print(f"{root.name} ...", file=sys.stderr)
            found += asyncio.run(ask_about(root, asked_about(root, options), data))
    finally:
        shutil.rmtree(data)
    kinds = {kind: [one for one in found if one.kind == kind] for kind in KINDS}
    rows = {kind: row_of(some) for kind, some in {**kinds, "in all": found}.items() if some}
    body = {"seed": options.seed, "tokens of the tools": tokens_of_tools(), "kinds": rows}
    header = provenance()
    if options.out:
        rows_of = [{key: value for key, value in asdict(one).items() if key != "text"} for one in found]
        write(options.out, header, {**body, "answers": rows_of})  # a drawn text is the repository's own
    if options.json:
        print(layout({"provenance": header, **body}))
        return
    if options.each:
        for one in found:
            least = min(one.reading.values(), key=lambda cost: cost.tokens)
            print(
                f"{one.repository:8} {one.kind:10} tools {one.tools.tokens:5} ({one.tools.truth:.0%}) "
                f"reading {least.tokens:6} ({least.truth:.0%})  {one.text}"
            )
    print(table(rows))
    print(f"\nThe tools' descriptions take {tokens_of_tools()} tokens of each request.")


if __name__ == "__main__":
    main()
