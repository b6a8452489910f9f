"""The published formats of tokens: what a service's key looks like wherever it stands.

It knows nothing of names and assignments. A format is only tried where one of its words occurs, which is
what makes the search fast; words are compared in lower case.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.secret_names import lowered

_LEFT, _RIGHT = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"


@dataclass(frozen=True, slots=True)
class Format:
    """A token's type, the words of which one stands in or beside it, and its expression.

    Where the expression has a group, the group is the secret. `leads`: every match begins with a word.
    """

    type: str
    words: tuple[str, ...]
    regex: re.Pattern[str]
    leads: bool = False


def _token(type_: str, words: str, *expressions: str) -> Format:
    """A format whose expressions stand between characters that are no letters or digits."""
    body = "|".join(expressions)
    return Format(type_, tuple(words.split()), re.compile(f"{_LEFT}(?:{body}){_RIGHT}"), leads=True)


def _within(type_: str, words: str, *expressions: str) -> Format:
    """The same, where the word stands within the token."""
    return replace(_token(type_, words, *expressions), leads=False)


def _near(type_: str, word: str, expression: str) -> Format:
    """A format without a mark of its own: only within 40 characters after the service's name."""
    regex = rf"(?i:{word})[^\n]{{0,40}}?[\s\"'=:,(>]({expression}){_RIGHT}"
    return Format(type_, (word,), re.compile(regex))


_HEX = "[0-9a-f]"
_UUID = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"

