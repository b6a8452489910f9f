"""A disk that is really full while the extension makes its Python environment: said so, by an error that offers to try again."""

import shutil
import subprocess
import sys
from pathlib import Path

EXTENSION = Path(__file__).parents[3] / "vscode-extension"
EDITOR = 'exports.workspace = { getConfiguration: () => ({ get: () => "", inspect: () => undefined }) };'
SET_UP = """
import { create, SetupError } from "SOURCE";
const [storage, here] = process.argv.slice(2);
const context = { globalStorageUri: { fsPath: storage }, asAbsolutePath: (path) => here + "/" + path };
create(context, { step: (number) => console.log("step", number) }).catch((error) => {
  console.log(error instanceof SetupError ? "SetupError" : "Error", error.message);
});
"""
SIZE = "6m"  # pip does not fit
# A small disk that only this process and its children see.
MOUNTED = 'mount -t tmpfs -o "size=$1" tmpfs "$2" && exec "$3" "$4" "$2" "$5"'


def test_a_full_disk_is_said_and_may_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "vscode.js").write_text(EDITOR)
    (tmp_path / "main.ts").write_text(SET_UP.replace("SOURCE", str(EXTENSION / "src/environment")))
    (tmp_path / "dist/python").mkdir(parents=True)
    (tmp_path / "dist/python/requirements.txt").write_text("")
    (tmp_path / "disk").mkdir()
    built = tmp_path / "main.js"
    words = ["--bundle", "--platform=node", f"--alias:vscode={tmp_path}/vscode.js", f"--outfile={built}"]
    subprocess.run([EXTENSION / "node_modules/.bin/esbuild", tmp_path / "main.ts", *words], check=True)
    node = shutil.which("node")
    assert node is not None
    path = f"{sys.base_prefix}/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNTED, "sh", SIZE, tmp_path / "disk", node, built, tmp_path],
        env={"PATH": path, "HOME": str(tmp_path)}, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    begun, said = done.stdout.splitlines()
    assert begun == "step 1"
    assert said.startswith("SetupError No Python environment was made: the disk is full: free about 1 GB")
