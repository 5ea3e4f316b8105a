"""Damaging a file as disks, editors and crashes do."""

import random
from pathlib import Path


def mutate(path: Path, draw: random.Random) -> bool:
    """Damage a file; return whether its content changed."""
    data = bytearray(path.read_bytes())
    match draw.randrange(6):
        case 0:
            del data[draw.randrange(len(data)) :]
        case 1:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        case 2:
            data = bytearray(draw.randbytes(draw.randint(1, 200)))
        case 3:
            place = draw.randrange(len(data))
            data[place:place] = draw.choice([b"null", b"[", b'"', b"\xff", b"}", b"9" * 400])
        case 4:
            data = bytearray(draw.choice([b"", b"{}", b"[]", b"null", b"[" * 5000, b"1e999"]))
        case _:
            data = data.replace(b'"', b"'", draw.randint(1, 3))
    changed = bytes(data) != path.read_bytes()
    path.write_bytes(bytes(data))
    return changed
