"""Random settings as text: JSON and JSON with comments, in many layouts, with everything else that real files have."""

from __future__ import annotations

import json

from hypothesis import strategies as st

words = st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=8)
names = st.sampled_from(["model", "env", "permissions", "hooks", "mcpServers", "x", "é", "a b", '"', "//", "{"]) | words
scalars = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | words
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)
COMMENTS = ['// a remark, [with] {brackets} "and" quotes', "/* two\nlines */", "/**/"]


@st.composite
def fitting(draw: st.DrawFn) -> dict[str, object]:
    """An object in which what we look for has the shape that Claude Code wants."""
    value: dict[str, object] = draw(st.dictionaries(names, values, max_size=5))
    group = {"matcher": "Bash", "hooks": [{"type": "command", "command": draw(words)}]}
    shapes: dict[str, st.SearchStrategy[object]] = {
        "hooks": st.dictionaries(
            st.sampled_from(["PreToolUse", "Stop", "Other"]), st.lists(st.just(group), max_size=2), max_size=3
        ).map(dict),
        "permissions": st.fixed_dictionaries(
            {}, optional={"allow": st.lists(words, max_size=3), "deny": st.lists(words)}
        ),
        "mcpServers": st.dictionaries(
            words.filter(lambda name: name != "lean"), st.just({"command": "other"}), max_size=2
        ).map(dict),
    }
    for key, shape in shapes.items():
        if key in value:
            value[key] = draw(shape)
    return value


@st.composite
def texts(draw: st.DrawFn, value: dict[str, object], with_comments: bool = False) -> str:
    """The object as a text of some layout."""
    indent = draw(st.sampled_from([None, 0, 1, 2, 4, "\t"]))
    text = json.dumps(value, indent=indent, ensure_ascii=draw(st.booleans()))
    if with_comments:
        lines = []
        for line in text.split("\n"):
            lines.append(line)
            if draw(st.integers(0, 3)) == 0:
                lines.append(draw(st.sampled_from(COMMENTS)))
        text = "\n".join(lines)
        if text.startswith("{") and draw(st.booleans()):
            text = "// at the top\n" + text
    text += draw(st.sampled_from(["", "\n", "\n\n", "  "]))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + text
