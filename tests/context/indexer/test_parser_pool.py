"""Real parser processes, and grammars that fail in every way."""

import os
import queue
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest
from workspaces import GIT, commit, posix, put

from assist_context.files.blobs import FileEntry
from assist_context.files.listing import list_folder
from assist_context.index.encoding import unpack_places
from assist_context.index.extraction import ParsedFile, parse
from assist_context.indexer.parser_pool import (
    KILLS,
    Message,
    ParseJob,
    ParseOutcome,
    ParserLimits,
    ParserPool,
    ParsersFailed,
)

pytestmark = pytest.mark.slow

SOURCE = "def f():\n    return g()\n"


@pytest.fixture(autouse=True)
def _hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


class Crew:
    """A parser pool, and the loop that an indexer runs around it."""

    def __init__(
        self,
        count: int = 1,
        parse: str = "troubled:parse",
        limits: ParserLimits | None = None,
        held: Callable[[int], int] | None = None,
    ) -> None:
        self.inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._others = {each.pid for each in psutil.Process().children()}  # of earlier tests
        self.parsers = ParserPool(self.inbox, count, parse, limits or ParserLimits(), held)
        self.seen: set[int] = set()

    def processes(self) -> list[psutil.Process]:
        return [each for each in psutil.Process().children() if each.pid not in self._others]

    def run(self, jobs: Sequence[ParseJob]) -> list[ParseOutcome]:
        left, outcomes = list(reversed(jobs)), []
        while left or self.parsers.busy:
            while self.parsers.room() and left:
                self.parsers.give(left.pop())
            self.seen |= {each.pid for each in self.processes()}
            try:
                message = self.inbox.get(timeout=self.parsers.wait_s())
            except queue.Empty:
                outcomes += self.parsers.kill_overdue()
            else:
                outcomes += self.parsers.receive(*message)
        return outcomes


@pytest.fixture
def crews() -> Iterator[list[Crew]]:
    made: list[Crew] = []
    yield made
    for each in made:
        each.parsers.rest()
        each.parsers.close()


def jobs(root: Path) -> list[ParseJob]:
    listing = list_folder(str(root), git=GIT)
    return [ParseJob(listing.root, each) for each in listing.entries]


def by_path(outcomes: Sequence[ParseOutcome]) -> dict[str, str]:
    found = {each.job.entry.path: each.why or each.kind for each in outcomes}
    assert len(found) == len(outcomes)  # each file occurs once
    return found


def test_a_file_is_parsed(tmp_path: Path, crews: list[Crew]) -> None:
    put(tmp_path, "a.py", SOURCE)
    crews.append(Crew(parse=""))
    (outcome,) = crews[0].run(jobs(tmp_path))
    assert outcome.parsed is not None
    assert [each.name for each in outcome.parsed.definitions] == ["f"]
    assert [(name, unpack_places(places)) for name, places in outcome.parsed.references] == [("g", [(2, 0)])]


@pytest.mark.parametrize("count", [1, 2])
def test_either_process_makes_the_same_chunks(tmp_path: Path, crews: list[Crew], count: int) -> None:
    texts = {
        "a.py": "class A:\n    def é(self, no):\n        return 'x\u2028y'\n\n\nb256 = 1\n",
        "b.go": "package b\r\n\r\nfunc f() {\r\n\tg()\r\n}\r\n",
        "c.txt": "words of a text, which has no end",
        "d.js": "f(1);" * 2_000,
        "e.py": "",
    }
    for path, text in texts.items():
        put(tmp_path, path, text)
    crews.append(Crew(count, parse=""))
    outcomes = crews[0].run(jobs(tmp_path))
    found = {each.job.entry.path: each.parsed for each in outcomes}
    assert found == {path: parse(path, text) for path, text in texts.items()}


TROUBLE = (
    ("loops", "the grammar took longer than 3 s"),
    ("holds the lock", "the grammar took longer than 3 s"),
    ("aborts", "the grammar crashed (SIGABRT)"),
    ("segfaults", "the grammar crashed (SIGSEGV)"),
    ("eats", "the grammar needed more than 1024 MB of memory"),
    ("raises", "the parser ended with 1"),
    ("is killed", "the parser process was killed, perhaps for its memory"),
    ("prints", "parsed"),
)


@posix
@pytest.mark.parametrize(("word", "why"), TROUBLE)
def test_trouble_costs_one_file(tmp_path: Path, crews: list[Crew], word: str, why: str) -> None:
    for number in range(12):  # several files for one process
        put(tmp_path, f"{number:02}.py", SOURCE.replace("f", f"f{number}"))
    put(tmp_path, "05.py", f"# {word}\n")
    crews.append(
        Crew(limits=ParserLimits(parse_s=240.0))
    )  # 3 s of processor time are a minute at a low priority
    found = by_path(crews[0].run(jobs(tmp_path)))
    assert found.pop("05.py") == why
    assert set(found.values()) == {"parsed"}
    assert len(found) == 11
    assert len(crews[0].seen) == {"prints": 1, "is killed": KILLS + 1}.get(word, 2)


def test_a_sleeping_grammar_is_killed_by_the_clock(tmp_path: Path, crews: list[Crew]) -> None:
    put(tmp_path, "a.py", "# sleeps\n")
    put(tmp_path, "b.py", SOURCE)
    crews.append(Crew(limits=ParserLimits(parse_s=8.0)))
    found = by_path(crews[0].run(jobs(tmp_path)))
    assert found == {"a.py": "the grammar hung for 8 s", "b.py": "parsed"}


