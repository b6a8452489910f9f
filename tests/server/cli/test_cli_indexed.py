"""What other commands do with an index: what the doctor reports, and what completions use."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import Assist, runner
from shops import TILL, database, make_workspace

from assist_server.questions.locations import cursor_at, document_of
from assist_server.workspace.folder_index import FolderSearch
from assist_server.workspace.folders import WorkspaceFolder, database_of

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_workspace(tmp_path)


def test_the_doctor_shows_the_index_of_the_working_directory(
    assist: Assist, shop: Path, tmp_path: Path
) -> None:
    before = assist("doctor", "--json").json["index"]
    assert before.keys() == {"enabled", "git", "sqlite", "languages", "workspace"}
    assert before["workspace"] is None
    assert before["git"].endswith("git")
    assert before["sqlite"]["version"][0] == "3"
    assert {each["language"] for each in before["languages"]} == {"sql", "makefile"}
    assert "none for this directory yet" in assist("doctor").out
    assert assist("index").code == 0  # the index of `tmp_path` itself
    found = assist("doctor", "--json").json["index"]["workspace"]
    assert (found["root"], found["state"], found["waiting"]) == (str(tmp_path), "ready", 0)
    assert "of them read" in assist("doctor").out
    assert str(tmp_path / "data" / "index") in assist("doctor").out


def problems(assist: Assist) -> dict[str, str]:
    return {each["what"]: each["remedy"] for each in assist("doctor", "--json").json["problems"]}


def remedy_of(assist: Assist, words: str) -> str:
    found = problems(assist)
    return next(remedy for what, remedy in found.items() if words in what)


def test_the_doctor_says_what_is_wrong_with_an_index(assist: Assist, shop: Path, tmp_path: Path) -> None:
    assert assist("index").code == 0
    assert not any("index" in what.lower() for what in problems(assist))
    file = database(tmp_path, tmp_path)
    file.parent.chmod(0o755)
    assert "chmod 700" in remedy_of(assist, "Other users can read")
    file.write_bytes(b"SQLite format 3\0" + b"\xff" * 4_000)
    assert "assist index" in remedy_of(assist, "The index cannot be read")
    done = assist("doctor")
    assert "Note: The index cannot be read" in done.out


def test_the_doctor_without_git_says_so(tmp_path: Path, home: Mapping[str, str]) -> None:
    said = runner(tmp_path, {**home, "PATH": str(tmp_path)})("doctor").out
    assert "Note: git is not on PATH" in said
    assert "no git" in said


def test_the_doctor_knows_that_indexing_is_off(assist: Assist, tmp_path: Path) -> None:
    assert assist("index").code == 0
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("[context]\nindex = false\n")
    assert assist("doctor", "--json").json["index"]["enabled"] is False
    assert "turned off by `[context] index`" in assist("doctor").out


def test_a_rule_that_is_newer_than_the_index_counts(assist: Assist, shop: Path, tmp_path: Path) -> None:
    assert assist("index", "--workspace", "shop space").code == 0
    folder = WorkspaceFolder(str(shop), str(database(tmp_path, shop)))
    document = document_of(str(shop / "till.py"), TILL)

    def shown() -> list[str]:
        search = FolderSearch(folder)
        named = search.with_prompt_path(document)
        assert named is not None
        found = search.snippets(named, cursor_at(document, 5, 28), 400)
        search.close()
        return [each.path for each in found]

    assert shown() == ["shop.py"]
    (shop / ".assistignore").write_text("shop.py\n")
    assert shown() == []


@pytest.mark.model
def test_a_completion_sees_other_files_where_an_index_exists_and_never_builds_one(
    ready_assist: Assist, shop: Path, environ: Mapping[str, str]
) -> None:
    file = Path(database_of(str(shop), Path(environ["ASSIST_DATA_DIR"])))

    def prompts(*contexts: bool | None) -> list[dict[str, Any]]:
        lines = []
        for wanted in contexts:
            line = {"path": "till.py", "line": 5, "column": 28, "manual": True}
            lines.append(json.dumps(line if wanted is None else {**line, "context": wanted}))
        done = ready_assist("complete", "--batch", "--workspace", "shop space/sub/..", stdin="\n".join(lines))
        assert done.code == 0
        return [json.loads(line) for line in done.out.splitlines()]

    # A repeated request is answered from the cache, without a prompt, so no two lines of a batch are the same.
    bare, insisted = prompts(None, True)
    assert "run `assist index`" in insisted["error"]
    assert not file.exists()
    assert ready_assist("index", "--workspace", "shop space").code == 0
    without, usual = prompts(False, None)
    assert without["tokens"]["prompt"] == bare["tokens"]["prompt"]
    assert usual["tokens"]["prompt"] > bare["tokens"]["prompt"] + 20
    single = ready_assist("complete", "till.py:5:28", "--manual", "--workspace", "shop space", "--json")
    assert single.json["tokens"]["prompt"] == usual["tokens"]["prompt"]
    file.write_bytes(b"damaged")
    assert prompts(None)[0]["tokens"]["prompt"] < usual["tokens"]["prompt"]
