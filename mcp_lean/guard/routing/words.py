"""What kind of work the words of a task ask for.

In:  the description and the prompt of an `Agent` call, and the agent type that it names.
Out: a `Work`: its kind, the sign that decided, and what the work needs besides reading files of the project.
Not here: who should do it (`policy`).

Only plain signs count, and in doubt the kind is `OTHER`, of which nothing follows. English alone is known: a task in
another language has no sign. What is ordered has to be a known way of looking or telling, for no list of verbs of
changing is complete ("wire up the handler"). A task that holds one word of writing is writing, unless the word is
forbidden ("do not edit") or a thing ("the change"): to send reading to a large model costs cents, to send writing to a
small one the work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

SEARCHING_TYPE = "Explore"
"""The client's own agent that cannot write."""


class Kind(StrEnum):
    """READ: find, read, say what is there. RUN: one given command. REVIEW: a change, to be judged. WRITE: edits."""

    READ = "read"
    RUN = "run"
    REVIEW = "review"
    WRITE = "write"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Work:
    """sign: the word that decided, out of those listed here, or why nothing did; never a name or text of the task.

    needs_shell: more than reading files: history, a command. is_outside: it names files outside of the project.
    """

    kind: Kind
    sign: str
    needs_shell: bool = False
    is_outside: bool = False


VERBS = (
    "implement|fix|edit|modify|refactor|rename|rewrite|write|create|add|remove|delete|replace|update|change|insert|"
    "migrate|apply|install|upgrade|downgrade|commit|push|merge|format|generate|move|convert|patch|deploy|revert|clean|"
    "produce|draft|prepare|introduce|enable|disable|bump|adjust|save|submit|publish|tweak|improve|simplify|restructure|"
    "extend|wrap|split|append|prepend|translate|put"
)
FORBIDDEN = re.compile(
    rf"\b(?:do\s+not|don't|never|without|must\s+not|should\s+not|not\s+to|no\s+need\s+to|rather\s+than|instead\s+of)\s+"
    rf"(?:\w+\s+){{0,2}}?(?:{VERBS})(?:e?ing)?\b"
    rf"(?:(?:\s*,\s*|\s+)(?:or|and|nor)?\s*(?:\w+\s+)?(?:{VERBS})(?:e?ing)?\b)*"
    r"|\b(?:writing|editing|changing|modifying|creating|touching)\b|\bno\s+(?:code\s+)?(?:changes|edits|writes)\b",
    re.IGNORECASE,
)
THINGS = re.compile(
    r"\b(?:the|this|that|each|every|any|last|latest|recent|staged|my|our|your|which|what|pull|code)\s+"
    r"(?:change|commit|fix|update|merge|format|patch|move|push|install)\b"
    r"|\b(?:commit|change|update|merge|patch|format|write|install|deploy)[-_/.(`'\"]",
    re.IGNORECASE,
)
WRITES = re.compile(rf"\b(?:{VERBS})\b", re.IGNORECASE)
READS = re.compile(
    r"\b(?:find|search|locate|look\s+(?:up|for|through|at|into)|where|which\s+files?|list|read|summari[sz]e|explore|map|"
    r"trace|identify|report|describe|explain|survey|inventory|collect|gather|enumerate)\b",
    re.IGNORECASE,
)
TELLS = re.compile(
    r"\b(?:report|return|tell|describe|explain|summari[sz]e|say|give|show|cite|quote|note|list|enumerate|answer|count|"
    r"outline|name|state|survey|inventory|read[\s-]only|research|without\s+making\s+changes|where|which|who|how|what|whether|when)\b|\?",
    re.IGNORECASE,
)
"""A task of reading says what it wants to know. One that finds something and goes on without that is after more."""

