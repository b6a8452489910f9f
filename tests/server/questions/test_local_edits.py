"""How the local model is asked for an edit: the order of what it reads, its beginning, a doubt, a second try."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from config_files import write
from kept_answer import answered
from scripted_model import ScriptedModel

from assist_completion.inference.doubts import Doubt
from assist_context.index.reader import IndexReader
from assist_context.retrieval.corpus import Corpus
from assist_server.config.config import load
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import decide
from assist_server.questions.draft import Question
from assist_server.questions.targets import QuestionFolders, resolve_target
from assist_server.wording.edit_previews import edit_warnings
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.index_update import open_folder, update_index

CODE = "def add(a, b):\n    return a - b\n"
FILE = f'"""Sums."""\n\n\n{CODE}\n\ndef twice(a):\n    return add(a, a)\n'
RIGHT = CODE.replace("-", "+")


def scripted(answers: list[str], doubts: tuple[Doubt, ...] = ()) -> ScriptedModel:
    """A local model that gives one answer after the other, and doubts what it is told to."""
    return ScriptedModel(lambda number: [answers[number - 1]], doubts=doubts)


async def edited(
    folder: Path,
    local: ScriptedModel,
    command: str = "fix",
    words: str = "",
    file: str = FILE,
    *,
    runs: bool = True,
) -> Any:
    """The end of a question about `add`, the notices before it, and how often a model began."""
    (folder / "sums.py").write_bytes(file.encode())
    corpus = Corpus(str(folder), IndexReader(folder / "none.db"))
    target = resolve_target(corpus, f"sums.py:{file[: file.index('def add')].count(chr(10)) + 1}")
    own = folder / "own"
    own.mkdir(exist_ok=True)
    inputs = decision_inputs(load(write(own, "")), [str(folder)])
    inputs = replace(inputs, local=replace(inputs.local, available=True))
    decided = decide(Question(command, words, target), QuestionFolders(corpus), inputs, by_models=True)

    if not runs:
        decided = replace(decided, strategy=None)

    async def load_model() -> Any:
        return local

    final, kept = await answered(decided, load_model)
    return final, kept.notices, len(kept.all_of("restart"))


def fenced(code: str) -> str:
    return f"```python\n{code}```\n"


async def test_the_code_in_question_is_the_last_piece_and_our_sentence_the_end(tmp_path: Path) -> None:
    local = scripted([fenced(RIGHT)])
    final, notices, starts = await edited(tmp_path, local, "refactor", "Add instead.")
    user = local.asked[0].user
    assert f"sums.py lines 4-5:\n```python\n{CODE}```\n\nAdd instead.\n\nReply with the complete" in user
    assert user.endswith("in one code block and nothing else.")
    assert "```" not in local.asked[0].system
    assert (local.asked[0].beginning, local.asked[0].ending, local.asked[0].draft) == (
        "```python\n",
        "```",
        CODE,
    )
    assert final.plan.changes[0].after == FILE.replace("a - b", "a + b")
    assert (notices, starts) == ([], 1)


async def test_an_answer_that_cannot_be_used_is_asked_for_once_more_with_the_reason(tmp_path: Path) -> None:
    local = scripted(["```\nsum = 1\n```\n", fenced(RIGHT)])
    final, notices, starts = await edited(tmp_path, local, "refactor")
    first, second = local.asked
    assert second.history[-1].text == "```\nsum = 1\n```\n"
    assert second.history[-2].text == first.user
    assert "does not define add" in second.user
    assert final.plan is not None
    assert (len(notices), starts) == (1, 2)


async def test_after_other_code_the_answer_begins_with_the_code_in_question(tmp_path: Path) -> None:
    other = fenced("def twice(a):\n    return 2 * a\n")
    local = scripted([other, fenced(RIGHT)])
    final, _, _ = await edited(tmp_path, local, "refactor", "Add instead.")
    assert (local.asked[1].beginning, local.asked[1].draft) == ("```python\ndef add", CODE[len("def add") :])
    assert final.plan is not None


async def test_a_name_that_the_user_says_may_go(tmp_path: Path) -> None:
    local = scripted([fenced(RIGHT.replace("add", "plus"))] * 2)
    final, _, _ = await edited(tmp_path, local, "refactor", "Rename add to plus.")
    assert local.asked[1].beginning == "```python\n"
    assert "does not define add" in str(final.problem)


async def test_the_answer_is_given_the_fence_of_the_code_as_it_is_shown(tmp_path: Path) -> None:
    local = scripted([fenced(RIGHT)])
    final, _, _ = await edited(tmp_path, local, "refactor", "Add instead.", file=f'"""\n```\n"""\n{FILE}')
    assert (local.asked[0].beginning, local.asked[0].ending) == ("```python\n", "```")
    assert "a + b" in final.plan.changes[0].after


async def test_there_is_no_third_try(tmp_path: Path) -> None:
    local = scripted(["Sorry.", "Sorry.", fenced(RIGHT)])
    final, _, _ = await edited(tmp_path, local, "refactor")
    assert final.plan is None
    assert "no fenced block" in str(final.problem)
    assert len(local.asked) == 2


async def test_an_explanation_on_this_machine_shows_the_code_alone(tmp_path: Path) -> None:
    local = ScriptedModel(lambda _: ["It adds."])
    await edited(tmp_path, local, "explain")
    assert local.asked[0].user.count("sums.py lines") == 1


async def test_a_fix_is_told_the_line_that_the_model_doubts(tmp_path: Path) -> None:
    local = scripted([fenced(RIGHT)], (Doubt(1, CODE.index(" -"), " -", " +", 9.0),))
    await edited(tmp_path, local)
    asked = local.asked[0]
    assert "mistake:\nreturn a - b\nThere, `-` is less usual than `+`." in asked.user
    assert asked.beginning == "```python\ndef add(a, b):\n"
    assert asked.draft == "    return a - b\n"


