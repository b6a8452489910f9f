"""`assist eval` says what to install, and a language server never loads what belongs to it."""

import subprocess
import sys

import pytest

from assist_evaluation.cli.commands import EXTRA, check_extra
from assist_server.errors import UserError

WEB_SERVER = {"starlette", "uvicorn"}  # of the gateway
FETCHING = {"huggingface_hub", "pip", "tarfile"}  # of the installer


@pytest.mark.parametrize("missing", [EXTRA, EXTRA[1:]])
def test_without_its_libraries_it_says_how_to_install_them(missing: tuple[str, ...]) -> None:
    with pytest.raises(UserError) as caught:
        check_extra(lambda name: None if name in missing else object())
    assert f"needs {' and '.join(missing)}: run `uv tool install '.[eval]'`" in str(caught.value)


def test_with_its_libraries_it_says_nothing() -> None:
    check_extra()


def test_a_language_server_loads_no_plugin_and_no_library_of_one() -> None:
    later = "assist_server.local_model.opening, assist_server.team.team_server_opening"
    code = f"import sys, assist_server.lsp.start, assist_server.lsp.server, {later}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "assist_server" in loaded.split()
    plugins = {
        "assist_diffs",
        "assist_evaluation",
        "assist_gateway",
        "assist_installer",
        "assist_refactorings",
        "assist_runner",
        "assist_types",
    }
    assert not {*plugins, *EXTRA, *WEB_SERVER, *FETCHING} & set(loaded.split())


def test_the_command_line_loads_the_command_but_none_of_its_libraries() -> None:
    code = "import sys; from assist_server.cli.app import command_line; command_line(); print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {"assist_evaluation", "assist_installer"} <= set(loaded.split())
    assert not {*EXTRA, *WEB_SERVER, *FETCHING} & set(loaded.split())
