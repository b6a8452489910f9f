"""Files that keep a project running, such as lock files and issue templates: they help with no code.

This module knows paths and the words of a question; it reads no file.
"""

import re
import tomllib
from importlib.resources import files

_TABLE = tomllib.loads((files(__package__) / "bookkeeping.toml").read_text(encoding="utf-8"))
_KINDS = tuple((re.compile(kind["paths"]), frozenset(kind["words"].split())) for kind in _TABLE["kind"])
_WORD = re.compile(r"[a-z]+")


def is_bookkeeping(path: str, question: str = "") -> bool:
    """Whether a file is of no use for a question that does not speak of such files.

    >>> is_bookkeeping(".github/workflows/test.yml"), is_bookkeeping("uv.lock"), is_bookkeeping("src/lock.py")
    (True, True, False)
    >>> is_bookkeeping(".github/workflows/test.yml", "Which workflow runs the tests?")
    False
    """
    words: frozenset[str] | None = None
    for pattern, about in _KINDS:
        if pattern.search(path):
            words = frozenset(_WORD.findall(question.lower())) if words is None else words
            if not about & words:
                return True
    return False
