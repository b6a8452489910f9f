"""A probe of the rules: canaries planted in files of each kind, every way out used, every sent byte searched.

It says what left, and whether it may by the rules. All of it happens on this machine: the providers are
played by a recorder, with a made-up key, and what is written is in a temporary folder.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import Literal

from assist_escalation.policy.path_globs import covers
from assist_escalation.policy.permissions import Permissions
from assist_gateway.policy_tests.canaries import password
from assist_gateway.policy_tests.cases import GHOST_TEXT, PolicyCase
from assist_gateway.policy_tests.file_judgements import AskedUse, FileJudge
from assist_gateway.policy_tests.gateway_surface import NOT_INSTALLED, ProbedGateway, probed_gateway
from assist_gateway.policy_tests.probe_settings import (
    KEY,
    ProbePlace,
    differences,
    names_of_receivers,
    probe_config,
    without_price,
)
from assist_gateway.policy_tests.probe_workspace import (
    VARIABLE,
    CanaryFile,
    ProbeModel,
    ProbeWorkspace,
    make_workspace,
)
from assist_gateway.policy_tests.recorder import RecordedRequest, Recorder
from assist_gateway.policy_tests.surfaces import SurfaceDesk, SurfaceRun, surfaces_of
from assist_server.config.config import Config
from assist_server.config.permissions import effective_permissions
from assist_server.errors import UserError
from assist_server.workspace.index_update import open_folder, update_index

# What became of a file: its text stayed, was not among what was asked, left without its secrets, or left
# although it may not (`left`), or with one of its secrets (`secret`).
FileOutcome = Literal["kept", "unasked", "redacted", "left", "secret"]
_KEY_HEADERS = ("authorization", "x-api-key")
WORST: tuple[FileOutcome, ...] = ("unasked", "kept", "redacted", "left", "secret")


@dataclass(frozen=True, slots=True)
class ProbeFinding:
    """What became of one file in one use of a surface. `secrets` are the kinds of those that left.

    `place` is where its text was in a request of another tool.
    """

    surface: str
    receiver: str
    file: CanaryFile = field(repr=False)
    outcome: FileOutcome
    may_leave: bool
    secrets: tuple[str, ...] = ()
    rule: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class SilentSurface:
    """A surface that sent nothing, although the rules about files do not forbid it, and the cause."""

    surface: str
    receiver: str
    cause: str


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """All findings, how many requests were sent, how many secrets planted, and notes in words."""

    findings: tuple[ProbeFinding, ...]
    requests: int
    secrets: int
    silent: tuple[SilentSurface, ...]
    notes: tuple[str, ...]

    @property
    def leaks(self) -> tuple[ProbeFinding, ...]:
        """What left that should not."""
        return tuple(finding for finding in self.findings if finding.outcome in ("left", "secret"))


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """What became of the files of a kind, for one receiver: the worst by each surface."""

    receiver: str
    kind: str
    may_leave: bool
    outcomes: Mapping[str, FileOutcome]


def rows_of(report: ProbeReport) -> Iterator[ProbeRow]:
    """The findings by receiver and kind of file, in the order of the files."""
    found: dict[tuple[str, str], dict[str, FileOutcome]] = {}
    may_leave: dict[tuple[str, str], bool] = {}
    for finding in report.findings:
        key = (finding.receiver, finding.file.kind)
        outcomes = found.setdefault(key, {})
        known = outcomes.get(finding.surface, WORST[0])
        outcomes[finding.surface] = max(known, finding.outcome, key=WORST.index)
        may_leave[key] = may_leave.get(key, False) or finding.may_leave
    for (receiver, kind), outcomes in found.items():
        yield ProbeRow(receiver, kind, may_leave[receiver, kind], outcomes)


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """Which provider alone is probed, or "", what cases expect, and how many formats are planted, 0: all."""

    provider: str = ""
    cases: tuple[PolicyCase, ...] = ()
    formats: int = 0


ShowStep = Callable[[str], None]


async def probe(config: Config, root: str, options: ProbeOptions, show: ShowStep) -> ProbeReport:
    """Probe the rules of a resolved folder. Raises `UserError` where they cannot be made up elsewhere."""
    with tempfile.TemporaryDirectory(prefix="assist-probe-") as folder:
        async with Recorder() as recorder:
            show("planting canaries")
            desk = _make_desk(config, options, root, recorder, Path(folder))
            async with probed_gateway(desk.config, desk.workspace.root) as gateway:
                return await _use_all(desk, gateway, options, show)


@dataclass(frozen=True, slots=True)
class _ProbeDesk:
    """What a probe works with. `variables` are the values of the environment that it makes up."""

    config: Config
    workspace: ProbeWorkspace
    recorder: Recorder
    variables: Mapping[str, str]
    permissions: Permissions
    notes: tuple[str, ...]


def _make_desk(
    config: Config, options: ProbeOptions, root: str, recorder: Recorder, place: Path
) -> _ProbeDesk:
    """Plant the canaries below `place`, in a workspace with the rules of `root`, and index it."""
    chance = SystemRandom()
    variables = {KEY: f"probe-key-{chance.getrandbits(64):x}", VARIABLE: password(chance)}
    here = Path(os.path.realpath(place))
    made = probe_config(config, ProbePlace(here / "data", recorder.address, variables))
    mine = effective_permissions(config, [root], [root])
    model = ProbeModel(root, mine.repositories, _cases_to_keep(options.cases), options.formats)
    workspace = make_workspace(here / "workspace", model, made, chance)
    rules = effective_permissions(made, [workspace.root], [workspace.root]).permissions
    if wrong := differences(mine.permissions, rules):
        raise UserError(
            f"The rules of {root} ({', '.join(wrong)}) do not apply in a temporary folder: name the root of "
            "the repository with --workspace, or check `assist config show`."
        )
    update_index(made, open_folder(made, Path(workspace.root)), lambda *_: None)
    return _ProbeDesk(made, workspace, recorder, variables, rules, _notes(mine.permissions, workspace))


def _notes(permissions: Permissions, workspace: ProbeWorkspace) -> tuple[str, ...]:
    notes = list(workspace.notes)
    if permissions.mode == "never":
        notes.append('Nothing may leave this workspace: mode = "never".')
    if not permissions.providers:
        notes.append("No provider may be used here.")
    priced = without_price(permissions)
    notes += [
        f"{name} is asked only in this probe: its price is not known, so it would get no request."
        for name in priced
    ]
    if not workspace.has_git:
        notes.append("git is not installed, so `review` and `commit` were not tried.")
    return tuple(notes)


async def _use_all(
    desk: _ProbeDesk, gateway: ProbedGateway | None, options: ProbeOptions, show: ShowStep
) -> ProbeReport:
    """Use all surfaces one after the other, and look at what each of them sent."""
    permissions = desk.permissions
    if options.provider and options.provider not in permissions.providers:
        known = ", ".join(permissions.providers) or "none"
        raise UserError(f"{options.provider!r} may not be used here: choose from {known}.")
    providers = [options.provider] if options.provider else list(permissions.providers)
    server = "" if options.provider else permissions.ghost_server
    files = desk.workspace.files
    judge = FileJudge(desk.config, desk.workspace.root)
    judge.look_at([file.path for file in files])
    expected = _Expected(judge, files, _cases_to_keep(options.cases))
    findings: list[ProbeFinding] = []
    silent: dict[SilentSurface, None] = {}
    requests = 0
    uses = SurfaceDesk(desk.config, desk.workspace, permissions, gateway)
    runs = list(surfaces_of(uses, providers, server))
    for number, run in enumerate(runs, 1):
        show(f"{run.surface} by {run.receiver}, {number} of {len(runs)}")
        cause = await run.start()
        sent = desk.recorder.take()
        _check_key(sent, desk)
        requests += len(sent)
        if not sent and not (run.forbidden or (run.about and expected.reasons(run.about, run))):
            silent[SilentSurface(run.surface, run.receiver, cause)] = None
        findings += _findings(run, sent, expected)
    secrets = sum(len(file.secrets) for file in files)
    notes = desk.notes if gateway else (*desk.notes, NOT_INSTALLED)
    return ProbeReport(tuple(findings), requests, secrets, tuple(silent), notes)


def _check_key(sent: Sequence[RecordedRequest], desk: _ProbeDesk) -> None:
    """Raise `UserError` if a request has another key than the made-up one, or goes to another receiver."""
    names = names_of_receivers(desk.config)
    made_up = ("", desk.variables[KEY])
    for request in sent:
        keys = [value.removeprefix("Bearer ") for name, value in request.headers if name in _KEY_HEADERS]
        if any(key not in made_up for key in keys) or request.receiver >= len(names):
            raise UserError("A request had a key that the probe did not make up: this is a bug, tell us.")


def _cases_to_keep(cases: Sequence[PolicyCase]) -> tuple[PolicyCase, ...]:
    return tuple(case for case in cases if case.path and case.expect == "kept")


@dataclass(frozen=True, slots=True)
class _Expected:
    """What is expected of the files of a probe: by the rules, and by the cases of a team."""

    judge: FileJudge
    files: tuple[CanaryFile, ...]
    cases: tuple[PolicyCase, ...]

    def reasons(self, file: CanaryFile, run: SurfaceRun) -> str:
        """Why a file may not leave, in words, or ""."""
        judgement = self.judge.judge(file.path, AskedUse(run.command, run.receiver))
        by_rules = [rule.words for rule in judgement.against]
        by_cases = [
            f"case {case.number} expects it to be kept"
            for case in self.cases
            if case.provider in ("", run.receiver)
            and (case.command == GHOST_TEXT) <= (run.command == GHOST_TEXT)
            and covers(case.path, file.path)
        ]
        return "; ".join([*filter(None, (run.forbidden,)), *by_rules, *by_cases])


def _findings(
    run: SurfaceRun, sent: Sequence[RecordedRequest], expected: _Expected
) -> Iterator[ProbeFinding]:
    """What became of the file that a run is about, and of each that it should not have touched."""
    text = "\0".join(request.text for request in sent)
    for file in expected.files:
        rule = expected.reasons(file, run)
        found = tuple(dict.fromkeys(secret.kind for secret in file.secrets if secret.is_in(text)))
        outcome: FileOutcome = "kept" if rule else "unasked"
        if found:
            outcome = "secret"
        elif file.marker in text:
            outcome = "left" if rule else "redacted"
        is_asked = run.about is None or run.about is file or run.command == GHOST_TEXT
        if is_asked or outcome not in ("kept", "unasked"):
            yield ProbeFinding(run.surface, run.receiver, file, outcome, not rule, found, rule, run.place)