async def test_code_with_the_line_ends_of_windows_is_read_without_them_and_keeps_them(tmp_path: Path) -> None:
    local = scripted([fenced(RIGHT)], (Doubt(1, CODE.index(" -"), " -", " +", 9.0),))
    final, _, _ = await edited(tmp_path, local, file=FILE.replace("\n", "\r\n"))
    asked = local.asked[0]
    assert "\r" not in asked.user + asked.beginning + asked.draft
    assert "mistake:\nreturn a - b\nThere, `-` is less usual than `+`." in asked.user
    assert final.plan.changes[0].after == FILE.replace("a - b", "a + b").replace("\n", "\r\n")
    assert final.plan.unsure == ()


async def test_a_fix_of_what_the_model_does_not_doubt_is_never_made_unasked(tmp_path: Path) -> None:
    doubt = Doubt(1, CODE.index(" -"), " -", " +", 9.0)
    sure, _, _ = await edited(tmp_path, scripted([fenced(RIGHT)], (doubt,)))
    other, _, _ = await edited(tmp_path, scripted([fenced(CODE.replace("a - b", "b - a"))], (doubt,)))
    none, _, _ = await edited(tmp_path, scripted([fenced(RIGHT)]))
    asked, _, _ = await edited(tmp_path, scripted([fenced(RIGHT)]), "refactor", "Add instead.")
    assert [each.plan.asks for each in (sure, other, none, asked)] == [False, True, True, False]
    assert other.plan.unsure == (
        "sums.py: the model was least sure about `-` in line 5, and its edit of that line does not correct it",
    )
    assert "please check" in " ".join(edit_warnings(other.plan))


async def test_a_refactoring_that_turns_logic_is_asked_for_once_more(tmp_path: Path) -> None:
    local = scripted([fenced(RIGHT), fenced(CODE.replace("(a, b)", "(a: int, b: int)"))])
    final, notices, starts = await edited(tmp_path, local, "refactor", "add type hints")
    reason = "line 5 of sums.py: `-` became `+`, although you did not ask for it"
    assert reason in local.asked[1].user
    assert notices == [f"That answer cannot be used: {reason}. Asking once more."]
    assert (starts, final.plan.unsure) == (2, ())
    again, _, _ = await edited(tmp_path, scripted([fenced(RIGHT)] * 2), "refactor", "add type hints")
    assert (again.plan.asks, again.plan.unsure) == (True, (reason,))
    other, _, _ = await edited(tmp_path, scripted([fenced(RIGHT), "Sorry."]), "refactor", "add type hints")
    assert (other.plan.unsure, other.problem) == ((reason,), None)
    assert other.text == fenced(RIGHT)
    fixed, _, _ = await edited(tmp_path, scripted([fenced(RIGHT)]), "fix", "a - b is wrong")
    assert reason not in fixed.plan.unsure


async def test_a_fix_that_changed_nothing_differs_at_the_doubt_next_time(tmp_path: Path) -> None:
    local = scripted([fenced(CODE), fenced(RIGHT)], (Doubt(1, CODE.index(" -"), " -", " +", 9.0),))
    final, _, _ = await edited(tmp_path, local)
    assert local.asked[1].beginning == "```python\ndef add(a, b):\n    return a +"
    assert local.asked[1].draft == " b\n"
    assert final.plan is not None


async def test_a_refactoring_is_not_told_of_doubts(tmp_path: Path) -> None:
    local = scripted([fenced(RIGHT)], (Doubt(1, CODE.index(" -"), " -", " +", 9.0),))
    await edited(tmp_path, local, "refactor", "Add instead.")
    assert "less usual" not in local.asked[0].user


async def test_new_tests_are_added_to_the_file_of_tests_that_the_module_has(tmp_path: Path) -> None:
    root = tmp_path / "w"
    (root / "tests").mkdir(parents=True)
    (root / "sums.py").write_text(FILE, newline="\n")
    known = "from sums import twice\n\n\ndef test_twice():\n    assert twice(0) == 0\n"
    (root / "tests" / "test_sums.py").write_text(known, newline="\n")
    (tmp_path / "own").mkdir()
    config = load(write(tmp_path / "own", ""))
    folder = open_folder(config, root)
    update_index(config, folder, lambda *_: None)
    corpus = open_corpus(folder)
    inputs = decision_inputs(config, [str(root)])
    inputs = replace(inputs, local=replace(inputs.local, available=True, large=True))
    question = Question("test", "", resolve_target(corpus, "sums.py:4"))
    decided = decide(question, QuestionFolders(corpus), inputs)
    head = "from sums import add\n"
    local = scripted([fenced(f"{head}\n\ndef test_twice():\n    assert add(1, 1) == 0\n")])

    async def load_model() -> Any:
        return local

    final, _ = await answered(decided, load_model)
    corpus.reader.close()
    (change,) = final.plan.changes if final.plan else ()
    assert change.path == "tests/test_sums.py"
    assert change.after == known.replace("twice\n\n", f"twice\n{head}\n", 1) + (
        "\n\ndef test_twice_2():\n    assert add(1, 1) == 0\n"
    )
    assert local.asked[0].beginning == f"```python\n{head}"
    assert "The tests go to the end of tests/test_sums.py, which exists" in local.asked[0].user


async def test_without_the_runner_a_small_model_writes_no_tests(tmp_path: Path) -> None:
    local = scripted([fenced("def test_add():\n    assert add(2, 1) == 1\n")])
    final, notices, begun = await edited(tmp_path, local, "test", runs=False)
    assert (final.plan, notices, begun) == (None, [], 0)
    assert str(final.problem) == "No test was written: the package assist_runner is not installed."