RUNS = re.compile(
    r"\b(?:re-?)?(?:run|execute)\b[^\n]{0,40}?(?:`[^`\n]{2,}`|\b(?:pytest|npm|pnpm|yarn|npx|cargo|make|tox|ruff|mypy|"
    r"eslint|jest|vitest|mvn|gradle|dotnet|ctest|rake|phpunit|go\s+(?:test|build|vet))\b)",
    re.IGNORECASE,
)
REVIEWS = re.compile(r"\b(?:review|audit|critique)\b", re.IGNORECASE)
A_CHANGE = re.compile(r"\b(?:diff|pull\s+request|pr|commits?|branch|changes?|patch)\b", re.IGNORECASE)
THINKS = re.compile(
    r"\b(?:why|root\s+cause|debug|diagnose|design|architect|plan|propose|recommend|decide|evaluate|compare|assess|"
    r"brainstorm|prove|security|vulnerabilit\w+|race\s+condition|optimi[sz]e|best\s+way|trade-?offs?)\b",
    re.IGNORECASE,
)
WEB = re.compile(
    r"https?://|\bwww\.|\w\.(?:com|org|net|io|dev)\b|\b(?:web\s?search|browse|browser|web\s?sites?|web\s?pages?|online|"
    r"internet|pypi|crates\.io|hex\.pm|rubygems|npmjs|latest\s+(?:stable\s+)?versions?|release\s+notes|"
    r"official\s+doc\w*)\b",
    re.IGNORECASE,
)
PICTURES = re.compile(r"\b(?:screenshots?|images?|\w+\.(?:png|jpe?g|gif|pdf|ipynb))\b", re.IGNORECASE)
OTHER_TOOLS = re.compile(r"\bmcp__\w+|\b(?:skill|slash\s+command)\b", re.IGNORECASE)
ACTS = re.compile(
    r"(?:^|[.;:!?]\s|\bplease\s)(?:test|verify|build|compile|reproduce|benchmark|measure|profile|start|launch|restart|"
    r"call|query|download|clone|check\sout)\b|"
    r"\b(?:and|then)\s(?:verify|compile|reproduce|benchmark|launch|restart|download|clone)\b",
    re.IGNORECASE | re.MULTILINE,
)
"""At the place of an order: the same words name things elsewhere ("the build files")."""

SHELL = re.compile(
    r"\bgit\s+(?:log|blame|show|diff|status|history|grep)\b|\b(?:commit|git|version)\s+history\b|\b(?:run|execute)\b|"
    r"\b(?:docker|kubectl|curl|sqlite3|psql)\b",
    re.IGNORECASE,
)
PATHS = re.compile(r"(?<![\w./:-])(?:~|\.\.|/)[\w.@+-]*(?:/[\w.@+-]+)+")
WORDS = re.compile(r"[^\s`'\"(),;]+")
FILE = re.compile(r"[\w.@+/-]{0,200}\w\.\w{1,8}(?::[\d-]*|#\S*)?")

LOOKING = frozenset({
    "analyse", "analyze", "answer", "ask", "assume", "be", "browse", "check", "cite", "collect", "compare",
    "confirm", "consider", "count", "describe", "detail", "determine", "discover", "distinguish", "enumerate",
    "examine", "exclude", "expect", "explain", "explore", "find", "focus", "follow", "gather", "get", "give",
    "go", "grep", "has", "have", "highlight", "identify", "ignore", "include", "infer", "inspect", "inventory",
    "investigate", "keep", "know", "learn", "limit", "list", "locate", "look", "map", "mention", "name", "need",
    "note", "notice", "open", "outline", "point", "provide", "quote", "read", "recall", "remember", "report",
    "return", "scan", "search", "see", "show", "skim", "skip", "specify", "state", "stop", "study", "summarise",
    "summarize", "survey", "tell", "trace", "understand", "use", "verify", "view", "walk", "want", "watch"
})  # fmt: skip
"""Verbs of orders that change nothing."""

LINKING = frozenset({
    "a", "about", "above", "after", "all", "an", "and", "any", "are", "as", "assuming", "at", "because", "been",
    "before", "behind", "below", "between", "both", "but", "by", "can", "concerning", "could", "did", "do",
    "does", "during", "e", "each", "either", "else", "especially", "every", "everything", "except", "excluding",
    "execute", "for", "from", "given", "had", "here", "how", "i", "if", "in", "including", "inside", "into",
    "is", "it", "its", "just", "least", "less", "like", "many", "may", "maybe", "me", "might", "more", "most",
    "much", "must", "my", "neither", "no", "nor", "not", "of", "off", "on", "once", "one", "only", "onto", "or",
    "other", "our", "out", "outside", "over", "per", "plus", "rather", "regarding", "run", "running", "same",
    "shall", "should", "since", "so", "some", "such", "than", "that", "the", "their", "them", "then", "there",
    "these", "they", "this", "those", "through", "to", "under", "unless", "unlike", "until", "up", "upon", "us",
    "using", "versus", "via", "was", "we", "were", "what", "whatever", "when", "where", "wherever", "whether",
    "which", "while", "who", "whom", "whose", "why", "will", "with", "within", "without", "would", "yet", "you",
    "your"
})  # fmt: skip
"""Words at the place of an order that order nothing. `run` and `execute` have patterns of their own."""

