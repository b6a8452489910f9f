"""What a library of llama.cpp does with the tiny model, as JSON: a program, since a process loads one library only."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from assist_completion.inference.libraries import library_in_use, use_told
from assist_completion.inference.llama import Abort, Aborted, Llama, Load, apply_template

CODE = "def tab(x):\n    return 'ä'\n"


def differ(one: Any, other: Any) -> float:
    return float(np.abs(one - other).max())


def is_aborted(llama: Llama, abort: Abort, tokens: list[int]) -> bool:
    abort.set()
    try:
        llama.decode(0, tokens, llama.length(0))
    except Aborted:
        return True
    finally:
        abort.clear()
    return False


def facts(path: Path) -> dict[str, Any]:
    abort = Abort()
    llama = Llama(Load(path, context=256, sequences=2, threads=2), abort)
    tokens = llama.tokenize(CODE)
    fim = llama.fim()
    prompt = [fim.pre, *tokens, fim.suf, *tokens, fim.mid]
    first = llama.decode(0, prompt, 0).copy()
    finite = bool(np.isfinite(first).all())
    llama.truncate(0, len(prompt) - 1)
    rest = llama.decode(0, prompt[-1:], len(prompt) - 1).copy()
    llama.truncate(0, len(prompt) - 1)
    again = llama.decode(0, prompt[-1:], len(prompt) - 1).copy()
    plain = Llama(Load(path, context=256, sequences=1, threads=2, flash=False), abort)
    old_way = plain.decode(0, prompt, 0).copy()
    state = llama.save(0)
    restored = llama.restore(1, state)
    lengths = [llama.length(0), llama.length(1)]
    one = llama.decode(0, [tokens[0]], len(prompt)).copy()
    two = llama.decode(1, [tokens[0]], len(prompt)).copy()
    other = llama.decode(1, [tokens[1]], len(prompt) + 1).copy()
    each = [logits.copy() for logits in llama.decode_each(0, tokens[1:3], len(prompt) + 1)]
    aborted = is_aborted(llama, abort, tokens)
    after = llama.length(0)
    template = llama.chat_template()
    text = b"".join(map(llama.piece, tokens)).decode()
    llama.close()
    return {
        "build": library_in_use().source.build,
        "layouts": library_in_use().library.layout.builds,
        "text": text,
        "tokens": tokens,
        "fim": [fim.pre, fim.suf, fim.mid, fim.sep],
        "special": sorted(fim.special),
        "finite": finite,
        "size": len(first),
        "rewound": differ(rest, again),
        "split": differ(first, rest),
        "old way": differ(first, old_way),
        "restored": restored,
        "snapshot": differ(one, two),
        "sequences": differ(each[0], other),
        "lengths": lengths,
        "aborted": aborted,
        "after abort": after,
        "template": template,
        "chat": apply_template(template, [("user", "Why?")]),
        "prompt": len(prompt),
        "greedy": int(first.argmax()),
    }


if __name__ == "__main__":
    use_told(sys.argv[1])
    sys.stdout.write(json.dumps(facts(Path(sys.argv[2]))))
