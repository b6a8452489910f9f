"""The engine's port to a server: prompts become texts with their origins, which the gate judges.

It runs on the thread that owns the connection. Rules about files are remembered for some seconds, since a
prompt leaves at each pause in typing.
"""

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from assist_completion.engine.server_port import ServedPrompt
from assist_completion.errors import ServedError
from assist_context.documents import Context, Snippet, split_lines
from assist_context.pages import page_lines
from assist_context.regular_files import read_regular
from assist_escalation.egress.ghost_text import COMMAND, GhostTextSession
from assist_escalation.errors import EscalationError
from assist_escalation.gate.ghost_text.incremental_redaction import CursorTexts
from assist_escalation.policy.permissions import Permissions
from assist_escalation.policy.verdict import judge_ghost_text
from assist_escalation.prompts import HiddenPart, Origin, Prompt, Span
from assist_escalation.redaction.cut_pieces import hidden_parts
from assist_server.questions.outbound_files import (
    FileRules,
    barred_files,
    find_aliases,
    list_names,
    rule_folders,
)
from assist_server.team.session_server import SessionServer, cursor_texts
from assist_server.workspace.folders import WorkspaceFolder, find_folder

WorkspacePlace = tuple[str, str]  # a folder of the workspace, and a path in it

RULES_S = 5.0  # seconds for which rules about what may leave are remembered
REMEMBERED = 1_000  # verdicts on files
OPENED = 64  # files whose places are remembered


@dataclass(frozen=True, slots=True)
class TeamRules:
    """The rules for a prompt's files. `within` gives the permissions for files in some folders."""

    name: str
    folders: Callable[[], Sequence[WorkspaceFolder]]
    within: Callable[[Sequence[str]], Permissions]
    files: FileRules


class RememberedRules:
    """The answers of `TeamRules`, each remembered for `RULES_S`."""

    def __init__(self, rules: TeamRules) -> None:
        self._rules = rules
        self._permissions: OrderedDict[tuple[str, ...], tuple[float, Permissions]] = OrderedDict()
        self._reasons: OrderedDict[tuple[WorkspacePlace, str, tuple[str, ...]], tuple[float, str]] = (
            OrderedDict()
        )
        self._places: tuple[str, ...] = ()

    @property
    def folders(self) -> Sequence[WorkspaceFolder]:
        """The folders of the workspace as they are now."""
        return self._rules.folders()

    def apply_to(self, spans: Sequence[Span]) -> None:
        """Take the rules of all folders around the files of a prompt, from now on."""
        self._places = rule_folders(spans)

    def permissions(self) -> Permissions:
        """Return what may leave by these rules."""
        now = time.monotonic()
        reason = self._permissions.get(self._places)
        if reason is None or now - reason[0] > RULES_S:
            reason = (now, self._rules.within(self._places))
            self._permissions[self._places] = reason
            if len(self._permissions) > OPENED:
                self._permissions.popitem(last=False)
        return reason[1]

    def why_not(self, place: WorkspacePlace, alias: str = "") -> str:
        """Say why a file may not leave, by any of its names, or "". `alias` is how it was opened."""
        now = time.monotonic()
        key = (place, alias, self._places)
        permissions = self._reasons.get(key)
        if permissions is None or now - permissions[0] > RULES_S:
            permissions = (now, self._reason(place, alias))
            self._reasons[key] = permissions
            if len(self._reasons) > REMEMBERED:
                self._reasons.popitem(last=False)
        return permissions[1]

    def _reason(self, place: WorkspacePlace, alias: str) -> str:
        root, path = place
        rules = self._rules
        names = list_names({root: [path, *([alias] if alias else [])]}, rules.files)
        reasons = barred_files(names, [folder.root for folder in rules.folders()], rules.files)
        if reasons:
            return next(iter(reasons.values()))
        spans = tuple(Span("", Origin("file", name, root)) for name in filter(None, (path, alias)))
        others = find_aliases(COMMAND, names, reasons)
        prompt = Prompt(COMMAND, (*spans, *others.spans))
        verdict = judge_ghost_text(prompt, self.permissions(), rules.name)
        return "" if verdict.allowed else "; ".join(verdict.reasons)


