"""The house rules that no ruff or import-linter rule states, over the files that git knows or would take.

Run it from anywhere: `python tests/style/check_style.py [ROOT]`. It prints `file:line: message` and
exits with 1 if there is any. It reads files; it imports none of them.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

FILE_LINES = 500
WING_MODULES = 20  # an alarm, not a target: a folder this full probably has two subjects
SMALL_WING = 3  # modules; with so few, a folder is one more door to open, and needs a reason
FUNCTION_LINES = 50
PARAMETERS = 6
# Lines of code, without comments and empty ones: editors stay thin.
# With what they pass on to an editor's other language servers, which is longer in Lua.
EDITOR_LINES = {"vscode-extension/src": 1_600, "neovim-plugin": 1_300}
DOCUMENT_LINES = {"ARCHITECTURE.md": 250, "CONTRIBUTING.md": 120}

# Where any failure at all may be caught: the borders to the editor and to tools, and the thread of the model.
CATCH_ALL = {"server/assist_server/lsp/server.py", "plugins/gateway/assist_gateway/http/app.py", "completion/assist_completion/inference/worker.py"}  # fmt: skip
# One module reads what users set, and one where programs are. Five more reach it for a library that reads no settings:
# huggingface_hub's telemetry switch, libgomp's spin count, OpenBLAS' threads, pip, and OpenTelemetry.
ENVIRONMENT = {
    "context/assist_context/programs.py",
    "server/assist_server/cli/main.py",
    "server/assist_server/config/config.py",
    "plugins/installer/assist_installer/fetching/hub.py",
    "completion/assist_completion/inference/libraries.py",
    "plugins/installer/assist_installer/fetching/wheels.py",
    "evaluation/assist_evaluation/usage/collector.py",
}

# The programs run in a project's interpreter, whatever a call does; the demo's workspace is a user's code.
PROGRAM = re.compile(r"plugins/runner/assist_runner/characterization_tests/programs/\w+_")
IN_A_PACKAGE = re.compile(r"(?:plugins/)?\w+/assist_\w+/(?!demo/workspace/|[a-z_]+/programs/\w+_)")
TYPE_NAME = re.compile(r"_?[A-Z][a-z]\w*")
CLASS_ENDINGS = ("Manager", "Service", "Helper", "Helpers", "Util", "Utils")
MODULE_NAMES = {"utils", "util", "common", "core", "helpers", "helper"}
# What only some systems have: modules imported where they are used, and steps with one helper for all.
POSIX_MODULES = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}
RENAMES = {"link", "rename", "renames", "replace"}
SPAWNS = {"Popen", "run", "call", "check_call", "check_output"}
DURABLE_FILES = "context/assist_context/durable_files.py"
NOT_ON_WINDOWS = re.compile(r".+/(?:sandbox/(?:processes|tree_copy)|local_model/sharing/messages)\.py")
OS_ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}

PARTICIPLES = re.compile(
    r"_?(?:[a-z]+ed|begun|chosen|done|found|given|held|kept|known|laid|left|lost|made|met|said|seen|sent"
    r"|shown|spent|taken|told|thrown|written)"
)
NO_PARTICIPLES = {"embed", "feed", "need", "seed", "initialized"}  # the last is the protocol's

# Words that make a reader stop; the plain ones: new or again, next to, after, is, no one, they, fix.
HARD_WORDS = re.compile(
    r"""\b(?:anew | besides? | behind | stands? | stood | standing | nobody | somebody | he | his | him | himself
    | mend(?:s|ed|ing)? | thereof | therein | whereof | lest | in[ ]hand | (?:tells?|told)[ ]of
    | (?:is|are)[ ]to[ ]be)\b""",
    re.IGNORECASE | re.VERBOSE,
)
PLAIN_DOCUMENTS = re.compile(
    r"[A-Z]+\.md|docs/.+\.md|(?:vscode-extension|neovim-plugin)/(?:[^/]+\.md|walkthrough/.+\.md|doc/.+\.txt)"
)

# Package registries: which one serves an installation is the machine's business. Joined: no such name is here.
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
# What would install a package that a stranger may upload under our name: assist is in no index.
FROM_INDEX = re.compile(
    r"^(?!.*--no-index).*\b(?:pip3?|pipx|uv|conda)\b[^`&|;]*?\binstall\b[^`&|;]*?[\s'\"](?:assist|assist-lsp)(?:[\[=<>'\"`\s]|$)"
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
        findings += [
            *check_registries(path, text),
            *check_installation(path, text),
            *check_document(path, text),
        ]
        if path.endswith(".py") and not PROGRAM.match(path):
            findings += check_python(path, text)
        elif PLAIN_DOCUMENTS.fullmatch(path):
            findings += check_words(path, enumerate(text.splitlines(), 1))
    findings += [*check_editors(root, paths), *check_wings(root, paths), *check_class_names(root, paths)]
    findings += check_map(root, paths)
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
    yield from check_statements(path, tree)
    yield from check_words(path, prose_of(text, tree))
    if top != "benchmarks":
        yield from check_environment(path, tree)
        yield from check_loops(path, tree)
        yield from check_spawns(path, tree)
        if not NOT_ON_WINDOWS.match(path):
            yield from check_systems(path, tree)


def check_wings(root: Path, paths: list[str]) -> Iterator[Finding]:
    """A folder of a package says in its `__init__` what its modules know, and why, if they are very few."""
    modules: dict[str, list[str]] = {}
    for path in paths:
        if path.endswith(".py") and IN_A_PACKAGE.match(path):
            modules.setdefault(str(PurePosixPath(path).parent), []).append(PurePosixPath(path).name)
    for folder, names in modules.items():
        count = len([name for name in names if name not in ("__init__.py", "__main__.py")])
        if count > WING_MODULES:
            yield Finding(folder, 1, f"{count} modules: which of them are a subject of their own?")
        if "__init__.py" not in names:
            yield Finding(folder, 1, "no __init__.py: say in its docstring what this wing knows")
        elif count <= SMALL_WING and IN_A_PACKAGE.match(folder) and not _has_reason(root / folder):
            message = f"{count} modules: say in __init__.py why they are a folder (because ...), or fold it"
            yield Finding(folder, 1, message)


def _has_reason(folder: Path) -> bool:
    try:
        return "because" in (folder / "__init__.py").read_text(encoding="utf-8")
    except OSError:
        return False


def check_class_names(root: Path, paths: list[str]) -> Iterator[Finding]:
    """A name of a class or of a type means one thing in all packages, private or not."""
    first: dict[str, str] = {}
    for path in paths:
        if not path.endswith(".py") or not IN_A_PACKAGE.match(path):
            continue
        for what, name, line in _type_names(root / path):
            if (other := first.setdefault(name.lstrip("_"), path)) != path:
                yield Finding(path, line, f"{what} {name} is also in {other}: one name, one meaning")


def _type_names(file: Path) -> Iterator[tuple[str, str, int]]:
    """The classes of a file, and what its top level gives a name that reads like one, with their lines."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield "class", node.name, node.lineno
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if TYPE_NAME.fullmatch(name):
                    yield "type", name, node.lineno


