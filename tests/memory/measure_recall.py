"""Measure recall: how often the right note is among the first five, and how long it takes.

Run it from the root of the repository; 10,000 notes are embedded once, which takes minutes:

    .venv/bin/python tests/memory/measure_recall.py FOLDER [NOTES]

Notes: the 80 of paraphrases.tsv (written by hand, each with a question that avoids its words) among
first paragraphs of docstrings of the packages installed here. Second set, made by no one's hand: a
docstring's first line asks for its second paragraph. Last, 40 notes are asked about the 40 others:
how many come although none fits. FOLDER keeps the notes and their index.
"""

# ruff: noqa: T201
import ast
import asyncio
import os
import random
import statistics
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from samovar.core.log import now
from samovar.memory.note import Note, render
from samovar.memory.notes import Notes
from samovar.memory.recall import Memory
from samovar.models import minilm

Pairs = Sequence[tuple[str, str]]
"""Note and question."""


def paraphrases() -> list[tuple[str, str]]:
    rows = Path(__file__).with_name("paraphrases.tsv").read_text().splitlines()
    return [(note, question) for note, _, question in (row.partition("\t") for row in rows)]


def docstrings() -> Iterator[str]:
    for root in (Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))):
        files = [p for p in sorted(root.rglob("*.py")) if "test" not in p.as_posix()]
        for path in files if root.name == "site-packages" else outside(files):
            yield from of_file(path)


def outside(files: Sequence[Path]) -> list[Path]:
    return [p for p in files if "site-packages" not in p.parts]


def of_file(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_text())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield ast.get_docstring(node) or ""


def bodies(texts: Sequence[str]) -> list[tuple[str, str]]:
    found = {}
    for text in texts:
        head, _, body = text.partition("\n\n")
        words = body.split()[:80]
        if 6 <= len(head.split()) <= 25 and len(words) >= 25:
            found[" ".join(words)] = " ".join(head.split())
    return list(found.items())


async def measure(name: str, folder: Path, pairs: Pairs, others: Sequence[str]) -> None:
    found = await filled(name, folder, [note for note, _ in pairs] + list(others))
    for called, memory in found.items():
        await tell(called, memory, pairs)


async def unfit(name: str, folder: Path, pairs: Pairs) -> None:
    half = len(pairs) // 2
    for called, memory in (await filled(name, folder, [note for note, _ in pairs[:half]])).items():
        count = [len(await memory.search(question, 12)) for _, question in pairs[half:]]
        share = sum(not n for n in count) / len(count)
        print(f"  {called}: {statistics.mean(count):.1f} of 12 notes; none for {share:.2f} of them")


async def filled(name: str, folder: Path, texts: Sequence[str]) -> dict[str, Memory]:
    notes = Notes(folder)
    for number, text in enumerate(texts):
        path = folder / f"n{number}.md"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render(Note(id=path.stem, at=now(), said_by="agent", text=text)))
    both, plain = Memory(notes, minilm.MiniLM()), Memory(notes)
    began = time.process_time()
    await plain.search("anything")
    print(f"{name}: indexed in {time.process_time() - began:.1f} CPU-s", flush=True)
    began = time.process_time()
    while left := await both.catch_up(256):
        print(f"\r{left} to embed ", end="", file=sys.stderr)
    print(f"  embedded in {time.process_time() - began:.1f} CPU-s")
    return {"full text alone": plain, "together": both}


async def tell(called: str, memory: Memory, pairs: Pairs) -> None:
    await memory.recall("the first one loads what is needed", 800)
    ranks, cpu, wall = [], [], []
    for number, (_, question) in enumerate(pairs):
        began, clock = time.process_time(), time.monotonic()
        found = [n.id for n in await memory.search(question, 10)]
        cpu.append(1000 * (time.process_time() - began))
        wall.append(1000 * (time.monotonic() - clock))
        ranks.append(found.index(f"n{number}") if f"n{number}" in found else 99)
    share = [sum(r < k for r in ranks) / len(ranks) for k in (1, 5, 10)]
    print(
        f"  {called}: recall@1 {share[0]:.3f} @5 {share[1]:.3f} @10 {share[2]:.3f}; CPU ms median "
        f"{statistics.median(cpu):.1f}, 95 % {sorted(cpu)[len(cpu) * 95 // 100]:.1f}; "
        f"wall ms median {statistics.median(wall):.1f}",
        flush=True,
    )


async def main(folder: Path, size: int) -> None:
    await minilm.fetch()
    texts = list(dict.fromkeys(docstrings()))
    first = [" ".join(text.split("\n\n")[0].split()) for text in texts]
    short = [t for t in dict.fromkeys(first) if 8 <= len(t.split()) <= 60]
    long = bodies(texts)
    random.Random(7).shuffle(short)
    random.Random(7).shuffle(long)
    own = paraphrases()
    await measure("paraphrases alone", folder / "alone", own, ())
    await measure(f"paraphrases in {size}", folder / "large", own, short[: size - len(own)])
    await measure("first line finds body, 500", folder / "bodies", long[:500], ())
    await unfit("questions about other notes", folder / "unfit", own)


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    asyncio.run(main(Path(sys.argv[1]), int([*sys.argv, "10000"][2])))
