"""Where the configuration comes from: files, directories, the environment; and its defaults."""

import subprocess
import sys
from pathlib import Path

import pytest
from config_files import PROVIDER, environ, write
from settings_page import reference

from assist_completion.settings import DEFAULT_MODEL, CompletionSettings
from assist_escalation.policy.endpoints import Price, Provider
from assist_escalation.policy.settings import EscalationSettings
from assist_server.config.config import ConfigError, Problem, load, load_lenient, set_role


def test_without_a_file_there_are_defaults_and_nothing_can_leave(tmp_path: Path) -> None:
    config = load(environ(tmp_path / "absent"))
    assert config.completion == CompletionSettings()
    assert config.completion.model == DEFAULT_MODEL
    assert config.escalation.mode == "never"
    assert not config.escalation.providers
    assert not config.offline
    assert config.paths.config_file == tmp_path / "absent" / "config.toml"
    assert config.paths.data == tmp_path / "absent" / "data"
    assert not (tmp_path / "absent").exists()


def test_every_table_arrives(tmp_path: Path) -> None:
    text = f"""
    [completion]
    mode = "eager"
    threads = 3
    speculate = false
    [answers]
    model = "qwen2.5-coder-1.5b"
    [escalation]
    mode = "ask"
    max_cost_usd_per_day = 3
    always_local = ["explain"]
    [egress]
    deny = ["infra/**"]
    [data_class]
    "src/payments/**" = "restricted"
    {PROVIDER}
    """
    config = load(write(tmp_path, text))
    assert config.completion == CompletionSettings(mode="eager", threads=3, speculate=False)
    assert config.answers.model == "qwen2.5-coder-1.5b"
    assert config.escalation == EscalationSettings(
        mode="ask",
        max_cost_usd_per_day=3.0,
        always_local=("explain",),
        deny=("infra/**",),
        data_class={"src/payments/**": "restricted"},
        providers={
            "openai": Provider(
                "https://models.example/v1",
                "big",
                "OPENAI_API_KEY",
                ("public", "internal"),
                Price(1.0, 4.5),
            )
        },
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[completion]\nmode = \n", ":2:8: not valid TOML: Invalid value"),
        (b"[completion\r\n", ":1:12: not valid TOML: Expected ']' at the end of a table declaration"),
        (b'a = """never closed', ":1:20: not valid TOML: Unterminated string"),
        (b"[completion]\n# \xff\n", ":2: byte 0xff is not UTF-8: save the file as UTF-8"),
        ("[completion]".encode("utf-16"), ":1: byte 0xff is not UTF-8: save the file as UTF-8"),
        (b"a = " + b"[" * 5000, " has a value that is too long or deep"),
        (b"a = " + b"1" * 5000, " has a value that is too long or deep"),
    ],
)
def test_a_broken_file_is_named_with_the_place(tmp_path: Path, content: bytes, message: str) -> None:
    env = write(tmp_path, content)
    with pytest.raises(ConfigError) as caught:
        load(env)
    assert str(caught.value).startswith(f"{tmp_path / 'config.toml'}{message}")
    lenient = load_lenient(env)
    assert lenient.completion == CompletionSettings()
    assert [str(problem) for problem in lenient.problems] == [str(caught.value)]


def test_a_directory_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigError, match=r"config\.toml cannot be read \(.*\): make it a file"):
        load(environ(tmp_path))
    assert load_lenient(environ(tmp_path)).completion == CompletionSettings()


def test_a_path_below_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    env = environ(tmp_path / "file")
    with pytest.raises(ConfigError, match=r"cannot be read \(Not a directory\)"):
        load(env)
    with pytest.raises(ConfigError, match=r"cannot be read \(Not a directory\)"):
        set_role(load_lenient(env), "x", "ghost-text")


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    env = write(tmp_path, b'\xef\xbb\xbf[completion]\r\nmode = "quiet"\r\n')
    assert load(env).completion.mode == "quiet"


@pytest.mark.parametrize(
    ("value", "offline"),
    [("1", True), ("true", True), ("what", True), ("0", False), ("", False), (" No ", False)],
)
def test_offline(tmp_path: Path, value: str, offline: bool) -> None:
    assert load(environ(tmp_path) | {"ASSIST_OFFLINE": value}).offline is offline


def test_directories_without_the_variables_are_the_platforms() -> None:
    paths = load_lenient({}).paths
    assert paths.config.is_absolute()
    assert paths.config.name == "assist"
    assert paths.data.is_absolute()
    assert "assist" in paths.data.parts


def test_directories_may_use_the_home_sign() -> None:
    paths = load_lenient({"ASSIST_CONFIG_DIR": "~/c", "ASSIST_DATA_DIR": "~/d"}).paths
    assert (paths.config, paths.data) == (Path.home() / "c", Path.home() / "d")


def test_a_models_path_starts_at_home_or_at_the_config_directory(tmp_path: Path) -> None:
    text = "[completion]\nmodel = '~/m.gguf'\n[answers]\nmodel = 'models/big.GGUF'"
    config = load(write(tmp_path, text))
    assert config.completion.model == str(Path.home() / "m.gguf")
    assert config.answers.model == str(tmp_path / "models" / "big.GGUF")


def test_the_reference_names_every_field() -> None:
    page = reference()
    for owner in (CompletionSettings, EscalationSettings, Provider, Price):
        for name, item in owner.__dataclass_fields__.items():
            assert item.metadata.get("key", name) in page
            assert item.metadata["doc"].split(". ")[0] in page
    assert '| `mode` | one of eager, balanced, quiet, manual | `"balanced"` |' in page


def test_problems_read_as_one_line() -> None:
    assert str(Problem("a.b", "file", "why")) == "file: why"
    assert str(Problem("", "file", "file: why")) == "file: why"


def test_loading_imports_no_model_and_no_editor() -> None:
    heavy = {
        "assist_completion.inference.libllama",
        "numpy",
        "pygls",
        "lsprotocol",
        "rich",
        "typer",
        "tree_sitter",
        "huggingface_hub",
        "ssl",
    }
    code = f"import sys, assist_server.config.config; print(sorted({heavy!r} & sys.modules.keys()))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
