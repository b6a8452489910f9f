"""Does `assist mcp` save an agent tokens? Questions about repositories, against `rg` and reading files.

Each question has a truth that our index did not make (`bench/questions/agent_questions.py`). It is asked of
one tool, once, and the tokens of the result are counted, and whether the truth is in it. The same truth is
then looked for in two other ways (`bench/questions/reading_costs.py`): by someone who knows the narrowest
command and reads only the lines of the truth, and by someone who reads whole files. Where a result lacks the
truth, an agent reads files after it: "in the end" is what both together cost. No model is asked.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

from assist_context.index.reader import IndexReader
from assist_context.retrieval.corpus import Corpus
from assist_escalation.budget.token_count import count
from assist_server.config.config import load_lenient
from assist_server.mcp_server.served_folder import FolderView
from assist_server.mcp_server.shown_files import ShownFiles
from assist_server.mcp_server.tools import INSTRUCTIONS, TOOLS, tool_call
from assist_server.workspace.index_update import folder_at, update_index
from bench.provenance import layout, provenance, write
from bench.questions.agent_questions import (
    KINDS,
    AgentQuestion,
    FilePlace,
    QuestionKind,
    covers,
    questions_of,
)
from bench.questions.reading_costs import PlainFiles, narrowest, whole_files

# Ten of each kind in four repositories, ten in each.
SHARES: Sequence[Mapping[QuestionKind, int]] = (
    {"definition": 3, "callers": 2, "tests": 3, "decided": 2},
    {"definition": 3, "callers": 2, "tests": 2, "decided": 3},
    {"definition": 2, "callers": 3, "tests": 3, "decided": 2},
    {"definition": 2, "callers": 3, "tests": 2, "decided": 3},
)
EXAMPLES = """
example:
  mcp_tokens.py ~/src/click ~/src/werkzeug ~/src/gin ~/src/got
"""
_PLACE = re.compile(r"(?P<path>[^\s:][^:\n]*| ):(?P<line>\d+)(?:-(?P<last>\d+))?(?= |$)")


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A question with the tokens of each way to its truth, and which share of it that way gives."""

    repository: str
    kind: QuestionKind
    text: str
    truths: int
    tool: int
    tool_truth: float
    narrowest: int
    narrowest_truth: float
    files: int
    files_truth: float

    @property
    def in_the_end(self) -> int:
        """What an agent pays that reads files where the tool's result lacks a part of the truth."""
        return self.tool + (self.files if self.tool_truth < 1 else 0)


def call_of(question: AgentQuestion) -> tuple[str, dict[str, Any]]:
    """The one call that an agent makes."""
    match question.kind:
        case "definition":
            return "definition", {"symbol": question.text}
        case "callers":
            return "references", {"symbol": question.text, "kind": "code"}
        case "tests":
            return "references", {"symbol": question.text, "kind": "tests"}
        case "decided":
            return "search", {"query": question.text}


def places_in(result: str) -> list[FilePlace]:
    """The places that a result names.

    >>> places_in("src/a.py:3 function f (to 9): def f():\\n :5 return 1\\nNothing: 7 here")
    [('src/a.py', 3), ('src/a.py', 5)]
    """
    found: list[FilePlace] = []
    path = ""
    for line in result.splitlines():
        if place := _PLACE.match(line):
            path = path if place["path"] == " " else place["path"]
            found.append((path, int(place["line"])))
    return found


def view_of(root: Path, data: Path) -> FolderView:
    """The folder as an agent sees it, with an index of its own, and no rules of a user."""
    environ = {"ASSIST_CONFIG_DIR": str(data), "ASSIST_DATA_DIR": str(data / "data")}
    config = load_lenient({**os.environ, **environ}, ())
    folder = folder_at(config, root)
    update_index(config, folder, lambda _done, _total: None)
    shown = ShownFiles(config, folder.root)
    return FolderView(config, Corpus(folder.root, IndexReader(folder.database), "", shown.hides), shown)


