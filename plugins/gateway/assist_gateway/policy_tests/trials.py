"""Cases tried: whether the rules of a folder do what each case expects, and which rule did what.

Nothing is sent and nothing is written. The rules are those of the user's own settings for this folder.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from assist_escalation.errors import EscalationError
from assist_escalation.policy.path_globs import covers
from assist_escalation.policy.permissions import Permissions
from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.redaction.redactor import redact
from assist_gateway.policy_tests.cases import GHOST_TEXT, PolicyCase
from assist_gateway.policy_tests.file_judgements import (
    AskedUse,
    FileJudge,
    FileJudgement,
    RuleAgainst,
    files_below,
)
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.questions.composition import secret_values as values_of

MAX_FILES = 100_000  # of a workspace
LISTED = 100  # failures of one case that are kept; of the others the number

CaseOutcome = Literal["kept", "redacted", "leaves", "nothing"]


@dataclass(frozen=True, slots=True)
class CaseFailure:
    """What became of one file or of a text in place of what a case expects.

    `rule` and `places` are what decided it, in words, and where that is written.
    """

    found: CaseOutcome
    rule: str
    places: tuple[str, ...] = ()
    path: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case with the number of files that it is about and all failures. It holds if there is none."""

    case: PolicyCase
    files: int
    failures: tuple[CaseFailure, ...]

    @property
    def holds(self) -> bool:
        """Whether all is as expected."""
        return not self.failures


@dataclass(frozen=True)
class _Trial:
    """What the cases are tried on: the files of a folder, read once, and the values that are secret there."""

    config: Config
    judge: FileJudge

    @cached_property
    def files(self) -> list[str]:
        found = files_below(self.judge.root, MAX_FILES)
        if len(found) > MAX_FILES:
            raise UserError(f"{self.judge.root} has more than {MAX_FILES:,} files: name a smaller folder.")
        return found

    @cached_property
    def secret_values(self) -> Known:
        return values_of(self.config, self.permissions)

    @property
    def permissions(self) -> Permissions:
        return self.judge.effective.permissions


def try_cases(config: Config, judge: FileJudge, cases: Sequence[PolicyCase]) -> Iterator[CaseResult]:
    """The result of each case, in their order. Raises `UserError` for a folder that is too large."""
    trial = _Trial(config, judge)
    for case in cases:
        yield _try_text(case, trial) if case.text else _try_path(case, trial)


def notes_on(judge: FileJudge) -> Iterator[str]:
    """What makes cases hold without any rule about files, in words."""
    permissions = judge.effective.permissions
    if permissions.mode == "never":
        yield 'Nothing may leave this workspace (mode = "never"), so each case that expects `kept` holds.'
    elif not permissions.providers:
        yield "No provider may be used here, so each case that expects `kept` holds."


def _try_path(case: PolicyCase, trial: _Trial) -> CaseResult:
    if problem := _provider_problem(case, trial.permissions):
        return CaseResult(case, 0, (CaseFailure("nothing", problem),))
    paths = [path for path in trial.files if covers(case.path, path)]
    if not paths:
        return CaseResult(case, 0, (CaseFailure("nothing", "no file matches the glob"),))
    trial.judge.look_at(paths)
    may_be_used = trial.permissions.servers if case.command == GHOST_TEXT else trial.permissions.providers
    providers = [case.provider] if case.provider else list(may_be_used) or [""]
    failures: list[CaseFailure] = []
    for path in paths:
        found = [(name, trial.judge.judge(path, AskedUse(case.command, name))) for name in providers]
        failures += _failures(case, found)
    return CaseResult(case, len(paths), tuple(failures))


def _provider_problem(case: PolicyCase, permissions: Permissions) -> str:
    """What is wrong with the provider that a case names, in words, or "": a typo keeps all files here."""
    known = permissions.servers if case.command == GHOST_TEXT else permissions.providers
    if not case.provider or case.provider in known or case.rule.split()[:1] == ["provider"]:
        return ""
    words = ", ".join(known) or "none"
    return f'{case.provider} may not be used here (may be: {words}); if that is meant, say rule = "provider"'


def _failures(case: PolicyCase, found: Sequence[tuple[str, FileJudgement]]) -> Iterator[CaseFailure]:
    """What is not as a case expects of a file, for each provider."""
    for provider, judgement in found:
        against = judgement.against
        if case.expect == "leaves":
            for rule in against:
                yield CaseFailure("kept", _name_of(rule), rule.places, judgement.path, provider)
        elif not against:
            names = ", ".join(name for name, _ in judgement.classes)
            places = tuple(place for _, written in judgement.classes for place in written)
            yield CaseFailure("leaves", f"data_class {names}", places, judgement.path, provider)
        elif case.rule and not any(_is_meant(case.rule, rule.rule, rule.detail) for rule in against):
            for rule in against:
                yield CaseFailure("kept", _name_of(rule), rule.places, judgement.path, provider)


def _name_of(rule: RuleAgainst) -> str:
    """A rule by its kind and what it says; against a provider it can say several things, so in words."""
    named = f"{rule.rule} {rule.detail}".strip()
    return f"{named} ({rule.words})" if rule.rule == "provider" else named


def _is_meant(expected: str, rule: str, detail: str) -> bool:
    """Whether a case names this rule; without a detail, any of its kind.

    >>> _is_meant("deny", "deny", "infra/**"), _is_meant("deny docs/**", "deny", "infra/**")
    (True, False)
    """
    kind, _, said = expected.partition(" ")
    return kind == rule and said.strip() in ("", detail)


def _try_text(case: PolicyCase, trial: _Trial) -> CaseResult:
    """Whether redaction takes out of a text what the case says, wherever the text would be."""
    try:
        span = Span(case.text, Origin("user"))
        done = redact([span], trial.secret_values, trial.permissions.patterns, nonce=secrets.token_hex(6))
    except EscalationError as error:
        return CaseResult(case, 0, (CaseFailure("kept", str(error)),))
    types = [name for name, _ in done.found]
    outcome: CaseOutcome = "redacted" if types else "leaves"
    found = f"found: {', '.join(types)}" if types else "no detector and no pattern finds a secret"
    if outcome != case.expect:
        patterns = tuple(f"patterns in {source}" for source in trial.judge.deciding("patterns"))
        return CaseResult(case, 0, (CaseFailure(outcome, found, patterns),))
    if case.secret and case.secret in done.spans[0].text:
        return CaseResult(case, 0, (CaseFailure("leaves", f"the secret is left; {found}"),))
    if case.rule and case.rule.upper() not in types:
        return CaseResult(case, 0, (CaseFailure("redacted", found),))
    return CaseResult(case, 0, ())
