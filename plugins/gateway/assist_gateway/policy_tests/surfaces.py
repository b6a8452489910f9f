"""The ways out, each used as users use it: questions of every kind, other tools, and ghost text by a server.

A surface is tried with one file of the probe at a time, by the same functions that the terminal and editors
call. It ends with the cause why nothing was sent, or "". What was sent is with the recorder. Local answers
and next edits are no surfaces: they have no way out.

`surfaces_of` says which are tried for whom.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assist_completion.errors import CompletionError
from assist_completion.suggestion import CompletionRequest
from assist_context.documents import Context, Snippet
from assist_context.languages import language_of
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.policy.permissions import Permissions
from assist_gateway.policy_tests.agent_requests import COMPLETIONS
from assist_gateway.policy_tests.cases import GATEWAY, GHOST_TEXT
from assist_gateway.policy_tests.gateway_surface import (
    SURFACE,
    ProbedGateway,
    completing,
    requests_about,
    sending,
)
from assist_gateway.policy_tests.probe_workspace import CanaryFile, ProbeWorkspace, stage_all
from assist_server.config.config import Config
from assist_server.config.permissions import named_server
from assist_server.errors import UserError
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import AnswerContext, decide
from assist_server.questions.diff_material import add_diff, read_diff
from assist_server.questions.draft import Question
from assist_server.questions.instructions import DIFFS
from assist_server.questions.session import AnswerSession
from assist_server.questions.targets import QuestionFolders, resolve_target
from assist_server.team.team_server_opening import open_team_engine
from assist_server.threads.attachments import read_attachment
from assist_server.workspace.compared_diff import compare
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.folders import make_folders
from assist_server.workspace.git_access import make_git
from assist_server.workspace.index_update import open_folder

if TYPE_CHECKING:
    from assist_completion.engine.answer_stream import Answerer

ATTACHED = "ask --file"
_WORDS = {
    "refactor": "Give each total the same shape.",
    "fix": "The total is off by one.",
}
_ABOUT_CODE = ("explain", "ask", ATTACHED, "fix", "test", "refactor")


@dataclass(frozen=True, slots=True)
class SurfaceRun:
    """One use of a surface: for which receiver, about which file (None: about all), and how it is done.

    `command` is what the rules call it. `place` is where the text is in a request of another tool, and
    `forbidden` why nothing of that may leave, whatever the rules say of the file.
    """

    surface: str
    command: str
    receiver: str
    about: CanaryFile | None
    start: Callable[[], Awaitable[str]]
    place: str = ""
    forbidden: str = ""


@dataclass(frozen=True, slots=True)
class SurfaceDesk:
    """What a surface is used with: the probe's settings, its workspace, what may leave, and a gateway."""

    config: Config
    workspace: ProbeWorkspace
    permissions: Permissions
    gateway: ProbedGateway | None


def surfaces_of(desk: SurfaceDesk, providers: Sequence[str], server: str) -> Iterator[SurfaceRun]:
    """All uses of all surfaces, a provider at a time, then those of the server for ghost text, if any."""
    for provider in providers:
        if desk.permissions.providers[provider].dialect == "chat":  # the others are asked by tools alone
            yield from _questions(desk, provider)
        if desk.gateway is not None:
            yield from _by_gateway(desk, desk.gateway, provider)
    for file in desk.workspace.files if server else ():
        yield SurfaceRun(GHOST_TEXT, GHOST_TEXT, server, file, _typing(desk, file))
        if desk.gateway is not None:
            yield from _completions(desk, desk.gateway, server, file)


def _completions(
    desk: SurfaceDesk, gateway: ProbedGateway, server: str, file: CanaryFile
) -> Iterator[SurfaceRun]:
    for place in COMPLETIONS:
        send = completing(gateway, place, Path(desk.workspace.root, file.path))
        yield SurfaceRun(f"{SURFACE} completions", GHOST_TEXT, server, file, send, place)


def _questions(desk: SurfaceDesk, provider: str) -> Iterator[SurfaceRun]:
    for surface in _ABOUT_CODE:
        alone = surface == "ask"  # the index finds what such a question is about
        for file in (None,) if alone else _files_for(surface, desk.workspace.files):
            command = surface.partition(" ")[0]
            yield SurfaceRun(surface, command, provider, file, _asking(desk, surface, provider, file))
    for command in DIFFS[::-1] if desk.workspace.has_git else ():
        yield SurfaceRun(command, command, provider, None, _about_diff(desk, command, provider))