@dataclass(frozen=True, slots=True)
class _OpenedText:
    """The place of a document, and its text around the cursor, shown in part by a prompt."""

    place: WorkspacePlace
    before: str = field(default="", repr=False)
    after: str = field(default="", repr=False)


class TeamServer(SessionServer):
    """A server of the team, as the token source sees it. `begin` makes the session for the first request.

    `constrains`: whether the server can be made to begin its answer with a given text. `files`: whether
    other files can be a part of its prompts.
    """

    def __init__(
        self, begin: Callable[[], GhostTextSession], rules: RememberedRules, *, constrains: bool, files: bool
    ) -> None:
        super().__init__(begin, self._texts_of, constrains=constrains)
        self._rules = rules
        self._files = files
        self._opened: OrderedDict[str, _OpenedText] = OrderedDict()  # by the path that prompts have
        self._hidden: OrderedDict[Snippet, tuple[HiddenPart, ...]] = OrderedDict()

    def admit(self, context: Context) -> Context:
        """The context without other files that may not leave. Raises `ServedError` if the file may not."""
        real = os.path.realpath(context.named) if context.named else ""
        folder = find_folder(self._rules.folders, real)
        if folder is None:
            raise ServedError("this document is not a file in a workspace folder", away=False)
        place = (folder.root, folder.relative(real))
        self._opened[context.path] = _OpenedText(place, context.before, context.after)
        self._opened.move_to_end(context.path)
        if len(self._opened) > OPENED:
            self._opened.popitem(last=False)
        snippets = [(snippet, self._place(snippet)) for snippet in context.snippets] if self._files else []
        places = [(snippet, at) for snippet, at in snippets if at is not None]
        spans = [Span("", Origin("file", at[1], at[0])) for at in (place, *(at for _, at in places))]
        try:
            self._rules.apply_to(spans[:1])
            if why := self._rules.why_not(place, folder.alias(context.named)):
                raise ServedError(why, away=False)
            self._rules.apply_to(spans)
            snippets_admitted = tuple(snippet for snippet, at in places if not self._rules.why_not(at))
        except EscalationError as error:
            raise ServedError(str(error), away=False) from None
        return replace(context, snippets=snippets_admitted)

    def _place(self, snippet: Snippet) -> WorkspacePlace | None:
        """Find where the file of a snippet is, None if that is not certain."""
        places = []
        for folder in self._rules.folders:
            inside = snippet.path.removeprefix(f"{folder.name}/") if folder.name else snippet.path
            if snippet.root in ("", folder.root) and (not folder.name or inside != snippet.path):
                places.append((folder.root, inside))
        there = [file for file in places if os.path.isfile(os.path.join(*file))]
        return there[0] if len(there) == 1 else None

    def _texts_of(self, prompt: ServedPrompt) -> CursorTexts:
        """The texts of a prompt, whose rules hold from now on."""
        plan = prompt.plan
        document = self._opened.get(plan.path, _OpenedText(("", plan.path)))
        root, path = document.place
        origin = Origin("file", path, root)
        files = []
        for snippet in plan.snippets if self._files else ():
            at = self._place(snippet) or ("", snippet.path)
            lines = (snippet.start_line, snippet.end_line, snippet.blob)
            files.append(
                Span(snippet.text, Origin("file", at[1], at[0], *lines), self._find_hidden(snippet, at))
            )
        texts = cursor_texts(prompt, origin, (document.before, document.after), files)
        self._rules.apply_to((*texts.files, texts.head))
        return texts

    def _find_hidden(self, snippet: Snippet, place: WorkspacePlace) -> tuple[HiddenPart, ...]:
        """The secrets in a snippet that the rest of its file shows."""
        places = self._hidden.get(snippet)
        if places is None:
            try:
                text = read_regular(Path(*place)).decode("utf-8-sig", "replace")
            except OSError:
                text = ""
            lines = page_lines(snippet.path, split_lines(text))
            places = hidden_parts(snippet.text, snippet.path, lines, [(snippet.start_line, snippet.end_line)])
            self._hidden[snippet] = places
            if len(self._hidden) > REMEMBERED:
                self._hidden.popitem(last=False)
        return places
