"""What the benchmark of typing in an editor types, and what it counts, without an editor."""

from pathlib import Path

import pytest

from bench.typing.editor_figures import TypingLog, cold_waits, side_by_side, typing_figures
from bench.typing.real_code import copy_project, trace_of

LINES = [
    "import rich",
    *(f"def f{n}(x):\n    # see x.y(z)\n    x.first_member(x, {n} * 100)\n    return x" for n in range(120)),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "mine/.venv/lib/python3/site-packages/rich").mkdir(parents=True)
    (tmp_path / "mine/a.py").write_text("\n".join(LINES))
    (tmp_path / "mine/b.py").write_text("\n".join(LINES[1:]))
    return tmp_path / "mine"


def test_lines_that_call_members_are_typed_in_a_copy_of_a_file_that_imports_a_library(project: Path) -> None:
    folder = project.parent / "copy"
    copy_project(project, folder)
    path, trace, meant = trace_of(folder, "python", 3, 1)
    assert path == folder / "a.py"
    assert (folder / ".venv").is_symlink()
    assert [visit.text.partition("(")[0] for visit in trace.visits] == ["\n    x.first_member"] * 3
    assert len(trace.start.split("\n")) == len(meant.split("\n")) - 3
    with pytest.raises(ValueError, match="no typescript file"):
        trace_of(folder, "typescript", 3, 1)


def test_a_cold_wait_lasts_to_the_first_answer_at_the_place_and_questions_are_counted_by_version_and_dot() -> (
    None
):
    log = TypingLog(jumps=[100.0, 300.0], left=[200.0, 400.0], tokens=[0, 0, 4], popups=1)
    log.requests = [
        {"sent": 50.0, "answered": 51.0},
        {"sent": 101.0},
        {"sent": 110.0, "answered": 131.0},
        {"sent": 301.0},
    ]
    log.lists = [
        {"place": "1 a.py 7 2 9", "ours": True, "popup": False},
        {"place": "1 a.py 7 2 9", "ours": False, "popup": True},
        {"place": "1 a.py 8 2 9", "ours": True, "popup": True},
    ]
    log.whys = ["the type Cart has no member `amount`", "too unsure: 0.02 of 0.10 needed"]
    assert cold_waits(log) == [30.0, 99.0]
    figures = typing_figures(log)
    assert figures["tokens read a request"] == {"p50": 0, "p95": 4}
    assert figures["lists from other servers"] == 2
    assert figures["most for one version and dot"] == 1
    assert figures["while the popup was open"] == 1
    assert figures["names refused"] == ["the type Cart has no member `amount`"]
    assert "| cold, ms | p50 99.0, most 99.0 | - |" in side_by_side(
        {"on": {"python": figures}, "off": {"python": typing_figures(TypingLog())}}
    )
