"""How one file of tests is run in a copy: by vitest, by jest, or by node itself.

It reads `package.json` of the folder and those above it, and runs nothing. The runner is started by its own
file and not by the project's script, which may do more than test.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from assist_runner.characterization_tests.language import CannotRunError
from assist_runner.characterization_tests.project_runs import ProjectCopy
from assist_runner.sandbox.installations import text_of
from assist_runner.sandbox.test_command import TestCommand

RunnerKind = Literal["vitest", "jest", "node"]
PLANTED_GROUP = "assist planted"
CACHE = ".assist-cache"  # what jest keeps from one run to the next
LIBRARIES: Mapping[RunnerKind, str] = {"vitest": "vitest", "jest": "@jest/globals", "node": "node:test"}
_PROGRAMS = {"vitest": "vitest/vitest.mjs", "jest": "jest/bin/jest.js"}
_CONFIGURED = re.compile(r"^(?:vitest|vite|jest)\.(?:[\w.]+\.)?config\.\w+$|^vitest\.workspace\.\w+$")
_KEPT_OPTIONS = ("--config", "-c", "--env", "--environment", "--project", "--selectProjects", "--preset")
_NODE_OPTIONS = ("--import", "--loader", "--experimental-loader", "-r", "--require", "--conditions", "-C")
_SPLIT = re.compile(r"&&|\|\||;|\|")


@dataclass(frozen=True, slots=True)
class ScriptRunner:
    """A runner with the folder in which it runs, below the workspace, and options from the project's script.

    `flags` are those of node itself, `environ` what the script sets.
    """

    kind: RunnerKind
    folder: str = ""
    options: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    environ: tuple[tuple[str, str], ...] = ()


def script_runner(root: Path, path: str) -> ScriptRunner:
    """The runner for the code of a file. Raises CannotRunError if there is none that is known."""
    top = root.resolve()
    for folder in [str(parent) for parent in PurePosixPath(path).parents]:
        inner = "" if folder == "." else folder
        settings = _settings(top / inner)
        if settings is None:
            continue
        found = _runner_in(settings, top / inner, top)
        if found is not None:
            return _for_language(replace(found, folder=inner), path, top)
    raise CannotRunError("its tests run with none of vitest, jest and node's own test runner")


def _settings(folder: Path) -> dict[str, Any] | None:
    text = text_of(folder / "package.json")
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _runner_in(settings: dict[str, Any], folder: Path, top: Path) -> ScriptRunner | None:
    """The runner of a package: what its scripts run, else what it is configured for and has installed."""
    rows = settings.get("scripts")
    scripts = [row for row in rows.values() if isinstance(row, str)] if isinstance(rows, dict) else []
    test = rows.get("test") if isinstance(rows, dict) else None
    for script in [*([test] if isinstance(test, str) else []), *scripts]:
        found = _in_script(script, top)
        if found is not None:
            return found
    packages = {name for key in ("dependencies", "devDependencies") for name in settings.get(key) or {}}
    kinds: tuple[RunnerKind, ...] = ("vitest", "jest")
    configured = any(_CONFIGURED.match(file.name) for file in folder.iterdir() if file.is_file())
    for kind in kinds:
        if (kind in packages or configured or kind in settings) and _program(kind, top) is not None:
            return ScriptRunner(kind)
    return ScriptRunner("node") if any(_node_tests(folder)) else None


def _node_tests(folder: Path) -> Iterator[Path]:
    """Files of tests for node's own runner."""
    for pattern in (
        "test/**/*.*js",
        "tests/**/*.*js",
        "*.test.*js",
        "src/**/*.test.*js",
        "test/**/*.ts",
        "src/**/*.test.ts",
    ):
        for number, file in enumerate(folder.glob(pattern)):
            if number > 20:
                break
            if re.search(r"""["']node:test["']""", text_of(file)):
                yield file


