"""Install the editors and other tools that the end-to-end tests drive, once: `python tests/e2e/install_editors.py`.

Debian's packages are installed system-wide, which needs root; the others go into a cache folder.
"""

import editors_debian
import editors_neovim
from editors_cache import cache
from editors_servers import python_server, typescript_server
from editors_vscode import vscode
from tool_programs import aider, codex, llm, opencode


def main() -> None:
    """Install all of them, and print where they are."""
    editors_debian.install()
    print(f"VS Code: {vscode().entry}")
    for version, program in editors_neovim.install(cache(editors_neovim.__file__)).items():
        print(f"Neovim {version}: {program}")
    for command in (python_server(), typescript_server()):
        print(f"Language server: {' '.join(command)}")
    for tool in (aider(), codex(), llm(), opencode()):
        print(f"Tool: {tool}")


if __name__ == "__main__":
    main()