def _by_gateway(desk: SurfaceDesk, gateway: ProbedGateway, provider: str) -> Iterator[SurfaceRun]:
    dialect = desk.permissions.providers[provider].dialect
    root = Path(desk.workspace.root)
    firsts = list(_files_for(SURFACE, desk.workspace.files))
    for file in desk.workspace.files:
        for asked in requests_about(dialect, first=file in firsts):
            send = sending(gateway, asked, (dialect, provider), root / file.path, file.path)
            surface = f"{SURFACE} {dialect}"
            yield SurfaceRun(surface, GATEWAY, provider, file, send, asked.place, asked.forbidden)


def _files_for(surface: str, files: Sequence[CanaryFile]) -> Iterator[CanaryFile]:
    """The files that a surface is tried with: all are explained, and else the first of each kind used."""
    seen = set()
    for file in files:
        if surface == "explain" or file.kind not in seen:
            seen.add(file.kind)
            yield file


def _asking(
    desk: SurfaceDesk, surface: str, provider: str, file: CanaryFile | None
) -> Callable[[], Awaitable[str]]:
    command = surface.partition(" ")[0]

    def decision() -> AnswerContext:
        root = desk.workspace.root
        corpus = open_corpus(open_folder(desk.config, Path(root)))
        try:
            is_attached = surface == ATTACHED
            target = resolve_target(corpus, file.path) if file and not is_attached else None
            added = (read_attachment(file.path, Path(root), [corpus.root]),) if file and is_attached else ()
            words = _words(command, desk.workspace.files)
            question = Question(command, words, target, wish="frontier", provider=provider, attachments=added)
            inputs = decision_inputs(desk.config, [root], [root])
            return decide(question, QuestionFolders(corpus), inputs, by_models=True)
        finally:
            corpus.reader.close()

    return lambda: _ask(decision)


def _words(command: str, files: Sequence[CanaryFile]) -> str:
    """What a user would say. A question to the whole workspace names a function of each file."""
    if command != "ask":
        return _WORDS.get(command, "")
    names = ", ".join(f"{file.function}_total" for file in files)
    return f"How do these work together, and which label has each of them: {names}?"


def _about_diff(desk: SurfaceDesk, command: str, provider: str) -> Callable[[], Awaitable[str]]:
    def decision() -> AnswerContext:
        if command == "commit":
            stage_all(desk.workspace, desk.config)
        root = desk.workspace.root
        git = make_git(desk.config)
        inputs = decision_inputs(desk.config, [root], [root])
        compared = compare(git, read_diff(git, root, command, ""), None)
        question = Question(command, wish="frontier", provider=provider)
        about = add_diff(question, compared, git, inputs)
        corpus = open_corpus(open_folder(desk.config, Path(root)))
        try:
            return decide(about.question, QuestionFolders(corpus), about.inputs, by_models=True)
        finally:
            corpus.reader.close()

    return lambda: _ask(decision)


async def _ask(decision: Callable[[], AnswerContext]) -> str:
    """Ask a question and agree to all; the cause why nothing was sent, or ""."""
    try:
        question = await asyncio.to_thread(decision)
        await AnswerSession(_no_model, _agree, records=False).answer(question)
    except RefusedError as error:
        return error.cause
    except (EscalationError, CompletionError, UserError) as error:
        return str(error)
    return ""


async def _no_model() -> "Answerer[Any]":
    raise CompletionError("A probe asks no local model.")


async def _agree(_: AnswerContext) -> bool:
    return True


def _typing(desk: SurfaceDesk, file: CanaryFile) -> Callable[[], Awaitable[str]]:
    """Ghost text in a file, with pieces of all other files next to it."""

    root = desk.workspace.root

    async def complete() -> str:
        named = named_server(desk.config, [root])
        if named is None:
            return "no server"
        context = _context(desk.workspace, file)
        folders = make_folders([root], desk.config.paths.data)
        engine = open_team_engine(lambda: desk.config, named, lambda: folders, None)
        try:
            suggestion = await engine.complete(CompletionRequest(context, immediate=True))
            return suggestion.reason or ""
        except (EscalationError, CompletionError) as error:
            return str(error)
        finally:
            await asyncio.to_thread(engine.close)

    return complete


def _context(workspace: ProbeWorkspace, file: CanaryFile) -> Context:
    """A cursor at the end of a file."""
    place = Path(workspace.root, file.path)
    others = tuple(_snippet(workspace.root, other) for other in workspace.files if other is not file)
    before = f"{place.read_text(encoding='utf-8')}total = "
    return Context(file.path, language_of(file.path), before, "\n", snippets=others, named=str(place))


def _snippet(root: str, file: CanaryFile) -> Snippet:
    lines = Path(root, file.path).read_text(encoding="utf-8").splitlines(keepends=True)[:6]
    return Snippet(file.path, 1, len(lines), "".join(lines), "definition", root=root)
