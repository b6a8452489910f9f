"""The house rules that no ruff or import-linter rule states, over the files that git knows or would take.

Run it from anywhere: `python tests/style/check_style.py [ROOT]`. It prints `file:line: message` and
exits with 1 if there is any. It reads files; it imports none of them.
"""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

FILE_LINES = 500
FUNCTION_LINES = 50
PARAMETERS = 6
# Lines of code, without comments and empty ones: editors stay thin.
EDITOR_LINES = {"vscode-extension/src": 600, "neovim-plugin": 500}
DOCUMENT_LINES = {"ARCHITECTURE.md": 250, "CONTRIBUTING.md": 80}

# Where any failure at all may be caught: the border to the editor, and the thread that owns the model.
CATCH_ALL = {"server/assist_server/lsp/server.py", "completion/assist_completion/inference/worker.py"}
# One module reads what users set. Three more reach the environment for a library that reads nothing else:
# huggingface_hub's telemetry switch, libgomp's spin count, and pip, which gets what it finds there.
ENVIRONMENT = {
    "server/assist_server/config/config.py",
    "completion/assist_completion/model_store/hub.py",
    "completion/assist_completion/inference/llama.py",
    "completion/assist_completion/model_store/wheels.py",
}

CLASS_ENDINGS = ("Manager", "Service", "Helper", "Helpers", "Util", "Utils")
MODULE_NAMES = {"utils", "util", "common", "core", "helpers", "helper"}
OS_ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}

