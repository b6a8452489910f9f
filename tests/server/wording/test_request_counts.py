"""What a score is made from, in words: the counts come back from their logarithms."""

from assist_escalation.routing.features import RequestFacts, features
from assist_server.wording.requests import feature_words


def test_features_are_told_as_the_counts_that_they_were_made_from() -> None:
    facts = RequestFacts(
        "refactor",
        words="Restructure the project. Mind deadlocks and say why.",
        files=3,
        symbols=12,
        fan_out=1,
        edit_lines=39,
        context_tokens=1_024,
        local_window=4_096,
        diagnostics=2,
    )
    assert feature_words(features(facts)) == [
        "the command",
        "8 words in your request",
        "2 additional requirements",
        "1 word that suggests a hard task",
        "1 word about architecture",
        "3 files",
        "12 definitions",
        "1 called name",
        "39 lines that may change",
        "25% of the local model's context window",
        "2 reported problems",
    ]
    assert feature_words(features(RequestFacts("explain"))) == ["the command"]
