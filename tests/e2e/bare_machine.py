"""A machine with an empty home, with Python and git, and without a compiler."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

COMMANDS = ("dirname", "git", "realpath", "sh", "sleep")
COMPILERS = ("cc", "gcc", "g++", "clang", "cmake", "make", "ninja")
KEPT = ("_CERT", "_PROXY", "_proxy", "SSL_CERT_FILE", "_INDEX", "_INDEX_URL", "_TIMEOUT", "LANG")
UV = shutil.which("uv") or str(Path(__file__).parents[2] / ".uv/bin/uv")


def bare_machine(folder: Path, *programs: str) -> Mapping[str, str]:
    """Return its environment; `programs` are on its PATH, too. All its files are below `folder`."""
    place = folder / "bin"
    home = folder / "home"
    place.mkdir()
    home.mkdir()
    for program in (*map(shutil.which, COMMANDS), *programs):
        assert program, f"{COMMANDS} have to be installed"
        (place / Path(program).name).symlink_to(program)
    path = f"{home}/.local/bin:{place}"
    assert not any(shutil.which(name, path=path) for name in COMPILERS)
    (home / ".profile").write_text(f"export PATH='{path}'\n")  # editors ask the login shell
    kept = {name: value for name, value in os.environ.items() if name.endswith(KEPT)}
    return {
        **kept,
        "ASSIST_CONFIG_DIR": str(home / "config"),
        "ASSIST_DATA_DIR": str(home / "data"),
        "HOME": str(home),
        "PATH": path,
    }


def python() -> str:
    """The Python that environments are made from."""
    return str(Path(sys.base_prefix) / "bin/python3")
