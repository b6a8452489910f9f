"""The commands that test a team's rules: `policy test` tries cases, `policy probe` looks at what leaves."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assist_server.cli.flags import AsJson, WorkspaceOption, directory, example, settings
from assist_server.cli.output import emit, out, say
from assist_server.errors import RULES_FAILED

if TYPE_CHECKING:  # the rules of questions, which only these commands need
    from assist_server.policy_tests.cases import PolicyCase
    from assist_server.policy_tests.trials import CaseFailure, CaseResult

SHOWN = 3  # files of each kind of failure, in the output for people
WORDS = {"kept": "kept by ", "leaves": "leaves", "redacted": "redacted, ", "nothing": ""}

policy_app = typer.Typer(
    help="Test the rules about what may leave: by cases, and by looking at what does.",
    short_help="Test the rules about what may leave.",
    epilog=example("assist policy test", "assist policy test --workspace ~/src/shop --json"),
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.add_typer(policy_app, name="policy")


@policy_app.callback()
def policy() -> None:
    """Test the rules about what may leave: by cases, and by looking at what does."""


@policy_app.command(
    "test",
    short_help="Try the cases of .assist-policy-tests.toml.",
    epilog=example(
        "assist policy test",
        "assist policy test --cases ci/policy-tests.toml",
        "assist policy test --workspace ~/src/shop --json",
    ),
)
def try_policy(
    cases: Annotated[
        Path | None,
        typer.Option(
            "--cases",
            metavar="FILE",
            help="The file of cases. Without it: .assist-policy-tests.toml in the workspace.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = Path(),
    as_json: AsJson = False,
) -> None:
    """Try cases against the rules that hold here: of the organisation, the user and the repository.

    A case says which files are kept or leave, by which provider, or that a text is redacted. Nothing is sent.
    The exit code is 0 if all hold, 4 if one does not, and 1 if the file of cases is wrong.
    """
    from assist_server.policy_tests.cases import NAME, read_cases  # noqa: PLC0415
    from assist_server.policy_tests.file_judgements import FileJudge  # noqa: PLC0415
    from assist_server.policy_tests.trials import notes_on, try_cases  # noqa: PLC0415

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
    out(f"{held} of {len(results)} hold.")


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
    from assist_server.policy_tests.trials import LISTED  # noqa: PLC0415

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
