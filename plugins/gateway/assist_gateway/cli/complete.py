"""The command `complete`: one completion, or one for each line on stdin."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assist_completion.errors import ModelError
from assist_completion.suggestion import LookUp, Suggestion
from assist_context.documents import Cursor, Document, Snippet, TextNames
from assist_context.files.exclusions import why_excluded
from assist_context.unseen_characters import visible
from assist_gateway.cli.batch import FindSnippets, LineError, answer_document, parse_line, request_at
from assist_server.cli.flags import (
    AsJson,
    Offline,
    OtherModel,
    WorkspaceOption,
    add_flags,
    directory,
    example,
    settings,
)
from assist_server.cli.output import emit, emit_line, out, say
from assist_server.cli.shell_completion import complete_file
from assist_server.config.config import Config
from assist_server.errors import WRONG_USAGE, UserError
from assist_server.questions.locations import convert_offset, parse_location, read_document
from assist_server.wording.reasons import describe, exclusion_note, read_words

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_completion.suggestion import GhostTextEngine
    from assist_server.workspace.folders import WorkspaceFolder

BATCH = """Read JSON Lines on stdin and write JSON Lines on stdout; the model is loaded once. A request is
{"id", "path", "text"?, "line"+"column" or "offset", "max_lines"?, "manual"?, "context"?}. `text` defaults
to the file's content. `context` says whether to use other files; the default is true if `assist index` or
an editor has indexed the workspace. The answer to an invalid line is {"id", "error"}."""


def add_to(app: typer.Typer) -> None:
    """Put the command into the command line."""
    examples = example(
        "assist complete src/app.py:10:5",
        "assist complete src/app.py:10:5 --why",
        "assist complete src/app.py:10:5 --json --model qwen2.5-coder-1.5b",
        """echo '{"id": 1, "path": "a.py", "text": "def add(a, b):\\n    return ", "offset": 26}' |""",
        "  assist complete --batch",
    )
    app.command("complete", epilog=examples, short_help="Complete the code at a cursor.")(add_flags(complete))


@dataclass(frozen=True, slots=True)
class CompletionFlags:
    """How a cursor is completed, and what is printed."""

    batch: Annotated[bool, typer.Option("--batch", help=BATCH)] = False
    manual: Annotated[
        bool,
        typer.Option(
            "--manual",
            help="Show the suggestion whatever its score, and allow several lines, like a manual request "
            "in an editor.",
        ),
    ] = False
    why: Annotated[
        bool,
        typer.Option(
            "--why",
            help="Also say why the suggestion is shown or not, how sure the model was, and what it read.",
        ),
    ] = False
    server: Annotated[
        str,
        typer.Option(
            help="Ask this team server first, a [servers.NAME] in config.toml. If it cannot answer, use "
            "the local model.",
            metavar="NAME",
            show_default=False,
        ),
    ] = ""
    model: OtherModel = ""
    workspace: WorkspaceOption = Path()
    offline: Offline = False
    as_json: AsJson = False


def complete(
    flags: CompletionFlags,
    location: Annotated[
        str,
        typer.Argument(
            metavar="PATH:LINE:COL",
            help="The cursor position; lines and columns are numbered from 1, columns in characters.",
            show_default=False,
            autocompletion=complete_file,
        ),
    ] = "",
) -> None:
    """Complete the code at a cursor, as an editor would. A suggestion with a low score is not shown."""
    if bool(location) == flags.batch or (flags.batch and (flags.manual or flags.why)):
        raise UserError(
            "Give a cursor position, as in src/app.py:10:5, or --batch to read requests from stdin. "
            "See `assist complete --help`.",
            WRONG_USAGE,
        )
    if flags.model and flags.server:
        raise UserError("--model and --server cannot be used together: give one of them.", WRONG_USAGE)
    alone = bool(flags.model)  # a server that the settings name would answer in its place
    config = settings(offline=flags.offline or alone, model=flags.model, role="ghost-text")
    if flags.server:
        config = replace(config, escalation=replace(config.escalation, ghost_server=flags.server))
    root = directory(flags.workspace)
    if flags.batch:
        _complete_lines(config, root)
        return
    position = parse_location(location)
    document = read_document(root / position.path)
    cursor = convert_offset(document, position.line, position.column)
    with _running_engine(config, root) as (runner, engine), _snippet_finder(config, root, engine) as finder:
        request = request_at(document, cursor, finder, manual=flags.manual)
        suggestion = runner.run(engine.complete(request))
        if flags.why and suggestion.reason == "low-confidence":  # it stopped at its first doubt
            whole = replace(request, manual=True, max_lines=1)
            suggestion = replace(suggestion, candidate=runner.run(engine.complete(whole)).text)
    if flags.as_json:
        emit(answer_document(suggestion))
        return
    _show(suggestion)
    if flags.why:
        _explain(suggestion, len(request.context.snippets))
        _explain_rules(root.resolve(), (root / position.path).resolve())


def _complete_lines(config: Config, workspace: Path) -> None:
    """Answer each line before reading the next. Bad lines are answered too, so the exit code stays 0."""
    with (
        _running_engine(config, workspace) as (runner, engine),
        _snippet_finder(config, workspace, engine) as finder,
    ):
        # Read outside of the event loop, whose handling of Ctrl-C would wait for the next line.
        for line in sys.stdin.buffer:
            if not line.strip():
                continue
            try:
                item = parse_line(line, workspace, finder)
            except LineError as error:
                emit_line({"id": error.id, "error": str(error)})
                continue
            suggestion = runner.run(engine.complete(item.request))
            emit_line({**answer_document(suggestion), "id": item.id})


@contextmanager
def _running_engine(config: Config, root: Path) -> Iterator[tuple[asyncio.Runner, "GhostTextEngine"]]:
    """An event loop, and an engine on it that is closed before the loop."""
    from assist_server.workspace.index_update import working_folder  # noqa: PLC0415

    folder = working_folder(config, root)
    with asyncio.Runner() as runner:
        engine = _open_engine(config, folder, say if sys.stderr.isatty() else lambda _: None)
        try:
            yield runner, engine
        finally:
            engine.close()


def _open_engine(config: Config, folder: "WorkspaceFolder", tell: Callable[[str], None]) -> "GhostTextEngine":
    """The local model's engine, after a team's server if one is named, whose gate takes 0.3 s to import.

    Blocks. Raises `EscalationError` for a server that cannot be used.
    """
    from assist_server.config.permissions import named_server  # noqa: PLC0415
    from assist_server.local_model.opening import open_engine  # noqa: PLC0415

    named = None if config.offline else named_server(config)
    if named is None:
        return open_engine(config, tell).engine
    from assist_server.team.team_server_opening import open_team_engine  # noqa: PLC0415

    try:
        local = open_engine(config, tell).engine
    except ModelError as error:
        tell(str(error))
        local = None
    return open_team_engine(lambda: config, named, lambda: [folder], local)


@contextmanager
def _snippet_finder(config: Config, root: Path, engine: "GhostTextEngine") -> Iterator[FindSnippets | None]:
    """Finds snippets in the index of `root` as it is; None if there is no index. It builds none."""
    from assist_server.workspace.folder_search import FolderSearch  # noqa: PLC0415
    from assist_server.workspace.index_update import known_folder  # noqa: PLC0415
    from assist_server.workspace.members import make_oracles  # noqa: PLC0415

    folder = known_folder(config, root)
    if folder is None:
        yield None
        return
    search = FolderSearch(folder, make_oracles(config))

    def find_snippets(
        document: Document, cursor: Cursor
    ) -> tuple[Document, tuple[Snippet, ...], LookUp | None]:
        named = search.set_prompt_path(document)
        if named is None:
            return document, (), None

        async def refute(names: TextNames) -> TextNames:
            return search.refute(named, cursor, names)

        return named, search.snippets(named, cursor, engine.snippet_tokens), refute

    try:
        yield find_snippets
    finally:
        search.close()


def _show(suggestion: Suggestion) -> None:
    if suggestion.shown:
        for line in suggestion.text.split("\n"):
            out(visible(line))
        return
    say(f"Nothing is shown: {describe(suggestion)}.")
    if suggestion.candidate:
        say(f"With --manual it would be: {suggestion.candidate}")


def _explain(suggestion: Suggestion, snippets: int) -> None:
    """What `--why` adds: how sure the model was of what is shown, and what it read."""
    if suggestion.shown:
        say(f"{describe(suggestion)}.".capitalize())
    say(read_words(suggestion, snippets))


def _explain_rules(root: Path, path: Path) -> None:
    """Say which rule excludes the file from the workspace, if one does."""
    inside = path.relative_to(root).as_posix() if path.is_relative_to(root) else ""
    if inside and (note := exclusion_note(why_excluded(str(root), inside))):
        say(note)
