"""Runs of `go test` in a copy: a file of calls is compiled and run, and tests are run by their names.

A call that does not compile is left out, and what is left is compiled again. What was compiled last is used
again for the same calls. Other tests of the package are left out of it. There is no network.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

from assist_server.recorded_tests.calls import CallSubject, ProposedCall
from assist_server.recorded_tests.compiled_calls import run_calls
from assist_server.recorded_tests.go.package import GoPackage, function_of, package_of
from assist_server.recorded_tests.go.proposals import changed_places
from assist_server.recorded_tests.language import CannotBuildError, ObservingRun
from assist_server.recorded_tests.project_runs import ProjectCopy
from assist_server.sandbox.sandbox import SandboxRun
from assist_server.sandbox.test_command import GO_CACHE

FILE = "zz_assist_test.go"
BUILD_SECONDS = 240.0  # with all that the package imports, the first time
LATER_SECONDS = 60.0
ROUNDS = 5  # of compiling: broken syntax hides what has wrong types
_PROGRAM = f"{GO_CACHE}/assist-calls"
_BUILT = f"{GO_CACHE}/assist-built.json"
_OVERLAY = f"{GO_CACHE}/assist-overlay.json"
_ERROR = re.compile(r"^(?:vet: )?(\S+\.go):(\d+):(?:\d+:)? (.*)$", re.MULTILINE)


def key_of(call: ProposedCall) -> str:
    """What tells a call from others."""
    return "\n".join((*call.imports, *call.setup, call.call))


def observed_rows(copy: ProjectCopy, subject: CallSubject, run: ObservingRun) -> dict[int, Mapping[str, Any]]:
    """What calls came to by their numbers, or {"missing": reason}. Raises CannotRunError."""
    text = run.changed.get(subject.path, subject.text)
    keys = _build(copy, subject, text, run.calls)
    at = {key: number for number, key in enumerate(keys)}
    wanted = {at[key_of(call)]: number for number, call in enumerate(run.calls) if key_of(call) in at}
    rows = _run_calls(copy, subject, list(wanted), run)
    found: dict[int, Mapping[str, Any]] = {
        at: {"missing": "does not compile"} for at in range(len(run.calls))
    }
    return found | {wanted[number]: row for number, row in rows.items()}


def _build(copy: ProjectCopy, subject: CallSubject, text: str, calls: Sequence[ProposedCall]) -> list[str]:
    """Build the program of the calls, or keep the last one if it has them: the keys of those it has."""
    left = {key_of(call): call for call in calls}
    tried = list(left)
    digest = hashlib.sha256(text.encode()).hexdigest()
    place = copy.tree / _BUILT
    try:
        known = json.loads(place.read_text(encoding="utf-8"))
        if known["text"] == digest and left.keys() <= set(known["tried"]):
            return list(known["keys"])
        seconds = LATER_SECONDS
    except (OSError, ValueError, LookupError):
        seconds = BUILD_SECONDS
    folder = PurePosixPath(subject.path).parent
    package = package_of(copy.tree / folder, subject)
    (copy.tree / GO_CACHE).mkdir(exist_ok=True)
    _leave_out_tests(copy, folder)
    for _ in range(ROUNDS):
        if not left:
            break
        observer, lines = observing_file(subject, package, list(left.values()))
        changed = {subject.path: with_probes(text, subject), str(folder / FILE): observer}
        with copy.files(changed):
            result = copy.run(_words(copy, folder), seconds)
        if result.code == 0:
            row = {"text": digest, "tried": tried, "keys": list(left)}
            place.write_text(json.dumps(row), encoding="utf-8")
            return list(left)
        wrong = _calls_with_errors(result.output, lines)
        if not wrong:
            raise CannotBuildError(why_not(result))
        left = {key: call for number, (key, call) in enumerate(left.items()) if number not in wrong}
    raise CannotBuildError("the calls do not compile")


def _leave_out_tests(copy: ProjectCopy, folder: PurePosixPath) -> None:
    """Say for the compiler that the package has no tests but those of the observing file."""
    others = [file.name for file in (copy.tree / folder).glob("*_test.go") if file.name != FILE]
    replaced = {str(copy.seen_at / folder / name): "" for name in others}
    (copy.tree / _OVERLAY).write_text(json.dumps({"Replace": replaced}), encoding="utf-8")


def _words(copy: ProjectCopy, folder: PurePosixPath) -> list[str]:
    words = ["go", "test", "-c", "-vet=off", "-gcflags=-e", "-ldflags=-s -w"]
    words += ["-overlay", str(copy.seen_at / _OVERLAY), "-o", str(copy.seen_at / _PROGRAM)]
    return [*words, f"./{folder}"]


def why_not(result: SandboxRun) -> str:
    """Why a build came to nothing, in a line."""
    found = _ERROR.search(result.output)
    if found:
        return f"the package does not compile: {found[3]}"
    lines = [line.strip() for line in result.output.splitlines() if line.strip() and line[0] != "#"]
    return "; ".join(result.reports) or (lines[0][:200] if lines else "go says nothing")


def _calls_with_errors(output: str, lines: Sequence[range]) -> set[int]:
    found = set()
    for path, number, _ in _ERROR.findall(output):
        if PurePosixPath(path).name == FILE:
            found |= {at for at, own in enumerate(lines) if int(number) in own}
    return found


def observing_file(
    subject: CallSubject, package: GoPackage, calls: Sequence[ProposedCall]
) -> tuple[str, list[range]]:
    """The file that runs calls, and which of its lines belong to which call."""
    program = (files("assist_server.recorded_tests") / "programs" / "go_observer.go").read_text("utf-8")
    imports = sorted({line for call in calls for line in call.imports})
    body = program.replace("PACKAGE", package.name, 1)
    body = body.replace("IMPORTS\n", "".join(f"\t{line}\n" for line in imports), 1)
    body += "\nvar assistCalls = []func() ([]assistRow, []assistRow){\n"
    row = function_of(subject)
    lines = []
    for call in calls:
        places = changed_places(call, row, package) if row is not None else []
        first = body.count("\n") + 1
        body += _function_text(call, places, has_values=row is None or bool(row.results))
        lines.append(range(first, body.count("\n") + 1))
    return f"{body}}}\n", lines


def _function_text(call: ProposedCall, places: Sequence[str], *, has_values: bool) -> str:
    shown = ", ".join(f"assistShown({json.dumps(name)}, {name})" for name in places)
    lines = [
        *call.setup,
        f"assistSeen := func() []assistRow {{ return []assistRow{{{shown}}} }}",
        "assistBefore := assistSeen()",
        f"assistRows := assistShow({call.call})" if has_values else call.call,
        f"return {'assistRows' if has_values else 'nil'}, assistChanged(assistBefore, assistSeen())",
    ]
    inner = "".join(f"\t\t{line}\n" for line in lines)
    return f"\tfunc() ([]assistRow, []assistRow) {{\n{inner}\t}},\n"


def with_probes(text: str, subject: CallSubject) -> str:
    """The text of a file with a call at the beginning of each block of the subject; lines stay."""
    row = function_of(subject, text)
    for line, at in sorted(row.probes, key=lambda probe: -probe[1]) if row is not None else ():
        text = f"{text[:at]} assistHit({line}); {text[at:]}"
    return text


def _run_calls(
    copy: ProjectCopy, subject: CallSubject, numbers: Sequence[int], run: ObservingRun
) -> dict[int, Mapping[str, Any]]:
    """The rows of calls; after one that is late or ends the program, the others run in another."""
    folder = copy.seen_at / PurePosixPath(subject.path).parent
    script = 'cd "$1" && exec "$2" -test.run "^TestAssistObserve$"'
    words = ["sh", "-c", script, "sh", str(folder), str(copy.seen_at / _PROGRAM)]
    return run_calls(copy, words, numbers, run, {})


def run_named_tests(copy: ProjectCopy, path: str, names: Sequence[str], limit: float) -> SandboxRun:
    """Run tests of the package of a file by their names."""
    pattern = f"^({'|'.join(names)})$"
    words = ["go", "test", "-count=1", "-vet=off", "-run", pattern, f"./{PurePosixPath(path).parent}"]
    return copy.run(words, limit)


def failing_lines(output: str, path: str) -> list[int]:
    """The lines of a file that do not compile."""
    name = Path(path).name
    return [int(line) for file, line, _ in _ERROR.findall(output) if Path(file).name == name]
