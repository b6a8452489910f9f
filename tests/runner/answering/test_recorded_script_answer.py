"""`test` by running in JavaScript: nothing runs before the user agrees, and only the file of tests is offered."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from config_files import write
from kept_answer import answered
from scripted_model import ScriptedModel

from assist_context.index.reader import IndexReader
from assist_context.retrieval.corpus import Corpus
from assist_server.config.config import load
from assist_server.config.run_consent import RunRequest
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import decide
from assist_server.questions.draft import Question
from assist_server.questions.targets import QuestionFolders, resolve_target
from assist_server.wording.answers import answer_view

NODE = shutil.which("node")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux" or NODE is None, reason="node runs the calls"),
]
CODE = "export function twice(number) {\n  if (number < 0) return 0;\n  return number * 2;\n}\n"


@pytest.mark.parametrize("agrees", [False, True])
async def test_nothing_runs_before_the_user_agrees(tmp_path: Path, agrees: bool) -> None:
    root = tmp_path / "project"
    root.mkdir()
    mark = tmp_path / "ran"
    (root / "sums.js").write_text(f"import fs from 'node:fs';\nfs.writeFileSync({str(mark)!r}, 'x');\n{CODE}")
    (root / "package.json").write_text('{"type": "module", "scripts": {"test": "node --test"}}')
    before = {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    own = tmp_path / "own"
    own.mkdir()
    config = replace(load(write(own, "")), programs={"PATH": f"{Path(NODE or '').parent}:{os.defpath}"})
    corpus = Corpus(str(root), IndexReader(tmp_path / "none.db"))
    inputs = decision_inputs(config, [str(root)])
    inputs = replace(inputs, local=replace(inputs.local, available=True))
    question = Question("test", "", resolve_target(corpus, "sums.js:4"))
    decided = decide(question, QuestionFolders(corpus), inputs)
    asked: list[RunRequest] = []

    async def load_model() -> Any:
        return ScriptedModel(lambda _: ["```js\nimport { twice } from './sums.js';\ntwice(4);\n```\n"])

    async def confirm_run(request: RunRequest) -> bool:
        asked.append(request)
        return agrees

    # Without a sandbox a mark outside of the copy can be seen.
    final, _ = await answered(decided, load_model, confirm_run=confirm_run, sandbox=lambda _: False)
    assert [request.words for request in asked] == [("node", "--test")]
    assert mark.exists() == agrees
    assert bool(final.proof) == agrees
    assert {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    if agrees:
        assert final.plan is not None
        (change,) = final.plan.changes
        assert change.path == "sums.test.js"
        assert "import { twice } from './sums.js';" in change.after
        assert answer_view(decided, final).proof_line.startswith(
            "These tests record what the code does today ("
        )
    else:
        assert str(final.problem).startswith("No test was written: ")
