"""Secrets in the words of people: in prose, in comments, in reports of errors.

It knows how people say what a password is, and leaves to `phrase` what may be one.
"""

from assist_escalation.phrase import phrase

REMARKS = (
    phrase("PASSWORD", "pass pwd secret login credentials pin",
               r"""(?:pass(?:word|phrase|code|wd)?|pwd|secret|\b(?:pw|credentials?|pin|login))s?\b"""
               r"""(?:\s+(?:for|of|to|on)\s+[\w.@/-]+(?:\s+[\w.@/-]+)??)?\s*(?:\b(?:is|was|are|to|as"""
               r"""|becomes)\b|->|→|:)\s*(?:now\s+|still\s+|set\s+to\s+)?[(:]?\s*(?:["'`“‘«](?P<v1>"""
               r"""[^"'`”’»\n]{4,80})["'`”’»]|(?P<v2>[^\s"'`“”‘’,;()<>\[\]{}]{4,80}+)(?![(\[{]))""",
            "structured"),
    phrase("PASSWORD", "login log sign credentials user account",
               r"""\b(?:log ?in|sign in|credentials|user(?:name)?|account)(?![\w-])[^\n.]{0,30}?\s"""
               r"""(?:with|as|are|:|=)?\s*["'`]?[\w.@-]{2,40}["'`]?\s?(?:/|:|and|with(?: the)?"""
               r""" password)\s?["'`]?(?P<v>(?=\S{0,50}\d)(?![\w-]+(?:\.[\w-]+)+[^\w.])"""
               r"""[^\s"'`/,;()<>\[\]{}~]{6,60})["'`]?(?=[\s.,]|$)""", "structured"),
    phrase("PASSWORD", "password passwd passphrase passcode pwd pw",
               r"""\b(?:pass(?:word|phrase|code|wd)?|pwd|pw)s?\s+(?:for|of|to|on|in)\s+(?:[\w.@/-]{1,4"""
               r"""0}\s+){1,5}?(?:is|was|:)\s+"""
               r"""(?:now\s+)?["'`“]{0,2}(?P<v>(?=\S{0,50}\d)[^\s"'`“”,;()<>\[\]{}]{5,80})""", "structured"),
    phrase("PASSWORD", "password passphrase passcode passwd pwd",
               r"""\b(?:pass(?:word|phrase|code|wd)|pwd|pw)\b[^\n"'`]{0,60}?\b(?:chang|reset|set|updat|r"""
               r"""otat|switch)\w{0,3}\s+(?:back\s+)?"""
               r"""to\s+["'`“]{0,2}(?P<v>(?=\S{0,50}\d)[^\s"'`“”,;()<>\[\]{}]{5,80})""", "structured"),
    phrase("PASSWORD", "password passphrase passcode passwd pwd",
               r"""\b(?:chang|reset|set|updat|rotat|switch)\w{0,3}\b[^\n"'`]{0,30}?\b(?:pass(?:word|phra"""
               r"""se|code|wd)|pwd|pw)\b[^\n"'`]{0,40}?"""
               r"""\bto\s+["'`“]{1,2}(?P<v>[^\s"'`“”]{5,80})["'`”]""", "structured"),
    phrase("PASSWORD", "password passwd passphrase passcode pwd pw",
               r"""\b(?:pass(?:word|phrase|code|wd)|pwd|pw)\s+(?:``?|“|‘)(?P<v>[^\s`”’]{4,80})(?:``?|”|’)""",
           "structured"),
    phrase("PASSWORD", "password passwd passphrase passcode pwd pw",
               r"""\b(?:login|user(?:name)?|account)\s+["'`]{0,2}[\w.@-]{2,40}["'`]{0,2},?\s+(?:and|with"""
               r"""|,)\s*(?:the\s+)?"""
               r"""(?:pass(?:word|wd|phrase)|pwd|pw)\s+["'`“]{0,2}(?P<v>(?=\S{0,50}\d)[^\s"'`“”,;()<>\["""
               r"""\]{}]{5,80})""", "certain"),
    phrase("PASSWORD", "password passphrase passcode pwd pw pin",
               r"""\b(?:temporary|initial|default|new|your|current|the)\s+(?:\w{2,20}\s+)?(?:pass(?:word"""
               r"""|phrase|code|wd)|pwd|pw|pin)\s+(?:is|was)"""
               r"""(?:\s+now)?:\s*["'`“]{0,2}(?P<v>[^\s"'`“”,;()<>\[\]{}]{4,80})["'`”]{0,2}(?=\s*(?:\n|$"""
               r"""|\.\s))""", "certain"),
    phrase("PASSWORD", "login credential user account",
               r"""\b(?:login|credentials?|user(?:name)?|account)s?\s*[:=]\s*["'`]?[\w.@-]{2,40}["'`]?[ """
               r"""\t]+/[ \t]+["'`]?"""
               r"""(?P<v>[^\s"'`,;()<>\[\]{}/|]{4,80})(?=["'`]?(?:\s*(?:\n|$)|[,.;)]))""", "certain"),
    phrase("PASSWORD", "login user account email e-mail",
               r"""\b(?:login|user(?:name)?|account|e-?mail)[ \t]{0,3}[:=][ \t]{0,3}[\w.@-]{2,40}[ \t]{1"""
               r""",8}(?:pass(?:word|wd|phrase)?|pwd|pw)"""
               r"""[ \t]{0,3}[:=][ \t]{0,3}(?P<v>[^\s"'`,;()<>\[\]{}/|.]{4,80})(?=[ \t]*(?:\n|$|-->|\*/))""",
           "certain"),
    phrase("PASSWORD", "password passwd passphrase passcode pwd pw",
               r"""(?:^|\n)[ \t]*(?:--|\#|//|;|<!--|/?\*)[^\n:"'=]{0,40}\b(?:prod|test|dev|stag|default|"""
               r"""root|admin|db|database|user|demo"""
               r"""|wifi|server|login|ftp|ssh|old|our)\w{0,8}[ \t]+(?:pass(?:word|wd|phrase)|pwd|pw)[ \t"""
               r"""]{0,3}[:=][ \t]{0,3}"""
               r"""(?P<v>[^\s"'`,;()<>\[\]{}/|.:]{4,80})(?=[ \t]*(?:\n|$|-->|\*/))""", "certain"),
    phrase("SECRET", "mfa totp 2fa otp authenticator two-factor",
               r"""\b(?:mfa|totp|2fa|otp|authenticator|two-factor)\b[^\n]{0,60}?[:=\s"'](?P<v>[a-z2-7]{1"""
               r"""6,64})(?=["'`\s.,]|$)""", "structured"),
    phrase("SECRET", "unseal recovery",
               r"""\b(?:unseal|recovery)\s+(?:key|share)\s*\d{0,2}\s*[:=]\s*(?P<v>[a-z0-9+/=_-]{20,120})""",
           "structured"),
    phrase("PASSWORD", "`",
               r"""\b(?:log|sign|user|use|cred|account)\w{0,9}[^\n]{0,40}?`[\w.@-]{2,40}`[ ]{0,2}/[ """
               r"""]{0,2}`(?P<v>[^\s`]{4,80})`""", "structured"),
    # what is compared with a password
    phrase("PASSWORD", ".equals",
               r"""(?<![\w"'])["'](?P<v>[^"'\n]{4,80})["']\.equals(?:ignorecase)?\(\s*[\w.$]{0,40}(?:pas"""
               r"""s(?:word|wd|phrase)?|pwd)(?:\(\))?\s*\)""",
           "certain"),
    phrase("PASSWORD", "password passwd passphrase pwd",
               r"""(?<![\w"'\[])["'](?P<v>[^"'\n]{4,80})["']\s?={2,3}\s?[\w.$>-]{0,40}(?:password|passwd"""
               r"""|passphrase|pwd)(?![\w\[(.])""",
           "certain"),
)  # fmt: skip
