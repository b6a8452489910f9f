"""Where programs that run tests are installed, and which parts of that the sandbox has to show.

Only folders of programs and libraries are shown: next to them may be data, keys and conversations, as in
`~/.local/share`. A repository may lead anywhere by links and by settings of its environment, so a part counts
only if it is really in its installation. It looks at files and runs nothing.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from assist_context.regular_files import read_regular
from assist_runner.sandbox.sandbox import login_home

_PARTS = ("bin", "lib", "lib64", "libexec", "include", "pyvenv.cfg")
_PARTS_OF_GO = ("bin", "lib", "pkg", "src", "VERSION", "go.env")
_PACKAGES = "node_modules"
# Folders of the repository that are no part of its commits, and are shown as they are.
_INSTALLED_IN = (".venv", "venv", _PACKAGES)
_VERSION = re.compile(r"\w[\w.-]*")
_LARGEST = 1 << 20  # bytes of a file of settings
PYTHONS = ("python.exe", "python3.exe") if sys.platform == "win32" else ("python3",)


def prefixes_of(program: Path) -> list[Path]:
    """The folders with `bin` and `lib` in which a program is installed, unless that is a whole home."""
    found = []
    for fromkey in dict.fromkeys((program, Path(os.path.realpath(program)))):
        prefix = fromkey.parent.parent
        above_home = any(home.is_relative_to(place) for home in _homes() for place in _both(prefix))
        if fromkey.parent.name == "bin" and (prefix / "lib").is_dir() and not above_home:
            found.append(prefix)
    return found


def parts_of(prefixes: Sequence[Path], names: Sequence[str] = _PARTS) -> list[Path]:
    """The parts of installations that programs need. A link that leads out of one is none."""
    return [
        prefix / name
        for prefix in prefixes
        for name in names
        if (prefix / name).exists()
        and Path(os.path.realpath(prefix / name)).is_relative_to(os.path.realpath(prefix))
    ]


def python_of(environment: Path, *, windows: bool = sys.platform == "win32") -> Path:
    """The interpreter of a Python environment.

    >>> python_of(Path(".venv"), windows=True).as_posix(), python_of(Path(".venv"), windows=False).as_posix()
    ('.venv/Scripts/python.exe', '.venv/bin/python')
    """
    return environment / ("Scripts/python.exe" if windows else "bin/python")


def without_shims(path: str, top: Path) -> str:
    """A PATH with the interpreter that pyenv's scripts start in a repository, in place of the scripts.

    In the sandbox the scripts start nothing: they and their settings are in the user's home.
    """
    folders = path.split(os.pathsep)
    return os.pathsep.join(_pyenv_folder(Path(folder), top) or folder for folder in folders)


def _pyenv_folder(shims: Path, top: Path) -> str:
    """The folder of programs that pyenv chooses in a repository, "" if `shims` is not pyenv's."""
    versions = shims.parent / "versions"
    if shims.name != "shims" or not shims.is_absolute() or not versions.is_dir():
        return ""
    chosen = text_of(top / ".python-version") or text_of(shims.parent / "version")
    for name in filter(_VERSION.fullmatch, chosen.split()):
        found = [folder for folder in versions.glob(f"{name}*") if (folder / "bin" / PYTHONS[0]).exists()]
        newest = max(found, key=lambda folder: (folder.name == name, _numbers(folder.name)), default=None)
        if newest is not None:
            return str(newest / "bin")
    return ""


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def go_places(go: Path) -> list[Path]:
    """What go needs of its installation, which has its library as source text."""
    root = Path(os.path.realpath(go)).parent.parent
    is_root = (root / "src" / "runtime").is_dir() and not any(home.is_relative_to(root) for home in _homes())
    return parts_of([root], _PARTS_OF_GO) if is_root else []


def node_packages(top: Path) -> Path | None:
    """The packages that are installed in a repository; a link to the packages of another copy is followed."""
    packages = top / _PACKAGES
    named_so = Path(os.path.realpath(packages)).name == _PACKAGES
    return packages if packages.is_dir() and named_so else None


def program_prefixes(program: Path) -> list[Path]:
    """The installations of a program: of one in a Python environment, this and what it is made from."""
    environment = program.parent.parent
    settings = text_of(environment / "pyvenv.cfg")
    if not settings:
        return prefixes_of(program)
    python = python_of(environment)
    found = [environment]
    base = re.search(r"^home\s*=\s*(.+?)\s*$", settings, re.MULTILINE)
    if base and _is_base(Path(base[1]), python):
        found += prefixes_of(Path(base[1], PYTHONS[0]))
    return list(dict.fromkeys([*found, *prefixes_of(Path(os.path.realpath(python)))]))


def program_places(program: Path, top: Path) -> list[Path]:
    """What a program needs: all of the repository's own environment, and parts of installations."""
    prefixes = program_prefixes(program)
    own = [
        prefix
        for prefix in prefixes
        if prefix.parent == top and prefix.name in _INSTALLED_IN and not prefix.is_symlink()
    ]
    return [*own, *parts_of([prefix for prefix in prefixes if prefix not in own])]


def _is_base(base: Path, python: Path) -> bool:
    """Whether the folder that an environment names has its interpreter.

    A repository may bring an environment. In the user's home only the interpreter's real place counts;
    elsewhere any folder with an interpreter, since an environment may have a copy of it.
    """
    program = base / PYTHONS[0]
    if not os.path.isabs(base) or not os.access(program, os.X_OK):
        return False
    in_home = any(place.is_relative_to(home) for place in _both(program) for home in _homes())
    return not in_home or os.path.realpath(base) == os.path.dirname(os.path.realpath(python))


def covers_copy(place: Path, top: Path) -> bool:
    """Whether a place would cover files of the repository's copy with those of the repository."""
    return any(
        path.is_relative_to(top)
        and path.relative_to(top).parts[:1] not in {(name,) for name in _INSTALLED_IN}
        for path in _both(place)
    )


def _homes() -> Iterator[Path]:
    yield from _both(login_home())


def _both(path: Path) -> tuple[Path, Path]:
    """A path as it is named, and where its links lead."""
    return Path(os.path.abspath(path)), Path(os.path.realpath(path))


def text_of(file: Path) -> str:
    """The beginning of a file of settings, "" if it cannot be read."""
    try:
        return read_regular(file, _LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""
