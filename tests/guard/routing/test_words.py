"""Which kind of work the words of a task ask for: a table of tasks as people and models write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.guard.routing.words import LONGEST_CHARS, MOST_FILES, Kind, work_of

CWD = "/home/ann/shop"
GENERAL = "general-purpose"


def kind(prompt: str, agent_type: str = GENERAL, description: str = "") -> Kind:
    return work_of(description, prompt, agent_type, CWD).kind


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        # Reading.
        ("Find where the settings are loaded and report the paths.", Kind.READ),
        ("Search the code for callers of `Session.close` and list them.", Kind.READ),
        ("Explain how requests reach the database. Do not edit any files.", Kind.READ),
        ("Locate every place that reads the cache folder; research only, no code changes.", Kind.READ),
        ("Read src/app.py and summarise it. Never modify, create or delete anything.", Kind.READ),
        ("Report which files the last commit touched and where they are used.", Kind.READ),
        ("Map the module structure without making changes.", Kind.READ),
        # Writing, as soon as one word of it is left.
        ("Find the bug in the parser and fix it.", Kind.WRITE),
        ("Implement the new endpoint in src/api.py.", Kind.WRITE),
        ("Add a test for the empty list.", Kind.WRITE),
        ("Do not edit the tests. Rename `foo` to `bar` in the sources.", Kind.WRITE),
        ("Search all usages of the old API and replace them.", Kind.WRITE),
        ("Update the README so that it describes the flag.", Kind.WRITE),
        ("Don't stop before the build passes; fix what fails.", Kind.WRITE),
        ("List the tables and then produce a script for them.", Kind.WRITE),
        ("Find the endpoints and put them into notes.md.", Kind.WRITE),
        ("Summarise the modules; save the result as docs/map.md.", Kind.WRITE),
        # Acting, which a reader of files cannot.
        ("Test the login flow and report what you see.", Kind.OTHER),
        ("Find the sample and verify that it works.", Kind.OTHER),
        ("Reproduce the crash and describe it.", Kind.OTHER),
        ("List the build files and where the tests start.", Kind.READ),
        # Running one given command.
        ("Run `pytest -q tests/api` and report what fails. Do not fix anything.", Kind.RUN),
        ("Execute npm test and tell me which suites fail.", Kind.RUN),
        ("Run the linters and clean up what they report.", Kind.WRITE),
        ("Run `make bench` and find out why it is slow.", Kind.OTHER),
        ("Run whatever is needed.", Kind.OTHER),
        # Judging a change.
        ("Review the latest commit for mistakes.", Kind.REVIEW),
        ("Review the diff of this branch. Do not change any files.", Kind.REVIEW),
        ("Review this change and apply your suggestions.", Kind.WRITE),
        ("Review the architecture.", Kind.OTHER),
        # Thinking, other places, other languages, nothing at all.
        ("Find the root cause of the crash in the log.", Kind.OTHER),
        ("Look into why the tests hang.", Kind.OTHER),
        ("Find the best way to cache this.", Kind.OTHER),
        ("Search hex.pm for the latest versions of these packages.", Kind.OTHER),
        ("Find out on https://example.com how it works.", Kind.OTHER),
        ("Describe what the screenshot shows.", Kind.OTHER),
        ("Use mcp__jira__search to find the ticket.", Kind.OTHER),
        ("Suche alle Aufrufer von close.", Kind.OTHER),
        ("すべての呼び出し元を見つけてください。", Kind.OTHER),
        ("go", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_the_kind_of_a_task(prompt: str, expected: Kind) -> None:
    assert kind(prompt) is expected


@pytest.mark.parametrize(
    "prompt",
    [
        "Find the failing tests in tests/unit and make them pass.",
        "Find the router and wire up the new /health handler.",
        "Look at the conflicted files and resolve the conflicts.",
        "Find the TODO in parser.py and take care of it.",
        "Search the docs for typos and correct them.",
        "Find all uses of moment and switch them to dayjs.",
        "Locate the http client and set the timeout to 30 seconds.",
        "Locate untyped functions in core.py and annotate them.",
        "Find public functions without docstrings and document them.",
        "Identify unused functions in utils and drop them.",
        "Read src/cache.py and rework it to use asyncio.",
        "Search for all endpoints and store the list in docs/endpoints.md.",
        "Map the repository and record it in ARCHITECTURE.md.",
        "Summarize the module and output it to notes/summary.md",
        "List all options and export them as options.csv.",
        "Find the bug and eliminate it.",
        "Find the parser and, without changing the API, speed it up.",
        "Locate the lines in api.py and undo them.",
        "Find the unfinished function in stats.py and complete it.",
        "Find console.log statements; strip them.",
        "Read lib/a.js and port it to TypeScript.",
        "Find the tests of client.py and mock the network there.",
        "Identify duplicated helpers in src and consolidate them.",
        "List open tickets and close those that are done.",
        "Find which process listens on 8080, then kill it.",
        "Find the users table and reset the passwords. Report when done.",
        "List the packages and touch an __init__.py in each.",
        "Find the changelog and carefully sync it with the tags.",
        "Find callbacks in net.js and turn them into promises.",
        "Locate uncovered branches in tax.py and cover them with tests.",
        "Read the two modules below.\n- Unify their interfaces\n- Report",
        "Run pytest until everything is green, resolving failures as you go.",
        "Run `pytest -q` and get it green, then squash the noise.",
        "Busca el c\u00f3digo de pago y corrige el fallo. List the files.",
        "\u041d\u0430\u0439\u0434\u0438 order_total. Report the file.",
        "login.py \u3092\u4fee\u6b63\u3057\u3066\u304f\u3060\u3055\u3044\u3002 report",
        "Finde die Anmeldung und repariere sie. Report the file.",
    ],
)
def test_what_may_change_something_goes_to_no_reader(prompt: str) -> None:
    """No list of verbs of changing is complete; so what is ordered has to be a known way of looking."""
    assert kind(prompt) is Kind.OTHER


@pytest.mark.parametrize(
    "prompt",
    [
        "Find the flaky test and fix it.",
        "Find and fix the off-by-one in pager.py.",
        "Locate the login handler, then log every failed attempt to the audit table.",
        "Read the config and make it strict.",
        "List every TODO and turn each into an issue.",
        "Look through the handlers and harden the ones without a timeout.",
        "Search for print calls; use the logger instead.",
        "Find out which flag is missing and pass it.",
        "Trace the request and get the 500 to go away.",
        "Identify the slow query and make it fast.",
        "Report the version, then tag it.",
        "Map the modules and keep the map in the wiki.",
        "Explain the parser in its docstring.",
        "Describe each function in a comment above it.",
        "Collect the fixtures into one file.",
        "Gather the helpers in utils.py under one name.",
        "Summarize the changelog into RELEASES.md.",
        "Summarise the module as a README.",
        "Locate the secrets and rotate them.",
        "Find stale branches and prune them.",
        "Inventory the feature flags and retire the dead ones.",
        "Read the failing test, then get it to pass.",
        "Look into the lint warnings and silence them.",
        "Find the import cycle and break it.",
        "Find the leak and plug it.",
        "Enumerate the endpoints and give each one a rate limit.",
        "Find where the port is set and have it read from the environment.",
        "Find every place that logs a password, and see that none does.",
        "List the users and email them.",
        "Read through src and leave it cleaner than you found it.",
        'Search the repo for "foo" and let it be "bar".',
        "Find the two copies and keep one.",
        "Look up the schema and bring the models in line with it.",
        "Trace where the flag is lost, and carry it through.",
        "Find the constant and double it.",
        "Locate app.yaml. Ports: 80 becomes 8080.",
        "Find the handler; it should return 404 instead of 500.",
        "Read the spec and follow it in api.py.",
        "Find the tests that need a database and skip them.",
        "Report the unused imports and have them gone.",
        "Find the deprecated calls. None may be left afterwards.",
        "Explore the repo and set up the dev environment.",
        "Find the migration and roll it back.",
        "Read package.json and pin the versions.",
        "Find the docs and proofread them, correcting as needed.",
        "List the containers and stop them.",
        "Locate the .env and open it up to the group (chmod).",
        "Find the queue and drain it.",
        "Look at the board and assign the tickets.",
        "Find large files and compress them.",
        "Search for hard-coded URLs. Pull them up into settings.py.",
        "Identify the failing hook and bypass it.",
        "Read data.csv and load it into the database.",
        "Find the PR, approve it.",
        "Trace the bug to its commit; bisect if you must.",
        "Find the typo. Done means the build is green.",
        "Gather the logs and ship them to the bucket.",
        "Find duplicated code and factor it out.",
        "Locate the entry point. Its name is to be main.py from now on.",
        "Check the links and point the dead ones at the archive.",
    ],
)
def test_what_only_begins_like_reading_goes_to_no_reader(prompt: str) -> None:
    """Each names what it wants to know or looks for something, and then wants something done."""
    for text in (prompt, prompt.upper(), f"Please: {prompt}", f"Context first.\n\n{prompt}\n\nThanks!"):
        assert kind(text) in (Kind.OTHER, Kind.WRITE), text


@pytest.mark.parametrize(
    "prompt",
    [
        "Find the broken link in the footer and redirect it to the new page.",
        "Locate the test that times out and raise its limit.",
        "Read the error log and act on what it says.",
        "Search for TODO comments older than a year and archive them.",
        "List all env vars and encrypt the sensitive ones.",
        "Explore the sandbox and try a few inputs until it crashes.",
        "Find which import is circular. Untangle it.",
        "Describe the API in an OpenAPI file.",
        "Map old field names to new ones in the serializers.",
        "Trace the failing request with a debugger attached.",
        "Find the section about install and tighten the wording.",
        "Look at the two implementations and pick the faster one, leaving the other out of the build.",
        "Find callers of old_api, they need porting.",
        "Identify which rows are corrupt and quarantine them.",
        "Report on the state of CI and re-trigger whatever is red.",
        "Gather metrics from the service for five minutes and graph them.",
        "Read every file in src and tidy.",
        "Find where retries happen and cap them at three.",
        "Summarize each commit in its message.",
        "Locate the sleep calls; shorten.",
        "Look up the user by email and reset her password.",
        "Find the bug in checkout. I want this working by tonight.",
        "Collect all strings for i18n and key them.",
        "Find the flag; flip it.",
        "Explain to the reviewers on the PR why this is safe.",
        "Read notes.md and carry out step 3.",
        "List the outdated dependencies and bring them up to date.",
        "Find any secrets in history and scrub them.",
        "Check that src compiles; if not, get it compiling.",
        "Find all the images that lack alt text and describe them in the markup.",
    ],
)
def test_tasks_that_were_not_there_when_the_words_were_chosen_go_to_no_reader(prompt: str) -> None:
    assert kind(prompt) in (Kind.OTHER, Kind.WRITE)


@pytest.mark.parametrize(
    "prompt",
    [
        "Find where files are written to disk.",
        "Find who creates the session object and list the callers.",
        "List the functions that delete rows. Do not change anything.",
        "Which module handles updates of the cart? Report paths.",
        "Explain how a commit is parsed by the changelog reader.",
        "Search for the code that renames columns and say where it is.",
        "Describe what happens when a user is removed.",
        "Locate the migration that added the column.",
        "Report all places that call `write()` and `delete_user()`.",
        "Find the class that implements the Store interface.",
        "Trace how an order is created, from the route to the table.",
        "Map which modules are generated and which are hand-made.",
        "Find the tests for the installer and list them.",
        "List what the fix in the last commit touched.",
        "Read CONTRIBUTING.md and say how a change is to be submitted.",
        "Find where updates are applied, and report the lines.",
        "Identify the code that replaces placeholders in templates.",
        "Find the function that formats dates.",
        "Report which commands edit the config file.",
        "Locate where the pushed messages are converted to JSON.",
        "Where is the retry logic implemented? List the files.",
        "Find out whether the cache is ever cleaned.",
        "Summarize the upgrade guide in docs/upgrade.md.",
        "Look for functions named `remove_*` and list their callers.",
        "List the settings that enable tracing.",
        "Find all uses of `patch` in tests.",
        "Explain what `git commit` hooks exist in .husky.",
        "Read-only: find the deploy scripts and describe their steps.",
        "Find the moved files in the rename map and list them.",
        "Describe the merge strategy in src/merge.py.",
    ],
)
def test_reading_that_talks_of_changes_is_at_worst_left_as_it_is(prompt: str) -> None:
    """A mistake this way costs what the call costs without us; nothing becomes cheaper, and nothing is lost."""
    work = work_of("", prompt, GENERAL, CWD)

    assert work.kind in (Kind.READ, Kind.WRITE, Kind.OTHER)
    assert kind(prompt, "Explore") is Kind.READ


@pytest.mark.parametrize(
    ("language", "prompt"),
    [
        ("German", "Finde die Funktion login und repariere sie."),
        ("German", "Liste alle Endpunkte auf und schreibe sie in eine Datei."),
        ("German", "Report an mich: Welche Dateien liest das Modul? Repariere es dann."),
        ("French", "Explore le module de paiement et corrige le bug."),
        ("French", "Liste les fichiers, puis supprime ceux qui sont vides."),
        ("French", "Décris chaque classe et ajoute un commentaire."),
        ("Spanish", "Explora el modulo de pago y arregla el fallo. List."),
        ("Spanish", "Lista los archivos y borra los viejos."),
        ("Spanish", "Describe cada clase y escribe las pruebas."),
        ("Italian", "Trova il bug e correggilo, list dei file."),
        ("Italian", "Elenca i moduli e rinominali. Report."),
        ("Italian", "Descrivi ogni classe e sistema gli errori."),
        ("Portuguese", "Encontre o erro e corrija, report final."),
        ("Portuguese", "Liste os arquivos e apague os vazios."),
        ("Portuguese", "Descreva cada módulo e conserte os testes."),
        ("Dutch", "Trace het probleem en los het op."),
        ("Dutch", "Zoek de fout en herstel hem. Report."),
        ("Dutch", "List alle modules en hernoem ze."),
        ("Polish", "Znajdz funkcje login i popraw blad. Report."),
        ("Polish", "Wypisz pliki, a potem usuń puste."),
        ("Polish", "Opisz moduły oraz napraw testy."),
        ("Turkish", "Read dosyasini bul ve hatayi duzelt."),
        ("Turkish", "Dosyaları listele, boş olanları sil."),
        ("Turkish", "Explore modulu sonra duzelt, report ver."),
        ("Indonesian", "Trace alur pembayaran lalu perbaiki bug."),
        ("Indonesian", "List berkas yang kosong dan hapus."),
        ("Indonesian", "Explain modul pembayaran, kemudian perbaiki."),
        ("Finnish", "Map modulit ja korjaa virhe."),
        ("Finnish", "List tiedostot ja poista tyhjat."),
        ("Finnish", "Report virhe, sitten korjaa se."),
        ("Russian", "Найди функцию login и исправь ошибку."),
        ("Russian", "Report: перечисли файлы и удали пустые."),
        ("Russian", "Опиши модуль."),
        ("Chinese", "找到登录函数并修复它。"),
        ("Chinese", "List 所有文件，然后删除空的。"),
        ("Chinese", "说明这个模块。"),
        ("Japanese", "login関数を見つけて直してください。"),
        ("Japanese", "すべての呼び出し元を一覧にしてください。"),
        ("Japanese", "Report してください: どこで読まれていますか。"),
        ("Korean", "로그인 함수를 찾아서 고쳐 주세요."),
        ("Korean", "List 파일 목록, 빈 것은 삭제."),
        ("Korean", "이 모듈을 설명해 주세요."),
        ("Arabic", "ابحث عن الدالة وأصلحها."),
        ("Arabic", "List الملفات ثم احذف الفارغة."),
        ("Arabic", "اشرح هذه الوحدة."),
        ("Hindi", "लॉगिन फ़ंक्शन खोजें और ठीक करें।"),
        ("Hindi", "List सभी फ़ाइलें और खाली हटाएँ।"),
        ("Hindi", "इस मॉड्यूल को समझाएँ।"),
    ],
)
@pytest.mark.parametrize("agent_type", [GENERAL, "Explore"])
def test_a_task_in_another_language_is_left_as_it_is(language: str, prompt: str, agent_type: str) -> None:
    """Also where it borrows an English word that stands for reading."""
    assert kind(prompt, agent_type) is Kind.OTHER, language


def test_identifiers_and_paths_make_no_other_language_of_a_task() -> None:
    names = "`OrderQueueFactory` `retryBackoffPolicy` src/locales/de/die.json src/el/los_angeles.py"

    assert kind(f"Find where {names} come from and report them.") is Kind.READ


@pytest.mark.parametrize(
    "prompt",
    [
        "Find all usages of `parse_config` and list them with file and line. Do not edit files.",
        "Explore the project in src and describe its modules. Read only.",
        "Gather every environment variable the code reads, and enumerate them with their defaults.",
        "I need to understand the flow of an order. Trace it from the route to the database, then report each step.",
        "Find where the port is read. For each place, give the line. If there are several, say which one wins.",
        "Search src for classes that inherit from Base; note their names and what they override.",
        "Locate the schema. The app uses sqlite. Return the table names and the columns of each.",
        "1. Find the entry point\n2. List what it imports\n3. Report the order in which the parts start",
    ],
)
def test_plain_reading_stays_reading(prompt: str) -> None:
    assert kind(prompt) is Kind.READ


def test_the_clients_searching_agent_reads_whatever_its_task_mentions() -> None:
    """It cannot write; its task often tells what will be written later."""
    task = "We will implement lifecycle hooks. I need to know how the registry is built and where it is used."

    assert kind(task, "Explore") is Kind.READ
    assert kind(task) is Kind.WRITE
    assert kind("Find the root cause of the crash.", "Explore") is Kind.OTHER


def test_the_description_counts_as_much_as_the_prompt() -> None:
    assert kind("See the ticket above.", description="Fix the parser") is Kind.WRITE


@pytest.mark.parametrize(
    ("prompt", "needs_shell", "is_outside"),
    [
        ("Find where it is read.", False, False),
        ("Find in the git log when the flag was dropped.", True, False),
        ("Find what `docker ps` shows in the notes.", True, False),
        ("Read /home/ann/shop/src/app.py and report.", False, False),
        ("Read /etc/hosts/x and report.", False, True),
        ("Read ~/notes/todo.md and report.", False, True),
        ("Read ../other/app.py and report.", False, True),
        ("Find /home/ann/shopping/list.txt and report.", False, True),
    ],
)
def test_what_reading_needs_besides(prompt: str, needs_shell: bool, is_outside: bool) -> None:
    work = work_of("", prompt, GENERAL, CWD)

    assert (work.kind, work.needs_shell, work.is_outside) == (Kind.READ, needs_shell, is_outside)


def test_a_slice_that_is_too_large_for_a_small_context_is_left() -> None:
    named = " ".join(f"src/part{number}.py" for number in range(MOST_FILES + 1))

    assert kind(f"Read {named} and report.") is Kind.OTHER
    assert kind("Find it. " + "x " * LONGEST_CHARS) is Kind.OTHER


@given(st.text(max_size=400), st.text(max_size=60))
def test_whatever_is_asked_for_there_is_an_answer_with_a_sign(prompt: str, description: str) -> None:
    work = work_of(description, prompt, GENERAL, CWD)

    assert work.sign
    assert len(work.sign) < 80


@given(st.sampled_from(["fix", "Implement", "EDIT", "write", "delete", "refactor"]), st.text(max_size=200))
def test_a_task_that_begins_with_writing_is_never_reading(verb: str, rest: str) -> None:
    assert kind(f"{verb} it. {rest}") in (Kind.WRITE, Kind.OTHER)


@pytest.mark.parametrize("filler", [" ", "\n", "\t", " \n", "\u2003", "\x0b"])
def test_white_space_says_nothing(filler: str) -> None:
    """However much of it: patterns that meet long runs of it would not come to an end in time."""
    for end in ("edit", "write it"):
        text = f"do not{filler * 40}{end}. Find it.{filler * ((LONGEST_CHARS - 200) // len(filler))}"
        assert work_of("", text, GENERAL, CWD).kind is work_of("", f"do not {end}. Find it.", GENERAL, CWD).kind


@pytest.mark.parametrize(
    "piece", ["a", "a-", "aB", "a/", "`", '"', "in ", "into a ", "list in ", "each x ", "do not x "]
)
def test_a_long_task_of_one_piece_is_read_like_a_short_one(piece: str) -> None:
    """A pattern that is tried at each place of a long run would be late: 6,000 characters took 0.9 s once."""
    short, long = (work_of("", f"Find it. {piece * (length // len(piece))}", GENERAL, CWD) for length in (300, 5_900))

    assert long.kind is short.kind
