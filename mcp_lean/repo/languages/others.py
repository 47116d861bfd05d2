"""Languages without a grammar wheel here: a regex finds their definitions, indentation or braces their ends.

To add one: a row below, its extension in `names.py`, and a line in tests/repo/test_languages_others.py.
"""

from __future__ import annotations

from .base import Language

_MODIFIERS = (
    rb"(?>(?:(?:public|private|protected|internal|open|final|abstract|sealed|static|override|inline|data|suspend|lateinit"
    rb"|fileprivate|mutating|nonisolated|indirect|implicit|lazy|case|export|pub|local|async|external|const|inner|value"
    rb"|annotation|companion|operator|infix|tailrec|expect|actual|@\w++)[ \t]++){0,6})"
)
_KINDS = {
    "class": "class",
    "struct": "class",
    "object": "class",
    "actor": "class",
    "record": "class",
    "extension": "impl",
    "mixin": "class",
    "interface": "interface",
    "protocol": "interface",
    "trait": "interface",
    "enum": "enum",
    "module": "module",
    "package": "module",
    "namespace": "module",
    "defmodule": "module",
    "type": "type",
    "typealias": "type",
    "message": "class",
    "service": "interface",
    "input": "class",
    "union": "type",
    "scalar": "type",
    "contract": "class",
    "library": "class",
    "event": "type",
    "macro": "macro",
    "defmacro": "macro",
    "table": "class",
    "view": "class",
}


def _words(*words: str, name: bytes = rb"(\w++)", before: bytes = _MODIFIERS) -> bytes:
    """A line that has one of the words, after modifiers, before a name."""
    return rb"^[ \t]*+" + before + rb"(?:" + "|".join(words).encode() + rb")[ \t]++" + name


_BRACES: dict[str, bytes] = {
    "kotlin": _words(
        *("fun", "class", "interface", "object", "typealias"),
        name=rb"(?>(?:<[^>\n]{0,80}>[ \t]*+)?)(?>(?:[\w<>?]++\.)*)(\w++)",
    ),
    "swift": _words("func", "class", "struct", "enum", "protocol", "extension", "actor", "typealias")
    + rb"| ^[ \t]*+"
    + _MODIFIERS
    + rb"(?>(?:convenience[ \t]++|required[ \t]++)*) (init) (?=[(<?])",
    "scala": _words("def", "class", "object", "trait", "enum", "type"),
    "dart": _words("class", "mixin", "enum", "extension", "typedef"),
    "groovy": _words("class", "interface", "trait", "enum", "def", name=rb"(\w++)(?=[ \t]*+[({]|[ \t]++\w)"),
    "perl": _words("sub", "package", name=rb"([\w:]++)", before=b""),
    "powershell": rb"(?i:^[ \t]*+(?:function|filter|class|enum)[ \t]++([\w:-]++))",
    "proto": _words("message", "service", "enum", "rpc", before=b""),
    "graphql": _words(
        *("type", "interface", "enum", "input", "union", "scalar", "directive"),
        name=rb"@?+(\w++)",
        before=rb"(?>(?:extend[ \t]++)?)",
    ),
    "terraform": rb'^(?:resource|data|module|variable|output|provider)[ \t]++(?:"[\w-]++"[ \t]++)?"([\w.-]++)"',
    "solidity": _words("contract", "interface", "library", "function", "modifier", "event", "struct", "enum"),
    "zig": rb"""
        ^[ \t]*+ (?>(?:pub[ \t]++|export[ \t]++|inline[ \t]++)*)
        (?: fn[ \t]++ (\w++)
          | const[ \t]++ (\w++) [ \t]*+ = [ \t]*+ (?>(?:packed[ \t]++|extern[ \t]++)?) (?:struct|enum|union)\b )
    """,
    "objective-c": rb"""
        ^(?: @(?:interface|implementation|protocol)[ \t]++ (\w++) | [-+][ \t]*+ \([^)\n]{0,100}\) [ \t]*+ (\w++) )
    """,
    "r": rb"^[ \t]*+ ([\w.]++) [ \t]*+ (?:<-|=) [ \t]*+ function\b",
    "vue": rb"""
        ^[ \t]*+ (?>(?:export[ \t]++)?) (?>(?:default[ \t]++)?) (?>(?:async[ \t]++)?)
        (?: (?:function|class)[ \t]++ (\w++)
          | const[ \t]++ (\w++) [ \t]*+ = [ \t]*+ (?>(?:async[ \t]++)?) (?:\([^()\n]{0,200}\)|\w++) [^=\n;]{0,80} => )
    """,
}
_INDENT: dict[str, bytes] = {
    "lua": rb"^[ \t]*+ (?>(?:local[ \t]++)?) (?: function[ \t]++ ([\w.:]++) | ([\w.]++) [ \t]*+ = [ \t]*+ function\b )",
    "elixir": _words(
        *("defmodule", "defp?", "defmacrop?", "defprotocol", "defimpl"), name=rb"([\w.]++[?!]?+)", before=b""
    ),
    "julia": _words(
        *("function", "macro", "module", r"(?>(?:mutable[ \t]++)?)struct", r"abstract[ \t]++type"),
        name=rb"([\w.!]++)",
        before=b"",
    ),
    "sql": rb"""
        (?i: ^[ \t]*+ create[ \t]++ (?>(?:or[ \t]++replace[ \t]++)?)
             (?>(?:(?:unique|temp|temporary|materialized)[ \t]++)?)
             (?:table|view|function|procedure|index|trigger|type|schema)[ \t]++
             (?>(?:if[ \t]++not[ \t]++exists[ \t]++)?)
             ["`\[]?+ (?>(?:\w++ ["`\]]?+ \. ["`\[]?+)?) (\w++) )
    """,
    "clojure": rb"""
        ^\( (?:defn-?|def|defmacro|defprotocol|defrecord|deftype|defmulti)[ \t]++ (?>(?:\^\S++[ \t]++)?) ([^\s()\[\]]++)
    """,
    "lisp": rb"""
        ^\( (?:defun|defmacro|defvar|defparameter|defclass|defgeneric|defmethod|define)[ \t]++ \(?+ ([^\s()]++)
    """,
    "haskell": rb"""
        ^(?: (?:data|newtype|type|class|module)[ \t]++ (?>(?:family[ \t]++)?) ([A-Z][\w.']*+)
           | ([a-z_][\w']*+)[ \t]*+:: )
    """,
}

LANGUAGES = {
    **{name: Language(name, pattern, _KINDS, "braces") for name, pattern in _BRACES.items()},
    **{name: Language(name, pattern, _KINDS, "indent") for name, pattern in _INDENT.items()},
}
LANGUAGES["svelte"] = LANGUAGES["vue"]