def test_where_the_system_limits_no_memory_a_large_process_is_seen(tmp_path: Path, crews: list[Crew]) -> None:
    put(tmp_path, "a.py", "# sleeps\n")
    crews.append(Crew(held=lambda process: 2 << 30 if psutil.pid_exists(process) else 0))
    assert by_path(crews[0].run(jobs(tmp_path))) == {"a.py": "the grammar needed more than 1024 MB of memory"}


@pytest.mark.parametrize(
    "word", ["scribbles", "lies about lines", "lies about names", "lies about text", "lies about heads"]
)
def test_a_process_that_scribbles_over_its_pipe_is_replaced(
    tmp_path: Path, crews: list[Crew], word: str
) -> None:
    put(tmp_path, "a.py", f"# {word}\n")
    put(tmp_path, "b.py", SOURCE)
    crews.append(Crew())
    found = by_path(crews[0].run(jobs(tmp_path)))
    assert found["b.py"] == "parsed"
    assert found["a.py"] != "parsed"


def test_a_process_that_is_killed_from_outside_costs_nothing(tmp_path: Path, crews: list[Crew]) -> None:
    for number in range(200):
        put(tmp_path, f"{number}.py", f"def f{number}(): pass\n")
    crew = Crew()
    crews.append(crew)
    left, outcomes, killed = jobs(tmp_path), [], 0
    while left or crew.parsers.busy:
        while crew.parsers.room() and left:
            crew.parsers.give(left.pop())
        outcomes += crew.parsers.receive(*crew.inbox.get())
        if len(outcomes) > 20 * (killed + 1):
            killed += 1
            for child in crew.processes():
                child.kill()
    assert killed > 5
    assert set(by_path(outcomes).values()) == {"parsed"}
    assert len(outcomes) == 200


def test_several_processes_share_the_work(tmp_path: Path, crews: list[Crew]) -> None:
    for number in range(20):
        put(tmp_path, f"{number}.py", f"def f{number}(): pass\n")
    crew = Crew(count=3, parse="")
    crews.append(crew)
    assert set(by_path(crew.run(jobs(tmp_path))).values()) == {"parsed"}
    assert len(crew.seen) == 3
    crew.parsers.rest()
    assert len(crew.processes()) == 1


def test_processes_that_never_start_are_not_tried_for_ever(tmp_path: Path, crews: list[Crew]) -> None:
    put(tmp_path, "a.py", SOURCE)
    crew = Crew(parse="troubled:no_such_function")
    crews.append(crew)
    with pytest.raises(ParsersFailed, match="5 parser processes ended"):
        crew.run(jobs(tmp_path))


def changed(path: Path) -> None:
    path.write_text("def other(): pass\n")


def deleted(path: Path) -> None:
    path.unlink()


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path) -> None:
    path.rename(path.with_suffix(".txt"))
    path.symlink_to(path.with_suffix(".txt"))


def link_above(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))
    put(path.parent.parent, "elsewhere/a.py", "print('secret')\n")
    path.parent.symlink_to(path.parent.with_name("elsewhere"))


@posix
@pytest.mark.parametrize("happens", [changed, deleted, directory, pipe, link, link_above])
def test_what_is_not_as_it_was_listed_is_not_parsed(
    tmp_path: Path, crews: list[Crew], happens: object
) -> None:
    path = put(tmp_path, "inner/a.py", SOURCE)
    listed = jobs(tmp_path)
    assert callable(happens)
    happens(path)
    crews.append(Crew(parse=""))
    assert by_path(crews[0].run(listed)) == {"inner/a.py": "changed"}


def test_git_may_convert_line_ends(tmp_path: Path, crews: list[Crew]) -> None:
    put(tmp_path, ".gitattributes", "*.py text eol=crlf\n")
    put(tmp_path, "a.py", SOURCE.replace("\n", "\r\n"))
    commit(tmp_path)
    os.utime(tmp_path / "a.py", (1_000_000_000, 1_000_000_000))
    listed = [each for each in jobs(tmp_path) if each.entry.path == "a.py"]
    crews.append(Crew(parse=""))
    assert by_path(crews[0].run(listed)) == {"a.py": "parsed"}
    put(tmp_path, "a.py", "print(1)\r\n")
    assert by_path(crews[0].run(listed)) == {"a.py": "changed"}


def test_a_huge_file_is_not_read_and_a_binary_one_not_parsed(tmp_path: Path, crews: list[Crew]) -> None:
    with open(tmp_path / "huge.py", "wb") as file:
        file.truncate(200_000_000)
    put(tmp_path, "large.bin", b"\0" * 2_000_000)
    put(tmp_path, "large.py", b"x = 1\n" * 200_000)
    put(tmp_path, "line.js", b"f(1);" * 2_000)
    entry = FileEntry("huge.py", "0" * 40, 200_000_000, 0, "large")
    listed = [each for each in jobs(tmp_path) if each.entry.path != "huge.py"]
    crews.append(Crew(parse=""))
    outcomes = crews[0].run([ParseJob(str(tmp_path), entry), *listed])
    parsed = {each.job.entry.path: each.parsed or ParsedFile("") for each in outcomes}
    assert {path: each.problem for path, each in parsed.items()} == {
        "huge.py": "the file is large",
        "large.bin": "the file is binary",
        "large.py": "the file is large",
        "line.js": "the file is minified",
    }
    assert parsed["large.py"].chunks
    assert not parsed["large.bin"].chunks


def test_a_name_that_is_no_utf_8(tmp_path: Path, crews: list[Crew]) -> None:
    if sys.platform in ("win32", "darwin"):
        pytest.skip("no such names there")
    put(tmp_path, os.fsdecode(b"\xff.py"), SOURCE)
    crews.append(Crew(parse=""))
    assert by_path(crews[0].run(jobs(tmp_path))) == {os.fsdecode(b"\xff.py"): "parsed"}
