"""Labelled lines for redaction, made at random from a seed.

They hold secrets of published formats, passwords assigned in the syntax of many file types, and lines that
only look like these.
"""

import base64
import random
import re
import string
from dataclasses import dataclass

ALNUM, HEX, URL = (
    string.ascii_letters + string.digits,
    "0123456789abcdef",
    string.ascii_letters + string.digits + "_-",
)
UPPER = string.ascii_uppercase + "234567"


@dataclass(frozen=True, slots=True)
class Line:
    path: str
    text: str
    secret: str


# Prefix, alphabet, length, rest: the published shape of a token.
TOKENS = [
    ("AKIA", UPPER, 16), ("ASIA", UPPER, 16), ("ghp_", ALNUM, 36), ("gho_", ALNUM, 36), ("ghs_", ALNUM, 36),
    ("github_pat_", ALNUM, 82), ("glpat-", URL, 20), ("glrt-", ALNUM, 20), ("xoxb-", "0123456789", 36), ("xapp-1-", ALNUM, 60),
    ("sk_live_", ALNUM, 24), ("rk_live_", ALNUM, 24), ("sk_test_", ALNUM, 24), ("whsec_", ALNUM, 32), ("AIza", URL, 35),
    ("GOCSPX-", URL, 28), ("sk-proj-", URL, 48), ("sk-", ALNUM, 48), ("sk-ant-api03-", URL, 95), ("npm_", ALNUM, 36),
    ("pypi-AgEIcHlwaS5vcmc", URL, 80), ("dop_v1_", HEX, 64), ("hf_", string.ascii_letters, 34), ("shpat_", HEX, 32),
    ("shpss_", HEX, 32), ("sq0atp-", URL, 22), ("EAAA", URL, 60), ("key-", HEX, 32), ("dapi", HEX, 32), ("ATATT3", ALNUM, 186),
    ("HRKU-", ALNUM, 36), ("hvs.", ALNUM, 24), ("hvb.", ALNUM, 100), ("dp.pt.", ALNUM, 43), ("lin_api_", ALNUM, 40),
    ("secret_", ALNUM, 43), ("ntn_", ALNUM, 46), ("glc_", ALNUM, 60), ("NRAK-", UPPER, 27), ("sntrys_", ALNUM, 80),
    ("pscale_tkn_", ALNUM, 43), ("pscale_pw_", ALNUM, 43), ("AGE-SECRET-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    ("gsk_", ALNUM, 52), ("xai-", ALNUM, 80), ("r8_", ALNUM, 37), ("pplx-", ALNUM, 48), ("tvly-", ALNUM, 32),
    ("xkeysib-", HEX, 64), ("dckr_pat_", URL, 27), ("rubygems_", HEX, 48), ("SK", HEX, 32), ("LTAI", ALNUM, 20),
    ("figd_", URL, 40), ("pul-", HEX, 40), ("PMAK-", HEX, 24), ("tfp_", ALNUM, 44), ("sbp_", HEX, 40), ("nvapi-", URL, 64),
    ("rnd_", ALNUM, 32), ("bkua_", HEX, 40), ("sqp_", HEX, 40), ("sgp_", HEX, 40), ("lsv2_pt_", HEX, 32), ("cfut_", ALNUM, 40),
]  # fmt: skip
TAILS = {
    "PMAK-": ("-", HEX, 34),
    "lsv2_pt_": ("_", HEX, 10),
    "xkeysib-": ("-", ALNUM, 16),
    "hvb.": ("", ALNUM, 1),
}

PASSWORDS = [
    "hunter2", "Summer2024!", "letmein", "dragon", "swordfish", "qwerty123", "P@ssw0rd", "admin123", "iloveyou", "Tr0ub4dor&3",
    "monkey", "sunshine", "welcome1", "abc12345", "trustno1", "s3cr3t", "Winter2023#", "baseball", "football99", "mustang",
    "shadow", "master1", "jordan23", "superman!", "batman", "freedom7", "whatever", "princess", "starwars", "nirvana94",
    "cheese", "computer1", "tigger", "zxcvbnm", "asdfgh1", "PassW0rd!", "c0ffee-break", "blue.sky.42", "h@ppy_d4ys", "toor",
]  # fmt: skip
NAMES = [
    "password", "passwd", "db_password", "DB_PASS", "userPassword", "admin_pwd", "secret", "client_secret", "ROOT_PASSWORD", "passphrase",
    "MYSQL_PASSWORD", "smtpPassword", "jwt_secret", "app_secret", "redisPassword", "PGPASSWORD", "ldap_password", "keystore_password",
]  # fmt: skip
# How each file type writes an assignment: N is the name, V the value. `""`: only where V has no space.
SYNTAX = {
    "app/settings.py": ['N = "V"', "N = 'V'", 'N: str = "V"', 'connect(host, N="V")', "os.environ['N'] = 'V'", 'config["N"] = "V"',
                        'self.N = "V"', '{"N": "V", "port": 1}', 'N = os.getenv("N", "V")', 'N = b"V"', '# N = "V"', '    """N: V"""'],
    "config/app.yaml": ["N: V", 'N: "V"', "  N: 'V'", "- name: N\n  value: V", "    - N=V", "N: V  # rotate", "{N: V, port: 1}"],
    "setup.ini": ["N = V", "N=V", "N: V", 'N = "V"'],
    "deploy/run.sh": ["export N='V'", "N=V ./run", 'N="V"', "export N=V", "./tool --N V", "./tool --N=V", "mysql -u root -pV app",
                      "curl -u admin:V https://api.example.com/", "sshpass -p V ssh root@host", "PGPASSWORD=V psql -h db", "echo V | sudo -S ls"],
    "schema.sql": ["CREATE USER 'app'@'%' IDENTIFIED BY 'V';", "ALTER USER app WITH PASSWORD 'V';", "CREATE ROLE app LOGIN PASSWORD 'V';",
                   "INSERT INTO users (name, password) VALUES ('bob', 'V');", "UPDATE users SET N = 'V' WHERE id = 1;",
                   "SET PASSWORD FOR 'app' = PASSWORD('V');"],
    "web/app.js": ['const N = "V";', "let N = 'V';", "N: 'V',", '"N": "V",', "const N = process.env.N || 'V';", "user.N = `V`;", 'login({ N: "V" })'],
    "src/Main.java": ['String N = "V";', 'private static final String N = "V";', 'props.put("N", "V");', 'ds.setPassword("V");',
                      '@Value("${N:V}")', 'props.setProperty("N", "V");'],
    "src/Main.cs": ['var N = "V";', 'string N = @"V";', '"Server=db;User Id=sa;Password=V;"', 'new NetworkCredential("bob", "V")'],
    "main.go": ['N := "V"', 'var N = "V"', 'const N string = "V"', 'N: "V",', 'var N string = "V"', 'os.Setenv("N", "V")'],
    "app.rb": ["N = 'V'", "N: 'V',", ":N => 'V',", "ENV['N'] = 'V'", "config.N = 'V'"],
    "index.php": ["$N = 'V';", "'N' => 'V',", "define('N', 'V');", '$config["N"] = "V";'],
    "app.properties": ["N=V", "spring.datasource.password=V", "N: V", "app.N = V"],
    "pom.xml": ["<password>V</password>", '<property name="N" value="V"/>', '<user name="bob" password="V"/>', '<add key="N" value="V" />'],
    "Dockerfile": ["ENV N V", "ENV N=V", "ARG N=V", 'ENV N="V"', "RUN N=V ./build.sh"],
    "main.tf": ['N = "V"', 'variable "N" { default = "V" }', 'variable "N" {\n  default = "V"\n}'],
    "data.json": ['"N": "V"', '{"N":"V"}', '{"name": "N", "value": "V"}', '"env": "N=V"', '"url": "postgres://app:V@db:5432/app"'],
    "conf.toml": ['N = "V"', "N = 'V'", 'url = "redis://:V@cache:6379/0"', 'db = { N = "V" }'],
    "": ["my password is V!", "N is V", "N: V", 'N = "V"', "https://bob:V@example.com/x.git", "the password for staging is `V`"],
}  # fmt: skip


def token(chance: random.Random) -> str:
    prefix, alphabet, length = chance.choice(TOKENS)
    rest = "".join(chance.choices(alphabet, k=length))
    mark, more, count = TAILS.get(prefix, ("", "a", 0))
    return prefix + rest + mark + "".join(chance.choices(more, k=count))


def structured(chance: random.Random) -> str:
    """Tokens of several parts."""

    def some(alphabet: str, count: int) -> str:
        return "".join(chance.choices(alphabet, k=count))

    part = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    body = base64.urlsafe_b64encode(f'{{"sub":"{some(HEX, 8)}"}}'.encode()).decode().rstrip("=")
    return chance.choice([
        f"{part}.{body}.{some(URL, 43)}", f"SG.{some(URL, 22)}.{some(URL, 43)}", f"{some('123456789', 10)}:AA{some(URL, 33)}",
        f"{some(HEX, 32)}-us{chance.randint(1, 20)}", f"pat-na1-{some(HEX, 8)}-{some(HEX, 4)}-{some(HEX, 4)}-{some(HEX, 4)}-{some(HEX, 12)}",
        f"glsa_{some(ALNUM, 32)}_{some(HEX, 8)}", f"{some(ALNUM, 14)}.atlasv1.{some(ALNUM, 67)}", f"pat{some(ALNUM, 14)}.{some(HEX, 64)}",
        f"M{some(ALNUM, 23)}.{some(ALNUM, 6)}.{some(ALNUM, 27)}", f"xoxp-{some('0123456789', 12)}-{some('0123456789', 12)}-{some(ALNUM, 24)}",
        f"access-production-{some(HEX, 8)}-{some(HEX, 4)}-{some(HEX, 4)}-{some(HEX, 4)}-{some(HEX, 12)}", f"dt0c01.{some(UPPER, 24)}.{some(UPPER, 64)}",
    ])  # fmt: skip


def token_lines(seed: int, count: int) -> list[Line]:
    chance = random.Random(seed)
    forms = [
        "V",
        'x = "V"',
        "# see V",
        "- V",
        "curl -H 'X: V' host",
        "https://h/?q=V",
        "`V`",
        "call(V)",
        "{'a': ['V']}",
    ]
    lines = []
    for _ in range(count):
        secret = token(chance) if chance.random() < 0.8 else structured(chance)
        path = chance.choice(sorted(SYNTAX))
        lines.append(Line(path, _filled(chance.choice(forms), "name", secret), secret))
    return lines


def _filled(form: str, name: str, secret: str) -> str:
    named = re.sub(r"(?<![A-Za-z])N(?![A-Za-z])", name, form)
    return re.sub(r"(?<![A-Z])V(?![A-Za-z])", lambda _: secret, named)


def assignment_lines(seed: int, count: int) -> list[Line]:
    chance = random.Random(seed)
    lines = []
    for _ in range(count):
        path = chance.choice(sorted(SYNTAX))
        form, name, secret = chance.choice(SYNTAX[path]), chance.choice(NAMES), chance.choice(PASSWORDS)
        if "-pV" in form or "|" in form or "`V`" in form or "is V" in form or "echo" in form or "V" in form:
            secret += "" if any(map(str.isdigit, secret)) else "42"
        lines.append(Line(path, _filled(form, name, secret), secret))
    return lines


HARMLESS = [
    ("a.py", "password = get_password()"), ("a.py", "password: str"), ("a.py", "token = None"), ("a.py", 'api_key="YOUR_KEY"'),
    ("a.yml", "secret: ${SECRET}"), ("a.py", 'password = os.environ["DB_PASSWORD"]'), ("a.py", "def login(user, password):"),
    ("a.py", "if password == other_password:"), ("a.py", "def test_password_is_required(self):"), ("a.py", "self.password = password"),
    ("a.md", "The password must have at least 8 characters."), ("a.py", "token = next(tokens)"), ("a.py", "token = self.tokens[0]"),
    ("a.js", 'const token = req.headers["x-token"];'), ("a.js", "password: Joi.string().required(),"), ("a.js", '<input type="password" name="password">'),
    ("a.yml", "password: ${{ secrets.DB_PASSWORD }}"), ("a.yml", "passwordSecretRef:"), ("a.yml", "  secretName: tls-cert"), ("a.tf", "password = var.db_password"),
    ("a.sh", 'PASSWORD="$1"'), ("a.sh", "export TOKEN=$(cat /run/token)"), ("a.sh", "--password PASSWORD  the password to use"), ("a.sh", 'read -s -p "Password: " password'),
    ("a.env", "API_KEY="), ("a.env", "API_KEY=<your-api-key>"), ("a.env", "DB_PASSWORD=changeme"), ("a.env", "TOKEN=xxxxxxxxxxxxxxxx"), ("a.env", "SECRET_FILE=/run/secrets/db"),
    ("a.java", "private String password;"), ("a.java", "this.password = password;"), ("a.java", "public String getPassword() { return password; }"),
    ("a.java", '@Value("${db.password}")'), ("a.go", "password := os.Getenv(\"PASSWORD\")"), ("a.go", "Password string `json:\"password\"`"), ("a.cs", "public string Password { get; set; }"),
    ("a.rb", "password = params[:password]"), ("a.php", "$password = $_POST['password'];"), ("a.php", "'password' => env('DB_PASSWORD'),"), ("a.sql", "password VARCHAR(255) NOT NULL,"),
    ("a.sql", "SELECT id, password FROM users WHERE name = ?"), ("a.xml", "<password>${db.password}</password>"), ("a.json", '"password": {"type": "string"}'), ("a.json", '"token": null,'),
    ("a.json", '"password": "Enter your password"'), ("a.c", "char *password = NULL;"), ("a.c", "token = strtok(line, \" \");"), ("a.rs", "let token: Token = lexer.next();"),
    ("a.py", 'PASSWORD_FIELD = "password"'), ("a.py", 'token_type = "bearer"'), ("a.py", 'primary_key = "user_id"'), ("a.py", "cache_key = f\"user:{id}\""), ("a.py", 'raise ValueError("bad password")'),
    ("a.py", ":param password: the password of the user"), ("a.py", "password (str): The password."), ("a.py", "parser.add_argument('--password', help='the password')"),
    ("", "how do I reset the password of a user?"), ("", "why is token None here?"), ("", "the secret is passed as an argument"), ("a.py", 'secret = "secret"'),
    ("a.reg", '"DisablePasswordCaching"=dword:00000001'), ("a.conf", "password_encryption = scram-sha-256"), ("a.md", "Authorization: Basic base64(username:password)"),
    ("a.config", '<assemblyIdentity name="X" publicKeyToken="30ad4fe6b2a6aeed" />'), ("a.yml", "DB_PASSWORD: arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db"),
    ("a.sh", "gpg --recv-keys 46CE0E34720859E1"), ("a.js", "const STORAGE_KEY = 'todos-vuejs-3.x';"), ("a.yml", "secret:\n    secretName: web-tls\n"), ("a.yml", "secrets:\n  - source: api_token\n"),
    ("a.properties", "spring.datasource.password=@db.password@"), ("a.sh", ': "${PRIVATE_KEY:?PRIVATE_KEY is required}"'), ("a.php", "'password' => 'required|string|min:8|confirmed',"),
    ("a.yml", "password: vault:secret/data/db#password"), ("a.txt", "# public key: age15jrl8k322c3yedj4xq5tshralp5whf5jgne5dydk7x3ymf9mdztuqu7yuk"), ("a.json", '"token": 19233, "password": 9206'),
    ("a.conf", "PublicKey = ybaQKK8oi7yoAAXlbXp1qlcD6ZhLAmSm9lzTEgcPkkE="), ("a.js", "const TOKEN_ADDRESS = '0x9c0910eb9d70ed4791420d1fdc3302bfa0f45083';"), ("a.yml", 'password: "%env(resolve:DB_PASSWORD)%"'),
    ("a.md", "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"), ("a.py", 'HASHERS_OF_PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]'),
    ("a.yml", 'docker login -u "$CI_REGISTRY_USER" -p "$CI_REGISTRY_PASSWORD" "$CI_REGISTRY"'), ("a.py", 'MovedAttribute("HTTPPasswordMgr", "urllib2", "urllib.request"),'),
    ("a.yml", "key: release-windows-2025-x64-cuda"), ("a.pl", 'open( my $fh, "<:unix:encoding(UTF-8)", $file );'), ("a.js", '"password": "Enter the new one"'), ("a.js", "FINISH_TOKENS = ['tool_call', 'tool_use']"),
    ("a.py", "obj.connect('clicked', 'handler')"), ("a.md", "| option | password |\n|---|---|\n| type | string |\n"), ("a.php", '$password = "$pass";'), ("a.sh", 'DB_PASSWORD="$db_pass"'),
]  # fmt: skip
