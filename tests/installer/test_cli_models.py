"""`assist setup` and `assist models` where nothing can be downloaded."""

import json
from pathlib import Path

import pytest
from command_runs import Assist
from recording import configure
from small_gguf import gguf

from assist_completion.model_store.catalogue import find

pytestmark = pytest.mark.slow

SMALL = "qwen2.5-coder-0.5b"


def put(tmp_path: Path, name: str, content: bytes = b"GGUF, but no more") -> Path:
    """A file in place of a model."""
    models = tmp_path / "data" / "models"
    models.mkdir(parents=True, exist_ok=True)
    path = models / find(name).file
    path.write_bytes(content)
    return path


def test_the_list_tells_licence_size_and_state(assist: Assist, tmp_path: Path) -> None:
    put(tmp_path, "qwen2.5-coder-3b")
    document = assist("models", "list", "--json").json
    rows = {row["name"]: row for row in document["models"]}
    assert document["in_use"] == SMALL
    assert rows[SMALL]["in_use"]
    assert not rows[SMALL]["installed"]
    assert rows[SMALL]["tested"]
    assert rows[SMALL]["bytes"] == 491400064
    assert rows[SMALL]["licence"]["spdx"] == "Apache-2.0"
    assert rows["qwen2.5-coder-3b"]["installed"]
    assert not rows["qwen2.5-coder-3b"]["licence"]["commercial"]
    assert not rows["smollm2-135m"]["infilling"]


def test_a_model_that_is_no_longer_listed_is_named_where_its_file_is(assist: Assist, tmp_path: Path) -> None:
    assert "starcoder2" not in assist("models", "list").out
    put(tmp_path, "starcoder2-3b")
    done = assist("models", "list")
    row = done.out.partition("starcoder2-3b ")[2].partition("\n\n")[0]
    assert "here, retired" in row
    found = {row["name"]: row for row in assist("models", "list", "--json").json["models"]}
    assert found["starcoder2-3b"]["purpose"] == "retired"


def test_the_document_says_where_a_rows_facts_are_from(assist: Assist) -> None:
    rows = {row["name"]: row for row in assist("models", "list", "--json").json["models"]}
    eight_bits = rows["qwen2.5-coder-0.5b-q8_0"]
    assert not eight_bits["tested"]
    assert eight_bits["ran"] == ""
    assert eight_bits["sha256"].startswith("e1a77721")
    assert eight_bits["commit"].startswith("ebb20151")
    assert "Tabby" in eight_bits["facts"]
    assert rows[SMALL]["ran"].startswith("2026-")


def test_the_list_reads_in_80_columns_and_marks_what_is_not_free(assist: Assist) -> None:
    done = assist("models", "list")
    assert max(map(len, done.out.splitlines())) <= 80
    lines = done.out.splitlines()
    row = next(number for number, line in enumerate(lines) if line.startswith("qwen2.5-coder-3b "))
    assert "NON-COMMERCIAL" in lines[row + 1]
    assert "\x1b" not in done.out


def test_setup_offline_opens_no_socket_and_says_what_would_help(assist_without_sockets: Assist) -> None:
    done = assist_without_sockets("setup", "--offline")
    assert done.code == 1
    assert f"The model {SMALL} could not be fetched" in done.err
    assert "--offline-from DIR" in done.err


@pytest.mark.parametrize("command", [("setup",), ("models", "pull", SMALL)], ids=["setup", "pull"])
def test_a_directory_without_the_model_is_named(
    assist_without_sockets: Assist, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "usb").mkdir()
    done = assist_without_sockets(*command, "--offline-from", "usb", "--json")
    assert done.code == 1
    assert "usb" in done.json["error"]
    assert find(SMALL).file in done.json["error"]


