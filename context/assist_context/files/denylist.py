"""Files whose names say that they hold secrets. No setting, rule file or negation can include them.

This module knows names and paths, never contents, and reads no disk. A path may be relative or absolute; the
check looks at every part of it, in any case and Unicode form, and knows the spellings that file systems
treat as the same file.

`listing` checks it after every rule file. It is also the built-in list to which users add with `deny` in the
settings of `assist_escalation.policy`: the egress policy asks `denied_by` first and then its own globs, so
that there is only one list. The names are in `denylist.toml`.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from importlib.resources import files
from unicodedata import normalize

_TABLE = tomllib.loads((files(__package__) / "denylist.toml").read_text(encoding="utf-8"))


def _names(kind: str) -> tuple[str, ...]:
    """The patterns of all groups of one kind, in the order of the file."""
    return tuple(name for group in _TABLE[kind] for name in group["names"].split())


DIRECTORIES = _names("directories")
NAMES = _names("files")  # also tried without backup endings and without the prefixes that editors add
PATHS = _names("paths")

# Characters that HFS+ ignores in comparisons (git calls it is_hfs_dotgit), and other invisible ones.
_UNSEEN = dict.fromkeys(
    [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
_COPIES = ("copy", "backup", "bak")
_KEPT = (
    "old", "orig", "sav", "save", "saved", "tmp", "rej", "dist-old",
    *(f"sw{letter}" for letter in "abcdefghijklmnop"),
)  # fmt: skip
_BACKUP = re.compile(
    rf"(?:~|\.~\d+~|\.\d+|[ ._-](?:{'|'.join(_COPIES)})|\.(?:{'|'.join(_KEPT)})| \(\d+\)|#)+\Z"
)
_LASTS = (
    *_COPIES,
    *_KEPT,
    *"~)#0123456789",
)  # how `_BACKUP` can end; this check first takes a quarter of the time
_ORDINARY = re.compile(r"[a-z0-9_-][a-z0-9_.-]*")
_DOT = "/."  # all PATHS contain it
_WILD = re.compile(r"\*|\?|\[[^]]*\]")
_SHORT = re.compile(r"([^.~]{1,6})~\d+(\.[^.]{1,3})?")  # a short name of Windows, as `terraf~1.tfs`


@dataclass(frozen=True, slots=True)
class SecretWord:
    """A word that denies files of some suffixes; `harmless` finds the names that it does not mean.

    Both expressions are compiled at the first name that has a word: few have one, and compiling takes 8 ms.
    """

    name: str
    regex: str
    harmless: str
    suffixes: frozenset[str]


def _words() -> tuple[SecretWord, ...]:
    words_found = []
    for group in _TABLE["words"]:
        suffixes = frozenset(group["suffixes"].replace("none", "", 1).split()) | {""}
        around = group.get("harmless", "").replace(" ", "|") or "(?!)"
        for name in group["names"].split():
            word = f"(?:{name.replace('-', '[-_. ]?')})s?"
            expression = word if group.get("within") else rf"(?<![a-z]){word}(?![a-z])"
            harmless = rf"(?:{around})[-_. ]?{word}|{word}[-_. ]?(?:{around})"
            words_found.append(SecretWord(name, expression, harmless, suffixes))
    return tuple(words_found)


WORDS = _words()
_SUFFIXES = frozenset[str]().union(*(word.suffixes for word in WORDS))  # looked at first: code has none
_ANY_WORD = re.compile("|".join(dict.fromkeys(word.name.replace("-", "[-_. ]?") for word in WORDS)))


def _find_word(name: str) -> str | None:
    """The rule of a word that denies a file of this name, written as a glob, else None."""
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        stem = name
        suffix = ""
    if suffix not in _SUFFIXES or not _ANY_WORD.search(stem):
        return None
    for word in WORDS:
        means_it = suffix in word.suffixes and re.search(word.regex, stem)
        if means_it and not re.search(word.harmless, stem):
            return f"*{word.name}*.{suffix}".rstrip(".")
    return None


def _finder(patterns: tuple[str, ...]) -> Callable[[str], str | None]:
    """A search for the first pattern that a text matches.

    Nearly all texts match none, which is decided quickly.
    """
    plain = set()
    ends = []
    starts = []
    prefixes = []
    inner = []
    for pattern in patterns:
        first, *pieces = _WILD.split(pattern)
        if not pieces:
            plain.add(pattern)
        elif not first and max(pieces, key=len) == pieces[-1]:
            ends.append(pieces[-1])
        elif pieces == [""]:
            starts.append(first)
        elif first:
            prefixes.append(translate(pattern))
        else:
            inner.append(max(pieces, key=len))
    end = tuple(ends)
    start = tuple(starts)
    others = re.compile("|".join(prefixes) or r"(?!)")

    def find(text: str) -> str | None:
        likely = text in plain or text.endswith(end) or text.startswith(start) or others.match(text)
        if likely or any(map(text.__contains__, inner)):
            return next((pattern for pattern in patterns if fnmatchcase(text, pattern)), None)
        return None

    return find


_find_directory = _finder(DIRECTORIES)
_find_file = _finder(NAMES + DIRECTORIES)
_find_path = _finder(PATHS)


def _short_beginnings() -> tuple[tuple[str, str, str], ...]:
    """List how short names of denied files begin and end, with patterns: `terraf~1.tfs` is `*.tfstate`.

    Windows makes them from the first six letters without dots, and three after the last dot.
    """
    words = []
    for pattern in dict.fromkeys(DIRECTORIES + NAMES):
        stem, dot, suffix = pattern.lstrip(".").rpartition(".")
        if pattern.startswith("*.") and len(suffix) > 3 and not _WILD.search(suffix):
            words.append(("", f".{suffix[:3]}", pattern))
        elif first := _WILD.split((stem if dot else suffix).replace(".", ""))[0]:
            words.append((first[:6], f".{suffix[:3]}" if dot and not _WILD.search(pattern) else "", pattern))
    return tuple(words)


_SHORT_BEGINNINGS = _short_beginnings()


def _find_short(name: str) -> str | None:
    """The pattern of a denied file that may have this short name; others that begin alike are denied, too.

    Where the file is there, its full name is judged as well: this is for what cannot be looked at.
    """
    parts = _SHORT.fullmatch(name)
    if parts is None:
        return None
    stem = parts[1]
    suffix = parts[2] or ""
    for prefixes, end, pattern in _SHORT_BEGINNINGS:
        if suffix.startswith(end) and (stem == prefixes or ("*" in pattern and stem.startswith(prefixes))):
            return pattern
    return None


def denied_by(path: str, directory: bool = False) -> str | None:
    """The built-in pattern that denies `path` or a directory above it, else None.

    No word denies a `directory`: much code is in folders called `secrets` and `password`.

    >>> denied_by("deploy/.ENV.production"), denied_by("src/environment.py")
    ('.env*', None)
    >>> denied_by("a/.git/config")
    '.git'
    """
    parent, _, name = path.replace("\\", "/").rpartition("/")
    folder, pattern = _judge_folder(parent)
    pattern = pattern or denied_name(name, directory)
    if pattern is None and _DOT in folder:
        for spelling in _spellings(name):
            pattern = pattern or _find_path(folder + spelling)
    return pattern


@lru_cache(maxsize=4096)
def _judge_folder(parent: str) -> tuple[str, str | None]:
    """The directory as PATHS spell it, and the pattern that denies all of it."""
    parts = [part for part in parent.split("/") if part]
    pattern = next((rule for rule in map(_denied_directory, parts) if rule), None)
    return "/" + "".join(_strip_stream(_spellings(part)[0]) + "/" for part in parts), pattern


def judge_name(directory: str) -> bool:
    """Return whether `denied_name` alone decides about the files right in a directory."""
    folder, pattern = _judge_folder(directory.replace("\\", "/"))
    return pattern is None and _DOT not in folder


@lru_cache(maxsize=4096)
def denied_name(name: str, directory: bool = False) -> str | None:
    """The pattern that denies a file by its own name. Directory patterns count: `.git` may be a file."""
    spellings = _spellings(name)
    pattern = next((pattern for pattern in map(_find_file, spellings) if pattern), None)
    if pattern is None and "~" in name:
        pattern = next((pattern for pattern in map(_find_short, spellings) if pattern), None)
    if pattern is None and not directory:
        pattern = next((pattern for pattern in map(_find_word, spellings) if pattern), None)
    return pattern


@lru_cache(maxsize=4096)
def _denied_directory(name: str) -> str | None:
    spellings = _spellings(name)
    pattern = next((pattern for pattern in map(_find_directory, spellings) if pattern), None)
    if pattern is None and "~" in name:
        short = next((pattern for pattern in map(_find_short, spellings) if pattern), None)
        pattern = short if short in DIRECTORIES else None
    return pattern


@lru_cache(maxsize=4096)
def _spellings(name: str) -> tuple[str, ...]:
    """The names that some file system or editor would treat as the same, the plainest first."""
    if not name.isascii():
        name = normalize("NFKC", normalize("NFKC", name.translate(_UNSEEN)).casefold())
    plain = name.lower()
    name = plain.rstrip(". ") or plain  # Windows drops trailing dots and spaces
    if name == plain and _ORDINARY.fullmatch(name) and not name.endswith(_LASTS):
        return (name,)  # nearly always
    spellings = [name, plain]
    if ":" in name:
        spellings.append(_strip_stream(name))
    for spelling in tuple(spellings):
        bare = _BACKUP.sub("", spelling)
        # `.#x` and `#x#` are Emacs's, `.x.swp` is Vim's, `~$x` is Office's.
        spellings += [bare, bare.lstrip("#~$"), bare.removeprefix(".#"), bare.removeprefix(".")]
    return tuple(dict.fromkeys(spellings))


def _strip_stream(name: str) -> str:
    """A name without a stream of NTFS: `.env::$DATA` reads `.env`."""
    return name.partition(":")[0].rstrip(". ") or name
