"""Each house rule catches what it is for, and lets the nearest innocent thing pass."""

import importlib.util
import subprocess
import sys
from pathlib import Path, PurePosixPath
from types import ModuleType

import pytest

SCRIPT = Path(__file__).with_name("check_style.py")


def _script() -> ModuleType:
    """The script as a module: tests are no package, so it cannot be imported by name."""
    spec = importlib.util.spec_from_file_location("check_style", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


style = _script()

WHEEL = '[tool.hatch.build.targets.wheel]\npackages = ["server/assist_server"]\n'
MODULE = "server/assist_server/door.py"
PACKAGE = "server/assist_server/__init__.py"
DOC = '"""Does one thing."""\n'
SMALL = '"""Does one thing, because that is enough."""\n'


def found(root: Path, path: str, text: str) -> list[str]:
    """What the check says about a tree with this one file."""
    for name, content in (("pyproject.toml", WHEEL), (PACKAGE, DOC), (path, text)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    inits = [parent / "__init__.py" for parent in PurePosixPath(path).parents if len(parent.parts) > 2]
    for init in inits:
        if not (root / init).exists():
            (root / init).write_text(SMALL)
    return [str(finding) for finding in style.check(root, sorted({path, PACKAGE, *map(str, inits)}))]


BAD = [
    (MODULE, DOC + "\n" * 500, ":501: 501 lines, 500 at most"),
    ("tests/test_a.py", "\n" * 501, ":501: 501 lines, 500 at most"),
    (MODULE, DOC + "def f():\n" + "    x = 1\n" * 50, ":2: f has 51 lines, 50 at most"),
    (MODULE, DOC + "async def f():\n" + "    x = 1\n" * 50, ":2: f has 51 lines"),
    (MODULE, DOC + "def f(a, b, c, d, e, f, g): ...", ":2: f has 7 parameters, 6 at most"),
    (MODULE, DOC + "def f(a, /, b, *c, d, e, f, **g): ...", ":2: f has 7 parameters"),
    (MODULE, DOC + "class A:\n    def f(self, a, b, c, d, e, f, g): ...", ":3: f has 7 parameters"),
    (
        MODULE,
        DOC + "class A:\n    @staticmethod\n    def f(a, b, c, d, e, f, g): ...",
        ":4: f has 7 parameters",
    ),
    ("tests/test_a.py", "import unittest.mock", ":1: unittest.mock"),
    ("tests/test_a.py", "from unittest import mock", ":1: unittest.mock"),
    ("tests/test_a.py", "from unittest.mock import patch", ":1: unittest.mock"),
    ("tests/test_a.py", "def test(mock):\n    mock.patch('a')", ":2: mock.patch"),
    (
        "tests/test_a.py",
        "def test(monkeypatch):\n    monkeypatch.setattr(a, 'b', 1)",
        ":2: monkeypatch.setattr",
    ),
    (MODULE, "x = 1", ":1: no module docstring"),
    ("benchmarks/speed.py", "x = 1", ":1: no module docstring"),
    (MODULE, DOC + "try:\n    pass\nexcept Exception:\n    pass", ":4: catches everything"),
    (
        MODULE,
        DOC + "try:\n    pass\nexcept (OSError, BaseException) as e:\n    pass",
        ":4: catches everything",
    ),
    (MODULE, DOC + "try:\n    pass\nexcept:\n    pass", ":4: catches everything"),
    (MODULE, DOC + "import os\nx = os.environ['A']", ":3: reads the environment"),
    (MODULE, DOC + "import os\nx = os.getenv('A')", ":3: reads the environment"),
    (MODULE, DOC + "from os import environ", ":2: reads the environment"),
    (MODULE, DOC + "class TokenManager: ...", ":2: class TokenManager"),
    (MODULE, DOC + "subprocess.run(['git'])", ":2: subprocess.run without stdin"),
    (MODULE, DOC + "process = subprocess.Popen(['git'], stdout=None)", ":2: subprocess.Popen without stdin"),
    (MODULE, DOC + "import os\nimport fcntl", ":3: imports fcntl, which Windows lacks"),
    (MODULE, DOC + "from resource import RLIMIT_CORE", ":2: imports resource, which Windows lacks"),
    (MODULE, DOC + "os.replace(draft, path)", ":2: os.replace: durable_files does it"),
    (MODULE, DOC + "make(link=os.link)", ":2: os.link: durable_files does it"),
    (MODULE, DOC + "os.kill(process, 0)", ":2: os.kill(..., 0) ends a process on Windows"),
    (MODULE, DOC + "class _ModelService: ...", ":2: class _ModelService"),
    (MODULE, DOC + "class TextUtils: ...", ":2: class TextUtils"),
    ("server/assist_server/utils.py", DOC, ":1: utils says nothing"),
    ("server/assist_server/common/text.py", DOC, ":1: common says nothing"),
    (MODULE, DOC + "def settled(): ...", ":2: settled: a function is a verb or a noun"),
    (MODULE, DOC + "class A:\n    def _told(self): ...", ":3: _told: a function is a verb"),
    (MODULE, DOC + "a, b = 1, 'x'", ":2: assigns unlike things at once"),
    (MODULE, DOC + "self.a, b = first(), second()", ":2: assigns unlike things at once"),
    (MODULE, DOC + "a = b = 0", ":2: assigns one value to several names"),
    (MODULE, DOC + "import re\nA = re.compile(\n    'a|'\n    'b'\n)", ":3: a long expression"),
    (MODULE, '"""Says it anew."""\n', ":1: 'anew': use a plain word"),
    (MODULE, DOC + 'def f():\n    """Does it.\n\n    Nobody knows.\n    """', ":5: 'Nobody'"),
    (MODULE, DOC + "x = 1  # behind the cursor", ":2: 'behind'"),
    ("README.md", "Here it stands.", ":1: 'stands'"),
    ("ARCHITECTURE.md", "in\nand `lsp/none`", ":2: lsp/none does not exist"),
    ("docs/a.md", "a\nwhat is in hand", ":2: 'in hand'"),
    (MODULE, DOC + "for each in ():\n    pass", ":2: each says nothing"),
    (MODULE, DOC + "x = [\n    each\n    for at, each in ()\n]", ":4: each says nothing"),
    (PACKAGE, DOC + "x = 1", ":2: an __init__.py holds its docstring and nothing else"),
    (MODULE, DOC + "def f(:", ":2: cannot be parsed"),
    ("ARCHITECTURE.md", "line\n" * 251, ":251: 251 lines, 250 at most"),
    ("CONTRIBUTING.md", "line\n" * 121, ":121: 121 lines, 120 at most"),
    ("README.md", f"see https://{style.REGISTRIES[0]}/x", ":1: names "),
    (".ci/run", f"a\npip install -i https://{style.REGISTRIES[0].upper()}/simple x", ":2: names "),
    (MODULE, DOC + f"HOST = '{style.REGISTRIES[2]}'", ":2: names "),
]


@pytest.mark.parametrize(("path", "text", "message"), BAD)
def test_a_broken_rule_is_found(tmp_path: Path, path: str, text: str, message: str) -> None:
    (finding,) = [each for each in found(tmp_path, path, text) if each.startswith(f"{path}:")]
    assert finding.startswith(path + message)


GOOD = [
    (MODULE, DOC + "def embed(): ...\nclass A:\n    @property\n    def qualified(self): ..."),
    (MODULE, DOC + "a, b = 1, 2\nc, d = d, c\nx, y = m.start(), m.end()\nself.e, self.f = f[0], f[1]"),
    (MODULE, DOC + "import re\nA = re.compile('a|b')\nB = re.compile(\n    'a'\n    '|b', re.VERBOSE\n)"),
    (
        MODULE,
        DOC + 'def f():\n    """Says it.\n\n    >>> stand()\n    """\nx = "nobody"  # `behind` is a key',
    ),
    (
        "ARCHITECTURE.md",
        "`server/assist_server`, `server/assist_server/__init__.py`, `f(a/b)`, `and/or else`",
    ),
    ("docs/a.md", "The `behind` key, a standard, a bystander."),
    (MODULE, DOC + "\n" * 499),
    (MODULE, DOC + "sorted((), key=lambda each: each)"),
    (MODULE, DOC + "def f():\n" + "    x = 1\n" * 49),
    (MODULE, DOC + "def f(a, b, c, d, e, f): ..."),
    (MODULE, DOC + "class A:\n    def f(self, a, b, c, d, e, f): ..."),
    (MODULE, DOC + "try:\n    pass\nexcept (OSError, ValueError):\n    pass"),
    (MODULE, DOC + "import os\nname.replace('a', 'b')\nclass Managed: ..."),
    (MODULE, DOC + "subprocess.run(['less'], input=text)\nsubprocess.Popen(['git'], stdin=None)"),
    (MODULE, DOC + "try:\n    import pwd\nexcept ImportError:\n    pwd = None\nos.kill(process, 15)"),
    (MODULE, DOC + "def f():\n    import fcntl"),
    ("server/assist_server/sandbox/processes.py", DOC + "import resource"),
    ("tests/test_a.py", "def test(a, b, c, d, e, f, g):\n    'mock.patch and os.environ in a text'"),
    (
        "tests/test_a.py",
        "import os\nx = os.environ\ndef test(monkeypatch):\n    monkeypatch.setenv('A', 'b')",
    ),
    ("benchmarks/speed.py", DOC + "import os\nx = os.environ"),
    ("server/assist_server/lsp/server.py", DOC + "try:\n    pass\nexcept Exception:\n    pass"),
    (
        "completion/assist_completion/inference/worker.py",
        DOC + "try:\n    pass\nexcept BaseException:\n    pass",
    ),
    ("server/assist_server/config/config.py", DOC + "import os\nx = os.environ"),
    ("uv.lock", f"https://{style.REGISTRIES[0]}"),
    ("ARCHITECTURE.md", "line\n" * 250),
    ("README.md", "line\n" * 999),
    ("picture.png", "line\n" * 999),
]


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_what_is_allowed_passes(tmp_path: Path, path: str, text: str) -> None:
    assert found(tmp_path, path, text) == []


@pytest.mark.parametrize(
    ("command", "is_ours"),
    [
        ("pip install 'assist-lsp[eval]'", False),
        ("run: uv tool install assist && assist setup", False),
        ("pipx install assist-lsp", False),
        ("uv tool install './assist[eval]' && assist setup", True),
        ("`uv tool install .` in the clone of assist", True),
        ("pip install --no-index --find-links wheels assist-lsp", True),
    ],
)
def test_no_page_installs_what_a_stranger_may_upload(tmp_path: Path, command: str, is_ours: bool) -> None:
    assert (found(tmp_path, "docs/a.md", command) == []) is is_ours


def test_a_wing_holds_few_modules(tmp_path: Path) -> None:
    wing = "server/assist_server/wing"
    (tmp_path / wing).mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(WHEEL)
    paths = [PACKAGE, *(f"{wing}/{name}.py" for name in ("__init__", *"abcdefghijklmnopqrstu"))]
    for path in paths:
        (tmp_path / path).write_text(DOC)
    assert style.check(tmp_path, paths[:-1]) == []
    (many,) = style.check(tmp_path, paths)
    assert str(many).startswith(f"{wing}:1: 21 modules")
    (silent,) = style.check(tmp_path, [PACKAGE, *paths[2:-1]])
    assert str(silent).startswith(f"{wing}:1: no __init__.py")


def test_a_small_wing_says_why_it_is_one(tmp_path: Path) -> None:
    wing = "server/assist_server/wing"
    (tmp_path / wing).mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(WHEEL)
    paths = [PACKAGE, *(f"{wing}/{name}.py" for name in ("__init__", *"abcd"))]
    for path in paths:
        (tmp_path / path).write_text(DOC)
    assert style.check(tmp_path, paths) == []
    (small,) = style.check(tmp_path, paths[:-1])
    assert str(small).startswith(f"{wing}:1: 3 modules: say in __init__.py why")
    (tmp_path / paths[1]).write_text(SMALL)
    assert style.check(tmp_path, paths[:-1]) == []


def test_the_map_names_every_wing(tmp_path: Path) -> None:
    wing = "server/assist_server/lsp/__init__.py"
    (tmp_path / wing).parent.mkdir(parents=True)
    (tmp_path / wing).write_text(DOC)
    (tmp_path / "pyproject.toml").write_text(WHEEL)
    document = tmp_path / "ARCHITECTURE.md"
    document.write_text("`cli`\n")
    missing = "ARCHITECTURE.md:1: lsp is not named: say what it is for"
    assert missing in map(str, style.check(tmp_path, [PACKAGE, wing, document.name]))
    document.write_text("`lsp`\n")
    assert missing not in map(str, style.check(tmp_path, [PACKAGE, wing, document.name]))


def test_a_class_name_means_one_thing(tmp_path: Path) -> None:
    paths = [PACKAGE, "server/assist_server/a.py", "server/assist_server/b.py"]
    (tmp_path / "server/assist_server").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(WHEEL)
    for path, name in zip(paths, ("", "Place", "Site"), strict=True):
        (tmp_path / path).write_text(DOC + (f"class {name}: ...\n" if name else ""))
    assert style.check(tmp_path, paths) == []
    (tmp_path / paths[2]).write_text(DOC + "class Place: ...\n")
    (finding,) = map(str, style.check(tmp_path, paths))
    assert finding == f"{paths[2]}:2: class Place is also in {paths[1]}: one name, one meaning"


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("Place = tuple[int, int]", "type Place"),
        ("_Place: TypeAlias = tuple[int, int]", "type _Place"),
        ("class _Place: ...", "class _Place"),
        ("PLACE = (1, 2)", ""),
        ("def f():\n    Place = int", ""),
    ],
)
def test_a_type_has_no_name_of_a_class(tmp_path: Path, text: str, finding: str) -> None:
    paths = [PACKAGE, "server/assist_server/a.py", "server/assist_server/b.py"]
    (tmp_path / "server/assist_server").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(WHEEL)
    for path, content in zip(paths, ("", "class Place: ...\n", text), strict=True):
        (tmp_path / path).write_text(DOC + content)
    expected = f"{paths[2]}:2: {finding} is also in {paths[1]}: one name, one meaning"
    assert [str(found) for found in style.check(tmp_path, paths)] == ([expected] if finding else [])


def test_the_wheel_must_hold_every_package(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, "context/assist_context/__init__.py", DOC)
    assert finding.startswith("pyproject.toml:1: the wheel's packages are ['server/assist_server']")
    assert "['context/assist_context', 'server/assist_server']" in finding


def test_the_script_sees_new_files_but_not_ignored_ones(tmp_path: Path) -> None:
    init = ["git", "init", "-q", str(tmp_path)]
    subprocess.run(init, check=True)
    assert found(tmp_path, MODULE, DOC) == []
    (tmp_path / ".gitignore").write_text("built.py\n")
    (tmp_path / "built.py").write_text("x = 1\n")
    command = [sys.executable, str(SCRIPT), str(tmp_path)]
    assert subprocess.run(command, check=False).returncode == 0
    (tmp_path / "new.py").write_text("x = 1\n")
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stdout == "new.py:1: no module docstring: say what it does and what it does not know\n"
