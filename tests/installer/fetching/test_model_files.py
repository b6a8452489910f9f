import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from small_gguf import gguf
from tiny_models import row_of

from assist_completion.errors import ModelError
from assist_completion.model_store.catalogue import LocalFiles, ModelRow
from assist_completion.model_store.models_lock import read_pins
from assist_completion.model_store.store import Store, get_path, installed_models, verified_file
from assist_installer.errors import FetchError
from assist_installer.fetching.model_files import fetch, remove
from assist_installer.fetching.partial_download import FetchOptions

MIB = 2**20


MODEL = gguf(bytes(range(256)) * 40)


def place(directory: Path, model: bytes, name: str = "tiny.gguf") -> Path:
    directory.mkdir(exist_ok=True)
    (directory / name).write_bytes(model)
    return directory / name


@pytest.fixture
def row(tmp_path: Path) -> ModelRow:
    return row_of(MODEL, LocalFiles(place(tmp_path / "usb", MODEL)))


def test_a_fetched_model_is_whole_private_and_pinned(store: Store, row: ModelRow) -> None:
    seen: list[tuple[int, int]] = []
    path = fetch(store, row, progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == MODEL
    assert seen[-1] == (len(MODEL), len(MODEL))
    assert store.root.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in store.root.iterdir()} == {
        "tiny.gguf": 0o600,
        "tiny.gguf.lock": 0o600,
        "models.lock": 0o600,
        "models.lock.guard": 0o600,
        "models.hashed": 0o600,
    }
    assert json.loads((store.root / "models.lock").read_text()) == {
        "tiny": {"sha256": row.sha256, "bytes": len(MODEL), "source": str(row.sources[0].path)}
    }
    said: list[str] = []
    assert verified_file(store, "tiny", said.append) == path
    assert said == [], "it is hashed once"


def test_a_directory_that_others_could_read_is_closed(store: Store, row: ModelRow) -> None:
    store.root.mkdir(parents=True, mode=0o755)
    fetch(store, row)
    assert store.root.stat().st_mode & 0o777 == 0o700


def test_a_model_that_is_here_asks_no_source(store: Store, row: ModelRow) -> None:
    path = fetch(store, row)
    row.sources[0].path.unlink()
    said: list[str] = []
    assert fetch(store, row, say=said.append) == path
    assert said == []


def test_a_wrong_hash_names_both_and_deletes_the_file(store: Store, row: ModelRow) -> None:
    wrong = gguf(b"x" * 300)
    row.sources[0].path.write_bytes(wrong)
    with pytest.raises(FetchError) as caught:
        fetch(store, row)
    assert hashlib.sha256(wrong).hexdigest() in str(caught.value)
    assert row.sha256 in str(caught.value)
    assert not get_path(store, row).exists()
    assert not list(store.root.glob("*.partial*"))


def test_without_a_known_hash_the_first_file_is_pinned(store: Store, row: ModelRow) -> None:
    unknown = replace(row, sha256="", bytes=0)
    said: list[str] = []
    fetch(store, unknown, say=said.append)
    assert read_pins(store.root)["tiny"].sha256 == hashlib.sha256(MODEL).hexdigest()
    assert any("its file must have the hash of this download" in sentence for sentence in said)

    remove(Store(store.root, (unknown,)), "tiny")
    row.sources[0].path.write_bytes(gguf(b"other"))
    with pytest.raises(FetchError, match=r"its sha256 is .*, expected "):
        fetch(store, unknown)


def test_a_file_without_known_hash_must_still_be_a_model(store: Store, row: ModelRow) -> None:
    row.sources[0].path.write_bytes(b"<html>not found</html>" * 10)
    with pytest.raises(FetchError, match="is not usable and was deleted"):
        fetch(store, replace(row, sha256=""))
    assert not list(store.root.glob("*.partial*"))
    assert read_pins(store.root) == {}


@pytest.mark.parametrize("there", [0, len(MODEL), len(MODEL) + 64 * MIB - 1])
def test_a_full_disk_is_found_before_anything_is_written(store: Store, row: ModelRow, there: int) -> None:
    with pytest.raises(FetchError, match=r"too full for tiny: 67 MB are needed in .* and \d+ MB are free"):
        fetch(store, row, free=lambda _: there)
    assert not (store.root / "tiny.gguf.partial").exists()


def test_a_disk_with_just_enough_room_will_do(store: Store, row: ModelRow) -> None:
    assert fetch(store, row, free=lambda _: len(MODEL) + 64 * MIB).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file size limits")
def test_a_write_that_fails_midway_is_explained_and_goes_on(store: Store, row: ModelRow) -> None:
    import resource  # noqa: PLC0415  - not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(FetchError, match=r"partial cannot be written: .*File too large"):
            fetch(store, row)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert fetch(store, row).read_bytes() == MODEL


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path, row: ModelRow) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FetchError, match=r"cannot be created: .* Set ASSIST_DATA_DIR"):
        fetch(Store(tmp_path / "file" / "models", (row,)), row)


def test_offline_asks_only_this_machine(store: Store, row: ModelRow) -> None:
    assert fetch(store, row, FetchOptions(offline=True)).exists()
    nothing = replace(row, name="other", file="other.gguf", sources=())
    with pytest.raises(FetchError, match=r"offline, no source on this machine.*--offline-from DIR"):
        fetch(store, nothing, FetchOptions(offline=True))


def test_a_file_that_was_put_in_place_is_adopted_by_its_hash(store: Store, row: ModelRow) -> None:
    place(store.root.parent, b"")
    place(store.root, MODEL)
    row.sources[0].path.unlink()
    fetch(store, row)
    assert read_pins(store.root)["tiny"].source == "found in place"


def test_a_new_hash_in_the_catalogue_fetches_again(store: Store, row: ModelRow, tmp_path: Path) -> None:
    fetch(store, row)
    newer = gguf(b"newer" * 100)
    renewed = row_of(newer, LocalFiles(place(tmp_path / "new", newer)))
    said: list[str] = []
    assert fetch(store, renewed, say=said.append).read_bytes() == newer
    assert "not the expected tiny" in said[0]


def _make_unreadable(path: Path) -> None:
    """A file that exists and whose bytes the system does not give, as one that a virus scanner holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to("/proc/self/mem")


def test_a_file_that_cannot_be_read_is_no_wrong_one(store: Store, row: ModelRow) -> None:
    path = get_path(store, row)
    _make_unreadable(path)
    with pytest.raises(FetchError, match=r"cannot be read.*virus scanner") as fetched:
        fetch(store, row)
    assert path.is_symlink()
    assert "sha256" not in str(fetched.value)


def test_remove_frees_the_bytes_and_keeps_the_pin(store: Store, row: ModelRow) -> None:
    fetch(store, row)
    place(store.root, b"12345", "tiny.gguf.partial")
    assert remove(store, "tiny") == len(MODEL) + 5
    assert installed_models(store) == ()
    assert not list(store.root.glob("*.partial*"))
    assert "tiny" in read_pins(store.root)
    with pytest.raises(ModelError, match="there is nothing to remove"):
        remove(store, "tiny")


def test_a_changed_file_is_fetched_again(store: Store, row: ModelRow) -> None:
    path = fetch(store, row)
    path.write_bytes(MODEL[:-1] + b"!")
    said: list[str] = []
    assert fetch(store, row, say=said.append).read_bytes() == MODEL
    assert "is not the expected tiny" in said[0]
    assert verified_file(store, "tiny") == path
