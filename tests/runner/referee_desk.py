"""A project with tests that judge edits, and a user who agrees to run them or not."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bare_pytest import BARE_PYTEST
from config_files import write
from kept_answer import KeptAnswer, answered
from scripted_model import ScriptedModel

from assist_completion.inference.doubts import Doubt
from assist_server.config.config import load
from assist_server.config.run_consent import RunRequest
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import AnswerContext, decide
from assist_server.questions.draft import Question
from assist_server.questions.events import FinalAnswer
from assist_server.questions.targets import QuestionFolders, resolve_target
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.index_update import open_folder, update_index


def fenced(code: str) -> str:
    return f"```python\n{code}```\n"


class RefereeDesk:
    """A project whose tests leave a mark wherever they run unconfined, and a user who agrees or not."""

    def __init__(
        self, place: Path, tests: str, *, agrees: bool = True, code: str = "", module: str = "sums"
    ) -> None:
        self.root = place / "project"
        (self.root / "tests").mkdir(parents=True)
        (self.root / f"{module}.py").write_text(code)
        (self.root / "pytest.ini").write_text(BARE_PYTEST)
        self.mark = place / "ran"
        (self.root / "tests/conftest.py").write_text(f"open({str(self.mark)!r}, 'w').write('x')\n")
        if tests:
            (self.root / f"tests/test_{module}.py").write_text(tests)
        self.agrees = agrees
        self.place = f"{module}.py:1"
        self.asked: list[RunRequest] = []
        own = place / "own"
        own.mkdir()
        self.config = replace(
            load(write(own, "")), programs={"PATH": f"{Path(sys.prefix) / 'bin'}:/usr/bin:/bin"}
        )
        self.config = replace(self.config, paths=replace(self.config.paths, data=place / "data"))
        self.model = ScriptedModel(lambda _: [""])

    async def answer(
        self, *answers: str, command: str = "fix", doubts: Sequence[Doubt] = (), **asked: Any
    ) -> tuple[FinalAnswer, list[str], AnswerContext]:
        decided = self.decide(command, **asked)
        self.model = ScriptedModel(
            lambda number: [fenced(answers[min(number, len(answers)) - 1])], doubts=tuple(doubts)
        )
        final, kept = await self.answered(decided)
        return final, kept.notices, decided

    async def answered(self, context: AnswerContext, **more: Any) -> tuple[FinalAnswer, KeptAnswer]:
        return await answered(context, self.load, **{"confirm_run": self.agree, **more})

    def decide(
        self, command: str = "fix", place: str = "", words: str = "2 and 5 come out wrong", **asked: Any
    ) -> AnswerContext:
        folder = open_folder(self.config, self.root)
        update_index(self.config, folder, lambda *_: None)
        corpus = open_corpus(folder)
        try:
            target = resolve_target(corpus, place or self.place)
            inputs = decision_inputs(self.config, [str(self.root)])
            inputs = replace(inputs, local=replace(inputs.local, available=True))
            question = Question(command, words, target, wish="local", **asked)
            return decide(question, QuestionFolders(corpus), inputs)
        finally:
            corpus.reader.close()

    async def load(self) -> Any:
        return self.model

    async def agree(self, request: RunRequest) -> bool:
        self.asked.append(request)
        return self.agrees
