"""A workspace made for a probe: the rule files of the user's own, and files with canaries below them.

It lies in a temporary folder. Of the user's workspace it has the rule files on the way from the top of the
repository to the workspace's folder, and nothing else: no source text of the user's is copied.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from assist_context.files.git_repository import Git, find_git
from assist_context.files.gitignore import GIT, RULE_FILES
from assist_context.files.path_names import path_below
from assist_context.files.repository_top import folders_to_top
from assist_context.regular_files import read_regular
from assist_escalation.policy.path_globs import covers
from assist_escalation.policy.permissions import Glob, Permissions
from assist_gateway.policy_tests.canaries import (
    CanarySecret,
    all_secrets,
    marker,
    other_secrets,
    password,
)
from assist_gateway.policy_tests.cases import PolicyCase
from assist_server.config.config import Config
from assist_server.config.permissions import effective_permissions
from assist_server.config.repository_file import NAME, Repository, repositories, trust
from assist_server.errors import UserError
from assist_server.workspace.git_access import make_git

FOLDER = "assist-probe"  # of the probe's own files and rules
CLASS = "assist-probe"  # a class that no provider may see
VARIABLE = "ASSIST_PROBE_SECRET"  # of the environment: its value is a secret wherever it is
MAX_GLOBS = 40  # of the user's rules that get a file each
ORDINARY = "ordinary file"
_UNREADABLE = b"\xff\xfe"
_IN_A_FILE = 40  # secrets: the file is then shown whole
_FEW = 3  # secrets in a file that stays
_WILD = re.compile(r"\*+|\?|\[(?P<letter>\w)[^]]*\]")
_AS_PROBE = ("-c", "user.name=probe", "-c", "user.email=probe@localhost", "-c", "commit.gpgsign=false")
# Files that the probe's own rules keep here, by the kind of rule.
_OWN_FILES = {
    "denied by a glob": "denied.py",
    "class that no provider has": "restricted.py",
    ".assistignore": "ignored.py",
    "ignored by git": "git_ignored.py",
    "built-in list": ".env",
}
_OWN_RULES = {
    NAME: f"[egress]\ndeny = ['denied.py']\n[data_class]\n'restricted.py' = '{CLASS}'\n",
    ".assistignore": "ignored.py\n",
    GIT: "git_ignored.py\n",
}


@dataclass(frozen=True, slots=True)
class CanaryFile:
    """A file of the probe: of which kind, the words that mark its text, and the secrets in it."""

    path: str
    kind: str
    marker: str
    secrets: tuple[CanarySecret, ...]

    @property
    def function(self) -> str:
        """What other files call it by."""
        return re.sub(r"\W+", "_", self.path.removeprefix(f"{FOLDER}/").partition(".py")[0]).strip("_")


@dataclass(frozen=True, slots=True)
class ProbeWorkspace:
    """The folder that is asked about, its files, and whether git knows it. `notes` is what is missing."""

    root: str
    files: tuple[CanaryFile, ...]
    has_git: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeModel:
    """What a workspace is made after: the user's folder, and the files of settings that apply to it.

    `cases` say which files have to be kept: each gets a file. `formats` is how many formats of secrets are
    planted, all of them if it is 0.
    """

    root: str
    repositories: tuple[Repository, ...]
    cases: tuple[PolicyCase, ...] = ()
    formats: int = 0


def make_workspace(place: Path, model: ProbeModel, config: Config, chance: Random) -> ProbeWorkspace:
    """A workspace below `place` with the rules of the user's folder. `config` is the probe's.

    What the user accepted of the rule files is accepted there too. Raises `UserError` if git fails.
    """
    top = os.path.realpath(place)
    root = _copy_rules(top, model, config)
    git = find_git(make_git(config), root)
    if git is not None:
        _run_git(git, top, "init", "-q")
    own = Path(root, FOLDER)
    for name, text in _OWN_RULES.items():
        _write(own / name, text)
    _accept([own / NAME], config)
    permissions = effective_permissions(config, [root], [str(own)]).permissions
    globs, notes = _paths_of_globs(root, permissions, model.cases)
    files = tuple(_files(globs, model.formats, chance, config))
    for file in files:
        _write(Path(root, file.path), f"# {file.function}\n")
    if git is not None:
        _run_git(git, root, "add", "--force", "--all", top)
        _run_git(git, root, "rm", "-q", "--cached", f"{FOLDER}/git_ignored.py")
        _run_git(git, root, *_AS_PROBE, "commit", "-q", "--no-verify", "-m", "Begin")
    for file in files:
        _write(Path(root, file.path), _text_of(file, files))
    return ProbeWorkspace(root, files, git is not None, notes)


def stage_all(workspace: ProbeWorkspace, config: Config) -> None:
    """Stage all that changed, as before a commit."""
    git = find_git(make_git(config), workspace.root)
    if git is not None:
        _run_git(git, workspace.root, "add", "--update", ".")


def _run_git(git: Git, folder: str, *arguments: str) -> None:
    command = [git.program, "-c", f"core.hooksPath={os.devnull}", *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(git.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise UserError(f"git failed in the probe's own folder: {said}")


def _copy_rules(top: str, model: ProbeModel, config: Config) -> str:
    """Copy the rule files; return the folder that is as deep in its repository as the user's own."""
    folders = list(folders_to_top(model.root))
    copies = {folder: Path(top, os.path.relpath(folder, folders[-1])) for folder in folders}
    for folder, copy in copies.items():
        copy.mkdir(parents=True, exist_ok=True)
        for name in (*RULE_FILES, GIT):
            raw = _raw_rules(Path(folder, name))
            if raw is not None:
                (copy / name).write_bytes(raw)
    accepted = []
    for repository in model.repositories:
        file = copies[str(repository.path.parent)] / NAME
        file.write_bytes(_UNREADABLE if repository.raw is None else repository.raw)
        accepted += [file] if repository.state == "trusted" else []
    _accept(accepted, config)
    return os.path.realpath(copies[folders[0]])


