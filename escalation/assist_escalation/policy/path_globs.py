"""Globs over the files of a workspace, with git's semantics, blind to how a path is spelled.

A glob only ever forbids or marks, so two spellings that some system takes for one file count as one:
whatever their case, their Unicode form, their slashes, or an address's percent signs. It reads no disk
and does not know what a match means.
"""

import re
from functools import lru_cache
from unicodedata import category, normalize
from urllib.parse import unquote

from assist_context.files.gitignore import Rule, parse_rules
from assist_escalation.errors import EscalationError

# An escaped letter is a folder behind a backslash: git's globs need no backslash before a letter.
_WINDOWS = re.compile(r"\\\w")
_NOWHERE = re.compile(r"(?:^|/)\.{1,2}(?:/|$)|//")
_FOLDS = re.compile(r"[. ](?:/|$)|:")  # what `_fold_path` changes in ASCII, but for case
_DECODINGS = 3  # an address is decoded once, a careless proxy does it again; more is an attack


def check_glob(name: str, glob: str) -> None:
    """Raise `EscalationError` for a glob that would not do what its writer hopes; `name` is its setting.

    A line without effect is an error here, since it was to close something.
    """
    if glob.startswith("!"):
        why = "nothing is taken back with `!`: leave the line out"
    elif not glob.isprintable() or len(glob) > 1000:
        why = "use visible characters, 1,000 at most"
    elif _WINDOWS.search(glob):
        why = "write `/` between folders"
    elif _NOWHERE.search(glob) or len(parse_rules(glob.encode())) != 1:
        why = "it matches no file; write it as in .gitignore, from the folder on: infra/**"
    else:
        return
    shown = "".join(each if each.isprintable() else "?" for each in glob[:80])
    raise EscalationError(f"{name} holds the glob '{shown}': {why}")


def covers(glob: str, path: str) -> bool:
    """Whether `glob` matches `path` or a folder above it; the path is relative, with "/".

    >>> covers("infra/", "Infra/prod/x.tf"), covers("*.key", "a/b.KEY"), covers("/x", "a/x")
    (True, True, False)
    """
    rules = _rules(glob)
    return any(_matches(rule, each) for each in spellings(path) for rule in rules)


@lru_cache(maxsize=4096)
def spellings(path: str) -> tuple[str, ...]:
    """All that `path` may be called, the plainest last; a `..` that comes out of it stays in.

    >>> spellings("a/./B%2Fc")
    ('a/B%2Fc', 'a/B/c')
    """
    found = [path]
    for _ in range(_DECODINGS):
        found.append(unquote(found[-1]))
    found += [each.replace("\\", "/") for each in found]
    found = [_tidy(normalize("NFC", each)) for each in found]
    found += [_tidy(_fold_path(each)) for each in found if not each.isascii() or _FOLDS.search(each)]
    return tuple(dict.fromkeys(found))


def _tidy(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _fold_path(path: str) -> str:
    """As the most forgiving file systems compare: dots and spaces at an end and NTFS's streams are cut."""
    parts = [part if part == ".." else part.partition(":")[0].rstrip(". ") for part in path.split("/")]
    return _fold("/".join(parts))


def _fold(text: str) -> str:
    seen = "".join(each for each in text if category(each) != "Cf")  # zero width, bidi, soft hyphen
    return normalize("NFKC", normalize("NFKC", seen).casefold())


@lru_cache(maxsize=4096)
def _rules(glob: str) -> tuple[Rule, ...]:
    written = [glob] if glob.isascii() else [glob, _fold(glob)]
    return tuple(rule for each in written for rule in parse_rules(each.encode(), fold=True))


def _matches(rule: Rule, path: str) -> bool:
    parts = path.split("/")
    for count in range(1, len(parts) + 1):
        folder = count < len(parts)
        text = parts[count - 1] if rule.name_only else "/".join(parts[:count])
        if (folder or not rule.directory) and rule.regex.match(text):
            return True
    return False
