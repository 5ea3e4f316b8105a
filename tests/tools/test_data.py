"""Tables are looked at without being loaded, in the sandbox, whatever is in them."""

import asyncio
import logging
import os
import re
import threading
import zipfile
from contextlib import asynccontextmanager
from pathlib import Path

import duckdb
import openpyxl
import pytest

from samovar.core.errors import ToolError
from samovar.tools import data
from samovar.tools.data import data_view


@pytest.fixture
def tool(place, sandbox, interpreter):
    return data_view(place, sandbox, interpreter)


@pytest.fixture
def sales(place):
    rows = (f"{n},shop {n % 7},{n * 1.5},2024-01-{n % 28 + 1:02}\n" for n in range(5000))
    (place.root / "sales.csv").write_text("id,shop,total,day\n" + "".join(rows))
    return place.root


async def test_a_csv_is_described(tool, sales):
    said = (await tool.run(path="sales.csv")).splitlines()
    assert said[0] == "sales.csv: 5,000 rows, 4 columns"
    assert "total | DOUBLE | 0 | 4621 | 0.0 | 7498.5 | 3749.25 | 18746250" in said
    assert "shop | VARCHAR | 0 | 7 | shop 0 | shop 6 |  | " in said
    assert any(
        re.fullmatch(r"day . DATE . 0 . 2\d . 2024-01-01 . 2024-01-28 .  . ", s) for s in said
    )
    assert said[-5] == "0 | shop 0 | 0.0 | 2024-01-01"


async def test_sums_are_exact_and_never_end_the_look(tool, place):
    most = 2**63 - 1
    duckdb.sql(
        f"COPY (SELECT {most} AS long, 0.1 AS part, 2.0::DOUBLE ** 1023 AS vast, "
        f"170141183460469231731687303715884105727::HUGEINT AS huge FROM range(3)) "
        f"TO '{place.root}/wide.parquet' (FORMAT parquet)"
    )
    said = await tool.run(path="wide.parquet")
    assert f" | {3 * most}\n" in said and " | 0.3\n" in said
    assert "vast | DOUBLE" in said and "inf\n" in said


async def test_parquet_lines_of_json_and_packed_files_are_read(tool, sales, place):
    for name, form in {"a.parquet": "parquet", "b.jsonl": "json", "c.csv.gz": "csv"}.items():
        duckdb.sql(f"COPY (FROM '{sales}/sales.csv') TO '{sales}/{name}' (FORMAT {form})")
        assert "5,000 rows, 4 columns" in await tool.run(path=name)
        assert "0 | 7 | shop 0 | shop 6" in await tool.run(path=name)


async def test_a_sheet_of_excel_is_read_row_by_row(tool, place):
    book = openpyxl.Workbook()
    page = book.active
    page.title = "first"
    for row in (("name", "size"), ("a", 1), ("b", 2.5), (None, "x")):
        page.append(row)
    book.create_sheet("second").append(("only",))
    book.save(place.root / "b.xlsx")
    said = await tool.run(path="b.xlsx")
    assert "3 rows, 2 columns; sheet 'first' of ['first', 'second']" in said
    assert "name | str | 1 | 2 | a | b |  | " in said and "float/int/str" in said
    assert "0 rows, 1 columns; sheet 'second'" in await tool.run(path="b.xlsx", query="second")
    with pytest.raises(ToolError, match="there is no sheet 'third'"):
        await tool.run(path="b.xlsx", query="third")


async def test_a_sheet_with_many_columns_says_how_many_there_are(tool, place):
    book = openpyxl.Workbook()
    book.active.append([f"c{n}" for n in range(50)])
    book.active.append([*range(50), None, "beyond the names"])
    book.save(place.root / "wide.xlsx")
    said = await tool.run(path="wide.xlsx")
    assert "1 rows, 52 columns" in said
    assert "[... 12 more columns: save the sheet as csv, then query that]" in said


async def test_a_sheet_that_takes_too_long_is_told_from_its_first_rows(tool, place, monkeypatch):
    monkeypatch.setattr(data, "READING", 0.0)
    book = openpyxl.Workbook()
    for n in range(101):
        book.active.append((n, n * 2))
    book.save(place.root / "long.xlsx")
    said = (await tool.run(path="long.xlsx")).splitlines()
    assert said[0].startswith("long.xlsx: at least 5 rows, 2 columns; sheet 'Sheet'")
    assert said[0].endswith("only the first 5 rows were read in 0 s, the sheet states 100")
    assert said[-1] == "5 | 10"


