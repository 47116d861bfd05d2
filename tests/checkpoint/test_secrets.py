"""What is masked, what is not, and what that costs on hostile text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.checkpoint.secrets import MASK, mask, parted, without

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\nq8Zr\n-----END RSA PRIVATE KEY-----"

SECRET = [
    ("API_KEY=abc123def", "API_KEY=[masked]"),
    ("export DB_PASSWORD=hunter", "export DB_PASSWORD=[masked]"),
    ("password: 'letmein'", "password: '[masked]'"),
    ('"client_secret": "a b c"', '"client_secret": "[masked]"'),
    ("{token: abc123}", "{token: [masked]}"),
    ("SECRET_KEY_BASE=Q8x/Zr+11==", "SECRET_KEY_BASE=[masked]"),
    ("the password is hunter22", "the password is [masked]"),
    ("passwd = S3cret!", "passwd = [masked]"),
    ("curl --token abc123 host", "curl --token [masked] host"),
    ("curl --password=hunter2 host", "curl --password=[masked] host"),
    ("curl -u ann:s3cret host", "curl -u ann:[masked] host"),
    ("mysql -uroot -pfoo db", "mysql -uroot -p[masked] db"),
    ("docker login -u ann -p s3cr3tPass1 host", "docker login -u ann -p [masked] host"),
    ("ssh-keygen -N 'my pass 1' -f key", "ssh-keygen -N [masked] -f key"),
    ("redis-cli -h host -a s3cret get x", "redis-cli -h host -a [masked] get x"),
    ("unzip -P s3cret a.zip", "unzip -P [masked] a.zip"),
    ("VAULT_TOKEN=hvs.CAESIJ1234567890abcdefgh", "VAULT_TOKEN=[masked]"),
    ("TOKEN=abc.def.123", "TOKEN=[masked]"),
    ("Authorization: Bearer abcdef.123456", "Authorization: Bearer [masked]"),
    ("postgres://bob:pw1@host/db", "postgres://bob:[masked]@host/db"),
    ("redis://:pw1@host:6379", "redis://:[masked]@host:6379"),
    ("mongodb+srv://bob:p%40ss@host", "mongodb+srv://bob:[masked]@host"),
    ("sk-ant-api03-AAAAbbbbCCCC1111-x", MASK),
    ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", MASK),
    ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", MASK),
    ("github_pat_11ABCDEFG0123456789abcdef", MASK),
    ("xoxb-123456789012-abcdefGHIJ", MASK),
    ("AKIAIOSFODNN7EXAMPLE", MASK),
    ("AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY", MASK),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1", MASK),
    ("hf_abcdefghijklmnopqrstuvwxyz", MASK),
    ("https://hooks.slack.com/services/T00/B00/XXXX", MASK),
    ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", MASK),
    ("blob Zm9vYmFy9QuxQ3V1eA8Kd0pQ2Lm4 end", "blob [masked] end"),
    (f"before\n{KEY}\nafter", "before\n[masked]\nafter"),
    (KEY[:40], MASK),
    ("пароль: hunter22", "пароль: [masked]"),
    ("密码：hunter22", "密码：[masked]"),
    ("密码是 hunter22，不要提交。", "密码是 [masked]，不要提交。"),
    ("le mot de passe est hunter22", "le mot de passe est [masked]"),
    ("Das Passwort ist geheim, Passwort: Geheim12", "Das Passwort ist geheim, Passwort: [masked]"),
    ('curl -d "{\\"password\\":\\"hunter22\\"}"', 'curl -d "{\\"password\\":[masked]}"'),
    ("<password>hunter22</password>", "<password>[masked]</password>"),
    ("Set-Cookie: session=abcdef123; Path=/", "Set-Cookie: [masked]; Path=/"),
    ("PGPASSWORD=abc psql", "PGPASSWORD=[masked] psql"),
    ("https://0123456789abcdef0123@host/app.git", "https://[masked]@host/app.git"),
    ("curl -H 'Authorization: Bearer abcdefghijklmnop' x", "curl -H 'Authorization: Bearer [masked]' x"),
    ("curl -H 'Authorization: Basic dXNlcjpwYXNz' x", "curl -H 'Authorization: Basic [masked]' x"),
    ("Authorization: token abcdefabcdef", "Authorization: token [masked]"),
    ("curl --user=ann:hunter host", "curl --user=ann:[masked] host"),
    ("curl -uann:hunter host", "curl -uann:[masked] host"),
    ("https://host/c?sv=2020&sig=a%2Bbcdefghijkl&se=1", "https://host/c?sv=2020&sig=[masked]&se=1"),
    ("https://host/k?X-Amz-Signature=abcdef0123456789&x=1", "https://host/k?X-Amz-Signature=[masked]&x=1"),
    ("https://host/api?key=abcdEFGH1234&z=1", "https://host/api?key=[masked]&z=1"),
    ("machine host login ann password correcthorse", "machine host login ann password [masked]"),
    ("ann:$apr1$abcdefgh$ijklmnopqrstuvwxyz012", "ann:[masked]"),
    ("root:$6$rounds=5000$salt$abcdefghijklmnop:18000:0", "root:[masked]:18000:0"),
    ("database:\n  password: correcthorse\n", "database:\n  password: [masked]\n"),
    ("jdbc:mysql://host/db?user=ann&password=letmein", "jdbc:mysql://host/db?user=ann&password=[masked]"),
    ("host=db port=5432 user=ann password=letmein dbname=x", "host=db port=5432 user=ann password=[masked] dbname=x"),
    ("Server=x;User Id=sa;Password=letmein;", "Server=x;User Id=sa;Password=[masked];"),
    ("VAULT_TOKEN=s.abcdefghijklmnop", "VAULT_TOKEN=[masked]"),
    (
        "mnemonic: abandon ability able about above absent absorb abstract absurd abuse access accident",
        "mnemonic: [masked]",
    ),
    ("SEED_PHRASE='abandon ability able about above absent'", "SEED_PHRASE='[masked]'"),
    ("echo hunterpw | docker login --password-stdin", "echo [masked] | docker login --password-stdin"),
    (
        "kubectl create secret generic x --from-literal=value=letmein",
        "kubectl create secret generic x --from-literal=value=[masked]",
    ),
    ("gh secret set NAME --body abcdefword", "gh secret set NAME --body [masked]"),
    ("sqlplus scott/tiger@db", "sqlplus scott/[masked]@db"),
    ("set -x GITHUB_TOKEN plainword", "set -x GITHUB_TOKEN [masked]"),
    ("setx API_KEY plainword", "setx API_KEY [masked]"),
    (
        "     1→-----BEGIN RSA PRIVATE KEY-----\n     2→MIIEpAIBAAKCAQEA7\n     3→-----END RSA PRIVATE KEY-----",
        "     1→[masked]",
    ),
]

PLAIN = [
    "token = parse_token(line)",
    "def login(token: str, password: str) -> None:",
    "max_tokens: 4096",
    "tokens: 1,500",
    "token 12 of 20",
    "the token count is high",
    "if password is None:",
    "password: string",
    "const apiKey = process.env.API_KEY;",
    'api_key = os.environ["API_KEY"]',
    "API_KEY=$API_KEY",
    "api_key: ${{ secrets.API_KEY }}",
    "TOKEN=<your token>",
    "password = settings.database.password",
    "psql -p 5432 -h host",
    "11 passed: «12 tests, 0 failures»",
    "ReviewTokenStore.mint",
    "lib/spotter/services/review_token_store.ex",
    "create_project_with_session2ForReviewContext",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
    "550e8400-e29b-41d4-a716-446655440000",
    "key=value",
    "https://example.org:8080/a@b",
    "git@github.com:ann/app.git",
    "tests/test_secrets.py::test_password_is_masked",
    "src/components/UserProfile/UserProfileCard2Container.tsx",
    "Не трогай пароль",
    "connect(password=password, token=token)",
    "    token: Token",
    "sort -u file",
    "docker run -u 1000 image",
    "git log -b main",
    "uses: actions/checkout",
    "password: required",
    "the seed phrase is twelve words",
]


@pytest.mark.parametrize(("text", "masked"), SECRET, ids=range(len(SECRET)))
def test_a_secret_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize("text", PLAIN)
def test_code_names_and_ids_are_left_alone(text: str) -> None:
    assert mask(text) == text


@given(st.text(st.sampled_from("aZ9 =:\"'-_/.\npasword[]mk"), max_size=80))
def test_masking_twice_changes_nothing(text: str) -> None:
    assert mask(mask(text)) == mask(text)


def test_a_secret_that_was_seen_once_is_masked_where_nothing_gives_it_away() -> None:
    masked, secrets = parted("DB_PASSWORD=hunter22pw\nTOKEN=abc")

    assert masked == "DB_PASSWORD=[masked]\nTOKEN=[masked]"
    assert secrets == {"hunter22pw"}  # the other one is too short to be told from a word
    assert without("login with hunter22pw", secrets) == "login with [masked]"


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "-",
        "@",
        "token ",
        "mysql ",
        "://",
        "a.",
        "/a",
        '"',
        "password='\\",
        "A1b",
        "x=1 ",
        "password=",
        "login x password ",
        "echo a|",
        "mnemonic abcd ",
        "sig=a",
        "set -x a ",
        "  password: a\n",
    ],
)
def test_no_text_takes_long(unit: str) -> None:
    """16,000 characters are the largest piece; a pattern that backtracks would take minutes."""
    text = unit * (16_000 // len(unit))

    assert len(mask(text)) <= 2 * len(text)
