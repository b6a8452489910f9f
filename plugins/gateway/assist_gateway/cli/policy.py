"""The commands that test a team's rules: `policy test` tries cases, `policy probe` looks at what leaves."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assist_server.cli.flags import AsJson, Offline, WorkspaceOption, directory, example, option, settings
from assist_server.cli.output import emit, end_passing, out, say, show_passing
from assist_server.errors import RULES_FAILED, UserError

if TYPE_CHECKING:  # the rules of questions, which only these commands need
    from assist_gateway.policy_tests.cases import PolicyCase
    from assist_gateway.policy_tests.probe import ProbeFinding, ProbeReport, ProbeRow
    from assist_gateway.policy_tests.trials import CaseFailure, CaseResult

SHOWN = 3  # files of each kind of failure, in the output for people
OUTCOMES = {
    "secret": "LEFT WITH A SECRET",
    "left": "LEFT",
    "redacted": "sent, secrets redacted",
    "kept": "kept",
    "unasked": "not shown",
}
WORDS = {"kept": "kept by ", "leaves": "leaves", "redacted": "redacted, ", "nothing": ""}

policy_app = typer.Typer(
    help="Test the rules for what may leave this machine, with your test cases and with fake secrets.",
    short_help="Test the rules for what may leave the machine.",
    epilog=example("assist policy test", "assist policy probe --workspace ~/src/shop"),
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.add_typer(policy_app, name="policy")


@policy_app.callback()
def policy() -> None:
    """Test the rules for what may leave this machine, with your test cases and with fake secrets."""


CasesOption = Annotated[
    Path | None,
    option("--cases", "FILE", "The file of test cases. Default: .assist-policy-tests.toml in the workspace."),
]


@policy_app.command(
    "test",
    short_help="Run the test cases in .assist-policy-tests.toml.",
    epilog=example(
        "assist policy test",
        "assist policy test --cases ci/policy-tests.toml",
        "assist policy test --workspace ~/src/shop --json",
    ),
)
def try_policy(
    cases: CasesOption = None,
    workspace: WorkspaceOption = Path(),
    as_json: AsJson = False,
) -> None:
    """Run test cases against the rules of the organisation, the user and the repository.

    A case says that files must stay on this machine, that they may be sent to a provider, or that a text
    must be redacted. Nothing is sent. The exit code is 0 if all cases pass, 4 if one fails, and 1 if the file
    of cases is invalid.
    """
    from assist_gateway.policy_tests.cases import NAME, read_cases  # noqa: PLC0415
    from assist_gateway.policy_tests.file_judgements import FileJudge  # noqa: PLC0415
    from assist_gateway.policy_tests.trials import notes_on, try_cases  # noqa: PLC0415

    config = settings()
    root = directory(workspace)
    expected = read_cases(cases.absolute() if cases else root / NAME)
    judge = FileJudge(config, os.path.realpath(root))
    for problem in judge.effective.problems:
        say(f"assist: {problem}")
    results = list(try_cases(config, judge, expected))
    notes = list(notes_on(judge))
    for note in notes:
        say(f"assist: {note}")
    failed = [result for result in results if not result.holds]
    if as_json:
        documents = [_case_document(result) for result in results]
        emit({"cases": documents, "held": len(results) - len(failed), "failed": len(failed), "notes": notes})
    else:
        _show(results, failed)
    if failed:
        raise typer.Exit(RULES_FAILED)


@policy_app.command(
    "probe",
    short_help="Check what would be sent, with fake secrets.",
    epilog=example("assist policy probe", "assist policy probe --provider eu-azure --json"),
)
def probe_policy(
    cases: CasesOption = None,
    provider: Annotated[str, option("--provider", "NAME", "Probe only this provider.")] = "",
    workspace: WorkspaceOption = Path(),
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Create a temporary workspace with your rules and fake secrets, send requests, and look for leaks.

    It sends requests of every kind. A server on this machine replaces each provider, so nothing leaves this
    machine, and no key is used. Each test case that expects files to be kept also gets a file with a fake
    secret. The exit code is 4 if something was sent that should not have been.
    """
    from assist_gateway.policy_tests.cases import NAME, read_cases  # noqa: PLC0415
    from assist_gateway.policy_tests.probe import ProbeOptions, probe  # noqa: PLC0415

    config = settings(offline=offline)
    if config.offline:
        raise UserError("A probe asks a server on this machine: leave out --offline and ASSIST_OFFLINE.")
    root = directory(workspace)
    file = cases.absolute() if cases else root / NAME
    expected = read_cases(file) if cases or file.exists() else ()
    options = ProbeOptions(provider, expected)
    report = asyncio.run(probe(config, os.path.realpath(root), options, show_passing))
    end_passing()
    for note in report.notes:
        say(f"assist: {note}")
    if as_json:
        emit(_probe_document(report))
    else:
        _show_probe(report)
    if report.leaks:
        raise typer.Exit(RULES_FAILED)


