"""Outlines of libraries, made by a real indexer for what open files import."""

import os
from pathlib import Path

import pytest
from indexing import indexer
from installs import python_install
from workspaces import put

from assist_context.languages import language_of
from assist_types.libraries.installed_libraries import InstalledLibraries

pytestmark = pytest.mark.slow

FILES = {
    "lib/__init__.py": "from .client import Client\n",
    "lib/client.py": "class Client:\n    def get(self): ...\n",
    "unused/__init__.py": "a = 1\n",
    "huge/__init__.py": "a = 1\n" + "# more\n" * 300_000,
    "odd/__init__.py": "class " * 200_000,
}


def test_what_open_files_import_is_outlined(tmp_path: Path) -> None:
    root = tmp_path / "work"
    site = python_install(root, FILES)
    put(root, ".gitignore", ".venv\n")
    path = put(root, "app.py", "import lib, huge, odd\n")
    put(root, "other.py", "import unused\n")
    data = tmp_path / "data" / "libraries"
    opening = {"libraries": {"data": str(data), "environ": {}}, "first": [str(path)]}
    with indexer(root, tmp_path / "data" / "index.db", **opening) as live:
        made = live.until("libraries")
        assert made["packages"] == 4  # what Python has without an import, too
        assert len(live.children()) == 1  # the parser stays; the process that read libraries has ended
        libraries = InstalledLibraries(str(data), {})
        libraries.look_from(str(path), str(root), language_of("app.py"))
        members = libraries.members("lib", "Client")
        assert members is not None
        assert members.whole
        assert "get" in members.names
        assert [libraries.names(name) for name in ("huge", "odd", "unused")] == [None, None, None]
        split = libraries.members("builtins", "str().split()*")
        assert split is not None
        assert ("strip" in split.names, "trim" in split.names) == (True, False)
        os.rename(site / "lib-1.0.dist-info", site / "lib-2.0.dist-info")
        put(site, "lib/client.py", "class Client:\n    def post(self): ...\n")
        live.tell("libraries")
        assert live.until("libraries")["made"] == 2
        again = InstalledLibraries(str(data), {})
        again.look_from(str(path), str(root), language_of("app.py"))
        newer = again.members("lib", "Client")
        assert newer is not None
        assert "get" not in newer.names
