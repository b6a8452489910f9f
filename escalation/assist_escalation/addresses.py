"""Secrets in addresses and in the headers of requests.

It knows where each of these puts its secret, and leaves to `phrase` what may be one.
"""

from assist_escalation.phrase import phrase

ADDRESSES = (
    # addresses
    phrase("PASSWORD", "://",
               r"""\b[a-z][a-z0-9+.-]{1,30}://[^\s/:@"'<>`]{0,80}:(?P<v>[^\s"'<>`/]{1,120})@[\w.\[${%(-]""",
           "certain"),
    phrase("TOKEN", "://",
               r"""\b(?:https?|git|ssh)://(?P<v>[a-z0-9_-]{20,255})(?::x-oauth-basic)?@[\w.-]"""),
    phrase("PASSWORD", "jdbc:oracle sqlplus rman expdp impdp",
               r"""(?:jdbc:oracle:(?:thin|oci8?):|(?:sqlplus|rman|expdp|impdp)\b[^\n]{0,40}?[ =])"""
               r"""[\w$#]{1,30}/(?P<v>[^\s"'/@]{4,60})@"""),
    phrase("TOKEN", "= %3d",
               r"""[?&;](?:access_|auth_|id_|refresh_|api_?)?(?:key|token|apikey|secret|passw(?:or)?d"""
               r"""|pwd|pass|code|sig|signature)=(?P<v>[^\s"'<>`&;#]{8,500})""", "structured"),
    phrase("PASSWORD", "password= passwd= pwd= pass=",
               r"""[\w%.@-]&(?:[a-z]{0,12}_?)(?:password|passwd|pwd|pass)=(?P<v>[^\s"'<>`&;#${%()+,\\]{4"""
               r""",100})(?=["'&#\\]|\s|$)""",
           "certain"),
    phrase("API_KEY", "=",
               r"""[?&](?:appid|app_id|app_key|appkey|subscription-key|hapikey|apikey|api-key|client_sec"""
               r"""ret|access_key)="""
               r"""(?P<v>[\w-]{20,200})(?=["'`&#\s]|$)""", "structured"),
    phrase("PASSWORD", "pwd password",
               r"""(?:[;"']|\A|\s)(?:pwd|password)\s?=\s?(?P<v>[^\s;"'<>]{4,100})(?=;)"""),
    phrase("CREDENTIALS", "_auth", r"""(?<![\w.])_auth(?:token)?\s?=\s?["']?(?P<v>[a-z0-9+/=_.-]{8,400})"""),
    # headers
    phrase("CREDENTIALS", "authorization",
               r"""\bauthorization\\?["'`]?\]?\s{0,4}(?:[:=,]|=>)\s{0,4}(?:[fbru]{0,2}\\?["'`])?"""
               r"""(?:bearer|basic|token|apikey|api-key|key|jwt|negotiate|aws|sso-key|ssws|splunk|genie"""
               r"""-?key|discogs|klaviyo-api-key|bot)[ :=]+(?:token=)?"""
               r"""(?P<v>[a-z0-9+/=_.~:-]{6,4000}+)(?!\()"""),
    phrase("TOKEN", "bearer", r"""\bbearer[ :]+(?P<v>[a-z0-9+/=_.~-]{16,4000})""", "structured"),
    phrase("CREDENTIALS", "basic",
               r"""\bbasic[ ]+(?P<v>[a-z0-9+/]{12,400}={0,2})(?![\w-])""", "structured"),
    phrase("TOKEN", "x- private-token api-key apikey",
               r"""\b(?:x-[a-z-]{0,30}(?:key|token|secret|auth)|private-token|api-?key"""
               r"""|ocp-apim-subscription-key)\\?["'`]?\s{0,4}[:,=]\s{0,4}(?:\\?["'`])?(?P<v>"""
               r"""[a-z0-9+/=_.~-]{8,400})""", "structured"),
    phrase("TOKEN", "-key: -token: -secret:",
               r"""\b[a-z][a-z-]{1,30}-(?:key|token|secret):\s{0,4}(?P<v>(?=[a-z_-]*\d)[\w.=+/~-]{20,40"""
               r"""0})(?=["'`\s]|$)""",
           "structured"),
    phrase("COOKIE", "cookie:",
               r"""\b(?:set-)?cookie:[^\r\n]{0,300}?(?:sess|sid|auth|token|jwt|login|remember)"""
               r"""[\w.-]{0,30}=(?P<v>[^\s;"']{8,2000})""", "structured"),
)  # fmt: skip
