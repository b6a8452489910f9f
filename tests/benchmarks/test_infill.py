"""The infilling benchmark: layout and test of tasks, prompts of the variants, and the files of a run."""

import gzip
import json
import socket
from pathlib import Path

import pytest
from fake_llama import MID, PIECES, PRE, SUF, fake_model
from hypothesis import given
from hypothesis import strategies as st

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


def test_a_seed_names_the_same_cuts_for_ever(data: Path) -> None:
    first = tasks.load(data, "single", None, 1, cut=True)
    assert first == tasks.load(data, "single", None, 1, cut=True)
    assert [task.hole for task in first] != [
        task.hole for task in tasks.load(data, "single", None, 2, cut=True)
    ]


def test_a_cut_leaves_the_line_whole_and_its_indentation_typed(data: Path) -> None:
    for seed in range(20):
        for task in tasks.load(data, "single", None, seed, cut=True):
            row = ROWS[task.order]
            assert task.before + task.hole + "\n" == row["prompt"] + row["canonical_solution"]
            assert task.hole.strip()
            assert task.before.startswith(row["prompt"] + "    ")
            assert task.after == "\n" + row["suffix"]
            assert task.below == row["suffix"]


def test_a_whole_line_is_an_empty_line_in_the_editor(data: Path) -> None:
    for suite in ("single", "multi"):
        task = tasks.load(data, suite, None, 1)[0]
        assert (task.before, task.after) == (ROWS[0]["prompt"], "\n    return result\n")
        assert (task.below, task.hole) == ("    return result\n", "    result = width * height")
        assert task.line == (suite == "single")


def test_a_span_stays_as_it_is(data: Path) -> None:
    task = tasks.load(data, "span", None, 1)[0]
    assert task.after == task.below == ROWS[0]["suffix"]
    assert task.hole == ROWS[0]["canonical_solution"]


def test_tasks_are_drawn_and_then_put_in_the_order_of_the_file(data: Path) -> None:
    orders = [task.order for task in tasks.load(data, "single", 2, 5)]
    assert len(orders) == 2
    assert orders == sorted(orders)


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
        "this is no Python\n",
    ],
    ids=["endless", "one-hog", "many-hogs", "exit", "hard-exit", "writes", "syntax"],
)
def test_a_program_that_misbehaves_is_ended_and_has_not_passed(program: str) -> None:
    assert not tasks.passes(program, seconds=1)


# Variants


@given(
    st.sampled_from(variants.ENGINE_LIKE),
    st.none() | st.integers(0, 99),
    st.none() | st.integers(0, 99),
)
def test_a_label_names_its_variant(name: str, anchor: int | None, suffix: int | None) -> None:
    variant = variants.InfillVariant(name, anchor, suffix)
    assert variants.parse(variant.label) == variant


@pytest.mark.parametrize(
    "label", ["other", "plain anchor=1", "engine anchor", "engine size=3", "engine anchor=x"]
)
def test_a_label_that_means_nothing_is_refused(label: str) -> None:
    with pytest.raises(ValueError):
        variants.parse(label)


def test_anchors_and_suffixes_become_rows_of_the_engine() -> None:
    rows = variants.expand([*map(variants.parse, ("plain", "engine"))], [0, 8], [16])
    assert [row.label for row in rows] == [
        "plain",
        "engine",
        "engine anchor=0",
        "engine anchor=8",
        "engine suffix=16",
    ]


TASK = tasks.Task(
    "S/HumanEval/0/L0", "HumanEval/0", "a = 1\nb = 2\nc = 3\nd = 4\ne = fo", "\nz = 9\n", "z = 9\n", "obar", "", 0, True
)  # fmt: skip


