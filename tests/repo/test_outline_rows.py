"""What `path#` shows."""

from mcp_lean.repo.outline import Definition, Outline, outline, render_outline


def texts(path: str, source: bytes) -> list[str]:
    return [text for _, text in render_outline(outline(path, source))]


def test_values_that_follow_one_another_share_a_row() -> None:
    source = b"A = 1\nB = 2\nC = [\n  3,\n]\n\n\ndef f(): pass\n\n\nD = 4\n"

    assert render_outline(outline("a.py", source)) == [(1, "A, B, C :1-5"), (8, "def f() :8"), (11, "D = 4 :11")]


def test_a_long_table_keeps_its_own_row() -> None:
    source = b"A = 1\nTABLE = [\n" + b"  1,\n" * 9 + b"]\nB = 2\n"

    assert texts("a.py", source) == ["A = 1 :1", "TABLE = [… :2-12", "B = 2 :13"]


def test_a_run_that_does_not_fit_says_how_many_names_it_leaves_out() -> None:
    source = b"".join(b"A_RATHER_LONG_NAME_%02d = 1\n" % i for i in range(30))
    [row] = texts("a.py", source)

    assert row == ", ".join(f"A_RATHER_LONG_NAME_{i:02d}" for i in range(6)) + " +24 :1-30"


def test_a_long_run_of_one_line_functions_shows_every_name_and_no_signature() -> None:
    source = b"".join(b"int function_%02d(int a, int b);\n" % i for i in range(40))
    rows = texts("a.h", source)

    assert rows[0] == ", ".join(f"function_{i:02d}" for i in range(12)) + " :1-12"
    assert [name for row in rows for name in row.rsplit(" :")[0].split(", ")] == [
        f"function_{i:02d}" for i in range(40)
    ]


def test_a_short_run_of_one_line_functions_keeps_its_signatures() -> None:
    assert texts("a.h", b"int f(int a);\nint g(void);\n") == ["int f(int a) :1", "int g(void) :2"]


def test_rows_are_indented_by_nesting_and_not_by_the_name_of_an_owner() -> None:
    source = b"package p\n\ntype T struct{}\n\nfunc (t *T) M() {\n}\n"

    assert texts("a.go", source) == ["type T struct{} :3", "func (t *T) M() :5-6"]


def test_two_names_for_one_text_need_one_row() -> None:
    assert texts("a.c", b"typedef struct ring {\n  int x;\n} ring_t;\n") == ["typedef struct ring ring_t :1-3"]


def test_a_long_signature_is_cut() -> None:
    source = b"def f(" + b", ".join(b"argument_%02d" % i for i in range(30)) + b"): pass\n"
    [row] = texts("a.py", source)

    assert row.startswith("def f(argument_00, ")
    assert row.endswith("… :1")
    assert len(row) == 120 + len(" :1")


def test_a_definition_without_a_signature_is_shown_by_name() -> None:
    assert render_outline(Outline((Definition("function", "f", "f", "", 3, 4),), "regex")) == [(3, "f :3-4")]
