"""Processor time and memory of reading instrument files of 100 MB, beside pandas alone.

    python bench/parsing.py [--megabytes 100] [--rounds 3]

Files are drawn at random into a temporary folder. Each reading is a process of its own, so that
its peak memory is its own; pandas reads the same file, all columns, from the line of the column
names on. What is told is the median over the rounds; ratios are those within a round.
"""

import argparse
import multiprocessing
import resource
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from hall2net.readers.reading import read_measurement

MULTIVU_HEAD = """[Header]
TITLE,drawn at random
BYAPP,ElectricalTransport,1.3,1.0
[Data]
Comment,Time Stamp (sec),Temperature (K),Field (Oe),Sample Position (deg),Resistance Ch1 (Ohms),\
Phase Angle Ch1 (deg),AC Current Ch1 (mA),Frequency Ch1 (Hz)
"""
DELIMITED_HEAD = "t (s),Field (Oe),Vxy (V)\n"


def write(path, head, row, block, size, quoted_every=0):
    """Repeat a block of rows until the file has `size` bytes."""
    rows = [row.format(*values) for values in block]
    if quoted_every:
        rows[::quoted_every] = ['"a note,\nof two lines"' + r for r in rows[::quoted_every]]
    text = "\n".join(rows) + "\n"
    with path.open("w", encoding="utf-8") as file:
        file.write(head)
        while file.tell() < size:
            file.write(text)


def files(folder, size):
    """Cases: a name, the sheet's row, the line of the column names."""
    rng = np.random.default_rng(0)
    n = 50_000
    field = 4e3 * np.sin(np.linspace(0, 2 * np.pi, n))
    noise = rng.standard_normal((n, 6))
    block = np.column_stack(
        [4.1e7 + np.arange(n), 300 + 0.01 * noise[:, 0], field, 0.1 + 1e-3 * noise[:, 1:5]]
    )
    row = ",{:.2f},{:.5f},{:.4f},0,{:.9f},{:.6f},{:.6f},{:.6f}"
    multivu = {
        "format": "multivu", "kind": "ahe_loop", "y_column": "Resistance Ch1 (Ohms)",
        "temperature_k": 300.0,
    }  # fmt: skip
    write(folder / "multivu.dat", MULTIVU_HEAD, row, block, size)
    yield "MultiVu", multivu | {"file": "multivu.dat"}, 4
    write(folder / "quoted.dat", MULTIVU_HEAD, row, block, size, quoted_every=1000)
    yield "MultiVu, quoted notes over two lines", multivu | {"file": "quoted.dat"}, 4
    delimited = {
        "format": "delimited", "kind": "ahe_loop", "current_ma": 0.5, "y_quantity": "voltage",
        "x_column": "Field (Oe)", "y_column": "Vxy (V)", "time_column": "t (s)",
    }  # fmt: skip
    block = np.column_stack([0.4 * np.arange(n), field, 1e-4 * noise[:, 5]])
    write(folder / "delimited.csv", DELIMITED_HEAD, "{:.1f},{:.2f},{:.5e}", block, size)
    yield "delimited", delimited | {"file": "delimited.csv"}, 0
    row, head = "{:.1f};{:.2f};{:.5e}", DELIMITED_HEAD.replace(",", ";")
    write(folder / "comma.csv", head, row, block, size)
    path = folder / "comma.csv"
    path.write_text(path.read_text().replace(".", ","))
    yield "delimited, decimal comma", delimited | {"file": "comma.csv"}, 0


def plain(path, row, header):
    comma = path.name == "comma.csv"
    return pd.read_csv(path, skiprows=header, sep=";" if comma else ",", decimal=".,"[comma])


def ours(path, row, header):
    return read_measurement(path.parent, row)


def measure(connection, read, *arguments):
    begin = time.process_time()
    rows = len(read(*arguments))
    seconds = time.process_time() - begin
    connection.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, rows))


def alone(read, *arguments):
    """Seconds, peak memory in MiB, and rows of one reading in a process of its own."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=measure, args=(send, read, *arguments))
    process.start()
    result = receive.recv()
    process.join()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for title, row, header in files(Path(folder), arguments.megabytes * 10**6):
            path = Path(folder, row["file"])
            rounds = [
                (alone(ours, path, row, header), alone(plain, path, row, header))
                for _ in range(arguments.rounds)
            ]
            seconds = statistics.median(own[0] for own, _ in rounds)
            memory = max(own[1] for own, _ in rounds)
            ratio = statistics.median(own[0] / pandas[0] for own, pandas in rounds)
            pandas_memory = max(pandas[1] for _, pandas in rounds)
            print(
                f"{title:38s} {path.stat().st_size / 1e6:4.0f} MB, {rounds[0][0][2]:9,d} points: "
                f"{seconds:5.2f} s, {memory:4.0f} MiB; {ratio:4.2f} times pandas' time, "
                f"which took {pandas_memory:4.0f} MiB"
            )
            path.unlink()


if __name__ == "__main__":
    main()
