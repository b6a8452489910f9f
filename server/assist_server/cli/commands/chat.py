"""The commands on conversations: `chat`, and `threads`, which lists and removes them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from assist_server.cli.commands.questions import Continue, Files, ThreadName, refuse_two_conversations
from assist_server.cli.flags import AsJson, Asking, add_flags, argument, example, settings
from assist_server.cli.output import out, show_view
from assist_server.errors import WRONG_USAGE, UserError

WORDS = 60  # characters of a conversation's first question in the list

threads_app = typer.Typer(rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.command(
        "chat",
        epilog=example(
            "assist chat", "assist chat -c", "assist chat -f src/cart.py --model qwen2.5-coder-1.5b"
        ),
        short_help="Ask several questions in a conversation.",
    )(add_flags(chat, dry_run=False, yes=False, as_json=False))
    app.add_typer(
        threads_app,
        name="threads",
        epilog=example("assist threads", "assist threads forget --all"),
        short_help="List and remove saved conversations.",
    )


def chat(flags: Asking, files: Files = None, go_on: Continue = False, thread: ThreadName = "") -> None:
    """Ask questions in a conversation, each with the earlier ones as context. The model stays loaded.

    /help lists the commands. Ctrl-C stops an answer, but not the chat.
    """
    refuse_two_conversations(thread, go_on=go_on)
    from assist_server.cli.chat_session import run_chat  # noqa: PLC0415
    from assist_server.cli.commands.question_place import QuestionContext  # noqa: PLC0415

    run_chat(flags, QuestionContext(tuple(files or ()), thread, go_on))


@threads_app.callback(invoke_without_command=True)
def threads(context: typer.Context, as_json: AsJson = False) -> None:
    """List saved conversations, newest first: name, time, turns, folder and topic."""
    if context.invoked_subcommand is not None:
        return
    from assist_server.threads.thread_files import thread_files  # noqa: PLC0415
    from assist_server.wording.views import CommandView, ShownTable  # noqa: PLC0415

    all_threads = thread_files(settings()).all()
    rows = [
        {
            **{key: getattr(thread, key) for key in ("id", "name", "root", "used")},
            "turns": len(thread.turns),
            "about": thread.topic,
        }
        for thread in all_threads
    ]
    cells = [
        (
            thread.label,
            datetime.fromtimestamp(thread.used, UTC).strftime("%Y-%m-%d %H:%M"),
            str(len(thread.turns)),
            Path(thread.root).name,
            thread.topic[:WORDS],
        )
        for thread in all_threads
    ]
    heads = ("name", "last", "turns", "folder", "about")
    words = ShownTable(heads, cells, ("turns",)) if all_threads else "There are no saved conversations."
    show_view(CommandView({"threads": rows}, [words]), as_json=as_json)


@threads_app.command(
    "forget",
    short_help="Remove one conversation, or all.",
    epilog=example("assist threads forget a1b2", "assist threads forget --all"),
)
def forget(
    name: Annotated[str, argument("NAME", "The conversation's name or id.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Remove all conversations.")] = False,
) -> None:
    """Remove one conversation, or all of them, from this machine."""
    from assist_server.threads.thread_files import thread_files  # noqa: PLC0415

    if bool(name) == everything:
        raise UserError("Name one conversation, or give --all: `assist threads` lists them.", WRONG_USAGE)
    count = thread_files(settings()).forget(name)
    if not count and name:
        raise UserError(f"There is no conversation {name}: `assist threads` lists them.")
    out(f"Removed {count} conversation{'s' * (count != 1)}.")
