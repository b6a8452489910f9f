"""The files that a command in the sandbox sees: the system's programs and the copy of the repository.

The root is made from nothing, so what is not named here does not exist inside: other homes, data, sockets.
Only the copy, the home and the folders for temporary files can be changed. Their changes are in memory and go
with the sandbox, but for the folders that the plan names. This module starts no process.
"""

import errno
import os
import stat
from pathlib import PurePosixPath

from assist_runner.sandbox.kernel_calls import (
    NO_DEVICES,
    NO_PROGRAMS,
    NO_SETUID,
    READ_ONLY,
    bind,
    change_root,
    detach,
    make_private,
    mount,
    restrict,
)
from assist_runner.sandbox.limits import ConfinementPlan, SandboxLimits

# Folders at the top of the file system with programs, and the beginnings of their names.
_SYSTEM = frozenset({"usr", "opt", "nix", "gnu"})
_SYSTEM_BEGINNINGS = ("bin", "lib", "sbin")
# What programs need of /etc; the rest has keys and passwords.
_ETC = (
    "alternatives", "ca-certificates", "crypto-policies", "debian_version", "fonts", "host.conf",
    "java-11-openjdk", "java-17-openjdk", "java-21-openjdk", "java-25-openjdk", "ld.so.cache", "ld.so.conf",
    "ld.so.conf.d", "locale.alias", "localtime", "magic", "mime.types", "networks", "nsswitch.conf",
    "os-release", "pki/ca-trust", "pki/tls/certs", "protocols", "rpc", "services", "ssl/certs",
    "ssl/openssl.cnf", "timezone",
)  # fmt: skip
_DEVICES = ("null", "zero", "full", "random", "urandom")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
_FILES = 300_000  # in memory, at 1 kB each even if they are empty
_FIRST_PIDS = 300  # numbers that Linux gives out only once
_OWN_PID_MAX = (6, 14)  # from this Linux on, the highest number is one namespace's and not the machine's

HOST = "sandbox"  # the name of the machine inside
NEW, OLD, ROOM, LOWER, FOLDERS = "/new", "/old", "/room", "/lower", "/folders"


def build_root(plan: ConfinementPlan) -> None:
    """Gives the process, which is the first in its namespaces, the root of the plan. Raises OSError."""
    make_private()
    _leave_for_base(plan)
    mount("tmpfs", ROOM, f"size={plan.limits.disk},nr_inodes={_FILES},mode=0700")
    for name, mode in (("home", 0o700), ("tmp", 0o1777), ("var-tmp", 0o1777), ("shm", 0o1777)):
        os.mkdir(f"{ROOM}/{name}")
        os.chmod(f"{ROOM}/{name}", mode)
    os.mkdir(f"{ROOM}/layers")
    mount("tmpfs", NEW, "size=4m,mode=0755")
    _show_system()
    _write_etc(plan.home)
    _show_devices()
    _show_processes(plan.limits)
    _show_places(plan)
    os.chdir(NEW)
    change_root(".", ".")
    detach(".")
    os.chdir("/")
    restrict("/", READ_ONLY | NO_SETUID | NO_DEVICES, recursive=False)


def _leave_for_base(plan: ConfinementPlan) -> None:
    """Enters an empty root from which the machine's is at `OLD`, for reading only."""
    os.umask(0o022)
    base = plan.tree  # any folder that exists; it is only covered while the root changes
    mount("tmpfs", base, "size=4m,mode=0755")
    for folder in (NEW, OLD, ROOM, LOWER, FOLDERS):
        os.mkdir(base + folder)
    change_root(base, base + OLD)
    os.chdir("/")
    bind(OLD + plan.tree, LOWER)
    for number, folder in enumerate(plan.folders):
        os.mkdir(f"{FOLDERS}/{number}")
        bind(f"{OLD}{plan.tree}/{folder}", f"{FOLDERS}/{number}")
        restrict(f"{FOLDERS}/{number}", NO_SETUID | NO_DEVICES)
    restrict(OLD, READ_ONLY)


def is_system(path: str) -> bool:
    """Whether an absolute path is in a folder of the system that is shown anyway."""
    top = PurePosixPath(path).parts[1:2]
    return bool(top) and (top[0] in _SYSTEM or top[0].startswith(_SYSTEM_BEGINNINGS))


def _show_system() -> None:
    for name in os.listdir(OLD):
        if not is_system(f"/{name}"):
            continue
        if os.path.islink(f"{OLD}/{name}"):
            os.symlink(os.readlink(f"{OLD}/{name}"), f"{NEW}/{name}")
        elif os.path.isdir(f"{OLD}/{name}"):
            _show(f"{OLD}/{name}", f"/{name}")
    cpus = "/sys/devices/system/cpu"  # some runtimes count processors here
    if os.path.isdir(OLD + cpus):
        _show(OLD + cpus, cpus)


