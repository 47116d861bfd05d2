"""Which agent a request belongs to, and what it is answered."""

from pathlib import Path
from typing import Any

import pytest

from .live import Scene
from .place import Place
from .script import Script, Turn, Unscripted, spawn, use

SCENE = Scene([], Place(Path("unused")), 0.0, 0.0)


def request(first: str = "go", spoken: int = 0) -> dict[str, Any]:
    """A request of an agent that has spoken so often; each answer came as two messages, as the client may send it."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": first}]
    for number in range(spoken):
        messages += [{"role": "assistant", "content": "part"}, {"role": "assistant", "content": "part"}]
        messages.append({"role": "user", "content": [{"type": "text", "text": f"reply {number}"}]})
    return {"messages": messages}


def test_turns_follow_in_order_and_a_last_text_is_said_again() -> None:
    script = Script([use("Read", file_path="a"), ["thinking", use("Read", file_path="b")], "done"])

    said = [script.answer(request(spoken=n), "main", SCENE) for n in range(5)]
    assert said == [
        Turn([use("Read", file_path="a")]),
        Turn(["thinking", use("Read", file_path="b")]),
        Turn(["done"]),
        Turn(["done"]),
        Turn(["done"]),
    ]


def test_a_script_that_ends_in_a_tool_use_has_no_answer_after_it() -> None:
    script = Script([use("Read", file_path="a")])

    with pytest.raises(Unscripted, match="main asks for turn 2; the script has 1"):
        script.answer(request(spoken=1), "main", SCENE)


def test_a_subagent_is_known_by_the_marker_in_its_first_prompt() -> None:
    script = Script(["done"], {"scout": ["found"], "tester": ["green"]})

    assert script.agent_of(request("please go"), is_subagent=False) == "main"
    assert script.agent_of(request(spawn("tester").input["prompt"]), is_subagent=True) == "tester"
    assert script.answer(request("tester: go"), "tester", SCENE) == Turn(["green"])
    with pytest.raises(Unscripted, match="without a marker"):
        script.agent_of(request("somebody else"), is_subagent=True)


def test_an_aside_answers_by_the_last_message_and_uses_up_no_turn() -> None:
    script = Script(["first", "second"], asides={"reply 0": "an aside"})

    assert script.answer(request(spoken=1), "main", SCENE) == Turn(["an aside"])
    assert script.answer(request(spoken=2), "main", SCENE) == Turn(["second"])


def test_a_turn_may_depend_on_what_has_happened() -> None:
    script = Script([lambda scene: f"{len(scene.requests)} requests"])

    assert script.answer(request(), "main", SCENE) == Turn(["0 requests"])
