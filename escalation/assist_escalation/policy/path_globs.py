"""Globs over the files of a workspace, with git's semantics, for every spelling of a path.

A glob only forbids or marks files. So if some system takes two spellings for the same file, they count as
the same here: case, Unicode form, kind of slash and percent signs make no difference. This module does not
read the disk and does not know what a match means.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from unicodedata import category, normalize
from urllib.parse import unquote

from assist_context.files.gitignore import IgnoreRule, parse_rules
from assist_escalation.errors import EscalationError

# A backslash before a letter is a Windows path: git's globs never need one there.
_WINDOWS = re.compile(r"\\\w")
_NOWHERE = re.compile(r"(?:^|/)\.{1,2}(?:/|$)|//")
_FOLDS = re.compile(r"[. ](?:/|$)|:")  # what `_fold_path` changes in ASCII, but for case
MAX_GLOBS = 1_000  # of one setting: 3,000 from an editor held the event loop for 130 ms
_DECODINGS = 3  # a URL is decoded once, and by a careless proxy twice; more is an attack


def check_globs(name: str, globs: Sequence[str]) -> None:
    """Raise `EscalationError` for globs that cannot be, or that are too many; `name` is their setting.

    Settings with an error let nothing leave.
    """
    if len(globs) > MAX_GLOBS:
        raise EscalationError(
            f"{name} holds {len(globs):,} globs: use {MAX_GLOBS:,} at most, and name folders, not files"
        )
    for glob in globs:
        check_glob(name, glob)


def check_glob(name: str, glob: str) -> None:
    """Raise `EscalationError` for a glob that does not do what its author expects; `name` is its setting.

    A line without effect is an error, since its author wanted to forbid something.
    """
    if glob.startswith("!"):
        why = "`!` cannot negate another line: leave it out"
    elif not glob.isprintable() or len(glob) > 1000:
        why = "use visible characters, 1,000 at most"
    elif _WINDOWS.search(glob):
        why = "write `/` between folders"
    elif _NOWHERE.search(glob) or len(parse_rules(glob.encode())) != 1:
        why = "it matches no file; write it as in .gitignore, from the folder on: infra/**"
    else:
        return
    printable = "".join(character if character.isprintable() else "?" for character in glob[:80])
    raise EscalationError(f"{name} holds the glob '{printable}': {why}")


def covers(glob: str, path: str) -> bool:
    """Return whether `glob` matches `path` or a folder above it. The path is relative, with "/".

    >>> covers("infra/", "Infra/prod/x.tf"), covers("*.key", "a/b.KEY"), covers("/x", "a/x")
    (True, True, False)
    """
    rules = _rules(glob)
    return any(_matches(rule, spelling) for spelling in spellings(path) for rule in rules)


@lru_cache(maxsize=4096)
def spellings(path: str) -> tuple[str, ...]:
    """All spellings of `path`, the simplest last. A `..` that decoding reveals stays in.

    >>> spellings("a/./B%2Fc"), "a/b" in spellings("a%2\\u200bfb")
    (('a/B%2Fc', 'a/B/c'), True)
    """
    forms = [path]
    for _ in range(_DECODINGS):  # a fold may reveal an escape, so each decoding reads both forms
        forms += [unquote(form) for spelling in forms for form in (spelling, _fold_text(spelling))]
        forms = list(dict.fromkeys(forms))
    forms += [spelling.replace("\\", "/") for spelling in forms]
    forms = [_tidy(normalize("NFC", spelling)) for spelling in forms]
    forms += [
        _tidy(_fold_path(spelling)) for spelling in forms if not spelling.isascii() or _FOLDS.search(spelling)
    ]
    return tuple(dict.fromkeys(forms))


def _fold_text(path: str) -> str:
    return path if path.isascii() else _fold(path)


def _tidy(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _fold_path(path: str) -> str:
    """The path as the most tolerant file systems compare it, without NTFS streams, final dots and spaces."""
    return _fold("/".join(_fold_part(part) for part in path.split("/")))


def _fold_part(part: str) -> str:
    """One name of a path. `... .` may be `..` to some system, so it is one here.

    >>> _fold_part("plan.py. ."), _fold_part(".. ."), _fold_part(". ")
    ('plan.py', '..', '')
    """
    name = part.partition(":")[0]
    return name.rstrip(". ") or (".." if name.count(".") > 1 else "")


def _fold(text: str) -> str:
    folded = "".join(sign for sign in text if category(sign) != "Cf")  # zero width, bidi, soft hyphen
    return normalize("NFKC", normalize("NFKC", folded).casefold())


@lru_cache(maxsize=4096)
def _rules(glob: str) -> tuple[IgnoreRule, ...]:
    forms = [glob] if glob.isascii() else [glob, _fold(glob)]
    return tuple(rule for glob in forms for rule in parse_rules(glob.encode(), fold=True))


def _matches(rule: IgnoreRule, path: str) -> bool:
    parts = path.split("/")
    for count in range(1, len(parts) + 1):
        folder = count < len(parts)
        text = parts[count - 1] if rule.name_only else "/".join(parts[:count])
        if (folder or not rule.directory) and rule.regex.match(text):
            return True
    return False
