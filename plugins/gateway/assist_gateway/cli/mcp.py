"""The command `mcp`: what agents may look up in a folder, by the Model Context Protocol on stdio."""

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from assist_server.cli.flags import Offline, directory, example, option, settings
from assist_server.cli.output import say_lines
from assist_server.errors import UserError

AT_A_TERMINAL = """This is a server for agents, and waits for one on stdin. Ctrl-D ends it.
An agent starts it by itself, once it is in its settings:
  claude mcp add --scope user assist -- assist mcp
  codex mcp add assist -- assist mcp
Others need the command `assist` with the argument `mcp`; docs/mcp.md has them."""


def add_to(app: typer.Typer) -> None:
    """Put this command into the command line."""
    app.command(
        "mcp",
        epilog=example("assist mcp", "assist mcp --workspace ~/src", "assist mcp --provider claude"),
        short_help="Give agents search, definitions and policy checks over stdio (MCP).",
    )(mcp)


def mcp(
    workspace: Annotated[
        Path,
        option("--workspace", "DIR", "The folder that the agent may read. Default: the working directory."),
    ] = Path(),
    provider: Annotated[
        str,
        option(
            "--provider",
            "NAME",
            "The provider of the agent's model, by its name in config.toml. Default: the rules for all "
            "providers apply together.",
        ),
    ] = "",
    offline: Offline = False,
) -> None:
    """Serve an agent on stdio, with the Model Context Protocol. Agents start it; people rarely do.

    It is read-only, and of files that the rules hide from the agent's model it shows no path, line or name.
    """
    check_extra()
    config = settings(offline=offline)
    root = directory(workspace)
    if provider:
        from assist_gateway.mcp_server.shown_files import classes_of_reader  # noqa: PLC0415
        from assist_server.config.permissions import effective_permissions  # noqa: PLC0415  (loads much)

        classes_of_reader(effective_permissions(config, [os.path.realpath(root)]), provider)
    from assist_gateway.mcp_server.server import serve  # noqa: PLC0415

    if sys.stdin.isatty():
        say_lines(AT_A_TERMINAL)
    serve(config, root, provider)


def check_extra(find: Callable[[str], object] = find_spec) -> None:
    """Raise `UserError` if the library is missing that only the extra `mcp` installs."""
    if find("mcp") is None:
        raise UserError(
            "`assist mcp` needs the library mcp: run `uv tool install '.[mcp]'` in your clone of assist, or "
            "install our wheel with its extra `mcp`."
        )