def test_setup_refuses_a_model_that_cannot_complete_before_it_fetches(assist_without_sockets: Assist) -> None:
    done = assist_without_sockets("setup", "smollm2-135m")
    assert done.code == 1
    assert "cannot fill in code" in done.err


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("setup qwen-coder-0.5b", 1, "did you mean qwen2.5-coder-0.5b"),
        ("setup --model qwen2.5-coder-1.5b", 2, "assist setup qwen2.5-coder-1.5b"),
        ("models use qwen2.5-coder-0.5b-base --for answers", 1, "cannot answer questions"),
        ("models use qwen2.5-coder-1.5b", 1, "assist models pull qwen2.5-coder-1.5b"),
        ("models verify", 1, "assist setup"),
    ],
)
def test_what_cannot_be_done_says_what_would_help(assist: Assist, command: str, code: int, says: str) -> None:
    done = assist(*command.split())
    assert done.code == code
    assert says in done.err


def test_a_broken_file_never_becomes_the_model_in_use(assist: Assist, tmp_path: Path) -> None:
    (tmp_path / "mine.gguf").write_bytes(b"GGUF" + bytes(40))
    for command in (("setup", "mine.gguf"), ("models", "use", "mine.gguf")):
        done = assist(*command)
        assert done.code == 1
        assert "mine.gguf" in done.err
    assert not (tmp_path / "config" / "config.toml").exists()


def test_each_role_has_its_own_model(assist: Assist, tmp_path: Path) -> None:
    put(tmp_path, SMALL, gguf(b"weights"))
    put(tmp_path, "qwen2.5-coder-1.5b", gguf(b"weights"))
    config = tmp_path / "config" / "config.toml"
    done = assist("models", "use", "qwen2.5-coder-1.5b", "--for", "answers")
    assert config.read_text() == '[answers]\nmodel = "qwen2.5-coder-1.5b"\n'
    assert f"Ghost text  {SMALL}" in done.out
    assert "assist models use qwen2.5-coder-1.5b --for both" in done.out
    document = assist("models", "list", "--json").json
    roles = {row["name"]: row["roles"] for row in document["models"] if row["roles"]}
    assert roles == {SMALL: ["ghost-text"], "qwen2.5-coder-1.5b": ["answers"]}
    assert document["answers"] == "qwen2.5-coder-1.5b"
    assert "here, answers" in assist("models", "list").out
    assert assist("models", "use", SMALL, "--for", "both", "--json").json["roles"] == [
        "ghost-text",
        "answers",
    ]
    assert config.read_text() == f'[answers]\nmodel = "{SMALL}"\n\n[completion]\nmodel = "{SMALL}"\n'


def test_verify_finds_a_damaged_file(assist: Assist, tmp_path: Path) -> None:
    put(tmp_path, SMALL)
    done = assist("models", "verify", "--json")
    assert done.code == 1
    [result] = done.json["models"]
    assert (result["model"], result["ok"]) == (SMALL, False)
    assert "Fetch it again" in result["error"]


def test_remove_deletes_and_tells_when_it_was_in_use(assist: Assist, tmp_path: Path) -> None:
    path = put(tmp_path, SMALL)
    done = assist("models", "remove", SMALL, "--yes")
    assert done.code == 0
    assert not path.exists()
    assert "It was the model in use" in done.out
    again = assist("models", "remove", SMALL, "--yes", "--json")
    assert again.code == 1
    assert "nothing to remove" in again.json["error"]


def test_remove_asks_nobody_in_a_script(assist: Assist, tmp_path: Path) -> None:
    path = put(tmp_path, SMALL)
    done = assist("models", "remove", SMALL, stdin="y\n")
    assert done.code == 2
    assert path.exists()


def test_a_name_in_config_toml_is_what_setup_sets_up(assist: Assist, tmp_path: Path) -> None:
    configure(tmp_path, '[completion]\nmodel = "codegemma-2b"\n')
    done = assist("setup", "--offline")
    assert "The model codegemma-2b could not be fetched" in done.err


def test_a_damaged_lock_file_is_named(assist: Assist, tmp_path: Path) -> None:
    put(tmp_path, SMALL)
    (tmp_path / "data" / "models" / "models.lock").write_text(json.dumps(["wrong"]))
    done = assist("setup", "--offline")
    assert done.code == 1
    assert "models.lock" in done.err
