"""The pictures of the README are what the recorded runs give, and load nothing."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.pictures.latency_chart import draw_latencies, format_seconds, latency_rows
from bench.pictures.moving_picture import draw_session, make_frames
from bench.pictures.session import SessionEvent, from_rows

ROOT = Path(__file__).parents[2]
RESULTS, IMAGES = ROOT / "benchmarks" / "results", ROOT / "docs" / "images"
EVENTS = [
    SessionEvent(0.5, "key", 13, 31, 31, "\n    "),
    SessionEvent(0.7, "ghost", 14, 4, 4, "return <all>", 6.4),
    SessionEvent(1.5, "accept", 14, 4, 4, "return <all>"),
    SessionEvent(2.0, "offer", 17, 4, 14, "reduced", 8.2),
    SessionEvent(3.0, "make", 17, 4, 14, "reduced"),
]


def recorded_events() -> list[SessionEvent]:
    return from_rows(json.loads((RESULTS / "typing.json").read_text("utf-8"))["events"])


def test_a_picture_shows_each_text_and_its_time() -> None:
    picture = draw_session(EVENTS)
    text = " ".join("".join(part.itertext()) for part in ElementTree.fromstring(picture).iter())  # noqa: S314  # our own
    assert "return <all>" in text
    assert "6 ms after the keystroke" in text
    assert "without a model in 8 ms" in text
    assert make_frames(EVENTS)[-1].lines[17][:11] == "def reduced"


def test_the_chart_has_all_strategies_on_one_axis() -> None:
    rows = latency_rows(json.loads((RESULTS / "replay.json").read_text("utf-8"))["medians"])
    picture = draw_latencies(rows)
    assert [name for name, *_ in rows] == [
        "assist",
        "llama.vim's strategy",
        "Continue's strategy",
        "Tabby's strategy",
    ]
    assert all(format_seconds(value) in picture for _, *values in rows for value in values)


@pytest.mark.parametrize("name", ["typing", "chart"])
def test_the_committed_picture_is_what_the_results_give(name: str) -> None:
    picture = (IMAGES / f"{name}.svg").read_text("utf-8")
    medians = json.loads((RESULTS / "replay.json").read_text("utf-8"))["medians"]
    assert picture == (
        draw_session(recorded_events()) if name == "typing" else draw_latencies(latency_rows(medians))
    )
    ElementTree.fromstring(picture)  # noqa: S314  # our own
    assert not re.search(r"<script|href|url\(|@import|<image|foreignObject", picture)


def test_a_session_shows_a_suggestion_and_a_next_edit() -> None:
    kinds = [event.kind for event in recorded_events() if event.text or event.kind == "move"]
    assert {"key", "ghost", "accept", "offer", "make"} <= set(kinds)
