"""Checks the plugin's Lua: StyLua's format, luacheck, and that it stays thin.

`python tests/style/check_lua.py [--fix]`; it prints what is wrong and exits with 1 if there is anything.
The tools are pinned and installed into a cache by `tests/e2e/editors_neovim.py`.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "neovim-plugin"
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import editors_neovim  # noqa: E402
from editors_cache import cache  # noqa: E402

FORMAT = """
const stylua = require(process.argv[1]);
const fs = require('fs');
const enums = {
  indent_type: stylua.IndentType,
  quote_style: stylua.QuoteStyle,
  collapse_simple_statement: stylua.CollapseSimpleStatement,
};
let wrong = 0;
for (const path of process.argv.slice(4)) {
  const config = stylua.Config.new();
  for (const [name, value] of Object.entries(JSON.parse(process.argv[3]))) {
    config[name] = name in enums ? enums[name][value] : value;
  }
  const old = fs.readFileSync(path, 'utf8');
  const made = stylua.formatCode(old, config, undefined, stylua.OutputVerification.Full);
  if (made === old) continue;
  if (process.argv[2] === 'fix') fs.writeFileSync(path, made);
  else { console.log(path + ': not in StyLua\\'s format'); wrong = 1; }
}
process.exit(wrong);
"""


def lines_of(path: Path) -> int:
    """Lines with code in them."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return sum(bool(line) and not line.startswith("--") for line in lines)


def main(arguments: list[str]) -> int:
    files = sorted(map(str, PLUGIN.rglob("*.lua")))
    luacheck, stylua = editors_neovim.install_checkers(cache(editors_neovim.__file__))
    module = stylua / "node_modules/@johnnymorganz/stylua/stylua_lib_node.cjs"
    mode = "fix" if "--fix" in arguments else "check"
    style = json.dumps(tomllib.loads((PLUGIN / ".stylua.toml").read_text(encoding="utf-8")))
    node = shutil.which("node") or "node"
    done = [subprocess.run([node, "-e", FORMAT, str(module), mode, style, *files], check=False)]
    usr = luacheck / "usr"
    paths = {
        "LUA_PATH": f"{usr}/share/lua/5.1/?.lua;{usr}/share/lua/5.1/?/init.lua;;",
        "LUA_CPATH": f"{usr}/lib/x86_64-linux-gnu/lua/5.1/?.so;;",
    }
    library = f"{usr}/lib/x86_64-linux-gnu"
    loader = [f"{library}/ld-linux-x86-64.so.2", "--library-path", library, f"{usr}/bin/lua5.1"]
    command = [*loader, f"{usr}/bin/luacheck", "--quiet", "--config", str(PLUGIN / ".luacheckrc"), *files]
    done.append(subprocess.run(command, env={**os.environ, **paths}, check=False))
    print(f"{sum(lines_of(Path(file)) for file in files)} lines of code in {len(files)} files")
    return int(any(each.returncode for each in done))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
