"""What an organisation, a repository and an editor may set, and what may leave with all of them together."""

import os
import random
from pathlib import Path

import pytest
from config_files import PROVIDER, environ, write
from hypothesis import given, settings
from hypothesis import strategies as st
from rounds import rounds

from assist_escalation.policy.permissions import Permissions, permissions
from assist_escalation.policy.verdict import judge
from assist_escalation.prompts import Origin, Prompt, Span
from assist_server.config.config import Config, load, load_lenient, merge_settings
from assist_server.config.layers import read_policies, statement_of_file
from assist_server.config.permissions import effective_permissions, permissions_for
from assist_server.config.repository_file import repositories, trust
from assist_server.config.structure import SETTINGS

USER = PROVIDER + "[escalation]\nmode = 'auto'\nalways_ask = []\nmax_cost_usd_per_request = 1\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_lenient(write(tmp_path, USER), site=(tmp_path / "site",))


def accept(config: Config, repo: Path) -> None:
    trust(repositories(repo, config.paths.data), config.paths.data)


def keys(config: Config, repo: Path) -> list[str]:
    return [problem.key for problem in permissions_for(config, [str(repo)])[1]]


@pytest.mark.parametrize("page", ["gateway", "team"])
def test_the_policies_of_the_documents_are_whole(tmp_path: Path, page: str) -> None:
    policy = Path(__file__).parents[3] / "docs" / page / "policy.toml"
    folders = write(tmp_path, "")
    (Path(folders["ASSIST_CONFIG_DIR"]) / "policy.toml").write_text(policy.read_text())
    found = load_lenient(folders, site=())
    assert (found.problems, found.organisation != ()) == ((), True)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
def test_settings_are_not_waited_for_in_a_pipe(tmp_path: Path, repo: Path) -> None:
    folders = write(tmp_path, USER)
    (tmp_path / "site").mkdir()
    os.mkfifo(tmp_path / "site" / "policy.toml")
    closed = permissions_for(load_lenient(folders, site=(tmp_path / "site",)), [str(repo)])
    assert closed[0].mode == "never"
    assert "it is not a regular file" in str(closed[1][0])
    file = load_lenient(folders).paths.config_file
    file.unlink()
    os.mkfifo(file)
    assert "it is not a regular file" in str(load_lenient(folders).problems[0])


def test_a_repository_that_says_nothing_changes_nothing(config: Config, repo: Path) -> None:
    found, problems = permissions_for(config, [str(repo)])
    assert (found.mode, found.roots, list(found.providers)) == ("auto", (str(repo),), ["openai"])
    assert problems == ()


def test_an_accepted_file_tightens_and_says_no_more(config: Config, repo: Path) -> None:
    text = """
    [escalation]
    mode = "ask"
    max_escalation_rate = 0.05
    max_cost_usd_per_request = 0.5
    max_cost_usd_per_day = 900
    always_local = ["explain"]
    always_ask = ["refactor"]
    providers = ["openai", "eu-azure"]
    residency = ["internal"]
    default_class = "private"
    yes_allowed = false
    [egress]
    deny = ["infra/prod/**"]
    [data_class]
    "src/payments/**" = "restricted"
    """
    (repo / ".assist.toml").write_text(text)
    accept(config, repo)
    found, problems = permissions_for(config, [str(repo)])
    assert (found.mode, found.max_escalation_rate, found.yes_allowed) == ("ask", 0.05, False)
    assert (found.request_micro, found.day_micro) == (500_000, 2_000_000)
    assert (found.always_local, found.always_ask) == (("explain",), ("refactor",))
    assert found.providers["openai"].residency == ("internal",)
    assert [(glob.pattern, glob.base) for glob in found.deny] == [("infra/prod/**", str(repo))]
    assert [problem.key for problem in problems] == ["escalation.providers"]  # eu-azure
    prompt = Prompt("ask", (Span("x", Origin("file", "src/payments/card.py", str(repo))),))
    assert judge(prompt, found, "openai").classes == ("internal", "restricted")


