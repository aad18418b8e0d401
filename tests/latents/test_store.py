"""Latents on disk: written in pieces, resumed to the same bytes, refused when damaged."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from amodal.errors import DamagedError, DiskError, ExistsError, InputError, NotFoundError
from amodal.latents import as_checked, encoding
from amodal.latents.encoding import encode_to_store
from amodal.latents.item_names import read_names
from amodal.latents.store import open_store, read_manifest
from amodal.specification import Block, LatentSpec


class Doubling:
    """A stand-in for a unimodal model: latents are twice the numbers."""

    name = "doubling"
    specification = LatentSpec((Block("place", "continuous", 2), Block("size", "continuous", 1)))
    fingerprint = "f00d"

    def __init__(self, fails_at: int | None = None) -> None:
        self.fails_at = fails_at
        self.largest = 0

    def encode(self, raw: Any) -> torch.Tensor:
        self.largest = max(self.largest, len(raw))
        if self.fails_at is not None and raw[0][0] >= self.fails_at:
            raise KeyboardInterrupt
        return torch.from_numpy(np.asarray(raw, np.float32)) * 2


RAW = np.arange(30_000, dtype=np.float32).reshape(10_000, 3)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    encode_to_store(Doubling(), RAW, tmp_path / "store", modality="toy", source={"seed": 1})
    return tmp_path / "store"


def test_what_goes_in_comes_out(store: Path) -> None:
    latents = open_store(store)
    assert isinstance(latents.rows, np.memmap)
    np.testing.assert_array_equal(latents.rows, RAW * 2)
    assert (latents.spec, latents.fingerprint) == (Doubling.specification, "f00d")
    assert sorted(files_of(store)) == ["latents.npy", "manifest.json"]


def test_manifest_says_what_was_encoded_and_how_it_is_normalised(store: Path) -> None:
    manifest = read_manifest(store)
    assert (manifest.modality, manifest.model, manifest.rows) == ("toy", "doubling", 10_000)
    assert manifest.source == {"seed": 1}
    np.testing.assert_allclose(
        manifest.normalisation.shift.numpy(), RAW.mean(0, np.float64) * 2, rtol=1e-5
    )
    deviation = RAW.std(0, np.float64, ddof=1) * 2
    np.testing.assert_allclose(manifest.normalisation.scale.numpy(), deviation, rtol=1e-5)


def test_latents_of_a_store_carry_its_normalisation(store: Path) -> None:
    stored, latents = read_manifest(store).normalisation, open_store(store)
    for given in (latents, latents.take(slice(5)), as_checked("toy", latents.take(slice(5)))):
        assert given.normalisation is not None
        assert torch.equal(given.normalisation.shift, stored.shift)
        assert torch.equal(given.normalisation.scale, stored.scale)
    assert as_checked("toy", RAW).normalisation is None


def test_normalisation_measures_rows_spread_over_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "MEASURED", 100)
    encode_to_store(Doubling(), RAW, tmp_path / "store")
    shift = read_manifest(tmp_path / "store").normalisation.shift
    np.testing.assert_allclose(shift.numpy(), RAW[::100].mean(0, np.float64) * 2, rtol=1e-5)


def test_memory_stays_constant(tmp_path: Path) -> None:
    model, asked = Doubling(), []

    def read(start: int, stop: int) -> np.ndarray:
        asked.append(stop - start)
        return RAW[start:stop]

    encode_to_store(model, read, tmp_path / "store", rows=len(RAW))
    assert max(asked) == model.largest == encoding.BLOCK < len(RAW)


def test_interrupted_and_uninterrupted_end_in_the_same_bytes(store: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with pytest.raises(KeyboardInterrupt):
        encode_to_store(Doubling(20_000), RAW, other, modality="toy", source={"seed": 1})
    assert not other.exists()
    with pytest.raises(NotFoundError, match=r"other is not finished: run the same `amodal encode`"):
        open_store(other)
    part = tmp_path / "other.part"
    assert json.loads((part / "progress.json").read_text())["done"] == 2 * encoding.BLOCK
    with open(part / "latents.npy", "ab") as handle:
        handle.write(b"half a row, written before the power went")
    encode_to_store(Doubling(), RAW, other, modality="toy", source={"seed": 1})
    assert files_of(other) == files_of(store)
    assert not part.exists()


@pytest.mark.parametrize("left", [None, 0, 60, 5_000, 4_096 * 3 * 4])
def test_an_array_that_lost_its_end_is_not_filled_up_with_zeros(
    store: Path, tmp_path: Path, left: int | None
) -> None:
    other, array = tmp_path / "other", tmp_path / "other.part" / "latents.npy"
    with pytest.raises(KeyboardInterrupt):
        encode_to_store(Doubling(20_000), RAW, other, modality="toy", source={"seed": 1})
    if left is None:
        array.unlink()
    else:
        array.write_bytes(array.read_bytes()[:left])
    encode_to_store(Doubling(), RAW, other, modality="toy", source={"seed": 1})
    assert files_of(other) == files_of(store)


def test_resuming_does_not_encode_again_what_is_done(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        encode_to_store(Doubling(20_000), RAW, tmp_path / "store")
    asked: list[int] = []

    def read(start: int, stop: int) -> np.ndarray:
        asked.append(start)
        return RAW[start:stop]

    encode_to_store(Doubling(), read, tmp_path / "store", rows=len(RAW))
    assert asked == [2 * encoding.BLOCK]


def test_another_encoding_is_not_overwritten(store: Path) -> None:
    before = files_of(store)
    encode_to_store(Doubling(), RAW, store, modality="toy", source={"seed": 1})
    with pytest.raises(ExistsError, match=r"another encoding \(it differs in rows\)"):
        encode_to_store(Doubling(), RAW[:50], store, modality="toy", source={"seed": 1})
    assert files_of(store) == before


def test_beginning_of_another_encoding_is_not_continued(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        encode_to_store(Doubling(20_000), RAW, tmp_path / "store")
    with pytest.raises(ExistsError, match=r"store\.part is the beginning of another encoding"):
        encode_to_store(Doubling(), RAW[:9_000], tmp_path / "store")


def test_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("keep me")
    with pytest.raises(ExistsError, match="is no store of latents: choose another --out"):
        encode_to_store(Doubling(), RAW, tmp_path / "letters")
    with pytest.raises(DamagedError, match=r"is no store of latents \(it has no manifest"):
        open_store(tmp_path / "letters")
    assert (tmp_path / "letters" / "dear.txt").read_text() == "keep me"


def test_absent_store_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"make it with `amodal encode DATA --out .*nowhere`"):
        open_store(tmp_path / "nowhere")


def test_truncated_array_is_refused(store: Path) -> None:
    array = store / "latents.npy"
    array.write_bytes(array.read_bytes()[:-4])
    with pytest.raises(DamagedError, match=r"has 120124 bytes, expected 120128 bytes: delete"):
        open_store(store)
    array.unlink()
    with pytest.raises(DamagedError, match=r"latents.npy is missing"):
        open_store(store)


def test_one_changed_byte_is_noticed(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(store / "latents.npy", "r+b") as handle:
        handle.seek(5_000)
        handle.write(b"\x01")
    with pytest.raises(DamagedError, match="does not match its checksum"):
        open_store(store)
    monkeypatch.setattr("amodal.latents.store.CHEAP", 10)
    open_store(store)
    with pytest.raises(DamagedError, match="does not match its checksum"):
        open_store(store, checksums=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "is not of a store of latents: it is foreign"),
        ({"version": 9}, "in version 9 of the format, this amodal reads 1"),
        ({"spec": "soup"}, r"manifest\.json is damaged"),
        ({"rows": 9_999}, r"holds float32 \(10000, 3\), expected float32 \(9999, 3\)"),
    ],
)
def test_changed_manifest_is_refused(store: Path, change: dict[str, Any], message: str) -> None:
    manifest = json.loads((store / "manifest.json").read_text())
    (store / "manifest.json").write_text(json.dumps(manifest | change))
    with pytest.raises(DamagedError, match=message):
        open_store(store)


def test_full_disk_keeps_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(encoding.os, "fsync", refuse)
        with pytest.raises(DiskError, match="the disk is full: free some space"):
            encode_to_store(Doubling(), RAW, tmp_path / "store")
    assert not (tmp_path / "store").exists()
    latents = encode_to_store(Doubling(), RAW, tmp_path / "store")
    np.testing.assert_array_equal(latents.rows, RAW * 2)


def test_what_a_model_cannot_read_is_not_laid_to_the_disk(tmp_path: Path) -> None:
    class Reading(Doubling):
        def encode(self, raw: np.ndarray) -> torch.Tensor:
            if float(raw[-1, 0]) == float(RAW[-1, 0]):
                raise PermissionError(13, "Permission denied", "its own file")
            return super().encode(raw)

    with pytest.raises(PermissionError, match="its own file"):
        encode_to_store(Reading(), RAW, tmp_path / "store")


def test_wrong_latents_are_refused(tmp_path: Path) -> None:
    bad = RAW.copy()
    bad[7, 1] = np.nan
    with pytest.raises(InputError, match="doubling gave NaN or infinite numbers"):
        encode_to_store(Doubling(), bad, tmp_path / "nan")
    with pytest.raises(InputError, match=r"shape \(10, 2\) for 10 things, expected \(10, 3\)"):
        encode_to_store(Doubling(), RAW[:10, :2], tmp_path / "narrow")
    with pytest.raises(InputError, match="say how many things"):
        encode_to_store(Doubling(), lambda start, stop: RAW[start:stop], tmp_path / "unknown")
    with pytest.raises(InputError, match="there are 0 things to encode"):
        encode_to_store(Doubling(), RAW[:0], tmp_path / "none")


def test_half_the_bits_are_half_the_bytes(store: Path, tmp_path: Path) -> None:
    half = encode_to_store(Doubling(), RAW[:1000], tmp_path / "half", half=True)
    assert half.rows.dtype == np.float16
    np.testing.assert_allclose(half.rows, RAW[:1000] * 2, rtol=1e-3)
    assert (tmp_path / "half" / "latents.npy").stat().st_size == 128 + 2 * 3 * 1000
    checked = as_checked("toy", half)
    assert checked.rows.dtype == torch.float32
    normalisation = read_manifest(tmp_path / "half").normalisation
    assert normalisation.apply(checked.rows).std(0).sub(1).abs().max() < 1e-3
    with pytest.raises(ExistsError, match=r"another encoding \(it differs in dtype\)"):
        encode_to_store(Doubling(), RAW[:1000], tmp_path / "half")
    with pytest.raises(
        InputError, match=r"numbers too large for 16 bits \(6e\+04|too large for 16"
    ):
        encode_to_store(Doubling(), RAW * 10, tmp_path / "large", half=True)


def test_interrupted_halves_end_in_the_same_bytes(tmp_path: Path) -> None:
    raw = RAW / 10
    encode_to_store(Doubling(), raw, tmp_path / "whole", half=True)
    with pytest.raises(KeyboardInterrupt):
        encode_to_store(Doubling(1_500), raw, tmp_path / "other", half=True)
    encode_to_store(Doubling(), raw, tmp_path / "other", half=True)
    assert files_of(tmp_path / "whole") == files_of(tmp_path / "other")


def test_names_are_written_beside_the_latents(store: Path, tmp_path: Path) -> None:
    names = [f"picture {row}.png" for row in range(10)]
    names[3] = "two\nlines"
    encode_to_store(Doubling(), RAW[:10], tmp_path / "named", names=names)
    assert list(read_names(tmp_path / "named") or ()) == [*names[:3], "two lines", *names[4:]]
    assert read_names(store) is None
    with open(tmp_path / "named" / "items.txt", "a") as handle:
        handle.write("one more\n")
    with pytest.raises(DamagedError, match=r"items\.txt has 11 lines, but .* tells of 10 rows"):
        read_names(tmp_path / "named")


def test_details_and_block_are_the_models(tmp_path: Path) -> None:
    model = Doubling()
    model.block, model.details = 100, {"revision": "abc"}  # type: ignore[attr-defined]
    encode_to_store(model, RAW[:1000], tmp_path / "store")
    assert model.largest == 100
    assert read_manifest(tmp_path / "store").details == {"revision": "abc"}


def digest_of(raw: np.ndarray) -> Any:
    return lambda stop: str(float(raw[:stop].sum()))


def test_a_beginning_of_the_same_things_is_taken_up(tmp_path: Path) -> None:
    """A damaged thing is taken out, others are added at the end: what is done stays done."""
    begun = RAW.copy()
    begun[9_000] = np.nan
    out, asked = tmp_path / "store", []
    with pytest.raises(InputError, match="NaN"):
        encode_to_store(Doubling(), begun, out, source={"a": 1}, so_far=digest_of(begun))
    mended = np.delete(np.concatenate([begun, RAW[:500]]), 9_000, axis=0)

    def read(start: int, stop: int) -> np.ndarray:
        asked.append(start)
        return mended[start:stop]

    settings = {"rows": len(mended), "source": {"a": 2}, "so_far": digest_of(mended)}
    latents = encode_to_store(Doubling(), read, out, **settings)
    np.testing.assert_array_equal(latents.rows, mended * 2)
    assert asked == [8_192]
    encode_to_store(Doubling(), mended, tmp_path / "whole", source={"a": 2})
    assert files_of(out) == files_of(tmp_path / "whole")


def test_a_beginning_of_other_things_is_not(tmp_path: Path) -> None:
    out = tmp_path / "store"
    with pytest.raises(KeyboardInterrupt):
        encode_to_store(Doubling(20_000), RAW, out, so_far=digest_of(RAW))
    other = RAW + 1
    with pytest.raises(ExistsError, match="is the beginning of another encoding"):
        encode_to_store(Doubling(), other, out, source={"a": 2}, so_far=digest_of(other))
    few = RAW[:100]
    with pytest.raises(ExistsError, match="is the beginning of another encoding"):
        encode_to_store(Doubling(), few, out, so_far=digest_of(few))


def test_stores_of_before_there_was_a_choice_are_of_32_bits(store: Path) -> None:
    manifest = json.loads((store / "manifest.json").read_text())
    del manifest["dtype"], manifest["details"]
    (store / "manifest.json").write_text(json.dumps(manifest))
    np.testing.assert_array_equal(open_store(store).rows, RAW * 2)
    encode_to_store(Doubling(), RAW, store, modality="toy", source={"seed": 1})