def check_map(root: Path, paths: list[str]) -> Iterator[Finding]:
    """ARCHITECTURE.md names files by their wing, such as `inference/prefix_cache`; they exist, no wing is left out."""
    if "ARCHITECTURE.md" not in paths:
        return
    known = {part for path in paths for part in _names_of(path)}
    text = (root / "ARCHITECTURE.md").read_text("utf-8")
    for path in paths:
        wing, _, file = IN_A_PACKAGE.sub("", path).rpartition("/")
        is_wing = wing and file == "__init__.py" and IN_A_PACKAGE.match(path)
        if is_wing and f"`{wing}`" not in text and f"`{wing}/" not in text:
            yield Finding("ARCHITECTURE.md", 1, f"{wing} is not named: say what it is for")
    for number, line in enumerate(text.splitlines(), 1):
        for match in re.finditer(r"`([a-z_-]+(?:/[\w.-]+)+)`", line):
            if match[1] not in known:
                yield Finding("ARCHITECTURE.md", number, f"{match[1]} does not exist")


def _names_of(path: str) -> Iterator[str]:
    """A file and its folders as the document may name them: in full, from the wing on, or below `tests`."""
    for each in (path, *map(str, PurePosixPath(path).parents)):
        inside = IN_A_PACKAGE.sub("", each).removeprefix("tests/")
        yield from (each, inside, inside.removesuffix(".py"))


def check_words(path: str, lines: Iterable[tuple[int, str]]) -> Iterator[Finding]:
    """Plain words, where people read; what is between backquotes is code."""
    for number, line in lines:
        for match in HARD_WORDS.finditer(re.sub(r"`[^`]*`", "", line)):
            yield Finding(path, number, f"{match[0]!r}: use a plain word")


