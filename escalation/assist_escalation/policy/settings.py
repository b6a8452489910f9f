"""The settings of what may leave the machine, to whom and at what price. By default nothing may leave.

Each value is checked. An error names the setting and says what to do instead, and never shows a value that
may be a secret. This module judges no request and reads no file and no environment. It holds the name of
a key's variable, never a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NewType, get_args

from assist_context.settings import setting
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

    mode: EscalationMode = setting(
        "never",
        "Whether requests may go to a provider: `never`, only after asking you (`ask`), or without asking "
        "within the limits below (`auto`).",
        tightens=True,
        choices=get_args(EscalationMode),
    )
    max_escalation_rate: float = setting(
        0.15,
        "The share of your requests, the hardest ones, that may go to a provider: 0.15 is 15 %.",
        tightens=True,
        min=0.0,
        max=1.0,
    )
    threshold: Thresholds = field(
        default_factory=lambda: Thresholds({}),
        metadata={
            "tightens": True,
            "takes": "a number from 0 to 1, or such numbers by command and kind",
            "doc": "A provider is asked only if the estimated probability that the local answer is right is "
            "below this number. Set one number for all requests (`threshold = 0.6`) or one per command or "
            "kind (`threshold.fix = 0.5`, with `threshold.default` for the others). Not set: a provider is "
            "asked if the expected gain is worth the cost. `assist eval fit` recommends a value.",
        },
    )
    max_cost_usd_per_request: float = setting(
        0.05, "The maximum cost of one request, in US dollars.", tightens=True, min=0.0, max=MAX_USD
    )
    max_cost_usd_per_day: float = setting(
        2.0,
        "The maximum cost per UTC day, in US dollars: yours in total, or in `.assist.toml` the repository's.",
        tightens=True,
        min=0.0,
        max=MAX_USD,
    )
    always_local: tuple[str, ...] = setting(
        (),
        "Kinds of request that never leave this machine: a command, `cross_file` (the prompt has code from "
        "more than one file), or `architecture` (you ask about the design of the software).",
        tightens=True,
        choices=REQUESTS,
    )
    always_ask: tuple[str, ...] = setting(
        ("refactor", "cross_file", "architecture"),
        "Kinds of request for which you are asked each time, even in mode `auto`. `always_local` explains "
        "the kinds.",
        tightens=True,
        choices=REQUESTS,
    )
    allowed_providers: tuple[str, ...] = setting(
        (ANY,),
        'The names of the providers that may be used, in order of preference. `"*"` means all.',
        tightens=True,
        key="providers",
    )
    residency: tuple[str, ...] = setting(
        (ANY,),
        "The data classes (labels that `[data_class]` gives to files) that may leave this machine, whatever "
        'the provider. `"*"` means all.',
        tightens=True,
    )
    default_class: str = setting(
        "internal",
        "The data class of text that you type and of files that match no glob in the `[data_class]` table "
        "of the same settings file. Other settings files can add a class, but not replace this one.",
        tightens=True,
    )
    allow_unknown_price: bool = setting(
        False,
        "Whether a provider may be used if its price is unknown. No cost limit then applies to it.",
        tightens=True,
    )
    allow_unasked_retry: bool = setting(
        False,
        "In mode `auto`: whether a question may go to a provider unasked after the local model has doubted "
        "its own answer. This doubt depends on what the model reads, so text in a file can cause it.",
        tightens=True,
    )
    yes_allowed: bool = setting(
        True, "Whether `--yes` may skip the preview of what would be sent to a provider.", tightens=True
    )
    providers: Mapping[str, Provider] = field(
        default_factory=dict,
        metadata={
            "table": "providers",
            "doc": "A provider is a model's API, such as OpenAI's, to which assist may send requests. You "
            "choose the NAME of each provider.",
        },
    )
    ghost_server: str = setting(
        "",
        "The team server that writes ghost text: the NAME of a `[servers.NAME]` table. The local model "
        "takes over while the server is unavailable, and in files that the rules keep on this machine. "
        "Empty: always the local model.",
        table="completion",
        key="server",
    )
    servers: Mapping[str, ModelServer] = field(
        default_factory=dict,
        metadata={
            "table": "servers",
            "doc": "The model servers that your team hosts. You choose the NAME of each server. "
            "`[completion] server` selects the one that writes ghost text.",
        },
    )
    ghost_text: GhostTextSource = setting(
        "server",
        "Where ghost text may be computed: only on this machine (`local`), or also on the server that "
        "`[completion] server` names (`server`).",
        tightens=True,
        choices=get_args(GhostTextSource),
    )
    deny: tuple[str, ...] = setting(
        (),
        "Files that never leave this machine, as globs. A glob is relative to the workspace's root, or to "
        "the folder of the .assist.toml that contains it. These files are in addition to the built-in list "
        "of files with secrets. At most 1,000 globs.",
        tightens=True,
        table="egress",
    )
    data_class: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "tightens": True,
            "table": "data_class",
            "doc": 'A data class is a label for files: `"GLOB" = "CLASS"`. If several globs match a file, '
            "it has all their classes. Only a provider whose `residency` includes all of them may see the "
            "file.",
        },
    )
    gateway_unattributed: bool = setting(
        True,
        "Whether text that other tools send through `assist gateway` may go to a provider if it matches no "
        "known file. The tool's token must allow this too.",
        tightens=True,
        table="gateway",
        key="unattributed",
    )
    gateway_uninspected: bool = setting(
        False,
        "Whether other tools may send a provider content that assist cannot inspect: images, audio, files, "
        "conversations that the provider stores, and calls of tools that run at the provider.",
        tightens=True,
        table="gateway",
        key="uninspected",
    )
    gateway_session_usd: float = setting(
        1.0,
        "The maximum cost of one conversation between another tool and a provider, in US dollars.",
        tightens=True,
        table="gateway",
        key="max_cost_usd_per_session",
        min=0.0,
        max=MAX_USD,
    )
    gateway_matched: MatchedText = setting(
        "cut",
        "What happens if another tool's request contains lines of a file that may not leave: `cut` removes "
        "the lines and sends the rest, `refuse` refuses the request.",
        tightens=True,
        table="gateway",
        key="matched",
        choices=get_args(MatchedText),
    )
    patterns: tuple[str, ...] = setting(
        (),
        "Regular expressions that find your own kinds of secrets, in addition to the built-in detectors.",
        table="redaction",
    )
    rules_file: str = setting(
        "",
        "A file with gitleaks or Betterleaks rules for your company's secrets, in addition to the built-in "
        "detectors. A command or an editor's server reads the file once, when it starts; a running gateway "
        "reads it again when it changes.",
        table="redaction",
        path=True,
    )
    audit_content: AuditContent = setting(
        "hash",
        "What the audit log keeps of the text of a request: only its `hash`, the text after redaction "
        "(`redacted`), or the original text (`full`).",
        table="audit",
        key="content",
        choices=get_args(AuditContent),
    )
    audit_content_max: AuditContent = setting(
        "full",
        "The most that `content` may keep, whichever file sets it.",
        table="audit",
        key="content_max",
        choices=get_args(AuditContent),
    )
    audit_checkpoint: str = setting(
        "",
        "The path of a file that records where the audit log ends, so that a truncated log is noticed. "
        "Choose a place where those who can edit the log cannot edit it.",
        table="audit",
        key="checkpoint",
        path=True,
    )
    collector_endpoint: str = setting(
        "",
        "The URL to which `assist stats --send` sends counts, with OpenTelemetry's protocol over HTTP: "
        "https, or http to this machine. Counts contain no text and no paths. Empty: nothing is sent.",
        table="collector",
        key="endpoint",
    )
    collector_key_env: str = setting(
        "",
        "The name of the environment variable that holds the key for the collector, in upper case. Empty: "
        "no key is sent.",
        table="collector",
        key="key_env",
    )
    audit_key_env: str = setting(
        "",
        "The name of the environment variable that holds a key for the audit log, in upper case. No one who "
        "lacks this key can rewrite the log unnoticed.",
        table="audit",
        key="key_env",
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
