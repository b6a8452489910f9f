"""The editor of a replay: plays a trace with a policy, shows its ghost text, and logs what happened when.

The same code runs in real time and on a virtual clock: all time comes from the event loop. It does not know
how a policy finds its answers.
"""

import asyncio
from dataclasses import dataclass, field, replace

from bench.typing.policy import DocumentEdit, DocumentView, Policy, PolicyAnswer, Totals
from bench.typing.typist import Progress, Trace, TypingEvent, line_end

SAMPLE = 2.0  # seconds between two samples of the tokens read
LAST = 10.0  # seconds to wait for the answer to the last key
WORTH = 4  # characters: a typist does not press Tab for less


@dataclass(slots=True)
class TimedRequest:
    """One request: the time of its key, the time of its answer (None: dropped), and the answer."""

    key: float
    cold: bool
    answered: float | None = None
    answer: PolicyAnswer | None = None
    until: float = 0.0  # after this time no answer could come: the next jump, or the end


@dataclass(slots=True)
class ReplayLog:
    """Everything that one policy did with one trace. Times in seconds of the event loop."""

    policy: str
    trace: str
    asked: list[TimedRequest] = field(default_factory=list)
    shown: list[tuple[float, str, bool]] = field(default_factory=list)  # time, text, all of it right
    flicker: int = 0
    accepted: int = 0
    dismissed: int = 0
    kept: int = 0
    wanted: int = 0
    shown_tokens: int = 0
    seconds: float = 0.0
    totals: Totals = field(default_factory=Totals)
    read: list[tuple[float, int]] = field(default_factory=list)  # seconds since the start, tokens
    final: str = ""


