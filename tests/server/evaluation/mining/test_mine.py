"""Tasks are found in a history, the same ones again, and their texts are what the files and commits have."""

import subprocess
from pathlib import Path

import pytest
from histories import GIT, make_history

from assist_server.errors import UserError
from assist_server.evaluation.mining.mine import masked_files, mine, texts_of
from assist_server.evaluation.mining.sources import MinedRepository, is_source, open_repository
from assist_server.evaluation.tasks import KINDS, TaskSet, TaskTexts, count_by_kind, read_tasks, write_tasks


def test_all_kinds_are_found_and_spread_over_the_languages(tasks: TaskSet) -> None:
    assert set(count_by_kind(tasks.tasks)) == set(KINDS)
    languages = {each.language for each in tasks.tasks if each.kind == "lines"}
    assert languages == {"python", "typescript", "go"}
    assert {each.stratum for each in tasks.tasks if each.kind == "lines"} == {"file", "workspace"}


def test_the_same_commit_and_seed_give_the_same_tasks(repository: MinedRepository, tasks: TaskSet) -> None:
    assert mine(repository, 200, 1) == tasks
    other = mine(repository, 200, 2)
    assert {each.id for each in other.tasks} != {each.id for each in tasks.tasks}


def test_the_text_of_a_task_is_a_hole_in_the_file_at_its_commit(
    repository: MinedRepository, tasks: TaskSet, texts: dict[str, TaskTexts]
) -> None:
    files = repository.texts_of((each.commit, each.path) for each in tasks.tasks)
    checked = 0
    for task in tasks.tasks:
        if task.kind in ("lines", "typing", "bodies"):
            own = texts[task.id]
            assert own.fill(own.truth) == files[task.commit, task.path]
            assert own.truth.strip()
            checked += 1
    assert checked > 50


def test_an_edit_is_the_commits_own_change(
    shop_history: Path, tasks: TaskSet, texts: dict[str, TaskTexts]
) -> None:
    edits = [each for each in tasks.tasks if each.kind == "edits"]
    assert len(edits) >= 10
    for task in edits:
        show = subprocess.run(
            ["git", "show", f"{task.change}:{task.path}"], cwd=shop_history, capture_output=True, check=True
        )
        own = texts[task.id]
        assert own.fill(own.truth) == show.stdout.decode()
        assert own.old in own.asked
        assert own.words.startswith(("Fix the wrong sign", "Rename the value"))
        assert task.name == ("fix" if own.words.startswith("Fix") else "refactor")


def test_the_next_edit_has_the_one_above_it_made(tasks: TaskSet, texts: dict[str, TaskTexts]) -> None:
    found = [each for each in tasks.tasks if each.kind == "next"]
    assert found
    for task in found:
        own = texts[task.id]
        assert "value" in own.old
        assert own.truth == own.old.replace("value", "result")
        assert "result" in own.before


def test_a_question_is_not_in_the_copy_that_is_searched(
    repository: MinedRepository, tasks: TaskSet, texts: dict[str, TaskTexts]
) -> None:
    masked = masked_files(repository, tasks.tasks)
    asked = [each for each in tasks.tasks if each.kind == "questions"]
    assert {each.stratum for each in asked} == {"file", "page"}
    for task in asked:
        own = texts[task.id]
        assert len(own.words.split()) >= 3
        assert own.words.rstrip(".") not in masked[task.path]
        assert own.truth == task.path


def test_a_file_of_tasks_has_no_code_unless_it_is_asked_for(
    tmp_path: Path, tasks: TaskSet, texts: dict[str, TaskTexts]
) -> None:
    file = tmp_path / "tasks.jsonl"
    write_tasks(file, tasks)
    bare = file.read_text()
    assert read_tasks(file) == tasks
    assert file.stat().st_mode & 0o077 == 0
    code = [texts[each.id].truth for each in tasks.tasks if each.kind != "questions"]
    assert not [each for each in code if len(each) > 12 and each.strip().splitlines()[0] in bare]
    write_tasks(file, tasks, texts)
    assert "scaled_" in file.read_text()
    assert read_tasks(file) == tasks


@pytest.mark.parametrize("text", ["", "{}", '{"format": 9}', '{"format": 1, "repository": 1}\n{"kind": "x"}'])
def test_a_damaged_file_of_tasks_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "tasks.jsonl").write_text(text)
    with pytest.raises(UserError, match="assist eval mine"):
        read_tasks(tmp_path / "tasks.jsonl")


def test_what_rules_exclude_is_not_mined(tmp_path: Path) -> None:
    root = make_history(tmp_path / "shop", modules=4)
    (root / ".assistignore").write_text("shop/mod_1.py\n")
    repository = open_repository(GIT, str(root))
    found = mine(repository, 100, 1)
    assert not [each for each in found.tasks if each.path == "shop/mod_1.py"]
    assert [each for each in found.tasks if each.path == "shop/mod_2.py"]


def test_a_subfolder_of_a_repository_is_mined_by_its_own_paths(shop_history: Path) -> None:
    repository = open_repository(GIT, str(shop_history / "shop"))
    found = mine(repository, 60, 1)
    assert {"mod_0.py", "mod_1.py"} & {each.path for each in found.tasks}
    assert len(texts_of(repository, found.tasks)) == len(found.tasks)


@pytest.mark.parametrize(
    "path", ["vendor/a.go", "web/node_modules/x/a.js", "a_pb2.py", "x.min.js", "a.json", "a.md"]
)
def test_code_of_others_and_data_are_no_source(path: str) -> None:
    assert not is_source(path)


def test_a_folder_without_a_history_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no git repository with a commit"):
        open_repository(GIT, str(tmp_path))
