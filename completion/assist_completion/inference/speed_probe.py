"""How fast a model runs on this machine, and how many tokens fit a budget of time.

The model is first opened in a child process. A broken file that crashes llama.cpp kills only the child, and a
file without infilling tokens is refused before anything depends on it. Measurements are remembered by
machine, file and build, so later starts cost nothing.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from assist_completion.errors import ModelError
from assist_completion.inference.answer_generation import (
    AnsweringModel,
    answering_model_of,
    no_answering_model,
)
from assist_completion.inference.generation import Model, TokenBudget
from assist_completion.inference.libraries import (
    ILLEGAL_INSTRUCTION,
    REMEDIES,
    child_command,
    library_sources,
    use_told,
)
from assist_completion.inference.llama import Abort, Llama, Load, features
from assist_completion.inference.physical_cores import physical_cores
from assist_completion.inference.prefix_cache import PrefixCache
from assist_completion.prompt.layout import FAR, Extent
from assist_completion.prompt.token_healing import Healer
from assist_completion.settings import CompletionSettings
from assist_context import durable_files

PROMPT = 256  # tokens that are prefilled
# Tokens that are read at a new place on any machine, a fifth of them from below the cursor. Of 50 lines of
# five repositories the 0.5B wrote 14 right with 150 + 40 tokens, 5 with 72 + 24 and 16 with 474 + 80; the
# 1.5B 23, 12 and 24.
NEW_PLACE = 190
ANSWER = 12  # tokens that are decoded for each number of threads; with PROMPT about 2 s on two cores
LONG = 1.0  # seconds; a run that takes as long is not repeated: two of 1.9 s differed by 2 to 5 %
ENOUGH = 0.75  # of the best decoding speed: on two cores one thread gives 0.79, for half the CPU time
WINDOW = 8192  # tokens of question and answer: 99 MB for a 0.5B while it answers, 224 MB for a 1.5B
QUIET = 0.85  # of a core for each thread; with less, other processes computed too and the figures do not last
# A measurement that was not quiet is repeated, but rarely: where two threads share a core it never is quiet.
TRIES = 3
AGAIN = 3600.0  # seconds between two tries
TIMEOUT = 300.0  # seconds; a 7B model from a cold disk takes minutes
_ARM = ("arm64", "aarch64")
_EXIT_UNFIT = 3
_ANSWERS = "answers"  # tells the child that the model need not support infilling


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second for reading and writing. `trained` is the longest context the model was trained for.

    `decode_threads` is the smallest number that writes at nearly full speed. `quiet` says that nothing else
    kept the cores busy during the measurement. This is the best of `tries`, the last at `tried` (Unix time).
    `flash` says whether flash attention is used.
    """

    prefill: float
    decode: float
    decode_threads: int
    trained: int
    quiet: bool = True
    features: str = ""
    tries: int = 1
    tried: float = 0.0
    flash: bool = True


def measure(path: Path, threads: int, *, infill: bool = True, arm: bool | None = None) -> Speed:
    """Load the model here and time it. Raises `ModelError` if it lacks tokens that `infill` needs.

    On ARM it is timed without flash attention too, which there can take several times as long.
    """
    speed = _measure_once(path, threads, infill=infill, flash=True)
    if not (platform.machine().lower() in _ARM if arm is None else arm):
        return speed
    return max(speed, _measure_once(path, threads, infill=infill, flash=False), key=_prefill)


def _prefill(speed: Speed) -> float:
    return speed.prefill


