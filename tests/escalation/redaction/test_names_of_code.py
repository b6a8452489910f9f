"""Names of code, of algorithms and of the public members of a key are no secrets, next to secrets neither."""

from base64 import b64encode

import pytest

from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.redaction.redactor import redact

PUBLIC = "k3Vn8QzR1tYw6LmB0xJc9HsPfD2gUaEoT5iNqXvC7Zy"
PRIVATE = "Xw4Lr7TzQ2nVb9MkC0yJd5HsPf8gUaEoR1iNqKvB3Zt"
SIGNING = "q9LmV2xTz7RwYb4NkC8yJd1HsPfUgaEo"
BLOCK = f"MIIB{PUBLIC[:30]}{PRIVATE[:30]}\n    {PUBLIC[:40]}=="

CERTIFICATE = "MIIBtDCCAVmgAwIBAgIU" + (PUBLIC + PRIVATE) * 2


def taken(text: str, path: str = "a.ts") -> list[str]:
    span = Span(text, Origin("file", path=path))
    return list(redact([span], Known(), nonce="zq81kd").placeholders.values())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.ts", "const pem = `-----BEGIN PRIVATE KEY-----\\n${encodeBase64(exported)}\\n-----END PRIVATE KEY-----`"),
        ("a.ts", "const pem = `-----BEGIN PRIVATE KEY-----\\n${base64Key}\\n-----END PRIVATE KEY-----`"),
        ("a.ts", "await crypto.subtle.importKey('pkcs8', der, algorithm, false, usages)"),
        ("a.ts", "await crypto.subtle.importKey('spki', der, algorithm, false, usages)"),
        ("a.ts", "const ring = await generateSecret('A128GCM')"),
        ("a.ts", "const { privateKey, publicKey } = await generateKeyPair('ES256', options)"),
        ("a.ts", "stream.write(new TextEncoder().encode('second part 2'))"),
        ("a.ts", "expect(copy.credentials).toBe('same-origin')"),
        ("a.ts", "fetch(url, {\n  credentials: 'include',\n  integrity: 'sha256-test',\n})"),
        ("a.ts", "cookie: { key: 'session_name', secret: fromSettings, prefix: 'host-only' },"),
        ("a.ts", "clientSecret: process.env.AUTH_B2C_SECRET!,"),
        ("a.ts", "const createToken = adapter!.createToken?.({ user })"),
        ("a.ts", "function getPassword() {\n  app.set(\"trust proxy\", true)\n}"),
        ("a.ts", f"await verify(jwk, {{ requestId: '{PUBLIC}' }})"),
        ("a.md", "| password | `store.redis.password` | none |"),
        ("a.yml", "password: urn:k8s:secret:redis:password"),
        ("FUNDING.yml", "github: ['octavia', 'wanderer']"),
        ("a.lock", f'"js-tokens": ["js-tokens@4.0.0", "", {{}}, "sha512-{PUBLIC}{PUBLIC}=="],'),
        ("a.json", f'{{"keys": [{{"kty": "EC", "kid": "{PUBLIC[:20]}", "x": "{PUBLIC}", "y": "{PRIVATE}"}}]}}'),
        ("a.json", f'{{"private_keys": [{{"kty": "RSA", "kid": "first-key-1", "e": "AQAB", "n": "{PUBLIC * 4}"}}]}}'),
        ("a.py", f'JWK = {{"kty": "RSA", "n": (\n    "{PUBLIC}"\n    "{PRIVATE}"\n)}}'),
        ("a.toml", '"comment.line.text" = "green130"\n"variable.builtin" = "red207"'),
        ("a.ts", "const versionKey = schema.version === 'draft-2020-12' ? '$defs' : 'definitions'"),
        ("a.ts", "status: failed === 0 ? 'PASS' : 'FAIL',"),
        ("a.ts", "params: { name: 'progress', _meta: { progressToken: 'replay-1' } }"),
        ("a.py", 'engine.options(logging_token="first_name_2")'),
        ("a.py", 'access_token = f"app_{secrets.token_hex(16)}"'),
        ("a.yaml", "x-ratelimit-remaining-tokens:\n- '149999993'"),
        ("a.json", f'{{"id": "chatcmpl-{PUBLIC[:29]}", "model": "small"}}'),
        ("a.yaml", "persist-credentials: false\nkey: ${{ runner.os }}-${{ hashFiles('**/go.sum') }}"),
        ("a.ts", "const encoder = new TextEncoder()\nstream.write(encoder.encode('a=12345678901234'))"),
        ("a.py", 'ss.addfinalizer(partial(raiser, TypeError("from function scope 1")), item)'),
        ("a.py", '# the grant is\ngrant_type=urn:ietf:params:oauth:grant-type:jwt-bearer'),
        ("a.ts", "committer: {\n  login: 'octavia990803',\n}"),
        ("a.ts", "expect(document.cookie).toEqual('first=second%20third%25')"),
        ("a.yaml", f"kind: Secret\nstringData:\n  ca: |-\n    -----BEGIN CERTIFICATE-----\n    {BLOCK}\n    -----END CERTIFICATE-----"),
        ("a.yaml", f"kind: Secret\ndata:\n  tls.crt: {b64encode(f'-----BEGIN CERTIFICATE-----{BLOCK}'.encode()).decode()}"),
        ("a.go", f"const testCert = `{CERTIFICATE[:64]}\n{CERTIFICATE[64:128]}\n{CERTIFICATE[128:]}`"),
        ("a.ts", f"trust(\n  'MCowBQYDK2VwAyEA{PUBLIC.replace('R', '/')}=',\n)"),
        ("a.ts", "const letters =\n  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'"),
        ("a.ts", f"t.is(\n  await keyThumbprint({{ kty: 'oct', k: '' }}),\n  '{PUBLIC}',\n)"),
    ],
)  # fmt: skip
def test_they_stay(path: str, text: str) -> None:
    assert taken(text, path) == []


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("jwt({ secret: 'otter-elm-77', alg: 'HS256' })", "otter-elm-77"),
        ("const password = new TextEncoder().encode('otter-elm')", "otter-elm"),
        (f'{{"kty": "EC", "crv": "P-256", "x": "{PUBLIC}", "d": "{PRIVATE}"}}', PRIVATE),
        (f"const pem = '-----BEGIN PRIVATE KEY-----\\n{PRIVATE}\\n-----END PRIVATE KEY-----'", PRIVATE),
        (f"twilio: ['AC1', '{SIGNING}']", SIGNING),
        ("function getPassword() {\n  return wrap('otter-elm')\n}", "otter-elm"),
        ("if (input.text == 'otter1977') open()", "otter1977"),
        ("const encoder = new BCryptPasswordEncoder()\nstore(encoder.encode('otter-elm'))", "otter-elm"),
        (f"trust(\n  'MC4CAQAwBQYDK2VwBCIE{PRIVATE}',\n)", f"MC4CAQAwBQYDK2VwBCIE{PRIVATE}"),
        (f"send({{ id: 'first-1', value: '{SIGNING}' }})", SIGNING),
        ("note: my login is 'otter1977'", "otter1977"),
    ],
)
def test_the_secret_next_to_them_is_taken(text: str, secret: str) -> None:
    assert taken(text) == [secret]


def test_a_private_member_where_two_keys_meet_is_taken() -> None:
    """Each key is looked for around the word for its type; what is between two of them is in one piece."""
    gap = " " * 3940
    text = f'{{"kty": "EC"}}{gap}{{"d": "{PRIVATE}", "y": "{PUBLIC}"}}{gap}{{"kty": "EC"}}'
    assert taken(text, "a.json") == [PRIVATE]
