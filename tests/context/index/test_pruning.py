"""Removing from the index: every trace of excluded content, and dead content if there is no room."""

from pathlib import Path

import pytest
from secret_words import bytes_of, traces
from stores import TEXTS, asked, build, entry, index, listing, many, opened, rows

from assist_context.index.database import read_size
from assist_context.index.extraction import parse
from assist_context.index.writer import PathChanges

SECRET = "zebrafinchtoken"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


def test_forgetting_leaves_no_trace(path: Path) -> None:
    hidden = {
        f"{SECRET}/x.py": f"import {SECRET}mod\n\n\nclass {SECRET}:\n    def m{SECRET}(self):\n        {SECRET}call()\n",
        f"{SECRET}.bin": "",
    }
    with opened(path) as writer, asked(path) as reader:
        index(writer, {**TEXTS, **hidden})
        assert reader.search([SECRET])
        assert traces(bytes_of(path), SECRET)
        writer.apply_listing(listing(TEXTS))
        assert writer.forget(lambda name: name.startswith(SECRET)) == 2
        assert reader.search([SECRET]) == ()
        assert reader.definitions(SECRET) == ()
        assert reader.references(SECRET + "call") == ()
        assert reader.rarity(SECRET) == 0
        assert not traces(bytes_of(path), SECRET)
        assert reader.definitions("Parcel")
        assert reader.search(["parcel"])
    assert not traces(bytes_of(path), SECRET)


def test_only_what_is_dead_and_excluded_is_forgotten(path: Path) -> None:
    build(path)
    with opened(path) as writer:
        assert writer.forget(lambda _: True) == 0
        writer.apply_listing(listing({"copy.py": TEXTS["a.py"]}))
        assert writer.forget(lambda name: name == "README.md") == 1
        assert writer.apply_listing(listing(TEXTS)).wanted == (entry("README.md", TEXTS["README.md"]),)


def test_a_content_that_lives_on_forgets_its_excluded_path(path: Path) -> None:
    with opened(path) as writer:
        text = "x = 1\n"
        index(writer, {f"{SECRET}.py": text})
        writer.apply_listing(listing({}))
        writer.apply_listing(listing({"a.py": text}))
        assert writer.forget(lambda name: name.startswith(SECRET)) == 0
        assert not traces(bytes_of(path), SECRET)
        assert writer.apply_listing(listing({"a.py": text})) == PathChanges()


def test_a_late_answer_about_what_was_forgotten_is_dropped(path: Path) -> None:
    text = f"{SECRET} = 1\n"
    with opened(path) as writer:
        writer.apply_listing(listing({"secret.py": text}))
        writer.apply_listing(listing({}))
        writer.forget(lambda _: True)
        writer.add([(entry("secret.py", text).blob, parse("secret.py", text))])
    assert not traces(bytes_of(path), SECRET)


def test_an_error_in_the_rule_changes_nothing(path: Path) -> None:
    build(path)
    with opened(path) as writer:
        writer.apply_listing(listing({}))
        with pytest.raises(ZeroDivisionError):
            writer.forget(lambda _: bool(1 // 0))
        assert writer.apply_listing(listing(TEXTS)).wanted == ()


def test_pruning_takes_the_dead_first_and_never_the_living(path: Path) -> None:
    with opened(path) as writer:
        index(writer, many(60, "old"))
        index(writer, many(60, "new"))
    with opened(path) as writer:
        before = read_size(str(path))  # without the log
        gone = writer.prune(before * 2 // 3)
        assert 0 < gone < 60
        assert read_size(str(path)) <= before * 2 // 3
        assert writer.prune(0) == 60 - gone
        assert writer.prune(0) == 0
        assert writer.apply_listing(listing(many(60, "new"))) == PathChanges()
    with asked(path) as reader:
        assert reader.definitions("new_59_59")
        assert [each.path for each in reader.search(["59"], limit=1)] == ["new59.py"]
    assert rows(path, "content") == 60
    assert rows(path, "mention") == 60 * 60


def test_a_small_file_is_not_pruned(path: Path) -> None:
    build(path)
    with opened(path) as writer:
        writer.apply_listing(listing({}))
        assert writer.prune(10_000_000) == 0
        assert writer.apply_listing(listing(TEXTS)).wanted == ()
