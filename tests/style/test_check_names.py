"""The check of names counts what the glossary refuses, and compares it with limits that only fall."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).with_name("check_names.py")
SOURCE = '''"""What a cart holds."""

MOST_ITEMS = 3


class Cart:
    """A cart, one that is no basket."""

    def items_of(self, found):
        """Return the items."""
        kept = [item for item in found if item]
        typed_items = match = kept
        return typed_items, match


def from_rows(rows, speed):
    """Build a cart."""
    return [rows for left in rows], speed
'''


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_names", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["check_names"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_kind_is_counted_once_a_function(script: ModuleType) -> None:
    findings = sorted((each.kind, each.name) for each in script.find_names("cart.py", SOURCE))
    assert findings == [
        ("bound", "MOST_ITEMS"),
        ("participle", "found"),
        ("participle", "kept"),
        ("participle", "left"),
        ("phrase", "is no basket."),
        ("phrase", "one that is no basket."),
        ("preposition", "items_of"),
        ("question", "What a cart holds."),
    ]


def test_only_a_count_above_its_limit_is_said(script: ModuleType) -> None:
    finding = script.NameFinding("phrase", "cart.py", 1, "is no basket")
    [sentence] = script.excess([finding] * (script.LIMITS["core"]["phrase"] + 1), "core")
    assert sentence.startswith(f"core: {script.LIMITS['core']['phrase'] + 1}, ")
    assert not list(script.excess([], "core"))


def test_a_subject_has_72_characters_at_most(script: ModuleType) -> None:
    assert list(script.long_subjects(["x" * 72])) == []
    assert list(script.long_subjects(["x" * 73])) == [
        f"a commit subject of 73 characters, 72 at most: {'x' * 73}"
    ]
