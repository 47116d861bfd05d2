"""Compactions on the real client: what the summariser is told, and what stands behind its summary."""

from collections.abc import Iterable, Sequence

import pytest

from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.config import Config
from mcp_lean.guard.continuing import compaction
from mcp_lean.guard.continuing.checkpoints import BUDGET_TOKENS
from mcp_lean.packing.tokens import cost

from .client import Claude
from .live import Scene, Terminal
from .records import MAIN, Request, Run, read_json_lines, texts_of
from .script import Says, ScriptedTurn, Turn, spawn, use
from .test_continuing import WAITED_FOR, until_listed
from .wire import JsonObject

pytestmark = pytest.mark.e2e

CARRIED: JsonObject = {"hooks": hooks(Config())}
WINDOW = {"CLAUDE_CODE_AUTO_COMPACT_WINDOW": "100000"}
FULL = {"cache_creation_input_tokens": 75_000}
ASKED_FOR_A_SUMMARY = "detailed summary of"

TASK = "Rename the function tally to total in app.py."
CONSTRAINT = "Never touch vendor/legacy.py."
PROMPT = f"{TASK} {CONSTRAINT}"
THOUGHT = "The person also said: Never touch vendor/legacy.py."
FILES = {"app.py": "def tally(items):\n    return sum(items)\n"}
LOOK, RUN = (
    use("mcp__lean__read_many", items=["app.py"]),
    use("Bash", command="python -m pytest -q tests/test_total.py"),
)


def in_order(agent: str, *says: Says) -> Sequence[ScriptedTurn]:
    """Turns by the requests that the agent made itself: a compaction's are not among them, and it shortens the rest."""

    def turn(scene: Scene) -> Says:
        until_listed(scene)
        until_recorded(scene)
        made = sum(request.agent == agent and not is_summary(request) for request in scene.requests)
        return says[min(made, len(says)) - 1]

    return [turn] * 50 + ["out of turns"]


def is_summary(request: Request) -> bool:
    return any(
        ASKED_FOR_A_SUMMARY in text for message in request.messages[-2:] for text in texts_of(message["content"])
    )


def until_recorded(scene: Scene) -> None:
    """Waits until all results are in a transcript. A model takes longer than the client does.

    Those that were sent, and those of the newest calls, which a request for a summary leaves out.
    """
    sent = {block["tool_use_id"] for request in scene.requests for block in blocks(request.messages, "tool_result")}

    def are_there() -> bool:
        files = scene.place.transcripts.rglob("*.jsonl")
        messages = [record["message"] for file in files for record in read_json_lines(file) if record.get("message")]
        called = {block["id"] for block in blocks(messages, "tool_use") if block["name"] != "Agent"}
        return sent | called <= {block["tool_use_id"] for block in blocks(messages, "tool_result")}

    scene.until(are_there, "the results in a transcript")


def blocks(messages: Iterable[JsonObject], kind: str) -> list[JsonObject]:
    contents = [message["content"] for message in messages if isinstance(message.get("content"), list)]
    return [block for content in contents for block in content if isinstance(block, dict) and block["type"] == kind]


def summary(says: str) -> dict[str, ScriptedTurn]:
    """It comes once everything before it is in the transcript."""
    text = f"<analysis>{THOUGHT}</analysis>\n<summary>{says}</summary>"

    def turn(scene: Scene) -> Says:
        until_recorded(scene)
        return text

    return {ASKED_FOR_A_SUMMARY: turn}


def after_compaction(run: Run, agent: str) -> tuple[Request, list[Request]]:
    """The request that asked for the summary, and those after it."""
    own = run.of(agent)
    [place] = [number for number, request in enumerate(own) if is_summary(request)]
    return own[place], own[place + 1 :]


def carried(request: Request) -> list[str]:
    """Checkpoints in a request."""
    found = []
    for text in (text for message in request.messages for text in texts_of(message["content"])):
        if compaction.OPENING in text:
            start = text.index(compaction.OPENING)
            end = text.find("\n\n", start)
            found.append(text[start : end if end > 0 else None])
    return found


