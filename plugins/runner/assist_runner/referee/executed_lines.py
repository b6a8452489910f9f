"""Which lines of a project's code a test runs: asked of its runner, or of probes in a copy's files.

pytest is followed by a program of ours, go tells it by itself, and before statements of scripts and of Rust a
probe is put that tells its line. What cannot be followed gives no lines. Blocking.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path, PurePosixPath

import tree_sitter

from assist_context.code.trees.fragments import statement_lines
from assist_context.languages import ECMASCRIPT, language_of
from assist_runner.characterization_tests import programs
from assist_runner.characterization_tests.project_runs import ProjectCopy
from assist_runner.computed_fixes.suspicion import TestLines
from assist_runner.referee.selected_tests import (
    go_packages,
    module_at,
    pytest_options,
    selected_tests,
)
from assist_runner.sandbox.test_command import TestCommand
from assist_runner.scripts.script_probes import with_line_probes
from assist_runner.scripts.script_tree import first_line, root_of

MAX_FAILING, MAX_PASSING = 3, 8  # tests that are followed one by one; pytest follows a few hundred at once
OF_PYTEST = 200
SECONDS = 12.0  # of following
BUILD_SECONDS = 30.0  # more for what is compiled with probes
MARK = "assist-lines "
_FILE = ".assist-lines"
_PROGRAM, _PLAN = ".assist-lines.py", ".assist-lines.json"
_GO = re.compile(
    r"^(?P<path>\S+\.go):(?P<first>\d+)\.\d+,(?P<last>\d+)\.\d+ \d+ (?P<count>\d+)$", re.MULTILINE
)
_RUST_TEST = re.compile(r"^test (?P<name>[\w:]+)(?: - should panic)? \.\.\. ", re.MULTILINE)
_RUST_LINE = re.compile(rf"{MARK}(?P<path>\S+) (?P<line>\d+)")
_RUST_ITEM = re.compile(
    r"_item$|_declaration$(?<!let_declaration)|comment|_definition$|attribute|label|empty"
)


@dataclass(frozen=True, slots=True)
class FollowedTests:
    """The command, the names of tests that fail and that pass, and the texts of the files to look at."""

    command: TestCommand
    failing: Sequence[str]
    passing: Sequence[str]
    texts: Mapping[str, str]


def executed_lines(copy: ProjectCopy, tests: FollowedTests) -> tuple[TestLines, ...]:
    """The lines that each of some tests ran; none where that cannot be said."""
    words = tests.command.words
    path = next(iter(tests.texts), "")
    language = language_of(path).name
    if module_at(words):
        return tuple(_of_pytest(copy, tests))
    if words[:2] == ("go", "test"):
        return tuple(_of_go(copy, tests))
    if language in ECMASCRIPT:
        return tuple(_of_scripts(copy, tests))
    if words[:2] == ("cargo", "test"):
        return tuple(_of_rust(copy, tests))
    return ()


def _of_pytest(copy: ProjectCopy, tests: FollowedTests) -> Iterator[TestLines]:
    command = tests.command
    at = module_at(command.words)
    near = {name.split("::")[0] for name in tests.failing}
    others = sorted(tests.passing, key=lambda name: name.split("::")[0] not in near)
    names = [name for name in (*tests.failing, *others) if "::" in name][:OF_PYTEST]
    options = [
        word
        for word in pytest_options(command.words[at + 2 :], copy.tree)
        if word not in ("-x", "--exitfirst")
    ]
    program = (files(programs) / "pytest_lines.py").read_text(encoding="utf-8")
    plan = json.dumps({"words": [*options, *names], "seconds": SECONDS / 2})
    place = PurePosixPath(copy.seen_at)
    words = (*command.words[:at], str(place / _PROGRAM), str(place / _PLAN), MARK)
    with copy.files({_PROGRAM: program, _PLAN: plan}):
        run = copy.run(words, SECONDS, command=command)
    for line in run.output.splitlines():
        if line.startswith(MARK):
            row = json.loads(line.removeprefix(MARK))
            lines = frozenset((path, number) for path, found in row["lines"].items() for number in found)
            yield TestLines(row["test"] not in tests.failing and row["passed"], lines)


def _tests_to_follow(tests: FollowedTests) -> Iterator[tuple[str, bool]]:
    """The tests that are followed one by one, the failing ones first, and whether they pass."""
    yield from ((name, False) for name in tests.failing[:MAX_FAILING])
    yield from ((name, True) for name in tests.passing[:MAX_PASSING])


def _marked_runs(
    copy: ProjectCopy, command: TestCommand, lines: Sequence[str], seconds: float
) -> Iterator[tuple[int, str]]:
    """Run a script's lines one after the other: the number of each, and what it printed."""
    script = "\n".join(f"echo; echo {MARK}{number}; {line}" for number, line in enumerate(lines))
    run = copy.run(("sh", "-c", script), seconds, command=command)
    _, *parts = re.split(rf"^{MARK}(?=\d+$)", run.output, flags=re.MULTILINE)
    for part in parts:
        number, _, text = part.partition("\n")
        yield int(number), text


