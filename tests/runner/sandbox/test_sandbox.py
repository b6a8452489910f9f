"""Programs that mean harm, or only do it: nothing outside the sandbox changes, and what happened is reported."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest
from confined import LIMITS, PYTHON, run_python

from assist_runner.sandbox.limits import MIB, SandboxLimits
from assist_runner.sandbox.sandbox import NoSandboxError, SandboxView, login_home, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
]
ROOT = Path(__file__).parents[3]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "copy"
    tree.mkdir()
    (tree / "code.py").write_text("x = 1\n")
    return tree


def test_a_command_runs_in_the_copy_and_its_output_and_code_are_known(tree: Path) -> None:
    done = run_python(tree, "import os; print(os.getcwd(), open('code.py').read()); raise SystemExit(3)")
    assert (done.code, done.ended, done.reports) == (3, "exited", ())
    assert done.output.split() == [str(tree), "x", "=", "1"]
    assert done.seconds > 0


def test_a_command_that_does_not_exist_says_so(tree: Path) -> None:
    done = run(["no-such-program"], tree, LIMITS, {})
    assert done.code == 127
    assert "no-such-program: No such file" in done.output


def test_only_the_passed_variables_and_those_of_the_home_arrive(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_USER", "hunter2")
    done = run(["/usr/bin/env"], tree, LIMITS, {"GIVEN": "yes", "HOME": "/etc"})
    names = {line.partition("=")[0] for line in done.output.splitlines()}
    assert "GIVEN=yes" in done.output
    assert "HOME=/etc" not in done.output
    assert names == {
        "GIVEN", "HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TEMP", "TMP", "TMPDIR", "USER",
        "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
    }  # fmt: skip


def test_the_changes_of_the_copy_are_dropped_also_if_all_of_it_is_deleted(tree: Path) -> None:
    (tree / "folder").mkdir()
    (tree / "folder" / "deep.txt").write_text("deep")
    done = run_python(
        tree,
        """
        import os, shutil
        open("code.py", "w").write("changed")
        open("new.txt", "w").write("new")
        assert open("code.py").read() == "changed"
        for name in os.listdir("."):
            shutil.rmtree(name) if os.path.isdir(name) else os.remove(name)
        assert os.listdir(".") == []
        """,
    )
    assert done.code == 0, done.output
    assert (tree / "code.py").read_text() == "x = 1\n"
    assert sorted(os.listdir(tree)) == ["code.py", "folder"]
    assert (tree / "folder" / "deep.txt").read_text() == "deep"


def test_nothing_outside_can_be_written(tree: Path, tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.mkdir()
    (original / "code.py").write_text("mine\n")
    marker = f"assist-sandbox-{os.getpid()}"
    temporary = [f"{folder}/{marker}" for folder in ("/tmp", "/var/tmp", "/dev/shm")]  # noqa: S108
    places = [
        str(original / "code.py"), str(tree.parent / marker), *temporary,
        str(login_home() / marker), f"/usr/{marker}", f"/etc/{marker}", f"/{marker}",
        f"{sys.prefix}/{marker}", f"{os.path.dirname(os.__file__)}/{marker}",
    ]  # fmt: skip
    done = run_python(
        tree,
        f"""
        import os
        for place in {places!r}:
            try:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                open(place, "w").write("harm")
            except OSError:
                pass
        for change in (lambda: os.chmod("/dev/null", 0), lambda: os.chmod("/usr/bin", 0), lambda: os.chown("/usr", 1, 1)):
            try:
                change()
            except OSError as error:
                print("refused", error.errno)
        """,
    )
    assert done.code == 0, done.output
    assert done.output.count("refused") == 3
    assert (original / "code.py").read_text() == "mine\n"
    assert not [place for place in places[1:] if os.path.exists(place)]
    assert os.access("/dev/null", os.W_OK)


def test_secrets_in_the_home_in_other_folders_and_in_etc_cannot_be_read(tree: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    (tree / "link.txt").symlink_to(secret)
    (tree / "folder").symlink_to(tmp_path)
    home = login_home()
    done = run_python(
        tree,
        f"""
        import os
        for path in ({str(secret)!r}, "link.txt", "folder/secret.txt", "../secret.txt", "/etc/shadow",
                     "/proc/1/environ", "/proc/1/mem", "/proc/1/fd/0", "/proc/1/root/etc/passwd"):
            try:
                print("READ", path, open(path).read(9))
            except OSError:
                pass
        print("HOME", *os.listdir({str(home)!r}))
        print("TOP", *os.listdir("/"))
        print("TMP", *os.listdir({tempfile.gettempdir()!r}))
        print("USERS", len(open("/etc/passwd").readlines()))
        """,
    )
    assert "READ" not in done.output
    lines = dict(line.partition(" ")[::2] for line in done.output.splitlines())
    shown = {place.relative_to(home).parts[0] for place in PYTHON.readable if place.is_relative_to(home)}
    assert set(lines["HOME"].split()) == shown
    assert not {"run", "srv", "mnt", "media", "boot"} & set(lines["TOP"].split())
    temporary = Path(tempfile.gettempdir())
    places = [place for place in (tmp_path, *PYTHON.readable) if place.is_relative_to(temporary)]
    ours = {place.relative_to(temporary).parts[0] for place in places}
    assert set(lines["TMP"].split()) <= ours
    assert lines["USERS"] == "1"


def test_there_is_no_network_but_the_own_loopback(tree: Path, tmp_path: Path) -> None:
    by_path = socket.socket(socket.AF_UNIX)
    by_path.bind(str(tmp_path / "socket"))
    by_path.listen()
    by_name = socket.socket(socket.AF_UNIX)
    name = f"\0assist-{os.getpid()}"
    by_name.bind(name)
    by_name.listen()
    by_port = socket.create_server(("127.0.0.1", 0))
    port = by_port.getsockname()[1]
    with by_path, by_name, by_port:
        for each in (by_path, by_name, by_port):
            each.settimeout(0.05)
        done = run_python(
            tree,
            f"""
            import socket
            def attempt(what, call):
                try:
                    call()
                    print("REACHED", what)
                except OSError as error:
                    print("refused", what, type(error).__name__)
            attempt("port", lambda: socket.create_connection(("127.0.0.1", {port}), 1))
            attempt("path", lambda: socket.socket(socket.AF_UNIX).connect({str(tmp_path / "socket")!r}))
            attempt("name", lambda: socket.socket(socket.AF_UNIX).connect({name!r}))
            attempt("address", lambda: socket.create_connection(("192.0.2.1", 80), 1))
            attempt("datagram", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)))
            attempt("resolver", lambda: socket.getaddrinfo("example.com", 80))
            attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
            attempt("packet", lambda: socket.socket(17, socket.SOCK_RAW))
            own = socket.create_server(("127.0.0.1", 0))
            attempt("own", lambda: socket.create_connection(own.getsockname(), 1))
            print(socket.gethostbyname("localhost"), socket.gethostbyname(socket.gethostname()))
            """,
        )
        for each in (by_path, by_name, by_port):
            with pytest.raises(TimeoutError):
                each.accept()
    words = done.output.split("\n")
    assert [line for line in words if line.startswith("REACHED")] == ["REACHED own"]
    assert done.output.count("refused") == 8, done.output
    assert "127.0.0.1 127.0.0.1" in done.output


@pytest.mark.parametrize(
    "code",
    ["os.fork()", "os.fork() or time.sleep(60)", "threading.Thread(target=time.sleep, args=(60,)).start()"],
)
def test_a_fork_bomb_ends_with_all_its_processes(tree: Path, code: str) -> None:
    bomb = f"""
    import os, threading, time
    while True:
        try:
            {code}
        except (OSError, RuntimeError):
            time.sleep(0.01)
    """
    done = run_python(tree, bomb, SandboxLimits(seconds=60, processes=64))
    assert (done.ended, done.reports) == ("killed", ("process limit reached",))


def test_an_endless_loop_ends_at_the_limit_of_the_clock_or_of_the_processor(tree: Path) -> None:
    slept = run_python(tree, "import time; time.sleep(60)", SandboxLimits(seconds=0.5))
    assert (slept.code, slept.ended, slept.reports) == (None, "timeout", ("timed out",))
    looped = run_python(tree, "while True: pass", SandboxLimits(seconds=60, cpu_seconds=1))
    assert (looped.code, looped.ended, looped.reports) == (None, "killed", ("processor time used up",))


def test_endless_output_ends_and_of_much_output_the_end_is_kept(tree: Path) -> None:
    endless = run_python(tree, "while True: print('x' * 999)", SandboxLimits(seconds=60, output=MIB))
    assert (endless.ended, endless.reports) == ("killed", ("too much output",))
    much = run_python(tree, "print('x' * 99_999); print('the end')", SandboxLimits(tail=100))
    assert (len(much.output), much.output[-8:]) == (100, "the end\n")


@pytest.mark.xdist_group("memory")
def test_memory_ends_for_one_process_and_for_all_together(tree: Path) -> None:
    limits = SandboxLimits(seconds=60, memory=256 * MIB)
    alone = run_python(tree, "x = bytearray(300 << 20)", limits)
    assert "MemoryError" in alone.output
    together = """
    import os, time
    for _ in range(8):
        if os.fork() == 0:
            x = bytearray(os.urandom(1 << 10)) * (100 << 10)
            time.sleep(60)
    time.sleep(60)
    """
    done = run_python(tree, together, limits)
    assert (done.ended, done.reports) == ("memory", ("too much memory",))


@pytest.mark.xdist_group("memory")
def test_pages_that_processes_share_count_once(tree: Path) -> None:
    shared = """
    import os, time
    x = bytearray(os.urandom(1 << 10)) * (100 << 10)
    for _ in range(5):
        if os.fork() == 0:
            time.sleep(0.5)
            os._exit(0)
    time.sleep(0.5)
    """
    assert run_python(tree, shared, SandboxLimits(seconds=60, memory=400 * MIB)).code == 0


def test_files_end_for_one_file_and_for_all_together(tree: Path) -> None:
    limits = SandboxLimits(file=2 * MIB, disk=8 * MIB)
    one = run_python(tree, "open('/tmp/a', 'wb').write(bytes(3 << 20))", limits)
    assert "File too large" in one.output
    many = "for n in range(9): open(f'{n}.bin', 'wb').write(bytes(1 << 20))"
    done = run_python(tree, many, limits)
    assert "No space left" in done.output
    assert done.reports == ("no disk space left",)


def test_the_first_process_and_the_warden_cannot_be_killed_from_inside(tree: Path) -> None:
    code = """
    import os, signal, subprocess
    print(os.getppid(), *[name for name in os.listdir("/proc") if name.isdigit()], flush=True)
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSTOP):
        os.kill(1, number)
    subprocess.run(["sh", "-c", "kill -9 -1"])
    print("still here")
    """
    done = run_python(tree, code)
    first, *rest = done.output.splitlines()
    assert first == "1 1 2"
    assert (done.ended, done.reports, rest) == ("killed", ("ended by signal 9",), [])


def test_no_rights_and_no_way_to_get_some(tree: Path) -> None:
    code = """
    import ctypes, os
    print(*[line.split()[1] for line in open("/proc/self/status") if line.startswith("Cap")])
    libc = ctypes.CDLL(None, use_errno=True)
    for flag in (0x10000000, 0x00020000, 0x40000000):
        print(libc.unshare(flag), end=" ")
    print(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None), libc.syscall(425, 1, 0), end=" ")
    try:
        open("/proc/sys/kernel/core_pattern", "w")
    except OSError as error:
        print(error.errno)
    """
    rights, calls = run_python(tree, code).output.splitlines()
    assert set(rights) <= {"0", " "}
    assert calls in ("-1 -1 -1 -1 -1 30", "-1 -1 -1 -1 -1 13")


BEATING = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            open("kept/beat", "a").write("x")
            time.sleep(0.02)
    os._exit(0)
while not os.path.exists("kept/beat"):
    time.sleep(0.01)
"""


