"""The infilling benchmark: layout and test of tasks, prompts of the variants, and the files of a run."""

import gzip
import json
import socket
from pathlib import Path

import pytest

import infill
from bench.infilling import tasks, variants

ROWS = [
    {
        "task_id": f"SingleLineInfilling/HumanEval/{problem}/L0",
        "entry_point": name,
        "prompt": f'def {name}({arguments}):\n    """{words}"""\n',
        "suffix": "    return result\n",
        "canonical_solution": f"    result = {value}\n",
        "test": f"def check(candidate):\n    assert candidate({given}) == {expected}\n",
    }
    for problem, (name, arguments, words, value, given, expected) in enumerate(
        [
            ("area", "width, height", "Area of a rectangle.", "width * height", "3, 4", 12),
            ("total", "numbers", "Sum of a list of numbers.", "sum(numbers)", "[1, 2]", 3),
            ("longest", "words", "The longest word.", "max(words, key=len)", "['a', 'bb']", "'bb'"),
        ]
    )
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in tasks.SUITES.values():
        with gzip.open(folder / name, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in ROWS)
    return folder


@pytest.fixture(scope="module")
def _sandbox() -> None:
    try:
        tasks.passes("")
    except tasks.NoSandboxError as error:
        pytest.skip(str(error))


# Tasks


# The sandbox


@pytest.mark.usefixtures("_sandbox")
def test_the_right_answer_passes_and_a_wrong_one_fails(data: Path) -> None:
    for task in tasks.load(data, "single", None, 3, cut=True):
        assert tasks.passes(task.program(task.hole, 0))
        assert not tasks.passes(task.program("None  #", 0))


@pytest.mark.usefixtures("_sandbox")
def test_code_under_test_has_no_network_not_even_loopback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        connect = (
            f"import socket\nsocket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 2).close()\n"
        )
        exec(connect, {})  # noqa: S102  (outside the sandbox the connection works)
        assert not tasks.passes(connect)
        refused = "\n".join(
            ["try:", *(f"    {line}" for line in connect.splitlines()), "except OSError:", "    pass"]
        )
        assert tasks.passes(refused + "\nelse:\n    raise SystemExit(1)\n")


@pytest.mark.usefixtures("_sandbox")
@pytest.mark.parametrize(
    "program",
    [
        "while True:\n    pass\n",
        "hog = bytearray(3 << 30)\n",
        "hog = []\nwhile True:\n    hog.append(bytes(1 << 24))\n",
        "raise SystemExit(0)\n",
        "import os\nos._exit(0)\n",
        "with open('left-behind', 'w') as file:\n    file.write('x' * 100)\n",
        "this is not Python\n",
    ],
    ids=["endless", "one-hog", "many-hogs", "exit", "hard-exit", "writes", "syntax"],
)
def test_a_program_that_misbehaves_is_ended_and_has_not_passed(program: str) -> None:
    assert not tasks.passes(program, seconds=1)


# Variants


TASK = tasks.Task(
    "S/HumanEval/0/L0", "HumanEval/0", "a = 1\nb = 2\nc = 3\nd = 4\ne = fo", "\nz = 9\n", "z = 9\n", "obar", "", 0, True
)  # fmt: skip


# Figures


def test_what_an_answer_replaces_is_part_of_what_was_wanted() -> None:
    task = tasks.Task("t", "p", "f(", ")\n", ")\n", "x, y", "", 0, True)
    given = variants.FilledHole("x, y)", 4, (-0.5, -0.1), skip=1)
    made = infill.make_record(task, variants.parse("engine"), given, passed=True)
    assert (made.exact, made.similarity, made.lowest, made.mean, made.first, made.count) == (
        1,
        1,
        -0.5,
        -0.3,
        -0.5,
        2,
    )


def test_the_table_compares_each_row_with_the_baselines_before_it() -> None:
    records = [
        infill.make_record(TASK, variants.parse(label), variants.FilledHole(text, 3, ()), passed=bool(text))
        for label, text in (("plain", ""), ("engine", "obar"), ("engine anchor=0", "obar"))
    ]
    rows = infill.summary(records, ["HumanEval/0"], 1)
    assert [[*row["points_over"]] for row in rows] == [[], ["plain"], ["plain", "engine"]]
    shown = infill.table(rows)
    assert "| plain | 0.000 (0.000 to 0.793) | 0.000 | 0.000 (0.000 to 0.793) | 3.0 | 0 |" in shown
    assert "| engine - plain | +100.0 (+100.0 to +100.0) |" in shown


# The whole command
