"""What is read out of an answer."""

import pytest

from samovar.core.errors import ToolError
from samovar.flow.answer import blocks, one_symbol, patched, whole_file

CODE = "def f(x):\n    return x\n"
BEFORE = "def f(x):\n    return 0\n"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (f"```python\n{CODE}```", [CODE]),
        (f"```\n{CODE}```\n", [CODE]),
        (f"~~~py\n{CODE}~~~", [CODE]),
        (f"````\n{CODE}````", [CODE]),
        (f"Sure!\n\n```python\n{CODE}```\nand\n```\nx\n```", [CODE, "x\n"]),
        (f"```python\n{CODE}", [CODE]),
        (f"```python\r\n{CODE}```".replace("\n", "\r\n"), [CODE]),
        (CODE, [CODE]),
        ("Done", []),
        ("", []),
        ("I would write `f(x)` so.", []),
        ('```python\ns = """\n  ```\n"""\n```', ['s = """\n  ```\n"""\n']),
    ],
)
def test_blocks_are_found(answer, found):
    assert [b.replace("\r\n", "\n") for b in blocks(answer)] == found


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (f"```python\n{CODE}```", CODE),
        (f"```python\nf(1)\n```\n```python\n{CODE}```", CODE),
        (f"```bash\npip install x && y\n```\n```python\n{CODE}```", CODE),
        ("```python\ndef f(x): return x```", None),
    ],
)
def test_the_block_that_defines_the_file_is_taken(answer, text):
    assert text is None or whole_file(answer, "a.py", BEFORE) == text


PROSE = "# Introduction\nYou plan to build a house.\n\n- taller than every tree\n\n"


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (f"{PROSE}{CODE}", CODE),
        (f"{PROSE}import re\n\n\n{CODE}", f"import re\n\n\n{CODE}"),
        (f"{PROSE}LIMIT: int = 3\n{CODE}", f"LIMIT: int = 3\n{CODE}"),
        (f"{CODE}\nclass Test:\n    def test_f(self):\n        assert f(", f"{CODE}\n"),
        (f"{PROSE}{CODE}\nprint(f(1)", f"{CODE}\n"),
    ],
)
def test_words_of_the_task_before_the_code_and_a_cut_end_are_left_out(block, text):
    """Seen of one answer in ten at a temperature of 0.8."""
    assert whole_file(f"```python\n{block}", "a.py", BEFORE) == text
    assert "return x" in one_symbol(f"```python\n{block}", "f", BEFORE)


def test_a_block_of_which_no_part_defines_the_file_stays_wrong():
    for block in (PROSE, f"{PROSE}import re\n", "def f(x):\n    return (\n", "x = (\n" * 3000):
        with pytest.raises(ToolError, match="not valid Python"):
            whole_file(f"```python\n{block}```", "a.py", BEFORE)


def test_a_file_cut_into_blocks_is_joined():
    answer = "```python\ndef f(x):\n    return x\n```\nand\n```python\ndef g():\n    return 1\n```"
    text = whole_file(answer, "a.py", "def f(x): ...\ndef g(): ...\n")
    assert "def f" in text and "def g" in text


def test_a_text_that_is_no_python_is_taken_as_it_stands():
    assert whole_file("```md\n# Title\n```", "README.md", "") == "# Title\n"
    assert whole_file("```make\nall:\n```\n```sh\nmake\n```", "Makefile", "") == "all:\n"


INSTALL = "```bash\n# as root\npip install x\n```\n"
GUIDE = f"# Title\n\n{INSTALL}\n## Use\n\n~~~\nx\n~~~\n\n## Licence\n\nMIT\n"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (f"Sure!\n\n```markdown\n{GUIDE}```\nDone.", GUIDE),
        (f"```markdown\n{GUIDE}".replace("\n", "\r\n"), GUIDE),
        (f"````md\n{GUIDE}````\n\n```bash\nmake\n```", GUIDE),
        (f"```\n{GUIDE.replace('bash', '')}```", GUIDE.replace("bash", "")),
        (f"~~~md\n{GUIDE.replace('~~~', '```')}~~~", GUIDE.replace("~~~", "```")),
        (f"```md\n{GUIDE}```\nTo see it:\n```bash\nmake\n```", GUIDE),
        (f"```md\n{GUIDE.replace('```', '````')}```", GUIDE.replace("```", "````")),
    ],
)
@pytest.mark.parametrize("before", ["", GUIDE, GUIDE.replace("\n", "\r\n")])
def test_markdown_keeps_the_blocks_it_holds(answer, text, before):
    assert whole_file(answer, "docs/guide.md", before) == text


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (GUIDE, "3 of the file's 3 headings, such as '# Title'"),
        ("```md\n# Title\n```", "2 of the file's 3 headings, such as '## Use'"),
        (f"```md\n{INSTALL}```", "3 of the file's 3"),
        ("# Title", "no code block"),
    ],
)
def test_markdown_that_lost_most_of_its_headings_is_no_answer(answer, complaint):
    with pytest.raises(ToolError, match=complaint):
        whole_file(answer, "README.md", GUIDE)


