"""The router: how well it predicts which requests a small local model answers rightly, and its weights.

`collect` lets a local model write functions and fix broken ones, and runs the tests. FOLDER holds the
HumanEval-*Infilling.jsonl.gz files of the public repository openai/human-eval-infilling (MIT).
`fit` needs no model. It judges weights on problems that they were not fitted on, and compares them with
always local, always frontier, random and prompt length. The canonical solution counts as the frontier's
answer. The files it writes hold no text of a task or an answer.
"""

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import assist_escalation.routing.calibration as shipped
from assist_completion.errors import CompletionError
from assist_completion.model_store.store import resolve
from assist_completion.settings import DEFAULT_MODEL
from assist_escalation.routing.calibration import JUDGED, Weights, score
from assist_escalation.routing.features import Confidence, RequestFacts, answer_features, features
from assist_escalation.routing.router import RoutingRules, route, threshold
from assist_evaluation.judging.calibration_fit import Label, expected_error, reliability
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import open_store
from bench.infilling.tasks import SUITES, NoSandboxError, passes
from bench.provenance import command_line, layout, provenance, write
from bench.routing.labels import LocalModelWriter, collect
from bench.routing.report import table, weights_file
from bench.routing.score import (
    FOLDS,
    RESAMPLES,
    LabelledRequest,
    apgr,
    auroc,
    fit_weights,
    held_out_scores,
    interval,
    share_right,
)
from bench.routing.tasks import RoutingRequest, problems, requests

FITTED = Path(shipped.__file__).with_name("route_fitted.toml")
RATES = (0.15, 0.3, 0.5)
TYPICAL = 20  # typical scores, used until a user has a history
IDENTITY = ("id", "group", "good", "context_tokens", "tokens")
OPEN_RULES = RoutingRules(
    mode="auto", provider="frontier", upper_micro=5_000, request_micro=50_000, left_micro=10**9
)


