"""Bodies judged by the repository's own tests, in the real sandbox: the right one passes, others do not."""

import os
import sys
from pathlib import Path

import pytest
from histories import GIT

from assist_evaluation.answers import EvalAnswer
from assist_evaluation.mining.sources import MinedRepository
from assist_evaluation.running.bodies import BodyJudge
from assist_evaluation.running.store import AnswerStore, EvalFolder
from assist_evaluation.tasks import TaskSet, TaskTexts
from assist_runner.sandbox.body_check import NOTICED

pytestmark = pytest.mark.slow
# Without the plugins of this environment a run takes 0.3 s and not 0.9 s.
COMMAND = f"env PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {sys.executable} -m pytest -q -x -p no:cacheprovider"


def never() -> bool:
    return False


def test_what_is_accepted_fails_without_a_body_and_passes_with_the_right_one(
    tmp_path: Path, repository: MinedRepository, tasks: TaskSet, texts: dict[str, TaskTexts]
) -> None:
    folder = EvalFolder(tmp_path)
    store = AnswerStore(folder)
    judge = BodyJudge(repository, folder, GIT, COMMAND, os.environ["PATH"])
    own = [each for each in tasks.tasks if each.kind == "bodies" and each.language == "python"][:4]
    found = {each.id: judge.acceptance(each, texts[each.id], store, never) for each in own}
    accepted = [each for each in own if found[each.id].accepted]
    assert len(accepted) >= 2, found
    for task in accepted:
        assert found[task.id].noticed >= NOTICED
        right = judge.judge(task, texts[task.id], EvalAnswer(text=texts[task.id].truth), never)
        empty = judge.judge(task, texts[task.id], EvalAnswer(text="pass"), never)
        nothing = judge.judge(task, texts[task.id], EvalAnswer(reason="empty"), never)
        assert [each.counts["passed"] for each in (right, empty, nothing)] == [1.0, 0.0, 0.0]
    again = BodyJudge(repository, folder, GIT, COMMAND, os.environ["PATH"])
    fresh = AnswerStore(folder)
    assert fresh.acceptance(own[0], again.words) == found[own[0].id]  # it is remembered


def test_an_answer_that_is_an_attack_harms_nothing(
    tmp_path: Path, repository: MinedRepository, tasks: TaskSet, texts: dict[str, TaskTexts]
) -> None:
    folder = EvalFolder(tmp_path / "eval")
    judge = BodyJudge(repository, folder, GIT, COMMAND, os.environ["PATH"])
    task = next(each for each in tasks.tasks if each.kind == "bodies" and each.language == "python")
    target = tmp_path / "outside"
    evil = f"open({str(target)!r}, 'w').write('x')\n    import shutil\n    shutil.rmtree({str(tmp_path)!r})"
    found = judge.judge(task, texts[task.id], EvalAnswer(text=evil), never)
    assert found.counts["passed"] == 0.0
    assert not target.exists()
    assert (folder.tree / task.path).read_text() == texts[task.id].fill(texts[task.id].truth)


def test_a_repository_without_known_tests_says_what_to_give(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    repository = MinedRepository(str(bare), None, GIT, "c")  # type: ignore[arg-type]
    judge = BodyJudge(repository, EvalFolder(tmp_path / "eval"), GIT, "", os.environ["PATH"])
    found = judge.acceptance(None, None, None, never)  # type: ignore[arg-type]
    assert "--test" in found.reason
