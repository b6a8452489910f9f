"""`assist index` and `assist context` as a user runs them, and what other commands do with an index."""

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from command_runs import Assist, runner, started
from fake_lsp import fake_model_here
from filelock import FileLock

from assist_server.questions.locations import convert_offset, open_document
from assist_server.workspace.folder_search import FolderSearch
from assist_server.workspace.folders import WorkspaceFolder, find_database

pytestmark = pytest.mark.slow

PATIENCE_S = 200.0
SHOP = '''\
def gross_price(net, vat_rate):
    """The price with tax."""
    return round(net * (1 + vat_rate), 2)
'''
TILL = "from shop import gross_price\n\n\ndef total(items):\n    return sum(gross_price("
PLACE = "till.py:5:28"


def database(tmp_path: Path, root: Path) -> Path:
    return Path(find_database(os.path.realpath(root), tmp_path / "data"))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop space"
    (root / "sub").mkdir(parents=True)
    (root / "shop.py").write_text(SHOP)
    (root / "till.py").write_text(TILL)
    (root / ".env").write_text("GROSS_PRICE=hunter2\n")
    (root / "image.png").write_bytes(b"\x89PNG\0\0")
    return root


def test_the_index_is_built_once_and_then_only_brought_up_to_date(
    assist: Assist, shop: Path, tmp_path: Path
) -> None:
    first = assist("index", "--workspace", "shop space", "--json")
    assert (first.code, first.err) == (0, "")
    found = first.json
    assert found.keys() == {
        "root", "database", "files", "parsed", "waiting", "bytes", "quarantined", "outlines", "problem",
        "files_without_outline", "refreshed", "parses", "seconds",
    }  # fmt: skip
    assert (found["root"], found["database"]) == (str(shop), str(database(tmp_path, shop)))
    assert (found["files"], found["parsed"], found["parses"], found["waiting"]) == (3, 2, 2, 0)
    assert (found["quarantined"], found["outlines"], found["problem"]) == ([], [], "")
    assert found["bytes"] > 0
    assert assist("index", "--workspace", "shop space", "--json").json["parses"] == 0
    (shop / "till.py").write_text(TILL + "1, 2")
    assert assist("index", "--workspace", "shop space", "--json").json["parses"] == 1


def test_the_index_is_for_its_owner_alone_and_the_workspace_stays_as_it_was(
    assist: Assist, shop: Path, tmp_path: Path
) -> None:
    before = sorted(os.listdir(shop))
    assert assist("index", "--workspace", "shop space").code == 0
    file = database(tmp_path, shop)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(os.listdir(shop)) == before


def test_files_without_an_outline_are_named_with_the_reason(assist: Assist, shop: Path) -> None:
    for name in ("a", "b", "c", "d"):
        (shop / f"{name}.min.js").write_text(f"var {name}=1;" * 4000)
    done = assist("index", "--workspace", "shop space")
    assert "4 files in javascript: " in done.out
    assert "a.min.js, b.min.js" in " ".join(done.out.split())
    assert "1 more" in done.out
    named = assist("index", "--workspace", "shop space", "--json").json["files_without_outline"]
    assert [each["path"] for each in named] == ["a.min.js", "b.min.js", "c.min.js", "d.min.js"]
    assert all(each["problem"] for each in named)


def test_people_read_it_in_a_pipe_of_80_columns(assist: Assist, shop: Path) -> None:
    done = assist("index", "--workspace", "shop space")
    assert done.code == 0
    assert "3 files, 2 of them read" in done.out
    assert "This run" in done.out
    assert "\x1b" not in done.out
    for line in done.out.splitlines():
        assert len(line) <= 80 or "/" in line  # a path is not broken
    shown = assist("context", PLACE, "--workspace", "shop space")
    assert shown.code == 0
    assert shown.out.splitlines()[:3] == [
        "shop.py:1-3",
        "  defines a name near the cursor, 37 tokens",
        "  | def gross_price(net, vat_rate):",
    ]
    assert "\x1b" not in shown.out
    assert "hunter2" not in shown.out
    assert not shown.err


