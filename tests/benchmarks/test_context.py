"""The index benchmark: the made-up repository, the limits on aider, and one small run of the real thing."""

import ast
import doctest
import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

import context
from bench.index import index, monorepo, peer, trees

FILES = 240


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trees.monorepo(tmp_path_factory.mktemp("data"), FILES, 1)


def files(root: Path) -> dict[str, str]:
    paths = trees.git(root, "ls-files", "-z").split("\0")
    return {path: (root / path).read_text(encoding="utf-8") for path in paths if path}


def test_a_seed_gives_the_same_files(tree: Path, tmp_path: Path) -> None:
    monorepo.generate(tmp_path, FILES, 1)
    known = files(tree)
    assert len(known) == FILES
    assert all((tmp_path / path).read_text(encoding="utf-8") == text for path, text in known.items())
    assert monorepo.text_of(0, FILES, 1) != monorepo.text_of(0, FILES, 2)


def test_files_are_of_five_languages_and_of_real_sizes(tree: Path) -> None:
    known = files(tree)
    shares = {each.suffix: each.share for each in monorepo.DIALECTS}
    counts = {suffix: sum(path.endswith(suffix) for path in known) for suffix in shares}
    assert sum(shares.values()) == 100
    assert all(abs(counts[suffix] - FILES * share / 100) < 12 for suffix, share in shares.items())
    sizes = sorted(map(len, known.values()))
    assert sizes[0] >= monorepo.LEAST
    assert sizes[-1] < 1.1 * monorepo.MOST
    assert 3_000 < sizes[FILES // 2] < 7_000


def test_python_is_sound_and_imports_what_is_there(tree: Path) -> None:
    known = files(tree)
    imports = 0
    for path, text in known.items():
        if path.endswith(".py"):
            for node in ast.parse(text).body:
                if isinstance(node, ast.ImportFrom):
                    other = f"{(node.module or '').replace('.', '/')}.py"
                    assert other != path
                    assert f"def {node.names[0].name}(" in known[other]
                    imports += 1
    assert imports > 100


def test_a_tree_that_is_there_is_taken_again_as_it_was(tree: Path) -> None:
    made = (tree / ".git").stat().st_ino
    (tree / "left_behind.py").write_text("x = 1\n", encoding="utf-8")
    trees.git(tree, "checkout", "--quiet", "other")
    assert trees.monorepo(tree.parent, FILES, 1) == tree
    assert (tree / ".git").stat().st_ino == made
    assert len(files(tree)) == FILES
    assert not (tree / "left_behind.py").exists()
    assert "of_another_branch_0" in trees.git(tree, "diff", "main", "other")


METADATA = """Name: aider-chat
Requires-Dist: numpy==1.26.4
Requires-Dist: networkx==3.4.2
Requires-Dist: litellm==1.81.10
Requires-Dist: tree-sitter==0.23.2; python_version < "3.10"
Requires-Dist: tree-sitter==0.25.2; python_version >= "3.10"
Requires-Dist: scipy==9.9.9; extra == "dev"
"""


def test_only_what_the_repo_map_needs_is_installed_at_aiders_versions(tmp_path: Path) -> None:
    (tmp_path / "METADATA").write_text(METADATA, encoding="utf-8")
    pins = peer.pins(tmp_path / "METADATA")
    assert pins == ["networkx==3.4.2", "numpy==1.26.4", "tree-sitter==0.25.2"]


def test_a_run_that_fails_says_why(tree: Path, tmp_path: Path) -> None:
    found = peer.repo_map(Path(sys.executable), tree, ["a.py"], tmp_path, 60, 8 << 30)
    assert found["ended"].startswith("exit 1: ModuleNotFoundError")


@pytest.mark.slow
def test_the_index_from_cold_to_a_save(tree: Path, tmp_path: Path) -> None:
    found = index.measure(tree, tmp_path / "index.sqlite", saves=3)
    parses = {phase: found[phase]["parses"] for phase in ("cold", "warm", "branch, unknown", "branch, known")}
    changed = len(trees.git(tree, "diff", "--name-only", "main", "other").splitlines())
    assert parses == {"cold": FILES, "warm": 0, "branch, unknown": changed, "branch, known": 0}
    assert found["cold"]["files"] == FILES
    assert found["save ms"]["p50"] > 0
    assert not (tree / index.SAVED).exists()
    entries = context.files_of(tree)
    paths = [each.path for each in entries]
    floor = context.child("bench.index.floor", [str(tree)], paths)
    assert (floor["files"], floor["bytes"]) == (FILES, sum(each.size for each in entries))
    reading = context.child("bench.index.reading", [str(tree), str(tmp_path / "index.sqlite")], paths)
    whole = {"files": FILES, "bytes": floor["bytes"], "floor": floor, "index": found, "reading": reading}
    figures = context.figures({**whole, "aider": {"cold": {"map s": 1e6}, "warm": {"ended": "after 60 s"}}})
    assert figures.keys() >= context.GOALS.keys()
    assert figures["aider warm s"] is None


def test_the_table_marks_what_misses_its_goal() -> None:
    figures = {"warm s": 2.0, "cold MB/s a worker": 2.0, "warm parses": 0, "server MB": None}
    found: dict[str, Any] = {"files": 3, "bytes": 9_000, "figures": figures}
    found["aider"] = {"version": "1", "cold": {"ended": "after 60 s", "scan s": 40.0}}
    shown = context.table({"python": found})
    assert "| warm s | 2 (missed) | <= 1.5 |" in shown
    assert "| cold MB/s a worker | 2 (missed) | >= 3 |" in shown
    assert "| warm parses | 0 | <= 0 |" in shown
    assert "| server MB | - | <= 250 |" in shown
    assert "cold, was ended after 60 s, all files scanned at 40 s" in shown


@pytest.mark.parametrize("name", ["bench.index.monorepo", "bench.index.trees"])
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
