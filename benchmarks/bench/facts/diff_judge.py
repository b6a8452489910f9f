"""Whether facts of a diff hold, by the texts of both sides and by pyflakes. It asks no parser of ours.

A fact that nothing here can judge is None.
"""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from assist_context.facts.compared_files import ComparedFile, DiffFact

CUT = 60  # characters of a token that facts show
_TOKEN = re.compile(
    r"""
    \w+                                    # a name or a number
    | "(?:[^"\\\n]|\\.)*"                  # strings
    | '(?:[^'\\\n]|\\.)*'
    | `[^`]*`
    | ===|!==|\*\*|//|<<|>>|\.\.=?|:=      # operators of several signs
    | [-+*/%&|^<>=!]=|&&=?|\|\|=?|\?\?=?|\+\+|--
    | \S
    """,
    re.VERBOSE,
)
_BECAME = re.compile(r"`(.+)` became `(.+)`", re.DOTALL)
_DEFINES = (
    r"(?:def|class|func|fn|function|struct|trait|enum|interface|type|impl|macro_rules!|const|let|var|static)"
)


@dataclass(frozen=True, slots=True)
class DiffJudge:
    """Checks the facts of one diff, whose new side is in the folder `root`. `installed` has pyflakes."""

    root: Path
    files: Mapping[str, ComparedFile]
    installed: Path

    def holds(self, fact: DiffFact) -> bool | None:
        checks: Mapping[str, Callable[[DiffFact], bool | None]] = {
            "operator": self._is_turned,
            "negation": self._is_turned,
            "literal": self._is_turned,
            "gone": self._is_gone,
            "added": self._is_defined_once,
            "removed": self._is_defined_once,
            "signature": self._has_other_head,
            "caller": self._is_old_call,
            "undefined": self._is_undefined,
            "untested": self._is_untested,
        }
        check = checks.get(fact.kind)
        return check(fact) if check else None  # the others are judged by eyes

    def _is_turned(self, fact: DiffFact) -> bool:
        """Whether the most alike old line, or else the whole run, has one token and the new one the other."""
        file = self.files[fact.path]
        old = file.old.split("\n")
        new = file.new.split("\n")
        gone, added = _exchange_of(fact.text)
        for low, high, start, end in file.runs:
            if not start <= fact.line <= end:
                continue
            line = new[fact.line - 1]
            near = max(
                old[low - 1 : high], key=lambda text: SequenceMatcher(None, text, line).ratio(), default=""
            )
            pairs = [(near, line), ("\n".join(old[low - 1 : high]), "\n".join(new[start - 1 : end]))]
            return any(_is_exchanged(before, after, gone, added) for before, after in pairs)
        return False

    def _is_gone(self, fact: DiffFact) -> bool | None:
        """Whether a statement is less often in the new text, or not in the function that lost it."""
        file = self.files[fact.path]
        found = re.search(r"`(?:if )?(.+)` is gone from ([\w.]+)", fact.text, re.DOTALL)
        if found is None:
            return None
        old = _squeeze_code(file.old)
        wanted = _squeeze_code(found[1].partition(" ...")[0])
        if wanted not in old:
            return False
        if old.count(wanted) > _squeeze_code(file.new).count(wanted):
            return True
        return wanted not in _squeeze_code(_body(file.new, found[2].rpartition(".")[2]))

    def _is_defined_once(self, fact: DiffFact) -> bool:
        """Whether more lines define the name on the side that has it."""
        file = self.files[fact.path]
        words = fact.text.removesuffix(" is gone").split(" ")
        name = re.escape(words[1].rpartition(".")[2])
        if " is now " in fact.text:
            return (
                re.search(rf"\b{name}\b", file.old) is not None
                and re.search(rf"\b{name}\b", file.new) is not None
            )
        define = rf"\b{_DEFINES}\s+(?:mut\s+)?(?:\([^)]*\)\s*)?{name}(?!\w)"
        member = rf"(?<![\w#]){name}\s*(?:[=:]|[<(].*\{{\s*$)"
        pattern = re.compile(f"{define}|{member}", re.MULTILINE)
        if fact.path.endswith(".py"):
            pattern = re.compile(rf"\b(?:def|class)\s+{name}\b")
        counts = len(pattern.findall(file.old)), len(pattern.findall(file.new))
        return counts[0] > counts[1] if fact.kind == "removed" else counts[0] < counts[1]

    def _has_other_head(self, fact: DiffFact) -> bool:
        """Whether the head of the function, from its line on, is not in the old text."""
        file = self.files[fact.path]
        lines = file.new.split("\n")[fact.line - 1 :]
        head = ""
        for line in lines[:40]:
            head += line
            if head.count("(") and head.count("(") == head.count(")") and re.search(r"[:{;]\s*$|=>", line):
                break
        return _squeeze(head) not in _squeeze(file.old)

    def _is_old_call(self, fact: DiffFact) -> bool:
        """Whether a line calls the function, as it did before, without the parameter that is new."""
        name = re.search(r"calls ([\w.]+),", fact.text)
        bare = name[1].rpartition(".")[2] if name else ""
        owner = name[1].rpartition(".")[0].rpartition(".")[2] if name else ""
        names = {bare, owner} - {""} if bare in ("__init__", "constructor", "__new__") else {bare}
        lines = (self.root / fact.path).read_text(encoding="utf-8", errors="replace").split("\n")
        line = lines[fact.line - 1]
        called = any(
            re.search(rf"(?<!\w){re.escape(one)}(?:::<.*>|<.*>|\[.*\])?\s*[!?]?\.?[(`]", line)
            for one in names
        )
        if not called or re.search(rf"\b(?:def|func|fn|function)\s+{re.escape(bare)}\b", line):
            return False
        file = self.files.get(fact.path)
        return file is None or line in file.old.split("\n")

    def _is_undefined(self, fact: DiffFact) -> bool:
        """Whether pyflakes says so of the line."""
        command = [sys.executable, "-m", "pyflakes", str(self.root / fact.path)]
        environ = {"PYTHONPATH": str(self.installed / "python"), "PATH": ""}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
        name = re.search(r"`(.+?)`", fact.text)
        return any(
            f":{fact.line}:" in line and f"undefined name '{name[1] if name else ''}'" in line
            for line in done.stdout.splitlines()
        )

    def _is_untested(self, fact: DiffFact) -> bool:
        """Whether the named test has the name, and is not in the diff."""
        found = re.search(r"([\w.]+) changed, its tests in (.+?)(?: and \d+ more)? did not", fact.text)
        if found is None or found[2] in self.files:
            return False
        text = (self.root / found[2]).read_text(encoding="utf-8", errors="replace")
        parts = found[1].split(".")
        return any(re.search(rf"\b{re.escape(part)}\b", text) for part in parts[-2:])