FORMATS = (
    # clouds
    _token("AWS_KEY_ID", "akia asia abia acca agpa aida aroa aipa anpa anva a3t",
           r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA)[A-Z2-7]{16}",
           r"(?:AKIA|ASIA)[A-Z0-9]{16}"),
    _within("AWS_KEY", "absk", r"ABSK[A-Za-z0-9+/]{100,140}={0,2}", r"bedrock-api-key-[A-Za-z0-9+/=]{20,}"),
    _near("AWS_KEY", "aws", r"[A-Za-z0-9/+]{40}(?=[^A-Za-z0-9/+=]|\Z)"),
    _token("GOOGLE_KEY", "aiza gocspx ya29. aq.ab", r"AIza[\w-]{35}", r"GOCSPX-[\w-]{24,40}",
           r"ya29\.[\w-]{20,}(?:\.[\w-]+)*+", r"AQ\.Ab[\w-]{30,80}"),
    _within("AZURE_KEY", "accountkey sharedaccesskey sig= 7q~ 8q~",
               r"[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}",
           r"(?<=[Kk]ey=)[A-Za-z0-9+/]{42,88}={0,2}"),
    Format("AZURE_SIGNATURE", ("sig=",), re.compile(r"[?&]sig=([A-Za-z0-9%+/_-]{40,100}(?:=|%3[dD])?)")),
    _within("AZURE_KEY", "azdo jqqj99 aaaeazdo aaae accog abag", r"[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{20,30}",
           r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}", r"[A-Za-z0-9]{72}JQQJ99[A-Za-z0-9]{6}"),
    _token("DIGITALOCEAN_TOKEN", "dop_v1_ doo_v1_ dor_v1_", rf"do[opr]_v1_{_HEX}{{64}}"),
    _token("ALIBABA_KEY_ID", "ltai", r"LTAI[A-Za-z0-9]{12,26}"),
    _token("TENCENT_KEY_ID", "akid", r"AKID[A-Za-z0-9]{32}"),
    _token("IBM_KEY", "apikey-", r"ApiKey-[\w-]{36,}"),
    _token("YANDEX_KEY", "aqvn t1. y0_ ycaj", r"AQVN[\w-]{35,38}",
               r"t1\.[A-Z0-9a-z_-]+[=]{0,2}\.[A-Z0-9a-z_-]{86}={0,2}",
           r"y0_[\w-]{50,60}", r"YC[\w-]{38}"),
    _token("CLOUDFLARE_TOKEN", "v1.0- cfut_ cfat_ cfk_", rf"v1\.0-{_HEX}{{24}}-{_HEX}{{146}}",
               r"cf(?:ut|at|k)_[A-Za-z0-9]{40,48}"),
    _near("CLOUDFLARE_TOKEN", "cloudflare", rf"[A-Za-z0-9_-]{{40}}|{_HEX}{{37}}"),
    _token("FASTLY_TOKEN", "fastly", r"fastly_[A-Za-z0-9_-]{32}"),
    _token("FLY_TOKEN", "fm1 fm2 fo1_", r"fo1_[\w-]{43}", r"fm[12][ar]?_[A-Za-z0-9+/=,_-]{100,}"),
    _token("HEROKU_KEY", "hrku-", r"HRKU-[A-Za-z0-9_-]{36,70}"),
    _near("HEROKU_KEY", "heroku", _UUID),
    _token("RENDER_KEY", "rnd_", r"rnd_[A-Za-z0-9]{28,40}"),
    _token("SCALINGO_TOKEN", "tk-us-", r"tk-us-[\w-]{48}"),
    _token("ORACLE_KEY", "ocid1.", r"ocid1\.(?:credential|apikey)\.[\w.-]{20,}"),
    # hosts of code and packages
    _token("GITHUB_TOKEN", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ v1.", r"gh[pousr]_[A-Za-z0-9]{30,255}",
           r"github_pat_[A-Za-z0-9_]{40,255}", rf"v1\.{_HEX}{{40}}"),
    _token("GITLAB_TOKEN",
               "glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- gloas- glsoat- glffct- gr1348941"
               " glwt-",
           r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct|wt)-[\w.-]{18,300}", r"GR1348941[\w-]{20}"),
    _token("BITBUCKET_TOKEN", "atbb atctt3x", r"ATBB[A-Za-z0-9_=]{28,}", r"ATCTT3xFfG[A-Za-z0-9_=-]{50,}"),
    _token("ATLASSIAN_TOKEN", "atatt3 atoa", r"ATATT3[A-Za-z0-9_=-]{60,}", r"ATOA[A-Za-z0-9_=-]{60,}"),
    _token("NPM_TOKEN", "npm_", r"npm_[A-Za-z0-9]{36,}"),
    _token("PYPI_TOKEN", "pypi-", r"pypi-[A-Za-z0-9_-]{32,}"),
    _token("RUBYGEMS_KEY", "rubygems_", rf"rubygems_{_HEX}{{48}}"),
    _token("NUGET_KEY", "oy2", r"oy2[a-z0-9]{43}"),
    _token("CARGO_TOKEN", "cio", r"cio[A-Za-z0-9]{32}"),
    _token("CLOJARS_TOKEN", "clojars_", r"CLOJARS_[a-z0-9]{60}"),
    _token("DOCKER_TOKEN", "dckr_", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{24,40}"),
    _token("ARTIFACTORY_KEY", "akcp cmvmd", r"AKCp[A-Za-z0-9]{60,80}", r"cmVmd[A-Za-z0-9]{55,70}"),
    _token("CODECOV_TOKEN", "cctoken_ ccipat_", r"CCIPAT_[A-Za-z0-9]{20,24}_[0-9a-f]{40}"),
    _token("BUILDKITE_TOKEN", "bkua_ bkat_", r"bk(?:ua|at)_[a-z0-9]{40}"),
    _token("SONAR_TOKEN", "sqp_ squ_ sqa_", r"sq[pua]_[a-z0-9]{40}"),
    _token("SOURCEGRAPH_TOKEN", "sgp_ sgd_", rf"sgp_(?:(?:{_HEX}{{16}}|local)_)?{_HEX}{{40}}",
               rf"sgd_{_HEX}{{64}}"),
    _token("JFROG_TOKEN", "jfrt", r"jfrt@[\w-]{20,}"),
    # payment and shops
    _token("STRIPE_KEY", "sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ whsec_ sk_prod_",
           r"(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,250}", r"whsec_[A-Za-z0-9+/=]{24,88}"),
    _token("SQUARE_TOKEN", "sq0 eaaa", r"sq0(?:atp|csp|idp|csb)-[\w-]{22,43}", r"EAAA[A-Za-z0-9_-]{60}"),
    _token("SHOPIFY_TOKEN", "shpat_ shpca_ shppa_ shpss_ shpua_ shptka_",
               r"shp(?:at|ca|pa|ss|ua|tka)_[a-fA-F0-9]{32}"),
    _token("PAYPAL_TOKEN", "access_token$",
               r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}"),
    _token("FLUTTERWAVE_KEY", "flwsec flwpubk", r"FLW(?:SECK|PUBK)(?:_TEST)?-[A-Za-z0-9]{12,40}(?:-X)?"),
    _token("EASYPOST_KEY", "ezak ezat ezt", r"EZ[AT][KT][A-Za-z0-9]{54}"),
    _token("SHIPPO_TOKEN", "shippo_", r"shippo_(?:live|test)_[0-9a-f]{40}"),
    _token("GOCARDLESS_TOKEN", "live_", r"live_[A-Za-z0-9_-]{38,45}"),
    _token("ADYEN_KEY", "aqe", r"AQE[a-z]hmf[A-Za-z0-9+/=_-]{60,}"),
    _token("RAZORPAY_KEY", "rzp_", r"rzp_(?:live|test)_[A-Za-z0-9]{14}"),
    _token("PLAID_TOKEN", "access-production- access-sandbox- access-development-",
           rf"access-(?:production|sandbox|development)-{_UUID}"),
    _token("DUFFEL_TOKEN", "duffel_", r"duffel_(?:test|live)_[A-Za-z0-9_=-]{43}"),
    # messages and mail
    _token("SLACK_TOKEN", "xox xapp- xwfp-", r"xox[a-z](?:\.xox[bp])?-[A-Za-z0-9-]{8,260}",
               r"xapp-\d-[A-Za-z0-9-]{20,200}",
           r"xwfp-[\w-]{20,}", r"xoxe-\d-[A-Za-z0-9]{100,}"),
    Format("SLACK_WEBHOOK", ("hooks.slack",), re.compile(
        r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/_-]{20,})")),
    Format("TEAMS_WEBHOOK", ("webhook.office.com",), re.compile(
        r"webhook\.office\.com/webhookb2/([0-9a-fA-F@/-]{36,}IncomingWebhook/[0-9a-fA-F/-]{32,}|"
        r"[\w@/-]{36,})")),
    Format("DISCORD_WEBHOOK", ("/api/webhooks/",), re.compile(
    r"discord(?:app)?\.com/api/webhooks/(\d{15,22}/[\w-]{50,80})")),
    Format("CHAT_WEBHOOK", ("chat.googleapis.com",), re.compile(
    r"chat\.googleapis\.com/\S{0,80}[?&]key=[\w-]+&token=([\w%-]{20,})")),
    _token("DISCORD_TOKEN", "mfa.", r"mfa\.[\w-]{80,90}"),
    Format("DISCORD_TOKEN", (".",), re.compile(
    r"[MNO](?<![A-Za-z0-9].)[\w-]{23,27}\.[\w-]{6}\.[\w-]{27,45}(?![A-Za-z0-9])")),
    _within("TELEGRAM_TOKEN", ":aa", r"\d{8,11}:AA[\w-]{32,34}"),
    Format("TELEGRAM_TOKEN", ("/bot",), re.compile(r"/bot(\d{8,11}:[\w-]{30,40})(?=[/\"'\s]|\Z)")),
    Format("WEBHOOK", ("hooks.zapier", "ifttt.com", "open-apis/bot", "hook.", "qyapi.weixin", "dingtalk"),
           re.compile(
        r"(?:hooks\.zapier\.com/hooks/(?:catch|standard)/|maker\.ifttt\.com/(?:trigger/[\w-]{1,60}/)?(?:json/)?with/key/"
        r"|(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/|hook\.(?:[a-z]{2}\d\.)?(?:make|integromat)\.com/"
        r"|qyapi\.weixin\.qq\.com/\S{0,60}[?&]key=|oapi\.dingtalk\.com/robot/send\?access_token=)"
        r"([\w-]{5,80}(?:/[\w-]{4,40})?)")),
    Format("RPC_KEY", ("infura.io", "alchemy", "quiknode.pro", "ankr.com"), re.compile(
        r"(?:infura\.io/(?:ws/)?v3/|\.alchemy(?:api)?\.(?:com|io)/(?:nft/)?v\d/|\.quiknode\.pro/|ankr\.com/\w{2,20}/)"
        r"([A-Za-z0-9_-]{28,64})(?![\w-])")),
    _token("DROPBOX_TOKEN", "sl.", r"sl\.(?:u\.)?[\w-]{60,2000}"),
    _token("LAUNCHDARKLY_KEY", "sdk- mob- api-", rf"(?:sdk|mob|api)-{_UUID}"),
    _near("CODECOV_TOKEN", "codecov", _UUID),
    _near("OPENWEATHER_KEY", "openweathermap", _HEX + "{32}"),
    Format("ETHEREUM_KEY", ("0x",), re.compile(
        r"(?i:accounts\s{0,3}:\s{0,3}\[\s{0,9}|wallet\(\s{0,9}|privatekeytoaccount\(\s{0,9}|from_key\(\s{0,9})"
        r"[\"'`]((?:0x)?[0-9a-fA-F]{64})[\"'`]")),
    _token("TWILIO_KEY", "sk ac", r"(?:SK|AC)[0-9a-f]{32}"),
    _token("SENDGRID_KEY", "sg.", r"SG\.[\w-]{16,32}\.[\w-]{32,64}"),
    _token("MAILGUN_KEY", "key- pubkey-", r"(?:pub)?key-[0-9a-f]{32}", ),
    _near("MAILGUN_KEY", "mailgun", r"[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}"),
    _within("MAILCHIMP_KEY", "-us", r"[0-9a-f]{32}-us\d{1,2}"),
    _token("SENDINBLUE_KEY", "xkeysib- xsmtpsib-", r"x(?:keysib|smtpsib)-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    _token("RESEND_KEY", "re_", r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,28}"),
    _token("MESSAGEBIRD_KEY", "live_", r"live_[A-Za-z0-9]{25}"),
    _token("FACEBOOK_TOKEN", "eaa", r"EAA[A-Za-z0-9]{60,400}"),
    _token("TWITTER_TOKEN", "aaaaaaaaaaaa", r"A{12,30}[A-Za-z0-9%]{60,120}"),
    _token("LINKEDIN_SECRET", "wpl_", r"WPL_AP\d\.[\w.-]{10,40}(?:==)?"),
    _token("INTERCOM_TOKEN", "dg9rojo", r"dG9rOj[A-Za-z0-9+/]{40,80}={0,2}"),
    _token("FIGMA_TOKEN", "figd_", r"figd_[\w-]{38,45}"),
    # models
    _token("OPENAI_KEY", "sk-", r"sk-(?:proj|svcacct|admin|None|service)-[\w-]{16,250}",
           r"sk-[A-Za-z0-9]{16,100}", r"sess-[A-Za-z0-9]{40}"),
    _token("ANTHROPIC_KEY", "sk-ant-", r"sk-ant-[a-z]{2,8}\d{2}-[\w-]{16,200}", r"sk-ant-[\w-]{20,200}"),
    _token("OPENROUTER_KEY", "sk-or-", rf"sk-or-(?:v\d-)?{_HEX}{{32,64}}"),
    _token("HUGGINGFACE_TOKEN", "hf_ api_org_", r"hf_[A-Za-z]{30,40}", r"hf_[A-Za-z0-9]{34,40}",
               r"api_org_[A-Za-z]{34}"),
    _token("GROQ_KEY", "gsk_", r"gsk_[A-Za-z0-9]{40,60}"),
    _token("XAI_KEY", "xai-", r"xai-[A-Za-z0-9]{60,90}"),
    _token("REPLICATE_TOKEN", "r8_", r"r8_[A-Za-z0-9]{32,40}"),
    _token("PERPLEXITY_KEY", "pplx-", r"pplx-[A-Za-z0-9]{40,60}"),
    _token("NVIDIA_KEY", "nvapi-", r"nvapi-[\w-]{60,70}"),
    _token("LANGSMITH_KEY", "lsv2_", rf"lsv2_(?:pt|sk)_{_HEX}{{32}}_{_HEX}{{10}}"),
    _token("WANDB_KEY", "wandb_v1_", r"wandb_v1_[\w-]{40,90}"),
    _token("FIREWORKS_KEY", "fw_", r"fw_[A-Za-z0-9]{22,26}"),
    _token("TAVILY_KEY", "tvly-", r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{28,40}"),
    _token("PINECONE_KEY", "pcsk_", r"pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{60,70}"),
    # data, monitoring, tools
    _token("DATABRICKS_TOKEN", "dapi dkea dose", r"d(?:api|kea|ose)[0-9a-f]{32}(?:-\d)?"),
    _token("VAULT_TOKEN", "hvs. hvb. hvr. s. b.", r"hv[sbr]\.[\w-]{20,300}",
               r"[sb]\.(?=[A-Za-z]*\d)(?=[\da-z]*[A-Z])[A-Za-z0-9]{24}"),
    _within("TERRAFORM_TOKEN", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70}"),
    _token("DOPPLER_TOKEN", "dp.",
               r"dp\.(?:pt|st|ct|scim|sa|said|audit)\.(?:[\w-]{2,35}\.)?[A-Za-z0-9]{40,44}"),
    _token("ONEPASSWORD_TOKEN", "ops_ey a3-", r"ops_eyJ[A-Za-z0-9+/]{100,}={0,3}",
           r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"),
    _token("INFISICAL_TOKEN", "st.", rf"st\.{_HEX}{{24}}\.{_HEX}{{32}}\.{_HEX}{{32}}"),
    _token("LINEAR_KEY", "lin_", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,64}"),
    _token("NOTION_TOKEN", "secret_ ntn_", r"secret_[A-Za-z0-9]{43}", r"ntn_[A-Za-z0-9]{40,50}"),
    _token("POSTMAN_KEY", "pmak-", rf"PMAK-{_HEX}{{24}}-{_HEX}{{34}}"),
    _token("GRAFANA_TOKEN", "glsa_ glc_ eyjrijoi", rf"glsa_[A-Za-z0-9]{{32}}_{_HEX}{{8}}",
               r"glc_[A-Za-z0-9+/]{32,400}={0,3}",
           r"eyJrIjoi[A-Za-z0-9]{70,400}={0,3}"),
    _within("NEWRELIC_KEY", "nrak- nrjs- nrii- nral nrra- nrsp", r"NRAK-[A-Z0-9]{27}", r"NRJS-[0-9a-f]{19}",
               r"NRII-[\w-]{32}",
           r"NRRA-[0-9a-f]{42}", r"[0-9a-f]{36}NRAL"),
    _token("SENTRY_TOKEN", "sntrys_ sntryu_", r"sntrys_[A-Za-z0-9+/=_-]{40,400}", rf"sntryu_{_HEX}{{64}}"),
    Format("SENTRY_DSN", ("sentry",), re.compile(
    r"https?://([0-9a-f]{32}(?::[0-9a-f]{32})?)@[\w.-]*sentry[\w.-]*/\d")),
    _token("PLANETSCALE_TOKEN", "pscale_", r"pscale_(?:tkn|oauth|pw)_[\w=.-]{32,64}"),
    _token("SUPABASE_KEY", "sbp_ sb_secret_", rf"sbp_(?:v\d_)?{_HEX}{{40}}", r"sb_secret_[\w-]{20,60}"),
    _token("NEON_KEY", "napi_", r"napi_[a-z0-9]{40,70}"),
    _token("DYNATRACE_TOKEN", "dt0", r"dt0[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    _token("DATADOG_KEY", "ddapp_ ddpub", r"dd(?:app|pub)_[A-Za-z0-9]{30,40}"),
    _near("DATADOG_KEY", "datadog", r"[0-9a-f]{40}|[0-9a-f]{32}"),
    _token("AIRTABLE_TOKEN", "pat", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    Format("ASANA_TOKEN", ("/",), re.compile(
    r"[012]/(?<![A-Za-z0-9]..)\d{12,18}(?:/\d{12,18})?:[0-9a-f]{32}(?![A-Za-z0-9])")),
    _token("HUBSPOT_TOKEN", "pat-na pat-eu", rf"pat-(?:na|eu)\d-{_UUID}"),
    _token("CONTENTFUL_TOKEN", "cfpat-", r"CFPAT-[\w-]{43}"),
    _token("TYPEFORM_TOKEN", "tfp_", r"tfp_[\w.=-]{40,60}"),
    _token("README_KEY", "rdme_", r"rdme_[a-z0-9]{70}"),
    _token("PULUMI_TOKEN", "pul-", rf"pul-{_HEX}{{40}}"),
    _token("PREFECT_KEY", "pnu_", r"pnu_[A-Za-z0-9]{36}"),
    _token("FRAMEIO_TOKEN", "fio-u-", r"fio-u-[\w=-]{64}"),
    _token("MAPBOX_TOKEN", "sk.eyj pk.eyj", r"[sp]k\.eyJ[\w-]{40,120}\.[\w-]{20,24}"),
    _token("CLICKHOUSE_KEY", "4b1d", r"4b1d[A-Za-z0-9]{38}"),
    _token("POSTHOG_KEY", "phx_", r"phx_[A-Za-z0-9]{40,50}"),
    _token("TAILSCALE_KEY", "tskey-", r"tskey-[a-z]+-[A-Za-z0-9]{8,20}-[A-Za-z0-9]{20,40}"),
    _within("NGROK_TOKEN", "ngrok", r"(?:ngrok_|cr_)[A-Za-z0-9]{40,60}"),
    _token("ROOTLY_KEY", "rootly_", rf"rootly_{_HEX}{{64}}"),
    _token("SETTLEMINT_TOKEN", "sm_", r"sm_(?:pat|aat|sat)_[A-Za-z0-9]{16}"),
    _token("THOUSANDEYES_KEY", "pdel_ pd-", r"pd[a-z]_[A-Za-z0-9_-]{40,}"),
    _token("ZAPIER_TOKEN", "zpka_", r"zpka_[a-z0-9]{32}_[a-z0-9]{8}"),
    _token("LOB_KEY", "live_ test_", r"(?:live|test)_[0-9a-f]{35}"),
    _token("OPENSHIFT_TOKEN", "sha256~", r"sha256~[\w-]{43}"),
    _token("ONEFLOW_TOKEN", "pushover", r"pushover_[A-Za-z0-9]{30}"),
    # keys and hashes of passwords
    _token("AGE_KEY", "age-secret-key-1", r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    _token("JWT", "eyj", r"eyJ[\w-]{6,4000}\.eyJ[\w-]{6,4000}\.[\w-]{6,2000}",
               r"eyJ[\w-]{6,4000}\.\.[\w-]{16,2000}",
           r"eyJ[\w-]{16,4000}\.[\w-]{16,4000}\.[\w-]{16,4000}(?:\.[\w-]{16,4000}){0,2}"),
    _token("PRIVATE_KEY", "mii mhccaqee mc4caqawbqyd b3blbnnzac1r",
               r"MII[A-Za-z0-9+/]{2,4}IBA[AD][A-Za-z0-9+/]{24,}={0,2}",
           r"MHcCAQEE[A-Za-z0-9+/]{24,}={0,2}", r"MIGHAgEAMBMG[A-Za-z0-9+/]{24,}={0,2}",
           r"MC4CAQAwBQYDK2Vw[A-Za-z0-9+/]{24,}={0,2}", r"b3BlbnNzaC1rZXktdjEA[A-Za-z0-9+/]{24,}={0,2}"),
    Format("PASSWORD_HASH", ("$",), re.compile(
        r"\$(?:2[abxy]?\$\d{2}\$[./A-Za-z0-9]{53}|(?:1|5|6|y|7|apr1|gy)\$(?:rounds=\d+\$)?"
        r"[./A-Za-z0-9]{2,40}\$(?:[./A-Za-z0-9]{2,40}\$)?[./A-Za-z0-9]{22,86}"
        r"|argon2(?:id|i|d)\$v=\d+\$[mtp=\d,]{5,40}\$[A-Za-z0-9+/]{8,90}\$[A-Za-z0-9+/]{16,180}|P\$"
        r"[./A-Za-z0-9]{31})")),
    Format("PASSWORD_HASH", ("pbkdf2_sha", "{ssha", "{sha", "{crypt", "{pbkdf2",
    "bcrypt_sha256$"), re.compile(
        r"pbkdf2_sha\d+\$\d+\$[A-Za-z0-9]{6,40}\$[A-Za-z0-9+/=]{20,90}|\{(?:SSHA|SHA|SMD5|MD5|CRYPT"
        r"|SSHA512|SSHA256)\}([A-Za-z0-9+/=$.]{16,120})")),
)  # fmt: skip


def find_formats(text: str) -> Iterator[Finding]:
    """Every token of a known format in `text`.

    >>> [each.type for each in find_formats("key: AKIA" + "Q" * 16)]
    ['AWS_KEY_ID']
    """
    lower = lowered(text)
    for each in FORMATS:
        for word in each.words:
            place = lower.find(word)
            if place >= 0 and not each.leads:
                for match in each.regex.finditer(text):
                    yield from _findings(match, each)
                break
            while place >= 0:
                led = each.regex.match(text, place)
                if led:
                    yield from _findings(led, each)
                place = lower.find(word, led.end() if led else place + 1)


def _findings(match: re.Match[str], each: Format) -> Iterator[Finding]:
    start, end = match.span(match.lastindex or 0)
    if "xxxxxxxx" not in match.string[start:end].lower():
        yield Finding(start, end, each.type)