def stops_beating(tree: Path) -> bool:
    """Whether the daemon has beaten, and does no more."""
    deadline = time.monotonic() + 60
    before = -1
    while (now := (tree / "kept" / "beat").stat().st_size) != before and time.monotonic() < deadline:
        before = now
        time.sleep(0.3)
    return now == before and now > 0


def test_a_daemon_ends_with_the_command_and_a_kept_folder_stays(tree: Path) -> None:
    done = run_python(tree, BEATING, view=SandboxView(folders=("kept",)))
    assert (done.code, done.ended) == (0, "exited")
    assert stops_beating(tree)
    assert sorted(os.listdir(tree)) == ["code.py", "kept"]


CALLER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
sys.path[:0] = {paths!r}
from pathlib import Path
from confined import run_python, SandboxView
run_python(Path({tree!r}), {code!r}, view=SandboxView(folders=("kept",)))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_all_processes_end_with_the_one_that_asked(tree: Path, number: int) -> None:
    paths = [str(Path(__file__).parents[1]), *(str(ROOT / name) for name in ("server", "context"))]
    code = CALLER.format(paths=paths, tree=str(tree), code=BEATING + "time.sleep(60)")
    caller = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (tree / "kept" / "beat").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    caller.send_signal(number)
    caller.wait(60)
    assert stops_beating(tree)


