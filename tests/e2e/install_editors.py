"""Install the editors and other tools that the end-to-end tests drive, once: `python tests/e2e/install_editors.py`.

Debian's packages are installed system-wide, which needs root; the others go into a cache folder. They are fetched
and unpacked at once, which took 42 s and not 72 s where pip and npm had the packages already.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import editors_debian
import editors_neovim
from editors_cache import cache
from editors_servers import python_server, typescript_server
from editors_vscode import vscode
from tool_programs import aider, codex, llm, opencode


def neovim() -> str:
    """All versions of Neovim, after Debian's packages: one is from Debian's archive, which apt has to know."""
    editors_debian.install()
    found = editors_neovim.install(cache(editors_neovim.__file__))
    return ", ".join(f"{program} ({version})" for version, program in found.items())


WANTED: Mapping[str, Callable[[], object]] = {
    "VS Code": lambda: vscode().entry,
    "Neovim": neovim,
    "Python's language server": lambda: " ".join(python_server()),
    "TypeScript's language server": lambda: " ".join(typescript_server()),
    "aider": aider,
    "Codex": codex,
    "llm": llm,
    "opencode": opencode,
}


def main() -> None:
    """Install all of them, and print where they are."""
    with ThreadPoolExecutor(len(WANTED)) as pool:
        found = {name: pool.submit(install) for name, install in WANTED.items()}
        for name, place in found.items():
            print(f"{name}: {place.result()}")


if __name__ == "__main__":
    main()
