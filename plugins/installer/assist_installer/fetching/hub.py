"""A model file from the Hugging Face hub, through huggingface_hub's own client, proxy and token settings.

It asks for a file's published hash and size within seconds, and downloads the file in as many pieces as the
connection allows. It names no host: the endpoint is huggingface_hub's setting or a parameter.
The library is imported only when a model is fetched: the import takes 0.3 s, and nothing else here needs it.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from assist_completion.model_store.catalogue import HubFile, ModelRow
from assist_installer.errors import FetchError, UnavailableError
from assist_installer.fetching.partial_download import (
    DownloadOffer,
    FetchOptions,
    Partial,
    Progress,
    open_at,
    size_of,
)

STALL_SECONDS = 30.0  # without any byte for so long, the connection counts as broken
EMPTY_TRIES = 3  # connections in a row that bring no new byte before a download gives up
RETRY_SECONDS = 0.5

T = TypeVar("T")


def reach(source: HubFile, row: ModelRow, options: FetchOptions) -> DownloadOffer:
    """Ask the hub for the file's sha256 and size. UnavailableError if it does not answer or has none."""
    began = time.monotonic()
    # The library reads this at its first import. It also stops it from describing this machine in its
    # headers.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import get_hf_file_metadata, hf_hub_url  # noqa: PLC0415

    left = max(1.0, options.patience - (time.monotonic() - began))
    endpoint = options.hub_endpoint or None
    try:
        url = hf_hub_url(source.repo, source.file, revision=source.revision or None, endpoint=endpoint)
        metadata = _run_within(left, lambda: get_hf_file_metadata(url, timeout=left, endpoint=endpoint))
    except (transport_error(), OSError, ValueError) as error:
        raise UnavailableError(f"cannot be reached: {_first_line(error)}") from error
    sha256 = metadata.etag or ""
    size = metadata.size or row.bytes
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise UnavailableError(f"publishes no sha256 for {source.file}")
    if not size:
        raise UnavailableError(f"publishes no size for {source.file}")

    def deliver(partial: Partial, progress: Progress) -> None:
        _download(url, size, partial, progress)

    return DownloadOffer(size, sha256, 0, deliver)


def transport_error() -> type[Exception]:
    """The root of the transport's errors, for any HTTP library that huggingface_hub may use."""
    from huggingface_hub import errors  # noqa: PLC0415

    root: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]
    return root


def _run_within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises, or TimeoutError.

    The look-up of a host name cannot be cancelled, so its thread is abandoned if it takes too long.
    """
    future: Future[T] = Future()
    foreign = (transport_error(), OSError, ValueError)

    def run() -> None:
        try:
            future.set_result(work())
        except foreign as error:
            future.set_exception(error)

    threading.Thread(target=run, name="assist-reach-hub", daemon=True).start()
    try:
        return future.result(timeout=seconds)
    except TimeoutError:
        if future.done():
            raise
        raise TimeoutError(f"no answer within {seconds:.1f} s") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _download(url: str, size: int, partial: Partial, progress: Progress) -> None:
    """Fill the rest of `partial`. A broken connection is opened again as long as new bytes arrive."""
    start = _usable_bytes(partial, size)
    have = start
    tries = 0
    while have < size:
        trouble = "the connection closed early"
        try:
            _download_once(url, size, partial, progress)
        except transport_error() as error:
            trouble = _first_line(error)
        before = have
        have = _usable_bytes(partial, size)
        tries = 0 if have > before else tries + 1
        if have < size and tries >= EMPTY_TRIES:
            if have <= start:
                raise UnavailableError(f"sends no data: {trouble}")
            raise FetchError(
                f"The download stopped at {have:,} of {size:,} bytes: {trouble}. The part that arrived is "
                "kept: run the same command again to continue."
            )
        time.sleep(RETRY_SECONDS * tries)


def _usable_bytes(partial: Partial, size: int) -> int:
    have = size_of(partial)
    return have if have <= size else 0


def _download_once(url: str, size: int, partial: Partial, progress: Progress) -> None:
    from huggingface_hub.utils import (  # type: ignore[attr-defined]  # noqa: PLC0415
        build_hf_headers,
        get_session,
        hf_raise_for_status,
    )

    have = _usable_bytes(partial, size)
    headers = build_hf_headers(headers={"Accept-Encoding": "identity", "Range": f"bytes={have}-"})
    with get_session().stream("GET", url, headers=headers, timeout=STALL_SECONDS) as response:
        hf_raise_for_status(response)
        goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        with open_at(partial, have if response.status_code == 206 and goes_on else 0) as sink:
            for chunk in response.iter_raw():
                sink.write(chunk[: size - sink.tell()])
                progress(sink.tell(), size)
