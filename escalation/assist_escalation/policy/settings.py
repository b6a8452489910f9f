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
            "doc": "Whether requests may go to a provider: `never`, `ask` you each time, or `auto` within "
            "the bounds below.",
        },
    )
    max_escalation_rate: float = field(
        default=0.15,
        metadata={
            "tightens": True,
            "min": 0.0,
            "max": 1.0,
            "doc": "The share of requests that may go out, from 0 to 1.",
        },
    )
    threshold: Thresholds = field(
        default_factory=lambda: Thresholds({}),
        metadata={
            "tightens": True,
            "takes": "a number from 0 to 1, or such numbers by command and kind",
            "doc": "Ask a provider only where a local answer is right with less than this: `0.6`, or by "
            "command and kind `threshold.fix = 0.5`, with `threshold.default` for the others. Not set: where "
            "the gain is worth the cost. `assist eval fit` finds it for a repository.",
        },
    )
    max_cost_usd_per_request: float = field(
        default=0.05,
        metadata={
            "tightens": True,
            "min": 0.0,
            "max": MAX_USD,
            "doc": "The most one request may cost, in US dollars.",
        },
    )
    max_cost_usd_per_day: float = field(
        default=2.0,
        metadata={
            "tightens": True,
            "min": 0.0,
            "max": MAX_USD,
            "doc": "The most a day may cost, in US dollars.",
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
            "doc": "Kinds of request that ask you each time, also in mode `auto`.",
        },
    )
    allowed_providers: tuple[str, ...] = field(
        default=(ANY,),
        metadata={
            "tightens": True,
            "key": "providers",
            "doc": "The providers that may be used, by name, the preferred one first. `*` means all.",
        },
    )
    residency: tuple[str, ...] = field(
        default=(ANY,),
        metadata={
            "tightens": True,
            "doc": "The data classes that may leave at all, whatever a provider may see. `*` means all.",
        },
    )
    default_class: str = field(
        default="internal",
        metadata={
            "tightens": True,
            "doc": "The class of text that no glob of `[data_class]` here speaks of, and of what you type. "
            "Other files of settings can add one, not replace yours.",
        },
    )
    allow_unknown_price: bool = field(
        default=False,
        metadata={
            "tightens": True,
            "doc": "Whether a provider may be used whose price is not known; no bound on cost holds then.",
        },
    )
    allow_unasked_retry: bool = field(
        default=False,
        metadata={
            "tightens": True,
            "doc": "Whether a doubtful local answer may be asked again at a provider without asking you, in "
            "mode `auto`. What the local model doubts depends on what it reads, so a text in a file can "
            "cause it.",
        },
    )
    yes_allowed: bool = field(
        default=True,
        metadata={"tightens": True, "doc": "Whether `--yes` may skip the preview of what would be sent."},
    )
    providers: Mapping[str, Provider] = field(
        default_factory=dict,
        metadata={"table": "providers", "doc": "The frontier APIs, each under a name you choose."},
    )
    ghost_server: str = field(
        default="",
        metadata={
            "table": "completion",
            "key": "server",
            "doc": "The server of your team that writes ghost text: the NAME of a `[servers.NAME]` table. "
            "The local model writes it while that is away, and where the rules keep a file here. Empty: "
            "always the local model.",
        },
    )
    servers: Mapping[str, ModelServer] = field(
        default_factory=dict,
        metadata={
            "table": "servers",
            "doc": "The servers that your team hosts, each under a name you choose. `[completion] server` "
            "says which one writes ghost text.",
        },
    )
    ghost_text: GhostTextSource = field(
        default="server",
        metadata={
            "tightens": True,
            "choices": get_args(GhostTextSource),
            "doc": "Where ghost text may be written: on this machine only (`local`), or also by the `server` "
            "that `[completion] server` names.",
        },
    )
    deny: tuple[str, ...] = field(
        default=(),
        metadata={
            "tightens": True,
            "table": "egress",
            "doc": "Files that never leave the machine, as globs from the workspace's root. They add to the "
            "built-in list of files that hold secrets. At most 1,000.",
        },
    )
    data_class: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "tightens": True,
            "table": "data_class",
            "doc": 'The class of files, as `"GLOB" = "CLASS"`. A file has the classes of all globs that '
            "match it. Only a provider whose `residency` holds them all may see it.",
        },
    )
    gateway_unattributed: bool = field(
        default=True,
        metadata={
            "tightens": True,
            "table": "gateway",
            "key": "unattributed",
            "doc": "Whether text that other tools send, and that comes from no known file, may go to a "
            "provider. Each tool's token has to allow it too.",
        },
    )
    gateway_uninspected: bool = field(
        default=False,
        metadata={
            "tightens": True,
            "table": "gateway",
            "key": "uninspected",
            "doc": "Whether other tools may send to a provider what cannot be looked into: images, audio, "
            "files, conversations that the provider keeps, and tools that run there.",
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
            "doc": "The most that one conversation of another tool may cost, in US dollars.",
        },
    )
    gateway_matched: MatchedText = field(
        default="cut",
        metadata={
            "tightens": True,
            "table": "gateway",
            "key": "matched",
            "choices": get_args(MatchedText),
            "doc": "What happens to lines of other tools' requests that come from a file which may not "
            "leave: they are `cut`, and the rest is sent, or the request is refused (`refuse`).",
        },
    )
    patterns: tuple[str, ...] = field(
        default=(),
        metadata={
            "table": "redaction",
            "doc": "Regular expressions for your own secrets, in addition to those that are found anyway.",
        },
    )
    rules_file: str = field(
        default="",
        metadata={
            "table": "redaction",
            "path": True,
            "doc": "A file with rules of gitleaks or Betterleaks for your company's secrets, in addition to "
            "those that are found anyway. It is read once, at the start.",
        },
    )
    audit_content: AuditContent = field(
        default="hash",
        metadata={
            "table": "audit",
            "key": "content",
            "choices": get_args(AuditContent),
            "doc": "How much of a request the audit log keeps: its `hash`, its text `redacted`, or `full`.",
        },
    )
    audit_content_max: AuditContent = field(
        default="full",
        metadata={
            "table": "audit",
            "key": "content_max",
            "choices": get_args(AuditContent),
            "doc": "The most that the audit log may keep, even if `content` says more.",
        },
    )
    audit_checkpoint: str = field(
        default="",
        metadata={
            "table": "audit",
            "key": "checkpoint",
            "path": True,
            "doc": "A file elsewhere that remembers where the audit log ended, so that a cut end is found.",
        },
    )
    collector_endpoint: str = field(
        default="",
        metadata={
            "table": "collector",
            "key": "endpoint",
            "doc": "Where `assist stats --send` sends counts, by OpenTelemetry's protocol over HTTP: https, "
            "or http to this machine. Empty: nowhere. Counts hold no text and no paths.",
        },
    )
    collector_key_env: str = field(
        default="",
        metadata={
            "table": "collector",
            "key": "key_env",
            "doc": "The environment variable that holds the collector's key, in capitals. Empty: no key.",
        },
    )
    audit_key_env: str = field(
        default="",
        metadata={
            "table": "audit",
            "key": "key_env",
            "doc": "The environment variable that holds a key for the audit log, in capitals: without the "
            "key, no one can then rewrite the log.",
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