async def test_a_query_is_answered_and_cut(tool, sales):
    query = "SELECT shop, count(*) AS n FROM data GROUP BY shop ORDER BY shop;"
    said = await tool.run(path="sales.csv", query=query)
    assert said.splitlines()[:3] == ["sales.csv: 7 rows", "shop | n", "shop 0 | 715"]
    assert "more rows: add a LIMIT" in await tool.run(path="sales.csv", query="FROM data")


async def test_a_table_that_is_not_utf_8_loses_no_line(tool, place):
    text = "name,total\n" + "".join(f"n{n},{n}\n" for n in range(10)) + "f\xfcr,1000\n"
    (place.root / "old.csv").write_bytes(text.encode("latin-1"))
    said = await tool.run(path="old.csv")
    assert "11 rows, 2 columns; it is not UTF-8 and was read as Latin-1" in said
    query = "SELECT count(*), sum(total), max(name) FROM data WHERE name <> ''"
    asked = await tool.run(path="old.csv", query=query)
    assert asked.splitlines()[0].endswith("1 rows; it is not UTF-8 and was read as Latin-1")
    assert asked.splitlines()[-1] == "11 | 1045 | n9"


async def test_a_table_that_is_not_utf_8_and_changes_late_loses_no_line(tool, place):
    rows = "".join(f"{'Müller' if n % 2 else 'Meier'},{n}\n" for n in range(60_000))
    (place.root / "export.csv").write_bytes(f"name,total\n{rows}Meier,n/a\n".encode("cp1252"))
    said = await tool.run(path="export.csv")
    assert "60,001 rows, 2 columns; it is not UTF-8 and was read as Latin-1" in said.splitlines()[0]
    assert "name | VARCHAR | 0 | 2 | Meier | Müller | " in said
    broken = rows + "Meier,1,2,3,4\n" + "Meier,n/a\n" * 3
    (place.root / "bad.csv").write_bytes(f"name,total\n{broken}".encode("cp1252"))
    bad = await tool.run(path="bad.csv")
    assert "was read as Latin-1; not all lines fit: 3 left out" in bad.splitlines()[0]
    assert "name | VARCHAR | 0 | 2 | Meier | Müller | " in bad


@pytest.mark.parametrize("last", ['{"id": 1, "user": "ann"}', '{"id": "none"}'])
async def test_lines_of_json_may_differ_late(tool, place, last):
    rows = "".join(f'{{"id": {n}}}\n' for n in range(30_000))
    (place.root / "log.jsonl").write_text(f"{rows}{last}\n")
    assert "log.jsonl: 30,001 rows, " in await tool.run(path="log.jsonl")
    listed = ",".join((rows + last).split("\n"))
    (place.root / "log.json").write_text(f"[{listed}]")
    assert "log.json: 30,001 rows, " in await tool.run(path="log.json")


async def test_lines_that_are_no_json_are_told(tool, place):
    (place.root / "cut.jsonl").write_text('{"id": 1}\n{"id": 2}\n{"id": 3, "na')
    said = await tool.run(path="cut.jsonl")
    assert said.startswith(
        "cut.jsonl: 3 rows, 1 columns; lines that are no JSON are rows without values\n"
    )
    assert "id | BIGINT | 1 | 2 | 1 | 2 | 1.5" in said


async def test_lines_that_do_not_fit_are_counted_and_said_of_a_query_too(tool, place):
    rows = [f"{n},{n}" for n in range(30_000)]
    rows[25_000:25_002] = ["1,2,3,4", "x,y"]
    (place.root / "bad.csv").write_text("a,b\n" + "\n".join(rows) + "\n")
    said = await tool.run(path="bad.csv")
    assert "29,999 rows, 2 columns; not all lines fit: 1 left out" in said.splitlines()[0]
    told = await tool.run(path="bad.csv", query="SELECT count(a) FROM data")
    assert told.splitlines()[0].endswith("1 rows; not all lines fit")


