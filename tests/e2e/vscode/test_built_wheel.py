"""The built wheel on a machine without a compiler and with an empty home: an installer, and a completion.

uv installs it in `test_first_start`.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pytest
from bare_machine import UV, bare_machine, python
from packaging_lock import packaging_lock

ROOT = Path(__file__).parents[3]
INSTALL = (UV, "tool", "run", "pipx", "install")

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]


def build() -> tuple[Path, str]:
    """Run `make dist`; return the wheel and the checksums."""
    make = ["make", "--silent", "dist"]
    with packaging_lock():
        subprocess.run(make, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    [wheel] = (ROOT / "dist").glob("*.whl")
    return wheel, (ROOT / "dist/SHA256SUMS").read_text()


@pytest.fixture(scope="session")
def wheel() -> Path:
    return build()[0]


@pytest.fixture
def machine(tmp_path: Path, model_path: Path) -> Mapping[str, str]:
    """The environment of a machine without a compiler, and with a model that settings name."""
    environ = bare_machine(tmp_path, python())
    config = Path(environ["ASSIST_CONFIG_DIR"])
    config.mkdir()
    (config / "config.toml").write_text(f'[completion]\nmodel = "{model_path}"\nmode = "eager"\n')
    return {**environ, "ASSIST_OFFLINE": "1"}


def test_the_same_commit_gives_the_same_bytes(wheel: Path) -> None:
    before = (ROOT / "dist/SHA256SUMS").read_text()
    shutil.rmtree(ROOT / "dist")
    assert build() == (wheel, before)


def test_the_wheel_installs_without_a_compiler(
    wheel: Path, machine: Mapping[str, str], tmp_path: Path
) -> None:
    def run(*words: str) -> str:
        done = subprocess.run(words, env=machine, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(*INSTALL, str(wheel))
    assist = f"{machine['HOME']}/.local/bin/assist"
    assert run(assist, "--version").strip() == f"assist {version('assist-lsp')}"
    (tmp_path / "cart.py").write_text("def add(a, b):\n    return \n")
    completed = json.loads(run(assist, "complete", "--json", "cart.py:2:12"))
    assert completed["text"] == "a + b"
    assert "Completion works." in run(assist, "doctor")
