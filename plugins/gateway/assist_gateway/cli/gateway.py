"""The commands of the endpoint for other tools: `gateway`, its tokens, `gateway setup` and `gateway log`.

The wing `gateway`, and with it the web server, is loaded only when a gateway runs.
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

import typer

from assist_context.standard_input import take_standard_input
from assist_escalation.audit.chain import LogEvent
from assist_server.cli.flags import AsJson, Offline, argument, example, option, settings
from assist_server.cli.output import emit, out, say, show_passing
from assist_server.errors import WRONG_USAGE, UserError

EXTRA = 'install assist with its extra "gateway" (starlette and uvicorn)'
SetupName = Literal[
    "aider", "openai", "opencode", "zed", "minuet", "llama-vim", "codex", "claude", "vscode", "copilot"
]
SETUPS = " or ".join(", ".join(get_args(SetupName)).rsplit(", ", 1)) + "."
MAX_LINES = 20  # of the past, before what happens now
TRY_S = 5.0  # seconds between two tries to get the port
LOOK_S = 0.5  # seconds between two looks at the log
LOOPBACK_HELP = "The address to listen on: 127.0.0.1 or ::1."

T = TypeVar("T")

gateway_app = typer.Typer(rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.add_typer(
        gateway_app,
        name="gateway",
        epilog=example(
            "assist gateway token aider --workspace ~/src/shop",
            "assist gateway",
        ),
        short_help="Run an endpoint on this machine for other tools.",
    )


@gateway_app.callback(invoke_without_command=True)
def gateway(
    context: typer.Context,
    host: Annotated[Literal["127.0.0.1", "::1"], typer.Option("--host", help=LOOPBACK_HELP)] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            "--port", help="The port; 0 picks a free one. Default: [gateway] port.", min=0, max=65_535
        ),
    ] = None,
    socket: Annotated[
        Path | None,
        option("--socket", "PATH", "Listen on this Unix socket, in a private folder, instead of a port."),
    ] = None,
    from_editor: Annotated[bool, typer.Option("--from-editor", hidden=True)] = False,
    offline: Offline = False,
) -> None:
    """Run an endpoint for other tools: local completions, chats, and providers under your rules.

    It listens only on this machine, and answers only tools that have a token. Ctrl-C stops it.
    """
    if context.invoked_subcommand is not None:
        return
    try:
        from assist_gateway.http.listening import GatewayAddress, bind  # noqa: PLC0415
        from assist_gateway.running import load_models, run_gateway  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UserError(f"{error.name} is not installed here: {EXTRA}.") from error
    config = settings(offline=offline)
    chosen = config.gateway.port if port is None else port
    asked = GatewayAddress(host, chosen, socket.expanduser().absolute() if socket else None)
    parent = _end_of_stdin() if from_editor else None
    bound = bind(asked) if parent is None else _bind_later(partial(bind, asked), parent)
    if bound is None:
        return
    address = bound[1]
    place = f"the socket {address.path}" if address.path else f"{address.url}/v1"

    async def until() -> None:
        ended = asyncio.wrap_future(parent) if parent else asyncio.get_running_loop().create_future()
        if os.name != "nt":
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.cancel)
        say(f"Tools can send requests to {place}. Ctrl-C stops the gateway.")
        await asyncio.wait([ended])

    asyncio.run(run_gateway(config, bound, lambda: load_models(config, show_passing), until))


def _end_of_stdin() -> "Future[None]":
    """It ends with stdin: the editor that started this process has gone."""
    end: Future[None] = Future()
    source = take_standard_input()

    def read() -> None:
        source.read()
        end.set_result(None)

    threading.Thread(target=read, daemon=True).start()
    return end


def _bind_later(bind: Callable[[], T], parent: "Future[None]") -> T | None:
    """What `bind` gives, as soon as it can: another editor's gateway may have the port. None at the end."""
    while not parent.done():
        try:
            return bind()
        except UserError:
            with suppress(TimeoutError):
                parent.result(TRY_S)
    return None