async def test_a_column_that_changes_its_type_late_is_text(tool, place):
    rows = "".join(f"{n},{n}\n" for n in range(60_000))
    (place.root / "late.csv").write_text(f"n,m\n{rows}x,1\n")
    said = await tool.run(path="late.csv")
    assert "60,001 rows" in said and "n | VARCHAR" in said and "m | BIGINT" in said
    asked = await tool.run(path="late.csv", query="SELECT max(n), sum(m) FROM data")
    assert asked.splitlines()[-1] == "x | 1799970001"


async def test_lists_of_numbers_are_no_numbers(tool, place):
    (place.root / "v.jsonl").write_text(
        '{"id": 1, "scores": [0.5, 0.7]}\n{"id": 2, "scores": []}\n'
    )
    assert "scores | DOUBLE[] | 0 |  |  |  | " in await tool.run(path="v.jsonl")


async def test_unicode_text_of_a_spreadsheet_is_read(tool, place):
    text = "name,total\na,1\nb,2\n"
    (place.root / "u.csv").write_bytes(text.encode("utf-16"))
    said = await tool.run(path="u.csv")
    assert "2 rows, 2 columns" in said and "total | BIGINT" in said
    (place.root / "big.csv").write_bytes(b"\xfe\xff" + text.encode("utf-16-be"))
    with pytest.raises(ToolError, match="save it as UTF-8"):
        await tool.run(path="big.csv")


async def test_formulas_without_values_are_no_empty_cells(tool, place):
    book = openpyxl.Workbook()
    for row in (("a", "twice", "none"), (1, "=A2*2", None), (2, "=A3*2", None)):
        book.active.append(row)
    book.save(place.root / "f.xlsx")
    said = await tool.run(path="f.xlsx")
    assert "2 rows" in said and "of formulas it holds no values" in said.splitlines()[0]
    assert "twice | formulas" in said and "none | empty" in said


@pytest.mark.parametrize(
    "query",
    [
        "COPY data TO 'stolen.csv'",
        "SELECT 1; COPY data TO 'stolen.csv'",
        "CREATE TABLE x AS FROM data",
        "INSTALL httpfs",
        "LOAD json",
        "ATTACH 'x.db'",
        "SET memory_limit='9GB'",
        "PRAGMA database_list",
        "SELECT * FROM read_text('other.txt')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM glob('/**')",
        "SELECT getenv('HOME')",
        "SELEC",
    ],
)
async def test_a_query_sees_this_file_only_and_changes_nothing(tool, sales, query):
    (sales / "other.txt").write_text("canary-5f1c")
    before = sorted(os.listdir(sales))
    try:
        said = await tool.run(path="sales.csv", query=query)
    except ToolError as error:
        said = str(error)
        assert "\n" not in said
    assert "canary" not in said and "samovar:x:" not in said and "/usr" not in said
    assert sorted(os.listdir(sales)) == before


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.parquet", b"PAR1xxxxPAR1", "a.parquet: "),
        ("a.xlsx", b"PK\x03\x04xx", "it cannot be read as xlsx"),
        ("a.png", b"\x89PNG", "data_view reads .csv"),
        ("empty.parquet", b"", "empty.parquet: "),
        ("a.jsonl", b'{"a": [[[[', "a.jsonl: "),
    ],
)
async def test_a_broken_file_is_named_in_one_line(tool, place, name, data, said):
    (place.root / name).write_bytes(data)
    with pytest.raises(ToolError, match=said) as caught:
        await tool.run(path=name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", bytes(range(256)) * 99, b'a,b\n1,"2\n3', b"a" * 9_000_000]
)
async def test_odd_bytes_do_no_harm(tool, place, data):
    (place.root / "odd.csv").write_bytes(data)
    try:
        assert len(await tool.run(path="odd.csv")) < 6100
    except ToolError as error:
        assert "\n" not in str(error)


