"""How fast Simple Shapes is made, beside other ways of making it and beside the machine's limit.

    python benchmarks/generate.py --json generate.json

The alternative is how the field draws such pictures: matplotlib, one figure a picture. The limit is
how fast the same bytes can be copied in memory, and saved with `np.save`.
"""

import argparse
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from amodal.data.shapes import draw_factors, read_caption, render, write_captions
from amodal.data.shapes.outlines import outline
from amodal.files import write_json

PICTURE_BYTES = 32 * 32 * 3


def rate(work: Callable[[], object], count: int, *, repeats: int) -> float:
    """Items a second, the median of several runs."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return count / statistics.median(seconds)


def render_block(block: int) -> int:
    """Draw 10,000 pictures: what one process does."""
    return int(render(draw_factors(10_000, seed=0, start=block * 10_000)).shape[0])


def rate_of_processes(processes: int, blocks: int, *, repeats: int) -> float:
    """Pictures a second of several processes together, once they have started."""
    with multiprocessing.Pool(processes) as pool:
        pool.map(render_block, range(processes))
        return rate(
            lambda: pool.map(render_block, range(blocks), chunksize=1),
            blocks * 10_000,
            repeats=repeats,
        )


def matplotlib_pictures(factors: np.ndarray) -> np.ndarray:
    """The same shapes, drawn by matplotlib one at a time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.patches import Polygon

    pictures = np.empty((len(factors), 32, 32, 3), np.uint8)
    for picture, (shape, x, y, size, angle, *colour) in zip(pictures, factors, strict=True):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        corners = outline(int(shape)) @ turn.T * size + (x, y)
        figure = pyplot.figure(figsize=(0.32, 0.32), dpi=100, facecolor="black")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set(xlim=(0, 32), ylim=(32, 0))
        axes.add_patch(Polygon(corners, facecolor=colour))
        figure.canvas.draw()
        picture[:] = np.asarray(figure.canvas.buffer_rgba())[..., :3]  # type: ignore[attr-defined]
        pyplot.close(figure)
    return pictures


def measure(n: int, *, repeats: int) -> dict[str, float]:
    """All figures, by name."""
    few = draw_factors(300, seed=0)
    matplotlib_pictures(few[:5])
    figures = {
        "matplotlib, pictures/s": rate(lambda: matplotlib_pictures(few), 300, repeats=repeats)
    }
    difference = np.abs(matplotlib_pictures(few).astype(float) - render(few))
    figures["mean difference to matplotlib, of 255"] = float(difference.mean())
    blocks = max(2, n // 10_000)
    for processes in (1, 2):
        name = f"rendered by {processes} process{'es' * (processes > 1)}, pictures/s"
        figures[name] = rate_of_processes(processes, blocks, repeats=repeats)
    factors = draw_factors(20_000, seed=0)
    captions = write_captions(factors, seed=0)
    figures["captions written, 1 process, /s"] = rate(
        lambda: write_captions(factors, seed=0), 20_000, repeats=repeats
    )
    figures["captions read, 1 process, /s"] = rate(
        lambda: [read_caption(caption) for caption in captions], 20_000, repeats=repeats
    )
    figures |= measure_disk(n, repeats=repeats)
    return figures


def measure_disk(n: int, *, repeats: int) -> dict[str, float]:
    """Whole items on disk, and what the machine could do at best."""
    pictures = np.random.default_rng(0).integers(256, size=(50_000, PICTURE_BYTES), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        made, own, worker = generate_alone(n, Path(folder) / "shapes")
        saved = rate(lambda: np.save(Path(folder) / "a.npy", pictures), 50_000, repeats=repeats)
    copied = rate(pictures.copy, 50_000, repeats=repeats)
    return {
        f"{n:,} items on disk (pictures, captions, checksums), 2 processes, items/s": n / made,
        "peak memory of that process, MB": own,
        "peak memory of its workers, each, MB": worker,
        "limit: np.save of finished pictures/s": saved,
        "limit: copying finished pictures in memory/s": copied,
    }


def generate_alone(n: int, out: Path) -> list[float]:
    """Seconds and peak memory (MB, own and of one worker) of generating in a process of its own."""
    program = f"""
import resource, time
from amodal.data import generate
start = time.perf_counter()
generate("shapes", {n}, {str(out)!r}, workers=2, show_progress=False)
print(time.perf_counter() - start)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3)
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    return [float(line) for line in done.stdout.split()]


def ratios(figures: dict[str, float]) -> dict[str, float]:
    """What the figures mean, beside the alternative and the limits."""
    two = figures["rendered by 2 processes, pictures/s"]
    made = next(value for name, value in figures.items() if "on disk" in name)
    return {
        "rendering (2 processes) / matplotlib": two / figures["matplotlib, pictures/s"],
        "2 processes / 1 process": two / figures["rendered by 1 process, pictures/s"],
        "rendered MB/s": two * PICTURE_BYTES / 1e6,
        "rendering / np.save": two / figures["limit: np.save of finished pictures/s"],
        "rendering / copying": two / figures["limit: copying finished pictures in memory/s"],
        "items on disk / np.save": made / figures["limit: np.save of finished pictures/s"],
        "seconds for 500,000 items on disk": 500_000 / made,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=int, default=100_000, help="items in all")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    figures = measure(arguments.n, repeats=arguments.repeats)
    figures |= ratios(figures)
    for name, value in figures.items():
        print(f"{name:80} {value:14,.1f}" if value >= 10 else f"{name:80} {value:14.3f}")
    if arguments.json:
        write_json(arguments.json, figures)


if __name__ == "__main__":
    main()
