"""Which chunks match words best."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from stores import asked, build, index, opened

from assist_context.index.search import MAX_POSTINGS, MAX_TERMS, Frequencies, rarest
from assist_context.index.terms import terms

TEXTS: Mapping[str, str] = {
    "net/retry.py": "def wait_between(attempts):\n    pause = attempts * 2\n    return pause\n",
    "net/http.py": "class HTTPServer:\n    def serve(self, socket):\n        while True:\n            socket.accept()\n",
    "store.py": "def save(thing):\n    # the socket is closed\n    return thing\n\n\ndef load(name):\n    return name\n",
    "notes.txt": "Some words on how long a pause should be.\n",
}


def found(path: Path, words: str, **options: object) -> list[tuple[str, str]]:
    with asked(path) as reader:
        return [(hit.path, hit.name) for hit in reader.search(terms(words), **options)]  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return build(tmp_path / "a.db", TEXTS)


@pytest.mark.parametrize(
    ("words", "best"),
    [
        ("wait between attempts", ("net/retry.py", "wait_between")),
        ("pauses", ("net/retry.py", "wait_between")),
        ("http server", ("net/http.py", "HTTPServer")),
        ("accepting a socket", ("net/http.py", "HTTPServer.serve")),
        ("load", ("store.py", "load")),
        ("how long", ("notes.txt", "")),
        ("notes", ("notes.txt", "")),
    ],
)
def test_the_best_is_first(path: Path, words: str, best: tuple[str, str]) -> None:
    assert found(path, words)[0] == best


def test_hits_have_lines_and_falling_scores(path: Path) -> None:
    with asked(path) as reader:
        hits = reader.search(terms("socket pause name"))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert {(hit.path, hit.start_line, hit.end_line) for hit in hits if hit.name == "load"} == {
        ("store.py", 6, 7)
    }


def test_weights_choose_between_name_and_body(path: Path) -> None:
    assert found(path, "serve save socket", weights=(9.0, 0.0, 0.0, 0.0))[-1][1] in {
        "HTTPServer.serve",
        "save",
    }
    assert ("store.py", "save") not in found(path, "http", weights=(0.0, 0.0, 1.0, 0.0))
    assert found(path, "net", weights=(1.0, 0.0, 1.0, 0.0)) == []
    assert {hit[0] for hit in found(path, "net", weights=(0.0, 1.0, 0.0, 0.0))} == {
        "net/retry.py",
        "net/http.py",
    }


def test_limits(path: Path) -> None:
    assert len(found(path, "socket", limit=1)) == 1
    assert found(path, "socket", limit=0) == found(path, "") == found(path, "nowheretobefound") == []


def test_a_parameter_is_worth_more_than_a_word_of_the_body(tmp_path: Path) -> None:
    texts = {
        "a.py": "def one(path):\n    return timeout\n",
        "b.py": "def two(timeout):\n    return path\n",
    }
    path = build(tmp_path / "a.db", texts)
    assert found(path, "timeout") == [("b.py", "two"), ("a.py", "one")]
    assert found(path, "path") == [("a.py", "one"), ("b.py", "two")]
    assert found(path, "timeout", weights=(4.0, 2.0, 1.0, 0.0))[0] == ("a.py", "one")


def test_a_definition_in_pieces_is_found_once(tmp_path: Path) -> None:
    body = "".join(f"    needle = {at}\n" for at in range(200))
    path = build(tmp_path / "a.db", {"a.py": f"def f():\n{body}", "b.py": f"def f():\n{body}\n"})
    assert found(path, "needle") == [("a.py", "f"), ("b.py", "f")]


def test_a_patient_search_uses_more_common_words() -> None:
    counts = {"rare": 2, "common": MAX_POSTINGS, **{f"t{at}": 3 for at in range(30)}}
    known = Frequencies(counts, 99_999, 10.0, 2.0, 3.0)
    assert rarest(["common", "rare"], known) == ["rare"]
    assert rarest(["common", "rare"], known, patient=True) == ["rare", "common"]
    assert len(rarest(list(counts), known, patient=True)) > MAX_TERMS
    assert len(rarest([f"t{at}" for at in range(30)], known)) == MAX_TERMS


def test_neighbours_that_are_one_word_are_found(tmp_path: Path) -> None:
    texts = {"a.py": "def f():\n    return filename\n", "b.py": "def g():\n    return other\n"}
    assert found(build(tmp_path / "a.db", texts), "the file name")[0] == ("a.py", "f")


def test_contents_that_no_path_means_are_not_found(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with opened(path) as writer:
        for turn in range(500):  # as if a file were saved so often
            index(
                writer,
                {"a.py": f"def needle():\n    return {turn}0\n", "b.py": "def hay():\n    return needle\n"},
            )
        assert found(path, "needle") == [("a.py", "needle"), ("b.py", "hay")]


def test_terms_are_known_again_when_much_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with opened(path) as writer, asked(path) as reader:
        index(writer, TEXTS)
        assert reader.rarity("socket") == 2
        assert [hit.name for hit in reader.search(["late"])] == []
        index(writer, {**TEXTS, "new.py": "def late_socket():\n    pass\n"})
        assert [hit.name for hit in reader.search(["lat"])] == ["late_socket"]
        index(writer, {**TEXTS, **{f"f{at}.py": f"def socket_{at}(): pass\n" for at in range(20)}})
        assert reader.rarity("socket") == 23


def test_the_rarest_are_looked_for_and_no_more_than_is_quick() -> None:
    counts = {f"t{at}": at for at in range(1, 100)} | {
        "rare": 2,
        "\u00b7rare": 1,
        "all": 2 * MAX_POSTINGS,
        "filename": 5,
    }
    known = Frequencies(counts, 9_999, 10.0, 2.0, 3.0)
    assert rarest(["t9", "t3", "new", "t3", "rare"], known) == ["t3", "rare", "t9", "new"]
    assert rarest(["file", "name"], known) == ["filename", "file", "name"]
    assert len(rarest([f"t{at}" for at in range(1, 100)], known)) == MAX_TERMS
    assert rarest(["all", "t1"], known) == ["t1"]
    assert rarest(["all"], known) == ["all"]
    assert rarest(['"', "a b", "", "*"], known) == []


def test_coverage_is_the_share_of_the_asked_words(path: Path) -> None:
    with asked(path) as reader:
        hits = reader.search(["socket", "nowheretobefound"])
        assert 0 < hits[0].coverage < 0.5
        assert reader.search(["socket"])[0].coverage == 1


def test_a_joined_word_counts_as_both_of_its_words(tmp_path: Path) -> None:
    path = build(
        tmp_path / "a.db", {"a.py": "def f():\n    return filename\n", "b.py": "def g(): return file\n"}
    )
    with asked(path) as reader:
        found = {hit.path: hit.coverage for hit in reader.search(["fil", "nam"])}
    assert found["a.py"] == 1 > found["b.py"]


def test_scores_of_two_indexes_can_be_compared(tmp_path: Path) -> None:
    few = build(tmp_path / "few.db", {"a.py": "def deploy(): pass\n"})
    many = build(tmp_path / "many.db", {f"{at}.py": f"def deploy{at}(): pass\n" for at in range(30)})
    with asked(few) as small, asked(many) as large:
        around = [counts for counts in (large.counts(),) if counts]
        alone = small.search_for_question(["deploy"], 1, "all")[0].score
        beside = small.search_for_question(["deploy"], 1, "all", around)[0].score
        assert alone > 3 * beside
