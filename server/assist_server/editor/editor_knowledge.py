"""Members at a cursor, as the editor's other language servers know them: what may follow `cart.`.

They know types that nothing written near the cursor tells. The editor is asked while the model writes, so
that it costs a request nothing. What is not known for certain is unknown. It knows no protocol.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from assist_context.documents import Context, Cursor, MemberAccess, TextNames
from assist_server.editor.member_lists import AccessPlace, MemberList, find_place, refutes
from assist_server.workspace.documents import OpenDocument

# Seconds that a text which is ready waits for the answer: less than the 30 ms that the engine gives.
WAIT = 0.02
# Seconds since the request before, below which the user types fast: then a question waits for so long too.
FAST = 0.1
# Seconds in which the editor has to answer. Pyright took 2 to 56 ms for a list, and longer for the first one.
PATIENCE = 1.0
REST = 10.0  # seconds without questions after one without an answer
REMEMBERED = 8  # answers


@dataclass(frozen=True, slots=True)
class MembersQuestion:
    """A request for members after the dot before `at`, (line, units), in a version of an open document."""

    uri: str
    version: int
    at: tuple[int, int]


AskEditor = Callable[[MembersQuestion], Awaitable[MemberList | None]]


@dataclass(eq=False, slots=True)
class PendingQuestion:
    """A question on its way, with the number of requests that it is for; `sent` once the editor has it."""

    place: AccessPlace
    task: "asyncio.Task[None] | None" = None
    requests: int = 1
    sent: bool = False


class EditorKnowledge:
    """Owns the question that is on its way to the editor, and the last answers. Event loop only.

    `ask` is how the editor is asked, None if it cannot be; it has `patience` seconds for an answer. Nothing
    runs while no question is on its way.
    """

    def __init__(
        self,
        is_enabled: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        self.ask: AskEditor | None = None
        self.counts: Counter[str] = Counter()
        self._enabled = is_enabled
        self._clock = clock
        self._patience = patience
        self._known: OrderedDict[AccessPlace, MemberList | None] = OrderedDict()
        self._pending: PendingQuestion | None = None
        self._requested = -FAST  # when the last request came
        self._silent_until = 0.0
        self._waits = True  # whether a text waits for an answer: not for an editor that was late last time

    @property
    def state(self) -> str:
        """Return whether the editor is asked: "on", "off" by the setting, or "none": it cannot be."""
        return "none" if self.ask is None else "on" if self._enabled() else "off"

    def begin(self, document: OpenDocument, cursor: Cursor, context: Context) -> AccessPlace | None:
        """Ask about the dot before a cursor, unless its members are known. None if there is no dot."""
        now = self._clock()
        pause = FAST if now - self._requested < FAST else 0.0
        self._requested = now
        place_and_typed = find_place(document, context) if self.state == "on" else None
        if place_and_typed is None:
            return None
        place, prefix = place_and_typed
        if self._pending is not None and self._pending.place == place:
            self._pending.requests += 1
        elif place not in self._known and now >= self._silent_until:
            at = cursor.line, document.units(Cursor(cursor.line, cursor.column - prefix))
            self._begin(place, MembersQuestion(document.uri, document.version, at), pause)
        return place

    def cancel(self, place: AccessPlace | None) -> None:
        """A request was cancelled. So is its question, unless another one waits for the same."""
        if place is None or self._pending is None or self._pending.place != place:
            return
        self._pending.requests -= 1
        if not self._pending.requests:
            self._drop()

    def forget_others(self, uri: str) -> None:
        """This document changed: what was said of others may be different now."""
        for place in [place for place in self._known if place.uri != uri]:
            del self._known[place]

    def close(self) -> None:
        """Ask nothing more."""
        self.ask = None
        self._drop()

    async def refute(self, place: AccessPlace | None, names: TextNames) -> frozenset[MemberAccess]:
        """The accesses of a text at a dot whose members do not exist, as far as that is known in time."""
        if place is None:
            return frozenset()
        accesses = [access for access in names.accesses if place.follows(access.receiver)]
        member_list = await self._wait(place) if accesses else None
        if member_list is None:
            return frozenset()
        place_and_typed = frozenset(
            replace(access, by_editor=True) for access in accesses if refutes(place, member_list, access)
        )
        self.counts["editor-refuted"] += bool(place_and_typed)
        return place_and_typed

    async def _wait(self, place: AccessPlace) -> MemberList | None:
        pending = self._pending
        if pending is not None and pending.place == place and pending.sent and pending.task and self._waits:
            finished_tasks, _ = await asyncio.wait([pending.task], timeout=WAIT)
            if not finished_tasks:
                self._waits = False
                self.counts["editor-late"] += 1
        return self._known.get(place)

    def _begin(self, place: AccessPlace, question: MembersQuestion, pause: float) -> None:
        self._drop()
        pending = PendingQuestion(place)
        self._pending = pending
        pending.task = asyncio.create_task(self._find(pending, question, pause))

    def _drop(self) -> None:
        if self._pending is not None and self._pending.task is not None:
            self._pending.task.cancel()
        self._pending = None

    async def _find(self, pending: PendingQuestion, question: MembersQuestion, pause: float) -> None:
        """Ask, after a pause in seconds, and remember the answer."""
        if pause:
            await asyncio.sleep(pause)
        if self.ask is None:
            return
        pending.sent = True
        self.counts["editor-asked"] += 1
        try:
            async with asyncio.timeout(self._patience):
                answer = await self.ask(question)
        except TimeoutError:
            self._silent_until = self._clock() + REST
            self.counts["editor-silent"] += 1
            return
        finally:
            if self._pending is pending:
                self._pending = None
        self._known[pending.place] = answer
        self._waits = self._waits or answer is not None
        self.counts["editor-answered"] += 1
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