def prompt_text(label: str) -> tuple[str, bytes]:
    """Return the prompt of a variant as text, and the bytes that are chosen again."""
    context = variants.Context("solution.py", variants.language_of("solution.py"), TASK.before, TASK.after)
    prompt, need = variants.prompt_of(fake_model(""), variants.parse(label), TASK, context)
    marks = {PRE: "<P>", SUF: "<S>", MID: "<M>"}
    return "".join(marks.get(token) or PIECES[token].decode() for token in prompt), need


@pytest.mark.parametrize(
    ("label", "prompt", "need"),
    [
        ("plain", "<P>a = 1\nb = 2\nc = 3\nd = 4\ne = fo<S>z = 9\n<M>", b""),
        ("healed", "<P>a = 1\nb = 2\nc = 3\nd = 4\ne = f<S>z = 9\n<M>", b"o"),
        ("engine", "<P>a = 1\n<S>z = 9\n<M>b = 2\nc = 3\nd = 4\ne = f", b"o"),
        ("unfiltered", "<P>a = 1\n<S>z = 9\n<M>b = 2\nc = 3\nd = 4\ne = f", b"o"),
        ("unhealed", "<P>a = 1\n<S>z = 9\n<M>b = 2\nc = 3\nd = 4\ne = fo", b""),
        ("engine anchor=0", "<P>a = 1\nb = 2\nc = 3\nd = 4\n<S>z = 9\n<M>e = f", b"o"),
        ("engine anchor=2", "<P>a = 1\nb = 2\n<S>z = 9\n<M>c = 3\nd = 4\ne = f", b"o"),
        ("engine suffix=0", "<P>a = 1\n<S><M>b = 2\nc = 3\nd = 4\ne = f", b"o"),
    ],
)
def test_each_variant_asks_in_its_own_way(label: str, prompt: str, need: bytes) -> None:
    assert prompt_text(label) == (prompt, need)


def test_a_shared_beginning_changes_no_answer_and_no_store_grows(data: Path) -> None:
    text = "".join(row["prompt"] + row["canonical_solution"] + row["suffix"] for row in ROWS)
    sequences = variants.open_sequences(fake_model(text))
    chosen = [variants.parse(name) for name in ("plain", "healed", "engine", "engine anchor=0")]
    for task in tasks.load(data, "single", None, 4, cut=True):
        for variant in chosen:
            fresh = variants.fill_hole(variants.open_sequences(fake_model(text)), variant, task)
            assert variants.fill_hole(sequences, variant, task) == fresh
            assert fresh.text == task.hole
    assert sequences.standard.snapshot is None
    assert sequences.anchored.snapshot is None


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


@pytest.fixture
def arguments(data: Path, tmp_path: Path, model_path: Path) -> list[str]:
    return [
        "--data",
        str(data),
        "--model",
        str(model_path),
        "--out",
        str(tmp_path / "out.json"),
        "--tasks",
        "all",
    ]


@pytest.mark.model
@pytest.mark.usefixtures("_sandbox")
def test_a_run_with_the_real_model(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    infill.main([*arguments, "--cut"])
    printed = capsys.readouterr()
    assert "| healed - plain |" in printed.out
    assert "3/3 tasks" in printed.err
    written = (tmp_path / "out.json").read_text(encoding="utf-8")
    made = json.loads(written)
    rows = {row["variant"]: row for row in made["rows"]}
    assert [*rows] == ["plain", "healed", "engine"]
    assert rows["engine"]["pass"] >= 2 / 3
    assert len(made["records"]["rows"]) == 9
    assert len(made["records"]["columns"]) == len(made["records"]["rows"][0])
    assert len(made["provenance"]["model"]["sha256"]) == 64
    assert not any(text in written for text in ("rectangle", "width * height", "def check", "sum(numbers)"))


@pytest.mark.parametrize("wrong", [["--suite", "multi", "--cut"], ["--tasks", "0"], ["--variant", "x"]])
def test_a_wrong_option_is_explained(
    data: Path, wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        infill.options_of(["--data", str(data), *wrong])
    assert wrong[-2].removeprefix("--") in capsys.readouterr().err or "--cut" in wrong