def prose_of(text: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The lines of docstrings and comments, without examples."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for number, line in enumerate((ast.get_docstring(node, clean=False) or "").splitlines()):
                if not line.lstrip().startswith((">>>", "...")):
                    yield node.body[0].lineno + number, line
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def check_statements(path: str, tree: ast.Module) -> Iterator[Finding]:
    """One statement, one thing; a long expression explains its alternatives."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                if not _alike(targets, values):
                    yield Finding(path, node.lineno, "assigns unlike things at once: one statement each")
            case ast.Assign(targets=[_, _, *_]):
                yield Finding(path, node.lineno, "assigns one value to several names: one statement each")
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="re"), attr="compile"), args=[expression, *flags]
            ):
                long = (expression.end_lineno or 0) > expression.lineno
                if long and not any("VERBOSE" in ast.unparse(flag) for flag in flags):
                    message = "a long expression: re.VERBOSE, one alternative a line, with a comment each"
                    yield Finding(path, node.lineno, message)


def check_loops(path: str, tree: ast.Module) -> Iterator[Finding]:
    """A loop variable says what it is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            for name in ast.walk(node.target):
                if isinstance(name, ast.Name) and name.id == "each":
                    yield Finding(path, name.lineno, "each says nothing: name the variable after what it is")


def _alike(targets: list[ast.expr], values: list[ast.expr]) -> bool:
    """Values of one form for targets of one kind, or a swap, which needs one statement."""
    if len({_form(value) for value in values}) == 1 and len({type(target) for target in targets}) == 1:
        return True
    names = {ast.unparse(target) for target in targets}
    parts = (part for value in values for part in ast.walk(value))
    return any(ast.unparse(part) in names for part in parts if isinstance(part, ast.expr))


def _form(node: ast.AST) -> str:
    """What kind of expression it is, whatever names and constants are in it."""
    match node:
        case ast.Constant(value=value):
            return type(value).__name__
        case ast.UnaryOp(operand=ast.Constant(value=value)):
            return type(value).__name__
        case ast.Name():
            return "name"
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return f"{type(node).__name__} {bool(elements)}"
    inner = (each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr | ast.keyword))
    return f"{type(node).__name__}({', '.join(map(_form, inner))})"


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
    elif PurePosixPath(path).name == "__init__.py" and len(tree.body) > 1:
        yield Finding(path, tree.body[1].lineno, "an __init__.py holds its docstring and nothing else")


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
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_participle(node):
            yield Finding(path, node.lineno, f"{node.name}: a function is a verb or a noun, not a participle")
        if isinstance(node, ast.ClassDef) and node.name.endswith(CLASS_ENDINGS):
            yield Finding(
                path, node.lineno, f"class {node.name}: name it after what it owns, or make it functions"
            )


def check_spawns(path: str, tree: ast.Module) -> Iterator[Finding]:
    """A child that inherits a language server's stdin takes the editor's bytes, and on Windows hangs."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="subprocess"), attr=name), keywords=keywords
            ) if name in SPAWNS and not {"stdin", "input"} & {str(keyword.arg) for keyword in keywords}:
                yield Finding(path, node.lineno, f"subprocess.{name} without stdin: pass subprocess.DEVNULL")


def check_systems(path: str, tree: ast.Module) -> Iterator[Finding]:
    """Windows lacks modules, refuses to rename what is open, and ends a process that is sent signal 0."""
    for node in tree.body:
        names = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
        for name in sorted(POSIX_MODULES & (names | {getattr(node, "module", "")})):
            yield Finding(
                path, node.lineno, f"imports {name}, which Windows lacks: import it where it is used"
            )
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr=name) if (
                name in RENAMES and path != DURABLE_FILES
            ):
                yield Finding(
                    path, node.lineno, f"os.{name}: durable_files does it where Windows refuses, too"
                )
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="os"), attr="kill"), args=[_, ast.Constant(value=0)]
            ):
                yield Finding(
                    path, node.lineno, "os.kill(..., 0) ends a process on Windows: do not send it there"
                )


def _is_participle(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    if not PARTICIPLES.fullmatch(node.name) or node.name.strip("_") in NO_PARTICIPLES:
        return False
    return not _has_decorator(node, "property")  # a property is read like a value


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


def check_installation(path: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        if not path.startswith("tests/style/") and FROM_INDEX.search(line):
            yield Finding(
                path, number, "installs assist from an index, where it is not: name the clone or a wheel"
            )


def check_wheel(root: Path) -> Iterator[Finding]:
    """The wheel holds exactly the packages of the tree: a forgotten one only fails at the user's."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    listed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    inits = [*root.glob("*/assist_*/__init__.py"), *root.glob("plugins/*/assist_*/__init__.py")]
    found = sorted(init.parent.relative_to(root).as_posix() for init in inits)
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
