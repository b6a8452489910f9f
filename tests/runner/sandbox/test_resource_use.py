"""What a command uses is bounded, whatever kind of memory or files it takes, and cannot be hidden.

The attacks are bounded too: none takes more than 1 GiB of the machine, nor writes more than 70 MB to the disk.
"""

import os
import sys
from pathlib import Path

import pytest
from confined import run_python

from assist_runner.sandbox.limits import MIB, SandboxLimits
from assist_runner.sandbox.resource_use import fills_disk, held_memory, is_too_large, unused_memory
from assist_runner.sandbox.sandbox import SandboxView

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
    pytest.mark.xdist_group("memory"),  # what others take at the same time is counted too
]
LITTLE = SandboxLimits(seconds=60, memory=256 * MIB, disk=64 * MIB)
KEPT = SandboxView(folders=("kept",))
TOOLS = """
import ctypes, mmap, os, resource, socket, stat, time
MIB = 1 << 20
libc = ctypes.CDLL(None, use_errno=True)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "copy"
    tree.mkdir()
    return tree


FILES_WITHOUT_A_NAME = """
files = [os.memfd_create("x") for _ in range(5)]
for file in files:
    for _ in range(180):
        os.write(file, b"x" * MIB)
"""
SEGMENTS = """
libc.shmat.restype = ctypes.c_void_p
for _ in range(5):
    at = libc.shmat(libc.shmget(0, 180 * MIB, 0o1600), None, 0)
    ctypes.memset(at, 1, 180 * MIB)
    libc.shmdt(ctypes.c_void_p(at))
"""
SHARED_PAGES_LET_GO = """
areas = [mmap.mmap(-1, 180 * MIB) for _ in range(5)]
for area in areas:
    for at in range(0, 180 * MIB, MIB):
        area[at : at + MIB] = b"x" * MIB
        area.madvise(mmap.MADV_DONTNEED, at, MIB)
"""
FULL_SOCKETS = """
pairs = [socket.socketpair() for _ in range(1500)]
sent = 0
for one, other in pairs:
    one.setblocking(False)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
    try:
        while sent < 900 * MIB:
            sent += one.send(b"x" * 65536)
    except BlockingIOError:
        pass
"""
SEMAPHORES = """
for _ in range(450):
    libc.semget(0, 32000, 0o1600)
