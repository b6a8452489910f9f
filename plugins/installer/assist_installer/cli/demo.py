"""The command `demo`."""

import typer

from assist_server.cli.flags import AsJson, Offline, example, settings


def add_to(app: typer.Typer) -> None:
    """Put the command into the command line."""
    app.command(
        short_help="Show completions in a bundled workspace.",
        epilog=example("assist demo", "assist demo --json"),
    )(demo)


def demo(as_json: AsJson = False, offline: Offline = False) -> None:
    """Show real completions in a small bundled workspace, through a real `assist lsp`."""
    from assist_installer.demo.scenes import run  # noqa: PLC0415  (imports pygls, 0.4 s)

    run(settings(offline=offline), as_json=as_json)
