"""What breaks while the workflow runs: a kill, a full disk, a damaged file, a second run."""

import os
import random
import shutil
import signal
import subprocess
import time
from subprocess import DEVNULL

import psutil
import pytest

KILLED = ["a script", "Snakemake", "everything"]
APART = {"stdout": DEVNULL, "stderr": DEVNULL, "start_new_session": True}


def scripts(run):
    """The scripts that a run has under way."""
    try:
        children = psutil.Process(run.pid).children(recursive=True)
        return [child for child in children if ".snakemake/scripts/" in " ".join(child.cmdline())]
    except psutil.Error:
        return []


def test_killed_at_random_moments(small, project):
    """Snakemake with all it started, Snakemake alone, or a script, which it then starts again:
    a run on one core after that ends with the same bytes as one on two, and nothing besides."""
    project.shrink()
    rng = random.Random(5)
    todo = rng.sample(KILLED, len(KILLED))
    run = None
    while todo:
        if run is None:
            run = project.start("--retries", "9", "--", "all", **APART)
        while run.poll() is None and not scripts(run):
            time.sleep(0.05)
        time.sleep(rng.uniform(0, 3))
        what = todo[0]
        if run.poll() is not None:
            # All is made: once more, from the beginning.
            assert run.returncode == 0
            shutil.rmtree(project.folder / "results")
            run = None
        elif what == "a script":
            for script in scripts(run)[:1]:
                script.kill()
                todo.remove(what)
        else:
            os.killpg(run.pid, signal.SIGKILL) if what == "everything" else run.kill()
            run.wait()
            run = None
            todo.remove(what)
            assert project.snakemake("--unlock").returncode == 0
    if run is not None:
        run.wait()
    done = project.snakemake("--cores", "1", "--", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    expected, made = small.made(), project.made()
    assert list(made) == list(expected)
    assert [name for name in made if made[name] != expected[name]] == []


def errors(done):
    """The error lines of our own of a run that failed."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr and "internal error" not in done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("error: ")]


@pytest.fixture
def copy(small, tmp_path):
    """The shrunk project, finished."""
    return small.copied_to(tmp_path / "copy")


@pytest.fixture
def small_disk(copy):
    """Results on a disk of their own, of 14 MiB: all but the images fit on it."""
    results, disk = copy.folder / "results", copy.folder / "disk"
    results.rename(disk)
    results.mkdir()
    try:
        mount(copy, "-t", "tmpfs", "-o", "size=14m", "tmpfs")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no file system can be mounted here")
    shutil.copytree(disk, results, dirs_exist_ok=True)
    shutil.rmtree(disk)
    yield results
    subprocess.run(["umount", results], check=True)


def mount(project, *arguments):
    command = ["mount", *arguments, str(project.folder / "results")]
    subprocess.run(command, check=True, capture_output=True)


def test_a_full_disk_and_a_read_only_one(small, copy, small_disk):
    images, loops = (small_disk / n for n in ("datasets/laptop/mnist.pt", "cotb/loops.csv"))
    target = ("--", "results/datasets/laptop/mnist.pt")
    images.unlink()
    before = copy.made()
    room = shutil.disk_usage(small_disk).free - 2**20
    filler = small_disk / "logs/filler"
    filler.write_bytes(bytes(room))
    full = "cannot be written (No space left on device); expected a writable folder with free space"
    assert errors(copy.snakemake(*target)) == [f"error: {target[1]}: {full}"]
    assert copy.made() == before

    # No room for Snakemake's own files either: told before anything runs.
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(bytes(2 * room))
    assert errors(copy.snakemake(*target)) == [f"error: results: {full}"]
    filler.unlink()
    mount(copy, "-o", "remount,ro")
    told = errors(copy.snakemake(*target))
    assert len(told) == 1 and told[0].startswith("error: results: cannot be written (Read-only")
    assert copy.made() == before and loops.is_file()

    mount(copy, "-o", "remount,rw")
    assert copy.snakemake(*target).returncode == 0
    assert copy.made() == small.made()


def damage(path, content=None):
    """Cut a file to its half, or put something else into it."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if content is None else content)


def test_damaged_results_are_named_with_what_to_do(small, copy):
    """The rule that reads one says so; what is deleted then is made anew."""
    results = copy.folder / "results"
    damaged = {
        results / "cotb/measurements/as_grown.nc": None,
        results / "cotb/merit.csv": b"garbage\n",
        results / "datasets/laptop/mnist.pt": None,
    }
    for path, content in damaged.items():
        damage(path, content)
    readers = "switching", "hardware", "train_mlp"
    run = "networks/laptop/mlp-mnist-float32-none-paper-seed0"
    outputs = "cotb/switching.csv", "cotb/hardware.csv", f"{run}/history.csv"
    targets = [f"results/{name}" for name in outputs]
    done = copy.snakemake("--keep-going", "--allowed-rules", *readers, "--", *targets)
    told = errors(done)
    for path in damaged:
        name = str(path.relative_to(copy.folder))
        lines = [line for line in told if line.startswith(f"error: {name}: ")]
        assert len(lines) == 1 and "delete it, and the next run makes it again" in lines[0], name
    assert len(told) == len(damaged)

    for path in damaged:
        path.unlink()
    done = copy.snakemake("--", *targets)
    assert done.returncode == 0, done.stdout + done.stderr
    assert copy.made() == small.made()


def test_two_runs_at_once(project):
    """The second is refused, and the first ends well."""
    project.shrink()
    first = project.start("--", "results/cotb/loops.csv", **APART)
    while first.poll() is None and not scripts(first):
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGSTOP)
    second = project.snakemake("--", "results/cotb/loops.csv")
    os.killpg(first.pid, signal.SIGCONT)
    assert errors(second) == []
    assert "no other Snakemake process is trying to create the same files" in second.stderr
    assert "removed with the --unlock argument" in second.stderr
    assert first.wait() == 0
    assert (project.folder / "results/cotb/loops.csv").stat().st_size > 0


def test_a_damaged_checkpoint_is_named(copy):
    """What is deleted then costs the training from its beginning, and nothing else."""
    run = "mlp-mnist-lut8-std-paper-seed0"
    history = copy.folder / f"results/networks/laptop/{run}/history.csv"
    before = history.read_bytes()
    history.unlink()
    checkpoint = copy.folder / f"results/checkpoints/laptop/{run}.pt"
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.write_bytes(b"PK\x03\x04")
    target = ("--", f"results/networks/laptop/{run}/history.csv")
    told = errors(copy.snakemake(*target))
    assert len(told) == 1 and f"{run}.pt: is incomplete or not a checkpoint" in told[0]
    assert "delete it to train from the beginning" in told[0]
    checkpoint.unlink()
    assert copy.snakemake(*target).returncode == 0
    assert history.read_bytes() == before
