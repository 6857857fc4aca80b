"""Of many that make a file at once, one does; nobody sees half of it."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from django.conf import LazySettings

from integrity import wholefiles
from integrity.proof import keys, sealing

AT_ONCE = 8


def test_of_many_threads_one_makes_the_file(tmp_path: Path) -> None:
    file, gate = tmp_path / "keys" / "one", Barrier(AT_ONCE)

    def make(number: int) -> bool:
        gate.wait(30)
        return wholefiles.make_once(file, f"made by {number}")

    with ThreadPoolExecutor(AT_ONCE) as threads:
        made = list(threads.map(make, range(AT_ONCE)))
    assert sum(made) == 1
    assert file.read_text() == f"made by {made.index(True)}"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["one"]


def test_threads_that_ask_first_for_the_keys_get_the_same(
    tmp_path: Path, settings: LazySettings
) -> None:
    gate = Barrier(AT_ONCE)
    settings.LEDGER_KEY_DIR = tmp_path

    def ask(_number: int) -> tuple[str, str]:
        gate.wait(30)
        return sealing.public_key(), str(keys.signer())

    with ThreadPoolExecutor(AT_ONCE) as threads:
        found = set(threads.map(ask, range(AT_ONCE)))
    assert len(found) == 1
    assert keys.verifiers() == [keys.signer().verifier]


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "one"
    wholefiles.replace(file, "first")
    wholefiles.replace(file, b"second")
    assert file.read_bytes() == b"second"
    assert [one.name for one in tmp_path.iterdir()] == ["one"]
