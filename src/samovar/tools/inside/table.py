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
READERS = {
    ".parquet": "read_parquet(?)",
    ".pq": "read_parquet(?)",
    ".jsonl": "read_json(?, format='newline_delimited')",
    ".ndjson": "read_json(?, format='newline_delimited')",
    ".json": "read_json(?)",
}
BROKEN = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, SyntaxError, EOFError),
    *(RuntimeError, zipfile.BadZipFile, zlib.error),
)
"""What openpyxl raises over files that are no workbooks."""
CSV = "read_csv(?)"
TOLERANT = "read_csv(?, ignore_errors=true, null_padding=true, strict_mode=false)"


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
    base = connection(duckdb, asked)
    reader = READERS.get(asked["end"], CSV)
    try:
        return looked(base, reader, asked, "")
    except duckdb.InvalidInputException as error:
        if reader != CSV:
            return {"error": said(error)}
        try:
            return looked(base, TOLERANT, asked, "lines that do not fit are left out")
        except duckdb.Error as again:
            return {"error": said(again)}
    except (duckdb.Error, UnicodeDecodeError) as error:
        return {"error": said(error)}


def connection(duckdb, asked):
    """Open duckdb with little memory and nothing it could load or change afterwards."""
    base = duckdb.connect(":memory:")
    base.execute(f"SET memory_limit='{asked['megabytes']}MB'")
    base.execute("SET temp_directory='/tmp/duckdb'")
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
        return {"names": names, "rows": [texts(r) for r in rows[:ROWS]], "more": len(rows) > ROWS}
    columns = base.execute("DESCRIBE data").fetchall()
    names = [c[0] for c in columns]
    sample = base.execute(f"SELECT * FROM data LIMIT {SHOWN}").fetchall()
    kept = columns[:COLUMNS]
    return {
        "columns": len(names),
        "names": names[:COLUMNS],
        "types": [c[1] for c in kept],
        "sample": [texts(r[:COLUMNS]) for r in sample],
        "note": note,
        **statistics(base, kept),
    }


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
    row = base.execute(f"SELECT {', '.join(wanted)} FROM data").fetchone()
    total, rest = row[0], row[1:]
    facts = []
    for n in range(len(columns)):
        filled, distinct, least, most, mean = rest[5 * n : 5 * n + 5]
        facts.append(
            {
                "missing": total - filled,
                "distinct": min(distinct, filled) if distinct is not None else None,
                "min": text(least),
                "max": text(most),
                "mean": f"{mean:.6g}" if mean is not None else "",
            }
        )
    return {"rows": total, "facts": facts}


def simple(kind):
    """Whether values of a type can be put in order."""
    return not any(mark in kind for mark in ("STRUCT", "[]", "MAP", "BLOB", "JSON", "UNION"))


def number(kind):
    """Whether a type is a number."""
    return kind.startswith(
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "U", "DOUBLE", "FLOAT", "DECIMAL")
    ) and not kind.startswith(("UUID", "UNION"))


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
    sample, total, width, note = [], 0, filled(names), ""
    for row in rows:
        if total >= SHOWN and time.monotonic() > end:
            note = early(total, stated, asked["seconds"])
            break
        total += 1
        width = max(width, filled(row))
        if len(sample) < SHOWN:
            sample.append(row)
        for column, value in zip(columns, row):
            column.add(value)
    shown = min(width, COLUMNS)
    where = f"sheet {page.title!r} of {book.sheetnames}"
    return {
        "columns": width,
        "names": padded(names, shown),
        "types": [c.kind() for c in columns[:shown]],
        "sample": [padded(row, shown) for row in sample],
        "rows": total,
        "facts": [c.facts(total) for c in columns[:shown]],
        "note": f"{where}; its first row is taken for names{note}",
        "more": bool(note),
    }


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
        self.filled, self.kinds, self.sum, self.numbers = 0, set(), 0.0, 0
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
        }


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