class Screen:
    """One document, one cursor, at most one ghost text, at most one running request."""

    def __init__(self, policy: Policy, trace: Trace) -> None:
        self.policy = policy
        self.trace = trace
        self.log = ReplayLog(policy.name, trace.name)
        self.view = DocumentView(trace.path, trace.start, "")
        self.ghost = ""
        self._answer = PolicyAnswer()
        self._task: asyncio.Task[None] | None = None
        self._typed = Progress("")
        self._cold = False

    async def play(self) -> ReplayLog:
        """Open the policy's server, play the whole trace, close the server."""
        loop = asyncio.get_running_loop()
        await self.policy.open(self.view)
        try:
            before = await self.policy.totals()
            start = loop.time()
            sampler = asyncio.create_task(self._sample(start, before.evaluated))
            due = start
            for visit in self.trace.visits:
                self._typed = Progress(visit.text)
                due = await self._visit(visit.line, visit.events, due)
                self.log.kept += len(self._typed.kept)
                self.log.wanted += len(visit.text)
            await self._settle()
            self.log.seconds = loop.time() - start
            sampler.cancel()
            self.log.totals = _difference(before, await self.policy.totals())
        finally:
            await self.policy.close()
        self.log.final = self.view.before + self.view.after
        return self.log

    async def _visit(self, line: int, events: tuple[TypingEvent, ...], due: float) -> float:
        """Play the events of one visit, and return when the next may begin.

        Keys of accepted text are skipped.
        """
        loop = asyncio.get_running_loop()
        due = max(due, loop.time())
        for event in events:
            if event.kind != "jump" and event.at < self._typed.at:
                continue
            due += event.gap
            await asyncio.sleep(max(0.0, due - loop.time()))
            match event.kind:
                case "jump":
                    self._jump(line)
                case "look":
                    self._look()
                case "back":
                    self._replace(1, "")
                    self._typed.wrong = ""
                case "slip":
                    self._typed.wrong = event.text
                    self._replace(0, event.text)
                case "key":
                    self._typed.at += len(event.text)
                    self._replace(0, event.text)
        return due

    async def _sample(self, start: float, known: int) -> None:
        while True:
            now = round(asyncio.get_running_loop().time() - start, 1)
            self.log.read.append((now, await self.policy.read() - known))
            await asyncio.sleep(SAMPLE)

    def _jump(self, line: int) -> None:
        self._close_visit()
        text = self.view.before + self.view.after
        at = line_end(text, line)
        self.view = DocumentView(self.view.path, text[:at], text[at:])
        self.ghost = ""
        self._cold = True
        self.policy.on_move(self.view)

    def _look(self) -> None:
        """The typist reads the ghost text: accepts it if all of it is right, dismisses it if it is wrong."""
        if not self.ghost:
            return
        if self._typed.see(self.ghost) and len(self.ghost) >= WORTH:
            text = self.ghost
            answer = self._answer
            self._typed.at += len(text)
            self._put(answer.replace, text)
            self.ghost = ""
            self.log.accepted += 1
            self.policy.on_accept(self.view, answer)
            self._ask()
        elif not self._typed.text[self._typed.at :].startswith(self.ghost):
            self.ghost = ""
            self.log.dismissed += 1

    def _replace(self, back: int, text: str) -> None:
        """Handle a key: change the document, shorten or remove the ghost text, and ask."""
        self._put(0, text, back)
        self.ghost = self.ghost[len(text) :] if text and self.ghost.startswith(text) else ""
        self._ask()

    def _put(self, ahead: int, text: str, back: int = 0) -> None:
        old = self.view
        start = replace(old, before=old.before[: len(old.before) - back])
        end = DocumentView(old.path, old.before + old.after[:ahead], old.after[ahead:])
        self.view = DocumentView(old.path, start.before + text, end.after)
        edit = DocumentEdit((start.line, start.column), (end.line, end.column), text)
        self.policy.on_change(self.view, edit)

    def _ask(self) -> None:
        self._give_up()
        asked = TimedRequest(asyncio.get_running_loop().time(), self._cold)
        self._cold = False
        self.log.asked.append(asked)
        self._task = asyncio.create_task(self._await_answer(asked, self.view))

    async def _await_answer(self, asked: TimedRequest, view: DocumentView) -> None:
        answer = await self.policy.ask(view)
        if answer is None:
            return
        asked.answered = asyncio.get_running_loop().time()
        asked.answer = answer
        if self.ghost and (not answer.text or not _is_continuation(self.ghost, answer.text)):
            self.log.flicker += 1
        fresh = answer.text != self.ghost
        self.ghost = answer.text
        self._answer = answer
        if not answer.text:
            return
        right = self._typed.see(answer.text)
        if fresh:
            self.log.shown.append((asked.answered, answer.text, right))
            self.log.shown_tokens += answer.tokens
        self.policy.on_show(view, answer)

    def _give_up(self) -> None:
        task, self._task = self._task, None
        if task is not None and task.done():
            task.result()  # a policy that fails ends the replay
        elif task is not None:
            task.cancel()

    async def _settle(self) -> None:
        """Wait for the answer to the last key, for a limited time."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=LAST)
        self._close_visit()

    def _close_visit(self) -> None:
        self._give_up()
        now = asyncio.get_running_loop().time()
        for asked in self.log.asked:
            asked.until = asked.until or now


def _is_continuation(old: str, new: str) -> bool:
    return old.startswith(new) or new.startswith(old)


def _difference(before: Totals, after: Totals) -> Totals:
    used = None if after.used is None else after.used - (before.used or 0)
    extra = {name: value - before.extra.get(name, 0) for name, value in after.extra.items()}
    return Totals(
        after.evaluated - before.evaluated,
        after.generated - before.generated,
        used,
        after.cpu - before.cpu,
        after.memory,
        extra,
    )


def waits(log: ReplayLog, *, text: bool = False) -> list[float]:
    """Return the seconds from each key to the first answer to it or a later one.

    With `text`, only answers that show text count. A key without any answer counts with the time until the
    cursor moved elsewhere, which is too little.
    """
    found = []
    following: float | None = None
    until = 0.0
    for asked in reversed(log.asked):
        if asked.until != until:
            following = None
            until = asked.until
        if asked.answer is not None and (asked.answer.text or not text):
            following = asked.answered
        found.append((following if following is not None else asked.until) - asked.key)
    return found[::-1]
