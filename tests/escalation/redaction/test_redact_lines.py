"""A complaint about a secret that went through becomes a line here: `«...»` is what must not survive."""

import re

import pytest

from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.redaction.redactor import clean, redact

LINES = r"""
spring.datasource.hikari.password: «Winter2023#»
POSTGRES_PASSWORD: «correct horse battery staple»
db.default.password="«letmein»"
AccountKey=«Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYg==»;
jdbc:mysql://localhost:3306/db?user=root&password=«hunter2»
mongodb+srv://admin:«Summer2024!»@cluster0.mongodb.net/test
amqp://guest:«rabbit99»@mq:5672//
smtp://mailer:«dragon»@mail.example.com:587
git remote add origin https://oauth2:«glpat-abcdefghij1234567890»@gitlab.com/a/b.git
 -H "X-Api-Key: «8f7d6e5c4b3a2910»"
headers = {"Authorization": "Basic «YWRtaW46aHVudGVyMg==»"}
headers["X-Auth-Token"] = "«abc123def456»"
requests.get(url, auth=("admin", "«hunter2»"))
redis-cli -h host -a «hunter2»
psql "host=db user=app password=«hunter2» dbname=x"
conn = psycopg2.connect("dbname=test user=postgres password=«swordfish»")
conn = pymysql.connect(host="localhost", user="root", passwd="«toor»", db="x")
DriverManager.getConnection("jdbc:mysql://h/db", "root", "«swordfish»")
$mysqli = new mysqli("localhost", "root", "«hunter22»", "db");
new PDO($dsn, 'root', '«swordfish»');
net use Z: \\srv\share /user:bob «Passw0rd!»
gradle: storePassword "«swordfish»"
<add connectionString="Server=.;Database=x;User ID=sa;Password=«swordfish»" />
<input type="password" value="«swordfish»" name="password">
<password encrypted="false">«swordfish»</password>
<entry key="db.password">«swordfish»</entry>
<string name="api_key">«abcdef123456»</string>
<key>Password</key><string>«swordfish»</string>
\"password\":\"«swordfish»\"
password=«swordfish»&user=bob
curl -d 'user=bob&password=«swordfish»' https://x.com/login
https://api.example.com/v1?api_key=«abcdef123456»&x=1
docker login -u bob -p «swordfish» registry.io
helm install x --set auth.password=«swordfish»
kubectl create secret generic db --from-literal=password=«swordfish»
aws_secret_access_key = «wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzzz»
ansible_become_pass: «swordfish»
PASSWORD := «swordfish»
ADMIN_PASSWORD ?= «swordfish»
setx DB_PASSWORD «swordfish»
$env:DB_PASSWORD = "«swordfish»"
$password = ConvertTo-SecureString "«swordfish»" -AsPlainText -Force
Dim password As String = "«swordfish»"
(setq password "«swordfish»")
our $PASSWORD = "«swordfish»";
val password: String = "«swordfish»"
static const char PASSWORD[] = "«swordfish»";
std::string password("«swordfish»");
std::string password{"«swordfish»"};
const PASSWORD: &str = "«swordfish»";
let password = String::from("«swordfish»");
Password: []byte("«swordfish»"),
passwordField.setText("«swordfish»");
driver.find_element(By.ID, "password").send_keys("«swordfish»")
await page.fill('input[name="password"]', '«swordfish»');
smtp.login("bob@x.com", "«swordfish1»")
app.secret_key = '«swordfish»'
SECRET_KEY = '«django-insecure-abc123»'
jwt.encode(payload, "«swordfish»", algorithm="HS256")
session({ secret: '«keyboard cat»' })
Fernet(b"«abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG=»")
encryption_key: «00112233445566778899aabbccddeeff»
salt = "«a1b2c3d4e5f6a7b8c9»"
PIN: «4821»
otp_secret = «JBSWY3DPEHPK3PXP»
current_password = "«swordfish»"
passwords = ["«swordfish»", "«letmein»"]
token = "«abc123xyz789»"
the wifi password is «swordfish42»
Password for bob: «hunter2»
username/password: «bob/hunter2»
login as admin with password «hunter2»
Credentials: admin / «hunter2»
<!-- password: «swordfish» -->
-DB_PASSWORD=«swordfish»
+  password: «swordfish»
>>> password = '«swordfish»'
error: authentication failed for user 'bob' with password '«swordfish»'
Invalid token: «abcdef1234567890abcdef»
mot_de_passe = "«swordfish»"
contraseña = "«swordfish»"
пароль: «swordfish»
password=«admin»
password: «123456»
root:«$6$abcdefgh$abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz12345678»:1::
wpa_passphrase=«swordfish»
enable secret «swordfish»
snmp-server community «sw0rdfish» RO
openssl enc -aes-256-cbc -pass pass:«swordfish»
keytool -storepass «swordfish» -alias x
7z x a.7z -p«swordfish»
htpasswd -bc .htpasswd bob «swordfish»
db:5432:app:bob:«swordfish»
//npm.example.com/:_authToken=«abcdef01-2345-6789-abcd-ef0123456789»
https://hooks.slack.com/services/«T00000000/B00000000/abcdefghijklmnopqrstuvwx»
AZURE_CLIENT_SECRET=«abc8Q~abcdefghijklmnopqrstuvwxyz1234567»
SENTRY_DSN=https://«0123456789abcdef0123456789abcdef»@o1.ingest.sentry.io/1
TWILIO_AUTH_TOKEN=«0123456789abcdef0123456789abcdef»
refresh_token: «swordfishes»
Cookie: sessionid=«abcdef0123456789»
mnemonic = "«legal winner thank year wave sausage worth useful legal winner thank yellow»"
docker run -e MYSQL_ROOT_PASSWORD=«my5ecret» mysql
args: ["--password", "«swordfish»"]
requirepass «swordfish»
CREATE LOGIN bob WITH PASSWORD = '«swordfish»'
EXEC sp_addlogin 'bob', '«swordfish»'
UPDATE users SET password = MD5('«swordfish»') WHERE id=1
password = "«the quick brown fox»"
password = "«don't panic»"
'password' => '«pässwörd»',
os.environ["DB_PASSWORD"] = "«!QAZ2wsx»"
DB_PASSWORD = '«$dollar5»'
$env:DB_PASSWORD = '«a<b>c»'
SECRET_KEY = "«1cvre@2z(=8=jbm%-nig%l4utb2zl@r46n2$9q$pd9mg$4m!7r»"
define('AUTH_KEY', '«?6!(ttD{(lr!]<=::SzM|kAW|;C)zN|hM6t5M,IXTg;Gn_VXvLR@ATIMx`owIFa7»');
password = "«back\\slash1»"
ansible_become_pass: "«prod-db-pw»"
keyPassword "«andrea.m»"
password: string = '«swordfish»';
our $secret = q{«liverpool1»};
let password = r#"«swordfish»"#;
if (strcmp(password, "«#hashtag1»") == 0) grant();
if ("«barbaz9»".equals(password)) {
if password == "«calvin»":
if (password.equals("«swordfish»")) {
let pw = env::var("DB_PASSWORD").unwrap_or_else(|_| "«swordfish»".to_string());
db_pass: SecretStr = Field(default="«peter&paula»", env="DB_PASS")
flag.StringVar(&password, "password", "«8fj3kd»", "admin password")
config.set("db", "password", "«swordfish»")
env.put(Context.SECURITY_CREDENTIALS, "«open sesame»");
curl_easy_setopt(curl, CURLOPT_PASSWORD, "«swordfish»");
@Value("${app.password:«swordfish»}")
echo ${DB_PASSWORD:-«swordfish»}
dblink('host=db user=app password=«sesame» dbname=x', 'select 1')
connect("db.internal", "root", "«swordfish»")
connect("10.0.0.1", 22, "deploy", "«swordfish»")
cx_Oracle.connect("root", "«Start2021!»", "192.168.10.5/orders")
client.connect("esp32-01", "bob", "«open sesame»");
User.objects.create_superuser("bob", "bob@x.com", "«all your base»")
await userManager.CreateAsync(user, "«Swordfish»");
ftp.login('admin', '«my dog has fleas»')
Credentials.basic("bob", "«swordfish»")
Credentials("Nexus", "db.internal", "bob", "«never gonna give you up»")
ADOConnection1.Open('bob', '«swordfish»');
DBI->connect("dbi:mysql:hr", "bob", "«swordfish»")
local ok, err = red:auth('«princess»')
app.use(cookieParser('«valarMorghulis»'));
co = cohere.Client("«kAxNawbWTz8suL9Fbzi0u1NIpX0ZT2fT5RLJ7O9p»")
auth = tweepy.OAuthHandler("kd82lsPqz0", "«J8A8dsW8mHa4qcbCvB1qAbakc6MvkBcay0zaTCFk9V2c7XzI3A»")
new ethers.Wallet("«0xfdc8a5578ace4f361d1784ba4bcb1bebd404f616c5bc0e61af44ed13738b1c2e»", provider);
sig = hmac.new(bytes.fromhex("«174eec1957d091615764b37ec2a4cfc413c4772d»"), body)
$password = hex2bin("«62656c6c61266d6178»");
USERS = {"bob": "«zxcvb123»"}  # users and passwords
basic_auth 'admin', '«swordfish»'
net user bob «lalala» /add
net use Z: \\localhost\share «monday1» /user:bob
smbclient //10.0.4.17/c$ -U bob%«alpine»
unzip -P «kafka-rules» payroll.zip -d out
htpasswd -b -c /etc/nginx/.htpasswd root «Texas!1»
htpasswd -nb bob «Texas!1»
mvn deploy -Dusername=bob -Dpassword=«purple_rain»
wandb login «bec43faf17b7b078e7764e05aae99f08b5c063c7»
useradd -m -p $(openssl passwd -1 «login4me») root
echo «cG9zdGdyZXMxMg==» | base64 -d > /run/secrets/db_password
rabbitmqctl add_user bob «swordfish»
sudo -S ls <<< "«swordfish»"
rootpw --plaintext «Boston617»
SetEnv DB_PASSWORD «Ninja-42»
rocommunity «joshua» 10.0.0.0/8
remote_password «b4ckup»
cache_peer x.com parent 3128 0 no-query login=bob:«w3lcome»
Pass "«smtp!2021»"
mongodb://svc:«anotherSecret»@h/db
rtsp://bob:«88888888»@192.168.1.64:554/x
"grant_type=password&username=bob&password=«alpine»"
https://api.openweathermap.org/data/2.5/weather?q=Oslo&appid=«a7c2a64ffec9eed70a01723cf2651909»
https://mainnet.infura.io/v3/«9f85137d74b259adf00157610abeec6d»
https://hooks.zapier.com/hooks/catch/«2529081/33qh9sg»/
https://api.telegram.org/bot«7443907630:AAW67tRVwnI7Leo5zK2tfZXnbXA3fVUeyFa»/sendMessage
Fastly-Key: «CxUtYFCMs8MTfbBco7BPL_OFKZJAQazC»
Authorization: SSWS «00pRCA6N-ZnP_SJttffk_Q9GPMKBwUAeuP37TBRNwa»
LaunchDarkly.init("«sdk-97e84476-9d17-4608-8b7f-86cbca9d0b0a»");
<add key="SmtpPassword" value="«all your base»"/>
CREATE LOGIN bob WITH PASSWORD = N'«café&crème»'
the pw for the demo account is «foobar12» thanks
the root password was changed to «dortmund09» on monday
change db password from old one to "«gitlab!root»"
Log in with ``bob`` and the password ``«sonarqube7»``.
customer gave login bob and passwd «111222» so we can reproduce
your temporary password is: «minecraft»
Default login: root / «jessica»
<!-- test login: bob password: «hadoop» -->
-- prod password: «shhhhh»
MFA seed for the root account: «ZUDJ4ZJ2LKAESUKM»
Unseal Key 1: «EtwOdf4/QymnuJ/c3lT5rNGaVbce0wNGejM6mr/kfOFV»
**Password:** «swordfish7»
define('NONCE_SALT', '«k~ 4R(8|u{{!w%s Zt@9 #Lq&&P+ x]2^e=>V:b0_ <N?7 $y}}dJ;m,*H/f.3Sg»');
snmp_community: «tulpengarten»
smbclient //srv/share -U corp/jo%«Sommer2024»
oracle+cx_oracle://scott:«tigerente9»@db/orders
- API key for the sandbox: `«k83hd72hs91kd02m»`
mvn verify -Dsonar.login=«5524bf449ca45fcace54698371466398321f3a82»
DOCKER_AUTH_CONFIG={"auths":{"reg.example":{"auth":"«am86dGln»"}}}
  <secret>{«AQAAABAAAAAw q7xk2mzr9tw4b8vn1pj5hd3gf6ys»}</secret>
mailer token - '«t7r2k9m4x8q3w6z1»'
The portal's API key «Tq7Lw2Xv9Kd4Rb8Zp1Nc» expires in May.
dd-apikey-«dd52c29224affe29d163c6bf99e5c34f»
nasdaq_key = «yhTFulkELh3-jC6oudRX»
visit('«q7xk2mzr9tw4b8vn1pj5hd3gf6ys»')
postmark: "«f59dffd2-83ea-47c7-ba8f-95e053a6d0ae»"
""".strip().split("\n")