def _show_probe(report: "ProbeReport") -> None:
    from assist_gateway.policy_tests.probe import rows_of  # noqa: PLC0415
    from assist_server.cli.terminal.tables import Column, table  # noqa: PLC0415  (rich)

    rows = list(rows_of(report))
    for receiver in dict.fromkeys(row.receiver for row in rows):
        out(f"What {receiver} was sent:")
        columns = (Column("file"), Column("may leave"), Column("what became of it"))
        own = [row for row in rows if row.receiver == receiver]
        table(columns, [(row.kind, "yes" if row.may_leave else "no", _row_words(row)) for row in own])
        out("")
    for silent in report.silent:
        out(f"{silent.surface} sent nothing to {silent.receiver}: {silent.cause or 'nothing was found'}")
    leaks: dict[str, list[str]] = defaultdict(list)
    for leak in report.leaks:
        leaks[_leak_words(leak)].append(f"{leak.surface}, {leak.place}" if leak.place else leak.surface)
    for words, surfaces in leaks.items():
        out(f"LEFT by {'; '.join(dict.fromkeys(surfaces))}: {words}")
    if not report.requests:
        out("No request was sent: the rules do not allow any.")
        return
    what = f"{len(report.leaks)} leaks" if report.leaks else "No leaks"
    out(f"{what} in {report.requests:,} requests with {report.secrets:,} made-up secrets.")


def _row_words(row: "ProbeRow") -> str:
    """The outcomes with their surfaces; of those with one outcome alone, the outcome.

    >>> from assist_gateway.policy_tests.probe import ProbeRow
    >>> _row_words(ProbeRow("eu", "file", True, {"ask": "redacted", "fix": "unasked"}))
    'sent, secrets redacted: ask; not shown: fix'
    """
    surfaces: dict[str, list[str]] = defaultdict(list)
    for surface, outcome in row.outcomes.items():
        surfaces[outcome].append(surface)
    words = {outcome: OUTCOMES[outcome] for outcome in OUTCOMES if outcome in surfaces}
    if len(words) == 1:
        return f"{next(iter(words.values()))}"
    return "; ".join(f"{word}: {', '.join(surfaces[outcome])}" for outcome, word in words.items())


def _leak_words(leak: "ProbeFinding") -> str:
    """A leak with its file, and the rule against it or the kind of the secret."""
    what = f"a secret ({', '.join(leak.secrets)})" if leak.secrets else "text"
    why = f", although {leak.rule}" if leak.rule else ""
    return f"{what} of {leak.file.path} to {leak.receiver}{why}"


def _probe_document(report: "ProbeReport") -> dict[str, Any]:
    from assist_gateway.policy_tests.probe import rows_of  # noqa: PLC0415

    return {
        "rows": [asdict(row) for row in rows_of(report)],
        "leaks": [
            {
                "surface": leak.surface,
                "place": leak.place,
                "receiver": leak.receiver,
                "path": leak.file.path,
                "kind": leak.file.kind,
                "secrets": list(leak.secrets),
                "rule": leak.rule,
            }
            for leak in report.leaks
        ],
        "requests": report.requests,
        "secrets": report.secrets,
        "silent": [asdict(silent) for silent in report.silent],
        "notes": list(report.notes),
    }


def _show(results: Sequence["CaseResult"], failed: Sequence["CaseResult"]) -> None:
    from assist_server.cli.terminal.tables import Column, table  # noqa: PLC0415  (rich)

    columns = (Column("case"), Column("expected"), Column("files", number=True), Column("result"))
    rows = [
        (
            f"{result.case.number} {result.case.title}",
            _expectation(result.case),
            f"{result.files:,}" if result.case.path else "",
            "holds" if result.holds else "FAILED",
        )
        for result in results
    ]
    table(columns, rows)
    for result in failed:
        out("")
        out(f"case {result.case.number}, {result.case.title}: expected {_expectation(result.case)}")
        for line in _failure_lines(result):
            out(f"  {line}")
    out("")
    held = len(results) - len(failed)
    out(f"{held} of {len(results)} cases hold.")


def _expectation(case: "PolicyCase") -> str:
    """What a case expects, in words."""
    whom = f" from {case.provider}" if case.provider and case.expect == "kept" else ""
    whom = f" to {case.provider}" if case.provider and case.expect == "leaves" else whom
    why = f" by {case.rule}" if case.rule else ""
    return f"{case.expect}{whom}{why}"


def _failure_lines(result: "CaseResult") -> Iterator[str]:
    """Each kind of failure, with some of its files, the rule that decided, and where it is written."""
    kinds: dict[tuple[str, str, tuple[str, ...]], list[CaseFailure]] = defaultdict(list)
    for failure in result.failures:
        kinds[failure.found, failure.rule, failure.places].append(failure)
    for (found, rule, places), failures in kinds.items():
        paths = list(dict.fromkeys(failure.path for failure in failures if failure.path))
        names = list(dict.fromkeys(failure.provider for failure in failures if failure.provider))
        more = f" and {len(paths) - SHOWN:,} more" if len(paths) > SHOWN else ""
        files = f"{', '.join(paths[:SHOWN])}{more}: " if paths else ""
        whom = f" to {', '.join(names)}, " if names else ", "
        yield f"{files}{WORDS[found]}{whom if found == 'leaves' else ''}{rule}"
        yield from (f"  {place}" for place in places)


def _case_document(result: "CaseResult") -> dict[str, Any]:
    from assist_gateway.policy_tests.trials import LISTED  # noqa: PLC0415

    case = result.case
    said = {"path": case.path, "provider": case.provider, "command": case.command} if case.path else {}
    failures = [
        {
            **({"path": failure.path, "provider": failure.provider} if failure.path else {}),
            "found": failure.found,
            "rule": failure.rule,
            "written_in": list(failure.places),
        }
        for failure in result.failures[:LISTED]
    ]
    return {
        "case": case.number,
        "name": case.title,
        **said,
        "expect": case.expect,
        "rule": case.rule,
        "files": result.files,
        "holds": result.holds,
        "failures": failures,
        "more_failures": max(0, len(result.failures) - LISTED),
    }
