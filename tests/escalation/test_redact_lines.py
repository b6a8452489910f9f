"""A complaint about a secret that went through becomes a line here: `«...»` is what must not survive."""

import re

import pytest

from assist_escalation.redact import clean

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
""".strip().split("\n")


@pytest.mark.parametrize("line", LINES)
def test_only_the_secret_goes(line: str) -> None:
    cleaned = clean(re.sub("[«»]", "", line))
    for secret in re.findall("«(.*?)»", line):
        assert secret not in cleaned
    assert re.sub(r"\[redacted:[a-z_]+\]", "", cleaned) == re.sub("«.*?»", "", line)
