"""What people type and assist does not have: the message names the way that exists, and that way is real."""

import errno
import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from command_runs import Assist, commands
from typer.main import get_command

from assist_server.cli.app import command_line
from assist_server.cli.wrong_usage import system_words

WAYS = tomllib.loads(files("assist_server.cli").joinpath("other_ways.toml").read_text(encoding="utf-8"))
COMMANDS = {" ".join(command) for command in commands(groups=True)} | {"models", "config", "audit", "route"}


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("index --modle x", "No such option: --modle: `assist models use NAME --for answers` sets"),
        ("setup --fast", "No such option: --fast. See `assist setup --help`."),
        ("explain app.py --jsno", "No such option: --jsno, did you mean --json?"),
        ("explain app.py -v", "No such option: -v: --json prints all that is known."),
        (
            "index /nosuch",
            "'/nosuch' is one argument too many for `assist index`: it indexes the working directory",
        ),
        ("index src lib", "'src lib' is one argument too many for `assist index`"),
        ("review --staged", "reads staged and unstaged changes together"),
        ("review main src", "one revision, as in `assist review main`"),
        ("test app.py --output x.py", "go where the project's tests are"),
        ("context app.py:1:1 --output x", "what it writes goes to stdout"),
        ("commit -m done", "--edit opens git's editor"),
        ("config get completion.mode", "No such command 'get': `assist config show` prints"),
        ("update", "No such command 'update': the README says"),
        ("hlep", "No such command 'hlep'. Did you mean 'help'?"),
        ("explain", "Missing argument 'TARGET', as in `assist explain src/app.py:12`."),
        ("ask", "Missing argument 'QUESTION', as in `assist ask where are prices rounded`."),
        ("rate", "Missing argument 'good|bad', as in `assist rate good`."),
        ("--offline doctor", "No such option: --offline. Options come after the command"),
        ("route question", "No such command 'question': name the command that would be asked"),
        ("eval --minutes 0", "equal to 0.05. See `assist eval --help`."),
        ("models use", "Missing argument 'NAME_OR_PATH', as in `assist models use"),
        ("audit", "Missing command: name one of verify, checkpoint, show, export."),
        ("stats --by", "Option '--by' requires an argument."),
    ],
)
def test_wrong_usage_names_the_way_that_exists(assist: Assist, typed: str, message: str) -> None:
    done = assist(*typed.split())
    assert done.code == 2
    assert message in done.err
    assert not done.out


@pytest.mark.parametrize("key", WAYS)
def test_a_way_leads_to_commands_that_exist_from_words_that_do_not(key: str) -> None:
    command, _, word = key.rpartition(" ")
    if command:
        assert command in COMMANDS
    assert f"{command} {word}".strip() not in COMMANDS
    root = get_command(command_line())
    for name in command.split():
        root = root.commands[name]
    if command:
        assert word not in {flag for parameter in root.params for flag in parameter.opts}
    for named in re.findall(r"`assist ([^`]*)`", WAYS[key]):
        words = " ".join(re.findall(r"^[a-z ]+", named)).strip()
        assert any(words == known or words.startswith(f"{known} ") for known in COMMANDS) or "--" in named


def test_what_the_system_refuses_names_the_place_and_a_remedy_that_fits() -> None:
    data = Path("/proc/assist")
    absent = OSError(errno.ENOENT, "No such file or directory", "/proc/assist/index")
    assert system_words(absent, data).endswith("or name another in ASSIST_DATA_DIR.")
    full = OSError(errno.ENOSPC, "No space left on device", "/proc/assist/index")
    assert system_words(full, data).endswith("Free some space on its disk.")
    denied = OSError(errno.EACCES, "Permission denied", "/src/a.py")
    assert system_words(denied, data) == "/src/a.py: Permission denied. Check its permissions."
    assert (
        system_words(OSError(errno.EIO, "Input/output error"), data) == "A system call: Input/output error."
    )