"""


@pytest.mark.parametrize(
    "attack", [FILES_WITHOUT_A_NAME, SEGMENTS, SHARED_PAGES_LET_GO, FULL_SOCKETS, SEMAPHORES]
)
def test_memory_that_no_process_shows_counts(tree: Path, attack: str) -> None:
    done = run_python(tree, f"{TOOLS}{attack}\ntime.sleep(30)\nprint('HAD IT')", LITTLE)
    assert (done.ended, done.reports) == ("memory", ("too much memory",)), done.output


def test_files_in_memory_and_memory_that_was_given_back_do_not_count(tree: Path) -> None:
    code = """
    for number in range(4):
        with open(f"/tmp/{number}", "wb") as file:
            for _ in range(180):
                file.write(b"x" * MIB)
        [bytearray(b"x" * MIB) for _ in range(180)]
    time.sleep(0.3)
    """
    limits = SandboxLimits(seconds=60, memory=600 * MIB, disk=800 * MIB)
    done = run_python(tree, TOOLS + code.replace("\n    ", "\n"), limits)
    assert (done.code, done.reports) == (0, ()), done.output


def test_a_process_cannot_open_files_without_end(tree: Path) -> None:
    code = "import os\ntry:\n  while True: os.eventfd(0)\nexcept OSError as error: print(error.strerror)"
    assert run_python(tree, code).output == "Too many open files\n"


def test_nothing_that_a_test_does_to_its_first_process_blinds_who_watches(tree: Path) -> None:
    code = """
    for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_DATA, resource.RLIMIT_FSIZE):
        resource.prlimit(1, kind, (0, 0))
    os.setpriority(os.PRIO_PROCESS, 1, 19)
    os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))
    time.sleep(0.3)
    print("on", flush=True)
    """
    code = TOOLS + code.replace("\n    ", "\n")
    done = run_python(tree, code)
    assert (done.code, done.ended, done.output) == (0, "exited", "on\n")
    greedy = run_python(tree, f"{code}\n{FILES_WITHOUT_A_NAME}\ntime.sleep(30)", LITTLE)
    assert (greedy.ended, greedy.output) == ("memory", "on\n")


def test_a_kept_folder_has_a_limit_for_the_number_of_its_files(tree: Path) -> None:
    code = "import time\nfor n in range(600): open(f'kept/{n}', 'w').close()\ntime.sleep(20)"
    done = run_python(tree, code, SandboxLimits(seconds=60, kept_files=500), KEPT)
    assert (done.ended, done.reports) == ("killed", ("no disk space left",))


@pytest.mark.parametrize(("levels", "size"), [(60, 6), (200, 0)])
def test_no_path_in_a_kept_folder_is_too_long_to_count(tree: Path, levels: int, size: int) -> None:
    """60 names of 100 letters are longer than Linux takes a path; 200 levels are deeper than any build."""
    code = f"""
    import os, time
    os.chdir("kept")
    for _ in range({levels}):
        os.mkdir("d" * 100)
        os.chdir("d" * 100)
    open("file", "wb").write(bytes({size} << 20))
    time.sleep(20)
    """
    done = run_python(tree, code, SandboxLimits(seconds=60, kept_bytes=4 * MIB), KEPT)
    assert (done.ended, done.reports) == ("killed", ("no disk space left",))


def test_a_closed_folder_in_a_kept_one_is_counted(tree: Path) -> None:
    code = "import os, time\nos.makedirs('kept/a/b')\nopen('kept/a/f', 'wb').write(bytes(6 << 20))\n"
    code += "os.chmod('kept/a', 0)\ntime.sleep(20)"
    done = run_python(tree, code, SandboxLimits(seconds=60, kept_bytes=4 * MIB), KEPT)
    assert (done.ended, done.reports) == ("killed", ("no disk space left",))


FILLED = """
import os
for n in range(6): open(f"kept/{n}", "wb").write(bytes(1 << 20))
"""
LINKED = "import os\nopen('kept/a', 'w').close()\nfor n in range(600): os.link('kept/a', f'kept/{n}')"
DEEP = """
import os
os.chdir("kept")
open("file", "wb").write(bytes(6 << 20))
for _ in range(300):
    os.mkdir("d")
    os.mkdir("e")
    os.chdir("d")
