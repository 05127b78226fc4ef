"""Fuzzes what reads foreign bytes: `python -m bench.fuzz [--seconds 600] [--target NAME]`.

With atheris (coverage-guided; `pip install atheris`, CPython 3.11 to 3.13 on Linux) where it is
installed; it says plainly where it is not, and then mutates the corpus at random without any guidance,
which finds less. What comes out of a target other than its documented error is a finding: it is printed,
its input is kept in `bench/results/fuzz-NAME-*`, and the exit status is 1.
"""

import argparse
import hashlib
import importlib.util
import random
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Final

from bench.figures import progress
from bench.fuzz_targets import TARGETS, Target

CORPUS: Final = Path(__file__).parent / "corpus"
RESULTS: Final = Path(__file__).parent / "results"
# What the limits let through is mostly shorter; atheris finds its way to the bound by itself.
MAX_BYTES: Final = 8192
# How long one input may take before it is a finding of its own.
SLOW_S: Final = 5.0
_ABSENT: Final = (
    "atheris is not installed for this Python: inputs are the corpus mutated at random, not led by coverage."
    " For the real run: pip install atheris"
)


def main() -> int:
    """Return the exit status: 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="altogether (600: ten minutes)")
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), help="repeatable (all)")
    parser.add_argument("--guided", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.guided:
        return _guided(TARGETS[options.guided], options.seconds)
    names = options.target or sorted(TARGETS)
    each_s = options.seconds / len(names)
    has_atheris = importlib.util.find_spec("atheris") is not None
    progress(f"atheris leads {len(names)} targets, {each_s:.0f} s each" if has_atheris else _ABSENT)
    failed = [
        name for name in names if not (_by_atheris(name, each_s) if has_atheris else _blind(name, each_s))
    ]
    progress(f"findings in: {', '.join(failed)}" if failed else "nothing was found")
    return 1 if failed else 0


def _by_atheris(name: str, seconds: float) -> bool:
    # In a process of its own: libFuzzer ends it.
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "bench.fuzz", "--guided", name, "--seconds", str(seconds)], check=False
    )
    progress(f"{name}: {'nothing' if done.returncode == 0 else f'FOUND, exit status {done.returncode}'}")
    return done.returncode == 0


def _guided(target: Target, seconds: float) -> int:
    import atheris  # noqa: PLC0415 - optional, and it takes the interpreter over

    with atheris.instrument_imports(include=list(target.modules)):
        for module in target.modules:
            __import__(module)
    run = target.ready()
    atheris.instrument_func(run)
    RESULTS.mkdir(exist_ok=True)
    arguments = [
        sys.argv[0],
        f"-max_total_time={max(1, round(seconds))}",
        f"-max_len={MAX_BYTES}",
        f"-timeout={round(SLOW_S)}",
        f"-artifact_prefix={RESULTS}/fuzz-{target.name}-",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    # What it learns goes to a folder that is not committed; the corpus is only read.
    learned = RESULTS / f"fuzz-corpus-{target.name}"
    learned.mkdir(exist_ok=True)
    atheris.Setup([*arguments, str(learned), str(CORPUS / target.name)], run)
    atheris.Fuzz()
    return 0


def _blind(name: str, seconds: float) -> bool:
    target = TARGETS[name]
    run = target.ready()
    seeds = [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
    chance = random.Random(name)  # noqa: S311 - the same inputs again is what one wants
    end = time.monotonic() + seconds
    tried = 0
    while time.monotonic() < end:
        given = _mutated(chance, seeds)
        tried += 1
        began = time.monotonic()
        try:
            run(given)
        except Exception:  # noqa: BLE001 - whatever comes out is the finding
            _keep(name, given, traceback.format_exc())
            return False
        if time.monotonic() - began > SLOW_S:
            _keep(name, given, f"took {time.monotonic() - began:.1f} s")
            return False
    progress(f"{name}: nothing in {tried} inputs")
    return True


def _mutated(chance: random.Random, seeds: list[bytes]) -> bytes:
    given = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(given) + 1)
        match chance.randrange(5):
            case 0:
                given[at:at] = chance.randbytes(chance.randint(1, 8))
            case 1:
                del given[at : at + chance.randint(1, 16)]
            case 2 if at < len(given):
                given[at] ^= 1 << chance.randrange(8)
            case 3:
                other = chance.choice(seeds)
                begin = chance.randrange(len(other) + 1)
                given[at:at] = other[begin : begin + chance.randint(1, 64)]
            case _:
                given[at:at] = given[at : at + chance.randint(1, 64)] * chance.randint(1, 20)
    return bytes(given[:MAX_BYTES])


def _keep(name: str, given: bytes, why: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / f"fuzz-{name}-{hashlib.sha256(given).hexdigest()[:16]}.bin"
    kept.write_bytes(given)
    progress(f"{name}: FOUND, kept in {kept}\n{why}")


if __name__ == "__main__":
    sys.exit(main())
