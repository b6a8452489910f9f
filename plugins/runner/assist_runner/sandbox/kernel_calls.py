"""The calls to Linux that Python 3.11 does not have: namespaces, mounts, capabilities and a filter of calls.

Each function raises `OSError`, with what was tried in its text. This module decides nothing.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace

NEW_USER = 0x10000000
NEW_MOUNTS = 0x00020000
# Processes, network, System V IPC, host name and cgroups.
NEW_REST = 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000 | 0x02000000

READ_ONLY, NO_SETUID, NO_DEVICES, NO_PROGRAMS = 1, 2, 4, 8  # of a mount; mount(2) has the same numbers
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_DETACH = 2
_MOUNT_SETATTR = 442  # this number is the same for all machines
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000

_SET_DEATH_SIGNAL, _SET_DUMPABLE, _SET_SECCOMP, _DROP_BOUNDING = 1, 4, 22, 24
_SET_SECUREBITS, _SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVILEGES, _AMBIENT = 28, 36, 38, 47
_NO_ROOT = 0b11101111  # uid 0 has no rights, none survive a change of uid, and that is locked
_CAPABILITY_VERSION = 0x20080522

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06  # steps of a filter
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets of what it looks at; machines are little-endian


@dataclass(frozen=True, slots=True)
class CallNumbers:
    """The numbers that a kind of machine has for calls, and itself for the filter.

    `refused` are add_key, request_key, keyctl (keys of the user's other programs), bpf, perf_event_open and
    userfaultfd (none of a test's business), io_uring_setup and openat2 (they do what is filtered, with
    arguments in memory, where the filter cannot look).
    `reserving` is fallocate, which takes gigabytes of a disk between two looks of who watches; `control` is
    ioctl, which can do the same.
    `modes` are the calls that give a file its mode: the places of the mode and of the flags of an opening
    call, -1 for none, among the arguments.
    """

    machine: int
    pivot_root: int
    socket: int
    refused: tuple[int, ...]
    reserving: int
    control: int
    modes: Mapping[int, tuple[int, int]]


_GENERIC_CALLS = CallNumbers(
    machine=0,
    pivot_root=41,
    socket=198,
    refused=(217, 218, 219, 280, 241, 282, 425, 437),
    reserving=47,
    control=29,
    # mknodat, fchmod, fchmodat, openat, fchmodat2
    modes={33: (2, -1), 52: (1, -1), 53: (2, -1), 56: (3, 2), 452: (2, -1)},
)
_MACHINES = {
    "x86_64": CallNumbers(
        machine=0xC000003E,
        pivot_root=155,
        socket=41,
        refused=(248, 249, 250, 321, 298, 323, 425, 437),
        reserving=285,
        control=16,
        # open, creat, chmod, fchmod, mknod, openat, mknodat, fchmodat, fchmodat2
        modes={2: (2, 1), 85: (1, -1), 90: (1, -1), 91: (1, -1), 133: (1, -1)}
        | {257: (3, 2), 259: (2, -1), 268: (2, -1), 452: (2, -1)},
    ),
    "aarch64": replace(_GENERIC_CALLS, machine=0xC00000B7),
    "riscv64": replace(_GENERIC_CALLS, machine=0xC00000F3),
}
_OTHER_USER = 0o6000  # bits of a mode: a program that runs as the user or the group that owns it
_NEW_FILE = 0o100 | 0o20000000  # O_CREAT and O_TMPFILE; without them a mode is not looked at
# Families of sockets that the network namespace confines: unix, IPv4, IPv6, netlink. Others, such as vsock to
# the machine that hosts this one, do not belong to any namespace.
_FAMILIES = (1, 2, 10, 16)
_EPERM, _ENOSYS, _EOPNOTSUPP, _EAFNOSUPPORT = 1, 38, 95, 97
_RESERVE = (0x40305828, 0x4030582A, 0x40305839)  # FS_IOC_RESVSP, FS_IOC_RESVSP64, FS_IOC_ZERO_RANGE

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _calls() -> CallNumbers:
    name = platform.machine()
    if name not in _MACHINES:
        raise OSError(_ENOSYS, f"machines of type {name} are not known")
    return _MACHINES[name]


def unshare(flags: int) -> None:
    """Gives the process namespaces of its own."""
    _check(_libc.unshare(ctypes.c_int(flags)), "namespaces")


def mount(kind: str, target: str, data: str = "") -> None:
    """Mounts a new file system of a kind, such as "tmpfs", without programs that change the user."""
    flags = NO_SETUID if kind == "devpts" else NO_SETUID | NO_DEVICES
    result = _libc.mount(kind.encode(), os.fsencode(target), kind.encode(), flags, os.fsencode(data))
    _check(result, f"mount {kind}")


def make_private() -> None:
    """Lets no mount from here reach the outside, nor the other way around."""
    _check(_libc.mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None), "private mounts")


def bind(source: str, target: str) -> None:
    """Shows a file or folder, with all that is mounted in it, at another path too."""
    flags = _BIND | _RECURSIVE
    _check(_libc.mount(os.fsencode(source), os.fsencode(target), None, flags, None), "bind")


def restrict(target: str, attributes: int, *, recursive: bool = True, clear: int = 0) -> None:
    """Sets attributes of a mount, and of the mounts below it; needs Linux 5.12."""
    wanted = ctypes.create_string_buffer(struct.pack("=4Q", attributes, clear, 0, 0), 32)
    depth = _AT_RECURSIVE if recursive else 0
    result = _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR), ctypes.c_int(_AT_FDCWD), os.fsencode(target), ctypes.c_uint(depth),
        wanted, ctypes.c_size_t(32),
    )  # fmt: skip
    _check(result, "mount_setattr")


def change_root(new: str, old: str) -> None:
    """Makes a mount the root of the mount namespace; what was the root is at `old`, a path inside `new`."""
    number = _calls().pivot_root
    _check(_libc.syscall(ctypes.c_long(number), os.fsencode(new), os.fsencode(old)), "pivot_root")


def detach(target: str) -> None:
    """Takes a mount away, with all mounts in it."""
    _check(_libc.umount2(os.fsencode(target), _DETACH), "umount")


def die_with_parent() -> None:
    """The process is killed when its parent, or the thread that started it, ends."""
    _control(_SET_DEATH_SIGNAL, 9, "death signal")


def adopt_orphans() -> None:
    """Processes below this one become its children when their own parents end."""
    _control(_SET_CHILD_SUBREAPER, 1, "orphans")


def show_memory() -> None:
    """Lets processes of this user look into this one, as is usual; new namespaces have ended that."""
    _control(_SET_DUMPABLE, 1, "dumpable")


def hide_memory() -> None:
    """Lets no other process without rights look into this one: its memory, its open files."""
    _control(_SET_DUMPABLE, 0, "dumpable")


def _control(option: int, value: int, what: str) -> None:
    _check(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3), what)


def raise_loopback() -> None:
    """Turns on 127.0.0.1 in a new network namespace, which has nothing else."""
    internet, datagram, set_flags, up_and_running = 2, 2, 0x8914, 0x41
    descriptor = _libc.socket(internet, datagram | 0o2000000, 0)  # closed when a program is started
    _check(descriptor, "socket")
    try:
        request = ctypes.create_string_buffer(struct.pack("16sH", b"lo", up_and_running), 40)
        _check(_libc.ioctl(descriptor, ctypes.c_ulong(set_flags), request), "loopback")
    finally:
        os.close(descriptor)


def rename_host(name: str) -> None:
    """Gives the machine another name in a new namespace."""
    _check(_libc.sethostname(name.encode(), ctypes.c_size_t(len(name))), "host name")


def give_up_rights() -> None:
    """Drops every capability for good: no program that is started later gains one."""
    _control(_SET_NO_NEW_PRIVILEGES, 1, "no new privileges")
    _control(_SET_SECUREBITS, _NO_ROOT, "securebits")
    clear_all = 4
    _control(_AMBIENT, clear_all, "ambient capabilities")
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
        last = int(file.read())
    for number in range(last + 1):
        _control(_DROP_BOUNDING, number, "bounding set")
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION, 0), 8)
    none = ctypes.create_string_buffer(24)
    _check(_libc.capset(header, none), "capabilities")


def filter_calls() -> None:
    """Refuses kinds of sockets and calls to the kernel that no namespace confines, and set-user-ID files.

    Files in kept folders stay on the disk, where the mount that ignores these bits ends with the sandbox.
    """
    program = b"".join(_filter(_calls()))
    count = len(program) // 8
    buffer = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("@HP", count, ctypes.addressof(buffer))
    by_filter = 2
    result = _libc.prctl(
        ctypes.c_int(_SET_SECCOMP), ctypes.c_ulong(by_filter), described, *[ctypes.c_ulong(0)] * 2
    )
    _check(result, "seccomp")


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """An instruction of the filter; a jump says how many to leave out."""
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _filter(calls: CallNumbers) -> list[bytes]:
    steps = [_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, calls.machine, 1), _step(_ANSWER, _KILL)]
    # x32, a second set of numbers for the same calls, begins here; elsewhere no call has such a number.
    steps += [_step(_LOAD, _NUMBER), _step(_AT_LEAST, 0x40000000, 0, 1), _step(_ANSWER, _REFUSE | _ENOSYS)]
    for call in calls.refused:
        steps += [_step(_EQUAL, call, 0, 1), _step(_ANSWER, _REFUSE | _ENOSYS)]
    # With this answer C's library writes the bytes itself.
    steps += [_step(_EQUAL, calls.reserving, 0, 1), _step(_ANSWER, _REFUSE | _EOPNOTSUPP)]
    looks = [_step(_LOAD, _ARGUMENTS + 8)]
    looks += [_step(_EQUAL, request, len(_RESERVE) - at) for at, request in enumerate(_RESERVE)]
    looks += [_step(_ANSWER, _ALLOW), _step(_ANSWER, _REFUSE | _EOPNOTSUPP)]
    steps += [_step(_EQUAL, calls.control, 0, len(looks)), *looks]
    for call, (mode, flags) in calls.modes.items():
        looks = _mode_steps(mode, flags)
        steps += [_step(_EQUAL, call, 0, len(looks)), *looks]
    steps += [_step(_EQUAL, calls.socket, 1), _step(_ANSWER, _ALLOW), _step(_LOAD, _ARGUMENTS)]
    steps += [_step(_EQUAL, family, len(_FAMILIES) - at) for at, family in enumerate(_FAMILIES)]
    return [*steps, _step(_ANSWER, _REFUSE | _EAFNOSUPPORT), _step(_ANSWER, _ALLOW)]


def _mode_steps(mode: int, flags: int) -> list[bytes]:
    """Whether a call that gives a mode is refused. Without a new file, the flags end the look at once."""
    looks = [_step(_LOAD, _ARGUMENTS + 8 * mode), _step(_ANY_BIT, _OTHER_USER, 0, 1)]
    looks += [_step(_ANSWER, _REFUSE | _EPERM), _step(_ANSWER, _ALLOW)]
    if flags >= 0:
        looks = [_step(_LOAD, _ARGUMENTS + 8 * flags), _step(_ANY_BIT, _NEW_FILE, 0, 3), *looks]
    return looks
