r"""Paths that the rule files of a workspace exclude, with the semantics of gitignore.

This module reads no disk: it is given a `read` function. It knows nothing of git's own answer
(`git_repository`), or of the contents of files.

`.assistignore` may be in every directory and may negate. The ignore files of other assistants are read too,
but can only exclude: a negation counts only among files of the same name, so it never includes what another
file name, git or the built-in list (`denylist`, checked last) excludes. A rule file that cannot be read
excludes its whole directory: the disk does not give it, or it is not text. UTF-16 and lone CRs, which
Windows and old editors write, are read; git itself reads neither, so in `.gitignore` they mean nothing.

The patterns are git's, `[[:alpha:]]` and `foo**/bar` included, with three differences: they match
characters where git matches bytes, composed and decomposed accents are equal, and no rule takes longer than
the square of a path's length. The last difference is why they are translated here. `pathspec` 1.1.1
translates `*a*a*a*a*a*ab` to a regular expression that takes 22 s for one name of 120 letters, and 20 times
longer with each `*a` more, while it holds the GIL: one line of a cloned repository could hang the server.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from unicodedata import normalize

from assist_context.files.denylist import denied_by, judge_name

OWN = ".assistignore"
# A file that is hidden from one assistant should be hidden from this one too. Not listed is
# .cursorindexingignore, whose files Cursor still shows to its models.
PEERS = (
    ".agentignore",  # Qwen Code and others
    ".aiderignore",
    ".aiexclude",  # Gemini Code Assist
    ".aiignore",  # JetBrains
    ".augmentignore",
    ".clineignore",
    ".codeiumignore",  # Windsurf too
    ".codyignore",
    ".continueignore",
    ".copilotignore",
    ".cursorignore",
    ".geminiignore",
    ".kilocodeignore",
    ".qwenignore",
    ".rooignore",
    ".tabnineignore",
)
RULE_FILES = (OWN, *PEERS)
GIT = ".gitignore"  # read only where git itself cannot answer

UNREADABLE = "unreadable rules"

# Reads the rule file NAME in DIRECTORY ("" is the top); None if there is none; OSError if it is unreadable.
Read = Callable[[str, str], bytes | None]

_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": r"\ \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": r"\ -~", "punct": r"!-/:-@\[-`{-~", "space": r"\ \t-\r",
    "upper": "A-Z", "xdigit": "0-9a-fA-F",
}  # fmt: skip


_MARKS = (  # byte order marks, the longest first: that of UTF-16 is the start of that of UTF-32
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xef\xbb\xbf", "utf-8"),
)


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One line of a rule file. A `name_only` rule is matched with the last part of a path."""

    regex: re.Pattern[str]
    negated: bool = False
    directory: bool = False
    name_only: bool = False
    line: int = 0  # from 1
    text: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """The rules of one file. `base` is its directory as a prefix: "" or "a/b/"."""

    name: str
    base: str
    rules: tuple[IgnoreRule, ...]


