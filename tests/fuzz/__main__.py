"""`make fuzz`: documents and packages gone wrong; each is read or refused, nothing else happens.

With atheris, where it can be installed, coverage leads the way; without it chance does.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import sys
import time
import traceback
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.fuzz import mutating

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT.parent / "var" / "fuzz"
LONGEST = 200_000
SLOW_SECONDS = 20


def found_atheris() -> ModuleType | None:
    try:
        import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        return None
    module: ModuleType = atheris
    return module


def seeds() -> Iterator[bytes]:
    """Our own documents, those of the shared corpus, and small packages of the first."""
    folders = [ROOT / "fixtures" / "qti"]
    if os.environ.get("INVIGIL_QTI_DIR"):
        folders.append(Path(os.environ["INVIGIL_QTI_DIR"]) / "corpus" / "public")
    for folder in folders:
        for path in sorted(folder.rglob("*.xml")):
            content = path.read_bytes()
            if len(content) <= LONGEST:
                yield content
    yield from (packed(path.read_bytes()) for path in sorted(folders[0].glob("*.xml")))


def packed(document: bytes) -> bytes:
    manifest = (
        b'<manifest identifier="M"><resources><resource identifier="r" href="d.xml" '
        b'type="imsqti_item_xmlv3p0"><file href="d.xml"/></resource></resources></manifest>'
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as written:
        written.writestr("imsmanifest.xml", manifest)
        written.writestr("d.xml", document)
    return target.getvalue()


def by_coverage(atheris: Any, minutes: float) -> None:
    """Never returns: the fuzzer ends the process, with a status that tells whether it found one."""
    with atheris.instrument_imports(include=["assembly.qti"]):
        from tests.fuzz import target

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if chance.random() < 0.4:
            changed: bytes = atheris.Mutate(data, most)
            return changed
        return mutating.broken(data, chance)[:most]

    for number, seed in enumerate(seeds()):
        (KEPT / "seeds").mkdir(parents=True, exist_ok=True)
        (KEPT / "seeds" / str(number)).write_bytes(seed)
    limits = [f"-max_total_time={round(minutes * 60)}", f"-timeout={SLOW_SECONDS}"]
    limits += [f"-max_len={LONGEST}", "-rss_limit_mb=2048", "-print_final_stats=1"]
    arguments = [sys.argv[0], *limits, f"-artifact_prefix={KEPT}/", str(KEPT / "seeds")]
    atheris.Setup(arguments, target.one, custom_mutator=mutate)
    atheris.Fuzz()


def by_chance(minutes: float, seed: int) -> int:
    from tests.fuzz import target

    chance, pool = random.Random(seed), list(seeds())
    until, tried, slowest = time.monotonic() + minutes * 60, 0, 0.0
    while time.monotonic() < until:
        data = mutating.broken(chance.choice(pool), chance)
        begun = time.monotonic()
        try:
            target.one(data)
        except Exception:
            traceback.print_exc()
            KEPT.mkdir(parents=True, exist_ok=True)
            kept = KEPT / f"chance-{seed}-{tried}"
            kept.write_bytes(data)
            print(f"{kept} is neither read nor refused (seed {seed}, try {tried})")
            return 1
        tried, slowest = tried + 1, max(slowest, time.monotonic() - begun)
    print(f"{tried:,} documents by chance, the slowest in {slowest:.2f} s: none did harm")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--by-chance", action="store_true", help="even where atheris is there")
    given = parser.parse_args()
    atheris = None if given.by_chance else found_atheris()
    if atheris is None:
        return by_chance(given.minutes, given.seed)
    by_coverage(atheris, given.minutes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
