import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_models import MODEL, row_of

from assist_completion.model_store.catalogue import LocalFiles, ModelRow
from assist_completion.model_store.store import Store
from assist_installer.errors import FetchError
from assist_installer.fetching.model_files import fetch, remove
from assist_installer.fetching.partial_download import FetchOptions
from assist_installer.fetching.process_lock import hold_lock


@pytest.fixture
def row(tmp_path: Path) -> ModelRow:
    (tmp_path / "usb.gguf").write_bytes(MODEL)
    return row_of(MODEL, LocalFiles(tmp_path / "usb.gguf"))


HOLDER = """
import sys, time
from pathlib import Path
from assist_installer.fetching.process_lock import hold_lock
with hold_lock(Path(sys.argv[1]), "tiny", wait=0.0):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(path: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(path), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_process_says_who_it_waits_for(store: Store, row: ModelRow) -> None:
    store.root.mkdir(parents=True)
    with hold(store.root / "tiny.gguf", 0.5) as other:
        said: list[str] = []
        assert fetch(store, row, say=said.append).exists()
        assert said[0] == f"tiny is being fetched by process {other.pid}; waiting for it."
        assert other.wait() == 0


def test_waiting_ends_with_the_name_of_the_holder(store: Store, row: ModelRow) -> None:
    fetch(store, row)
    with hold(store.root / "tiny.gguf", 60) as other:
        with pytest.raises(FetchError, match=f"is being fetched by process {other.pid}. Wait until"):
            fetch(store, row, FetchOptions(lock_wait=0.2))
        with pytest.raises(FetchError, match=f"process {other.pid}"):
            remove(store, "tiny")
        other.kill()
    assert fetch(store, row).exists()  # the dead process released the lock


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold_lock(tmp_path / "m", "m", wait=0.0):
        1 / 0  # noqa: B018
    with hold_lock(tmp_path / "m", "m", wait=0.0):
        assert (tmp_path / "m.holder").read_text() == str(os.getpid())