def _measure_once(path: Path, threads: int, *, infill: bool, flash: bool) -> Speed:
    threads = threads or physical_cores()
    llama = Llama(Load(path, context=1024, sequences=1, threads=threads, flash=flash), Abort())
    try:
        start = (*llama.fim().head, llama.fim().pre) if infill else llama.head()
        tokens = (llama.tokenize("def area(width, height):\n    return width * height\n") * PROMPT)[:PROMPT]
        llama.decode(0, [*start, tokens[0]], 0)  # the first call also pays for page faults
        prefill, quiet = _time(lambda: _read_tokens(llama, tokens), PROMPT, threads)
        decode: dict[int, float] = {}
        for count in sorted({1, 2, threads}):
            if count <= threads:
                llama.set_threads(count, threads)
                decode[count], alone = _time(lambda: _write_tokens(llama, tokens[0]), ANSWER, count)
                quiet = quiet and alone
        count = next(n for n, speed in decode.items() if speed >= ENOUGH * max(decode.values()))
        return Speed(prefill, decode[count], count, llama.trained_context(), quiet, features(), flash=flash)
    finally:
        llama.close()


def _time(work: Callable[[], object], tokens: int, threads: int) -> tuple[float, bool]:
    """Tokens a second, in the better of two runs or in one long one, and whether the cores were free."""
    speeds: list[float] = []
    shares: list[float] = []
    while len(speeds) < 2 and (not speeds or tokens / speeds[0] < LONG):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        speeds.append(tokens / wall)
        shares.append(cpu / wall / threads)
    return max(speeds), max(shares) >= QUIET


def _read_tokens(llama: Llama, tokens: list[int]) -> None:
    llama.truncate(0, 0)
    llama.decode(0, tokens, 0)


def _write_tokens(llama: Llama, token: int) -> None:
    for i in range(ANSWER):
        llama.decode(0, [token], PROMPT + i)
    llama.truncate(0, PROMPT)


