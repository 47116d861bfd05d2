"""The stand-in over a real socket: what a client of the Messages API gets from it."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .fake_api import FakeApi
from .live import Scene
from .place import Place
from .script import Script, Turn, use

QUESTION = {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": "go"}]}


@pytest.fixture
def served() -> Iterator[tuple[FakeApi, int]]:
    now = time.monotonic()
    script = Script([Turn(["a" * 900, use("Read", file_path="a.txt")], usage={"output_tokens": 7})])
    api = FakeApi(script, Scene([], Place(Path("unused")), now, now + 10))
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with api.serving(listener):
        yield api, port


def post(port: int, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", path, json.dumps(body))
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def test_a_plain_answer_has_the_turn_and_the_usage(served: tuple[FakeApi, int]) -> None:
    api, port = served
    status, raw = post(port, "/v1/messages?beta=true", QUESTION)

    message = json.loads(raw)
    assert status == 200
    assert [block["type"] for block in message["content"]] == ["text", "tool_use"]
    assert message["content"][1]["name"] == "Read"
    assert message["content"][1]["input"] == {"file_path": "a.txt"}
    assert (message["stop_reason"], message["usage"]["output_tokens"]) == ("tool_use", 7)
    [recorded] = api.scene.requests
    assert (recorded.agent, recorded.body, recorded.usage) == ("main", QUESTION, message["usage"])


def test_a_stream_puts_together_what_the_plain_answer_says(served: tuple[FakeApi, int]) -> None:
    _, port = served
    plain = json.loads(post(port, "/v1/messages", QUESTION)[1])
    raw = post(port, "/v1/messages", {**QUESTION, "stream": True})[1].decode()

    events = [json.loads(line.removeprefix("data: ")) for line in raw.splitlines() if line.startswith("data: ")]
    assert [f"event: {event['type']}" for event in events] == [e for e in raw.splitlines() if e.startswith("event: ")]
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert "".join(delta.get("text", "") for delta in deltas) == plain["content"][0]["text"]
    assert json.loads(deltas[-1]["partial_json"]) == plain["content"][1]["input"]
    assert events[-2] == {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": plain["usage"],
    }


def test_count_tokens_is_answered_and_kept_apart(served: tuple[FakeApi, int]) -> None:
    api, port = served

    assert json.loads(post(port, "/v1/messages/count_tokens", QUESTION)[1]) == {"input_tokens": 8}
    assert (len(api.scene.requests), len(api.counted)) == (0, 1)


def test_a_request_without_an_answer_in_the_script_is_a_fault_that_the_test_gets_to_see(
    served: tuple[FakeApi, int],
) -> None:
    api, port = served
    spoken = [*QUESTION["messages"], {"role": "assistant", "content": "x"}, {"role": "user", "content": "y"}]

    assert post(port, "/v1/messages", {**QUESTION, "messages": spoken})[0] == 400
    assert api.scene.faults == ["main asks for turn 2; the script has 1 and ends in a tool use"]
    assert post(port, "/v1/elsewhere", QUESTION)[0] == 404
