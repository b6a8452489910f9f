"""What running code of a workspace needs: the user's consent, and a copy that ends with the answer.

This module draws nothing, and knows no language.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from assist_runner.characterization_tests.project_runs import ProjectCopy, ProjectRunner, has_sandbox
from assist_server.config.run_consent import (
    UNCONFINED,
    RunRequest,
    may_run,
    remember_agreed,
    remember_declined,
)
from assist_server.questions.decision import AnswerContext
from assist_server.questions.session import ConfirmRun, SandboxCheck

ASK_BY_FLAG = "`--run` runs the code, on a copy"
NOT_AGREED = "you did not agree to run the code"

T = TypeVar("T")


class RunningWork:
    """Owns the copy and the thread that works on it: both end with the answer, whatever ends it."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._copy: ProjectCopy | None = None
        self._task: asyncio.Task[object] | None = None

    async def do(self, work: Callable[[], T]) -> T:
        """The result of work on a thread. If the caller is cancelled, the thread is told to stop."""
        task = asyncio.create_task(asyncio.to_thread(work))
        self._task = task
        return await asyncio.shield(task)

    def copy(self, runner: ProjectRunner, opened: Mapping[str, str]) -> ProjectCopy:
        """The copy of the workspace with the texts of open documents, made on the thread."""
        self._copy = ProjectCopy(runner, opened, self.stop.is_set)
        return self._copy

    async def close(self) -> None:
        """Stop what runs, wait for its end, and delete the copy."""
        self.stop.set()
        if self._task is not None:
            await _wait_for(self._task)
        if self._copy is not None:
            await _wait_for(asyncio.create_task(asyncio.to_thread(self._copy.close)))


def unconfined_notice(context: AnswerContext, request: RunRequest) -> str:
    """What who agreed by a flag, and read nothing, is told where no sandbox confines the code; else ""."""
    return UNCONFINED if context.question.run and not request.confined else ""


async def _wait_for(task: "asyncio.Task[object]") -> None:
    """Wait for a task, also if the caller is cancelled again meanwhile."""
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            continue
    if not task.cancelled():
        task.exception()


async def asked_request(request: RunRequest, sandbox: SandboxCheck | None) -> RunRequest:
    """The request with whether a sandbox confines what runs, as the user reads it."""
    confined = await asyncio.to_thread(sandbox or has_sandbox, Path(request.root))
    return replace(request, confined=confined)


async def refusal_to_run(context: AnswerContext, request: RunRequest, confirm: ConfirmRun) -> str:
    """Why nothing is run, "" if it is. The user is asked where that is needed, and the answer is kept."""
    config = context.inputs.config
    agreed = context.question.run
    verdict, why = await asyncio.to_thread(partial(may_run, config, request, is_agreed=agreed))
    if verdict == "no":
        return why
    if verdict == "yes":
        return ""
    agrees = await confirm(request)
    with suppress(OSError):  # the user is asked again next time
        if agrees:
            await asyncio.to_thread(remember_agreed, config, request)
        elif context.question.asks_run:
            await asyncio.to_thread(remember_declined, config, request)
    return "" if agrees else NOT_AGREED if context.question.asks_run else ASK_BY_FLAG
