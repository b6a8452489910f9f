"""Starts the language server from the command line.

Nothing is imported before `serve` is called, because `assist --help` must not wait for pygls.
"""

import gc


def serve(*, offline: bool) -> int:
    """Run the language server on stdio until its client leaves."""
    gc.disable()
    from dataclasses import replace  # noqa: PLC0415

    from assist_server.config.config import load_lenient  # noqa: PLC0415
    from assist_server.lsp import server  # noqa: PLC0415

    gc.freeze()  # the modules stay: looking through their 300,000 objects again holds the event loop
    gc.enable()
    settings = load_lenient()
    server.serve(replace(settings, offline=settings.offline or offline))
    return 0
