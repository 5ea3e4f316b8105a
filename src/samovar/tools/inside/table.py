"""Looks at a table (CSV, Parquet, lines of JSON) with duckdb, or at a sheet of Excel.

Runs in the sandbox: reads one request, a JSON object, from its input and prints one answer.
"""

import importlib
import json
import sys
import time
import zipfile
import zlib

SHOWN = 5
ROWS = 20
COLUMNS = 40
BROKEN = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, SyntaxError, EOFError),
    *(RuntimeError, zipfile.BadZipFile, zlib.error),
)
"""What openpyxl raises over files that are no workbooks."""
REJECTED = 1000
"""Lines that do not fit are counted up to this many."""
PARQUET = (("read_parquet(?)", ""),)
JSON = (("read_json(?)", ""), ("read_json(?, sample_size=-1)", ""))
LINES = (
    ("read_json(?, format='newline_delimited')", ""),
    ("read_json(?, format='newline_delimited', sample_size=-1)", ""),
    (
        "read_json(?, format='newline_delimited', sample_size=-1, ignore_errors=true)",
        "lines that are no JSON are rows without values",
    ),
)
LATIN = "it is not UTF-8 and was read as Latin-1"
REJECTING = f"store_rejects=true, rejects_limit={REJECTED}, null_padding=true, strict_mode=false"
CSV = (
    ("read_csv(?)", ""),
    ("read_csv(?, encoding='latin-1')", LATIN),
    ("read_csv(?, sample_size=-1)", ""),
    ("read_csv(?, sample_size=-1, encoding='latin-1')", LATIN),
    (f"read_csv(?, {REJECTING})", "not all lines fit"),
    (f"read_csv(?, {REJECTING}, encoding='latin-1')", f"{LATIN}; not all lines fit"),
)
"""Ways to read it, each for what the one before cannot, and what is said of it."""
READERS = {
    **dict.fromkeys((".parquet", ".pq"), PARQUET),
    **dict.fromkeys((".jsonl", ".ndjson"), LINES),
    ".json": JSON,
}
WIDE = ("read_csv(?, encoding='utf-16')", "")
"""What a spreadsheet saves as Unicode text."""
PEEKED = 100
"""Rows of a sheet that are looked at for formulas."""


def main():
    """Answer one request."""
    asked = json.loads(sys.stdin.buffer.read())
    end = asked["end"]
    try:
        answer = sheet(asked) if end in (".xlsx", ".xlsm") else table(asked)
    except BROKEN as error:
        answer = {"error": f"it cannot be read as {end[1:]}: {said(error)}"}
    except MemoryError:
        answer = {"error": "it does not fit into the memory allowed"}
    sys.stdout.write(json.dumps(answer, default=str))


def table(asked):
    """Look at a file through duckdb."""
    duckdb = importlib.import_module("duckdb")
    failed = ""
    for reader, note in ways(asked):
        base = connection(duckdb, asked)
        try:
            answer = looked(base, reader, asked, note)
            if not misread(base, reader):
                return answer
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            failed = said(error)
        except (duckdb.Error, UnicodeDecodeError) as error:
            return {"error": said(error)}
    return {"error": failed}


def ways(asked):
    """Return the readers to try, with what is said of the rows they give."""
    if asked["end"] in READERS:
        return READERS[asked["end"]]
    with open(asked["path"], "rb") as file:
        mark = file.read(2)
    if mark == b"\xfe\xff":
        raise ValueError("it is UTF-16 of the big-endian kind: save it as UTF-8 first")
    return (WIDE,) if mark == b"\xff\xfe" else CSV


def connection(duckdb, asked):
    """Open duckdb with little memory and nothing it could load or change afterwards."""
    base = duckdb.connect(":memory:")
    base.execute(f"SET memory_limit='{asked['megabytes']}MB'")
    base.execute("SET temp_directory='/tmp/duckdb'")
    base.execute(f"SET max_temp_directory_size='{asked['spill']}MB'")
    base.execute("SET threads=2")
    base.execute("SET preserve_insertion_order=false")
    base.execute("SET autoinstall_known_extensions=false")
    base.execute("SET autoload_known_extensions=false")
    base.execute("SET enable_progress_bar=false")
    quoted = asked["path"].replace("'", "''")
    base.execute(f"SET allowed_paths=['{quoted}']")
    base.execute("SET enable_external_access=false")
    base.execute("SET lock_configuration=true")
    return base