def test_a_caller_can_stop_a_run(tree: Path) -> None:
    view = replace(PYTHON, folders=("kept",))
    words = [sys.executable, "-c", BEATING + "time.sleep(60)"]
    done = run(words, tree, LIMITS, {}, view, (tree / "kept" / "beat").exists)
    assert (done.code, done.ended, done.reports) == (None, "killed", ("stopped",))
    assert stops_beating(tree)


def test_a_kept_folder_cannot_grow_without_end(tree: Path) -> None:
    code = "import time\nfor n in range(6): open(f'kept/{n}', 'wb').write(bytes(1 << 20))\ntime.sleep(60)"
    done = run_python(
        tree, code, SandboxLimits(seconds=60, kept_bytes=4 * MIB), SandboxView(folders=("kept",))
    )
    assert (done.ended, done.reports) == ("killed", ("no disk space left",))


def test_a_kept_folder_is_no_way_out(tree: Path, tmp_path: Path) -> None:
    """A run leaves links in it and tries to replace it; the next run, and the copy, see nothing else."""
    (tmp_path / "secret.txt").write_text("hunter2")
    view = SandboxView(folders=("kept",))
    code = f"""
    import os
    os.symlink({str(tmp_path)!r}, "kept/out")
    try:
        os.rename("kept", "moved")
    except OSError:
        print("refused")
    """
    assert run_python(tree, code, view=view).output == "refused\n"
    again = run_python(tree, "open('kept/out/secret.txt')", view=view)
    assert "No such file" in again.output
    assert (tmp_path / "secret.txt").read_text() == "hunter2"
    (tree / "link").symlink_to(tmp_path)
    for folder in ("link", "link/inner", "../copy", "code.py"):
        with pytest.raises(NoSandboxError, match="is not a folder in the copy"):
            run(["true"], tree, LIMITS, {}, SandboxView(folders=(folder,)))
    assert not (tmp_path / "inner").exists()


