"""The settings of what may leave the machine, to whom and at what price. By default nothing may leave.

Each value is checked. An error names the setting and says what to do instead, and never shows a value that
may be a secret. This module judges no request and reads no file and no environment. It holds the name of
a key's variable, never a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NewType, get_args

from assist_escalation.policy.checks import (
    check_bounds,
    check_pattern,
    check_thresholds,
    check_variable,
    check_words,
)
from assist_escalation.policy.endpoints import MAX_USD, ModelServer, Provider
from assist_escalation.policy.path_globs import check_globs

GhostTextSource = Literal["local", "server"]  # the strictest first
EscalationMode = Literal["never", "ask", "auto"]  # the strictest first: `permissions` compares by this order
AuditContent = Literal["hash", "redacted", "full"]  # the least first
MatchedText = Literal["refuse", "cut"]  # the strictest first
ANY = "*"  # in a list of names: all names
DEFAULT = "default"  # in thresholds: all kinds of request that have none of their own

# By kind of request, or `DEFAULT`: a provider may be asked only where a local answer is right with less than
# this. In a file a plain number is the `DEFAULT`.
Thresholds = NewType("Thresholds", Mapping[str, float])

REQUESTS = (
    "explain", "ask", "test", "refactor", "fix", "commit", "review", "cross_file", "architecture",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EscalationSettings:
    """All settings about egress. A wrong value raises `EscalationError`, which names the field.

    Most fields are in the `[escalation]` table. A field with `table` in its metadata is in that table, and
    one with `key` has another name there. `tightens` marks fields that a repository's file may set too,
    since they can only forbid: see `policy.permissions`.
    """

    mode: EscalationMode = field(
        default="never",
        metadata={
            "tightens": True,
            "choices": get_args(EscalationMode),
            "doc": "Whether requests may go to a provider: `never`, only after asking you (`ask`), or "
            "without asking within the limits below (`auto`).",
        },
    )
    max_escalation_rate: float = field(
        default=0.15,
        metadata={
            "tightens": True,
            "min": 0.0,
            "max": 1.0,
            "doc": "The maximum share of requests that may go to a provider, from 0 to 1.",
        },
    )
    threshold: Thresholds = field(
        default_factory=lambda: Thresholds({}),
        metadata={
            "tightens": True,
            "takes": "a number from 0 to 1, or such numbers by command and kind",
            "doc": "Ask a provider only if the local answer is correct with a probability below this: "
            "`0.6`, or by command and kind `threshold.fix = 0.5`, with `threshold.default` for the others. "
            "Not set: where the gain is worth the cost. `assist eval fit` recommends a value.",
        },
    )
    max_cost_usd_per_request: float = field(
        default=0.05,
        metadata={
            "tightens": True,
            "min": 0.0,
            "max": MAX_USD,
            "doc": "The maximum cost of one request, in US dollars.",
        },
    )
    max_cost_usd_per_day: float = field(
        default=2.0,
        metadata={
            "tightens": True,
            "min": 0.0,
            "max": MAX_USD,
            "doc": "The maximum cost per day, in US dollars.",
        },
    )
    always_local: tuple[str, ...] = field(
        default=(),
        metadata={
            "tightens": True,
            "choices": REQUESTS,
            "doc": "Kinds of request that never leave the machine.",
        },
    )
    always_ask: tuple[str, ...] = field(
        default=("refactor", "cross_file", "architecture"),
        metadata={
            "tightens": True,
            "choices": REQUESTS,
            "doc": "Kinds of request for which you are asked each time, even in mode `auto`.",
        },
    )
    allowed_providers: tuple[str, ...] = field(
        default=(ANY,),
        metadata={
            "tightens": True,
            "key": "providers",
            "doc": "The providers that may be used, by name, in order of preference. `*` means all.",
        },
    )
    residency: tuple[str, ...] = field(
        default=(ANY,),
        metadata={
            "tightens": True,
            "doc": "The data classes that may leave this machine at all, to any provider. `*` means all.",
        },
    )
    default_class: str = field(
        default="internal",
        metadata={
            "tightens": True,
            "doc": "The data class of files that match no glob in this file's `[data_class]`, and of text"
            " that you type. Other settings files can add a class, but not replace yours.",
        },
    )
    allow_unknown_price: bool = field(
        default=False,
        metadata={
            "tightens": True,
            "doc": "Whether a provider with an unknown price may be used. No cost limit applies to it.",
        },
    )
    allow_unasked_retry: bool = field(
        default=False,
        metadata={
            "tightens": True,
            "doc": "Whether a question with a doubtful local answer may go to a provider unasked in "
            "mode `auto`. The model's doubt depends on what it reads, so text in a file can cause this.",
        },
    )
    yes_allowed: bool = field(
        default=True,
        metadata={"tightens": True, "doc": "Whether `--yes` may skip the preview of what would be sent."},
    )
    providers: Mapping[str, Provider] = field(
        default_factory=dict,
        metadata={"table": "providers", "doc": "Providers of frontier models, each under a name you choose."},
    )
    ghost_server: str = field(
        default="",
        metadata={
            "table": "completion",
            "key": "server",
            "doc": "The team server that writes ghost text: the NAME of a `[servers.NAME]` table. The "
            "local model takes over while the server is unavailable, and for files that the rules "
            "keep on this machine. Empty: always the local model.",
        },
    )
    servers: Mapping[str, ModelServer] = field(
        default_factory=dict,
        metadata={
            "table": "servers",
            "doc": "The model servers that your team hosts, each under a name that you choose. "
            "`[completion] server` selects the one that writes ghost text.",
        },
    )
    ghost_text: GhostTextSource = field(
        default="server",
        metadata={
            "tightens": True,
            "choices": get_args(GhostTextSource),
            "doc": "Where ghost text may be written: only on this machine (`local`), or also by the "
            "server that `[completion] server` names (`server`).",
        },
    )
    deny: tuple[str, ...] = field(
        default=(),
        metadata={
            "tightens": True,
            "table": "egress",
            "doc": "Files that never leave the machine, as globs relative to the workspace's root. They "
            "are added to the built-in list of files with secrets. At most 1,000.",
        },
    )
    data_class: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "tightens": True,
            "table": "data_class",
            "doc": 'The data classes of files, as `"GLOB" = "CLASS"`. A file has the classes of all globs'
            " that match it. Only a provider whose `residency` includes all of them may see it.",
        },
    )
    gateway_unattributed: bool = field(
        default=True,
        metadata={
            "tightens": True,
            "table": "gateway",
            "key": "unattributed",
            "doc": "Whether text from other tools that matches no known file may go to a provider. Each "
            "tool's token must allow it too.",
        },
    )
    gateway_uninspected: bool = field(
        default=False,
        metadata={
            "tightens": True,
            "table": "gateway",
            "key": "uninspected",
            "doc": "Whether other tools may send a provider content that assist cannot inspect: images, "
            "audio, files, conversations that the provider stores, and tools that run there.",
        },
    )
    gateway_session_usd: float = field(
        default=1.0,
        metadata={
            "tightens": True,
            "table": "gateway",
            "key": "max_cost_usd_per_session",
            "min": 0.0,
            "max": MAX_USD,
            "doc": "The maximum cost of one conversation of another tool, in US dollars.",
        },
    )
    gateway_matched: MatchedText = field(
        default="cut",
        metadata={
            "tightens": True,
            "table": "gateway",
            "key": "matched",
            "choices": get_args(MatchedText),
            "doc": "What to do with lines in other tools' requests that come from a file which may not "
            "leave: `cut` removes them and sends the rest, `refuse` refuses the request.",
        },
    )
    patterns: tuple[str, ...] = field(
        default=(),
        metadata={
            "table": "redaction",
            "doc": "Regular expressions for your own secrets, in addition to the built-in detectors.",
        },
    )
    rules_file: str = field(
        default="",
        metadata={
            "table": "redaction",
            "path": True,
            "doc": "A file with gitleaks or Betterleaks rules for your company's secrets, in addition to "
            "the built-in detectors. It is read once, at start-up.",
        },
    )
    audit_content: AuditContent = field(
        default="hash",
        metadata={
            "table": "audit",
            "key": "content",
            "choices": get_args(AuditContent),
            "doc": "How much of a request the audit log keeps: its `hash`, `redacted` text or `full` text.",
        },
    )
    audit_content_max: AuditContent = field(
        default="full",
        metadata={
            "table": "audit",
            "key": "content_max",
            "choices": get_args(AuditContent),
            "doc": "The most that the audit log may keep, even if `content` asks for more.",
        },
    )
    audit_checkpoint: str = field(
        default="",
        metadata={
            "table": "audit",
            "key": "checkpoint",
            "path": True,
            "doc": "A file elsewhere that records where the audit log ends, to detect a truncated log.",
        },
    )
    collector_endpoint: str = field(
        default="",
        metadata={
            "table": "collector",
            "key": "endpoint",
            "doc": "The URL to which `assist stats --send` sends counts, by OpenTelemetry over "
            "HTTP: https, or http to this machine. Empty: none. Counts contain no text and no paths.",
        },
    )
    collector_key_env: str = field(
        default="",
        metadata={
            "table": "collector",
            "key": "key_env",
            "doc": "The environment variable that holds the collector's key, in upper case. Empty: none.",
        },
    )
    audit_key_env: str = field(
        default="",
        metadata={
            "table": "audit",
            "key": "key_env",
            "doc": "The name of the environment variable that holds a key for the audit log, in upper "
            "case. The log cannot be rewritten undetected without this key.",
        },
    )

    def __post_init__(self) -> None:
        check_bounds(self)
        check_thresholds(self.threshold, (DEFAULT, *REQUESTS))
        check_words("providers", (*self.providers, *self.allowed_providers))
        check_words("servers", tuple(self.servers))
        check_words("residency", self.residency)
        check_words("deny", self.deny)
        check_words("data_class", tuple(self.data_class.values()))
        check_variable("key_env", self.audit_key_env)
        check_variable("key_env", self.collector_key_env)
        check_globs("deny", self.deny)
        check_globs("data_class", tuple(self.data_class))
        for pattern in self.patterns:
            check_pattern(pattern)
