"""Tasks are found in a history, the same ones again, and their texts are what the files and commits have."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from histories import GIT, make_history
from repositories import git

from assist_evaluation.mining.mine import masked_files, mine, texts_of
from assist_evaluation.mining.sources import MinedRepository, is_source, open_repository
from assist_evaluation.tasks import KINDS, TaskSet, TaskTexts, count_by_kind, read_tasks, write_tasks
from assist_server.errors import UserError


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


@pytest.mark.parametrize("name", ["od\u202ed.py", "\x1b[2J.py", "zero\u200bwidth.py", "\udcff.py"])
def test_files_whose_names_cannot_be_seen_are_left_out(shop_history: Path, tmp_path: Path, name: str) -> None:
    root = tmp_path / "shop"
    git(tmp_path, "clone", "-q", str(shop_history), str(root))
    source = next(file for file in sorted(root.rglob("*.py")) if file.stat().st_size > 500)
    (source.parent / name).write_text(source.read_text().replace("def ", "def odd_"))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Add the same once more")
    found = mine(open_repository(GIT, str(root)), 5_000, 1)
    assert found.left_out
    assert found.tasks
    write_tasks(tmp_path / "tasks.jsonl", found)
    assert read_tasks(tmp_path / "tasks.jsonl").tasks == found.tasks


def test_no_pipe_and_no_device_is_read_for_tasks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tasks.jsonl")
    for file in (tmp_path / "tasks.jsonl", Path("/dev/zero"), tmp_path):
        with pytest.raises(UserError, match="name a file of tasks"):
            read_tasks(file)


@pytest.mark.parametrize("text", ["", "{}", '{"format": 9}', '{"format": 1, "repository": 1}\n{"kind": "x"}'])
def test_a_damaged_file_of_tasks_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "tasks.jsonl").write_text(text)
    with pytest.raises(UserError, match="assist eval mine"):
        read_tasks(tmp_path / "tasks.jsonl")


HEX = "0123456789abcdef" * 2 + "01234567"
GOOD = {
    "id": "lines-0123456789ab", "kind": "lines", "commit": HEX, "change": HEX, "path": "a/b.py",
    "language": "python", "first": 1, "last": 2, "column": 0, "stratum": "file", "day": "", "name": "",
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"commit": "--output=/tmp/x"},
        {"commit": "HEAD"},
        {"commit": f"{HEX}\nHEAD"},
        {"change": "--output=/tmp/x"},
        {"path": "/etc/passwd"},
        {"path": "../x.py"},
        {"path": "a/../x.py"},
        {"path": ".git/config"},
        {"path": "a//b.py"},
        {"path": "a.py\r"},
        {"path": "a\x1b[2J.py"},
        {"path": ""},
        {"id": "x"},
        {"id": "lines-0123456789ab\n"},
        {"kind": "lies"},
        {"kind": "edits", "name": "ask"},
        {"first": 0},
        {"first": 10**12},
        {"first": "1"},
        {"first": True},
        {"column": -1},
        {"name": "a\nb"},
    ],
)
def test_a_task_of_a_stranger_is_checked(tmp_path: Path, wrong: dict[str, object]) -> None:
    file = tmp_path / "tasks.jsonl"
    header = {"format": 1, "repository": "r", "commit": HEX, "seed": 1}

    def write(*rows: dict[str, object]) -> None:
        file.write_text("".join(json.dumps(each) + "\n" for each in (header, *rows)))

    write(GOOD)
    assert len(read_tasks(file).tasks) == 1
    write({**GOOD, **wrong})
    with pytest.raises(UserError, match="assist eval mine"):
        read_tasks(file)
    write(GOOD, GOOD)
    with pytest.raises(UserError, match="assist eval mine"):
        read_tasks(file)


@pytest.mark.parametrize("revision", ["--output=OUT", "-p", "HEAD:shop", "HEAD\nHEAD", "nowhere"])
def test_a_revision_is_no_option_of_git(shop_history: Path, tmp_path: Path, revision: str) -> None:
    out = tmp_path / "out"
    with pytest.raises(UserError, match="is not a commit"):
        open_repository(GIT, str(shop_history), revision.replace("OUT", str(out)))
    assert not out.exists()


def test_a_tree_and_a_deleted_file_give_no_text(repository: MinedRepository, tasks: TaskSet) -> None:
    task = next(each for each in tasks.tasks if each.kind == "lines" and each.path.startswith("shop/"))
    tree = subprocess.run(
        ["git", "rev-parse", "HEAD:shop"], cwd=repository.root, capture_output=True, check=True
    ).stdout.decode()
    name = task.path.removeprefix("shop/")
    assert repository.texts_of([(tree.strip(), name), (task.commit, task.path)]).keys() == {
        (task.commit, task.path)
    }
    gone = replace(task, path="shop/gone.py")
    assert texts_of(repository, [gone]) == {}


def test_line_ends_and_form_feeds_do_not_shift_a_task(tmp_path: Path) -> None:
    root = make_history(tmp_path / "shop", modules=1)
    body = "".join(f"value_{number} = compute_{number}(first, {number})\r\n" for number in range(30))
    (root / "crlf.py").write_bytes(b"x = 1\r\n")
    (root / "feed.py").write_text("x = 1\n\x0c\ny = 2\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Begin two files")
    (root / "crlf.py").write_bytes(b"x = 1\r\n" + body.encode())
    (root / "feed.py").write_text("x = 1\n\x0c\n" + body.replace("\r", "") + "y = 2\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Compute the values")
    repository = open_repository(GIT, str(root))
    found = mine(repository, 200, 1, ("lines",))
    texts = texts_of(repository, found.tasks)
    own = [each for each in found.tasks if each.path in ("crlf.py", "feed.py")]
    assert {each.path for each in own} == {"crlf.py", "feed.py"}
    for task in own:
        line = texts[task.id].before.rpartition("\n")[2] + texts[task.id].truth.partition("\n")[0]
        number = task.first - (2 if task.path == "crlf.py" else 3)
        assert line == f"value_{number} = compute_{number}(first, {number})"


def test_a_moved_file_is_no_new_code(tmp_path: Path) -> None:
    root = make_history(tmp_path / "shop", modules=2)
    (root / "moved").mkdir()
    git(root, "mv", "shop/mod_0.py", "moved/mod_0.py")
    git(root, "commit", "-qm", "Move a module")
    found = mine(open_repository(GIT, str(root)), 200, 1, ("lines",))
    assert not [each for each in found.tasks if each.path.startswith("moved/")]


def test_settings_of_git_do_not_change_the_hunks(tmp_path: Path) -> None:
    root = make_history(tmp_path / "shop", modules=3)
    before = mine(open_repository(GIT, str(root)), 100, 1)
    for setting in ("diff.interHunkContext=9", "diff.context=7", "diff.noprefix=true", "log.showRoot=false"):
        git(root, "config", *setting.split("="))
    assert mine(open_repository(GIT, str(root)), 100, 1) == before


def test_a_shallow_clone_has_no_tasks_and_says_why(tmp_path: Path, shop_history: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", f"file://{shop_history}", str(clone)],
        capture_output=True, check=True,
    )  # fmt: skip
    found = mine(open_repository(GIT, str(clone)), 100, 1, ("lines", "edits"))
    assert found.tasks == ()


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
    with pytest.raises(UserError, match="not a git repository with a commit"):
        open_repository(GIT, str(tmp_path))