@pytest.mark.parametrize("line", LINES)
def test_only_the_secret_goes(line: str) -> None:
    cleaned = clean(re.sub("[«»]", "", line))
    for secret in re.findall("«(.*?)»", line):
        assert secret not in cleaned
    assert re.sub(r"\[redacted:[a-z_]+\]", "", cleaned) == re.sub("«.*?»", "", line)


# What takes several lines, or a file's name.
TEXTS = [
    ("a.yaml", "password: |\n  «sys4dmin»\nuser: bob"), ("a.yaml", "keystorePassword: >-\n  «keyboard cat»"), ("a.yaml", "smtp: &smtp_password «star*wars»\n"),
    ("a.yaml", "password: &pw «swordfish»\n"), ("a.yaml", "chpasswd:\n  list: |\n    bob:«Arsenal1886»\n"), ("a.toml", 'passphrase = """\n«swordfish»\n"""'),
    ("a.properties", "spring.datasource.password=«don't panic»\n"), ("a.env", "SECRET_KEY=«first-login»\nDEBUG=0"), ("a.env", "MAIL_PASSWORD=«kar-tof-fel»"),
    ("a.py", 'password = (\n    "«blaubeer»"\n    "«kuchen9»"\n)'), ("a.js", "const t = ['«ghp_de8FEDb4NUajmVsB4kL»', '«LPFaCywkbYp45EYKn»'].join('');"),
    ("a.py", "t = ''.join(['«ghp_de8FEDb4NUajmVsB4kL»', '«LPFaCywkbYp45EYKn»'])"), ("a.rs", 'concat!("«ghp_de8FEDb4NUajmVsB4kL»", "«LPFaCywkbYp45EYKn»")'),
    ("a.ps1", '$apiKey = "«Qi7ImfQBYNSsWnZNx»" + `\n  "«bqJv37SpCIQezSdPtsFlOpz»"'), ("a.vb", 'Dim apiKey As String = "«Qi7ImfQBYNSsWnZNx»" & _\n  "«bqJv37SpCIQezSdPtsFlOpz»"'),
    ("a.xml", "<Password>\n  <Value>«geheim123»</Value>\n</Password>"), ("a.csv", "host,user,pass\nweb1,admin,«Kangaroo!7»\nweb2,admin,«Wombat»\n"),
    ("a.csv", 'email;passwort\nb@x.de;«juventus»'), ("a.md", "| user | password |\n|------|----------|\n| bob | `«June2021»` |\n"),
    ("a.sql", "INSERT INTO `u` (`login`, `pass`)\nVALUES\n  ('bob', '«sim0n!»'),\n  ('ann', N'«lynx-lynx»');"),
    ("a.json", '{"kind": "Secret", "data": {"api-token": "«cGFzcyAjIHdvcmQ=»"}}'), ("a.yaml", "kind: Secret\ndata:\n  a: «cGFzcyAjIHdvcmQ=»\n  b: «Zm9vYmFyYmF6»\n"),
    ("a.py", 'password = (  # from the vault\n    "«swordfish»"\n)'), ("a.c", 'password /* the one */ = /* old */ "«swordfish»";'),
    ("a.js", "const password = // of the test\n  '«swordfish»';"), ("a.yaml", "password:" + " " * 90 + "«swordfish»\n"), ("a.py", "password = " + " " * 90 + "'«swordfish»'"),
    ("a.js", "const password = String.raw`«sword-fish-7»`"), ("a.php", "$password = <<<EOT\n«sword-fish-7»\nEOT;"), ("a.ps1", "$password = @'\n«sword-fish-7»\n'@"),
    ("a.exp", 'expect "assword:"\nsend "«Autumn2022!»\\r"'), ("a.py", '    return user == "bob" and password == "«all your base»"'),
    ("a.py", 'run("mysql --user ann --password=«otter-elm-sedge-522» shop")'),
]  # fmt: skip


@pytest.mark.parametrize(("path", "marked"), TEXTS)
def test_a_secret_on_several_lines(path: str, marked: str) -> None:
    span = Span(re.sub("[«»]", "", marked), Origin("file", path=path))
    text = redact([span], Known(), nonce="zq81kd").spans[0].text
    assert re.sub(r"__SECRET_[A-Z_]+_zq81kd_\d+__", "", text) == re.sub("«.*?»", "", marked)


DIFF = """
diff --git a/notes.txt b/notes.txt
--- a/notes.txt
+++ b/notes.txt
@@ -1,2 +1,4 @@
 machine db
-password «swordfish12»
+login me
+password «q9dKf02lZmXo»
"""


def test_a_diff_is_read_without_the_marks_of_its_lines() -> None:
    text = re.sub("[«»]", "", DIFF)
    (shown,) = redact([Span(text, Origin("user"))], Known(), nonce="1a2b").spans
    for secret in re.findall("«(.+?)»", DIFF):
        assert secret not in shown.text
    assert shown.text.count("\n") == text.count("\n")
    assert "\n+password __SECRET_" in shown.text
