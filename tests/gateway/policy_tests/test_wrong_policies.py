"""Rules with a mistake, each found by a case: which rule judged instead, and where that is written."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from command_runs import Assist
from two_providers import PROVIDERS

from assist_server.config.repository_file import repositories, trust

FILES = ("src/app.py", "src/payments/card.py", "infra/prod/main.tf", "secrets/notes.md")


@dataclass(frozen=True)
class Policy:
    """The user's settings, and what the repository has; its file is accepted with `accepted`, or as it is."""

    user: str = ""
    files: dict[str, str] = field(default_factory=dict)
    providers: str = PROVIDERS
    accepted: str | None = None


@dataclass(frozen=True)
class Planted:
    wrong: Policy
    right: Policy
    case: str
    rule: str
    written: str = ""


def own(text: str) -> dict[str, str]:
    return {".assist.toml": text}


NEVER = own("[escalation]\nmode = 'never'\n")
KEPT = "expect = 'kept'\n"
CARD = "path = 'src/payments/**'\n" + KEPT
PLANTED = {
    "a glob that misses the folder": Planted(
        Policy("[data_class]\n'src/payment/**' = 'restricted'\n"),
        Policy("[data_class]\n'src/payments/**' = 'restricted'\n"),
        CARD + "provider = 'us'\nrule = 'data_class restricted'\n",
        "data_class internal",
        "default_class in {config}",
    ),
    "a class that no provider may see": Planted(
        Policy("[data_class]\n'src/payments/**' = 'Restricted'\n"),
        Policy("[data_class]\n'src/payments/**' = 'restricted'\n"),
        "path = 'src/payments/**'\nexpect = 'leaves'\nprovider = 'eu'\n",
        "data_class Restricted",
        "src/payments/** in {config}:15",
    ),
    "an allowance that is too wide": Planted(
        Policy(
            "[data_class]\n'src/payments/**' = 'restricted'\n",
            providers=PROVIDERS.replace('["public", "internal"]', '["public", "internal", "restricted"]'),
        ),
        Policy("[data_class]\n'src/payments/**' = 'restricted'\n"),
        CARD + "provider = 'us'\n",
        "data_class restricted",
        "src/payments/** in {config}:15",
    ),
    "a residency without the usual class": Planted(
        Policy(providers=PROVIDERS.replace('"internal", "restricted"', '"restricted"')),
        Policy(),
        "path = 'src/app.py'\nexpect = 'leaves'\nprovider = 'eu'\n",
        "data_class internal",
        "default_class in {config}",
    ),
    "auto where the repository is to say never": Planted(
        Policy(files=own("[escalation]\nmode = 'auto'\n")),
        Policy(files=NEVER),
        "path = '/src/**'\n" + KEPT + "rule = 'mode never'\n",
        "data_class internal",
    ),
    "an ignore rule in the wrong case": Planted(
        Policy(files={".assistignore": "Secrets/\n"}),
        Policy(files={".assistignore": "secrets/\n"}),
        "path = 'secrets/'\n" + KEPT + "rule = 'ignored .assistignore'\n",
        "data_class internal",
    ),
    "an ignore rule with a typo": Planted(
        Policy(files={".assistignore": "# private\nsecert/\n"}),
        Policy(files={".assistignore": "# private\nsecrets/\n"}),
        "path = 'secrets/**'\n" + KEPT,
        "data_class internal",
    ),
    "the wrong provider": Planted(
        Policy(files=own("[escalation]\nproviders = ['us']\n")),
        Policy(files=own("[escalation]\nproviders = ['eu']\n")),
        "path = 'src/app.py'\n" + KEPT + "provider = 'us'\nrule = 'provider us'\n",
        "data_class internal",
    ),
    "a pattern with a mistake": Planted(
        Policy("[redaction]\npatterns = ['KD-[0-9]{6}-[0-9]']\n"),
        Policy("[redaction]\npatterns = ['KD-[0-9]{8}']\n"),
        "text = 'customer KD-20481193 called'\nsecret = 'KD-20481193'\nexpect = 'redacted'\n",
        "no detector and no pattern finds a secret",
        "patterns in {config}",
    ),
    "an accepted file that changed": Planted(
        Policy(files=own("[egress]\ndeny = ['docs/**']\n"), accepted="[egress]\ndeny = ['infra/**']\n"),
        Policy(files=own("[egress]\ndeny = ['infra/**']\n")),
        "path = 'src/app.py'\nexpect = 'leaves'\nprovider = 'eu'\n",
        "mode never",
        "{repo}/.assist.toml, not accepted",
    ),
    "a glob for some files of the folder": Planted(
        Policy("[egress]\ndeny = ['infra/prod/*.tfstate']\n"),
        Policy("[egress]\ndeny = ['infra/prod/']\n"),
        "path = 'infra/**'\n" + KEPT + "rule = 'deny'\n",
        "data_class internal",
    ),
}


def plant(place: Path, policy: Policy, case: str) -> Path:
    """The repository with this policy, and one case."""
    (place / "config").mkdir(exist_ok=True)
    (place / "config" / "config.toml").write_text(policy.providers + policy.user)
    repo = place / "repo"
    repo.mkdir(exist_ok=True)
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    for name in FILES:
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text("x = 1\n")
    rules = repo / ".assist.toml"
    rules.unlink(missing_ok=True)
    if policy.accepted is not None:
        rules.write_text(policy.accepted)
        trust(repositories(repo, place / "data"), place / "data")
    for name, text in policy.files.items():
        (repo / name).write_text(text)
    if policy.accepted is None:
        trust(repositories(repo, place / "data"), place / "data")
    (repo / ".assist-policy-tests.toml").write_text(f"[[case]]\n{case}")
    return repo


def outcome_of(assist: Assist, repo: Path) -> tuple[int, Any]:
    done = assist("policy", "test", "--workspace", str(repo), "--json")
    return done.code, done.json


@pytest.mark.parametrize("name", PLANTED)
def test_a_wrong_policy_is_found_and_the_right_one_holds(name: str, tmp_path: Path, assist: Assist) -> None:
    planted = PLANTED[name]
    repo = plant(tmp_path, planted.wrong, planted.case)
    code, found = outcome_of(assist, repo)
    assert (code, found["held"], found["failed"]) == (4, 0, 1)
    (failure, *_) = found["cases"][0]["failures"]
    assert failure["rule"] == planted.rule
    config = tmp_path / "config" / "config.toml"
    written = planted.written.format(config=config, repo=repo)
    assert not written or written in failure["written_in"]
    repo = plant(tmp_path, planted.right, planted.case)
    assert outcome_of(assist, repo)[0] == 0


def test_a_deny_in_the_wrong_case_denies_nevertheless(tmp_path: Path, assist: Assist) -> None:
    denied = Policy("[egress]\ndeny = ['INFRA/Prod/**']\n")
    repo = plant(tmp_path, denied, "path = 'infra/prod/**'\nexpect = 'kept'\nrule = 'deny INFRA/Prod/**'\n")
    assert outcome_of(assist, repo)[0] == 0