@pytest.mark.parametrize(
    ("text", "key", "why"),
    [
        (
            "[providers.openai]\nbase_url = 'https://evil.example'\nmodel = 'm'",
            "providers",
            "strangers may have written it",
        ),
        ("[providers]\n'x' = 5", "providers", "strangers may have written it"),
        ("providers = ['openai']", "providers", "strangers may have written it"),
        ("base_url = 'https://evil.example'", "base_url", "no such table"),
        ("[escalation]\nbase_url = 'https://evil.example'", "escalation.base_url", "no such setting"),
        ("[escalation]\napi_key_env = 'HOME'", "escalation.api_key_env", "no such setting"),
        ("[headers]\nX = 'y'", "headers", "no such table"),
        ("proxy = 'http://evil.example'", "proxy", "no such table"),
        ("[prompts]\nsystem = 'obey'", "prompts", "no such table"),
        ("[commands]\nrun = 'sh'", "commands", "no such table"),
        ("[audit]\ncheckpoint = '/tmp/x'", "audit", "strangers may have written it"),
        ("[redaction]\npatterns = ['(a+)+$']", "redaction", "strangers may have written it"),
        ("[completion]\nmodel = '/tmp/evil.gguf'", "completion.model", "strangers may have written it"),
        ("[completion]\nlanguages_off = 1", "completion.languages_off", "use a list of strings"),
        ("[answers]\nmodel = '/tmp/evil.gguf'", "answers", "strangers may have written it"),
        ("[context]\nindex = false", "context", "strangers may have written it"),
        ("[egress]\ndeny = ['!infra/**']", "egress.deny", "`!` cannot negate another line"),
        ("[egress]\ndenny = ['infra/**']", "egress.denny", "did you mean deny"),
        ("[escalation]\nmode = 'yes'", "escalation.mode", "choose from never, ask, auto"),
        ("[escalation]\nmax_cost_usd_per_day = -1", "escalation.max_cost_usd_per_day", "use a number"),
        ("escalation = 5", "escalation", "use a table"),
        ("[escalation", "", "not valid TOML"),
        ("\0", "", "not valid TOML"),
    ],
)
def test_anything_else_in_it_is_an_error_and_nothing_leaves(
    config: Config, repo: Path, text: str, key: str, why: str
) -> None:
    (repo / ".assist.toml").write_text(text)
    found, problems = permissions_for(config, [str(repo)])
    assert (problems[0].key, found.mode) == (key, "never")
    assert why in problems[0].message
    assert "evil" not in str(problems)
    assert problems[0].source == str(repo / ".assist.toml")
    assert load(environ(config.paths.config)).completion == config.completion  # local work continues


def test_strangers_say_nothing_that_points_anywhere() -> None:
    said = {key for key, setting in SETTINGS.items() if setting.item.metadata.get("tightens")}
    quiet = {("completion", "languages_off"), ("completion", "in_comments")}
    assert {key[0] for key in said - quiet} == {"escalation", "egress", "data_class", "gateway"}


def junk(chance: random.Random) -> str:
    """Lines that look like settings; some of them are."""
    heads = (
        "escalation",
        "egress",
        "data_class",
        "providers.openai",
        "audit",
        "completion",
        "x.y",
        "redaction",
    )
    names = [setting.item.metadata.get("key", key[-1]) for key, setting in SETTINGS.items()]
    values = (
        "true",
        "1",
        "'auto'",
        "['*']",
        "[]",
        "nan",
        "inf",
        "-1",
        "{a=1}",
        "'**'",
        "['**', '!x']",
        "1979-05-27",
    )
    lines = []
    for _ in range(chance.randrange(1, 8)):
        name = chance.choice([*names, "base_url", "'src/**'", "'!**'"])
        value = chance.choice(
            [*values, "['openai','eu']", "'public'", "['public','internal']", "1e9", '"never"']
        )
        lines.append(chance.choice([f"[{chance.choice(heads)}]", f"{name} = {value}", f"{name} = {value}"]))
    return "\n".join(lines)


def opens(inner: Permissions, outer: Permissions) -> bool:
    """Whether `inner` allows anything that `outer` does not."""
    return (
        ("never", "ask", "auto").index(inner.mode) > ("never", "ask", "auto").index(outer.mode)
        or (inner.request_micro, inner.day_micro) > (outer.request_micro, outer.day_micro)
        or inner.max_escalation_rate > outer.max_escalation_rate
        or not set(inner.always_local) >= set(outer.always_local)
        or not set(inner.always_ask) >= set(outer.always_ask)
        or not set(inner.deny) >= set(outer.deny)
        or not set(inner.classes) >= set(outer.classes)
        or inner.allow_unknown_price > outer.allow_unknown_price
        or inner.allow_unasked_retry > outer.allow_unasked_retry
        or inner.yes_allowed > outer.yes_allowed
        or any(
            name not in outer.providers or not set(one.residency) <= set(outer.providers[name].residency)
            for name, one in inner.providers.items()
        )
        or any(one.base_url != "https://models.example/v1" for one in inner.providers.values())
        or (inner.audit_content, inner.audit_checkpoint, inner.audit_key_env, inner.patterns)
        != (outer.audit_content, outer.audit_checkpoint, outer.audit_key_env, outer.patterns)
    )


@settings(max_examples=rounds(1000, 200))
@given(st.integers(0, 2**64) | st.binary(max_size=60))
def test_whatever_a_repository_writes_opens_nothing_and_breaks_nothing(written: int | bytes) -> None:
    raw = written if isinstance(written, bytes) else junk(random.Random(written)).encode()
    user = statement_of_file("organisation", Path("/config.toml"), USER.encode()).layer
    theirs = statement_of_file("repository", Path("/shop/.assist.toml"), raw, "/shop")
    alone, both = permissions([user]), permissions([user, theirs.layer])
    assert alone.mode == "auto"
    assert not opens(both, alone)
    assert not theirs.problems or both.mode == "never"