def test_the_copy_is_shown_in_the_place_of_the_repository(tree: Path, tmp_path: Path) -> None:
    """Installed packages are shown in it: they can be changed inside, which nobody sees outside."""
    original = tmp_path / "original"
    (original / "node_modules").mkdir(parents=True)
    (original / "node_modules" / "package.js").write_text("1")
    (original / "code.py").write_text("not the copy")
    view = SandboxView((original / "node_modules",), place=original)
    code = """
    import os
    print(os.getcwd(), open("code.py").read(), os.listdir("node_modules"))
    open("node_modules/package.js", "w").write("2")
    open("node_modules/.cache", "w").write("3")
    """
    done = run_python(tree, code, view=view)
    assert done.output.split() == [str(original), "x", "=", "1", "['package.js']"]
    assert (original / "node_modules" / "package.js").read_text() == "1"
    assert os.listdir(original / "node_modules") == ["package.js"]
    assert not (tree / "node_modules").exists()


def test_a_committed_link_in_the_place_of_packages_leads_nowhere(tree: Path, tmp_path: Path) -> None:
    packages = tmp_path / "original" / "node_modules"
    packages.mkdir(parents=True)
    (tree / "node_modules").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NoSandboxError, match="a link is in the way"):
        run(["true"], tree, LIMITS, {}, SandboxView((packages,), place=packages.parent))
    assert not (tmp_path / "elsewhere").exists()