def test_context_says_what_helps_and_why(assist: Assist, shop: Path) -> None:
    found = assist("context", PLACE, "--workspace", "shop space", "--json").json
    assert found.keys() == {"snippets", "budget", "ms", "libraries"}
    first = found["snippets"][0]
    assert first.keys() == {
        "path", "start_line", "end_line", "signal", "score", "tokens", "blob", "text"
    }  # fmt: skip
    assert (first["path"], first["start_line"], first["end_line"]) == ("shop.py", 1, 3)
    assert (first["signal"], first["text"]) == ("definition", SHOP)
    assert len(first["blob"]) == 40
    assert sum(each["tokens"] for each in found["snippets"]) <= found["budget"]
    small = assist("context", PLACE, "--tokens", "8", "--workspace", "shop space", "--json").json
    assert (small["snippets"], small["budget"]) == ([], 8)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("context",), 2, "Missing argument 'PATH:LINE:COL'"),
        (("context", "absent.py:1:1"), 1, "There is no file"),
        (("context", "../outside.py:1:1"), 1, "is not inside"),
        (("context", "link.py:1:1"), 1, "is not inside"),
        (("context", "till.py:1:1", "--tokens", "0"), 2, "--tokens"),
        (("index", "--workspace", "absent"), 1, "There is no directory"),
        (("index", "--workspace", "till.py"), 1, "There is no directory"),
    ],
)
def test_what_cannot_be_done_says_why(
    assist: Assist, shop: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (shop.parent / "outside.py").write_text("x = 1\n")
    (shop / "link.py").symlink_to(shop.parent / "outside.py")
    named = () if "--workspace" in arguments else ("--workspace", "shop space")
    done = assist(*arguments, *named)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    failed = assist(*arguments, *named, "--json")
    assert failed.code == code
    assert failed.json["error"] in failed.err


def test_an_empty_folder_has_an_empty_index(assist: Assist, shop: Path) -> None:
    found = assist("index", "--workspace", "shop space/sub", "--json").json
    assert (found["files"], found["parses"], found["problem"]) == (0, 0, "")
    (shop / "sub" / "a.py").write_text("x = 1\n")
    done = assist("context", "a.py:1:6", "--workspace", "shop space/sub")
    assert (done.code, done.out) == (0, "")
    assert "No other file has code that helps here." in done.err


def test_a_place_for_indexes_that_cannot_be_used_is_named(assist: Assist, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "index").write_text("")  # root can write anywhere, but not below a file
    for arguments in (("index",), ("context", PLACE)):
        done = assist(*arguments, "--workspace", "shop space")
        assert (done.code, done.out) == (1, "")
        assert str(tmp_path / "data" / "index") in done.err


def test_an_index_that_an_editor_keeps_is_used_as_it_is(assist: Assist, shop: Path, tmp_path: Path) -> None:
    assert assist("index", "--workspace", "shop space").code == 0
    (shop / "more.py").write_text("x = 1\n")
    with FileLock(f"{database(tmp_path, shop)}.lock"):
        done = assist("index", "--workspace", "shop space", "--json")
        assert done.code == 0
        assert (done.json["files"], done.json["refreshed"]) == (3, False)
        assert "An editor keeps this index up to date" in done.err
        assert assist("context", PLACE, "--workspace", "shop space").out.startswith("shop.py:1-3")
    assert assist("index", "--workspace", "shop space", "--json").json["files"] == 4


def test_a_damaged_index_is_made_again(assist: Assist, shop: Path, tmp_path: Path) -> None:
    file = database(tmp_path, shop)
    assert assist("index", "--workspace", "shop space").code == 0
    file.write_bytes(b"SQLite format 3\0" + b"\xff" * 4_000)
    found = assist("index", "--workspace", "shop space", "--json").json
    assert (found["parses"], found["problem"]) == (2, "")


def test_ctrl_c_leaves_no_process_and_a_usable_index(
    assist: Assist, home: Mapping[str, str], tmp_path: Path
) -> None:
    root = tmp_path / "large"
    root.mkdir()
    for number in range(150):
        functions = [f"def f{number}_{line}(a):\n    return f{line}_0(a)\n" for line in range(300)]
        (root / f"m{number}.py").write_text("".join(functions))
    with started(root, home, "index") as process:
        file, deadline = database(tmp_path, root), time.monotonic() + PATIENCE_S
        children: list[psutil.Process] = []
        while len(children) < 2 or not file.exists():  # the indexer and a parser
            assert time.monotonic() < deadline
            assert process.poll() is None
            children = psutil.Process(process.pid).children(recursive=True)
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (130, b"")
    assert err.endswith(b"Stopped.\n")
    assert b"Traceback" not in err
    assert not psutil.wait_procs(children, timeout=60)[1]
    found = assist("index", "--workspace", "large", "--json").json
    assert (found["files"], found["parsed"], found["waiting"]) == (150, 150, 0)


def test_a_rule_that_is_newer_than_the_index_counts(assist: Assist, shop: Path, tmp_path: Path) -> None:
    assert assist("index", "--workspace", "shop space").code == 0
    folder = WorkspaceFolder(str(shop), str(database(tmp_path, shop)))
    document = open_document(str(shop / "till.py"), TILL)

    def shown() -> list[str]:
        search = FolderSearch(folder)
        named = search.set_prompt_path(document)
        assert named is not None
        found = search.snippets(named, convert_offset(document, 5, 28), 400)
        search.close()
        return [each.path for each in found]

    assert shown() == ["shop.py"]
    (shop / ".assistignore").write_text("shop.py\n")
    assert shown() == []


@pytest.fixture
def known() -> Iterator[None]:
    """A model that knows a file of the shop."""
    with fake_model_here(TILL):
        yield


def test_a_completion_sees_other_files_where_an_index_exists_and_never_builds_one(
    assist: Assist, shop: Path, tmp_path: Path, known: None
) -> None:
    file = database(tmp_path, shop)

    def prompts(*contexts: bool | None) -> list[dict[str, Any]]:
        lines = []
        for wanted in contexts:
            line = {"path": "till.py", "line": 5, "column": 28, "manual": True}
            lines.append(json.dumps(line if wanted is None else {**line, "context": wanted}))
        done = assist("complete", "--batch", "--workspace", "shop space/sub/..", stdin="\n".join(lines))
        assert done.code == 0
        return [json.loads(line) for line in done.out.splitlines()]

    # A repeated request is answered from the cache, without a prompt, so no two lines of a batch are the same.
    bare, insisted = prompts(None, True)
    assert "run `assist index`" in insisted["error"]
    assert not file.exists()
    assert assist("index", "--workspace", "shop space").code == 0
    without, usual = prompts(False, None)
    assert without["tokens"]["prompt"] == bare["tokens"]["prompt"]
    assert usual["tokens"]["prompt"] > bare["tokens"]["prompt"] + 20
    single = assist("complete", "till.py:5:28", "--manual", "--workspace", "shop space", "--json")
    assert single.json["tokens"]["prompt"] == usual["tokens"]["prompt"]
    file.write_bytes(b"damaged")
    assert prompts(None)[0]["tokens"]["prompt"] < usual["tokens"]["prompt"]


def test_a_home_directory_that_is_no_repository_is_not_indexed(
    home: Mapping[str, str], shop: Path, tmp_path: Path
) -> None:
    at_home = runner(shop, {**home, "HOME": str(shop)})
    told = f"{shop} is your home directory and is not indexed: change to a project folder, or name one with --workspace."
    for command in (("index",), ("ask", "what is taxed?"), ("explain", "total", "--facts")):
        done = at_home(*command)
        assert (done.code, done.err) == (1, f"assist: {told}\n")
    assert at_home("index", "--workspace", "sub").code == 0
    (shop / ".git").mkdir()
    assert at_home("index").code == 0


def test_a_question_about_a_folder_without_code_is_not_asked(assist: Assist, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    done = assist("ask", "what is this?", "--workspace", "bare")
    assert done.code == 1
    assert f"{tmp_path / 'bare'} has no file to ask about" in done.err
    piped = assist("ask", "what is this?", "-", "--workspace", "bare", "--dry-run", stdin="x = 1")
    assert piped.code == 0
