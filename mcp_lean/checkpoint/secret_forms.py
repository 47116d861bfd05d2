"""Secrets that are known by their form, or by the command or address that they stand in.

In:  nothing; this is a table.
Out: `FORMS`, each with the words of which one must stand in a text that holds such a secret.
Not here: values beside a word such as `password`, and runs that look drawn by lot (`secrets`).

Most texts hold none of the words, and so no form is searched for in them.
"""

from __future__ import annotations

import re

MAKERS = ("npm_", "hf_", "dop_v1_", "shpat_", "shpss_", "pypi-", "SG.", "whsec_", "dckr_pat_", "figd_", "lin_api_",
          "ntn_", "nvapi-", "gsk_", "xai-", "tvly-", "phc_", "AGE-SECRET-KEY-", "github_pat_", "glpat-", "hvs.",
          "hvb.")  # fmt: skip
"""Beginnings that some makers of keys give to theirs."""

_FORMS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("private key",),
        (
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
            r"[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)"
        ),
    ),
    (("eyj",), r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){1,4}"),
    (("sk-", "sk_", "pk_", "pk-", "rk_"), r"\b(?:sk|pk|rk)[-_][A-Za-z0-9][A-Za-z0-9_-]{15,}"),
    (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\bgh[opusr]_[A-Za-z0-9]{16,}"),
    (("xox", "xapp-"), r"\b(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}"),
    (("akia", "asia", "aroa", "aida"), r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}"),
    (("aiza", "ya29."), r"\b(?:AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,})"),
    (
        tuple(maker.lower() for maker in MAKERS),
        rf"\b(?:{'|'.join(map(re.escape, MAKERS))})[A-Za-z0-9_.-]{{16,}}",
    ),
    (("hooks.slack.com",), r"https://hooks\.slack\.com/services/[A-Za-z0-9/_-]+"),
    (("/api/webhooks/",), r"https://discord(?:app)?\.com/api/webhooks/[A-Za-z0-9/_-]+"),
    (("://",), r"(?<=://)[^\s/:@'\"<>]{0,80}:(?P<value>(?!\d{1,5}/)[^\s@'\"<>]{1,200})(?=@)"),
    (("://",), r"(?<=://)(?P<value>[A-Za-z0-9_-]{20,200})(?=@)"),
    (
        ("sig=", "signature=", "credential=", "security-token=", "key=", "code="),
        (
            r"(?i:[?&;](?:sig|signature|x-(?:amz|goog)-(?:signature|credential|security-token)|(?:api_?|access_?)?key|code)="
            r"(?P<value>[^&\s\"'<>]{8,2000}))"
        ),
    ),
    (
        ("authorization",),
        (
            r"(?i:authorization[\"']?\s{0,2}[:=]\s{0,2}[\"']?(?:bearer|basic|token|apikey)[ ]"
            r"(?P<value>[A-Za-z0-9._~+/=-]{3,}))"
        ),
    ),
    (
        ("bearer ", "basic "),
        r"\b(?:[Bb]earer|[Bb]asic|BEARER|BASIC) (?P<value>(?=[^\s\"']*[0-9=._/+-])[A-Za-z0-9._~+/=-]{8,})",
    ),
    ((" -u", "--user"), r"(?:\s-u[ ]?|--user[ =])[\"']?[\w.@-]{1,80}:(?P<value>[^\s\"']{3,})"),
    (("login ",), r"\blogin[ ]\S{1,80}\s{1,40}password[ ](?P<value>\S+)"),
    (("password-stdin",), r"\becho[ ](?:-n[ ])?[\"']?(?P<value>[^\s\"'|$]+)[\"']?[ ]?\|[^|\n]{0,120}--password-stdin"),
    (("--from-literal",), r"--from-literal[ =][\"']?[\w.-]{1,80}=(?P<value>[^\s\"']+)"),
    (("secret set",), r"\bsecret set\b[^\n]{0,120}?[ ](?:--body|-b)[ =][\"']?(?P<value>[^\s\"'$][^\s\"']*)"),
    (("sqlplus",), r"\bsqlplus\b[^\n]{0,80}?[ ]\w{1,40}/(?P<value>[^\s@\"'/]+)"),
    (
        ("set -", "setx"),
        (
            r"(?i:\b(?:setx|set[ ]-\w{0,4}x\w{0,4})[ ]\w{0,60}(?:token|key|secret|password|passwd|pwd)\w{0,20}[ ]"
            r"(?P<value>[^\s$][^\s]*))"
        ),
    ),
    (
        ("$apr1$", "$1$", "$2", "$5$", "$6$", "$7$", "$y$", "$argon2", "$pbkdf2", "$scrypt$"),
        r"\$(?:apr1|[1567y]|2[abxy]?|argon2\w{0,2}|pbkdf2[\w-]{0,12}|scrypt)\$[^\s:\"']{8,}",
    ),
    (
        ("mnemonic", "seed", "recovery"),
        (
            r"(?i:(?:mnemonic|(?:seed|recovery)[ _-]?(?:phrase|words))[\"']?\s{0,2}[:=]?\s{0,2}[\"']?"
            r"(?P<value>(?:[a-z]{3,8}[ ]){5,23}[a-z]{3,8}))"
        ),
    ),
    (
        ("mysql", "mariadb", "sshpass", "mongo", "login", "ssh-keygen", "redis-cli", "zip"),
        (
            r"(?:\b(?:(?:mysql|mariadb|mongo)\w*|sshpass)\b[^\n|;&]{0,200}?[ ]-p|\blogin\b[^\n|;&]{0,200}?[ ]-p[ ]"
            r"|\bssh-keygen\b[^\n|;&]{0,200}?[ ]-[NP][ ]|\bredis-cli\b[^\n|;&]{0,200}?[ ]-a[ ]"
            r"|\b(?:un)?zip\b[^\n|;&]{0,200}?[ ]-P)"
            r"[ ]?(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'-][^\s\"']*)"
        ),
    ),
)
FORMS = tuple((hints, re.compile(pattern)) for hints, pattern in _FORMS)
"""Values that are secrets by their form: hints in lower case that must occur, and the pattern; where it has a group
`value`, that group."""
