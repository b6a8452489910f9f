"""Private keys as files hold them, made at random from a seed: the text of the file, and the body of the key."""

import base64
import json
import random
import string
from collections.abc import Sequence
from dataclasses import dataclass

BASE64 = string.ascii_letters + string.digits + "+/"


@dataclass(frozen=True, slots=True)
class KeyFile:
    path: str
    text: str
    body: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines(keepends=True)

    def left(self, sent: str) -> list[str]:
        """The lines of the key that are in what was sent."""
        return [line for line in self.body if line in sent]


def body(seed: int, lines: int = 12, columns: int = 64, alphabet: str = BASE64, last: int = 30) -> list[str]:
    chance = random.Random(seed)
    sizes = [columns] * lines + ([last] if last else [])
    return ["".join(chance.choices(alphabet, k=size)) for size in sizes]


def pem(kind: str, lines: Sequence[str], end: str = "\n") -> str:
    return end.join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----"]) + end


def key_files() -> dict[str, KeyFile]:
    rsa, ec, ssh, wide = body(1, 13), body(2, 2, last=36), body(3, 8, 70), body(4, 7, 76)
    pgp, hexes = body(5, 6), body(6, 5, alphabet="0123456789abcdef", last=0)
    block = pem("RSA PRIVATE KEY", rsa)
    twice = base64.encodebytes(block.encode()).decode()
    literals = block.splitlines()
    return {
        "rsa": KeyFile("deploy.py", f'import ssl\n\nKEY = """{block}"""\n\ndef load():\n    return KEY\n', tuple(rsa)),
        "ec": KeyFile("ec.txt", f"a\nb\n{pem('EC PRIVATE KEY', ec)}c\n", tuple(ec)),
        "openssh": KeyFile("notes.md", f"# Key\n\n{pem('OPENSSH PRIVATE KEY', ssh)}\nEnd.\n", tuple(ssh)),
        "pgp": KeyFile(
            "pgp.txt", pem("PGP PRIVATE KEY BLOCK", ["Version: 2", "", *pgp, "=Ab3d"]), tuple(pgp)
        ),
        "yaml": KeyFile(
            "app.yaml", "tls:\n  key: |\n" + "".join(f"    {line}\n" for line in literals) + "port: 1\n", tuple(rsa)
        ),
        "java": KeyFile(
            "Key.java",
            "class Key {\n  String key =\n" + "".join(f'      "{line}\\n" +\n' for line in literals) + '      "";\n}\n',
            tuple(rsa),
        ),
        "python": KeyFile("k.py", "KEY = (\n" + "".join(f"    '{line}\\n'\n" for line in literals) + ")\n", tuple(rsa)),
        "json": KeyFile("key.json", "{\n" + f'  "a": 1,\n  "key": {json.dumps(block)},\n  "b": 2\n' + "}\n", tuple(rsa)),
        "xml": KeyFile("key.xml", f"<key>\n{twice}</key>\n", tuple(twice.splitlines())),
        "hex": KeyFile("k.txt", "raw:\n" + "".join(f'"{line}"\n' for line in hexes) + "end\n", tuple(hexes)),
        "76 columns": KeyFile("store.txt", f"x\n{pem('PRIVATE KEY', wide)}y\n", tuple(wide)),
        "CRLF": KeyFile("win.txt", f"x\r\n{pem('RSA PRIVATE KEY', rsa, chr(13) + chr(10))}y\r\n", tuple(rsa)),
    }  # fmt: skip
