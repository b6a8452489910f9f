"""The commands of the endpoint for other tools: `gateway`, `gateway token`, `tokens` and `revoke`.

The wing `gateway`, and with it the web server, is loaded only when a gateway runs.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from assist_server.cli.flags import AsJson, Offline, example, settings
from assist_server.cli.output import emit, out, say, show_passing
from assist_server.errors import WRONG_USAGE, UserError

EXTRA = 'install assist with its extra "gateway" (starlette and uvicorn)'
LOOPBACK_HELP = "The address to listen on: 127.0.0.1 or ::1."

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
        short_help="An endpoint on this machine for other tools.",
    )


@gateway_app.callback(invoke_without_command=True)
def gateway(
    context: typer.Context,
    host: Annotated[Literal["127.0.0.1", "::1"], typer.Option("--host", help=LOOPBACK_HELP)] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            "--port", help="The port; 0 takes a free one. Default: [gateway] port.", min=0, max=65_535
        ),
    ] = None,
    socket: Annotated[
        Path | None,
        typer.Option(
            "--socket",
            metavar="PATH",
            help="Listen on this socket in a private folder, and on no port.",
            show_default=False,
        ),
    ] = None,
    offline: Offline = False,
) -> None:
    """Let other tools ask: local completions and chats, with your rules for what leaves. Ctrl-C ends it.

    It listens on this machine only, and answers only to tools that have a token.
    """
    if context.invoked_subcommand is not None:
        return
    try:
        from assist_server.gateway.http.listening import GatewayAddress, bind  # noqa: PLC0415
        from assist_server.gateway.running import load_models, run_gateway  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UserError(f"{error.name} is not installed here: {EXTRA}.") from error
    config = settings(offline=offline)
    chosen = config.gateway.port if port is None else port
    bound = bind(GatewayAddress(host, chosen, socket.expanduser().absolute() if socket else None))
    address = bound[1]
    place = f"the socket {address.path}" if address.path else address.url

    async def until() -> None:
        ended = asyncio.Event()
        if os.name != "nt":
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        say(f"Tools can ask at {place}/v1. Ctrl-C ends this.")
        await ended.wait()

    asyncio.run(run_gateway(config, bound, lambda: load_models(config, show_passing), until))


@gateway_app.command(
    "token",
    epilog=example(
        "assist gateway token aider --workspace ~/src/shop",
        "assist gateway token agent --workspace api --workspace web --ceiling-usd 2",
    ),
)
def token(
    name: Annotated[str, typer.Argument(help="What the log calls the tool, as in `aider`.")],
    workspace: Annotated[
        list[Path],
        typer.Option(
            "--workspace",
            metavar="DIR",
            help="A folder whose rules hold for all that the tool sends; may be given several times.",
            show_default=False,
        ),
    ],
    allow: Annotated[
        Literal["unattributed"] | None,
        typer.Option(
            "--allow", help="Let text leave of which no one knows where it is from.", show_default=False
        ),
    ] = None,
    ceiling_usd: Annotated[
        float | None,
        typer.Option(
            "--ceiling-usd",
            help="The most that the tool may spend in a day (UTC).",
            min=0,
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token for a tool. It is shown once, and only its hash is kept."""
    from assist_server.gateway.tool_tokens import ToolToken, add_tool  # noqa: PLC0415

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
    from assist_server.cli.terminal.tables import Column, table  # noqa: PLC0415
    from assist_server.gateway.tool_tokens import tools  # noqa: PLC0415

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
def revoke(name: Annotated[str, typer.Argument(help="The tool whose token ends now.")]) -> None:
    """End the token of a tool: a running gateway no longer answers it."""
    from assist_server.gateway.tool_tokens import revoke_tool  # noqa: PLC0415

    revoke_tool(settings().paths.data, name)
    say(f"The token of {name} no longer works.")


def _folders(workspace: Sequence[Path]) -> tuple[Path, ...]:
    """The folders, resolved. Raises `UserError` for one that does not exist."""
    found = []
    for folder in workspace:
        real = Path(os.path.realpath(folder.expanduser()))
        if not real.is_dir():
            raise UserError(f"There is no directory {real}: check --workspace.", WRONG_USAGE)
        found.append(real)
    return tuple(dict.fromkeys(found))
