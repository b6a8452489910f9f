"""The `assist` command: every sub-command translates its arguments and calls one function."""

from assist_server import config, lsp


def main() -> None:
    """Run the command line."""
    lsp.serve(config.load_lenient())