def _raw_rules(path: Path) -> bytes | None:
    """The bytes of a rule file. One that cannot be read becomes one that cannot be understood."""
    try:
        return read_regular(path)
    except FileNotFoundError:
        return None
    except OSError:
        return _UNREADABLE


def _accept(files: Sequence[Path], config: Config) -> None:
    """Accept files of settings for the probe's own record."""
    wanted = {os.path.realpath(file) for file in files}
    data = config.paths.data
    for folder in dict.fromkeys(os.path.dirname(file) for file in wanted):
        found = repositories(Path(folder), data)
        trust(tuple(one for one in found if os.path.realpath(one.path) in wanted), data)


def _paths_of_globs(
    root: str, permissions: Permissions, cases: Sequence[PolicyCase]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """A file for each glob of rules and cases, with the kind of the file, and notes on those without."""
    rules = [(Glob(case.path), f"case {case.number}: {case.path}") for case in cases]
    rules += [(glob, f"denied: {glob.pattern}") for glob in permissions.deny]
    for author in permissions.classes:
        rules += [(glob, f"class {name}: {glob.pattern}") for glob, name in author.globs]
    own = os.path.join(root, FOLDER)
    found: dict[str, str] = {}
    notes = []
    for glob, kind in dict.fromkeys(rule for rule in rules if rule[0].base != own):
        if len(found) == MAX_GLOBS:
            notes.append(f"Only the first {MAX_GLOBS} globs have a file of their own.")
            break
        path = _path_for(glob, root)
        if path and not any(_is_in_the_way(path, other) for other in found):
            found.setdefault(path, kind)
        elif path not in found:
            notes.append(f"No file could be made up for the glob {glob.pattern}.")
    return found, tuple(notes)


def _is_in_the_way(path: str, other: str) -> bool:
    """Whether one of two files would have to be a folder."""
    return path.startswith(f"{other}/") or other.startswith(f"{path}/")


def _path_for(glob: Glob, root: str) -> str:
    """A path below `root` that a glob matches, or "".

    >>> [_path_for(Glob(pattern), "/w") for pattern in ("src/pay/**", "*.tfstate", "/docs")]
    ['src/pay/canary.py', 'canary.tfstate', 'docs/canary.py']
    """
    base = path_below(glob.base, root) if glob.base not in ("", root) else ""
    text = glob.pattern.strip("/").removesuffix("/**").removesuffix("/*")
    name = _WILD.sub(lambda wild: wild["letter"] or "canary", text.replace("**/", ""))
    ends = name.rpartition("/")[2]
    paths = [name] if "." in ends.strip(".") and text == glob.pattern.strip("/") else []
    for path in (*paths, f"{name}/canary.py", name):
        full = f"{base}/{path}".strip("/")
        if base is not None and covers(glob.pattern, path):
            return full
    return ""


def _files(globs: dict[str, str], formats: int, chance: Random, config: Config) -> Iterator[CanaryFile]:
    """All files of the probe. The value of a secret file, and of a variable, are in an ordinary one too."""
    hidden = _hidden_value(chance)
    variable = config.secrets.get(VARIABLE)
    elsewhere = (
        CanarySecret("a value of .env", f"we use {hidden.secret} there", hidden.secret),
        CanarySecret("a variable's value", f"we use {variable} there", variable),
    )
    tokens = all_secrets(chance)
    chance.shuffle(tokens)
    planted = [*elsewhere, *tokens[: formats or len(tokens)]]
    pieces = [planted[at : at + _IN_A_FILE] for at in range(0, len(planted), _IN_A_FILE)]
    for number, piece in enumerate(pieces, 1):
        yield CanaryFile(f"{FOLDER}/ordinary_{number}.py", ORDINARY, marker(chance), tuple(piece))
    for kind, name in _OWN_FILES.items():
        secrets = (hidden,) if name == ".env" else _some(chance)
        yield CanaryFile(f"{FOLDER}/{name}", kind, marker(chance), secrets)
    for path, kind in globs.items():
        yield CanaryFile(path, kind, marker(chance), _some(chance))


def _hidden_value(chance: Random) -> CanarySecret:
    value = password(chance)
    return CanarySecret("a value of .env", f"PROBE_VALUE={value}", value)


def _some(chance: Random) -> tuple[CanarySecret, ...]:
    return tuple(chance.sample(list(other_secrets(chance)), _FEW))


def _text_of(file: CanaryFile, files: Sequence[CanaryFile]) -> str:
    """The text of a file. The first ordinary one calls the functions of all others."""
    name = file.function
    if file.path.endswith("/.env"):
        return "\n".join([f"# {file.marker}", *(secret.line for secret in file.secrets), ""])
    lines = [
        f"def {name}_total({file.marker}):",
        f'    label = "{file.marker}"',
        f"    return {file.marker} + 1",
    ]
    if file is files[0]:
        others = [other.function for other in files if other is not file]
        lines += ["", "", "def total_of_all(amount):"]
        lines += [f"    amount = {other}_total(amount)" for other in others] + ["    return amount"]
    for secret in file.secrets:
        lines += [f"# {line}" for line in secret.line.split("\n")]
    return "\n".join([*lines, ""])


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
