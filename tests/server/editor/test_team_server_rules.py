"""Which texts a team's server may see: by every name of a file, by the rules around every file of a prompt."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from config_files import write

from assist_completion.errors import ServedError
from assist_context.documents import Context, Snippet
from assist_context.languages import language_of
from assist_server.config.config import Config, load, load_lenient, merge_settings
from assist_server.config.permissions import permissions_for
from assist_server.config.repository_file import repositories, trust
from assist_server.questions.composition import RememberedSecrets, file_rules
from assist_server.team.team_server import RememberedRules, TeamRules, TeamServer
from assist_server.workspace.folders import make_folders

SETTINGS = """
[completion]
server = 'team'
[servers.team]
kind = 'vllm'
base_url = 'https://gpu.example'
model = 'qwen'
residency = ['internal']
"""


class Rules:
    """A server's admission in a workspace of one or more folders, by settings that can change."""

    def __init__(self, folder: Path, roots: Sequence[Path], more: str = "") -> None:
        self.config: Config = load(write(folder, SETTINGS + more))
        self._folders = make_folders([str(each) for each in roots], self.config.paths.data)

        def within(places: Sequence[str]) -> object:
            return permissions_for(self.config, [each.root for each in self._folders], places)[0]

        rules = TeamRules("team", lambda: self._folders, within, file_rules(self.config))  # type: ignore[arg-type]
        self._rules = RememberedRules(rules)
        self._server = TeamServer(pytest.fail, self._rules, constrains=True, files=True)  # type: ignore[arg-type]

    def admit(self, opened: Path | str, *snippets: Snippet) -> tuple[str, ...]:
        """The paths of the snippets that may leave with a file. Raises `ServedError` if it may not."""
        named = str(opened)
        context = Context("shop.py", language_of("shop.py"), "x", "", 0, snippets, named)
        return tuple(each.path for each in self._server.admit(context).snippets)

    def forget(self) -> None:
        """As when some seconds have passed."""
        self._rules._permissions.clear()
        self._rules._reasons.clear()


