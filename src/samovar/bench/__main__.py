"""`python -m samovar.bench`."""

import asyncio
import sys

from samovar.bench.command import main

sys.exit(asyncio.run(main(sys.argv[1:])))
