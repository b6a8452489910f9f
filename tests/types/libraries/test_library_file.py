"""The databases of packages: shared, bounded, and made again if they are damaged or from other code."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from installs import python_install, reading

from assist_context.code.imports import Import
from assist_types.libraries import library_file
from assist_types.libraries.import_walk import ImportWalk
from assist_types.libraries.installed import InstalledModule
from assist_types.libraries.module_outline import LibraryName, ModuleOutline
from assist_types.libraries.outline_store import OutlineStore
from assist_types.libraries.python_packages import PythonPackages

OUTLINE = ModuleOutline({"a": LibraryName("a", "function", "def a()", "Adds.")}, ("b",), True)


@pytest.fixture
def module(tmp_path: Path) -> InstalledModule:
    site = python_install(tmp_path, {"lib/__init__.py": "a = 1\n"})
    return InstalledModule("python", "lib", "1.0", "lib", str(site / "lib" / "__init__.py"), True)


def write(data: Path, module: InstalledModule, outline: ModuleOutline = OUTLINE) -> Path:
    library_file.write_outlines(str(data), [(module, os.path.getsize(module.file), outline)])
    return Path(library_file.library_file(str(data), module))


def test_written_and_read(tmp_path: Path, module: InstalledModule) -> None:
    data = tmp_path / "data"
    assert library_file.read_outline(str(data), module) is None
    path = write(data, module)
    assert library_file.read_outline(str(data), module) == OUTLINE
    assert os.stat(path).st_mode & 0o077 == os.stat(path.parent).st_mode & 0o077 == 0
    Path(module.file).write_text("other = 1\n")
    assert library_file.read_outline(str(data), module) is None


def test_damage_and_other_code_are_made_again(tmp_path: Path, module: InstalledModule) -> None:
    data = tmp_path / "data"
    path = write(data, module)
    for damage in (b"", b"no database at all" * 100, path.read_bytes()[:5_000]):
        path.write_bytes(damage)
        assert library_file.read_outline(str(data), module) is None
        write(data, module)
        assert library_file.read_outline(str(data), module) == OUTLINE
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 7")
    assert library_file.read_outline(str(data), module) is None
    write(data, module)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE module SET outline = x'00ff'")
        db.commit()
    assert library_file.read_outline(str(data), module) is None


def test_no_name_of_a_package_leads_elsewhere(tmp_path: Path, module: InstalledModule) -> None:
    odd = InstalledModule("node", "@a/../../b", "../1", "x", module.file)
    path = os.path.realpath(library_file.library_file(str(tmp_path / "data"), odd))
    assert os.path.dirname(path) == str(tmp_path / "data" / "node")


def test_the_oldest_are_deleted(tmp_path: Path, module: InstalledModule) -> None:
    data = tmp_path / "data"
    paths = []
    for number in range(5):
        other = InstalledModule("python", f"lib{number}", "1.0", "lib", module.file)
        paths.append(write(data, other))
        os.utime(paths[-1], (1_000 + number, 1_000 + number))
    assert library_file.prune(str(data), 1_005.0, 1 << 20, 3, 100.0) == 2
    assert [path.exists() for path in paths] == [False, False, True, True, True]
    assert library_file.prune(str(data), 1_103.5, 1 << 20, 3, 100.0) == 2
    assert library_file.prune(str(data), 1_005.0, 10, 3, 100.0) == 1


def test_what_is_missing_is_reported_once(tmp_path: Path, module: InstalledModule) -> None:
    reported: list[bool] = []
    now = [0.0]
    store = OutlineStore(str(tmp_path / "data"), lambda: reported.append(True), lambda: now[0])
    for moment in (0.0, 0.5, 5.0):
        now[0] = moment
        assert store.outline(module) is None
    assert len(reported) == 1
    write(tmp_path / "data", module)
    now[0] = 7.0
    assert store.outline(module) == OUTLINE


def test_the_walk_goes_where_names_lead(tmp_path: Path) -> None:
    texts = {
        "lib/__init__.py": "from .client import Client, Other\nfrom .far import far\n",
        "lib/client.py": "from .base import Base\nfrom .unused import x\nclass Client(Base): pass\nclass Other: pass\n",
        "lib/base.py": "", "lib/far.py": "", "lib/unused.py": "", "lib/sub.py": "",
    }  # fmt: skip
    python_install(tmp_path, texts)
    finder = PythonPackages(str(tmp_path / ".venv"))
    read: list[str] = []
    walk = ImportWalk()
    imports = [Import("lib", ("Client", "sub"), 1), Import("own", (), 2), Import("here", (), 3, 1)]
    walk.begin(imports, finder)
    outlines = reading()
    while (wanted := walk.take()) is not None:
        read.append(wanted.module.name)
        outline = outlines(wanted.module)
        assert outline is not None
        walk.follow(wanted, outline)
    assert "builtins" in read  # without an import
    assert sorted({name for name in read if name.startswith("lib")}) == [
        "lib",
        "lib.base",
        "lib.client",
        "lib.sub",
    ]
    walk.begin(imports, finder)
    assert walk.take() is None
