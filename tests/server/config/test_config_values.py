"""Every way in which a key or a value can be wrong, and the message for it."""

import math
from pathlib import Path

import pytest
from config_files import PROVIDER, write

from assist_completion.errors import CompletionError
from assist_completion.settings import CompletionSettings
from assist_escalation.errors import EscalationError
from assist_escalation.policy.endpoints import Provider
from assist_escalation.policy.settings import EscalationSettings
from assist_server.config.config import Config, ConfigError, load, load_lenient


def messages(config: Config) -> list[str]:
    return [problem.message for problem in config.problems]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # unknown
        ("[completion]\nmodle = 'x'", "[completion] modle: no such setting; did you mean mode or model?"),
        ("[completion]\nmaxLines = 1", "[completion] maxLines: no such setting; did you mean max_lines?"),
        ("[compeltion]", "compeltion: no such table; did you mean completion?"),
        (
            "max_lines = 1",
            "max_lines: no such table; did you mean [completion] max_lines?",
        ),
        ("[answers]\nthreads = 1", "[answers] threads: no such setting; did you mean [completion] threads?"),
        ("[egress]\nzzz = 1", "[egress] zzz: no such setting; choose from deny"),
        (
            PROVIDER + "api_key = 'sk-secret'",
            "[providers.openai] api_key: no such setting; did you mean api_key_env?",
        ),
        (
            PROVIDER.replace("output_usd", "outptu_usd"),
            "[providers.openai.price] outptu_usd_per_mtok: no such setting; did you mean output_usd_per_mtok",
        ),
        (
            "[escalation]\nthreshold.fx = 0.5",
            "[escalation] threshold.fx: no such kind of request; use default, explain, ask",
        ),
        ("[escalation]\nthreshold = 1.5", "[escalation] threshold = 1.5: use a number from 0 to 1"),
        ("[escalation]\nthreshold = 'high'", '[escalation] threshold = "high": use a number from 0 to 1, or'),
        ("[escalation]\nthreshold.fix = true", "[escalation] threshold = true: use a number from 0 to 1, or"),
        # type
        (
            "[completion]\nthreads = '2'",
            '[completion] threads = "2": use a whole number from 0 to 256',
        ),
        ("[completion]\nthreads = true", "[completion] threads = true: use a whole number from 0 to 256"),
        ("[completion]\nthreads = 2.0", "[completion] threads = 2.0: use a whole number from 0 to 256"),
        ("[completion]\nspeculate = 1", "[completion] speculate = 1: use true or false"),
        ("[completion]\nmode = 5", "[completion] mode = 5: use one of eager, balanced, quiet, manual"),
        ("[completion]\nmodel = 1979-05-27", "[completion] model = 1979-05-27: use a string"),
        ("[completion.model]\na = 1", "[completion] model = a table: use a string"),
        ("completion = 'x'", 'completion = "x": use a table'),
        ("[[completion]]", "completion = a list: use a table"),
        ("[egress]\ndeny = 'infra/**'", '[egress] deny = "infra/**": use a list of strings'),
        ("[egress]\ndeny = ['!a']", "[egress] deny holds the glob '!a': `!` cannot negate another line"),
        (
            "[redaction]\npatterns = ['(']",
            "[redaction] patterns: '(' is not a valid pattern",
        ),
        (
            "[redaction]\npatterns = ['x*']",
            "[redaction] patterns: 'x*' matches an empty string",
        ),
        ("[audit]\ncontent = 'all'", "[audit] content = 'all': choose from hash, redacted, full"),
        ("[audit]\nkey_env = 'hunter2'", "[audit] key_env is not a variable name"),
        ("[audit]\ncheckpoint = '~nobody-at-all/x'", '[audit] checkpoint = "~nobody-at-all/x": '),
        ("[egress]\ndeny = ['a', 5]", "[egress] deny holds 5: use a list of strings"),
        ("[data_class]\n'a/**' = 5", "[data_class] a/** = 5: use a string"),
        ("[providers]\nx = 5", "[providers] x = 5: use a table"),
        (PROVIDER + "[providers.b]\nprice = 5", "[providers.b] price = 5: use a table"),
        # value
        (
            "[completion]\nmode = 'fast'",
            "[completion] mode = 'fast': choose one of eager, balanced, quiet, manual",
        ),
        ("[answers]\nrun = 'NEVER'", "[answers] run = 'NEVER': choose one of sandbox, ask, never"),
        ("[answers]\nthreads_days = 366", "[answers] threads_days = 366: use a number from 0 to 365"),
        ("[gateway]\nport = 0", "[gateway] port = 0: use a number from 1 to 65535"),
        ("[context]\nindex_mb = -1", "[context] index_mb = -1: use a number from 0 to 1048576"),
        (
            f"[escalation]\nmax_cost_usd_per_day = {'9' * 400}",
            "[escalation] max_cost_usd_per_day = inf: use a number from 0 to 100000",
        ),
        ("[completion]\nmax_lines = 0", "[completion] max_lines = 0: use a number from 1 to 100"),
        (
            "[completion]\nmodel = ''",
            "[completion] model = '': use a model's name or the path of a .gguf file",
        ),
        (
            "[answers]\nmodel = 'Qwen/Qwen2.5'",
            "[answers] model = 'Qwen/Qwen2.5': a path must end in .gguf; a name has no slash",
        ),
        ("[completion]\nmodel = '~nobody-at-all/m.gguf'", "[completion] model = "),
        (
            "[escalation]\nmax_cost_usd_per_day = inf",
            "[escalation] max_cost_usd_per_day = inf: use a number from 0 to 100000",
        ),
        (
            "[escalation]\nmax_cost_usd_per_day = nan",
            "[escalation] max_cost_usd_per_day = nan: use a number from 0 to 100000",
        ),
        (
            "[escalation]\nalways_local = ['explian']",
            "[escalation] always_local = 'explian': choose from explain,",
        ),
        (
            PROVIDER.replace("https", "http"),
            "[providers.openai] base_url = 'http://models.example/v1': use https://HOST/PATH, or http only to this",
        ),
        ("[providers.x]\nmodel = 'm'", "[providers.x] base_url is missing: write one"),
        (
            "[providers.'']\nmodel = 'm'\nbase_url = 'https://h'",
            "[providers] providers contains an empty string",
        ),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, message: str) -> None:
    env = write(tmp_path, text)
    config = load_lenient(env)
    assert any(each.startswith(message) for each in messages(config))
    assert config.completion == CompletionSettings()
    with pytest.raises(ConfigError) as caught:
        load(env)
    assert f"{tmp_path / 'config.toml'}: {message}" in str(caught.value)


