"""The engine's port to a server: prompts become texts with their origins, which the gate judges.

It runs on the thread that owns the connection. Rules about files are remembered for some seconds, since a
prompt leaves at each pause in typing.
"""

import os
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from assist_completion.errors import ServedError
from assist_completion.prompt.layout import Plan
from assist_completion.served.port import ServedPiece, ServedPrompt
from assist_context.documents import Context, Snippet
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate.ghost_text.incremental_redaction import CursorTexts
from assist_escalation.gate.ghost_text.session import COMMAND, GhostTextSession
from assist_escalation.policy.permissions import Permissions
from assist_escalation.policy.verdict import judge_ghost_text
from assist_escalation.prompts import Origin, Prompt, Span
from assist_escalation.provider.failures import Fault
from assist_server.questions.leaving.file_names import FileRules, barred_files, names_of
from assist_server.workspace.folders import WorkspaceFolder

RULES_S = 5.0  # seconds for which rules about what may leave are remembered
# The server was not asked, or refused this text alone: it may be well for all others.
_UNASKED = ("refused", "context-length", "content-filter", "offline")


@dataclass(frozen=True, slots=True)
class TeamRules:
    """What is asked about a prompt's files. `within` gives the permissions for files in some folders."""

    name: str
    folders: Callable[[], Sequence[WorkspaceFolder]]
    within: Callable[[Sequence[str]], Permissions]
    files: FileRules


class RememberedRules:
    """The answers of `TeamRules`, each remembered for `RULES_S`."""

    def __init__(self, rules: TeamRules) -> None:
        self._rules = rules
        self._permissions: dict[tuple[str, ...], tuple[float, Permissions]] = {}
        self._reasons: dict[tuple[str, str], tuple[float, str]] = {}
        self.places: tuple[str, ...] = ()  # the folders of the prompt that is being made

    def permissions(self) -> Permissions:
        """What may leave from the places of the prompt."""
        now = time.monotonic()
        known = self._permissions.get(self.places)
        if known is None or now - known[0] > RULES_S:
            known = (now, self._rules.within(self.places))
            self._permissions = {self.places: known}
        return known[1]

    def locate(self, path: str) -> tuple[str, str] | None:
        """The folder of a file that prompts call by `path`, and its path there."""
        for folder in self._rules.folders():
            if os.path.isabs(path):
                if folder.holds(real := os.path.realpath(path)):
                    return folder.root, folder.relative(real)
            elif not folder.name:
                return folder.root, path
            elif path.startswith(f"{folder.name}/"):
                return folder.root, path.removeprefix(f"{folder.name}/")
        return None

    def why_not(self, root: str, path: str) -> str:
        """Why a file may not leave, in words, or ""."""
        now = time.monotonic()
        known = self._reasons.get((root, path))
        if known is None or now - known[0] > RULES_S:
            if len(self._reasons) > 1_000:
                self._reasons.clear()
            known = (now, self._reason(root, path))
            self._reasons[root, path] = known
        return known[1]

    def _reason(self, root: str, path: str) -> str:
        roots = [folder.root for folder in self._rules.folders()]
        barred = barred_files(names_of({root: [path]}, self._rules.files), roots, self._rules.files)
        if barred:
            return next(iter(barred.values()))
        span = Span("", Origin("file", path, root))
        verdict = judge_ghost_text(Prompt(COMMAND, (span,)), self.permissions(), self._rules.name)
        return "" if verdict.allowed else "; ".join(verdict.reasons)


class TeamServer:
    """A server of the team, as the token source sees it. `begin` makes the session for the first request."""

    def __init__(
        self, begin: Callable[[], GhostTextSession], rules: RememberedRules, *, constrains: bool
    ) -> None:
        self._begin = begin
        self._session: GhostTextSession | None = None
        self._rules = rules
        self._constrains = constrains

    @property
    def constrains(self) -> bool:
        """Whether the server can be made to begin its answer with a given text."""
        return self._constrains

    def admit(self, context: Context) -> Context:
        """The context without other files that may not leave. Raises `ServedError` if the file may not."""
        place = self._rules.locate(context.path)
        if place is None:
            raise ServedError("this file is in no folder of the workspace", away=False)
        self._rules.places = (os.path.dirname(os.path.join(*place)),)
        try:
            if why := self._rules.why_not(*place):
                raise ServedError(why, away=False)
            snippets = tuple(each for each in context.snippets if self._admits(each))
        except EscalationError as error:
            raise ServedError(str(error), away=False) from None
        return replace(context, snippets=snippets)

    async def complete(self, prompt: ServedPrompt) -> AsyncGenerator[ServedPiece, None]:
        """The answer piece by piece. Raises `ServedError`."""
        texts = self._texts(prompt.plan, prompt.need)
        line_ended = False
        counts = (0, 0)
        try:
            self._session = self._session or self._begin()
            answer = self._session.complete(texts, prompt.most, one_line=prompt.one_line)
            async with aclosing(answer) as pieces:
                async for piece in pieces:
                    line_ended = line_ended or piece.end == "line"
                    counts = (max(counts[0], piece.prompt), max(counts[1], piece.cached))
                    ended = piece.end == "stop"
                    yield ServedPiece(piece.text, piece.chance, ended, *counts, piece.likely)
            if line_ended:  # the end of the line is not in the answer; what is counted may come after it
                yield ServedPiece("\n", 0.0, False, *counts)
        except Fault as fault:
            raise ServedError(str(fault), away=fault.kind not in _UNASKED) from None
        except RefusedError as error:
            raise ServedError(str(error), away=False) from None
        except EscalationError as error:  # the log or the ledger: nothing may leave until that is repaired
            raise ServedError(str(error), away=True) from None

    def rest(self) -> None:
        """Write down what was sent so far."""
        if self._session is not None:
            self._session.roll()

    async def close(self) -> None:
        """End the connections, and write down what was sent."""
        if self._session is not None:
            await self._session.close()

    def _admits(self, snippet: Snippet) -> bool:
        place = self._place(snippet)
        return place is not None and not self._rules.why_not(*place)

    def _place(self, snippet: Snippet) -> tuple[str, str] | None:
        found = self._rules.locate(snippet.path)
        return found if found is None or snippet.root in ("", found[0]) else None

    def _texts(self, plan: Plan, need: str) -> CursorTexts:
        root, path = self._rules.locate(plan.path) or ("", plan.path)
        origin = Origin("file", path, root)
        files = []
        for each in plan.snippets:
            at = self._place(each) or ("", each.path)
            lines = (each.start_line, each.end_line, each.blob)
            files.append(Span(each.text, Origin("file", at[1], at[0], *lines)))
        return CursorTexts(
            tuple(files),
            Span(plan.far + plan.head, origin),
            Span(plan.typed, origin),
            need,
            Span(plan.suffix, origin),
        )