def test_a_heading_may_have_other_words():
    renamed = GUIDE.replace("# Title", "# Name", 1)
    assert whole_file(f"```md\n{renamed}```", "README.md", GUIDE) == renamed
    assert whole_file("```md\n# Name\n```", "README.md", "# Title\n") == "# Name\n"


SLUG = "def slugify(text):\n    return text\n"
TESTED = "from slug import slugify\n\n\ndef test_one():\n    assert slugify('a') == 'a'\n"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ((SLUG, TESTED), SLUG),
        ((TESTED, SLUG), SLUG),
        (("import slug\n\nprint(slug.slugify('a b c d e f g h'))\n", SLUG), SLUG),
        ((SLUG, "def main():\n    print(slugify('a b c d e f g h i'))\n"), SLUG),
        (("print('first some words')\n", SLUG), SLUG),
        ((TESTED.replace("slug import", "slugs import"),), TESTED.replace("slug ", "slugs ")),
        ((TESTED,), TESTED),
        ((f"{PROSE}{SLUG}",), SLUG),
    ],
)
def test_a_new_file_is_the_first_code_that_does_not_import_it(said, text):
    answer = "and\n".join(f"```python\n{block}```\n" for block in said)
    assert whole_file(answer, "src/slug.py", "") == text


def test_a_new_file_that_is_cut_off_is_not_taken_for_the_whole():
    with pytest.raises(ToolError, match="not valid Python"):
        whole_file(f"```python\n{PROSE}{SLUG}\n\ndef other(", "slug.py", "")


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("no", "no code block"),
        ("```python\ndef f(:\n```", "not valid Python, line 1"),
        ("```python\nx = 1\n```", "does not define f"),
        ("```python\n\0\n```", "not valid Python"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(answer, complaint):
    with pytest.raises(ToolError, match=complaint):
        whole_file(answer, "a.py", BEFORE)


@pytest.mark.parametrize(
    ("answer", "name", "before", "text"),
    [
        (f"```python\n{CODE}```", "f", BEFORE, CODE),
        (f"```python\n{CODE}```", "C.f", "    def f(x):\n", "    def f(x):\n        return x\n"),
        (
            f"```python\nclass C:\n    {CODE.replace(chr(10), chr(10) + '    ')}\n```",
            "C.f",
            "    def f(x):\n",
            "    def f(x):\n        return x\n",
        ),
        (f"```python\nimport os\n\n{CODE}\n\nf(1)\n```", "f", BEFORE, CODE),
        ("```python\n@cached\ndef f(x):\n    return x\n```", "f", BEFORE, f"@cached\n{CODE}"),
    ],
)
def test_one_function_is_cut_out_and_indented(answer, name, before, text):
    assert one_symbol(answer, name, before) == text


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [("no", "no code"), ("```\ndef f(:\n```", "not valid"), ("```\nx=1\n```", "not define f")],
)
def test_what_is_wrong_with_a_function_is_said(answer, complaint):
    with pytest.raises(ToolError, match=complaint):
        one_symbol(answer, "f", BEFORE)


def patch(old: str, new: str) -> str:
    return f"<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"


@pytest.mark.parametrize(
    ("before", "old", "new", "after"),
    [
        ("a\nb\nc\n", "b\n", "x\n", "a\nx\nc\n"),
        ("    a\n    b\n", "a\nb\n", "x\ny\n", "    x\n    y\n"),
        ("a\n\x0cb\nc\n", "c\n", "x\n", "a\n\x0cb\nx\n"),
    ],
)
def test_a_patch_is_applied(before, old, new, after):
    assert patched(patch(old, new), before) == after


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("hello", "no SEARCH/REPLACE"),
        (patch("z\n", "x\n"), "not in the file: z"),
        (patch("a\n", "x\n"), "2 times"),
        (patch("\n", "x\n"), "empty"),
    ],
)
def test_a_patch_that_does_not_fit_is_told(answer, complaint):
    with pytest.raises(ToolError, match=complaint):
        patched(answer, "a\nb\na\n")
