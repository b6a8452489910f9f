"""`[redaction] rules_file`: whose it may be, when it is read, and that nothing leaves if it cannot be used."""

from pathlib import Path

import pytest
from config_files import write

from assist_server.config.config import load_lenient
from assist_server.config.permissions import effective_permissions
from assist_server.wording.permissions import permission_lines

RULES = "[[rules]]\nid = 'harbour-badge'\nregex = 'hb-[a-z0-9]{8}'\n"
USER = "[escalation]\nmode = 'auto'\n[redaction]\npatterns = ['own-[0-9]+']\nrules_file = 'rules.toml'\n"


def test_the_rules_count_with_the_patterns_and_are_read_once(tmp_path: Path) -> None:
    environ = write(tmp_path, USER)
    file = Path(environ["ASSIST_CONFIG_DIR"]) / "rules.toml"
    file.write_text(RULES)
    config = load_lenient(environ, site=(tmp_path / "site",))
    file.write_text("no TOML")
    found = effective_permissions(config, [str(tmp_path)])
    assert [getattr(pattern, "id", pattern) for pattern in found.permissions.patterns] == [
        "own-[0-9]+",
        "harbour-badge",
    ]
    assert "# and 1 rules of a rules_file" in list(permission_lines(found))


def test_an_organisation_may_have_one(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "policy.toml").write_text("[redaction]\nrules_file = 'rules.toml'\n")
    (site / "rules.toml").write_text(RULES)
    config = load_lenient(write(tmp_path, "[escalation]\nmode = 'auto'\n"), site=(tmp_path / "none",))
    assert not effective_permissions(config, [str(tmp_path)]).permissions.patterns
    config = load_lenient(
        {"ASSIST_CONFIG_DIR": str(site), "ASSIST_DATA_DIR": str(tmp_path / "data")}, site=()
    )
    assert len(effective_permissions(config, [str(tmp_path)]).permissions.patterns) == 1


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe", "not in UTF-8"),
        (b"[[rules]]\nid = 'dock'\nregex = '('\n", "rule 'dock'"),
        (b"#" * (1 << 19) + b"#", "larger than 524,288 bytes"),
    ],
)
def test_nothing_leaves_without_rules_that_are_asked_for(
    tmp_path: Path, rules: bytes | None, words: str
) -> None:
    environ = write(tmp_path, USER)
    if rules is not None:
        (Path(environ["ASSIST_CONFIG_DIR"]) / "rules.toml").write_bytes(rules)
    config = load_lenient(environ, site=(tmp_path / "site",))
    assert words in " ".join(map(str, config.problems))
    assert config.escalation.mode == "never"


def test_a_repository_names_none(tmp_path: Path, repo: Path) -> None:
    config = load_lenient(write(tmp_path, "[escalation]\nmode = 'auto'\n"), site=(tmp_path / "site",))
    (repo / ".assist.toml").write_text("[redaction]\nrules_file = '/etc/passwd'\n")
    found = effective_permissions(config, [str(repo)])
    assert "redaction" in [problem.key for problem in found.problems]
    assert not found.permissions.patterns


@pytest.mark.parametrize("is_link", [False, True])
def test_a_file_of_rules_in_the_workspace_sends_nothing(tmp_path: Path, repo: Path, is_link: bool) -> None:
    (repo / "rules.toml").write_text(RULES)
    named = tmp_path / "link.toml" if is_link else repo / "rules.toml"
    if is_link:
        named.symlink_to(repo / "rules.toml")
    text = USER.replace("'rules.toml'", f"'{named.as_posix()}'")
    config = load_lenient(write(tmp_path, text), site=(tmp_path / "site",))
    found = effective_permissions(config, [str(repo)])
    assert found.permissions.mode == "never"
    assert any(f"{named} is in the workspace {repo}" in str(problem) for problem in found.problems)
    (elsewhere := tmp_path / "elsewhere").mkdir()
    assert effective_permissions(config, [str(elsewhere)]).permissions.mode == "auto"
