"""The counts of a session, by what they are for."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from assist_completion.suggestion import Millis, Reason, Suggestion
from assist_server.editor.feedback.usage_table import UsageTable
from assist_server.records.usage_rows import UsageKey
from assist_server.workspace.documents import OpenDocument
from assist_server.workspace.folders import folders_of, key_of

KEY = UsageKey("2026-01-31", model="m")


def document(path: str = "") -> OpenDocument:
    return OpenDocument("u", Path(path or "a.rs").name, "", 1, [""], real_path=path)


def test_a_folder_inside_of_a_repository_counts_for_the_repository(tmp_path: Path) -> None:
    for each in (".git/objects", ".git/refs", "crate/src"):
        (tmp_path / "top" / each).mkdir(parents=True)
    (tmp_path / "top" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "plain").mkdir()
    folders = folders_of([str(tmp_path / "top" / "crate"), str(tmp_path / "plain")], tmp_path)
    late = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
    usage = UsageTable(lambda: folders, lambda: late)
    inside = usage.key(document(f"{tmp_path}/top/crate/src/a.rs"), "m")
    assert inside == UsageKey("2026-01-31", key_of(str(tmp_path / "top")), "m", "rust")
    assert usage.key(document(f"{tmp_path}/plain/a.py"), "m").repo == key_of(str(tmp_path / "plain"))
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
    usage.count_answer(KEY, answer, shown=True, served=served)
    assert usage.rows == {KEY: {"requests": 1, "ms<=50": 1, "shown": 1, name: 1}}


@pytest.mark.parametrize(("reason", "counted"), [("low-confidence", True), ("manual-only", False)])
def test_a_request_without_a_text_counts_unless_the_settings_forbid_it(reason: Reason, counted: bool) -> None:
    usage = UsageTable(tuple)
    usage.count_answer(KEY, Suggestion(reason=reason), shown=False, served=False)
    assert usage.rows == ({KEY: {"requests": 1, "ms<=1": 1}} if counted else {})
