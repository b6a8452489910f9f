"""Code to type in an editor: a copy of two projects with what they import installed, and a trace in each.

The projects are left as they are. What they import is linked, not copied.
"""

import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from bench.typing.typist import Style, Trace, make_trace

INSTALLED = (".venv", "node_modules")
LEFT_OUT = (*INSTALLED, ".git", "__pycache__", "dist", "build", "*.log")
SUFFIXES = {"python": ".py", "typescript": ".ts"}
# What is imported from outside of the project, and where that is installed.
IMPORTS = {
    "python": (re.compile(r"^\s*(?:from|import) (\w+)", re.MULTILINE), ".venv/lib/*/site-packages"),
    "typescript": (re.compile(r"""\bfrom ["']((?:@[\w-]+/)?[\w-]+)"""), "node_modules"),
}


def style_of(visits: int) -> Style:
    """So many new places, with one line of code each that calls a member of something."""
    return Style("editor", visits, 1, 24, 64, (150, 1_500), r"^\s+[^#*`]*\w\.[a-z]\w*\(")


def copy_project(project: Path, folder: Path) -> None:
    """Copy a project, and link what it has installed."""
    shutil.copytree(project, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    for name in INSTALLED:
        if (project / name).exists():
            (folder / name).symlink_to((project / name).resolve())


def trace_of(folder: Path, language: str, visits: int, seed: int) -> tuple[Path, Trace, str]:
    """A file of a project that imports what is installed, its trace, and its full text.

    Raises `ValueError` if no file fits.
    """
    files = sorted(_files(folder, language))
    random.Random(seed).shuffle(files)
    style = style_of(visits)
    for path in files:
        try:
            trace = make_trace(path, style, seed)
        except ValueError:
            continue
        return path, trace, path.read_text(encoding="utf-8")
    raise ValueError(f"{folder} has no {language} file with {visits} lines to type again")


def _files(folder: Path, language: str) -> Iterator[Path]:
    low, high = style_of(1).file_lines
    imports, place = IMPORTS[language]
    installed = {path.stem for path in folder.glob(f"{place}/*")}
    for path in folder.rglob(f"*{SUFFIXES[language]}"):
        inside = path.relative_to(folder).parts
        if not path.is_file() or path.name.endswith(".d.ts") or any(part in INSTALLED for part in inside):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        from_outside = any(name.partition("/")[0] in installed for name in imports.findall(text))
        if from_outside and low <= text.count("\n") <= high and "\t" not in text and "\r" not in text:
            yield path