def looked(base, reader, asked, note):
    """Return columns, types, size, sample and statistics, or what a query of the rows says."""
    source = reader.replace("?", "'" + asked["path"].replace("'", "''") + "'")
    base.execute(f"CREATE OR REPLACE VIEW data AS SELECT * FROM {source}")
    if asked["query"]:
        statements = base.extract_statements(asked["query"])
        if len(statements) != 1 or statements[0].type.name != "SELECT":
            return {"error": "the query must be one SELECT over the table 'data'"}
        found = base.execute(statements[0])
        names = [d[0] for d in found.description]
        rows = found.fetchmany(ROWS + 1)
        shown = [texts(r) for r in rows[:ROWS]]
        return {"names": names, "rows": shown, "more": len(rows) > ROWS, "note": note}
    columns = base.execute("DESCRIBE data").fetchall()
    names = [c[0] for c in columns]
    sample = base.execute(f"SELECT * FROM data LIMIT {SHOWN}").fetchall()
    kept = columns[:COLUMNS]
    facts = statistics(base, kept)
    return {
        "columns": len(names),
        "names": names[:COLUMNS],
        "types": [c[1] for c in kept],
        "sample": [texts(r[:COLUMNS]) for r in sample],
        "note": counted(base, note) if "store_rejects" in reader else note,
        **facts,
    }


def misread(base, reader):
    """Whether what was left out says that this way is wrong: another encoding, no JSON at all."""
    if "ignore_errors" in reader:
        return [c[:2] for c in base.execute("DESCRIBE data").fetchall()] == [("json", "JSON")]
    odd = "SELECT count(*) FROM reject_errors WHERE error_type = 'INVALID ENCODING'"
    return "store_rejects" in reader and base.execute(odd).fetchone()[0] > 0


def counted(base, note):
    """Return the note with how many lines were left out, once all of them were read."""
    [left] = base.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchone()
    least = "at least " if left >= REJECTED else ""
    return f"{note}: {least}{left:,} left out, the rest cut or filled up"


def statistics(base, columns):
    """Return the number of rows and, by column, what one pass over the file tells."""
    wanted = ["count(*)"]
    for name, kind, *_ in columns:
        quoted = '"' + name.replace('"', '""') + '"'
        wanted.append(f"count({quoted})")
        wanted.append(f"approx_count_distinct({quoted})" if simple(kind) else "NULL")
        wanted.append(f"min({quoted})" if simple(kind) else "NULL")
        wanted.append(f"max({quoted})" if simple(kind) else "NULL")
        wanted.append(f"avg({quoted})" if number(kind) else "NULL")
        # A sum of the widest types may be more than they hold, which would end the whole look.
        summed = number(kind) and "HUGE" not in kind and "(38" not in kind
        wanted.append(f"sum({quoted})" if summed else "NULL")
    # Read to its end: only then is it known which lines were left out.
    [row] = base.execute(f"SELECT {', '.join(wanted)} FROM data").fetchall()
    total, rest = row[0], row[1:]
    facts = []
    for n in range(len(columns)):
        filled, distinct, least, most, mean, sum = rest[6 * n : 6 * n + 6]
        facts.append(
            {
                "missing": total - filled,
                "distinct": min(distinct, filled) if distinct is not None else None,
                "min": text(least),
                "max": text(most),
                "mean": f"{mean:.6g}" if mean is not None else "",
                "sum": exact(sum),
            }
        )
    return {"rows": total, "facts": facts}


def simple(kind):
    """Whether values of a type can be put in order."""
    return not kind.endswith("]") and not any(
        mark in kind for mark in ("STRUCT", "MAP", "BLOB", "JSON", "UNION")
    )


def number(kind):
    """Whether a type is a number."""
    return (
        simple(kind)
        and kind.startswith(
            (
                "TINYINT",
                "SMALLINT",
                "INTEGER",
                "BIGINT",
                "HUGEINT",
                "U",
                "DOUBLE",
                "FLOAT",
                "DECIMAL",
            )
        )
        and not kind.startswith(("UUID", "UNION"))
    )


