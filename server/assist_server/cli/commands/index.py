"""The commands on the index: `index` builds or updates it, `context` shows what helps at a cursor."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assist_context.unseen_characters import visible
from assist_server.cli.flags import AsJson, WorkspaceOption, argument, directory, example, settings
from assist_server.cli.output import emit, out, say, show_view
from assist_server.cli.shell_completion import complete_file
from assist_server.errors import UserError
from assist_server.questions.locations import convert_offset, parse_location, read_document
from assist_server.wording.amounts import megabytes
from assist_server.wording.views import CommandView

if TYPE_CHECKING:  # numpy, rich and tree-sitter: not for the other commands
    from assist_context.indexer.wire import IndexerEvent
    from assist_context.retrieval.retriever import RetrievalResult
    from assist_server.config.config import Config
    from assist_server.workspace.folders import WorkspaceFolder

LISTED = 3  # files of a kind that are named
TOKENS = 480  # the default budget: what a full head leaves for other files


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.command(
        "index",
        epilog=example("assist index", "assist index --workspace ~/src/app --json"),
        short_help="Build or update the index of a workspace.",
    )(index)
    app.command(
        "context",
        epilog=example("assist context src/app.py:12:20", "assist context src/app.py:12:20 --json"),
        short_help="Show relevant definitions from other files.",
    )(context)


def index(workspace: WorkspaceOption = Path(), as_json: AsJson = False) -> None:
    """Build or update the index of a workspace, and show its status. Ctrl-C keeps finished work."""
    from assist_context.files.exclusions import unreadable_rule_files  # noqa: PLC0415
    from assist_context.index.reader import IndexReader  # noqa: PLC0415
    from assist_server.workspace.folder_index import status_document  # noqa: PLC0415
    from assist_server.workspace.index_update import open_folder  # noqa: PLC0415

    config = settings()
    root = directory(workspace)
    folder = open_folder(config, root)
    event = _update_index(config, folder)
    for file in unreadable_rule_files(folder.root):
        say(f"assist: {file} cannot be read, so everything in its folder is excluded: save it as UTF-8")
    reader = IndexReader(folder.database)
    found = status_document(folder, reader.status())
    plain = reader.list_without_outline()
    reader.close()
    run = {"refreshed": bool(event), "parses": event.get("parses", 0), "seconds": event.get("seconds", 0.0)}
    rows = [{"path": path, "language": language, "problem": why} for path, language, why in plain]
    status = {**found, "files_without_outline": rows, **run}
    words = [*status_facts(found, plain), *_run_facts(event)]
    show_view(CommandView(status, [words]), as_json=as_json)


def context(
    location: Annotated[
        str,
        argument("PATH:LINE:COL", "The cursor position, numbered from 1.", autocompletion=complete_file),
    ],
    tokens: Annotated[
        int, typer.Option("--tokens", min=1, max=100_000, help="The token budget for the definitions.")
    ] = TOKENS,
    workspace: WorkspaceOption = Path(),
    as_json: AsJson = False,
) -> None:
    """Show the definitions from other files that are relevant at a cursor, best first."""
    position = parse_location(location)
    config = settings()
    root = directory(workspace)
    state = read_document(root / position.path)
    cursor = convert_offset(state, position.line, position.column)
    from assist_server.workspace.folder_search import FolderSearch, snippet_document  # noqa: PLC0415
    from assist_server.workspace.index_update import open_folder  # noqa: PLC0415
    from assist_server.workspace.members import library_document  # noqa: PLC0415

    search = FolderSearch(open_folder(config, root))
    rows = search.set_prompt_path(state)
    if rows is None:
        raise UserError(f"{state.path} is not inside {root}: name its workspace with --workspace.")
    _update_index(config, search.folder)
    result = search.near(rows, cursor, tokens)
    search.close()
    if as_json:
        snippets = [snippet_document(snippet) for snippet in result.snippets]
        libraries = library_document(config)
        emit(
            {
                "snippets": snippets,
                "budget": tokens,
                "ms": round(result.ms, 2),
                "libraries": {key: libraries[key] for key in ("enabled", "packages", "bytes")},
            }
        )
        return
    _show_snippets(result)


def status_facts(state: dict[str, Any], plain: Sequence[tuple[str, str, str]] = ()) -> list[tuple[str, str]]:
    """The state of an index, from `status_document`, for people. `plain` are the files without an outline."""
    lines = [
        ("Workspace", state["root"]),
        ("Index", state["database"]),
        ("", f"{megabytes(state['bytes'])}, {files_words(state['files'])}, {state['parsed']:,} of them read"),
    ]
    if state["waiting"]:
        lines.append(("", f"{files_words(state['waiting'])} still to be read"))
    lines += [
        (
            "No outline" if not number else "",
            f"{files_words(outline['files'])} in {outline['language']}: "
            f"{outline['problem']}{_names(outline, plain)}",
        )
        for number, outline in enumerate(state["outlines"])
    ]
    lines += [
        ("Left out" if not number else "", f"{file['path']}: {file['why']}")
        for number, file in enumerate(state["quarantined"])
    ]
    return lines + ([("Problem", state["problem"])] if state["problem"] else [])


def files_words(count: int) -> str:
    """A number of files in words."""
    return "1 file" if count == 1 else f"{count:,} files"


def _names(outline: dict[str, Any], plain: Sequence[tuple[str, str, str]]) -> str:
    """The first files of a language without an outline, and where the others are named."""
    paths = [path for path, *why in plain if why == [outline["language"], outline["problem"]]]
    more = f" and {len(paths) - LISTED:,} more (--json has all)" if len(paths) > LISTED else ""
    return f": {', '.join(paths[:LISTED])}{more}" if paths else ""


def _update_index(config: "Config", folder: "WorkspaceFolder") -> "IndexerEvent":
    from assist_server.cli.terminal.tables import show_count  # noqa: PLC0415
    from assist_server.workspace.index_update import update_index  # noqa: PLC0415

    with show_count("indexing") as progress:
        event = update_index(config, folder, progress)
    if not event:
        say("An editor keeps this index up to date, so it was not updated now.")
    return event


def _run_facts(event: "IndexerEvent") -> list[tuple[str, str]]:
    if not event:
        return []
    return [("This run", f"{files_words(int(str(event['parses'])))} read in {event['seconds']} s")]


def _show_snippets(result: "RetrievalResult") -> None:
    from assist_completion.prompt.layout import count_tokens  # noqa: PLC0415

    if not result.snippets:
        say("No other file has code that helps here.")
    for snippet in result.snippets:
        out(f"{visible(snippet.path)}:{snippet.start_line}-{snippet.end_line}")
        out(f"  defines a name near the cursor, {count_tokens(snippet)} tokens")
        for line in snippet.text.splitlines():
            out(f"  | {line}".rstrip())
    if sys.stderr.isatty():
        say(f"{sum(map(count_tokens, result.snippets))} tokens in {result.ms:.0f} ms")
