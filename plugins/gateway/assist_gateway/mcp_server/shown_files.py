"""Which files of a folder an agent may be shown: those that its model may see, by the rules of everyone.

The agent's model is a provider. If the user names which one, it may see the classes of its `residency`. If
not, the strictest counts: what each provider that is defined may see, and if none is, text without a class of
its own. It makes no rule: `questions.outbound_files` and the policy judge.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from assist_context.files.folder_rules import FolderRules
from assist_escalation.errors import RefusedError
from assist_escalation.policy.permissions import Permissions
from assist_escalation.policy.settings import ANY
from assist_escalation.policy.verdict import Objection, Verdict, judge_reader
from assist_escalation.prompts import Origin, Prompt, Span
from assist_gateway.restricted_paths import rule_walk
from assist_server.config.config import Config
from assist_server.config.permissions import EffectivePermissions, effective_permissions
from assist_server.config.repository_file import NAME
from assist_server.questions.composition import file_rules
from assist_server.questions.outbound_files import SHOWING, rule_folders

READER = "the agent's model"
KEPT = "kept by policy"
_NONE: Mapping[str, str] = {}


def classes_of_reader(rules: EffectivePermissions, provider: str) -> tuple[str, ...]:
    """The classes of text that the agent's model may see. `provider` is its name, "" for an unknown one.

    Raises `RefusedError` for a provider that may not be used here.
    """
    allowed = rules.permissions.providers
    if provider and provider not in allowed:
        names = ", ".join(allowed) or "none is defined"
        raise RefusedError("policy", f"{provider} is not a provider that may be used here ({names}).")
    known = [allowed[provider]] if provider else list(allowed.values())
    if known:
        seen = [set(one.residency) for one in known]
        return tuple(sorted(set.intersection(*seen)))
    defaults = {author.default for author in rules.permissions.classes} - {""}
    lists = [layer.settings.residency for layer in rules.layers]
    return tuple(sorted(name for name in defaults if all(ANY in names or name in names for names in lists)))


def closed_reason(rules: EffectivePermissions) -> str:
    """Why nothing of a folder may be shown, or "".

    The user's own `mode` says what is sent from here; to whom an agent sends, its user has decided. Of
    everyone else, `never` closes the folder, as for ghost text; so does a file of rules that is not accepted.
    """
    closed = [
        layer.source for layer in rules.layers if layer.author != "user" and layer.settings.mode == "never"
    ]
    return f'nothing may leave from here: mode = "never" in {closed[0]}' if closed else ""


@dataclass(frozen=True, slots=True)
class _FolderJudge:
    """The rules of a folder and of further ones below it, read once: why all is closed, and who judges."""

    closed: str
    judge: Callable[[Prompt], Verdict]
    permissions: Permissions


class ShownFiles:
    """The rules of a folder at the time of one call. `asked` is the folder that the agent was let into."""

    def __init__(self, config: Config, root: str, provider: str = "", asked: str = "") -> None:
        self.root = root
        self._config = config
        self._provider = provider
        self._asked = asked or root
        self._rules = FolderRules(root)
        self._judges: dict[tuple[str, ...], _FolderJudge] = {}
        self._hidden: dict[str, bool] = {}
        self._own_rules: dict[str, tuple[str, ...]] = {"": ()}  # by folder: those below the root with rules

    @property
    def closed(self) -> str:
        """Why nothing may be shown at all, or ""."""
        return self._judge_in(()).closed

    @property
    def permissions(self) -> Permissions:
        """What may leave from the folder, for the redactor: it names the user's expressions."""
        return self._judge_in(()).permissions

    def hides(self, path: str) -> bool:
        """Whether a path is certainly kept: fast, without git and further names, as `reasons_to_keep` has."""
        if path not in self._hidden:
            self._hidden[path] = self._is_hidden(path)
        return self._hidden[path]

    def hide(self, paths: Collection[str]) -> None:
        """Let no line of these files be read from now on."""
        self._hidden |= dict.fromkeys(paths, True)

    def reasons_to_keep(self, paths: Collection[str], aliases: Mapping[str, str] = _NONE) -> dict[str, str]:
        """Why files may not be shown, in words with the rule, by path. This is what counts.

        Each file is judged by itself, as those of a question are together: by all of its names, every rule
        file on the way to it, what git ignores, and the policy.
        """
        wanted = dict.fromkeys(paths)
        if closed := self.closed:
            return dict.fromkeys(wanted, closed)
        files = rule_walk(self.root, wanted, file_rules(self._config), aliases)
        found = {path: file.barred for path, file in files.items() if file.barred}
        spans = {path: file.spans for path, file in files.items() if not file.barred}
        judge = self._judge_in(rule_folders([span for own in spans.values() for span in own])).judge
        for path, own in spans.items():
            verdict = judge(Prompt(SHOWING, own))
            if not verdict.allowed:
                found[path] = verdict.reasons[0]
        return found

    def _is_hidden(self, path: str) -> bool:
        if self._rules.exclusion_reason(path, by_git_rules=True) is not None:
            return True
        judge = self._judge_in(self._folders_with_rules(os.path.dirname(path)))
        verdict = judge.judge(Prompt(SHOWING, (Span("", Origin("file", path, self.root)),)))
        return bool(judge.closed) or not verdict.allowed

    def _folders_with_rules(self, folder: str) -> tuple[str, ...]:
        """The folders from below the root to this one that have a file of rules."""
        if folder not in self._own_rules:
            above = self._folders_with_rules(os.path.dirname(folder))
            full = os.path.join(self.root, folder)
            own = (full,) if os.path.lexists(os.path.join(full, NAME)) else ()
            self._own_rules[folder] = (*above, *own)
        return self._own_rules[folder]

    def _judge_in(self, folders: Sequence[str]) -> _FolderJudge:
        key = tuple(folders)
        if key not in self._judges:
            rules = effective_permissions(self._config, [self.root], [self._asked, *key])
            classes = classes_of_reader(rules, self._provider)
            allowed = rules.permissions
            closed = closed_reason(rules)

            def judge(prompt: Prompt) -> Verdict:
                if closed:
                    return Verdict((Objection(closed, "mode", "never"),), ())
                return judge_reader(prompt, allowed, READER, classes)

            self._judges[key] = _FolderJudge(closed, judge, allowed)
        return self._judges[key]