@gateway_app.command(
    "token",
    epilog=example(
        "assist gateway token aider --workspace ~/src/shop",
        "assist gateway token agent --workspace api --workspace web --ceiling-usd 2",
    ),
)
def token(
    name: Annotated[str, argument("NAME", "The name of the tool in the log, such as `aider`.")],
    workspace: Annotated[
        list[Path],
        option(
            "--workspace",
            "DIR",
            "A folder whose rules apply to everything that the tool sends. Repeatable.",
        ),
    ],
    allow: Annotated[
        Literal["unattributed"] | None,
        typer.Option(
            "--allow", help="Allow the tool to send text whose origin is unknown.", show_default=False
        ),
    ] = None,
    ceiling_usd: Annotated[
        float | None,
        typer.Option(
            "--ceiling-usd",
            help="The maximum that the tool may spend per day (UTC), in US dollars.",
            min=0,
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a token for a tool. It is shown once, and only its hash is stored."""
    from assist_gateway.tool_tokens import ToolToken, add_tool  # noqa: PLC0415

    tool = ToolToken(name, _folders(workspace), bool(allow), ceiling_usd)
    made = add_tool(settings().paths.data, tool)
    if as_json:
        emit({"name": name, "token": made, "folders": [str(folder) for folder in tool.folders]})
        return
    out(made)
    say(f"This is the token of {name}. It is not shown again: put it where {name} keeps its API key.")


@gateway_app.command("tokens", epilog=example("assist gateway tokens --json"))
def tokens(as_json: AsJson = False) -> None:
    """List the tools that have a token."""
    from assist_gateway.tool_tokens import tools  # noqa: PLC0415
    from assist_server.cli.terminal.tables import Column, table  # noqa: PLC0415

    found = tools(settings().paths.data)
    if as_json:
        emit(
            [
                {
                    "name": tool.name,
                    "folders": [str(folder) for folder in tool.folders],
                    "unattributed": tool.unattributed,
                    "ceiling_usd": tool.ceiling_usd,
                }
                for tool in found
            ]
        )
        return
    if not found:
        say("No tool has a token: `assist gateway token NAME --workspace DIR` makes one.")
        return
    rows = [
        (
            tool.name,
            ", ".join(str(folder) for folder in tool.folders),
            "may leave" if tool.unattributed else "stays",
            "" if tool.ceiling_usd is None else f"{tool.ceiling_usd:.2f}",
        )
        for tool in found
    ]
    heads = ("tool", "folders", "unattributed text", "USD a day")
    table([Column(head) for head in heads], rows)


@gateway_app.command("revoke", epilog=example("assist gateway revoke aider"))
def revoke(name: Annotated[str, argument("NAME", "The tool whose token is revoked.")]) -> None:
    """Revoke the token of a tool. A running gateway no longer answers that tool."""
    from assist_gateway.tool_tokens import revoke_tool  # noqa: PLC0415

    revoke_tool(settings().paths.data, name)
    say(f"The token of {name} no longer works.")


@gateway_app.command(
    "setup",
    epilog=example("assist gateway setup aider", "assist gateway setup codex --model eu-azure"),
    short_help="Show the settings that connect a tool to the gateway.",
)
def setup(
    name: Annotated[
        SetupName,
        typer.Argument(metavar="TOOL", help=SETUPS),
    ],
    model: Annotated[
        str,
        option(
            "--model",
            "NAME",
            "The model to use: `local`, or a provider's name. Default: one that suits the tool.",
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Print the settings that connect a tool to the gateway, and check that the gateway answers.

    It does not change the tool's settings or create a token.
    """
    try:
        from assist_gateway.http.listening import GatewayAddress  # noqa: PLC0415
        from assist_gateway.http.probe import answers  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UserError(f"{error.name} is not installed here: {EXTRA}.") from error
    from assist_gateway.cli.tool_setups import tool_setups  # noqa: PLC0415
    from assist_gateway.tool_tokens import tools  # noqa: PLC0415

    config = settings()
    found = tool_setups()[name]
    providers = config.escalation.providers.items()
    suiting = [key for key, endpoint in providers if endpoint.dialect == found.dialect]
    usual = next(iter(suiting), "PROVIDER") if found.provider else "local"
    address = GatewayAddress(port=config.gateway.port)
    text = found.text(address.url, model or usual)
    is_answering = asyncio.run(answers(address))
    known = name in {tool.name for tool in tools(config.paths.data)}
    if as_json:
        emit({"where": found.where, "lines": text, "answers": is_answering, "token": known})
        return
    say(f"{name}: {found.where}:")
    for line in text.split("\n"):
        out(line)
    _say_missing(name, text, known=known)
    if is_answering:
        say(f"The gateway answers at {address.url}.")
    else:
        say(f"No gateway answers at {address.url}: start it with `assist gateway`.")


def _say_missing(name: str, text: str, *, known: bool) -> None:
    """What is left to do before the lines work."""
    if known:
        say(f"TOKEN is what `assist gateway token {name}` showed.")
    else:
        say(f"TOKEN is what `assist gateway token {name} --workspace DIR` shows.")
    if "PROVIDER" in text:
        say("No provider with this protocol is defined yet: docs/providers.md has examples.")


@gateway_app.command(
    "log",
    epilog=example("assist gateway log", "assist gateway log --tool aider --once"),
    short_help="Show what tools send as they send it: files, cost.",
)
def log(
    tool: Annotated[str, option("--tool", "NAME", "Only requests of this tool.")] = "",
    once: Annotated[bool, typer.Option("--once", help="Show the last requests and exit.")] = False,
) -> None:
    """Show what tools send to providers as they send it: tool, model, files, removed text, cost.

    It reads the audit log. Requests to local models are not in it, because they send nothing.
    """
    from assist_escalation.audit.reader import ANY_TOOL, Filter, entries, get_tool  # noqa: PLC0415
    from assist_gateway.tool_events import later_events, tool_event_line  # noqa: PLC0415
    from assist_server.record_files import gate_files  # noqa: PLC0415

    audit = gate_files(settings()).audit
    asked: dict[str, str] = {}  # the tool of each request

    def show(events: Iterable[LogEvent]) -> int:
        """Show the events of the tool, and return the number of the last event."""
        number = 0
        for event in events:
            number = event["seq"]
            request = str(event.get("request_id"))
            asked.setdefault(request, get_tool(event))
            if asked[request] and tool in ("", asked[request]):
                out(tool_event_line(event, asked))
        sys.stdout.flush()
        return number

    start = audit.stat().st_size if audit.exists() else 0
    past = deque((entry.event for entry in entries(audit, Filter(tool=tool or ANY_TOOL))), MAX_LINES)
    last = show(past)
    if not once:
        say("Waiting for your tools' next requests to providers; Ctrl-C stops.")
    while not once:
        time.sleep(LOOK_S)
        events, start = later_events(audit, start)
        show(event for event in events if event["seq"] > last)


def _folders(workspace: Sequence[Path]) -> tuple[Path, ...]:
    """The folders, resolved. Raises `UserError` for one that does not exist."""
    found = []
    for folder in workspace:
        real = Path(os.path.realpath(folder.expanduser()))
        if not real.is_dir():
            raise UserError(f"There is no directory {real}: check --workspace.", WRONG_USAGE)
        found.append(real)
    return tuple(dict.fromkeys(found))
