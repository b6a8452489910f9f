"""Secrets in command lines, in files that have a place for them, and in statements of SQL.

It knows where each of these puts its secret, and leaves to `phrase` what may be one.
"""

from assist_escalation.phrase import ARGUMENT, STRING, phrase

COMMANDS = (
    # command lines
    phrase("PASSWORD", "curl wget http lftp xh",
               r"""\b(?:curl|wget|https?|lftp|xh)\b[^\n]{0,400}?\s(?:-u|--user|-a|--auth"""
               r"""|--proxy-user|-u)[ =]?(?:\\?["'])?[\w.@+-]{1,60}[:,](?P<v>[^\s"'`]{4,120})"""),
    phrase("PASSWORD", "mysql mariadb",
               r"""\b(?:mysql|mariadb)[\w-]*\b[^\n|]{0,300}?\s-p(?:\\?["'](?P<v1>[^"'\n]{3,80})["']|"""
               r"""(?P<v2>[^\s"'`|;&-][^\s"'`|;&]{2,80}))"""),
    phrase("PASSWORD", "sshpass", rf"""\bsshpass\s+-p\s*{ARGUMENT}"""),
    phrase("PASSWORD", "login",
               rf"""\b(?:docker|podman|helm|oc|az|registry|skopeo|buildah|nerdctl|cf|vault)\b"""
               rf"""[^\n]{{0,60}}?\blogin\b[^\n]{{0,200}}?\s-p[ =]?{ARGUMENT}"""),
    phrase("PASSWORD",
               "redis-cli mongo ldap sqlcmd bcp ipmitool snmp rdesktop",
            rf"""\b(?:redis-cli\b[^\n]{{0,200}}?\s-a|mongo(?:sh|dump|restore|export|import)?\b"""
            rf"""[^\n]{{0,200}}?\s-p|ldap(?:search|add|modify|delete|passwd|whoami)\b"""
            rf"""[^\n]{{0,300}}?\s-w|sqlcmd\b[^\n]{{0,200}}?\s-p|bcp\b"""
            rf"""[^\n]{{0,200}}?\s-p|ipmitool\b[^\n]{{0,200}}?\s-p|rdesktop\b[^\n]{{0,200}}?\s-p"""
            rf"""|snmp\w*\b[^\n]{{0,100}}?\s-[cax])\s*{ARGUMENT}"""),
    phrase("PASSWORD", "7z unrar xfreerdp",
               r"""\b(?:7za?\b[^\n]{0,100}?\s-p|(?:un)?rar\b[^\n]{0,100}?\s-h?p|xfreerdp\b"""
               r"""[^\n]{0,200}?\s/p:)\\?["']?(?P<v>[^\s"'`]{4,80})"""),
    phrase("PASSWORD", "net wmic schtasks smbclient runas",
               rf"""\b(?:net\s+user(?:\s+/add)?\s+[\w.-]+|net\s+use\b[^\n]{{0,80}}?/user:\S+|schtasks\b"""
               rf"""[^\n]{{0,300}}?\s/rp|smbclient\b[^\n]{{0,100}}?-u\s?[\w\\.-]+%)\s*{ARGUMENT}""",
           "structured"),
    phrase("PASSWORD", "net smbclient rpcclient",
               r"""\bnet\s+user(?:\s+/add)?\s+[\w.-]+\s+(?P<v1>[^\s"'/*%-][^\s"']{3,80})(?=\s+/|\s*$)"""
               r"""|\bnet\s+use\s+\S+\s+\\\\\S+\s+(?P<v2>[^\s"'/*%][^\s"']{3,80})(?=\s+/)"""
               r"""|\b(?:smb|rpc)client\b[^\n]{0,100}?(?:-u|--user=)\s?["']?[\w\\.-]+%(?P<v3>[^\s"'`$]{4"""
               r""",80})""", "certain"),
    phrase("PASSWORD", "htpasswd",
               rf"""\bhtpasswd\s+(?:(?:-\w{{1,6}}\s+){{0,4}}-(?!\w*n)\w{{0,5}}b\w{{0,5}}\s+(?:-\w{{1,"""
               rf"""6}}\s+){{0,4}}[^\s-]\S{{0,100}}\s+[^\s-]\S{{0,60}}"""
               rf"""|-(?=\w*n)(?=\w*b)\w{{1,6}}\s+[^\s-]\S{{0,60}})\s+{ARGUMENT}"""),
    phrase("PASSWORD", "rabbitmqctl openssl psexec mosquitto_ cmdkey",
               rf"""(?:\brabbitmqctl\s+(?:add_user|change_password|authenticate_user)\s+\S{{1,60}}|\bope"""
               rf"""nssl\s[^\n]{{0,120}}?\s-k"""
               rf"""|\bpsexec\w*\b[^\n]{{0,120}}?\s-p|\bmosquitto_\w+\b[^\n]{{0,120}}?\s-u\s+\S{{1,6"""
               rf"""0}}\s+-p)\s+{ARGUMENT}"""),
    phrase("PASSWORD", "/pass: /password:", r"""\s/pass(?:word)?:["']?(?P<v>[^\s"'%]{4,80})"""),
    phrase("PASSWORD", "<<<",
               r"""\b(?:sudo\s+-s|\w{0,20}passwd|read\s+(?:-\w+\s+)?\w{0,20}(?:pw|pass|password|secret"""
               r"""|token))\b[^\n|;]{0,40}?"""
               r"""<<<\s*["']?(?P<v>[^\s"'$`]{4,80})"""),
    phrase("PASSWORD", "printf",
               r"""\bprintf\s+(?:["']%s(?:\\n)?["']\s+)?["']?(?P<v>[^\s"'$`%|]{4,80})["']?\s*\|\s*(?:s"""
               r"""udo\s+-s|passwd|chpasswd)"""),
    phrase("PASSWORD", "basic_auth",
               rf"""\bbasic_auth\s+["'][^"'\n]{{1,60}}["'],\s{{0,4}}{STRING}""", "certain"),
    phrase("PASSWORD", "zip",
               r"""\b(?:un)?zip\s(?:[^\n|;&]{0,100}?\s)?-p\s+["']?(?P<v>(?!\S+\.\w{2,4}(?:["'\s]|$))[^"""
               r"""\s"'`$-][^\s"'`]{3,80})""", "certain"),
    phrase("PASSWORD", "-d",
               r"""(?:\s|["'])-d[\w.-]{0,40}(?:password|passwd|passphrase|pwd)=["']?(?P<v>[^\s"'`$<"""
               r""">{}\\]{4,80})""",
           "certain"),
    phrase("TOKEN", "login auth",
               r"""\b(?:wandb|netlify|heroku|doppler|gh|huggingface-cli|vercel|npm|snyk|sentry-cli|flyct"""
               r"""l|ngrok|infracost)\b"""
               r"""[^\n]{0,40}?\b(?:login|auth|add-authtoken|authtoken)\s+(?:--\w+[ =])?(?P<v>[\w.-]{20,"""
               r"""120})""", "structured"),
    phrase("PASSWORD", "openssl",
               r"""\bopenssl\s+passwd\s+(?:-\w+\s+){0,4}["']?(?P<v>[^\s"'`$)-][^\s"'`)]{3,80})""", "certain"),
    phrase("SECRET", "base64",
               r"""\becho\s+(?:-n\s+)?["']?(?P<v>[a-z0-9+/]{8,400}={0,2})["']?\s*\|\s*base64\s+(?:-d|--d"""
               r"""ecode)\b"""
               r"""[^\n]{0,80}(?:password|secret|token|key|pw)"""),
    phrase("PASSWORD", "expect send",
               r"""(?:assword|passphrase)[^\n"']{0,20}["'{}]?[^\n"']{0,10}[\n;][ \t]*(?:exp_)?send(?:lin"""
               r"""e)?\s+(?:--\s+)?["'{](?P<v>[^\s"'$\\]{3,80})""",
           "certain"),
    phrase("PASSWORD", "pass:", r"""\s-?-pass(?:in|out|word)?\s+pass:(?P<v>[^\s"'`]{4,80})"""),
    phrase("PASSWORD", "-storepass -keypass -srcstorepass",
               rf"""\s-(?:src|dest)?(?:store|key)pass\s+{ARGUMENT}"""),
    phrase("PASSWORD", "echo",
               r"""\becho\s+(?:-[ne]+\s+)?(?:\\?["'])?(?:[\w.-]+:)?(?P<v>[^\s"'|`$]{4,80})(?:\\?"""
               r"""["'])?\s*\|\s*(?:sudo\s+)?(?:chpasswd|passwd|sudo\s+-s|su\s|docker\s+login"""
               r"""|cryptsetup|openssl|kinit)"""),
    phrase("PASSWORD", "-asplaintext",
               rf"""convertto-securestring\s+(?:-string\s+)?{STRING}[^\n]*-asplaintext"""),
    phrase("PASSWORD", "-asplaintext", r"""-asplaintext[^\n]{0,40}-string\s+["'](?P<v>[^"'\n]{4,80})"""),
    # files with fixed places
    phrase("PASSWORD", "password",
               r"""\b(?:machine\s+\S+|default)\s+(?:login\s+\S+\s+)?(?:account\s+\S+\s+)?password\s+"""
               r"""(?P<v>\S{3,120})"""),
    phrase("PASSWORD", "enable username neighbor snmp key-string",
               r"""(?:^|\n)\s*(?:enable\s+(?:secret|password)|username\s+\S+(?:\s+privilege\s+\d+)?\s+"""
               r"""(?:secret|password)|neighbor\s+\S+\s+password|snmp-server\s+community|(?:ppp|standby"""
               r"""|ip)\b[^\n]{0,60}?(?:password|authentication)|key-string|tacacs-server"""
               r"""[^\n]{0,40}?key|radius-server[^\n]{0,60}?key)\s+(?:[05789]\s+)?(?P<v>[^\s]{4,120})"""),
    phrase("PASSWORD", "setenv rootpw bindpw rocommunity rwcommunity cache_peer",
               r"""(?:^|\n)[ \t]*(?:(?:setenv|passenv)\s+\w{0,30}(?:password|passwd|pass|pwd|secret|toke"""
               r"""n)\w{0,10}\s+["']?(?P<v1>[^\s"'$]{4,100})"""
               r"""|(?:root)?bindpw\s+(?P<v5>[^\s"'$=-]\S{3,100})(?=[ \t]*(?:\n|$))|rootpw\s+(?:--plaint"""
               r"""ext\s+)?(?P<v2>[^\s"'$-]\S{3,100})|r[ow]community6?\s+(?P<v3>[^\s"']{4,60})"""
               r"""|cache_peer\s[^\n]{0,120}?\slogin=[\w.-]{1,40}:(?P<v4>[^\s"'*]{4,80}))""", "certain"),
    # a name and its value, alone on a line
    phrase("PASSWORD", "requirepass masterauth",
               r"""(?:^|\n)[ \t]*(?:requirepass|masterauth)[ \t]+(?P<v>[^\s"']{4,80})[ \t]*(?=\n|$)"""),
    phrase("PASSWORD", "passwd password",
               r"""(?:^|\n)[ \t]*(?:passwd|password)[ \t]+(?P<v>[^\s"'(=]{4,80})[ \t]*(?=\n|$)""",
           "structured"),
    phrase("PASSWORD", "_password _passwd _pass _pw",
               r"""(?:^|\n)[ \t]*(?:[a-z]{2,20}_(?:password|passwd|pass|pw))[ \t]+(?P<v>[^\s"'=:({$]{4,8"""
               r"""0})[ \t]*(?=\n|$)""",
           "structured"),
    phrase("PASSWORD", "pass",
               r"""(?:^|\n)[ \t]*pass(?:word|wd)?[ \t]+"(?P<v>[^\s"$]{4,80})"[ \t]*(?=\n|$)""", "certain"),
    phrase("PASSWORD", "chpasswd",
               r"""chpasswd:?[^\n]{0,40}\n(?:[ \t]*(?:list|users|expire):[^\n]{0,10}\n)?[ \t-]*[\w.-]{1,"""
               r"""32}:(?P<v>[^\s:"'$]{4,80})(?=\n|$)""",
           "certain"),
    phrase("PASSWORD", "5432",
               r"""(?:^|\n)[\w.*-]{1,100}:(?:\d{2,5}|\*):[\w*-]{1,60}:[\w*-]{1,60}:(?P<v>[^\s:]{3,100})"""
               r"""(?=\s|$)"""),
    # SQL
    phrase("PASSWORD", "identified",
               r"""\b(?:user|role|grant|to|for)\b[^\n]{0,200}?\bidentified\s+(?:with\s+\S+\s+)?(?:by"""
               r"""|as)\s+(?:password\s+)?(?:\\?["'](?P<v1>[^"'\n]{3,120}?)\\?["']|(?P<v2>[a-z]"""
               r"""[\w$#]{3,40})(?=\s*(?:;|$)))"""),
    phrase("PASSWORD", "password(", rf"""\bpassword\(\s*{STRING}\s*\)"""),
    phrase("PASSWORD", "password",
               rf"""\b(?:create|alter)\s+(?:user|role|login)\b"""
               rf"""[^\n;]{{0,120}}?\bpassword\s*=?\s*n?{STRING}"""),
)  # fmt: skip