def label_columns(asked: Sequence[RoutingRequest], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return labels as column names and rows of numbers."""
    lines = []
    names = list(IDENTITY)
    for request, row in zip(asked, rows, strict=True):
        sure = ("mean_margin", "least_margin", "worst8_margin")
        known = Confidence(
            *(row[name] for name in sure),
            bool(row["length_stop"]),
            row["parse_delta"],
            bool(row["edit_fits"]),
        )
        numbers = {**features(request.ask), **answer_features(known)}
        names = [*IDENTITY, *numbers]
        identity = [request.id, request.group, row["good"], request.ask.context_tokens, row["tokens"]]
        lines.append([*identity, *numbers.values()])
    return {"columns": names, "rows": lines}


def read_labels(data: Mapping[str, Any]) -> list[LabelledRequest]:
    """Return the rows of a labels file."""
    found = []
    for values in data["rows"]:
        row = dict(zip(data["columns"], values, strict=True))
        found.append(
            LabelledRequest(
                row["id"],
                row["group"],
                bool(row["good"]),
                row["context_tokens"],
                {name: row[name] for name in JUDGED.before},
                {name: row[name] for name in JUDGED.after},
            )
        )
    return found


def compare_routers(
    rows: Sequence[LabelledRequest], frontier: float, seed: int, resamples: int
) -> list[dict[str, Any]]:
    """Return the figures of each router. Scores that are not probabilities have no calibration error."""
    before, after = held_out_scores(rows)
    good = np.array([row.good for row in rows])
    groups = [row.group for row in rows]
    length = -np.array([row.context_tokens for row in rows], dtype=np.float64)
    routers = {
        "before an answer, fitted": before,
        "before an answer, judged": np.array([score(row.before, JUDGED) for row in rows]),
        "after an answer, fitted": after,
        "after an answer, judged": np.array([score(row.features, JUDGED) for row in rows]),
        "prompt length": length,
        "random": np.zeros(len(rows)),
        "perfect": good.astype(float),
    }
    found = []
    for name, own in routers.items():
        share = " an answer, " in name

        def within(figure: Callable[[Any], float]) -> list[float]:
            return _round_all(interval(figure, groups, seed, resamples))

        def area(at: Any, own: Any = own) -> float:
            return apgr(own[at], good[at], frontier)

        labels = [Label(float(each), bool(hit)) for each, hit in zip(own, good, strict=True)] if share else []
        found.append(
            {
                "router": name,
                "auroc": within(lambda at, own=own: auroc(own[at], good[at])),
                "apgr": within(area),
                "over length": within(lambda at: area(at) - area(at, length)) if own is not length else None,
                "right at": {str(rate): round(share_right(own, good, rate, frontier), 4) for rate in RATES},
                "ece": round(expected_error(reliability(labels)), 4) if share else None,
            }
        )
    return found


def _round_all(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]


def replay_threshold(rows: Sequence[LabelledRequest], frontier: float) -> list[dict[str, Any]]:
    """Apply the threshold to held-out scores in the order of the tasks, and return the rate that it keeps."""
    before, _ = held_out_scores(rows)
    found = []
    for rate in RATES:
        rules = replace(OPEN_RULES, rate=rate)
        history = []
        out = []
        for own in before:
            out.append(own < threshold(history, rules))
            history.append(float(own))
        good = np.array([row.good for row in rows], dtype=np.float64)
        gone = np.array(out)
        share = float(gone.mean())
        local = float(good.mean())
        right = float(np.where(gone, frontier, good).mean())
        row = {"rate": rate, "escalated": share, "right": right, "random": local + share * (frontier - local)}
        found.append({name: round(value, 4) for name, value in row.items()})
    return found


def decision_ms(rounds: int = 1000) -> dict[str, float]:
    """Time a decision with the longest history that the router reads and a request of 500 words, in ms.

    Also measured in CPU time of this thread, which other processes do not disturb.
    """
    history = [number % 97 / 97 for number in range(1_000)]
    ask = RequestFacts(
        "refactor", "please split it in two and keep the names. " * 55, 3, 40, 12, 80, 3000, 4096, 2
    )
    wall, own = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        begun = time.thread_time()
        route(ask, OPEN_RULES, "auto", history)
        wall.append(1000 * (time.perf_counter() - start))
        own.append(1000 * (time.thread_time() - begun))
    found = {"p50": (wall, 50), "p95": (wall, 95), "p95 of processor time": (own, 95)}
    return {name: round(float(np.percentile(times, share)), 3) for name, (times, share) in found.items()}


def fit(
    rows: Sequence[LabelledRequest], frontier: float, seed: int, resamples: int = RESAMPLES
) -> tuple[Weights, dict[str, Any]]:
    """Return weights fitted on all labels, and figures of such weights on problems they did not see."""
    weights = fit_weights(rows)
    good = [row.good for row in rows]
    own = [score(row.before, weights) for row in rows]
    typical = np.quantile(own, (np.arange(TYPICAL) + 0.5) / TYPICAL)
    scores = dict(zip(("before an answer", "after an answer"), held_out_scores(rows), strict=True))
    reliable = {
        name: [
            [row.predicted, row.observed, row.count]
            for row in reliability([Label(float(each), hit) for each, hit in zip(own, good, strict=True)])
        ]
        for name, own in scores.items()
    }
    return replace(weights, scores=tuple(map(float, typical))), {
        "labels": {"tasks": len(rows), "problems": len({row.group for row in rows}), "right": sum(good)},
        "always local": round(sum(good) / len(rows), 4),
        "frontier": frontier,
        "folds": FOLDS,
        "routers": compare_routers(rows, frontier, seed, resamples),
        "reliability": reliable,
        "replayed": replay_threshold(rows, frontier),
        "decision ms": decision_ms(),
    }


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser(
        "collect", help="let the model answer, and run the tests on its answers"
    ).add_argument
    add("--data", type=Path, required=True, metavar="FOLDER")
    add("--model", default=DEFAULT_MODEL, metavar="NAME_OR_PATH")
    add("--tasks", type=int, default=240)
    add("--seed", type=int, default=1, help="seed for drawing the tasks")
    add("--kept", type=Path, required=True, metavar="FILE.jsonl", help="rows so far; continues from there")
    add("--minutes", type=float, default=1e9, help="stop after this long; the order of tasks is random")
    add("--out", type=Path, required=True, metavar="FILE.json")
    add = commands.add_parser("fit", help="fit the weights, and judge them by cross-validation").add_argument
    add("--labels", type=Path, required=True, metavar="FILE.json", help="labels that `collect` wrote")
    add("--frontier", type=float, default=1.0, help="the frontier's share of right answers")
    add("--seed", type=int, default=1, help="seed for the intervals")
    add("--write", action="store_true", help=f"change {FITTED.name}")
    add("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    if options.command == "collect" and not (options.data / SUITES["single"]).is_file():
        parser.error(f"there is no {SUITES['single']} in {options.data}")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    try:
        _collect(options) if options.command == "collect" else _fit(options)
    except (NoSandboxError, CompletionError, ValueError, OSError) as error:
        sys.exit(f"route.py: {error}")


def _collect(options: argparse.Namespace) -> None:
    passes("", 1)
    path = resolve(open_store(load_lenient()), options.model)
    end = time.monotonic() + 60 * options.minutes
    asked = requests(problems(options.data), options.tasks, options.seed)
    writer = LocalModelWriter(path)
    try:
        answers = collect(asked, writer, options.kept)
        rows = list(itertools.takewhile(lambda _: time.monotonic() < end, answers))
    finally:
        writer.close()
    write(options.out, provenance(path), {"seed": options.seed, **label_columns(asked[: len(rows)], rows)})


def _fit(options: argparse.Namespace) -> None:
    data = json.loads(options.labels.read_text(encoding="utf-8"))
    weights, found = fit(read_labels(data), options.frontier, options.seed)
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    model = data["provenance"]["model"]
    found = {"provenance": {"date": date, "command": command_line(sys.argv), "model": model}, **found}
    print(layout(found) if options.json else table(found))
    if options.write:
        FITTED.write_text(weights_file(weights, JUDGED, found), encoding="utf-8")


if __name__ == "__main__":
    main()
