"""The command that runs only some tests, by the names that their runner gives them, until one fails.

It knows pytest, unittest, go, cargo, node's own runner, vitest, jest and mocha, and runs nothing. What it
selects may be more than what was named: results say which tests ran.
"""

import re
import shlex
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from assist_runner.referee.javascript_results import BETWEEN
from assist_runner.referee.test_results import ALL
from assist_runner.sandbox.test_command import TestCommand, script_of

_FLAGS = frozenset({"-x", "-v", "-q", "-s", "-l", "--exitfirst", "--verbose", "--quiet"})
_SCRIPTS = ("npm", "npx", "yarn", "pnpm", "node")
_OF_UNITTEST = re.compile(r"(?P<name>\w+) \((?P<place>[\w.]+)\)")
_NODE = re.compile(r"\bnode(?=\s(?:[^&|;]*\s)?--test\b)")  # in a line of a shell


def module_at(words: Sequence[str]) -> int:
    """Where `-m pytest` is in a command, 0 if it is not there."""
    return next((at for at in range(1, len(words) - 1) if tuple(words[at : at + 2]) == ("-m", "pytest")), 0)


def pytest_options(words: Sequence[str], tree: Path) -> list[str]:
    """The words of a command after `pytest` without the files, folders and tests that it names."""
    options: list[str] = []
    for word in words:
        last = options[-1] if options else ""
        value = last not in _FLAGS and re.fullmatch(r"-[a-zA-Z]|--[\w-]+", last) is not None
        named = not word.startswith("-") and (tree / word.split("::", 1)[0]).exists()
        if value or not named:
            options.append(word)
    return options


def selected_tests(command: TestCommand, names: Collection[str], tree: Path) -> TestCommand:
    """The command for the named tests of a copy; for all of its tests where its runner cannot select them."""
    words = command.words
    runner = PurePosixPath(words[0]).name
    if ALL in names:
        return command
    found: Sequence[str] | None = None
    if at := module_at(words):
        if all("::" in name for name in names):
            found = (*words[: at + 2], "-x", *pytest_options(words[at + 2 :], tree), *names)
    elif "unittest" in words:
        places = [match for name in names if (match := _OF_UNITTEST.fullmatch(name))]
        ids = [
            match["place"]
            if match["place"].endswith(f".{match['name']}")
            else ".".join(match.group("place", "name"))
            for match in places
        ]
        at = words.index("unittest") + 1
        found = (*words[:at], "-f", *ids) if len(ids) == len(names) else None
    elif words[:2] == ("go", "test"):
        found = _of_go(words, names, tree)
    elif words[:2] == ("cargo", "test") and "--" not in words:
        found = _of_cargo(words, names, tree)
    elif runner in _SCRIPTS or command.runner in ("jest", "vitest"):
        found = _of_scripts(command, names, tree)
    return replace(command, words=tuple(found)) if found else command


def _of_go(words: Sequence[str], names: Collection[str], tree: Path) -> Sequence[str]:
    tops = dict.fromkeys(name.split("/")[0] for name in names)
    options = [word for word in words[2:] if word.startswith("-")]
    places = go_packages(tops, tree) or [word for word in words[2:] if not word.startswith("-")]
    return ("go", "test", "-failfast", "-run", f"^({'|'.join(tops)})$", *options, *places)


def go_packages(names: Collection[str], tree: Path) -> list[str]:
    """The packages of a copy whose tests have these names."""
    head = re.compile(rf"^func ({'|'.join(map(re.escape, names))})\(", re.MULTILINE)
    files = (file for file in tree.rglob("*_test.go") if head.search(_text(file)))
    return list(dict.fromkeys(f"./{file.parent.relative_to(tree).as_posix()}" for file in files))


def _of_cargo(words: Sequence[str], names: Collection[str], tree: Path) -> Sequence[str]:
    """The targets that have the tests: files in `tests`, or else the library and the programs."""
    heads = {name: re.compile(rf"\bfn {re.escape(name.rpartition('::')[2])}\b") for name in names}
    files = {file.stem: _text(file) for file in sorted((tree / "tests").glob("*.rs"))}
    targets = [stem for stem, text in files.items() if any(head.search(text) for head in heads.values())]
    inside = any(not any(head.search(files[stem]) for stem in targets) for head in heads.values())
    options = [word for at, word in enumerate(words) if "--test" not in (word, words[at - 1])]
    chosen = [word for stem in targets for word in ("--test", stem)]
    chosen += [*(["--lib"] if (tree / "src/lib.rs").is_file() else []), "--bins"] if inside else []
    if "--workspace" in words or not (tree / "src").is_dir():  # of several packages
        chosen = []
    return (*options, *chosen, "--", "--exact", *names)


def _of_scripts(command: TestCommand, names: Collection[str], tree: Path) -> Sequence[str] | None:
    titles = "|".join(re.escape(name.rpartition(BETWEEN)[2]) for name in names)
    line = script_of(command, tree)
    runners = {PurePosixPath(word).name for word in re.split(r"\s+", line)}
    words = tuple(word for word in command.words if word not in ("--verbose", "--reporter=verbose"))
    if _NODE.search(line):
        chosen = _NODE.sub(lambda _: f"node --test-name-pattern={shlex.quote(titles)}", line, count=1)
        more = command.words[command.words.index("--") + 1 :] if "--" in command.words else ()
        return ("sh", "-c", f"{chosen} {shlex.join(more)}")
    last = () if "--" in words or words[0] not in ("npm",) else ("--",)
    files = _files_of(names, tree)
    named = "--runTestsByPath" in words or any(word in files for word in words)
    if "vitest" in runners:
        return (*words, *last, *(() if named else files), "--reporter=verbose", "--bail=1", "-t", titles)
    if "jest" in runners:
        return (*words, *last, *(() if named else files), "--verbose", "--bail", "-t", titles)
    if "mocha" in runners:
        return (*words, *last, "--bail", "-g", titles)
    return None


def _files_of(names: Collection[str], tree: Path) -> list[str]:
    """The files that a runner names first in the names of tests."""
    found = dict.fromkeys(name.split(BETWEEN)[0] for name in names)
    return [path for path in found if (tree / path).is_file()]


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError:
        return ""
