"""The editor's settings override the file's."""

from dataclasses import replace
from pathlib import Path

import pytest
from config_files import PROVIDER, environ, write

from assist_completion.settings import CompletionSettings
from assist_server.config.config import load, load_lenient, merge_settings
from assist_server.config.permissions import permissions_for


def test_editor_settings_lie_over_the_file(tmp_path: Path) -> None:
    base = load(write(tmp_path, "[completion]\nthreads = 3\nmode = 'quiet'"))
    merged = merge_settings(base, {"completion": {"mode": "eager", "threads": None}, "answers": None})
    assert merged.completion == CompletionSettings(threads=3, mode="eager")
    assert merged.problems == ()
    assert merge_settings(base, {"assist": {"completion": {"mode": "eager"}}, "other": {"a": 1}}) == merged


@pytest.mark.parametrize("nothing", [None, {}, [], "", {"assist": None}, {"assist": {}}, {"completion": []}])
def test_no_editor_settings_change_nothing(tmp_path: Path, nothing: object) -> None:
    base = load(environ(tmp_path))
    assert merge_settings(base, nothing) == base


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["x"], "assist = a list: send a table of settings"),
        ({"assist": "x"}, 'assist = "x": send a table of settings'),
        ({"completion": "x"}, 'completion = "x": use a table'),
        ({"completion": {"mode": "fast"}}, "[completion] mode = 'fast': choose one of eager"),
        ({"completion": {"threads": {"a": 1}}}, "[completion] threads = a table: use a whole number"),
        ({"completion": {"modle": "x"}}, "[completion] modle: no such setting; did you mean mode or model?"),
        (
            {"trace": {"server": "off"}},
            "trace: no such table; choose from completion, context, answers, escalation",
        ),
    ],
)
def test_a_bad_editor_setting_is_a_problem_and_the_rest_stays(
    tmp_path: Path, settings: object, message: str
) -> None:
    base = load_lenient(write(tmp_path, "[completion]\nmax_lines = 4\nthreads = 'x'"))
    merged = merge_settings(base, settings)
    assert merged.completion == base.completion
    assert merged.problems[0] == base.problems[0]
    assert merged.problems[1].message.startswith(message)
    assert str(merged.problems[1]).startswith("editor settings: ")


def test_no_editor_names_a_library_to_load(tmp_path: Path) -> None:
    base = load(write(tmp_path, "[completion]\nlibrary = 'mine'"))
    assert base.completion.library == str(base.paths.config / "mine")
    merged = merge_settings(base, {"completion": {"library": "/evil", "threads": 2}})
    assert merged.completion == replace(base.completion, threads=2)
    [problem] = merged.problems
    assert str(problem).startswith(
        'editor settings: [completion] library = "/evil" cannot be set by an editor'
    )


def test_an_editor_can_only_tighten_what_may_leave(tmp_path: Path) -> None:
    base = load(write(tmp_path, PROVIDER + "[escalation]\nmode = 'ask'\n[egress]\ndeny = ['a']"))
    written = {"escalation": {"mode": "never"}, "egress": {"deny": ["b"]}, "data_class": {"c": "secret"}}
    stricter = merge_settings(base, written)
    found, problems = permissions_for(stricter, [])
    assert (found.mode, [glob.pattern for glob in found.deny]) == ("never", ["a", "b"])
    assert found.classes[1].globs[0][1] == "secret"
    assert (stricter.problems, problems) == ((), ())
    assert merge_settings(base, {}) == base
    looser = merge_settings(
        base,
        {
            "escalation": {"mode": "auto", "max_cost_usd_per_day": 50},
            "egress": {"deny": []},
            "providers": {"openai": {"base_url": "https://evil.example", "model": "m"}},
        },
    )
    assert permissions_for(looser, [])[0] == permissions_for(base, [])[0]
    assert [problem.key for problem in looser.problems] == [
        "providers",
        "escalation.mode",
        "escalation.max_cost_usd_per_day",
    ]
    slip = merge_settings(base, {"egress": {"denny": ["b"]}})
    assert permissions_for(slip, [])[0].mode == "never"
    assert "nothing leaves this machine" in slip.problems[-1].message


@pytest.mark.parametrize("key", ["completion", "answers"])
def test_an_editor_cannot_choose_the_file_that_is_opened(tmp_path: Path, key: str) -> None:
    mine = tmp_path / "mine.gguf"
    base = load_lenient(write(tmp_path, f"[completion]\nmodel = '{mine}'\n[answers]\nmodel = '{mine}'"))
    for path in (
        str(tmp_path / "evil.gguf"),
        "../evil.gguf",
        "~/evil.gguf",
        f"{base.paths.data}/models/../e.gguf",
    ):
        merged = merge_settings(base, {key: {"model": path}})
        assert (merged.completion, merged.answers) == (base.completion, base.answers)
        (problem,) = merged.problems
        assert problem.key == f"{key}.model"
        assert f"[{key}] model = " in problem.message
        assert "set it in config.toml" in problem.message


@pytest.mark.parametrize("key", ["completion", "answers"])
def test_an_editor_may_name_models_of_the_catalogue_and_the_users_own(tmp_path: Path, key: str) -> None:
    mine = tmp_path / "mine.gguf"
    base = load(write(tmp_path, f"[completion]\nmodel = '{mine}'"))
    for model in ("smollm2-135m", str(mine), str(base.paths.data / "models" / "other.gguf")):
        merged = merge_settings(base, {key: {"model": model}})
        assert getattr(merged, key).model == model
        assert merged.problems == ()


def test_a_link_in_the_models_folder_leads_nowhere_else_for_an_editor(tmp_path: Path) -> None:
    base = load(environ(tmp_path))
    models = base.paths.data / "models"
    models.mkdir(parents=True)
    (models / "link.gguf").symlink_to(tmp_path / "evil.gguf")
    merged = merge_settings(base, {"completion": {"model": str(models / "link.gguf")}})
    assert merged.completion == base.completion
    assert [problem.key for problem in merged.problems] == ["completion.model"]


@pytest.mark.parametrize(
    ("own", "written", "taken"),
    [
        ("ask", "sandbox", "ask"),
        ("never", "ask", "never"),
        ("never", "sandbox", "never"),
        ("ask", "never", "never"),
        ("sandbox", "ask", "ask"),
        ("ask", "SANDBOX", "ask"),
    ],
)
def test_an_editor_can_only_tighten_what_may_run(tmp_path: Path, own: str, written: str, taken: str) -> None:
    """A repository brings settings along, such as `.vscode/settings.json`."""
    base = load(write(tmp_path, f"[answers]\nrun = {own!r}"))
    merged = merge_settings(base, {"answers": {"run": written}})
    assert merged.answers.run == taken
    assert [problem.key for problem in merged.problems] == ([] if taken == written else ["answers.run"])