def test_an_automatic_compaction_keeps_what_its_summary_leaves_out(claude: Claude) -> None:
    run = claude(
        mcp=WAITED_FOR,
        files=FILES,
        settings=CARRIED,
        env=WINDOW,
        prompt=PROMPT,
        turns=in_order(MAIN, LOOK, Turn([RUN], usage=FULL), use("Bash", command="echo on"), "all done"),
        asides=summary(f"The user asked: {TASK}"),
    )

    asked, after = after_compaction(run, MAIN)
    [instructions] = [text for text in texts_of(asked.messages[-2]["content"]) if "must survive" in text] or [
        asked.text
    ]
    for words in ("the task in the user's own words", "quote no file contents"):
        assert words in instructions
    assert all(len(carried(request)) == 1 for request in after)
    [text] = carried(after[0])
    assert cost(text) <= BUDGET_TOKENS
    assert "app.py" in text
    assert "pytest -q tests/test_total.py" in text


def test_what_the_summary_says_is_not_said_again_and_what_it_only_thought_is(claude: Claude) -> None:
    """The client leaves the analysis out; the checkpoint has to know that."""
    texts = {}
    awkward = f'{PROMPT} "quoted", C:\\dir, ${{cwd}}, {{}}\n' + "and so on, at some length. " * 1_500
    for name, says in {"holds it": awkward, "thought it": "Work on app.py has begun."}.items():
        run = claude(
            mcp=WAITED_FOR,
            files=FILES,
            settings=CARRIED,
            env=WINDOW,
            prompt=PROMPT,
            turns=in_order(MAIN, LOOK, Turn([RUN], usage=FULL), "all done"),
            asides=summary(says),
        )
        _, after = after_compaction(run, MAIN)
        [texts[name]] = carried(after[0])

    assert CONSTRAINT not in texts["holds it"]
    assert CONSTRAINT in texts["thought it"]


def test_a_compaction_by_hand_is_served_in_the_terminal(claude: Claude) -> None:
    def typed(terminal: Terminal) -> None:
        terminal.shows("accept edits on")
        until_listed(terminal.scene)
        terminal.submit(PROMPT)
        terminal.shows("it is looked at")
        terminal.submit("/compact")
        terminal.shows("Compacted")
        terminal.submit("go on")
        terminal.shows("all done")

    run = claude(
        mcp=WAITED_FOR,
        files=FILES,
        settings=CARRIED,
        mode="acceptEdits",
        args=["--allowedTools", "mcp__lean"],
        turns=in_order(MAIN, LOOK, "it is looked at", "all done"),
        asides=summary("Somebody asked for something."),
        terminal=typed,
    )

    _, after = after_compaction(run, MAIN)
    [text] = carried(after[0])
    assert TASK in text
    assert cost(text) <= BUDGET_TOKENS


def test_a_subagent_gets_its_own_checkpoint_and_nobody_else_does(claude: Claude) -> None:
    run = claude(
        mcp=WAITED_FOR,
        files=FILES,
        settings=CARRIED,
        env=WINDOW,
        turns=[spawn("scout"), "all done"],
        subagents={
            "scout": in_order("scout", LOOK, Turn([RUN], usage=FULL), use("Bash", command="echo on"), "found it"),
        },
        asides=summary("The scout has begun."),
    )

    _, after = after_compaction(run, "scout")
    assert all(len(carried(request)) == 1 for request in after)
    assert "app.py" in carried(after[0])[0]
    assert not [text for request in run.of(MAIN) for text in carried(request)]


def test_off_means_that_the_client_compacts_as_it_always_did(claude: Claude) -> None:
    run = claude(
        mcp=WAITED_FOR,
        files={**FILES, ".mcp-lean.toml": "[compact]\ncarry = false\n"},
        settings=CARRIED,
        env=WINDOW,
        prompt=PROMPT,
        turns=in_order(MAIN, LOOK, Turn([RUN], usage=FULL), "all done"),
        asides=summary("Work on app.py has begun."),
    )

    asked, after = after_compaction(run, MAIN)
    assert "must survive" not in asked.text
    assert not carried(after[0])
