"""`rate` and `stats` on recorded feedback, through the command line."""

from datetime import datetime

from command_runs import Assist
from recording import files, record_feedback

from assist_escalation.routing import feedback
from assist_evaluation.judging.calibration_fit import labels

Home = dict[str, str]


def test_rate_is_for_the_last_answer_of_this_folder_or_the_one_named(assist: Assist, home: Home) -> None:
    record_feedback(home, "r0", "routed", repo="another")
    assert "No model has answered a question about this folder" in assist("rate", "good").err
    record_feedback(home, "r1", "routed")
    record_feedback(home, "r2", "routed", command="ask", at=datetime(2026, 12, 1, 9, 5).timestamp())
    record_feedback(home, "r3", "routed", target="refused")
    record_feedback(home, "r4", "routed", repo="another")
    assert assist("rate", "good").out == "The `ask` of 2026-12-01 09:05 is now rated good (r2).\n"
    assert assist("rate", "bad", "r1", "--json").json == {
        "request_id": "r1",
        "command": "fix",
        "rated": "bad",
    }
    last = list(feedback.events(files(home).feedback))[-2:]
    assert [(each.request_id, each.event) for each in last] == [("r2", "up"), ("r1", "down")]
    assert len(labels(files(home).feedback)) == 2
    unknown = assist("rate", "good", "r3")
    assert unknown.code == 1
    assert "no answered request 'r3'" in unknown.err
    assert assist("rate", "fine").code == 2


def test_rate_is_for_an_answer_and_for_the_one_who_gave_it(assist: Assist, home: Home) -> None:
    record_feedback(home, "r1", "routed", target="frontier", command="ask")
    record_feedback(home, "r1", "answered", command="ask")  # the provider failed
    record_feedback(home, "r2", "routed", target="frontier", command="ask")  # it was called off
    assert assist("rate", "good").out.endswith("is now rated good (r1).\n")
    *_, last = feedback.events(files(home).feedback)
    assert (last.request_id, last.event, last.target) == ("r1", "up", "local")
    assert [each.good for each in labels(files(home).feedback)] == [True]


def test_stats_tell_of_answers(assist: Assist, home: Home) -> None:
    record_feedback(home, "r1", "routed", "accepted", "undone")
    record_feedback(home, "r2", "routed", "escalated_after", command="ask")
    record_feedback(home, "r2", "answered", "up", target="frontier", command="ask")
    record_feedback(home, "r3", "routed", target="frontier", command="ask")
    record_feedback(home, "r4", "routed", target="refused", command="ask")
    record_feedback(home, "r5", "routed", "unusable")
    assert assist("stats", "--json").json["answers"] == {
        "requests": 5,
        "answered": 1,
        "by_command": {"ask": 3, "fix": 2},
        "by_target": {"frontier": 2, "local": 2, "refused": 1},
        "ended_by_target": {"local": 2, "frontier": 1},
        "answered_by_target": {"frontier": 1},
        "refused_by_checks": {"local": 1},
        "local_usable_share": 0.5,
        "offered": 1,
        "accepted": 1,
        "kept_by_proof": {"tests": 0, "types": 0, "none": 0},
        "not_applied": 0,
        "undone": 1,
        "rated_good": 1,
        "rated_bad": 0,
        "escalated_share": 0.2,
    }
    told = " ".join(assist("stats").out.split())
    assert "5 requested: 3 ask, 2 fix" in told
    assert "2 on this machine, 2 at a provider, 1 refused (20% escalated)" in told
    assert "Answered 1 by a text, or by an edit that `assist undo` did not take back: 1 at a provider" in told
    assert "Edits 1 accepted, 1 undone, of 1 offered; 0 not applied" in told
    assert "edits that failed our checks: 1 on this machine; 50% of what this machine wrote" in told
    shown = assist("cost").out
    assert "at no cost: 1; edits that our checks rejected: 1 (50% passed)." in shown