def sheet(asked):
    """Look at a sheet of Excel, row by row; at its first rows where the time is not enough."""
    end = time.monotonic() + asked["seconds"]
    openpyxl = importlib.import_module("openpyxl")
    book = openpyxl.load_workbook(asked["path"], read_only=True, data_only=True)
    if asked["query"] and asked["query"] not in book.sheetnames:
        return {"error": f"there is no sheet {asked['query']!r}; there is {book.sheetnames}"}
    page = book[asked["query"]] if asked["query"] else book.worksheets[0]
    stated = page.max_row
    # What a sheet states of its size may be wrong, and openpyxl would cut by it.
    page.reset_dimensions()
    rows = page.iter_rows(values_only=True)
    names = next(rows, ())
    columns = [Column() for _ in range(COLUMNS)]
    sample, total, width, note, early_end = [], 0, filled(names), "", False
    for row in rows:
        if total >= SHOWN and time.monotonic() > end:
            note, early_end = early(total, stated, asked["seconds"]), True
            break
        total += 1
        width = max(width, filled(row))
        if len(sample) < SHOWN:
            sample.append(row)
        for column, value in zip(columns, row):
            column.add(value)
    shown = min(width, COLUMNS)
    kinds = [c.kind() for c in columns[:shown]]
    unknown = formulas(openpyxl, asked["path"], page.title) if "empty" in kinds else set()
    if unknown:
        note += "; of formulas it holds no values: open and save it in a spreadsheet program first"
    where = f"sheet {page.title!r} of {book.sheetnames}"
    return {
        "columns": width,
        "names": padded(names, shown),
        "types": ["formulas" if k == "empty" and n in unknown else k for n, k in enumerate(kinds)],
        "sample": [padded(row, shown) for row in sample],
        "rows": total,
        "facts": [c.facts(total) for c in columns[:shown]],
        "note": f"{where}; its first row is taken for names{note}",
        "more": early_end,
    }


def formulas(openpyxl, path, title):
    """Return which columns hold formulas in the first rows of a sheet."""
    book = openpyxl.load_workbook(path, read_only=True)
    rows = book[title].iter_rows(min_row=2, max_row=PEEKED, values_only=True)
    return {n for row in rows for n, value in enumerate(row) if str(value).startswith("=")}


def early(total, stated, seconds):
    """Return what is said of a sheet that was not read to its end."""
    size = f"the sheet states {stated - 1:,}" if stated else "the sheet does not state how many"
    return f"; only the first {total:,} rows were read in {seconds:.0f} s, {size}"


def filled(row):
    """Return the number of columns up to the last one that is filled."""
    width = len(row)
    while width and row[width - 1] is None:
        width -= 1
    return width


def padded(row, width):
    """Return the first values of a row as texts, as many as there are columns."""
    return texts(row[:width]) + [""] * (width - len(row))


class Column:
    """What is known of a column after so many rows."""

    def __init__(self):
        self.filled, self.kinds, self.sum, self.numbers = 0, set(), 0, 0
        self.least = self.most = None
        self.seen = set()

    def add(self, value):
        """Take one more value."""
        if value is None:
            return
        self.filled += 1
        self.kinds.add(type(value).__name__)
        if len(self.seen) <= 1000:
            self.seen.add(text(value))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            self.numbers += 1
            self.sum += value
        if len(self.kinds) == 1:
            self.least = value if self.least is None else min(self.least, value)
            self.most = value if self.most is None else max(self.most, value)

    def kind(self):
        """Return the types met."""
        return "/".join(sorted(self.kinds)) or "empty"

    def facts(self, total):
        """Return the statistics."""
        plain = len(self.kinds) == 1
        return {
            "missing": total - self.filled,
            "distinct": len(self.seen) if len(self.seen) <= 1000 else None,
            "min": text(self.least) if plain else "",
            "max": text(self.most) if plain else "",
            "mean": f"{self.sum / self.numbers:.6g}" if self.numbers else "",
            "sum": exact(self.sum) if self.numbers else "",
        }


def exact(number):
    """Return a number with all of its digits, but for those that binary fractions make up."""
    if isinstance(number, float):
        return f"{number:.12g}"
    return "" if number is None else str(number)


def texts(row):
    """Return the values of a row as short texts."""
    return [text(v) for v in row]


def text(value):
    """Return a value as a short text."""
    if value is None:
        return ""
    shown = str(value)
    return shown if len(shown) <= 40 else shown[:37] + "..."


def said(error):
    """Return the first line of an error."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0][:300]


main()
