"""`python -m hall2net.emulate raw` writes the emulated raw files of both studies."""

import argparse
from pathlib import Path

from hall2net.emulate import cotb, ruo2

parser = argparse.ArgumentParser(prog="python -m hall2net.emulate", description=__doc__)
parser.add_argument("raw", type=Path, help="folder that gets one folder a study")
folder = parser.parse_args().raw
cotb.write(folder / "cotb")
ruo2.write(folder / "ruo2")