def _of_go(copy: ProjectCopy, tests: FollowedTests) -> Iterator[TestLines]:
    module = re.search(r"^module\s+(\S+)", (copy.tree / "go.mod").read_text("utf-8", "replace"), re.MULTILINE)
    chosen = dict(_tests_to_follow(tests))
    rows: list[tuple[bool, str]] = []
    places: dict[str, str] = {}
    build: list[str] = []
    for name, passed in chosen.items():
        top = name.split("/")[0]
        package = next(iter(go_packages([top], copy.tree)), "")
        if not package:
            continue
        if package not in places:
            places[package] = f"/tmp/assist-{len(places)}"  # noqa: S108  # the sandbox has its own
            build.append(
                f"go test -c -coverpkg=./... -o {places[package]} {shlex.quote(package)} >/dev/null 2>&1"
            )
        program = places[package]
        profile = f"{program}.lines"
        run = f"{program} -test.run '^{top}$' -test.coverprofile={profile} >/dev/null 2>&1"
        rows.append((passed, f"(cd {shlex.quote(package)} && {run}); cat {profile}; rm -f {profile}"))
    lines = ["; ".join(build), *(line for _, line in rows)]
    for number, text in _marked_runs(copy, tests.command, lines, SECONDS + BUILD_SECONDS):
        if number and (found := go_lines(text, module[1] if module else "")):
            yield TestLines(rows[number - 1][0], found)


def go_lines(profile: str, module: str) -> frozenset[tuple[str, int]]:
    """The lines that ran by a profile of `go test -coverprofile`.

    >>> profile = "mode: set\\nacme.com/x/a.go:3.9,4.2 1 1\\nacme.com/x/a.go:6.2,7.3 1 0"
    >>> sorted(go_lines(profile, "acme.com/x"))
    [('a.go', 3), ('a.go', 4)]
    """
    return frozenset(
        (match["path"].removeprefix(f"{module}/"), line)
        for match in _GO.finditer(profile)
        if match["count"] != "0"
        for line in range(int(match["first"]), int(match["last"]) + 1)
    )


def _of_scripts(copy: ProjectCopy, tests: FollowedTests) -> Iterator[TestLines]:
    told = str(PurePosixPath(copy.seen_at) / _FILE)
    chosen = list(_tests_to_follow(tests))
    lines = []
    for name, _ in chosen:
        command = selected_tests(tests.command, [name], copy.tree)
        if command.words == tests.command.words:
            return
        lines.append(f"{shlex.join(command.words)} >/dev/null 2>&1; cat {told}; rm -f {told}")
    probed = {path: with_line_probes(text, path, told) for path, text in tests.texts.items()}
    with copy.files(probed):
        found = list(_marked_runs(copy, tests.command, lines, SECONDS))
    for number, text in found:
        rows = [row.rpartition(" ") for row in text.splitlines() if row.rpartition(" ")[2].isdecimal()]
        ran = frozenset((path, int(line)) for path, _, line in rows if path in probed)
        if ran:
            yield TestLines(chosen[number][1], ran)


def _of_rust(copy: ProjectCopy, tests: FollowedTests) -> Iterator[TestLines]:
    """One run of all tests, one after the other: they tell their lines between their names."""
    command = selected_tests(tests.command, [*tests.failing, *tests.passing], copy.tree)
    told = replace(command, words=(*command.words, "--nocapture", "--test-threads=1"))
    with copy.files({path: with_rust_probes(text, path) for path, text in tests.texts.items()}):
        run = copy.run(told.words, SECONDS + BUILD_SECONDS, command=told)
    heads = list(_RUST_TEST.finditer(run.output))
    ends = [*(head.start() for head in heads[1:]), len(run.output)]
    for head, end in zip(heads, ends[: len(heads)], strict=True):
        found = frozenset(
            (match["path"], int(match["line"])) for match in _RUST_LINE.finditer(run.output, head.end(), end)
        )
        yield TestLines(head["name"] not in tests.failing, found)


def with_rust_probes(text: str, path: str) -> str:
    """A file of Rust whose statements and arms tell their lines, without those of its tests; no line moves.

    >>> code = "fn f(a: bool) -> u8 {\\n    match a {\\n        _ => 1,\\n    }\\n}\\n"
    >>> print(with_rust_probes(code, "a.rs"))
    fn f(a: bool) -> u8 {
        std::eprintln!("assist-lines a.rs 2"); match a {
            _ => { std::eprintln!("assist-lines a.rs 3"); 1 },
        }
    }
    <BLANKLINE>
    """
    root = root_of(text, path)
    inserted: list[tuple[int, int, str]] = []
    waiting = [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        if _is_compiled_alone(node):
            continue
        waiting += node.named_children
        if node.type == "block":
            inserted += [
                _rust_probe(part, path)
                for part in node.named_children
                if _RUST_ITEM.search(part.type) is None
            ]
        value = node.child_by_field_name("value") if node.type == "match_arm" else None
        if value is not None and value.type != "block":
            at, order, words = _rust_probe(value, path)
            inserted += [(at, order - 1, f"{{ {words}"), (value.end_byte, 0, " }")]
    data = text.encode("utf-8", "replace")
    for at, _, words in sorted(inserted, reverse=True):
        data = data[:at] + words.encode() + data[at:]
    return data.decode("utf-8", "replace")


def _is_compiled_alone(node: tree_sitter.Node) -> bool:
    """Whether what is in it cannot tell its line: it runs when it is compiled, or is for tests."""
    head = (node.text or b"").decode("utf-8", "replace").partition("{")[0]
    is_const = node.type in ("const_item", "static_item") or (
        node.type == "function_item" and "const " in head
    )
    return is_const or (node.type == "mod_item" and "test" in head) or node.type == "macro_definition"


def _rust_probe(node: tree_sitter.Node, path: str) -> tuple[int, int, str]:
    return (
        node.start_byte,
        node.start_byte - node.end_byte,
        f'std::eprintln!("{MARK}{path} {first_line(node)}"); ',
    )


def statement_starts(texts: Mapping[str, str]) -> Mapping[str, Sequence[int]]:
    """The lines of files at which statements begin, in order."""
    return {
        path: sorted(set(statement_lines(language_of(path), text) or range(1, text.count("\n") + 2)))
        for path, text in texts.items()
    }


def text_in(tree: Path, path: str) -> str:
    """The text of a file of a copy, "" for none."""
    try:
        return (tree / path).read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