UNKNOWN_ORDER = "an order that may change something"

ORDERS = re.compile(
    r"(?:^[^A-Za-z\n]*|[.;:!?,]\s+|\u2014\s*|\b(?:and|then|or|but|to|please|also|just|finally|next|first|now)\s+)"
    r"(?:[A-Za-z]+ly\s+)?(?=([A-Za-z][A-Za-z-]*)\s+(?:(?:care\s+of|up|out|off|down|over|in|on|back|away)\s+)?"
    r"(the|an?|it|them|this|that|these|those|each|every|any|all|some|its|their|our|my|your|his|her|us|both|everything|"
    r"anything|whatever|what|one)\b)",
    re.IGNORECASE | re.MULTILINE,
)
"""A word that stands where an order stands, with something behind it that it is to be done to."""

EITHER = frozenset({
    "ask", "exclude", "follow", "get", "give", "go", "has", "have", "ignore", "include", "keep", "limit", "name",
    "open", "point", "skip", "stop", "use", "walk", "want", "watch"
})  # fmt: skip
"""Verbs of looking that change something as soon as they are done to what was found: "keep it short", "keep one"."""

WHAT_WAS_FOUND = frozenset({
    "it", "them", "this", "that", "these", "those", "each", "every", "any", "all", "both", "everything", "anything",
    "one"
})  # fmt: skip

WISHED = re.compile(
    r"\binstead\b(?!\s+of\b)|\b(?:from\s+now\s+on|(?:is|are)\s+to\s+be)\b|"
    r"\b(?:it|they|this|these|those|none|nothing|each|all|every\w*)\s+(?:\w+\s+)?(?:should|must|shall|may|ought|"
    r"needs?\s+to|has\s+to|have\s+to)\b",
    re.IGNORECASE,
)
"""How something is to be in the end, without an order: "it should return 404"."""

DESTINATIONS = re.compile(
    r"(?<!look\s)(?<!dig\s)(?<!dive\s)\b(?:into|under|as)\s+(?:(?:an?|one|the|its|their)\s+(?:\w+\s+)?(?:file|readme|"
    r"doc\s?string|comment|wiki|page|script|module|class|helper|function|name|package|issue|ticket|pr|document)s?\b|"
    r"[\w./-]*\w\.[a-z]\w{0,7}\b)|"
    r"\b(?:describe|explain|summari[sz]e|mention|note|keep|map|list|collect|gather|report|state|specify)\b[^.;\n]{0,60}?"
    r"\bin\s+(?:(?:its|their)\s+(?!order|own\s+words)|(?:an?|the)\s+(?:\w+\s+)?(?:doc\s?string|comment|wiki|tracker|ticket|"
    r"issue|notes?|files?)\b)",
    re.IGNORECASE,
)
"""Where an answer is to be put, if not into the answer."""

MORE = re.compile(r"\b(?:until|as\s+you\s+go|along\s+the\s+way|make\s+sure|ensure|take\s+care)\b", re.IGNORECASE)
FOREIGN = re.compile(
    r"[^\W\d_a-zA-Z]|(?<![\w./-])(?:"
    r"und|oder|nicht|eine|der|das|dem|ist|mit|auf|von|wenn|dann|"
    r"le|la|les|une|du|des|et|est|qui|que|dans|avec|puis|"
    r"el|los|las|por|para|pero|luego|uma|dos|das|"
    r"della|gli|dei|che|het|een|niet|met|och|att|som|og|ikke|oraz|nie|dan|lalu|yang"
    r")(?![\w./-])",
    re.IGNORECASE,
)
"""A letter outside of a to z, or a frequent small word of another language, but not in a path or a name."""

QUOTED = re.compile(r"`[^`\n]*`|\"[^\"\n]*\"")
A_NAME = re.compile(r"[\d_/\\=<>(){}\[\]#$@]|[.:-]\w|[a-z][A-Z]")
"""Words with such a sign in them belong to no language: code, paths, names."""

