"""Nothing that a rule file or the built-in list excludes is ever listed, however it is spelled or linked."""

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assist_context.files.denylist import denied_by
from assist_context.files.git_repository import Git
from assist_context.files.gitignore import RULE_FILES, IgnoreRules
from assist_context.files.listing import list_folder

ENVIRON = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "HOME": os.devnull,
}

NAME = st.sampled_from(
    ["a", "b", "a.py", "b.log", ".env", ".ENV", "x.pem", "X.Pem", "id_rsa", "e\u0301", "é", ".git", "\udcff", " ", "a\nb", ".ssh"]
)  # fmt: skip
PATH = st.lists(NAME, min_size=1, max_size=3).map("/".join)
LINE = st.sampled_from(
    ["a", "/a", "a/", "*.log", "!*.log", "b/**", "!b/a", "*", "!*", "!*/", "!.env", "!**", "*.py", "!a.py", "é", "[ab]", "?", "**/a", "a/*"]
)  # fmt: skip
RULE_FILE = st.tuples(PATH | st.just(""), st.sampled_from(RULE_FILES), st.lists(LINE, min_size=1, max_size=4))
LINK = st.tuples(PATH, PATH | st.sampled_from(["..", ".", "../outside", "/etc/passwd"]), st.booleans())


def build(root: Path, files: list[str], rules: list, links: list) -> dict[str, bytes]:
    """Writes what can be written; returns the texts of the rule files by path."""
    texts = {}
    for path in files:
        with contextlib.suppress(OSError):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("text")
    for directory, name, lines in rules:
        path = f"{directory}/{name}" if directory else name
        if (root / directory).is_dir():
            (root / path).write_text("\n".join(lines))
            texts[path] = "\n".join(lines).encode()
    for path, target, hard in links:
        with contextlib.suppress(OSError):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            if hard:
                os.link(root / target, root / path, follow_symlinks=False)
            else:
                (root / path).symlink_to(target)
    return texts


def check(root: Path, texts: dict[str, bytes], git: Git) -> None:
    listed = [entry.path for entry in list_folder(str(root), git=git).entries]
    rules = IgnoreRules(lambda directory, name: texts.get(f"{directory}/{name}" if directory else name))
    everything = [
        os.path.relpath(os.path.join(place, name), root)
        for place, _, names in os.walk(root)
        for name in names
    ]
    hidden = [path for path in everything if rules.excludes(path) or denied_by(path)]
    inodes = {(root / path).lstat().st_ino for path in hidden if not (root / path).is_symlink()}
    for path in listed:
        assert path not in hidden
        assert not (root / path).is_symlink()
        assert os.path.realpath(root / path) == os.path.join(root, path)
        assert (root / path).stat().st_ino not in inodes


@settings(suppress_health_check=list(HealthCheck))
@given(
    st.lists(PATH, max_size=10), st.lists(RULE_FILE, max_size=3), st.lists(LINK, max_size=4), st.sampled_from(["plain", "fresh", "tracked"])
)  # fmt: skip
def test_nothing_excluded_is_listed(files: list[str], rules: list, links: list, how: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(os.path.realpath(place)) / "root"
        (Path(place) / "outside").mkdir()
        (Path(place) / "outside" / "a.py").write_text("outside")
        root.mkdir()
        texts = build(root, files, rules, links)
        if how == "plain":
            return check(root, texts, Git({"PATH": ""}))
        if not os.path.lexists(root / ".git"):
            command = ["git", "init", "-q"]
            subprocess.run(command, cwd=root, env=ENVIRON, check=True)
            if how == "tracked":
                command = ["git", "add", "-f", "."]
                subprocess.run(command, cwd=root, env=ENVIRON, check=False, capture_output=True)
        return check(root, texts, Git(ENVIRON))
