"""What a gateway opens before the first request wants it, and that a request waits as long as it is not there."""

import gc
import os
import threading
import weakref
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import pytest

from assist_gateway.attribution import attribute
from assist_gateway.proxy.proxy_inputs import ProxyInputs
from assist_gateway.restricted_fingerprints import WorkspacePrints
from assist_gateway.tool_tokens import ToolToken, add_tool, revoke_tool
from assist_server.config.config import Config, load

DENIED = "".join(f"the margin of region {number} is {number * 37} percent\n" for number in range(20))
OTHER = "".join(f"and another text of line {number}, {number * 41} here\n" for number in range(20))
SETTINGS = """
[escalation]
mode = "auto"
[egress]
deny = ["kept/**"]
[providers.acme]
base_url = "https://acme.example/v1"
model = "frontier-1"
residency = ["internal"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    for name in ("config", "data", "shop/kept"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "shop/kept/plan.txt").write_text(DENIED)
    (tmp_path / "config/config.toml").write_text(SETTINGS)
    environ = {"ASSIST_CONFIG_DIR": str(tmp_path / "config"), "ASSIST_DATA_DIR": str(tmp_path / "data")}
    return load(environ)


@pytest.fixture
def prints(tmp_path: Path) -> WorkspacePrints:
    return WorkspacePrints([str((tmp_path / "shop").resolve())], b"a secret")


def swap_unseen(path: Path) -> None:
    """Give a file another text, with all that tells one state of it from another as before."""
    times = path.stat()
    text = OTHER.ljust(times.st_size)[: times.st_size]
    with path.open("r+b") as file:
        file.write(text.encode())
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_gateway_prints_the_files_of_all_tools_before_they_ask(config: Config, tmp_path: Path) -> None:
    tool = ToolToken("agent", ((tmp_path / "shop").resolve(),), unattributed=True)
    add_tool(config.paths.data, tool)
    inputs = ProxyInputs(config)
    inputs.open_ahead()
    swap_unseen(tmp_path / "shop/kept/plan.txt")
    rules = inputs.rules(tool, "acme", inputs.permissions(tool))
    assert rules.judge(DENIED, ()), "it was printed before"
    assert not rules.judge(OTHER, ())
    inputs.close()


def test_nothing_is_kept_of_a_tool_whose_token_was_revoked(config: Config, tmp_path: Path) -> None:
    now = [0.0]
    inputs = ProxyInputs(config, lambda: now[0])
    other = (tmp_path / "other").resolve()
    other.mkdir()
    for folder in (tmp_path / "shop").resolve(), other:
        add_tool(config.paths.data, tool := ToolToken(folder.name, (folder,), unattributed=True))
        rules = inputs.rules(tool, "acme", inputs.permissions(tool))
    first = weakref.ref(rules.judge)
    del rules
    shop = ToolToken("shop", ((tmp_path / "shop").resolve(),), unattributed=True)
    for revoked, kept in (("", True), ("other", False)):
        if revoked:
            revoke_tool(config.paths.data, revoked)
        now[0] += 60
        assert inputs.rules(shop, "acme", inputs.permissions(shop)).judge(DENIED, ())
        gc.collect()
        assert (first() is not None) is kept
    assert inputs.rules(tool, "acme", inputs.permissions(tool)), "a request that was on its way"
    inputs.close()


def test_a_value_that_was_saved_a_moment_ago_is_known(config: Config, tmp_path: Path) -> None:
    tool = ToolToken("agent", ((tmp_path / "shop").resolve(),), unattributed=True)
    inputs = ProxyInputs(config)
    for value in ("zebra-lantern-41", "maple-harbour-52"):
        (tmp_path / "shop/.env").write_text(f"GREETING={value}\n")
        assert inputs.rules(tool, "acme", inputs.permissions(tool)).gate.known.values == (value,)
    inputs.close()


def test_a_request_waits_for_what_is_being_printed(config: Config, prints: WorkspacePrints) -> None:
    begun = threading.Event()
    goes_on = threading.Event()

    class Held(threading.Event):
        def is_set(self) -> bool:
            begun.set()
            goes_on.wait(60)
            return super().is_set()

    with ThreadPoolExecutor(2) as threads:
        ahead = threads.submit(prints.prefetch, config, "acme", Held())
        assert begun.wait(60)
        asked = threads.submit(prints.restricted_for, config, "acme")
        assert not asked.done()
        goes_on.set()
        ahead.result(60)
        assert attribute(DENIED, (), asked.result(60))


def test_a_stopped_gateway_does_not_go_on_printing(config: Config, prints: WorkspacePrints) -> None:
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(CancelledError):
        prints.prefetch(config, "acme", stopped)
    assert attribute(DENIED, (), prints.restricted_for(config, "acme")), "a request gets all of it"


def test_a_rule_that_is_added_to_the_settings_holds_in_a_running_gateway(
    config: Config, tmp_path: Path
) -> None:
    now = [0.0]
    (tmp_path / "shop/later.txt").write_text(OTHER)
    tool = ToolToken("agent", ((tmp_path / "shop").resolve(),), unattributed=True)
    inputs = ProxyInputs(config, lambda: now[0])
    assert not inputs.rules(tool, "acme", inputs.permissions(tool)).judge(OTHER, ())
    file = config.paths.config_file
    policy = config.paths.config / "policy.toml"
    changes = (
        (file, SETTINGS.replace('"kept/**"', '"kept/**", "later.txt"')),
        (file, SETTINGS),
        (policy, '[egress]\ndeny = ["later.txt"]\n'),
        (policy, "[egress]\n"),
        (policy, '[data_class]\n"later.txt" = "restricted"\n'),
    )
    for path, text in changes:
        path.write_text(text)
        now[0] += 60
        rules = inputs.rules(tool, "acme", inputs.permissions(tool))
        assert bool(rules.judge(OTHER, ())) is ("later.txt" in text), text
        assert rules.judge(DENIED, ())
    inputs.close()


def test_settings_that_became_invalid_close_a_running_gateway(config: Config, tmp_path: Path) -> None:
    now = [0.0]
    tool = ToolToken("agent", ((tmp_path / "shop").resolve(),), unattributed=True)
    inputs = ProxyInputs(config, lambda: now[0])
    assert inputs.permissions(tool).mode == "auto"
    for text, mode, problem in (
        (f"{SETTINGS}\n[egress", "never", "config.toml"),
        (SETTINGS.replace("deny", "denied"), "never", "[egress] denied"),
        (SETTINGS.replace("auto", "never"), "never", ""),
        (SETTINGS, "auto", ""),
    ):
        config.paths.config_file.write_text(text)
        now[0] += 60
        permissions = inputs.permissions(tool)
        assert permissions.mode == mode, text
        assert "acme" in permissions.providers, "so that a request is told what is wrong"
        assert problem in inputs.problem(tool)
        assert bool(problem) is bool(inputs.problem(tool))
    inputs.close()


def test_rules_for_secrets_that_are_added_to_their_file_hold_in_a_running_gateway(
    config: Config, tmp_path: Path
) -> None:
    now = [0.0]
    tool = ToolToken("agent", ((tmp_path / "shop").resolve(),), unattributed=True)
    inputs = ProxyInputs(config, lambda: now[0])
    config.paths.config_file.write_text(f"{SETTINGS}\n[redaction]\nrules_file = 'rules.toml'\n")
    for names in (("dock",), ("dock", "crane"), ("crane",)):
        rules = "".join(f"[[rules]]\nid = '{name}'\nregex = '{name}-[0-9]+'\n" for name in names)
        (config.paths.config / "rules.toml").write_text(rules)
        now[0] += 60
        found = [getattr(pattern, "id", "") for pattern in inputs.permissions(tool).patterns]
        assert found == list(names)
    inputs.close()
