"""Reads a company's rules for secrets, in the TOML of gitleaks and Betterleaks: `[[rules]]` with an `id`.

Their expressions are Go's, which differ little from ours: `go_expression` translates them. What only
describes a rule, and what narrows it by other means (`filter`, `validate`), is left out, so that it finds
more and not less.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, cast, get_args

from assist_context.regular_files import read_regular
from assist_escalation.errors import EscalationError
from assist_escalation.policy.patterns import AllowedPart, Allowlist, SecretRule
from assist_escalation.redaction.known_secrets import compile_patterns
from assist_escalation.redaction.rule_tables import Rule

_MOST_BYTES = 1 << 19  # the rules of gitleaks take 120 KB; 1 MB of alternatives takes 6 s at each start
_MOST_RULES = 2000
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
_POINT = re.compile(r"\\x\{([0-9A-Fa-f]{1,8})\}")
_UNKNOWN = re.compile(r"(?<!\\)(?:\\\\)*(?P<sign>\\C|\(\?[imsU]*U)")  # a byte, and lazy by default


def load_rules_file(path: str) -> tuple[SecretRule, ...]:
    """The rules of the file at `path`. `EscalationError` says what is wrong with it, and the remedy."""
    try:
        raw = read_regular(path, _MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise EscalationError(f"{path} has more than {_MOST_BYTES:,} bytes: leave out rules")
        return read_rules_file(raw.decode(), path)
    except OSError as error:
        raise EscalationError(f"{path} cannot be read ({error.strerror}): make it readable") from error
    except UnicodeDecodeError as error:
        raise EscalationError(f"{path} is not in UTF-8: save it so") from error


def read_rules_file(text: str, name: str) -> tuple[SecretRule, ...]:
    """The rules of a file `name`. `EscalationError` names the rule that cannot be used, and the remedy.

    >>> read_rules_file('[[rules]]\\nid = "acme"\\nregex = "acme-[0-9]{8}"', "x.toml")[0].expression
    'acme-[0-9]{8}'
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # lists 1,000 deep
        raise EscalationError(f"{name} is not valid TOML ({error}): correct it") from error
    if "path" in _table(document.get("extend", {}), name, "extend"):
        raise EscalationError(f"{name}: extend.path names a file, which is not read: copy its rules here")
    tables = document.get("rules")
    if not isinstance(tables, list) or not 0 < len(tables) <= _MOST_RULES:
        raise EscalationError(f"{name} has no [[rules]], or more than {_MOST_RULES}: correct it")
    everywhere = tuple(_allowlists(Rule(name, document)))
    rules = tuple(_rule(table, f"{name}, rule {at}", everywhere) for at, table in enumerate(tables, 1))
    compile_patterns(rules)
    return rules


def _rule(value: object, place: str, everywhere: tuple[Allowlist, ...]) -> SecretRule:
    table = _table(value, place, "rules")
    rule = Rule(f"{place} ({Rule(place, table).text('id')})", table)
    if "regex" not in table:
        raise EscalationError(f"{rule.name} has no regex: for files by their names alone, use [egress] deny")
    group = table.get("secretGroup", 0)
    entropy = table.get("entropy", 0.0)
    if type(group) is not int or group < 0 or type(entropy) not in (int, float):
        raise rule.error("secretGroup", "and entropy must be numbers from 0")
    return SecretRule(
        rule.text("id"),
        go_expression(rule.text("regex"), rule.name),
        group,
        _words(rule, "keywords"),
        float(entropy),
        go_expression(rule.text("path"), rule.name) if "path" in table else "",
        (*_allowlists(rule), *everywhere),
    )


def _allowlists(rule: Rule) -> Iterator[Allowlist]:
    """The allowlists of a rule or of a whole file; `[allowlist]` is the older way to write one."""
    for value in (*_several(rule, "allowlist"), *_several(rule, "allowlists")):
        table = Rule(rule.name, _table(value, rule.name, "allowlist"))
        target = table.values.get("regexTarget", "secret")
        condition = str(table.values.get("condition", "OR")).upper()
        if target not in get_args(AllowedPart) or condition not in ("OR", "||", "AND", "&&"):
            raise rule.error("regexTarget", "is secret, match or line, and condition OR or AND")
        if "targetRules" in table.values:
            raise rule.error("targetRules", "is not known here, so write the allowlist in each rule")
        found = Allowlist(
            tuple(go_expression(regex, rule.name) for regex in _words(table, "regexes")),
            _words(table, "stopwords"),
            tuple(go_expression(regex, rule.name) for regex in _words(table, "paths")),
            cast("AllowedPart", target),
            condition in ("AND", "&&"),
        )
        if found.regexes or found.stopwords or found.paths:  # else it is for commits
            yield found


def _words(rule: Rule, key: str) -> tuple[str, ...]:
    words = rule.words(key) if rule.values.get(key) else ()
    return tuple(map(str.lower, words)) if key in ("keywords", "stopwords") else words


def _several(rule: Rule, key: str) -> list[Any]:
    value = rule.values.get(key, [])
    return value if isinstance(value, list) else [value]


def go_expression(expression: str, place: str) -> str:
    r"""Go's regular expression as ours. Raises `EscalationError` for what we have not.

    >>> go_expression(r"\Qa.b\E[[:alnum:]]+\z", "x")
    'a\\.b[[:alnum:]]+\\Z'
    """
    if unknown := _UNKNOWN.search(expression):
        raise EscalationError(
            f"{place}: {unknown['sign']} in its expression is not known: write it otherwise"
        )
    expression = _QUOTED.sub(lambda match: re.escape(match[1]), expression)
    expression = _POINT.sub(lambda match: f"\\U{int(match[1], 16):08x}", expression)
    return re.sub(r"(?<!\\)((?:\\\\)*)\\z", r"\1\\Z", expression)


def _table(value: object, place: str, key: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise EscalationError(f"{place}: {key} must be a table: correct it")
    return value