def _write_etc(home: str) -> None:
    """A small /etc: one user, no name server, and certificates and lists that hold no secret."""
    for name in _ETC:
        if os.path.exists(f"{OLD}/etc/{name}") and (source := _inside_old(f"/etc/{name}")):
            _show(source, f"/etc/{name}")
    user, group = os.getuid(), os.getgid()
    texts = {
        "passwd": f"tester:x:{user}:{group}::{home}:/bin/sh\n",
        "group": f"tester:x:{group}:\n",
        "hosts": f"127.0.0.1 localhost {HOST}\n::1 localhost\n",
        "resolv.conf": "",
    }
    for name, text in texts.items():
        with open(_point(f"/etc/{name}", folder=False), "w", encoding="ascii", errors="replace") as file:
            file.write(text)


def _inside_old(path: str) -> str:
    """The path of a file below `OLD` without links; "" if a link leads out of what `OLD` has."""
    for _ in range(8):  # absolute links mean the machine's root, which is at OLD
        real = os.path.realpath(OLD + path)
        if real.startswith(OLD + "/"):
            return real if os.path.exists(real) else ""
        path = real
    return ""


def _show_devices() -> None:
    for name in _DEVICES:
        target = _point(f"/dev/{name}", folder=False)
        bind(f"{OLD}/dev/{name}", target)
        # A device on a read-only mount can be written to, but its owner cannot change its mode.
        restrict(target, READ_ONLY | NO_SETUID | NO_PROGRAMS)
    for name, link in _DEVICE_LINKS.items():
        os.symlink(link, f"{NEW}/dev/{name}")
    mount("devpts", _point("/dev/pts", folder=True), "newinstance,ptmxmode=0666,mode=0620")


def _show_processes(limits: SandboxLimits) -> None:
    """/proc of the own processes alone, for reading only: uid 0 may change the kernel's settings there."""
    proc = _point("/proc", folder=True)
    mount("proc", proc)
    with open(f"{proc}/sys/user/max_user_namespaces", "w", encoding="ascii") as file:
        file.write("0")  # a process with namespaces of its own has more of the kernel to attack
    # RLIMIT_NPROC does not hold for the machine's root, so this does.
    if _linux() >= _OWN_PID_MAX:
        with open(f"{proc}/sys/kernel/pid_max", "w", encoding="ascii") as file:
            file.write(str(_FIRST_PIDS + limits.processes))
    restrict(proc, READ_ONLY | NO_SETUID | NO_DEVICES | NO_PROGRAMS)


def _linux() -> tuple[int, int]:
    major, minor, *_ = os.uname().release.split(".")
    return int(major), int("".join(sign for sign in minor if sign.isdigit()) or 0)


def _show_places(plan: ConfinementPlan) -> None:
    """The copy of the repository, the private folders, and what else the plan shows; outer ones first."""
    private = {plan.home: "home", "/tmp": "tmp", "/var/tmp": "var-tmp", "/dev/shm": "shm"}  # noqa: S108
    places = [(place, f"{ROOM}/{name}", "private") for place, name in private.items()]
    places += [(place, OLD + source, "shown") for source, place in plan.readable if not is_system(place)]
    places.append((plan.place, LOWER, "tree"))
    places += [
        (f"{plan.place}/{folder}", f"{FOLDERS}/{number}", "private")
        for number, folder in enumerate(plan.folders)
    ]
    for place, source, kind in sorted(places, key=lambda each: len(PurePosixPath(each[0]).parts)):
        if kind == "tree":
            _overlay(source, place)
        elif kind == "shown" and place.startswith(f"{plan.place}/") and os.path.isdir(source):
            _show_changeable(source, place)
        elif kind == "shown":
            _show(source, place)
        else:
            bind(source, _point(place, folder=True))


def _overlay(source: str, place: str) -> None:
    """A folder whose changes are in memory. `source` has no comma or colon in its path."""
    number = len(os.listdir(f"{ROOM}/layers"))
    upper, work = f"{ROOM}/layers/{number}-upper", f"{ROOM}/layers/{number}-work"
    os.mkdir(upper, 0o755)
    os.mkdir(work, 0o755)
    data = f"lowerdir={source},upperdir={upper},workdir={work},userxattr"
    mount("overlay", _point(place, folder=True), data)


def _show_changeable(source: str, place: str) -> None:
    """Installed packages in the repository: some runners write their caches there."""
    lower = f"{ROOM}/lower-{len(os.listdir(ROOM))}"
    os.mkdir(lower)
    bind(source, lower)
    restrict(lower, READ_ONLY | NO_SETUID | NO_DEVICES)
    _overlay(lower, place)


def _show(source: str, place: str) -> None:
    target = _point(place, folder=os.path.isdir(source))
    bind(source, target)
    restrict(target, READ_ONLY | NO_SETUID | NO_DEVICES)


def _point(place: str, *, folder: bool) -> str:
    """A path in the new root to mount something at, made if it is missing. No link on the way is followed."""
    at = NEW
    parts = PurePosixPath(place).parts[1:]
    for number, part in enumerate(parts, 1):
        at = f"{at}/{part}"
        try:
            mode = os.lstat(at).st_mode
        except FileNotFoundError:
            if folder or number < len(parts):
                os.mkdir(at, 0o755)
            else:
                os.close(os.open(at, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        else:
            if stat.S_ISLNK(mode):
                raise OSError(errno.ELOOP, f"{place}: a link is in the way")
    return at