def _in_script(script: str, top: Path) -> ScriptRunner | None:
    for part in _SPLIT.split(script):
        try:
            words = shlex.split(part)
        except ValueError:
            continue
        environ: list[tuple[str, str]] = []
        while words and (
            re.fullmatch(r"\w+=.*", words[0], re.DOTALL) or words[0] in ("cross-env", "npx", "c8", "nyc")
        ):
            word = words.pop(0)
            name, given, value = word.partition("=")
            environ += [(name, value)] if given else []
        name = PurePosixPath(words[0]).name if words else ""
        if name in ("vitest", "jest") and _program(name, top) is not None:
            kind: RunnerKind = "vitest" if name == "vitest" else "jest"
            return ScriptRunner(kind, "", tuple(_options_of(words[1:], _KEPT_OPTIONS)), (), tuple(environ))
        if name in ("node", "tsx") and "--test" in words:
            flags = tuple(_options_of(words[1:], _NODE_OPTIONS))
            return ScriptRunner(
                "node", "", (), ("--import", "tsx") if name == "tsx" else flags, tuple(environ)
            )
    return None


def _options_of(words: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """Those of some options among words, with their values."""
    for at, word in enumerate(words):
        if word.partition("=")[0] in names:
            yield word
            if "=" not in word and at + 1 < len(words):
                yield words[at + 1]


def _program(kind: str, top: Path) -> str | None:
    """The file of a runner, as it is seen from the workspace."""
    inner = f"node_modules/{_PROGRAMS[kind]}"
    return inner if (top / inner).is_file() else None


def _for_language(runner: ScriptRunner, path: str, top: Path) -> ScriptRunner:
    """The runner as it takes the file's language: node itself needs help with types."""
    if runner.kind != "node" or not path.endswith(("ts", "tsx")) or runner.flags:
        return runner
    if (top / "node_modules" / "tsx").is_dir():
        return replace(runner, flags=("--import", "tsx"))
    if (top / "node_modules" / "ts-node").is_dir():
        return replace(runner, flags=("--loader", "ts-node/esm"))
    return replace(runner, flags=("--experimental-strip-types",))


def observing_words(runner: ScriptRunner, copy: ProjectCopy, file: str) -> list[str]:
    """The command that runs one file of tests, of which no result is needed."""
    if runner.kind == "node":
        return _in_folder(runner, ["node", *runner.flags, _inside(runner, file)])
    return words_for_tests(runner, copy, [file], ())


def words_for_tests(
    runner: ScriptRunner, copy: ProjectCopy, paths: Sequence[str], titles: Sequence[str]
) -> list[str]:
    """The command that runs the tests with some titles in files, all of them for none. It prints JSON or TAP.

    The titles begin with those of the groups that they are in, which may be in one of `PLANTED_GROUP`; older
    versions of vitest put a blank before them. Node
    runs all tests: whether it looks at a test's own title or the whole depends on its version.
    """
    inner = [_inside(runner, file) for file in paths]
    chosen = f"^ ?(?:{PLANTED_GROUP} \\d+ )?(?:{'|'.join(map(_as_pattern, titles))})$"
    program = str(copy.seen_at / _program_in(copy, runner)) if runner.kind != "node" else ""
    if runner.kind == "vitest":
        words = ["node", program, "run", *inner, *runner.options, "--coverage.enabled=false"]
        words += ["--typecheck.enabled=false", "--reporter=json", "--no-file-parallelism"]
    elif runner.kind == "jest":
        words = ["node", *_modules_flag(runner), program, *runner.options, "--runTestsByPath", *inner, "--ci"]
        words += ["--json", "--runInBand", "--coverage=false", "--silent", "--watchman=false"]
        words += [f"--cacheDirectory={copy.seen_at / CACHE}"]
    else:
        return _in_folder(runner, ["node", *runner.flags, "--test", "--test-reporter=tap", *inner])
    return _in_folder(runner, [*words, *(["-t", chosen] if titles else [])])


def _as_pattern(text: str) -> str:
    """A text as a regular expression of JavaScript's."""
    return re.sub(r"([\\^$.*+?()\[\]{}|/])", r"\\\1", text)


def _program_in(copy: ProjectCopy, runner: ScriptRunner) -> str:
    return _program(runner.kind, copy.runner.root.resolve()) or ""


def _modules_flag(runner: ScriptRunner) -> list[str]:
    return (
        ["--experimental-vm-modules"]
        if "--experimental-vm-modules" in dict(runner.environ).get("NODE_OPTIONS", "")
        else []
    )


def _inside(runner: ScriptRunner, file: str) -> str:
    return str(PurePosixPath(file).relative_to(runner.folder)) if runner.folder else file


def _in_folder(runner: ScriptRunner, words: Sequence[str]) -> list[str]:
    """A command that begins in the runner's folder."""
    return ["sh", "-c", 'cd "$0" && exec "$@"', runner.folder, *words] if runner.folder else list(words)


def own_command(root: Path, path: str, command: TestCommand) -> TestCommand:
    """The command for the code of a file as it is shown to people. Raises CannotRunError if there is none."""
    runner = script_runner(root, path)
    program = _program(runner.kind, root.resolve()) if runner.kind != "node" else ""
    words = ("node", *([program] if program else [*runner.flags, "--test"]))
    return replace(command, words=words, runner=runner.kind)


def command_for(runner: ScriptRunner, command: TestCommand) -> TestCommand:
    """What a run sees: the same as the project's command, and a folder for what jest keeps."""
    folders = (CACHE,) if runner.kind == "jest" else ()
    environ = {**command.environ, **{name: value for name, value in runner.environ if name != "NODE_OPTIONS"}}
    environ |= {"CI": "1", "NO_COLOR": "1", "FORCE_COLOR": "0"}
    return replace(command, view=replace(command.view, folders=folders), environ=environ)


def results_in(output: str, runner: ScriptRunner) -> dict[str, bool]:
    """Whether tests passed, by their titles after those of their groups, without those that were left out."""
    if runner.kind == "node":
        return dict(_tap_results(output))
    found: dict[str, bool] = {}
    for report in _reports(output):
        for row in (
            row for file in report.get("testResults", ()) for row in file.get("assertionResults", ())
        ):
            if row.get("status") in ("passed", "failed"):
                title = " ".join([*row.get("ancestorTitles", ()), row.get("title", "")]).strip()
                found[title] = row["status"] == "passed" and found.get(title, True)
    return found


def _tap_results(output: str) -> Iterator[tuple[str, bool]]:
    groups: dict[int, str] = {}
    for line in output.splitlines():
        depth = len(line) - len(line.lstrip())
        begun = re.match(r"\s*# Subtest: (.*)", line)
        ended = re.match(r"\s*(not )?ok \d+ - (.*?)(?: # (SKIP|TODO).*)?$", line)
        if begun:
            groups = {level: title for level, title in groups.items() if level < depth} | {depth: begun[1]}
        elif ended and not ended[3]:
            above = [title for level, title in sorted(groups.items()) if level < depth]
            yield re.sub(r"\\(.)", r"\1", " ".join([*above, ended[2]])), not ended[1]


def _reports(output: str) -> Iterator[dict[str, Any]]:
    """What a runner reports as JSON, in a line of its own or at the end of one."""
    for line in output.splitlines():
        at = line.find('{"num')
        if at >= 0:
            try:
                found, _ = json.JSONDecoder().raw_decode(line[at:])
            except ValueError:
                continue
            yield found


def failure_words(output: str) -> str:
    """What a runner says of a run in which no test ran, in a line."""
    told = [
        str(file.get("message") or "")
        for report in _reports(output)
        for file in report.get("testResults", ())
    ]
    rows = [line.strip() for line in "\n".join([*told, output]).splitlines() if '{"num' not in line]
    lines = [line for line in rows if line]
    found = [line for line in lines if re.search(r"Error\b|Cannot |not found|error TS\d", line)]
    return [*found, *lines[-1:], "it says nothing"][0][:200]
