"""The entry point of `assist`: starts the language server directly, and everything else by the command line.

It imports nothing at the top that Python has not loaded already: an editor waits for `assist lsp`, and typer
alone takes 0.1 s.
"""

import gc
import os
import sys

SERVER_FLAGS = {"--stdio", "--offline"}  # many clients add `--stdio` by themselves


def main() -> None:
    """Run the command line and leave with its exit code."""
    # NumPy's OpenBLAS starts a thread for each core, which spins before it sleeps: 0.06 s of CPU for two.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    code = run(sys.argv[1:])
    gc.freeze()  # nothing is searched for garbage at the end: of 0.7 s of leaving `assist lsp`, that took 0.4
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run `assist ARGUMENTS`. Returns 0 done, 1 failed, 2 wrong usage, 3 refused or 130 interrupted."""
    try:
        if arguments[:1] == ["lsp"] and set(arguments[1:]) <= SERVER_FLAGS:
            from assist_server.lsp.start import serve  # noqa: PLC0415

            return serve(offline="--offline" in arguments)
        if arguments[:1] == ["ask"] or "--facts" in arguments:
            return _invoke_with_index(arguments)
        return _invoke(arguments)
    except KeyboardInterrupt:
        from assist_server.cli.output import say_stopped  # noqa: PLC0415
        from assist_server.errors import INTERRUPTED  # noqa: PLC0415

        say_stopped()
        return INTERRUPTED


def _invoke_with_index(arguments: list[str]) -> int:
    """Run a command that brings the index up to date: that process loads while this one does."""
    from assist_context.indexer.supervisor import drop_early, start_early  # noqa: PLC0415

    start_early()
    try:
        return _invoke(arguments)
    finally:
        drop_early()


def _invoke(arguments: list[str]) -> int:
    from assist_server.cli.app import invoke  # noqa: PLC0415  (imports typer)

    return invoke(arguments)