# Package registries: which one serves an installation is the machine's business. Joined here, so that
# this file holds no such name itself.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("conda", "anaconda", "org"),
        ("proxy", "golang", "org"),
        ("static", "crates", "io"),
        ("deb", "debian", "org"),
    )
)
LOCK_FILES = {"uv.lock", "package-lock.json"}  # written by the tools, addresses included
TEXT = {"", ".cfg", ".cjs", ".ini", ".js", ".json", ".lua", ".md", ".mjs", ".py", ".sh", ".toml", ".ts", ".yaml", ".yml"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule; the line counts from 1."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def check(root: Path, paths: list[str]) -> list[Finding]:
    """Every finding in `paths`, which are relative to `root` with forward slashes."""
    findings = list(check_wheel(root))
    for path in paths:
        if PurePosixPath(path).suffix not in TEXT or not (root / path).is_file():
            continue
        text = (root / path).read_text(encoding="utf-8", errors="replace")
        findings += [*check_registries(path, text), *check_document(path, text)]
        if path.endswith(".py"):
            findings += check_python(path, text)
    findings += check_editors(root, paths)
    return sorted(findings, key=lambda finding: (finding.path, finding.line))


def check_editors(root: Path, paths: list[str]) -> Iterator[Finding]:
    """Each editor's part is short: what decides anything belongs into the server."""
    for folder, most in EDITOR_LINES.items():
        own = [path for path in paths if path.startswith(f"{folder}/") and path.endswith((".ts", ".lua"))]
        lines = [line.strip() for path in own for line in (root / path).read_text("utf-8").splitlines()]
        code = sum(1 for line in lines if line and not line.startswith(("//", "/*", "*", "--")))
        if code >= most:
            yield Finding(folder, 1, f"{code} lines of code, below {most}: an editor's part holds no logic")


def check_python(path: str, text: str) -> Iterator[Finding]:
    """The rules for one Python file, by the part of the tree it stands in."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        yield Finding(path, getattr(error, "lineno", 1) or 1, f"cannot be parsed: {error}")
        return
    top = path.partition("/")[0]
    yield from check_length(path, text)
    yield from check_functions(path, tree, parameters=top != "tests")
    yield from check_mocks(path, tree)
    if top == "tests":
        return
    yield from check_docstring(path, tree)
    yield from check_catch_all(path, tree)
    yield from check_names(path, tree)
    if top != "benchmarks":
        yield from check_environment(path, tree)


def check_length(path: str, text: str) -> Iterator[Finding]:
    lines = len(text.splitlines())
    if lines > FILE_LINES:
        yield Finding(path, lines, f"{lines} lines, {FILE_LINES} at most: split it by what it knows")


def check_functions(path: str, tree: ast.Module, *, parameters: bool) -> Iterator[Finding]:
    methods = {
        id(each)
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef)
        for each in owner.body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        and not _has_decorator(each, "staticmethod")
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > FUNCTION_LINES:
            message = f"{node.name} has {length} lines, {FUNCTION_LINES} at most: take a step out of it"
            yield Finding(path, node.lineno, message)
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        count = len(every) + bool(node.args.vararg) + bool(node.args.kwarg) - (id(node) in methods)
        if parameters and count > PARAMETERS:
            message = (
                f"{node.name} has {count} parameters, {PARAMETERS} at most: give some of them a name together"
            )
            yield Finding(path, node.lineno, message)


def _has_decorator(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in node.decorator_list)


def check_mocks(path: str, tree: ast.Module) -> Iterator[Finding]:
    instead = "pass a fake that obeys the port"
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names) if any(_is_mock(each.name) for each in names):
                yield Finding(path, node.lineno, f"unittest.mock: {instead}")
            case ast.ImportFrom(module=str(module), names=names) if _is_mock(module) or (
                module == "unittest" and any(each.name == "mock" for each in names)
            ):
                yield Finding(path, node.lineno, f"unittest.mock: {instead}")
            case ast.Attribute(value=ast.Name(id="mock"), attr="patch"):
                yield Finding(path, node.lineno, f"mock.patch: {instead}")
            case ast.Attribute(value=ast.Name(id="monkeypatch"), attr="setattr" | "setitem" as attribute):
                yield Finding(path, node.lineno, f"monkeypatch.{attribute}: {instead}")


def _is_mock(module: str) -> bool:
    return module in ("mock", "unittest.mock") or module.startswith("unittest.mock.")


def check_docstring(path: str, tree: ast.Module) -> Iterator[Finding]:
    if not ast.get_docstring(tree):
        yield Finding(path, 1, "no module docstring: say what it does and what it does not know")


def check_catch_all(path: str, tree: ast.Module) -> Iterator[Finding]:
    if path in CATCH_ALL:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            names = {each.id for each in caught if isinstance(each, ast.Name)}
            if node.type is None or names & {"Exception", "BaseException"}:
                yield Finding(path, node.lineno, "catches everything: name the errors you can act on")


def check_environment(path: str, tree: ast.Module) -> Iterator[Finding]:
    if path in ENVIRONMENT:
        return
    message = (
        f"reads the environment: only {', '.join(sorted(ENVIRONMENT))} does; take the value as a parameter"
    )
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr=name) if name in OS_ENVIRONMENT:
                yield Finding(path, node.lineno, message)
            case ast.ImportFrom(module="os", names=names) if OS_ENVIRONMENT & {each.name for each in names}:
                yield Finding(path, node.lineno, message)


def check_names(path: str, tree: ast.Module) -> Iterator[Finding]:
    for part in PurePosixPath(path).with_suffix("").parts:
        if part in MODULE_NAMES:
            yield Finding(path, 1, f"{part} says nothing: name the module after what it knows")
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name.endswith(CLASS_ENDINGS):
            yield Finding(
                path, node.lineno, f"class {node.name}: name it after what it owns, or make it functions"
            )


def check_document(path: str, text: str) -> Iterator[Finding]:
    most, lines = DOCUMENT_LINES.get(path), len(text.splitlines())
    if most and lines > most:
        yield Finding(path, lines, f"{lines} lines, {most} at most: leave out what the code says itself")


def check_registries(path: str, text: str) -> Iterator[Finding]:
    if PurePosixPath(path).name in LOCK_FILES:
        return
    for number, line in enumerate(text.splitlines(), 1):
        for host in REGISTRIES:
            if host in line.lower():
                yield Finding(
                    path, number, f"names {host}: the machine's own settings say where packages come from"
                )


def check_wheel(root: Path) -> Iterator[Finding]:
    """The wheel holds exactly the packages of the tree: a forgotten one only fails at the user's."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    listed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    found = sorted(init.parent.relative_to(root).as_posix() for init in root.glob("*/assist_*/__init__.py"))
    if listed != found:
        yield Finding("pyproject.toml", 1, f"the wheel's packages are {listed}: they should be {found}")


def tracked(root: Path) -> list[str]:
    """What git tracks below `root`, or would with the next `git add`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    return sorted({path for path in listing.decode().split("\0") if path})


def main(arguments: list[str]) -> int:
    root = Path(arguments[0]) if arguments else Path(__file__).parents[2]
    findings = check(root, tracked(root))
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
