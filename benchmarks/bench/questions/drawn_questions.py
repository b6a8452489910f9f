"""Further questions of an agent about a repository, drawn at random: made by a script, without our index.

Names, calls and tests are read with Python's own parser; of Go and JavaScript with one expression a line.
Only names that are defined once count, so that a call can mean nothing else. Where something is decided is
asked with the subject of a commit: the truth is the one function that it changed.
"""

import ast
import random
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.questions.agent_questions import AgentQuestion, FilePlace, QuestionKind

TESTS = re.compile(r"(?:^|/)(?:tests?|__tests__)/|_test\.go$|(?:^|/)test_[^/]*\.py$|\.test\.[jt]s$")
NOT_OURS = re.compile(r"(?:^|/)(?:docs?|examples?|benchmarks?|vendor)/|(?:^|/)conftest\.py$|\.d\.ts$")
SUFFIXES = (".py", ".go", ".js", ".ts", ".mjs", ".rs")
LEAST_NAME = 7  # letters; a shorter name is a common word
CALLS = range(3, 26)  # of a name that is asked about
COMMITS = 1_500  # that are looked at, the newest first
_HEADS = {
    ".go": re.compile(r"func (?:\([^)]*\) )?(\w+)[\[(]"),
    ".js": re.compile(
        r"(?:export )?(?:default )?(?:async )?(?:function\*? (\w+)\(|const (\w+) = (?:async )?\()"
    ),
}
_NUMBER = re.compile(r"\s*\(#\d+\)|#\d+")
# Commits of which no one asks where something is decided.
_NO_QUESTION = re.compile(
    r"(?i)\b(?:bump|update dep|version|release|merge|revert|flake8|mypy|lint|typos?|pre-?commit)"
)
_KIND_OF_COMMIT = re.compile(r"^\w+(?:\([^)]*\))?!?:\s*")


@dataclass(slots=True)
class _SourceNames:
    """Definitions and calls by name, in the source and in the tests."""

    definitions: dict[str, list[tuple[str, int, int]]] = field(default_factory=lambda: defaultdict(list))
    calls: dict[str, list[FilePlace]] = field(default_factory=lambda: defaultdict(list))


def git_files(root: Path) -> list[str]:
    """The files that git has, which is what `rg` looks into."""
    return _git(root, "ls-files").splitlines()


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True)  # noqa: S607
    return done.stdout.decode(errors="replace")


def source_names(root: Path) -> _SourceNames:
    """What is defined and called in all files of code."""
    found = _SourceNames()
    for path in git_files(root):
        if path.endswith(SUFFIXES) and not NOT_OURS.search(path):
            text = (root / path).read_text(encoding="utf-8", errors="replace")
            if path.endswith(".py"):
                _read_python(path, text, found)
            else:
                _read_lines(path, text, found)
    return found


def _read_python(path: str, text: str, found: _SourceNames) -> None:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            found.definitions[node.name].append((path, first, node.end_lineno or first))
        elif isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            line = getattr(node.func, "end_lineno", None) or node.lineno
            if name:
                found.calls[name].append((path, line))


def _read_lines(path: str, text: str, found: _SourceNames) -> None:
    """Definitions at the margin, up to the next line with a bracket there, and names before a bracket."""
    text = re.sub(r"/\*.*?\*/", lambda block: re.sub(r"[^\n]", " ", block[0]), text, flags=re.DOTALL)
    lines = text.split("\n")
    head = _HEADS[".go" if path.endswith(".go") else ".js"]
    for number, line in enumerate(lines, 1):
        code = re.sub(r"^\s*(?://|\*|/\*).*|\s//.*", "", line)
        named = head.match(line)
        own = next(filter(None, named.groups()), "") if named else ""
        if own:
            last = next(
                (at for at in range(number, len(lines) + 1) if lines[at - 1].startswith(("}", ")"))), number
            )
            found.definitions[own].append((path, number, last))
        for call in re.findall(r"(?<![\w$])([A-Za-z_$][\w$]*)\(", code):
            if call != own:
                found.calls[call].append((path, number))


def questions_of(root: Path, wanted: Mapping[QuestionKind, int], seed: int) -> list[AgentQuestion]:
    """So many questions of each kind, drawn at random from all that have a truth."""
    names = source_names(root)
    once = {
        name: sites[0]
        for name, sites in sorted(names.definitions.items())
        if len(sites) == 1
        and len(name) >= LEAST_NAME
        and not name.startswith("__")
        and not TESTS.search(sites[0][0])
    }
    made: dict[QuestionKind, list[AgentQuestion]] = {
        "definition": [
            AgentQuestion("definition", name, (name,), ((path, first),), last)
            for name, (path, first, last) in once.items()
        ],
        "callers": list(_uses("callers", names, once)),
        "tests": list(_uses("tests", names, once)),
        "decided": list(_commit_questions(root, names)),
    }
    drawn = random.Random(seed)
    return [
        question
        for kind in made
        for question in drawn.sample(made[kind], min(wanted.get(kind, 0), len(made[kind])))
    ]


def _uses(
    kind: QuestionKind, names: _SourceNames, once: Mapping[str, tuple[str, int, int]]
) -> Iterator[AgentQuestion]:
    for name, (path, first, last) in once.items():
        calls = sorted(
            {place for place in names.calls[name] if bool(TESTS.search(place[0])) == (kind == "tests")}
        )
        outside = [(at, line) for at, line in calls if at != path or not first <= line <= last]
        if len(outside) in CALLS:
            yield AgentQuestion(kind, name, (name,), tuple(outside))


def _commit_questions(root: Path, names: _SourceNames) -> Iterator[AgentQuestion]:
    """Commits that changed one function of the source, which is still there under its name."""
    log = _git(root, "log", "--no-merges", f"-{COMMITS}", "--format=%x00%H%x01%s", "--name-only")
    for entry in log.split("\0")[1:]:
        head, *paths = [line for line in entry.split("\n") if line]
        commit, _, subject = head.partition("\1")
        sources = [
            path
            for path in paths
            if path.endswith(SUFFIXES) and not TESTS.search(path) and not NOT_OURS.search(path)
        ]
        words = _KIND_OF_COMMIT.sub("", _NUMBER.sub("", subject)).strip()
        if len(sources) != 1 or len(words.split()) < 4 or _NO_QUESTION.search(words):
            continue
        changed = _changed_functions(root, commit, sources[0])
        sites = [site for name in changed for site in names.definitions[name] if site[0] == sources[0]]
        if len(changed) == 1 and len(sites) == 1:
            path, first, last = sites[0]
            yield AgentQuestion("decided", words, (), ((path, first),), last)


def _changed_functions(root: Path, commit: str, path: str) -> set[str]:
    """The names of the definitions around the changes of a commit, as git writes them next to each hunk."""
    diff = _git(root, "show", "--format=", "-U0", commit, "--", path)
    found = set()
    for line in diff.splitlines():
        if hunk := re.match(r"@@ [^@]* @@ ?(.*)", line):
            named = re.search(r"(?:def|class|func(?: \([^)]*\))?|function\*?|const) (\w+)", hunk[1])
            found.add(named[1] if named else "")
    return found