def test_the_whole_home_is_not_shown(tree: Path) -> None:
    for path in (login_home(), Path("/")):
        with pytest.raises(NoSandboxError, match="name the folders in it"):
            run(["true"], tree, LIMITS, {}, SandboxView((path,)))


def test_where_no_namespaces_are_allowed_nothing_runs(tree: Path) -> None:
    """The sandbox itself allows none, so a second one inside cannot be made."""
    paths = [
        str(Path(__file__).parents[1]),
        *(str(ROOT / name) for name in ("plugins/runner", "server", "completion", "context", "escalation")),
    ]
    code = f"""
    import sys
    sys.path[:0] = {paths!r}
    from pathlib import Path
    from confined import run_python
    from assist_runner.sandbox.sandbox import NoSandboxError
    try:
        run_python(Path.cwd(), "print('RAN')")
    except NoSandboxError as error:
        print(error)
    """
    done = run_python(tree, code, view=SandboxView(tuple(map(Path, paths))))
    assert "cannot confine tests (namespaces: No space left on device)" in done.output
    assert "unprivileged_userns_clone=1" in done.output
    assert "RAN" not in done.output


AS_USER = """
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
from assist_runner.sandbox.limits import SandboxLimits
from assist_runner.sandbox.sandbox import run
tree = Path({tree!r})
bomb = "import os, time\\nwhile True:\\n  try: os.fork()\\n  except OSError: time.sleep(0.01)"
print(run(["sh", "-c", "id -u; echo y > code.py; cat code.py"], tree, SandboxLimits(), {{}}).output.split())
print(run([sys.executable, "-c", bomb], tree, SandboxLimits(seconds=60, processes=64), {{}}).reports)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_can_do_it() -> None:
    python = next(
        (each for each in ("/usr/bin/python3.11", "/usr/bin/python3") if os.access(each, os.X_OK)), ""
    )
    if not python:
        pytest.skip("there is no interpreter that every user may run")
    names = ("plugins/runner", "server", "completion", "context", "escalation")
    paths = [*(str(ROOT / name) for name in names), str(Path(pytest.__file__).parents[1])]
    nobody = 65534
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "code.py").write_text("x\n")
        os.chown(base, nobody, nobody)
        os.chown(base / "code.py", nobody, nobody)
        code = AS_USER.format(paths=paths, tree=str(base))
        own = {"user": nobody, "group": nobody, "extra_groups": []}
        done = subprocess.run(
            [python, "-c", code], capture_output=True, text=True, check=False, env={}, cwd="/", **own
        )
        assert done.stdout.splitlines() == ["['65534', 'y']", "('process limit reached',)"], done.stderr
        assert (base / "code.py").read_text() == "x\n"