@pytest.fixture
def space(tmp_path: Path) -> Path:
    root = tmp_path / "space"
    for name in ("shop.py", "other.py", "private/plan.py", "envs/dev.txt", "b/.git/HEAD", "b/y.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("ref: refs/heads/main\n" if name.endswith("HEAD") else "x = 1\n")
    return root


def snippet(path: str, root: Path) -> Snippet:
    return Snippet(path, 1, 1, "x = 1\n", "definition", root=str(root))


def refused(rules: Rules, opened: Path | str) -> str:
    with pytest.raises(ServedError) as error:
        rules.admit(opened)
    assert not error.value.away
    return str(error.value)


def test_a_file_and_its_snippets(tmp_path: Path, space: Path) -> None:
    rules = Rules(tmp_path, [space], "[egress]\ndeny = ['private/**']\n")
    shown = (snippet("other.py", space), snippet("private/plan.py", space), snippet("gone.py", space))
    assert rules.admit(space / "shop.py", *shown) == ("other.py",)
    assert "private" in refused(rules, space / "private" / "plan.py")


@pytest.mark.parametrize("opened", ["", "/elsewhere/file.py"])
def test_what_is_no_file_of_the_workspace_stays(tmp_path: Path, space: Path, opened: str) -> None:
    assert "not a file in a workspace folder" in refused(Rules(tmp_path, [space]), opened)


def test_the_name_by_which_a_file_was_opened_counts(tmp_path: Path, space: Path) -> None:
    (space / ".env").symlink_to("envs/dev.txt")
    rules = Rules(tmp_path, [space])
    assert rules.admit(space / "envs" / "dev.txt") == ()
    assert ".env" in refused(rules, space / ".env")


def test_a_hard_link_of_a_denied_file_stays(tmp_path: Path, space: Path) -> None:
    os.link(space / "private" / "plan.py", space / "copy.py")
    assert "private" in refused(
        Rules(tmp_path, [space], "[egress]\ndeny = ['private/**']\n"), space / "copy.py"
    )


def test_an_ignored_file_stays_and_so_does_one_ignored_since(tmp_path: Path, space: Path) -> None:
    rules = Rules(tmp_path, [space])
    shown = snippet("other.py", space)
    assert rules.admit(space / "shop.py", shown) == ("other.py",)
    (space / ".assistignore").write_text("other.py\n")
    rules.forget()
    assert rules.admit(space / "shop.py", shown) == ()
    assert "other.py" in refused(rules, space / "other.py")


@pytest.mark.parametrize("text", ["ghost_text = 'local'", "mode = 'never'"])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_repository_in_the_workspace_keeps_its_files(
    tmp_path: Path, space: Path, text: str, trusted: bool
) -> None:
    (space / "b" / ".assist.toml").write_text(f"[escalation]\n{text}\n")
    rules = Rules(tmp_path, [space])
    if trusted:
        data = rules.config.paths.data
        trust(repositories(space / "b", data), data)
    assert refused(rules, space / "b" / "y.py")
    assert rules.admit(space / "shop.py", snippet("b/y.py", space)) == ()


def forbid(rules: Rules) -> None:
    rules.config = merge_settings(rules.config, {"escalation": {"ghost_text": "local"}})


def close(rules: Rules) -> None:
    rules.config = merge_settings(rules.config, {"escalation": {"mode": "never"}})


@pytest.mark.parametrize("change", [forbid, close])
def test_what_an_editor_forbids_later_counts(
    tmp_path: Path, space: Path, change: Callable[[Rules], None]
) -> None:
    rules = Rules(tmp_path, [space])
    assert rules.admit(space / "shop.py") == ()
    change(rules)
    rules.forget()
    assert "this machine only" in refused(rules, space / "shop.py")


@pytest.mark.parametrize(
    "mistake",
    [
        "[egress]\ndeny = 'private/**'\n",
        "[escalation]\nghost_text = 'lokal'\n",
        "[data_class]\n'private/**' = 5\n",
        "[egress]\ndenny = []\n",
    ],
)
def test_a_mistake_in_the_users_rules_keeps_everything_here(
    tmp_path: Path, space: Path, mistake: str
) -> None:
    rules = Rules(tmp_path, [space])
    rules.config = load_lenient(write(tmp_path, SETTINGS + mistake))
    rules.forget()
    assert refused(rules, space / "shop.py")
    assert any("nothing leaves this machine" in str(each) for each in rules.config.problems)


def test_an_allow_list_of_providers_binds_the_server_too(tmp_path: Path, space: Path) -> None:
    rules = Rules(tmp_path, [space], "[escalation]\nproviders = ['corp']\n[providers.corp]\n"
                  "base_url = 'https://corp.example'\nmodel = 'm'\n")  # fmt: skip
    assert "not a server that may be used here" in refused(rules, space / "shop.py")


def test_equal_names_in_two_folders_are_told_apart(tmp_path: Path, space: Path) -> None:
    other = tmp_path / "more" / "space"
    other.mkdir(parents=True)
    (other / "only.py").write_text("")
    rules = Rules(tmp_path, [space, other])
    assert rules.admit(other / "only.py", snippet("space-2/only.py", other)) == ("space-2/only.py",)


def test_values_of_secret_files_are_known_as_they_are_saved_and_typed(tmp_path: Path, space: Path) -> None:
    config = load(write(tmp_path, SETTINGS))
    unsaved: list[dict[str, str]] = [{}]
    permissions = permissions_for(config, [str(space)])[0]
    secrets = RememberedSecrets(config, lambda: permissions, lambda: unsaved[0])
    (space / ".env").write_text("GREETING=zebra-lantern-41\n")
    first = secrets.values()
    assert "zebra-lantern-41" in first.values
    assert secrets.values() is first
    (space / ".env").write_text("GREETING=maple-harbour-52\n")
    assert {*secrets.values().values} == {"maple-harbour-52"}
    (space / "new").mkdir()
    (space / "new/.env").write_text("GREETING=copper-meadow-63\n")
    assert "copper-meadow-63" in secrets.values().values
    unsaved[0] = {"file:///work/.env": "GREETING=velvet-anchor-74\n"}
    assert {"maple-harbour-52", "velvet-anchor-74"} <= {*secrets.values().values}
    unsaved[0] = {}
    assert "velvet-anchor-74" not in secrets.values().values