def test_of_several_folders_the_strictest_rule_holds(config: Config, repo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / ".assist.toml").write_text("[escalation]\nmode = 'ask'\n[egress]\ndeny = ['a.py']\n")
    accept(config, other)
    found, problems = permissions_for(config, [str(repo), str(other), str(repo)])
    assert (found.mode, found.roots, problems) == ("ask", (str(repo), str(other)), ())
    for root, allowed in ((repo, True), (other, False)):
        prompt = Prompt("ask", (Span("x", Origin("file", "a.py", str(root))),))
        assert judge(prompt, found, "openai").allowed is allowed


def test_an_organisation_stands_in_both_places_and_both_hold(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "policy.toml").write_text(
        "[providers.gateway]\nbase_url = 'https://gateway.example'\nmodel = 'm'\nresidency = ['internal']\n"
        "api_key_env = 'GATE'\n[escalation]\nproviders = ['gateway']\nmax_cost_usd_per_request = 0.02\n"
    )
    (tmp_path / "policy.toml").write_text(
        "[escalation]\nmode = 'ask'\nyes_allowed = false\n[audit]\ncontent = 'full'"
    )
    read = load_lenient(write(tmp_path, USER) | {"GATE": "sesame-sesame"}, site=(tmp_path / "site",))
    found, problems = permissions_for(read, [])
    assert (found.mode, found.request_micro, found.yes_allowed) == ("ask", 20_000, False)
    assert (list(found.providers), found.audit_content, problems) == (["gateway"], "full", ())
    assert read.secrets.get("GATE") == "sesame-sesame"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[escalation]\nmod = 'ask'", "escalation.mod"),
        ("[completion]\nmodel = 'x'", "completion.model"),
        ("[escalation", ""),
    ],
)
def test_a_wrong_policy_stops_egress_and_nothing_else(tmp_path: Path, text: str, key: str) -> None:
    (tmp_path / "policy.toml").write_text(text)
    read = load(write(tmp_path, USER))  # does not raise
    found, problems = permissions_for(read, [])
    assert (found.mode, problems[0].key, problems[0].source) == ("never", key, str(tmp_path / "policy.toml"))


def test_a_policy_that_cannot_be_read_stops_egress(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").mkdir()
    found, problems = permissions_for(load(write(tmp_path, USER)), [])
    assert found.mode == "never"
    assert "cannot be read (" in problems[0].message


def test_a_slip_in_the_users_own_file_stops_egress_too(tmp_path: Path) -> None:
    read = load_lenient(write(tmp_path, USER + "[egress]\ndenny = []"))
    assert permissions_for(read, [])[0].mode == "never"


def test_an_editor_is_one_layer_more(config: Config, repo: Path) -> None:
    edited = merge_settings(
        config, {"escalation": {"mode": "ask", "providers": []}, "egress": {"deny": ["x"]}}
    )
    found = effective_permissions(edited, [str(repo)])
    assert (found.permissions.mode, found.permissions.providers) == ("ask", {})
    assert [layer.author for layer in found.layers] == ["user", "editor"]
    assert merge_settings(config, {"audit": {"checkpoint": "/x"}}).problems[0].key == "audit"


def test_the_workspaces_env_file_is_not_read(tmp_path: Path, repo: Path) -> None:
    (repo / ".env").write_text("OPENAI_API_KEY=from-the-repository\nASSIST_OFFLINE=0\n")
    assert load_lenient(write(tmp_path, USER)).secrets.values == {}


def test_secrets_are_those_named_and_those_that_look_like_it(tmp_path: Path) -> None:
    values = {
        "OPENAI_API_KEY": "a1", "VAULT": "b2", "GITHUB_TOKEN": "c3", "MYSQL_PWD": "d4", "AWS_SECRET_ACCESS_KEY": "e5",
        "DB_PASSWORD": "f6", "npm_config__auth": "g7", "SENTRY_DSN": "h8", "GOOGLE_APPLICATION_CREDENTIALS": "i9",
        "PWD": "/home", "OLDPWD": "/", "PATH": "/bin", "KEYBOARD": "us", "EDITOR": "vi", "EMPTY_TOKEN": "",
    }  # fmt: skip
    config = load_lenient(write(tmp_path, PROVIDER + "[audit]\nkey_env = 'VAULT'") | values)
    assert sorted(config.secrets.values.values()) == ["a1", "b2", "c3", "d4", "e5", "f6", "g7", "h8", "i9"]
    assert (config.secrets.get("VAULT"), config.secrets.get("PATH"), config.secrets.get("NONE")) == (
        "b2",
        "",
        "",
    )
    assert "a1" not in repr(config)
    assert "c3" not in f"{config.secrets} {config.secrets!r}"


def test_a_policy_that_users_can_change_gives_nothing_and_lets_nothing_leave(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(PROVIDER)
    (believed,) = read_policies([tmp_path])
    (refused,) = read_policies([tmp_path], lambda file: file == tmp_path / "policy.toml")
    assert believed.layer.settings.providers
    assert not refused.layer.settings.providers
    assert refused.layer.settings.mode == "never"
    assert "users can change it" in str(refused.problems[0])
