"""A server of completions that knows the whole text by heart, for the port of completion."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from assist_completion.engine.server_port import ServedPiece, ServedPrompt
from assist_completion.errors import ServedError
from assist_context.documents import Context

CHANCE = -0.001  # log-probability of each piece


@dataclass
class ScriptedServer:
    """Continues `text` after what was typed, a word at a time, `pause` seconds each.

    `fails` is raised in place of an answer. `stray` is answered first where nothing constrains the answer.
    """

    text: str
    constrains: bool = False
    pause: float = 0.0
    chance: float | None = CHANCE
    fails: ServedError | None = None
    stray: str = ""
    refused: tuple[str, ...] = ()
    prompts: list[ServedPrompt] = field(default_factory=list)
    stopped: int = 0
    rested: int = 0
    closed: bool = False

    def admit(self, context: Context) -> Context:
        if context.path in self.refused:
            raise ServedError("this file stays here", away=False)
        return context

    async def complete(self, prompt: ServedPrompt) -> AsyncGenerator[ServedPiece, None]:
        self.prompts.append(prompt)
        if self.fails is not None:
            raise self.fails
        before = prompt.plan.head + prompt.plan.typed
        rest = self.text[self.text.index(before) + len(before) :]
        if self.stray and not prompt.need:
            rest = self.stray + rest
        size = len(before)
        try:
            for number, word in enumerate(re.findall(r"\s?\w+|\s|\S", rest)[: prompt.most]):
                await asyncio.sleep(self.pause)
                yield ServedPiece(word, self.chance, prompt=size, cached=size - number)
                if prompt.one_line and word.startswith("\n"):
                    return
        except GeneratorExit:
            self.stopped += 1
            raise

    def rest(self) -> None:
        self.rested += 1

    async def close(self) -> None:
        self.closed = True