def normalize_rules(data: bytes) -> bytes:
    """A rule file of ours or a peer's as UTF-8 with plain line ends; raises ValueError if it is not a text.

    Rules that no one can read would exclude nothing, without a word.

    >>> normalize_rules("a, b".replace(", ", chr(13)).encode("utf-16"))
    b'a\\nb'
    """
    mark, encoding = next(
        (mark_row for mark_row in _MARKS if data.startswith(mark_row[0])),
        (b"", "utf-8"),
    )
    data = data.removeprefix(mark)
    if not mark and b"\0" in data and len(data) % 2 == 0:  # UTF-16 without a mark, if all of it is ASCII
        zeros = data[::2].count(0), data[1::2].count(0)
        encoding = {(0, len(data) // 2): "utf-16-le", (len(data) // 2, 0): "utf-16-be"}.get(zeros, "utf-8")
    text = data.decode(encoding)
    if "\0" in text:
        raise ValueError("a rule file with NUL characters")
    return text.replace("\r\n", "\n").replace("\r", "\n").encode()


def parse_rules(data: bytes, fold: bool = False) -> tuple[IgnoreRule, ...]:
    """The rules of a file, in order. Lines without a meaning for git are left out.

    >>> [rule.negated for rule in parse_rules(b"# a comment\\n*.log\\n!keep.log\\n[never closed\\n")]
    [False, True]
    """
    text = normalize("NFC", data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape"))
    lines = (line.removesuffix("\r").partition("\0")[0] for line in text.split("\n"))
    rules = (_rule(line, fold, number) for number, line in enumerate(lines, 1))
    return tuple(rule for rule in rules if rule is not None)


def _rule(line: str, fold: bool, number: int) -> IgnoreRule | None:
    if line.startswith("#"):
        return None
    line = _strip_trailing_spaces(line)
    is_negated = line.startswith("!")
    pattern = line[is_negated:]
    directory = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    name_only = "/" not in pattern
    source = _translate(pattern if name_only else pattern.removeprefix("/"), name_only) if pattern else None
    if source is None:
        return None
    flags = re.DOTALL | (re.IGNORECASE if fold else 0)
    return IgnoreRule(re.compile(source, flags), is_negated, directory, name_only, number, line.strip())


def _strip_trailing_spaces(line: str) -> str:
    stripped = line.rstrip(" ")
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    # git keeps an escaped space, and cuts the spaces after it.
    return stripped + " " if backslashes % 2 and len(line) > len(stripped) else stripped


def _translate(pattern: str, name_only: bool) -> str | None:
    """A regular expression for a whole path, or None if git would match nothing.

    Pieces between wildcards have a fixed length, so the leftmost match of each is the best one and is never
    tried again: `(?>...)`. Only the last piece looks for the end.
    """
    blocks = []  # separated by `**/`
    pieces = [""]  # of one block, separated by `*`
    deep_end = False
    literal = True
    at = 0
    while at < len(pattern):
        if pattern[at] != "*":
            literal = literal and pattern[at] not in "?[\\"
            part, at = _atom(pattern, at)
            if part is None:
                return None
            pieces[-1] += part
            continue
        start = at
        while pattern[at : at + 1] == "*":
            at += 1
        # git first removes the literal start of a pattern, so `foo**/` counts as `**/` too.
        is_bounded = literal or pattern[start - 1] == "/"
        literal = False
        if at - start > 1 and is_bounded and not name_only and pattern[at : at + 1] in ("", "/"):
            blocks.append(_block(pieces))
            pieces = [""]
            deep_end = at == len(pattern)
            at += 1
        else:
            pieces.append("")
    if deep_end:
        last = ".*"
    elif len(pieces) == 1:
        last = pieces[0]
    else:
        last = _block(pieces[:-1]) + "[^/]*" + pieces[-1]
    if not blocks:
        return last + r"\Z"
    middle = "".join(rf"(?>(?:.*?/)??{block})" for block in blocks[1:])
    return blocks[0] + middle + ("" if deep_end else "(?:.*/)?") + last + r"\Z"


def _block(pieces: list[str]) -> str:
    return pieces[0] + "".join(rf"(?>[^/]*?{piece})" for piece in pieces[1:])


def _atom(pattern: str, at: int) -> tuple[str | None, int]:
    """Return what matches one character at `at`, which is not "*", and where the pattern continues."""
    char = pattern[at]
    if char == "?":
        return "[^/]", at + 1
    if char == "[":
        return _bracket(pattern, at + 1)
    if char == "\\":
        return (re.escape(pattern[at + 1]) if at + 1 < len(pattern) else None), at + 2
    return re.escape(char), at + 1


def _bracket(pattern: str, at: int) -> tuple[str | None, int]:
    """The set whose opening bracket is just before `at`."""
    is_negated = pattern[at : at + 1] in ("!", "^")
    at += is_negated
    first = at
    items = ""
    low = ""
    while at < len(pattern) and (pattern[at] != "]" or at == first):
        char = pattern[at]
        if char == "[" and pattern[at + 1 : at + 2] == ":":
            end = pattern.find("]", at + 2)
            if end < 0:
                return None, at
            if end > at + 2 and pattern[end - 1] == ":":
                name = pattern[at + 2 : end - 1]
                if name not in _CLASSES:
                    return None, at
                items, low, at = items + _CLASSES[name], "", end + 1
                continue
        elif char == "-" and low and pattern[at + 1 : at + 2] not in ("", "]"):
            at += 1 + (pattern[at + 1] == "\\")
            high = pattern[at : at + 1]
            items += f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""
            low, at = "", at + 1
            continue
        elif char == "\\":
            at += 1
            char = pattern[at : at + 1]
        items, low, at = items + re.escape(char), char, at + 1
    if at >= len(pattern):
        return None, at
    if is_negated:
        return f"[^/{items}]", at + 1
    return (f"(?!/)[{items}]" if items else "(?!)"), at + 1


Levels = (
    tuple[Level, ...] | str
)  # the rules that apply in a directory, outermost first; or the reason that excludes it


class IgnoreRules:
    """The rules of a tree, read when they are needed. Paths are relative to its top.

    `lead` is put before each path for the built-in list: it is the name of the top itself. `unreadable` are
    the rule files so far that could not be read.

    It keeps what it has read: make a new one for each listing.
    """

    def __init__(
        self, read: Read, names: tuple[str, ...] = RULE_FILES, fold: bool = False, lead: str = ""
    ) -> None:
        self._read = read
        self._names = names
        self._fold = fold
        self._lead = lead
        self.unreadable: list[str] = []
        self._directories: dict[str, Levels] = {}

    def excludes(self, path: str, directory: bool = False) -> str | None:
        """Say what excludes `path` (not the root): a rule file, UNREADABLE, "denied", or None."""
        return self._judge(self._levels(path.rpartition("/")[0]), path, directory)

    def locate(self, path: str) -> tuple[str, IgnoreRule] | None:
        """The rule file and the rule that exclude a file or a folder around it; None if no rule does."""
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            inside = "/".join(parts[:count])
            levels = self._levels(inside.rpartition("/")[0])
            if isinstance(levels, str):
                return None  # a rule file that cannot be read, or the built-in list
            if rule := _deciding(levels, inside, directory=count < len(parts)):
                return rule
        return None

    def are_quiet(self, directory: str) -> bool:
        """Return whether only `denylist.denied_name` can exclude a file right in the directory."""
        return not self._levels(directory.rstrip("/")) and judge_name(self._lead + directory)

    def _judge(self, levels: Levels, path: str, directory: bool) -> str | None:
        if isinstance(levels, str):
            return levels
        rule = _deciding(levels, path, directory)
        if rule is not None:
            return rule[0].rpartition("/")[2]
        return "denied" if denied_by(self._lead + path, directory) else None

    def _levels(self, directory: str) -> Levels:
        unknown = []
        while directory and directory not in self._directories:
            unknown.append(directory)
            directory = directory.rpartition("/")[0]
        if directory not in self._directories:
            self._directories[""] = self._enter("", ())
        levels = self._directories[directory]
        for folder in reversed(unknown):
            # The rule files in an excluded directory do not count.
            reason = self._judge(levels, folder, directory=True)
            levels = reason or self._enter(folder, levels if isinstance(levels, tuple) else ())
            self._directories[folder] = levels
        return levels

    def _enter(self, directory: str, above: tuple[Level, ...]) -> Levels:
        base = normalize("NFC", directory + "/") if directory else ""
        here = []
        for name in self._names:
            try:
                data = self._read(directory, name)
                if data and name in RULE_FILES:
                    data = normalize_rules(data)
            except (OSError, ValueError):
                self.unreadable.append(f"{directory}/{name}" if directory else name)
                return UNREADABLE
            rules = parse_rules(data, self._fold) if data else ()
            if rules:
                here.append(Level(name, base, rules))
        return (*above, *here)


def _deciding(levels: tuple[Level, ...], path: str, directory: bool) -> tuple[str, IgnoreRule] | None:
    """The rule that excludes a path, with its file; None if no rule does.

    Of files of one name the innermost decides, and a negation there only overrules files of that name.
    """
    plain = path if path.isascii() else normalize("NFC", path)
    names_decided: set[str] = set()
    for level in reversed(levels):
        rule = _last_match(level, plain, directory) if level.name not in names_decided else None
        if rule is not None and not rule.negated:
            return f"{level.base}{level.name}", rule
        if rule is not None:
            names_decided.add(level.name)
    return None


def _last_match(level: Level, path: str, directory: bool) -> IgnoreRule | None:
    """The last rule that matches."""
    inner = path[len(level.base) :]
    name = path.rpartition("/")[2]
    for rule in reversed(level.rules):
        if (directory or not rule.directory) and rule.regex.match(name if rule.name_only else inner):
            return rule
    return None