ENGLISH = LOOKING | LINKING | frozenset(VERBS.split("|")) | {"review", "audit", "critique", "test", "tests"}

LEAST_ENGLISH = 0.35
"""Share of the words listed here among all words. Recorded English briefs have 0.38 to 0.58; another language has a
third or less, also where none of the small words above stands in it ("Map modulit ja korjaa virhe")."""

LONGEST_CHARS = 6_000
"""A longer brief is more than looking something up. A judgement: recorded briefs of reading have 500 to 1,100."""

MOST_FILES = 40
"""Named files in a task for a scout: with 2,000 tokens each they come near its 100,000."""


def work_of(description: str, prompt: str, agent_type: str, cwd: str) -> Work:
    """The kind of work of a call."""
    length = len(description) + len(prompt)
    if length > LONGEST_CHARS:
        return Work(Kind.OTHER, f"a brief of {length:,} characters")
    # One space between words: patterns with long runs of white space would take their time.
    text = "\n".join(" ".join(line.split()) for line in f"{description}\n{prompt}".splitlines() if line.strip())
    for sign, what in ((WEB, "the web"), (PICTURES, "pictures"), (OTHER_TOOLS, "other tools")):
        if sign.search(text):
            return Work(Kind.OTHER, what)
    if not _is_english(text):
        return Work(Kind.OTHER, "not all English")
    bare = THINGS.sub(" ", FORBIDDEN.sub(" ", text))
    needs_shell, is_outside = bool(SHELL.search(text)), _is_outside(text, cwd)
    if agent_type == SEARCHING_TYPE:
        return _reading(text, f"type {SEARCHING_TYPE}", needs_shell, is_outside)
    if found := WRITES.search(bare):
        return Work(Kind.WRITE, _shown(found))
    if REVIEWS.search(bare) and A_CHANGE.search(text):
        return Work(Kind.REVIEW, "review of a change", True, is_outside)
    more = MORE.search(bare) or THINKS.search(bare) or WISHED.search(bare) or DESTINATIONS.search(bare)
    if RUNS.search(bare):
        if more:
            return Work(Kind.OTHER, _shown(more))
        return Work(Kind.OTHER, UNKNOWN_ORDER) if _has_unknown_order(bare) else Work(Kind.RUN, "a command")
    if more or _has_unknown_order(bare):
        return Work(Kind.OTHER, _shown(more) if more else UNKNOWN_ORDER)
    found = READS.search(bare)
    if found and (TELLS.search(bare) or FORBIDDEN.search(text)):
        return _reading(text, _shown(found), needs_shell, is_outside)
    return Work(Kind.OTHER, "no plain sign of what it is")


def _reading(text: str, sign: str, needs_shell: bool, is_outside: bool) -> Work:
    if found := THINKS.search(text) or ACTS.search(text):
        return Work(Kind.OTHER, _shown(found))
    files = len({word for word in WORDS.findall(text) if FILE.fullmatch(word)})
    if files > MOST_FILES:
        return Work(Kind.OTHER, f"{files} files")
    return Work(Kind.READ, sign, needs_shell, is_outside)


def _has_unknown_order(text: str) -> bool:
    """Whether something is to be done to something by a verb that is not known to leave it as it is."""
    for word, thing in ORDERS.findall(text):
        if word.lower() in EITHER:
            if thing.lower() in WHAT_WAS_FOUND:
                return True
        elif word.lower() not in LOOKING and word.lower() not in LINKING:
            return True
    return False


def _is_english(text: str) -> bool:
    """Whether all of it is; in doubt not."""
    if FOREIGN.search(text):
        return False
    plain = " ".join(word for word in QUOTED.sub(" ", text).split() if not A_NAME.search(word))
    words = re.findall(r"[a-z]{2,}", plain.lower())
    return sum(word in ENGLISH for word in words) >= LEAST_ENGLISH * len(words)


def _is_outside(text: str, cwd: str) -> bool:
    base = f"{cwd.rstrip('/')}/"
    return any(not f"{path}/".startswith(base) for path in PATHS.findall(text))


def _shown(found: re.Match[str]) -> str:
    return f'"{" ".join(found[0].split()).lstrip(".;:!? ")[:40]}"'