def test_strict_names_all_problems_and_lenient_keeps_what_is_good(tmp_path: Path) -> None:
    env = write(tmp_path, "[completion]\nthreads = 'x'\nmax_lines = 3\nmode = 'fast'\nfoo = 1")
    with pytest.raises(ConfigError) as caught:
        load(env)
    assert len(str(caught.value).splitlines()) == 3
    config = load_lenient(env)
    assert config.completion == CompletionSettings(max_lines=3)
    assert [problem.key for problem in config.problems] == [
        "completion.threads",
        "completion.mode",
        "completion.foo",
    ]


def test_all_slips_of_one_provider_are_named_and_the_others_stay(tmp_path: Path) -> None:
    env = write(tmp_path, PROVIDER + "[providers.b]\nmodel = 5\nurl = 'x'")
    config = load_lenient(env)
    assert list(config.escalation.providers) == ["openai"]
    assert sorted(problem.key for problem in config.problems) == [
        "providers.b.base_url",
        "providers.b.model",
        "providers.b.url",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        'api_key_env = "sk-hunter2"',
        'api_key_env = ["hunter2"]',
        'api_key_env = "hunter2"',
        'api_key = "hunter2"',
        'headers = { Authorization = "hunter2" }',
        'base_url = "https://me:hunter2@models.example"',
        'base_url = "me:hunter2@models.example"',
        'base_url = "http://models.example?key=hunter2"',
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path, wrong: str) -> None:
    lines = {"base_url": 'base_url = "https://models.example"', "model": 'model = "m"'}
    lines[wrong.split(" ", maxsplit=1)[0]] = wrong
    config = load_lenient(write(tmp_path, "\n".join(["[providers.x]", *lines.values()])))
    assert len(config.problems) == 1
    assert "hunter2" not in str(config.problems)
    assert not config.escalation.providers


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/v1", "http://127.0.0.1/v1", "http://[::1]:80", "https://h"]
)
def test_addresses_of_this_machine_may_be_plain(url: str) -> None:
    assert Provider(url, "m").base_url == url


@pytest.mark.parametrize("url", ["", "h", "ftp://h", "https://", "http://127.0.0.1.evil.example", "https://h:x", "https://[h", "https://h/ a"])  # fmt: skip
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(EscalationError, match="base_url"):
        Provider(url, "m")


def test_values_are_checked_without_a_file_too() -> None:
    with pytest.raises(CompletionError, match="threads = -1"):
        CompletionSettings(threads=-1)
    with pytest.raises(EscalationError, match="max_escalation_rate = nan"):
        EscalationSettings(max_escalation_rate=math.nan)
    with pytest.raises(EscalationError, match="deny contains an empty string"):
        EscalationSettings(deny=("",))


@pytest.mark.parametrize(
    ("slip", "mode"),
    [
        ("[egress]\ndenny = ['infra/**']", "never"),
        ("[escalation]\nalways_local = ['explian']", "never"),
        ("[egres]\ndeny = ['infra/**']", "never"),
        ("[data_class]\n'a/**' = 5", "never"),
        ("[completion]\nmode = 'fast'", "auto"),
    ],
)
def test_a_slip_in_what_bears_on_egress_stops_it(tmp_path: Path, slip: str, mode: str) -> None:
    text = "escalation.mode = 'auto'\n" if "[escalation]" not in slip else ""
    config = load_lenient(write(tmp_path, text + slip.replace("[escalation]", "[escalation]\nmode = 'auto'")))
    assert config.escalation.mode == mode
    assert ("nothing leaves this machine" in messages(config)[-1]) == (mode == "never")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("threshold = 0.6", {"default": 0.6}),
        ("threshold = 1", {"default": 1.0}),
        ("threshold.fix = 0.5", {"fix": 0.5}),
        ("threshold = { default = 0.6, fix = 0.5 }", {"default": 0.6, "fix": 0.5}),
        ("mode = 'ask'", {}),
    ],
)
def test_a_threshold_is_a_number_or_numbers_by_kind(
    text: str, expected: dict[str, float], tmp_path: Path
) -> None:
    found = load(write(tmp_path, f"[escalation]\n{text}\n"))
    assert found.escalation.threshold == expected
