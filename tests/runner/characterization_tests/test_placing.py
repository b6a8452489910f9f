"""New tests go next to the others of the same code, with the names, words and imports of their file."""

import pytest

from assist_runner.characterization_tests.calls import (
    CallObservation,
    CallSubject,
    ProposedCall,
    RecordedCall,
)
from assist_runner.characterization_tests.language import LanguageRecorder, RecordingContext
from assist_runner.characterization_tests.languages import recorder_of
from assist_runner.sandbox.test_command import Runner

PYTHON = """\
from unittest import TestCase

import shop.carts as sc
from shop.money import (
    euros,
)


class CartTests(TestCase):
    def test_total(self):
        self.assertEqual(sc.total([1]), 1)

    def test_other(self):
        self.assertEqual(euros(1), '1')


class OtherTests(TestCase):
    def test_other(self):
        self.assertEqual(euros(2), '2')
"""
SCRIPT = """\
import { expect, test, describe } from 'vitest'
import { other } from '../src/carts'

describe('carts', () => {
  describe('total', () => {
    test('works with 1', () => {
      expect(total([1])).toBe(1)
    })
  })
})
"""
RUST = """\
pub fn total(rows: &[i32]) -> i32 {
    rows.iter().sum()
}

#[cfg(test)]
mod checks {
    use super::total;

    #[test]
    fn adds() {
        assert_eq!(total(&[1]), 1);
    }
}

pub fn last() {}
"""
CASES = [
    (
        "shop/carts.py", "def total(rows):\n    return sum(rows)\n", "tests/test_carts.py", "pytest", PYTHON,
        ProposedCall("total([2, euros(3)])", ("from shop.carts import total", "from shop.money import cents")),
        "5", "test_total_2",
        [
            "    def test_total_2(self):\n        self.assertEqual(sc.total([2, euros(3)]), 5)\n\n    def test_other",
            "    euros,\n)",
        ],
        "CartTests::test_total_2",
    ),
    (
        "src/carts.ts", "export function total(rows: number[]) {\n  return rows[0];\n}\n", "test/carts.test.ts",
        "vitest", SCRIPT, ProposedCall("total([2])", ('import { total } from "../src/carts";',)), "2",
        "total works with 1",
        [
            "import { other, total } from '../src/carts'\n",
            "    })\n\n    test('works with 1 (2)', () => {\n      expect(total([2])).toBe(2)\n    })\n  })\n})\n",
        ],
        "carts total works with 1 (2)",
    ),
    (
        "src/lib.rs", RUST, "src/lib.rs", "cargo", RUST, ProposedCall("total(&[2])"), "2", "test_total",
        ["    use super::*;\n", "    #[test]\n    fn test_total() {\n        assert_eq!(total(&[2]), 2);\n    }\n}\n\npub"],
        "checks::test_total",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_tests_go_to_the_others(
    case: tuple[str, str, str, Runner, str, ProposedCall, str, str, list[str], str],
) -> None:
    path, code, place, runner, before, call, value, name, pieces, told = case
    language = "rust" if path.endswith(".rs") else "python" if path.endswith(".py") else "typescript"
    recorder = recorder_of(language)
    assert isinstance(recorder, LanguageRecorder)
    material = RecordingContext(
        CallSubject(path, code, "total", 1, 3 if language != "python" else 2),
        runner,
        frozenset({"shop"}),
        example=before,
        place=place,
        added=True,
    )
    seen = CallObservation("value", value)
    placed = recorder.placed(before, [RecordedCall(call, seen, name)], material)
    assert placed.names == (told,)
    assert placed.text.count("cents") == 0  # nothing uses it
    for piece in pieces:
        assert piece in placed.text
