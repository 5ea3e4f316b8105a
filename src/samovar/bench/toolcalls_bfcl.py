"""Cases from the Berkeley Function Calling Leaderboard, whose package `bfcl-eval` carries its data.

    pip download --no-deps bfcl-eval
    python -m samovar.bench.toolcalls_bfcl bfcl_eval-*.whl bench/sets/bfcl --each 30
    python -m samovar.bench.toolcalls --cases bench/sets/bfcl --out toolcalls-bfcl.jsonl

Source: Patil et al., https://gorilla.cs.berkeley.edu/leaderboard.html (Apache-2.0).
"""

import argparse
import json
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from samovar.bench.toolcalls_cases import Case, Check, Expect
from samovar.models.dialects.offered import Outline

KINDS = ("simple_python", "multiple")
_DATA = "bfcl_eval/data"
_TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": ""}


def cases(wheel: Path, kind: str, each: int) -> list[Case]:
    """Return so many cases of a kind, spread over all; none with objects as arguments."""
    with zipfile.ZipFile(wheel) as archive:
        asked = _lines(archive, f"{_DATA}/BFCL_v4_{kind}.json")
        good = {
            row["id"]: row
            for row in _lines(archive, f"{_DATA}/possible_answer/BFCL_v4_{kind}.json")
        }
    made = [case for row in asked if (case := _case(row, good[row["id"]])) is not None]
    return made[:: max(1, len(made) // each)][:each]


def _lines(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(name).splitlines() if line.strip()]


def _case(row: dict[str, Any], good: dict[str, Any]) -> Case | None:
    tools = tuple(
        Outline(_name(f["name"]), f["description"], _schema(f["parameters"]))
        for f in row["function"]
    )
    (turn,) = row["question"]
    (truth,) = good["ground_truth"]
    ((name, arguments),) = truth.items()
    if any(
        isinstance(v, dict) or (isinstance(v, list) and _objects(v))
        for vs in arguments.values()
        for v in vs
    ):
        return None
    checks = {
        n: Check(among=tuple(v for v in vs if v != "") or ("",), optional="" in vs)
        for n, vs in arguments.items()
    }
    expect = Expect(_name(name), checks, only=True)
    return Case(id=row["id"], ask=turn[-1]["content"], expect=(expect,), own=tools)


def _objects(values: list[Any]) -> bool:
    return any(isinstance(value, dict) for value in values)


def _name(name: str) -> str:
    """Return a name OpenAI's API admits."""
    return name.replace(".", "_")


def _schema(node: Any) -> Any:
    """Return a JSON Schema of what is nearly one."""
    if not isinstance(node, dict):
        return node
    made = {k: v for k, v in node.items() if k not in ("type", "properties", "items")}
    kind = node.get("type")
    if isinstance(kind, str) and _TYPES.get(kind, kind):
        made["type"] = _TYPES.get(kind, kind)
    if "properties" in node:
        made["properties"] = {name: _schema(each) for name, each in node["properties"].items()}
    if "items" in node:
        made["items"] = _schema(node["items"])
    return made


def main(words: Sequence[str]) -> int:
    """Write the cases of a wheel into a folder."""
    parser = argparse.ArgumentParser(prog="samovar.bench.toolcalls_bfcl", description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--each", type=int, default=30, help="cases of each kind")
    said = parser.parse_args(words)
    said.out.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        found = cases(said.wheel, kind, said.each)
        (said.out / f"{kind}.jsonl").write_bytes(
            b"".join(msgspec.json.encode(case) + b"\n" for case in found)
        )
        sys.stdout.write(f"{kind}: {len(found)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
