"""The counts of a session, by what they are for."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from assist_completion.suggestion import Millis, Reason, Suggestion
from assist_evaluation.feedback.usage_counts import UsageTable
from assist_evaluation.usage.usage_rows import UsageKey
from assist_server.workspace.documents import OpenDocument
from assist_server.workspace.folders import make_folders, make_key

KEY = UsageKey("2026-01-31", model="m")


def document(path: str = "") -> OpenDocument:
    return OpenDocument("u", Path(path or "a.rs").name, "", 1, [""], real_path=path)


def test_a_folder_inside_of_a_repository_counts_for_the_repository(tmp_path: Path) -> None:
    for each in (".git/objects", ".git/refs", "crate/src"):
        (tmp_path / "top" / each).mkdir(parents=True)
    (tmp_path / "top" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "plain").mkdir()
    folders = make_folders([str(tmp_path / "top" / "crate"), str(tmp_path / "plain")], tmp_path)
    late = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
    usage = UsageTable(lambda: folders, lambda: late)
    assert usage.key(document(f"{tmp_path}/plain/a.py"), "m").repo == "", "it does not look at the disk"
    usage.learn_repositories([folder.root for folder in folders]).join()
    inside = usage.key(document(f"{tmp_path}/top/crate/src/a.rs"), "m")
    assert inside == UsageKey("2026-01-31", make_key(str(tmp_path / "top")), "m", "rust")
    assert usage.key(document(f"{tmp_path}/plain/a.py"), "m").repo == make_key(str(tmp_path / "plain"))
    for path in (f"{tmp_path}/a.py", ""):
        assert usage.key(document(path), "m").repo == ""


@pytest.mark.parametrize(
    ("source", "served", "name"),
    [
        ("model", False, "source-model"),
        ("model", True, "source-server"),
        ("cache", True, "source-cache"),
        ("typed-through", False, "source-typed-through"),
    ],
)
def test_where_a_shown_text_is_from(source: str, served: bool, name: str) -> None:
    usage = UsageTable(tuple)
    answer = Suggestion(text="y", shown=True, source=source, ms=Millis(total=30))
    usage.count_answer(KEY, answer, shown=True, by_server=served)
    assert usage.rows == {KEY: {"requests": 1, "ms<=50": 1, "shown": 1, name: 1}}


@pytest.mark.parametrize("reason", ["long-line", "not-for-server", "server-away", "superseded"])
def test_a_request_that_was_not_computed_has_no_time(reason: Reason) -> None:
    usage = UsageTable(tuple)
    usage.count_answer(KEY, Suggestion(reason=reason, ms=Millis(total=0.1)), shown=False, by_server=False)
    assert usage.rows == {KEY: {"requests": 1}}


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("qwen2.5-coder-0.5b", "qwen2.5-coder-0.5b"),
        ("/data/models/qwen2.5", "qwen2.5"),
        ("/data/models/qwen2.5/", "qwen2.5"),
        ("C:\\Users\\ann\\models\\qwen2.5", "qwen2.5"),
        ("C:/models", "models"),
        ("./qwen", "qwen"),
        ("~/qwen", "qwen"),
        ("ann/models/qwen", "qwen"),
        ("models/mine.gguf", "mine"),
        ("Qwen/Qwen2.5-Coder-7B", "Qwen/Qwen2.5-Coder-7B"),
    ],
)
def test_a_model_that_a_server_calls_by_a_path_counts_without_the_path(model: str, name: str) -> None:
    assert UsageTable(tuple).key(document(), model).model == name


def test_what_was_taken_is_not_there_once_more() -> None:
    usage = UsageTable(tuple)
    usage.count(KEY, "shown")
    assert usage.take() == {KEY: {"shown": 1}}
    usage.count(KEY, "accepted")
    assert usage.take() == {KEY: {"accepted": 1}}
    assert usage.take() == {}


@pytest.mark.parametrize(("reason", "counted"), [("low-confidence", True), ("manual-only", False)])
def test_a_request_without_a_text_counts_unless_the_settings_forbid_it(reason: Reason, counted: bool) -> None:
    usage = UsageTable(tuple)
    usage.count_answer(KEY, Suggestion(reason=reason), shown=False, by_server=False)
    assert usage.rows == ({KEY: {"requests": 1, "ms<=1": 1}} if counted else {})
