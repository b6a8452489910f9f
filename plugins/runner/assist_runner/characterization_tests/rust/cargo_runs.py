"""Runs of cargo in a copy: a module of calls is compiled and run, and tests are run by their names.

A call that does not compile is left out, and what is left is compiled again. What was compiled last is used
again for the same calls. Packages are those that are on this machine already: there is no network.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from assist_runner.characterization_tests.calls import CallSubject, ProposedCall
from assist_runner.characterization_tests.language import CannotBuildError, ObservingRun
from assist_runner.characterization_tests.project_runs import ProjectCopy
from assist_runner.characterization_tests.rust.compiled_calls import run_calls
from assist_runner.characterization_tests.rust.crate import RustTarget, functions_of, owner_name, target_of
from assist_runner.characterization_tests.rust.rust_items import RustFunction, RustItems, rust_items
from assist_runner.sandbox.sandbox import SandboxRun, login_home

MODULE = "assist_calls"
BUILD_SECONDS = 240.0  # with all that the crate depends on, the first time
MAX_FIELDS = 8
WITH_STD = (
    "extern crate std;",
    "use self::std::{boxed::Box, format, string::{String, ToString}, vec, vec::Vec};",
)
ROUNDS = 9  # of compiling: names are resolved first, then types, then borrows
_BUILT = "target/assist-built.json"
_SECONDS = "target/assist-seconds"  # of the first build
_UNPROBED = "target/assist-unprobed"  # the file does not compile with probes
_VARIABLE = re.compile(r"\blet\s+mut\s+(\w+)")


@dataclass(frozen=True, slots=True)
class BuiltCalls:
    """A program of calls: which were compiled, by their keys, and where it is.

    `probed` says whether blocks are counted in it.
    """

    program: str
    keys: tuple[str, ...]
    probed: bool


def key_of(call: ProposedCall) -> str:
    """What tells a call from others."""
    return "\n".join((*call.imports, *call.setup, call.call))


def observed_rows(
    copy: ProjectCopy, subject: CallSubject, run: ObservingRun
) -> tuple[dict[int, Mapping[str, Any]], bool]:
    """What calls came to by their numbers, and whether blocks were counted.

    A row is {"missing": reason} for a call that did not compile or did not end. Raises CannotRunError.
    """
    target = target_of(copy.tree, subject.path)
    text = run.changed.get(subject.path, subject.text)
    built = _build(copy, target, subject, text, run)
    at = {key: number for number, key in enumerate(built.keys)}
    wanted = {at[key_of(call)]: number for number, call in enumerate(run.calls) if key_of(call) in at}
    rows = _run_calls(copy, built, list(wanted), run)
    found: dict[int, Mapping[str, Any]] = {
        number: {"missing": "does not compile"} for number in range(len(run.calls))
    }
    found |= {wanted[number]: row for number, row in rows.items()}
    return found, built.probed


def _build(
    copy: ProjectCopy, target: RustTarget, subject: CallSubject, text: str, run: ObservingRun
) -> BuiltCalls:
    """The program of the calls: the last one, if it has them."""
    calls = {key_of(call): call for call in run.calls}
    digest = hashlib.sha256(text.encode()).hexdigest()
    place = copy.tree / _BUILT
    try:
        known = json.loads(place.read_text(encoding="utf-8"))
        if known["text"] == digest and calls.keys() <= set(known["tried"]):
            return BuiltCalls(known["program"], tuple(known["keys"]), known["probed"])
    except (OSError, ValueError, LookupError):
        pass
    place.unlink(missing_ok=True)
    probed = not _is_unprobed(copy.tree)
    left = dict(calls)
    for _ in range(ROUNDS):
        module = _Module((subject, text, target), list(left.values()), probed)
        with copy.files({**run.changed, subject.path: module.text}):
            result = copy.run(_words(copy, target), _build_seconds(copy.tree), environ_of(copy))
        program = _program(result.output)
        if result.code == 0 and program:
            built = BuiltCalls(program, tuple(left), probed)
            row = {
                "text": digest,
                "tried": list(calls),
                "keys": built.keys,
                "program": program,
                "probed": probed,
            }
            place.write_text(json.dumps(row), encoding="utf-8")
            _remember_seconds(copy.tree, result.seconds)
            return built
        wrong = module.calls_with_errors(result.output)
        if wrong:
            left = {key: call for number, (key, call) in enumerate(left.items()) if number not in wrong}
        elif probed and not run.changed:
            probed = False
            (copy.tree / _UNPROBED).touch()
        else:
            raise CannotBuildError(why_not(result))
    raise CannotBuildError("the calls do not compile")


def _build_seconds(tree: Path) -> float:
    """How long a build may take: a planted mistake may send the compiler into a loop."""
    try:
        return 3 * float((tree / _SECONDS).read_text(encoding="utf-8")) + 5
    except (OSError, ValueError):
        return BUILD_SECONDS


def _remember_seconds(tree: Path, seconds: float) -> None:
    if not (tree / _SECONDS).exists():
        (tree / _SECONDS).write_text(str(seconds), encoding="utf-8")


def _is_unprobed(tree: Path) -> bool:
    return (tree / _UNPROBED).exists()


def _words(copy: ProjectCopy, target: RustTarget, *more: str) -> list[str]:
    manifest = str(copy.seen_at / target.folder / "Cargo.toml")
    words = ["cargo", "test", "--offline", "--target-dir", str(copy.seen_at / "target")]
    words += ["--manifest-path", manifest, *target.options]
    return [*words, *(more or ("--no-run", "--message-format=json"))]


def environ_of(copy: ProjectCopy) -> dict[str, str]:
    """The variables of a build: no lint refuses it, and no time goes into speed or what debuggers need."""
    home = login_home()
    own = {"CARGO_HOME": str(home / ".cargo"), "RUSTUP_HOME": str(home / ".rustup")}
    own = {name: value for name, value in own.items() if not copy.runner.confined and os.path.isdir(value)}
    plain = {
        f"CARGO_PROFILE_{name}_{what}": "0" for name in ("DEV", "TEST") for what in ("DEBUG", "OPT_LEVEL")
    }
    return {**own, **plain, "RUSTFLAGS": "--cap-lints=allow"}


def _messages(output: str) -> Iterator[Mapping[str, Any]]:
    for line in output.splitlines():
        if line.startswith('{"reason"'):
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _program(output: str) -> str:
    """The program of tests that was built last."""
    found = [str(row["executable"]) for row in _messages(output) if row.get("executable")]
    return found[-1] if found else ""


def why_not(result: SandboxRun) -> str:
    """Why a build came to nothing, in a line."""
    errors = [
        row["message"]["message"]
        for row in _messages(result.output)
        if row.get("reason") == "compiler-message" and row["message"]["level"] == "error"
    ]
    if errors:
        return f"the crate does not compile: {errors[0]}"
    lines = [line.strip() for line in result.output.splitlines() if line.strip() and line[0] != "{"]
    said = next((line for line in lines if line.startswith("error")), lines[-1] if lines else "")
    return "; ".join(result.reports) or said[:200] or "cargo says nothing"


class _Module:
    """The file with the calls below it: `text`, and which lines belong to which call."""

    def __init__(
        self, source: tuple[CallSubject, str, RustTarget], calls: Sequence[ProposedCall], probed: bool
    ) -> None:
        subject, text, target = source
        self._path = subject.path
        items = rust_items(text)
        functions = functions_of(subject, items)
        program = (files("assist_runner.characterization_tests") / "programs" / "rust_observer.rs").read_text(
            "utf-8"
        )
        fields = changing_fields(functions, items)
        probes = with_probes(text, functions) if probed else text
        body = f"{probes.rstrip()}\n\n#[cfg(test)]\n#[allow(warnings)]\npub(crate) mod {MODULE} {{\n"
        body += "    use super::*;\n"
        body += "".join(f"    {line}\n" for line in (WITH_STD if target.without_std else WITH_STD[:1]))
        body += program
        variants = _bare_variants(functions, items)
        arms = "".join(f'{path} => "{path}", ' for path in variants)
        if arms:
            owner = variants[0].partition("::")[0]
            body += f"    fn variant(value: &{owner}) -> &'static str {{ match value {{ {arms}}} }}\n"
        self._lines: list[range] = []
        for number, call in enumerate(calls):
            first = body.count("\n") + 1
            body += _function_text(number, call, fields, variants)
            self._lines.append(range(first, body.count("\n") + 1))
        names = ", ".join(f"call_{number}" for number in range(len(calls)))
        self.text = f"{body}    const CALLS: &[Call] = &[{names}];\n}}\n"

    def calls_with_errors(self, output: str) -> set[int]:
        """The numbers of the calls that errors are about."""
        found: set[int] = set()
        for row in _messages(output):
            message = row.get("message", {})
            if row.get("reason") != "compiler-message" or message.get("level") != "error":
                continue
            spans = sorted(message["spans"], key=lambda span: not span["is_primary"])
            numbers = [number for span in spans if (number := self._call_of(span)) is not None]
            found |= set(numbers[:1])
        return found

    def _call_of(self, span: Mapping[str, Any]) -> int | None:
        span = _written_at(span)
        if not same_file(span["file_name"], self._path):
            return None
        return next((at for at, lines in enumerate(self._lines) if span["line_start"] in lines), None)


def _written_at(span: Mapping[str, Any]) -> Mapping[str, Any]:
    """The place outside of macros that an error is about."""
    while span.get("expansion"):
        span = span["expansion"]["span"]
    return span


def same_file(one: str, other: str) -> bool:
    """Whether two relative paths may mean the same file: they begin at different folders."""
    return f"/{one}".endswith(f"/{other}") or f"/{other}".endswith(f"/{one}")


def with_probes(text: str, functions: Sequence[RustFunction]) -> str:
    """The text of a file with a call at the beginning of each block of some functions.

    Lines stay what they are.
    """
    marks: list[tuple[int, int, str]] = []
    for row in functions:
        for at, block in enumerate(row.blocks):
            call = f" {MODULE}::hit({block.line}); "
            if block.end < 0:
                marks.append((block.start, at, call))
            else:
                marks += [(block.start, at, f"{{{call}"), (block.end, -at, " }")]
    for start, _, new in sorted(marks, reverse=True):
        text = text[:start] + new + text[start:]
    return text


def changing_fields(functions: Sequence[RustFunction], items: RustItems) -> tuple[str, ...] | None:
    """The fields that a method may change, as far as the file says them; None for what changes nothing."""
    if not any(row.receiver == "&mut self" for row in functions):
        return None
    owner = owner_name(functions[0].owner)
    return tuple(name for row in items.types if row.name == owner for name, _, _ in row.fields)[:MAX_FIELDS]


def _bare_variants(functions: Sequence[RustFunction], items: RustItems) -> list[str]:
    """The variants of an enum that a function gives, where nothing else shows them."""
    given = {row.returns for row in functions}
    return [
        f"{row.name}::{variant}" + (" { .. }" if fields else "")
        for row in items.types
        if {row.name} == given and row.kind == "enum" and not row.parameters and "Debug" not in row.derives
        for variant, fields in row.variants
    ]


def _function_text(
    number: int, call: ProposedCall, fields: Sequence[str] | None, variants: Sequence[str]
) -> str:
    lines = [f"    fn call_{number}() -> Row {{"]
    lines += [f"        {line}" for line in (*call.imports, *call.setup)]
    value = f'shown("matches", variant(&{call.call}).into(), "")' if variants else ""
    lines.append(f"        let assist_value = {value or f'(&&&&&&&hold({call.call})).show()'};")
    after = ", ".join(f'("{name}", (&&&&Seen(&{name})).show())' for name in changed_places(call, fields))
    lines.append(f"        Row(assist_value, std::vec![{after}])")
    return "\n".join([*lines, "    }", ""])


def changed_places(call: ProposedCall, fields: Sequence[str] | None) -> list[str]:
    """What a call may change: variables given with `&mut`, and its own object with the `fields`."""
    found = []
    for name in dict.fromkeys(name for line in call.setup for name in _VARIABLE.findall(line)):
        called = fields is not None and re.search(rf"\b{name}\.", call.call)
        if called or re.search(rf"&mut {name}\b", call.call):
            found.append(name)
        found += [f"{name}.{field}" for field in fields or ()] if called else []
    return found


def _run_calls(
    copy: ProjectCopy, built: BuiltCalls, numbers: Sequence[int], run: ObservingRun
) -> dict[int, Mapping[str, Any]]:
    """The rows of calls; after one that is late or ends the program, the others run in another."""
    words = [built.program, f"{MODULE}::observe", "--nocapture", "--test-threads=1"]
    return run_calls(copy, words, numbers, run, {"RUST_MIN_STACK": "8388608"})


def run_named_tests(copy: ProjectCopy, path: str, names: Sequence[str], limit: float) -> SandboxRun:
    """A run of tests by their names, in the target that a file belongs to."""
    words = _words(copy, target_of(copy.tree, path), "--message-format=json", "--", *names)
    return copy.run(words, limit, environ_of(copy))


def failing_lines(output: str, path: str) -> list[int]:
    """The lines of a file that errors of a build are about."""
    found = []
    for row in _messages(output):
        message = row.get("message", {})
        if row.get("reason") != "compiler-message" or message.get("level") != "error":
            continue
        outer = [_written_at(span) for span in message["spans"] if span["is_primary"]]
        found += [span["line_start"] for span in outer if same_file(span["file_name"], path)]
    return found