def _exchange_of(text: str) -> tuple[str, str]:
    """What is gone and what was added, as a fact says it."""
    if became := _BECAME.search(text):
        return became[1], became[2]
    sign = text.partition("`")[2].partition("`")[0]
    return (sign, "") if "is gone" in text else ("", sign)


def _is_exchanged(before: str, after: str, gone: str, added: str) -> bool:
    """Whether what is gone is less often after, and what was added more often; long literals are cut."""
    old = Counter(_tokens(before))
    new = Counter(_tokens(after))
    lost = set(_tokens(gone)) - set(_tokens(added))
    won = set(_tokens(added)) - set(_tokens(gone))
    if len(gone) >= CUT or len(added) >= CUT:
        return _squeeze(gone) in _squeeze(before) and _squeeze(added) in _squeeze(after)
    if before.count(gone) > after.count(gone) and before.count(added) < after.count(added):
        return True
    return all(old[token] > new[token] for token in lost) and all(new[token] > old[token] for token in won)


def _tokens(text: str) -> Sequence[str]:
    return _TOKEN.findall(text)


def _body(text: str, name: str) -> str:
    """From where a function of a name begins to the next line that is indented as its head or less."""
    head = rf"^([ \t]*)[\w\s()*&<>:]*\b(?:def|func|fn|function)\b[^\n]*\b{re.escape(name)}\b[^\n]*$"
    method = rf"^([ \t]*)[^\n]*\b{re.escape(name)}\b[^\n]*[({{=:][^\n]*$"
    found = re.search(head, text, re.MULTILINE) or re.search(method, text, re.MULTILINE)
    if found is None:
        return ""
    indent = len(found[1])
    body = []
    for line in text[found.end() :].split("\n")[1:]:
        if line.strip() and len(line) - len(line.lstrip()) <= indent and not re.match(r"\s*[)\]]", line):
            break
        body.append(line)
    return "\n".join(body)


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _squeeze_code(text: str) -> str:
    """Code without spaces, brackets and marks, which words about code leave out."""
    return re.sub(r"[(){};:,]", "", _squeeze(text))
