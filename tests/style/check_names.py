"""Names and docstrings of the field: counts that only fall, and commit subjects that fit into a line of a log.

Run it from anywhere: `python tests/style/check_names.py [--list]`. It prints what has grown, and then exits with 1.
`--list` shows each place. CONTRIBUTING.md has the glossary.
"""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CORE = ("completion", "context", "escalation", "server")
PLUGINS = ("plugins", "evaluation")
# Who lowers a count lowers its number.
LIMITS: Mapping[str, Mapping[str, int]] = {
    "core": {"participle": 46, "question": 0, "phrase": 0, "preposition": 29, "bound": 0},
    "plugins": {"participle": 1985, "question": 575, "phrase": 143, "preposition": 356, "bound": 0},
}
MESSAGES = {
    "participle": "a participle as a local or parameter: name it by the noun of what it is",
    "question": "a docstring that begins with a question word: a verb for a function, a noun for the rest",
    "phrase": "a docstring with `is no`, `is none`, `those of`, `one that` or `of which`",
    "preposition": "a function named by a preposition: verb and object",
    "bound": "a bound named MOST_: MAX_",
}
SUBJECT_LENGTH = 72
SUBJECTS_SINCE = "2026-12-02T12:00:00Z"

_PARTICIPLE = re.compile(
    r"_?(?:[a-z]+ed|begun|chosen|done|found|given|held|kept|known|laid|left|lost|made|met|said|seen|sent|shown"
    r"|spent|taken|told|thrown|written)"
)
_NOUNS = {"embed", "feed", "need", "seed", "speed", "initialized"}  # the last is the protocol's
_QUESTION = re.compile(r"(?:What|Which|Whether|How|Where|When|Why|Who|Whose)\b")
_PHRASE = re.compile(
    r"(?<![Tt]here )\b(?:(?:is|are|was|were) no (?!longer|more|one\b)(?=[a-z`])|(?:is|are) none\b)"
    r"|\b(?:[Tt]hose of|[Oo]ne that|[Oo]f which)\b"
)
_PREPOSITION = re.compile(
    r".*_(?:of|in|at)|_?(?:of|in|at|with|without|by|on|for|after|before|told|into|within|beyond|under)_.*"
)
_BOUND = re.compile(r"_?MOST_\w+")
_PROGRAMS = re.compile(r".*/programs/\w+\.py")  # they run in a project's interpreter
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class NameFinding:
    """A name or docstring that the glossary refuses; the line counts from 1."""

    kind: str
    path: str
    line: int
    name: str


def find_names(path: str, text: str) -> Iterator[NameFinding]:
    """Find each refused name and docstring of a file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _Function):
            for name, line in sorted(set(_locals(node))):
                if _PARTICIPLE.fullmatch(name) and name.lstrip("_") not in _NOUNS:
                    yield NameFinding("participle", path, line, name)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and _BOUND.fullmatch(node.id):
            yield NameFinding("bound", path, node.lineno, node.id)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _PREPOSITION.fullmatch(node.name):
            yield NameFinding("preposition", path, node.lineno, node.name)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            docstring = ast.get_docstring(node) or ""
            line = getattr(node, "lineno", 1)
            if _QUESTION.match(docstring):
                yield NameFinding("question", path, line, docstring.partition("\n")[0])
            for match in _PHRASE.finditer(docstring):
                yield NameFinding("phrase", path, line, docstring[match.start() :][:40])


def _locals(function: _Function) -> Iterator[tuple[str, int]]:
    """Find the parameters and locals of a function, without those of functions in it; a name counts once."""
    lines: dict[str, int] = {}
    parameters = function.args
    for argument in (*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs):
        lines[argument.arg] = argument.lineno
    for rest in (parameters.vararg, parameters.kwarg):
        if rest is not None:
            lines[rest.arg] = rest.lineno
    nodes: list[ast.AST] = list(function.body) if isinstance(function.body, list) else [function.body]
    while nodes:
        node = nodes.pop()
        if isinstance(node, _Function | ast.ClassDef):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            lines.setdefault(node.id, node.lineno)
        elif isinstance(node, ast.MatchAs | ast.ExceptHandler) and node.name:
            lines.setdefault(node.name, node.lineno)
        nodes += ast.iter_child_nodes(node)
    yield from lines.items()


def long_subjects(subjects: list[str]) -> Iterator[str]:
    """Find the commit subjects that a log would cut."""
    for subject in subjects:
        if len(subject) > SUBJECT_LENGTH:
            yield f"a commit subject of {len(subject)} characters, {SUBJECT_LENGTH} at most: {subject}"


def excess(findings: list[NameFinding], group: str) -> Iterator[str]:
    """Compare the counts of a group of packages with its limits: a sentence for each that has grown."""
    counts = Counter(finding.kind for finding in findings)
    for kind, limit in LIMITS[group].items():
        if counts[kind] > limit:
            yield f"{group}: {counts[kind]}, {limit} at most: {MESSAGES[kind]} (--list shows them)"


def main(arguments: list[str]) -> int:
    root = Path(__file__).resolve().parents[2]
    lines = []
    for group, packages in (("core", CORE), ("plugins", PLUGINS)):
        paths = [path for path in _git(root, "ls-files", "--", *packages) if path.endswith(".py")]
        findings = [
            finding
            for path in paths
            if (root / path).is_file() and not _PROGRAMS.fullmatch(path)
            for finding in find_names(path, (root / path).read_text("utf-8"))
        ]
        if "--list" in arguments:
            lines += [f"{each.path}:{each.line}: {each.kind}: {each.name}" for each in findings]
        lines += excess(findings, group)
    lines += long_subjects(_git(root, "log", "--no-merges", f"--since={SUBJECTS_SINCE}", "--format=%s"))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if lines and "--list" not in arguments else 0


def _git(root: Path, *arguments: str) -> list[str]:
    command = ("git", "-C", str(root), *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