def speed_of(
    path: Path,
    threads: int,
    memory: Path,
    *,
    infill: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> Speed:
    """The remembered speed of a model on this machine, else a new probe of about two seconds, which is said.

    A model that only answers need not support infilling (`infill=False`). A measurement that was made while
    other processes kept the cores busy is repeated later, a few times, once the machine is free.
    """
    key = _key(path, threads)
    known = _read(memory)
    old = known.get(key)
    if old is not None and not needs_probe(old, time.time(), busy=_busy()):
        return old
    say("measuring how fast the model runs here")
    speed = best_of(old, _probe(path, threads, infill=infill), time.time())
    _write(memory, {**known, key: speed})
    return speed


def needs_probe(speed: Speed, now: float, *, busy: bool) -> bool:
    """Whether a measurement should be repeated.

    >>> needs_probe(Speed(90, 20, 1, 32768), 1e9, busy=False)
    False
    >>> hasty = Speed(90, 20, 1, 32768, quiet=False, tried=1e9)
    >>> needs_probe(hasty, 1e9 + 60, busy=False), needs_probe(hasty, 1e9 + 7200, busy=False)
    (False, True)
    """
    return not (speed.quiet or busy or speed.tries >= TRIES or now - speed.tried < AGAIN)


def best_of(old: Speed | None, new: Speed, now: float) -> Speed:
    """The faster of two measurements: what else ran meanwhile can only have slowed a model down."""
    if old is None:
        return replace(new, tried=now)
    best = new if new.quiet or new.prefill >= old.prefill else old
    return replace(best, quiet=new.quiet, tries=old.tries + 1, tried=now)


def budget_for(speed: Speed, settings: CompletionSettings) -> TokenBudget:
    """The budget for this speed: 0.75 s to read a new place, 4 s for a full head, 0.6 s to write a line.

    At least `NEW_PLACE` tokens are read at a new place, and all that the settings ask for.
    """
    suffix = _between(80, int(0.6 * speed.prefill), 400)
    full = _between(400, int(4 * speed.prefill), 2400)
    small = max(NEW_PLACE, int(0.75 * speed.prefill))
    if settings.context_tokens:
        suffix = min(suffix, settings.context_tokens // 5)
        full = settings.context_tokens - suffix
        small = settings.context_tokens
    below = min(suffix, small // 5)
    small = min(small, full + suffix)
    line = _between(16, int(0.6 * speed.decode), 32)
    block = _between(48, int(2 * speed.decode), 128)
    room = full + suffix + 2200  # typed text after the anchor, answers, snippets
    return TokenBudget(
        full=Extent(full, suffix, lines_after=24, snapped=True),
        small=Extent(small - below, below, lines_after=12, snapped=False, far=FAR),
        line_tokens=line,
        block_tokens=block,
        snippets=int(0.4 * full),
        context=min(speed.trained, -(-room // 256) * 256),
        exact=bool(settings.context_tokens),
    )


def answering_load(path: Path, speed: Speed, threads: int) -> Load:
    """How to open a model that answers: one sequence of `WINDOW` tokens, or fewer if trained for fewer."""
    return Load(path, min(WINDOW, speed.trained), 1, threads, speed.decode_threads, speed.flash)


def opener(
    path: Path,
    settings: CompletionSettings,
    budget: TokenBudget,
    decode_threads: int,
    answering: Load | None = None,
    *,
    flash: bool = True,
) -> Callable[[Abort], Model]:
    """A function that opens the model on the thread that will own it.

    The model that answers is opened later, at the first question.
    """

    def open_model(abort: Abort) -> Model:
        load = Load(path, budget.context, 2, settings.threads, decode_threads, flash)
        llama = Llama(load, abort)
        try:
            fim, pieces = llama.fim(), llama.pieces()
        except ModelError:
            llama.close()
            raise
        prefix_cache = PrefixCache(llama, settings.snapshot_mb << 20)
        if answering is None:
            answering_model = AnsweringModel(no_answering_model)
        else:
            answering_model = answering_model_of(answering, abort, llama)
        return Model(llama, fim, Healer(pieces, fim.special), pieces, prefix_cache, budget, answering_model)

    return open_model


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))


def _probe(path: Path, threads: int, *, infill: bool) -> Speed:
    words = [str(path), str(threads), *([] if infill else [_ANSWERS])]
    try:
        done = subprocess.run(
            child_command("assist_completion.inference.speed_probe", *words),
            stdin=subprocess.DEVNULL,  # the server's own is an editor's pipe, on which Windows would wait
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"{path} did not load within {TIMEOUT:.0f} s; choose a smaller model.") from None
    if done.returncode == 0:
        return Speed(**json.loads(done.stdout))
    raise probe_failure(path, done.returncode, done.stderr)


def probe_failure(path: Path, code: int, said: str) -> ModelError:
    """Why the child that measures a model ended with this exit code: the model, or the library."""
    if code == _EXIT_UNFIT:
        return ModelError(said.strip())
    if code in ILLEGAL_INSTRUCTION:
        source = library_sources()[0]
        return ModelError(
            f"{source.build} in {source.folder} uses instructions that this processor does not have. "
            f"{REMEDIES[source.origin]}."
        )
    return ModelError(
        f"{path} crashes llama.cpp (exit {code}): the file is damaged or too new. "
        "Check it with `assist models verify`, or fetch it again."
    )


def _busy() -> bool:
    """Whether more than half of the cores have been busy during the last minute."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.5 * physical_cores()


def _key(path: Path, threads: int) -> str:
    facts = path.stat()
    parts = (str(path.resolve()), facts.st_size, facts.st_mtime_ns, threads, os.cpu_count(), _cpu(), _build())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith("model name")), platform.machine())


def _build() -> str:
    """The library that would run. It is not loaded for that."""
    return next((source.build for source in library_sources()), "")


def _read(memory: Path) -> dict[str, Speed]:
    try:
        return {key: Speed(**value) for key, value in json.loads(memory.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # missing or damaged: measure again


def _write(memory: Path, known: dict[str, Speed]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    speeds = {key: asdict(speed) for key, speed in known.items()}
    durable_files.replace(memory, json.dumps(speeds).encode())


def main(arguments: list[str]) -> int:
    """The child process: prints the speed as JSON, or the reason of a refusal on stderr."""
    try:
        told, path, threads, *how = arguments
        use_told(told)
        speed = measure(Path(path), int(threads), infill=_ANSWERS not in how)
    except ModelError as error:
        sys.stderr.write(str(error))
        return _EXIT_UNFIT
    sys.stdout.write(json.dumps(asdict(speed)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