"""
CLOSED = (
    "import os\nos.makedirs('kept/a/b')\nopen('kept/a/f', 'wb').write(bytes(6 << 20))\nos.chmod('kept/a', 0)"
)
OUTSIDE = "import os\nos.symlink('/usr', 'kept/usr')\nos.symlink('../code.py', 'kept/code')" + FILLED


@pytest.mark.parametrize("code", [FILLED, LINKED, DEEP, CLOSED, OUTSIDE], ids=map(str, range(5)))
def test_a_kept_folder_that_is_too_large_at_the_end_is_emptied(tree: Path, code: str) -> None:
    (tree / "code.py").write_text("x = 1")
    done = run_python(tree, code, SandboxLimits(seconds=60, kept_bytes=4 * MIB, kept_files=500), KEPT)
    assert (done.ended, done.reports) == ("killed", ("no disk space left",))
    assert os.listdir(tree / "kept") == []
    assert (tree / "code.py").exists()
    small = run_python(tree, "open('kept/a', 'w').close()", SandboxLimits(seconds=60), KEPT)
    assert (small.code, os.listdir(tree / "kept")) == (0, ["a"])


def test_no_call_reserves_room_without_writing(tree: Path) -> None:
    code = """
    import ctypes, fcntl, os, struct
    libc = ctypes.CDLL(None, use_errno=True)
    file = os.open("kept/a", os.O_CREAT | os.O_RDWR)
    size = ctypes.c_long(1 << 20)
    print(libc.fallocate(file, 0, ctypes.c_long(0), size), ctypes.get_errno())
    for request in (0x40305828, 0x4030582A, 0x40305839):
        try:
            fcntl.ioctl(file, request, struct.pack("hhqqiI16x", 0, 0, 0, 1 << 20, 0, 0))
        except OSError as error:
            print(error.errno)
    os.posix_fallocate(file, 0, 1 << 20)
    print(os.fstat(file).st_size)
    """
    done = run_python(tree, code, SandboxLimits(seconds=60), KEPT)
    assert done.output.split() == ["-1", "95", "95", "95", "95", str(1 << 20)]


def test_what_is_in_a_folder_is_summed_without_its_links(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_bytes(bytes(3 * MIB))
    (tmp_path / "out").symlink_to("/usr")
    folders = [str(tmp_path)]
    assert not is_too_large(folders, 4 * MIB, 3)
    assert is_too_large(folders, 2 * MIB, 3)
    assert is_too_large(folders, 4 * MIB, 2)
    assert is_too_large([*folders, *folders], 4 * MIB, 9)


def test_files_without_a_name_count_where_they_fill_the_disk() -> None:
    assert fills_disk(before=100, left=20, most=40)
    assert not fills_disk(before=500, left=420, most=40)
    assert not fills_disk(before=30, left=20, most=40)


def test_no_file_that_stays_runs_as_the_user_or_group_that_owns_it(tree: Path) -> None:
    """Whichever call gives the mode; one that opens no new file may have any."""
    code = """
    machine = os.uname().machine
    openat2 = libc.syscall(437, -100, b"kept/openat2", (ctypes.c_ulong * 3)(0o102, 0o4755, 0), 24)
    fchmodat2 = lambda: libc.syscall(452, -100, b"kept/file", 0o4755, 0)
    open("kept/file", "w").close()
    file = os.open("kept/file", os.O_RDWR)
    folder = os.open("kept", os.O_RDONLY)
    attempts = [
        lambda: os.chmod("kept/file", 0o4755),
        lambda: os.chmod("kept/file", 0o2755),
        lambda: os.fchmod(file, 0o6755),
        lambda: os.chmod("file", 0o4755, dir_fd=folder),
        lambda: os.open("kept/opened", os.O_CREAT | os.O_WRONLY, 0o4755),
        lambda: os.open("kept", os.O_TMPFILE | os.O_WRONLY, 0o4755),
        lambda: os.mknod("kept/made", stat.S_IFREG | 0o4755),
        lambda: os.mknod("made", stat.S_IFREG | 0o4755, dir_fd=folder),
    ]
    if machine == "x86_64":
        attempts.append(lambda: libc.syscall(85, b"kept/created", 0o4755) < 0 and 1 / 0)
    for number, attempt in enumerate(attempts):
        try:
            attempt()
            print("DID", number)
        except (PermissionError, ZeroDivisionError):
            pass
    print(openat2, fchmodat2(), os.open("kept/file", os.O_RDONLY, 0o4755) > 0)
    os.chmod("kept/file", 0o1755)
    """
    done = run_python(tree, TOOLS + code.replace("\n    ", "\n"), view=KEPT)
    assert done.output == "-1 -1 True\n"
    assert sorted(os.listdir(tree / "kept")) == ["file"]
    assert (tree / "kept" / "file").stat().st_mode & 0o7777 == 0o1755


def test_memory_is_read_from_the_control_group_or_from_the_machine(tmp_path: Path) -> None:
    (tmp_path / "memory.current").write_text("1000000\n")
    (tmp_path / "memory.stat").write_text(
        "anon 300000\nfile 500000\nkernel 90000\nshmem 200000\nslab_reclaimable 40000\n"
    )
    assert held_memory(str(tmp_path)) == 360_000
    (tmp_path / "memory.swap.current").write_text("5000\n")
    assert held_memory(str(tmp_path)) == 365_000
    assert unused_memory(str(tmp_path)) == 0
    table = tmp_path / "meminfo"
    table.write_text(
        "MemTotal: 1000 kB\nMemFree: 500 kB\nBuffers: 10 kB\nCached: 200 kB\nAnonPages: 100 kB\n"
        "Shmem: 50 kB\nSReclaimable: 40 kB\nSwapTotal: 100 kB\nSwapFree: 93 kB\n"
    )
    assert held_memory("", str(table)) == 207 * 1024
    zones = tmp_path / "zoneinfo"
    zones.write_text("Node 0, zone Normal\n  pages free 12\n    cpu: 0\n        count:    3\n  high: 9\n")
    assert unused_memory("", str(zones)) == 3 * os.sysconf("SC_PAGE_SIZE")
    table.write_text("MemTotal: 1000 kB\n")
    with pytest.raises(FileNotFoundError):
        held_memory("", str(table))
