"""A terminal's own model, whose device fails in the middle of its answer: a program that prints what came of it."""

import asyncio
import json
import os
import sys
from pathlib import Path

from assist_completion.engine.answer_stream import AnsweringFacts, open_answers
from assist_completion.inference.conversation import Conversation
from assist_completion.inference.devices import tell_failure
from assist_completion.inference.llama import Load


def fail(fault: str) -> None:
    Path(os.environ["VULKAN_FAULT"]).write_text(fault)


async def answer(path: Path, device: str, fault: str) -> None:
    told: list[str] = []
    tell_failure(told.append)
    answers = open_answers(Load(path, 512, 1, 2, 1, device=device, slice=16), AnsweringFacts("tiny", 512))
    stream = answers.answer(Conversation("", "How wide?", 60))
    text = ""
    async for piece in stream:
        text += piece
        if fault and len(text) > 20:
            fail(fault)
    tokens = stream.result.tokens
    answers.close()
    sys.stdout.write(json.dumps({"text": text, "told": told, "written": tokens.generated}))


asyncio.run(answer(Path(sys.argv[1]), *sys.argv[2:]))