async def test_a_workbook_that_unpacks_to_gigabytes_is_stopped(tool, place):
    with zipfile.ZipFile(
        place.root / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1
    ) as file:
        file.writestr("[Content_Types].xml", TYPES)
        file.writestr("_rels/.rels", RELS.format("officeDocument", "xl/workbook.xml"))
        file.writestr("xl/workbook.xml", BOOK)
        file.writestr(
            "xl/_rels/workbook.xml.rels", RELS.format("sharedStrings", "sharedStrings.xml")
        )
        with file.open("xl/sharedStrings.xml", "w", force_zip64=True) as strings:
            strings.write(f"<sst xmlns='{MAIN}'>".encode())
            for _ in range(600):
                strings.write(b"<si><t>" + b"x" * (1 << 20) + b"</t></si>")
            strings.write(b"</sst>")
    with pytest.raises(ToolError, match=r"memory.*save the sheet as csv"):
        await tool.run(path="bomb.xlsx")


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
TYPES = (
    "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'>"
    f"<Override PartName='/xl/workbook.xml' ContentType='{KINDS}.sheet.main+xml'/>"
    f"<Override PartName='/xl/sharedStrings.xml' ContentType='{KINDS}.sharedStrings+xml'/></Types>"
)
RELS = (
    "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
    "<Relationship Id='r1' Type='http://schemas.openxmlformats.org/officeDocument/2006/"
    "relationships/{0}' Target='{1}'/></Relationships>"
)
BOOK = f"<workbook xmlns='{MAIN}'><sheets/></workbook>"


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_two_gigabytes_are_described_within_500_megabytes(tool, place):
    block = "".join(
        f"{n},name {n % 1000},{n * 0.25},2024-01-{n % 28 + 1:02},{'x' * 40}\n"
        for n in range(200_000)
    )
    with open(place.root / "big.csv", "w") as file:
        file.write("id,name,total,day,note\n")
        while file.tell() < 2_000_000_000:
            file.write(block)
    async with watched() as most:
        said = await tool.run(path="big.csv")
        asked = await tool.run(
            path="big.csv", query="SELECT name, sum(total) FROM data GROUP BY name ORDER BY name"
        )
        # More than fits, so that it spills, and says at last that this is too much.
        with pytest.raises(ToolError, match="ask with a query for less"):
            await tool.run(path="big.csv", query="SELECT * FROM data ORDER BY hash(name), id")
    assert "5 columns" in said and "name 0" in asked
    assert 100 < most[0] / 1e6 < 500, said.splitlines()[0]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "form", "rows"),
    [("big.parquet", "parquet", 26_000_000), ("big.jsonl", "json", 11_500_000)],
)
async def test_a_gigabyte_of_other_kinds_is_described_within_500_megabytes(
    tool, place, name, form, rows
):
    made = (
        "range AS id, 'name ' || range % 1000 AS name, md5(range::varchar) AS note, range / 4 AS x"
    )
    query = f"COPY (SELECT {made} FROM range({rows})) TO '{place.root / name}' (FORMAT {form})"
    with duckdb.connect() as base:
        base.execute("SET enable_progress_bar = false")
        await asyncio.to_thread(base.execute, query)
    assert (place.root / name).stat().st_size > 1e9
    async with watched() as most:
        said = await tool.run(path=name)
        query = "SELECT name, count(*) FROM data GROUP BY name ORDER BY name"
        asked = await tool.run(path=name, query=query)
    assert "4 columns" in said and "name 0" in asked
    assert most[0] / 1e6 < 500, said.splitlines()[0]


@asynccontextmanager
async def watched():
    """Note the most bytes the program inside ever took while this lasts; log them."""
    most, done = [0], threading.Event()
    watcher = threading.Thread(target=watch, args=(most, done))
    watcher.start()
    try:
        yield most
    finally:
        done.set()
        await asyncio.to_thread(watcher.join)
        logging.getLogger(__name__).info("peak %.0f MB", most[0] / 1e6)


def watch(most: list[int], done: threading.Event) -> None:
    """Note the largest resident size, files and what it spilled included, of the program inside."""
    while not done.wait(0.02):
        for process in Path("/proc").iterdir():
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
                if (
                    len(words) < 4
                    or not words[3].endswith(b"inside/table.py")
                    or b"bwrap" in words[0]
                ):
                    continue
                spilled = (process / "root" / "tmp" / "duckdb").glob("*")
                size = sum(f.stat().st_blocks * 512 for f in spilled)
                rows = (process / "status").read_text().splitlines()
                most[0] = max(
                    most[0],
                    *(int(r.split()[1]) * 1024 + size for r in rows if r.startswith("VmHWM")),
                )
            except (OSError, ValueError, TypeError):
                continue
