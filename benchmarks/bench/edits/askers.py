"""Who is asked to do a task: the product, by its own path, or the same model with a bare prompt.

Both read with the same loaded model, so that a difference is one of prompt, evidence and checks.
"""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from assist_completion.engine.answer_stream import Answerer
from assist_completion.inference.conversation import Conversation
from assist_context.retrieval.corpus import Corpus
from assist_server.config.config import Config
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import decide
from assist_server.questions.draft import Question
from assist_server.questions.events import FinalAnswer
from assist_server.questions.session import AnswerSession
from assist_server.questions.targets import QuestionFolders, resolve_target
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.index_update import open_folder, update_index
from bench.edits.tasks import EditTask
from bench.routing.tasks import code_of

MAX_TOKENS = 1024  # of a bare answer; no task's code has half as many


@dataclass(frozen=True, slots=True)
class EditAnswer:
    """What came of a task: the file's new text, "" if the edit was `refused` for a reason in words.

    `unsure`: the product says that the edit may be wrong, and never makes it unasked. `path` is the file's.
    """

    after: str
    refused: str
    text: str
    seconds: float
    read: int
    written: int
    unsure: bool = False
    path: str = ""


class Task(Protocol):
    """What the product is asked: a command and words about the code at a line of a file, among `files`."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def files(self) -> Mapping[str, str]: ...
    @property
    def target(self) -> str: ...


async def ask_product(task: Task, config: Config, local: Answerer[Any]) -> EditAnswer:
    """The answer of `assist fix|refactor|test PATH:LINE "..." --local` in a folder with the task's files."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        root, data = Path(folder, "project"), Path(folder, "data")
        await asyncio.to_thread(write_files, root, task.files)
        own = open_folder(replace(config, paths=replace(config.paths, data=data)), root)
        if len(task.files) > 1:
            await asyncio.to_thread(update_index, config, own, lambda *_: None)
        corpus = open_corpus(own)
        try:
            final = await _answer(task, config, corpus, local)
        finally:
            corpus.reader.close()
    seconds = time.perf_counter() - start
    change = final.plan.changes[0] if final.plan else None
    cost = final.cost
    refused = str(final.problem or "")
    unsure = bool(final.plan and final.plan.asks)
    after, path = (change.after, change.path) if change else ("", "")
    return EditAnswer(after, refused, final.text, seconds, cost.tokens_in, cost.tokens_out, unsure, path)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write a workspace of a task."""
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


async def _answer(task: Task, config: Config, corpus: Corpus, local: Answerer[Any]) -> FinalAnswer:
    target = await asyncio.to_thread(resolve_target, corpus, task.target)
    inputs = await asyncio.to_thread(decision_inputs, config, [corpus.root], [corpus.root])
    question = Question(task.kind, task.words, target, wish="local")
    decided = await asyncio.to_thread(decide, question, QuestionFolders(corpus), inputs)

    async def load() -> Answerer[Any]:
        return local

    return await AnswerSession(load, records=False).answer(decided)


async def ask_bare(task: EditTask, local: Answerer[Any]) -> EditAnswer:
    """The answer to the function and the wish alone, as people type them into a chat."""
    start = time.perf_counter()
    request = "Reply with the complete new code of the function in one code block and nothing else."
    user = f"```python\n{task.code.rstrip()}\n```\n\n{task.words}\n\n{request}"
    stream = local.answer(Conversation("", user, MAX_TOKENS))
    async with aclosing(stream):
        async for _ in stream:
            pass
    result = stream.result
    seconds = time.perf_counter() - start
    code = code_of(result.text)
    after = task.with_code(code) if code.strip() else ""
    return EditAnswer(after, "", result.text, seconds, result.tokens.prompt, result.tokens.generated)