def ask_all_ways(view: FolderView, files: PlainFiles, question: AgentQuestion) -> AnsweredQuestion:
    """One question, answered in each way."""
    name, said = call_of(question)
    call = tool_call(name, said)
    assert call.tool.answer is not None
    result = call.tool.answer(view, call.said, call.ceiling)
    best = narrowest(files, question)
    whole = whole_files(files, question)
    return AnsweredQuestion(
        Path(view.corpus.root).name,
        question.kind,
        question.text,
        len(question.truth),
        count(result),
        round(covers(question, places_in(result)), 3),
        count(best.text),
        round(covers(question, best.places), 3),
        count(whole.text),
        round(covers(question, whole.places), 3),
    )


def row_of(found: Sequence[AnsweredQuestion]) -> dict[str, Any]:
    """The figures of some questions: tokens as medians and sums, the truth as a share."""
    return {
        "questions": len(found),
        "tool": {"median": median(one.tool for one in found), "sum": sum(one.tool for one in found)},
        "tool has the truth": round(mean(one.tool_truth for one in found), 3),
        "tool has all of it": sum(one.tool_truth == 1 for one in found),
        "narrowest": {
            "median": median(one.narrowest for one in found),
            "sum": sum(one.narrowest for one in found),
        },
        "narrowest has the truth": round(mean(one.narrowest_truth for one in found), 3),
        "files": {"median": median(one.files for one in found), "sum": sum(one.files for one in found)},
        "files have the truth": round(mean(one.files_truth for one in found), 3),
        "in the end": {
            "median": median(one.in_the_end for one in found),
            "sum": sum(one.in_the_end for one in found),
        },
        "tool costs more than the narrowest": sum(one.tool > one.narrowest for one in found),
        "tool costs more than files": sum(one.in_the_end > one.files for one in found),
    }


def tokens_of_tools() -> int:
    """What an agent carries in each request: the descriptions of the tools, and the instructions."""
    tools = [
        {"name": tool.name, "description": tool.description, "inputSchema": tool.schema} for tool in TOOLS
    ]
    return count(json.dumps(tools)) + count(INSTRUCTIONS)


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        "| questions | tool | truth | narrowest command | truth | whole files | truth | tool, then files |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        lines.append(
            f"| {row['questions']} {name} | {row['tool']['median']:,.0f} | {row['tool has the truth']:.0%} "
            f"| {row['narrowest']['median']:,.0f} | {row['narrowest has the truth']:.0%} "
            f"| {row['files']['median']:,.0f} | {row['files have the truth']:.0%} "
            f"| {row['in the end']['median']:,.0f} |"
        )
    return "\n".join(lines)


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("roots", type=Path, nargs="+", metavar="FOLDER", help="clones of repositories, with their history")
    add("--seed", type=int, default=1, help="seed for drawing questions")
    add("--times", type=int, default=1, help="how many times ten questions of each repository")
    add("--out", type=Path, metavar="FILE.json")
    add("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    found: list[AnsweredQuestion] = []
    with tempfile.TemporaryDirectory() as data:
        for number, root in enumerate(path.expanduser().resolve() for path in options.roots):
            print(f"{root.name} ...", file=sys.stderr)
            wanted = {kind: most * options.times for kind, most in SHARES[number % len(SHARES)].items()}
            questions = questions_of(root, wanted, options.seed)
            view = view_of(root, Path(data))
            files = PlainFiles(root)
            found += [ask_all_ways(view, files, question) for question in questions]
            view.corpus.reader.close()
    kinds = {kind: [one for one in found if one.kind == kind] for kind in KINDS}
    rows = {kind: row_of(some) for kind, some in {**kinds, "in all": found}.items() if some}
    body = {"seed": options.seed, "tokens of the tools": tokens_of_tools(), "kinds": rows}
    header = provenance()
    if options.out:
        rows_of = [{key: value for key, value in asdict(one).items() if key != "text"} for one in found]
        write(options.out, header, {**body, "answers": rows_of})  # the texts are the repositories' own
    if options.json:
        print(layout({"provenance": header, **body}))
        return
    print(table(rows))
    print(f"\nThe tools' descriptions take {tokens_of_tools()} tokens of each request.")


if __name__ == "__main__":
    main()
