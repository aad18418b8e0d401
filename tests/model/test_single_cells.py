"""Cells in MuData, AnnData and their files, real ones where they are there."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("anndata")
pytest.importorskip("mudata")

import mudata
import pandas
from anndata import AnnData
from plain_data import draw_plain, quick

from amodal import cells
from amodal.baselines import TransportCCA
from amodal.cli.main import main
from amodal.errors import DamagedError, InputError, UnknownNameError
from amodal.evaluation.retrieval import retrieval_both_ways
from amodal.latents.places import read_place

KEYS = {"rna": "X_pca", "atac": "X_lsi"}
REAL = Path(__file__).parents[3] / "shared" / "data" / "snareseq_cellline.npz"


@pytest.fixture(autouse=True)
def _newer_manner():
    """What mudata advises, and will do by default."""
    with mudata.set_options(pull_on_update=False):
        yield


def measured(rows: np.ndarray, names: list[str], key: str) -> AnnData:
    return AnnData(
        np.ones((len(rows), 2), np.float32),
        obs=pandas.DataFrame(index=names),
        var=pandas.DataFrame(index=[f"{key}_{column}" for column in range(2)]),
        obsm={key: rows},
    )


def draw() -> tuple[AnnData, AnnData, dict[str, np.ndarray]]:
    """200 cells: 0-119 have RNA, 90-199 have ATAC, in an order of its own."""
    data = draw_plain(200)
    names = [f"cell{row}" for row in range(200)]
    order = np.random.default_rng(3).permutation(np.arange(90, 200))
    rna = measured(data["sound"][:120], names[:120], "X_pca")
    atac = measured(data["smell"][order], [names[row] for row in order], "X_lsi")
    return rna, atac, data


@pytest.fixture(scope="module")
def fitted():
    rna, atac, _ = draw()
    return cells.fit({"rna": rna, "atac": atac}, KEYS, model=quick(steps=0))


def test_cells_of_the_same_name_are_the_matches(fitted) -> None:
    rna, atac, data = draw()
    assert fitted.matches_ == 30
    answer = fitted.translate(data["sound"][120:], "rna", "atac")
    assert np.square(answer - data["smell"][120:]).mean() < 0.3 * data["smell"].var()
    both = mudata.MuData({"rna": rna, "atac": atac})
    again = cells.fit(both, KEYS, model=quick(steps=0))
    found = again.translate(data["sound"], "rna", "atac")
    np.testing.assert_allclose(found, fitted.translate(data["sound"], "rna", "atac"), atol=1e-5)
    some = cells.fit(both, KEYS, model=TransportCCA(), matched=[f"cell{row}" for row in range(99)])
    assert some.translate(data["sound"], "rna", "atac").shape == (200, 4)


def test_states_and_translations_go_into_obsm(fitted) -> None:
    rna, atac, _ = draw()
    both = mudata.MuData({"rna": rna, "atac": atac})
    cells.annotate(both, KEYS, fitted)
    np.testing.assert_array_equal(
        both["rna"].obsm["X_amodal"], fitted.embed({"rna": rna.obsm["X_pca"]})
    )
    np.testing.assert_array_equal(
        both["atac"].obsm["X_amodal_rna"], fitted.translate(atac.obsm["X_lsi"], "atac", "rna")
    )
    states = pandas.DataFrame(both.obsm["X_amodal"], index=both.obs_names)
    assert states.notna().all(axis=None)
    assert len(states) == 200
    # A cell with both is seen through both; one with RNA alone through that.
    fused = fitted.embed(
        {"rna": rna["cell100"].obsm["X_pca"], "atac": atac["cell100"].obsm["X_lsi"]}
    )
    np.testing.assert_allclose(states.loc["cell100"], fused[0], atol=1e-5)
    alone = fitted.embed({"rna": rna["cell5"].obsm["X_pca"]})
    np.testing.assert_allclose(states.loc["cell5"], alone[0], atol=1e-5)


def test_dense_and_sparse_matrices_are_taken_too() -> None:
    from scipy.sparse import csr_matrix

    rna, _, _ = draw()
    rna.X = csr_matrix(np.eye(120, 2, dtype=np.float32))
    found = cells.latents_of_cells({"rna": rna}, {"rna": "X"})["rna"]
    np.testing.assert_array_equal(found.rows, np.eye(120, 2))
    assert found.names is not None
    assert found.names[3] == "cell3"


def test_what_cannot_be_fitted_is_explained() -> None:
    rna, atac, _ = draw()
    pair = {"rna": rna, "atac": atac}
    with pytest.raises(UnknownNameError, match="modality of the cells 'rma': did you mean 'rna'"):
        cells.fit(pair, {"rma": "X_pca", "atac": "X_lsi"})
    with pytest.raises(UnknownNameError, match="'rna': 'X_pac': did you mean 'X_pca'"):
        cells.fit(pair, KEYS | {"rna": "X_pac"})
    with pytest.raises(InputError, match="expected a MuData, or a dict of AnnData"):
        cells.fit(rna, {"rna": "X_pca"})
    rna.obs_names = [str(row) for row in range(120)]
    atac.obs_names = [str(row) for row in range(110)]
    with pytest.raises(InputError, match=r"rna and atac are called 0, 1, 2, .*obs_names"):
        cells.fit(pair, KEYS)
    with pytest.raises(InputError, match="no chosen name is that of an item in two"):
        cells.fit(pair, KEYS, matched=["nobody"])


def test_files_of_cells(tmp_path: Path) -> None:
    rna, atac, _ = draw()
    rna.write_h5ad(tmp_path / "rna.h5ad")
    mudata.MuData({"rna": rna, "atac": atac}).write_h5mu(tmp_path / "both.h5mu")
    for place in ("rna.h5ad:X_pca", "both.h5mu:rna:X_pca"):
        found = read_place("rna", tmp_path / place)
        np.testing.assert_array_equal(found.rows, rna.obsm["X_pca"])
        assert list(found.names or ()) == list(rna.obs_names)
    assert read_place("rna", tmp_path / "rna.h5ad:X").rows.shape == (120, 2)


@pytest.mark.parametrize(
    ("place", "kind", "message"),
    [
        ("rna.h5ad", InputError, r"say which array.*rna\.h5ad:X_pca; \.obsm has X_pca"),
        ("rna.h5ad:X_pac", UnknownNameError, "did you mean 'X_pca'"),
        ("both.h5mu", InputError, r"which modality and array.*both\.h5mu:atac:X_pca; it has atac"),
        ("both.h5mu:rna", InputError, r"say which array.*both\.h5mu:rna:X_pca"),
        ("both.h5mu:rma:X_pca", UnknownNameError, "'rma': did you mean 'rna'"),
        ("bad.h5ad:X_pca", DamagedError, "cannot be read as HDF5"),
        ("wide.h5ad:X", InputError, r"has 5,001 columns: project on principal components"),
    ],
)
def test_places_of_cells_are_explained(tmp_path: Path, place: str, kind, message: str) -> None:
    rna, atac, _ = draw()
    if "rna.h5ad" in place:
        rna.write_h5ad(tmp_path / "rna.h5ad")
    elif "both" in place:
        mudata.MuData({"rna": rna, "atac": atac}).write_h5mu(tmp_path / "both.h5mu")
    elif "wide" in place:
        AnnData(np.zeros((2, 5001), np.float32)).write_h5ad(tmp_path / "wide.h5ad")
    else:
        (tmp_path / "bad.h5ad").write_bytes(b"no cells")
    with pytest.raises(kind, match=message):
        read_place("rna", tmp_path / place)


def test_files_without_x(tmp_path: Path) -> None:
    rna, _, _ = draw()
    bare = AnnData(obs=rna.obs, obsm={"X_pca": rna.obsm["X_pca"]})
    bare.write_h5ad(tmp_path / "bare.h5ad")
    with pytest.raises(UnknownNameError, match=r"'X'.* Known: 'X_pca'"):
        read_place("rna", tmp_path / "bare.h5ad:X")
    mudata.MuData({"rna": bare, "atac": rna}).write_h5mu(tmp_path / "both.h5mu")
    with pytest.raises(UnknownNameError, match=r"'X'.* Known: 'X_pca'"):
        read_place("rna", tmp_path / "both.h5mu:rna:X")
    AnnData(obs=rna.obs).write_h5ad(tmp_path / "empty.h5ad")
    with pytest.raises(InputError, match=r"holds no array of the cells: neither \.obsm nor X"):
        read_place("rna", tmp_path / "empty.h5ad")


@pytest.mark.skipif(not REAL.is_file(), reason="needs the real cells")
def test_real_cells_from_file_to_file(tmp_path: Path) -> None:
    """SNARE-seq: 30 % of the cells held out, a tenth of the others measured in both."""
    arrays = np.load(REAL, allow_pickle=False)
    names = arrays["ids"]
    latents = {
        "rna": arrays["rna_pcs"],
        "atac": arrays["atac_topics"]
        / np.linalg.norm(arrays["atac_topics"], axis=1, keepdims=True),
    }
    order = np.random.default_rng(0).permutation(len(names))
    test, both, first, second = np.split(order, [314, 387, 717])
    chosen = {"rna": np.concatenate([both, first]), "atac": np.concatenate([second, both])}

    def write(file: str, rows: dict[str, np.ndarray]) -> list[str]:
        parts = {
            name: measured(latents[name][rows[name]], names[rows[name]].tolist(), KEYS[name])
            for name in KEYS
        }
        mudata.MuData(parts).write_h5mu(tmp_path / file)
        return [f"{name}={tmp_path / file}:{name}:{key}" for name, key in KEYS.items()]

    run, out = str(tmp_path / "run"), tmp_path / "embedded.h5mu"
    quickly = ["--members", "1", "--steps", "0", "--match-names"]
    places = write("train.h5mu", chosen)
    assert main(["fit", "--latents", *places, *quickly, "--out", run]) == 0
    places = write("test.h5mu", {"rna": test, "atac": test})
    assert main(["embed", run, "--latents", *places, "--out", str(out)]) == 0
    found = mudata.read_h5mu(out)
    states = [found[name].obsm["X_amodal"] for name in KEYS]
    assert (found["rna"].obs_names == found["atac"].obs_names).all()
    assert retrieval_both_ways(*states)["mean"]["foscttm"] < 0.2  # by chance: 0.5
    model = cells.fit(mudata.read_h5mu(tmp_path / "train.h5mu"), KEYS, model=TransportCCA())
    states = list(model.transform({name: latents[name][test] for name in KEYS}).values())
    assert retrieval_both_ways(*states)["mean"]["foscttm"] < 0.2
