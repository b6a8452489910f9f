"""A conversation in the terminal: lines are read, asked, and answered with all that was said before.

The model stays loaded between the answers, so a further question reads only what is new. Ctrl-C stops the
answer that is being written; at the prompt it clears the line.
"""

import asyncio
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from assist_context.files.repository_top import find_top
from assist_context.unseen_characters import visible
from assist_server.cli.commands.question_place import QuestionContext, TerminalQuestion
from assist_server.cli.commands.question_run import (
    answer_run,
    decide_run,
    finish_run,
    local_model,
)
from assist_server.cli.flags import Asking, directory, settings
from assist_server.cli.output import out, say, say_lines
from assist_server.config.config import Config
from assist_server.errors import EXPECTED
from assist_server.local_model.on_demand_model import OnDemandModel
from assist_server.threads.attachments import read_attachment
from assist_server.threads.thread import Thread

INDEXED_S = 30.0  # seconds until the index is brought up to date again for the next question
HELP = """\
/file PATH   attach this file or folder to the next question
/new         start a new conversation
/sources     list the sources of the last answer
/quit        quit, as Ctrl-D does
Everything else is a question. Ctrl-C stops an answer."""
PROMPT = "> "


class LineInput:
    """Reads one line after the other from stdin, which may also be a pipe or a file.

    Python's own readline edits them, and keeps a history, which is never written to a file. Windows has none;
    its console edits lines itself.
    """

    def __init__(self) -> None:
        self.interactive = sys.stdin.isatty()
        if self.interactive:
            with suppress(ImportError):
                import readline  # noqa: F401, PLC0415  (input() uses it once it is imported)

    def read(self) -> str | None:
        """The next line without its end; None at the end of the input."""
        if not self.interactive:
            line = sys.stdin.readline()
            return line.rstrip("\r\n") if line else None
        try:
            return input(PROMPT)
        except EOFError:
            return None


@dataclass(frozen=True, slots=True)
class ChatState:
    """The state of a conversation: what goes with the next question, and when the index was last updated."""

    context: QuestionContext
    indexed: float = float("-inf")

    @property
    def thread(self) -> Thread | None:
        """The conversation so far."""
        return self.context.thread


def run_chat(flags: Asking, context: QuestionContext) -> None:
    """Read and answer lines until the user leaves."""
    config = settings(offline=flags.offline, model=flags.model)
    lines = LineInput()
    local = local_model(config)
    state = ChatState(context)
    if lines.interactive:
        say("Ask about this workspace. /help lists the commands.")
    with asyncio.Runner() as runner:
        try:
            while True:
                try:
                    line = lines.read()
                except KeyboardInterrupt:
                    say("")
                    continue
                if line is None or line.strip() in ("/quit", "/exit"):
                    return
                state = _handle_line(runner, _Chat(config, flags, local), state, line.strip())
        finally:
            runner.run(_close(local))


@dataclass(frozen=True, slots=True)
class _Chat:
    """The constants of a conversation."""

    config: Config
    flags: Asking
    local: OnDemandModel


async def _close(local: OnDemandModel) -> None:
    local.close()


def _handle_line(runner: asyncio.Runner, chat: _Chat, state: ChatState, line: str) -> ChatState:
    """The conversation after one line. What goes wrong is said, and the conversation goes on."""
    if not line:
        return state
    try:
        if line.startswith("/"):
            return _handle_command(chat, state, line)
        return _handle_question(runner, chat, state, line)
    except KeyboardInterrupt:
        say("")
        say("Stopped.")
    except EXPECTED as error:
        say(f"assist: {error}")
    return state


def _handle_command(chat: _Chat, state: ChatState, line: str) -> ChatState:
    name, _, rest = line.partition(" ")
    rest = rest.strip()
    if name == "/file" and rest:
        root = directory(chat.flags.workspace)
        read_attachment(rest, root, [str(root), find_top(str(root)) or str(root)])  # says now what is wrong
        say(f"{rest} is attached to the next question.")
        return replace(state, context=replace(state.context, files=(*state.context.files, rest)))
    if name == "/new":
        say("New conversation started.")
        return replace(state, context=QuestionContext(state.context.files))
    if name == "/sources":
        _show_sources(state.thread)
    elif name == "/help":
        say_lines(HELP)
    else:
        say(f"{name} is not a command, or its PATH is missing.")
        say_lines(HELP)
    return state


def _show_sources(thread: Thread | None) -> None:
    """The pieces that are in the conversation, the last ones last."""
    origins = [span.origin for turn in thread.turns for span in turn.evidence] if thread else []
    for origin in dict.fromkeys((origin.path, origin.first, origin.last) for origin in origins):
        out(visible("{}:{}-{}".format(*origin)))
    if not origins:
        say("Nothing has been shown to a model yet.")


def _handle_question(runner: asyncio.Runner, chat: _Chat, state: ChatState, words: str) -> ChatState:
    now = time.monotonic()
    fresh = now - state.indexed > INDEXED_S
    request = TerminalQuestion("ask", "", words, context=state.context, index=fresh)
    context = decide_run(chat.config, request, chat.flags)
    final, notices = runner.run(answer_run(context, chat.flags, chat.local))
    finish_run(context, chat.flags, final, notices)
    return ChatState(QuestionContext(thread=final.thread), now if fresh else state.indexed)
