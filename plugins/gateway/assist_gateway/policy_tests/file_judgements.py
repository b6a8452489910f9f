"""What the rules say of single files of a workspace: the same functions are asked as for each question.

First the rules about files (the built-in list, ignore files, git), by all names of a file, then the policy
with the rule files of all folders around it. This module makes no rule, sends nothing, and reads no content
of a file but of rule files.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assist_context.files.exclusions import BUILT_IN, BY_RULES, IGNORED_BY_GIT, why_excluded
from assist_escalation.errors import EscalationError
from assist_escalation.policy.permissions import Permissions, sources
from assist_escalation.policy.verdict import (
    Objection,
    RuleText,
    Verdict,
    find_marks,
    judge,
    judge_ghost_text,
    judge_tool_texts,
)
from assist_escalation.prompts import Prompt, Span
from assist_gateway.policy_tests.cases import GATEWAY, GHOST_TEXT
from assist_gateway.restricted_paths import RuledFile, rule_walk
from assist_server.config.config import Config
from assist_server.config.permissions import EffectivePermissions, effective_permissions
from assist_server.questions.composition import file_rules
from assist_server.questions.outbound_files import rule_folders

# Where `permissions.sources` has who decides what holds for a whole request.
_DECIDED_BY = {
    "mode": "mode",
    "always_local": "always_local",
    "provider": "providers",
    "residency": "providers",
    "ghost_text": "ghost_text",
}
_CARRIED_BY = {"ghost_text": "mode"}  # who forbids all by the mode forbids this too


@dataclass(frozen=True, slots=True)
class RuleAgainst:
    """A rule that keeps a file here: its kind, what it says, and the places where it is written."""

    rule: str
    detail: str
    places: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class FileJudgement:
    """What keeps a file from a provider; nothing, if it may leave. Then `classes` says what it is."""

    path: str
    against: tuple[RuleAgainst, ...]
    classes: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class AskedUse:
    """A use of files: by which command, `GHOST_TEXT` or `GATEWAY`, and by which provider or server."""

    command: str
    provider: str


@dataclass(slots=True)
class FileJudge:
    """The rules for the files of a resolved folder. What it read once, it does not read again."""

    config: Config
    root: str
    _effective: dict[tuple[str, ...], EffectivePermissions] = field(default_factory=dict)
    _sources: dict[int, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    _files: dict[str, RuledFile] = field(default_factory=dict)
    _places: dict[RuleText, str] = field(default_factory=dict)

    @property
    def effective(self) -> EffectivePermissions:
        """What may leave from the folder itself."""
        return self._rules_of(())

    def look_at(self, paths: Sequence[str]) -> None:
        """Ask the rules about these files, at once: git is a process."""
        new = [path for path in paths if path not in self._files]
        self._files |= rule_walk(self.root, new, file_rules(self.config))

    def judge(self, path: str, use: AskedUse) -> FileJudgement:
        """What the rules say of one of these files."""
        spans = self._files[path].spans
        effective = self._rules_of(rule_folders(spans))
        found = effective.permissions
        verdict = _verdict(Prompt(use.command, spans), found, use)
        by_policy = [self._rule_against(objection, effective) for objection in verdict.objections]
        listed = any(rule.rule == "built-in" for rule in by_policy)  # once is enough
        against = [rule for rule in self._barring(path) if not (listed and rule.rule == "built-in")]
        against += by_policy
        return FileJudgement(path, tuple(against), () if against else self._classes(spans[0], found))

    def _rules_of(self, folders: tuple[str, ...]) -> EffectivePermissions:
        if folders not in self._effective:
            self._effective[folders] = effective_permissions(self.config, [self.root], [self.root, *folders])
        return self._effective[folders]

    def _barring(self, path: str) -> Iterator[RuleAgainst]:
        """The rule about files that keeps this one here."""
        words = self._files[path].barred
        if not words:
            return
        if words.endswith(BUILT_IN):
            yield RuleAgainst("built-in", "", ("assist itself",), words)
        elif words.endswith(IGNORED_BY_GIT):
            yield RuleAgainst("ignored", "git", (self._ignoring(path),), words)
        elif BY_RULES in words:
            name = words.rpartition(BY_RULES)[2]
            yield RuleAgainst("ignored", name, (self._ignoring(path),), words)
        else:
            yield RuleAgainst("place", "", (), words)

    def _ignoring(self, path: str) -> str:
        """The rule of an ignore file and its line, as far as it is in the repository."""
        return why_excluded(self.root, path).rpartition(BY_RULES)[2] or "git's own settings"

    def deciding(self, name: str) -> tuple[str, ...]:
        """The files of settings that decide a field of the folder's permissions."""
        return self._sources_of(self.effective)[name]

    def _sources_of(self, effective: EffectivePermissions) -> Mapping[str, tuple[str, ...]]:
        if id(effective) not in self._sources:
            self._sources[id(effective)] = sources(effective.layers)
        return self._sources[id(effective)]

    def _rule_against(self, objection: Objection, effective: EffectivePermissions) -> RuleAgainst:
        places = self._places_of(objection.written)
        if objection.rule in _DECIDED_BY:
            deciding = self._sources_of(effective)
            places = deciding[_DECIDED_BY[objection.rule]]
            places = places or deciding.get(_CARRIED_BY.get(objection.rule, ""), ())
        if objection.rule == "built-in":
            places = ("assist itself",)
        return RuleAgainst(objection.rule, objection.detail, places, objection.words)

    def _classes(self, span: Span, permissions: Permissions) -> tuple[tuple[str, tuple[str, ...]], ...]:
        try:
            marks = find_marks(span, permissions)
        except EscalationError:
            return ()
        return tuple((name, self._places_of(written)) for name, written in marks.items())

    def _places_of(self, rules: Sequence[RuleText]) -> tuple[str, ...]:
        self._places |= {rule: place_of(rule) for rule in rules if rule not in self._places}
        return tuple(self._places[rule] for rule in rules)


def _verdict(prompt: Prompt, permissions: Permissions, use: AskedUse) -> Verdict:
    if use.command == GHOST_TEXT:
        return judge_ghost_text(prompt, permissions, use.provider)
    if use.command == GATEWAY:
        return judge_tool_texts(prompt.spans, permissions, use.provider)
    return judge(prompt, permissions, use.provider)


def place_of(written: RuleText) -> str:
    """Where a rule is written: what it says, the file, and its line if it is found there."""
    text, source = written
    line = _line_of(text, source)
    return f"{text} in {source}{f':{line}' if line else ''}"


def _line_of(text: str, source: str) -> int:
    """The first line of a file of settings that has a text; 0 for none."""
    try:
        with open(source, encoding="utf-8", errors="replace") as file:
            return next((number for number, line in enumerate(file, 1) if text in line), 0)
    except OSError:  # no file, such as the settings of an editor
        return 0


def files_below(root: str, most: int) -> list[str]:
    """The files below a folder, by their paths with "/", without git's own; at most so many and one more."""
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name != ".git")
        inside = os.path.relpath(folder, root).replace(os.sep, "/")
        found += [name if inside == "." else f"{inside}/{name}" for name in sorted(names)]
        if len(found) > most:
            return found[: most + 1]
    return found
