from __future__ import annotations

import hashlib
import importlib.metadata
import io
import pickle
import random
import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from merbench import CANONICAL_STEMS, MerbenchError
from merbench.components import weights
from merbench.plugins.registry import Entry, Origin, Registry
from merbench.testing import check
from merbench_plugins.separators import _demucs_models, demucs
from merbench_plugins.separators.demucs import Demucs

RATE = 8000
SOURCES = ("drums", "bass", "other", "vocals")


@pytest.fixture(scope="module", autouse=True)
def _demucs() -> None:
    if find_spec("demucs") is None:
        pytest.skip("the package demucs is not installed")


def network(sources: Sequence[str] = SOURCES, seed: int = 0, **changes: Any) -> Any:
    """A tiny HTDemucs, randomly initialised."""
    from demucs.htdemucs import HTDemucs

    settings = {
        "channels": 8,
        "depth": 2,
        "nfft": 256,
        "t_layers": 1,
        "t_heads": 2,
        "t_hidden_scale": 1.0,
        "dconv_depth": 1,
        "samplerate": RATE,
        "segment": Fraction(1, 2),
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return HTDemucs(list(sources), **settings | changes).eval()


def packed(model: Any) -> bytes:
    """A network as the authors save theirs."""
    args, kwargs = model._init_args_kwargs
    package = {
        "klass": type(model),
        "args": args,
        "kwargs": kwargs,
        "state": model.state_dict(),
        "training_args": {},
    }
    file = io.BytesIO()
    torch.save(package, file)
    return file.getvalue()


def save(folder: Path, signature: str, model: Any) -> Path:
    """Add a network to a local repository, its checksum in its name."""
    content = packed(model)
    path = folder / f"{signature}-{hashlib.sha256(content).hexdigest()[:8]}.th"
    path.write_bytes(content)
    return path


def noise(channels: int, samples: int, loudness: float = 0.5) -> np.ndarray:
    rng = np.random.default_rng(samples)
    return (loudness * rng.uniform(-1, 1, (channels, samples))).astype(np.float32)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two networks of four sources, one of six, and a bag of the two."""
    folder = tmp_path_factory.mktemp("repository")
    save(folder, "aaaaaaaa", network())
    save(folder, "bbbbbbbb", network(seed=1))
    save(folder, "cccccccc", network((*SOURCES, "guitar", "piano"), seed=2))
    (folder / "bag.yaml").write_text("models: [aaaaaaaa, bbbbbbbb]\n")
    return folder


def separator(repo: Path, model: str = "aaaaaaaa", **options: Any) -> Demucs:
    return Demucs(model=model, repo=repo, **options)


def reference(model: Any, mix: np.ndarray, **options: Any) -> dict[str, np.ndarray]:
    """What the package makes of stereo at the network's own rate, without any of ours."""
    from demucs.apply import apply_model

    given = torch.from_numpy(mix)
    mean, deviation = given.mean(0).mean(), given.mean(0).std() + 1e-8
    options = {"shifts": 0} | options
    sources = apply_model(model, ((given - mean) / deviation)[None], **options)[0]
    sources = sources * deviation + mean
    return dict(zip(model.sources, sources.numpy(), strict=True))


# Separation


def test_stems_are_the_networks_by_name(repo: Path) -> None:
    mix = noise(2, 9001)
    stems = separator(repo).separate(mix, RATE, device="cpu")
    assert tuple(stems) == CANONICAL_STEMS
    for name, expected in reference(network(), mix).items():
        np.testing.assert_allclose(stems[name], expected, atol=1e-5)


def test_guitar_and_piano_are_other(repo: Path) -> None:
    mix = noise(2, 6000)
    stems = separator(repo, "cccccccc").separate(mix, RATE, device="cpu")
    expected = reference(network((*SOURCES, "guitar", "piano"), seed=2), mix)
    other = expected["other"] + expected["guitar"] + expected["piano"]
    np.testing.assert_allclose(stems["other"], other, atol=1e-5)
    np.testing.assert_allclose(stems["bass"], expected["bass"], atol=1e-5)


def test_a_bag_is_averaged(repo: Path) -> None:
    mix = noise(2, 6000)
    stems = separator(repo, "bag").separate(mix, RATE, device="cpu")
    first, second = (reference(network(seed=seed), mix) for seed in (0, 1))
    for name in CANONICAL_STEMS:
        np.testing.assert_allclose(stems[name], (first[name] + second[name]) / 2, atol=1e-5)


@pytest.mark.parametrize(
    "options", [{"overlap": 0.6}, {"segment": 0.3}, {"segment": 0.25, "overlap": 0.0}]
)
def test_options_are_those_of_the_package(repo: Path, options: dict[str, float]) -> None:
    mix = noise(2, 9000)
    stems = separator(repo, **options).separate(mix, RATE, device="cpu")
    expected, default = (reference(network(), mix, **given) for given in (options, {}))
    for name in CANONICAL_STEMS:
        np.testing.assert_allclose(stems[name], expected[name], atol=1e-5)
        assert np.abs(stems[name] - default[name]).max() > 1e-3


def test_the_network_works_on_the_device_that_it_is_told(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from demucs import api

    told = []

    def apply(model: Any, mix: torch.Tensor, *arguments: Any, device: str, **options: Any) -> Any:
        told.append(device)
        return original(model, mix, *arguments, device="cpu", **options)

    original = api.apply_model
    monkeypatch.setattr(api, "apply_model", apply)
    first = separator(repo).separate(noise(2, 6000), RATE, device="cuda:1")
    second = separator(repo).separate(noise(2, 6000), RATE, device="cpu")
    assert told == ["cuda:1", "cpu"]
    for name in CANONICAL_STEMS:
        np.testing.assert_array_equal(first[name], second[name])


def test_shifts_are_the_same_in_every_run(repo: Path) -> None:
    mix = noise(2, 9000)
    random.seed(7)
    before = random.getstate()
    first = separator(repo, shifts=2).separate(mix, RATE, device="cpu")
    assert random.getstate() == before
    random.seed(8)
    second = separator(repo, shifts=2).separate(mix, RATE, device="cpu")
    without = separator(repo).separate(mix, RATE, device="cpu")
    for name in CANONICAL_STEMS:
        np.testing.assert_array_equal(first[name], second[name])
        assert np.abs(first[name] - without[name]).max() > 1e-3


@pytest.mark.parametrize(
    ("rate", "channels", "samples", "loudness"),
    [
        (8000, 1, 400, 0.9),
        (44100, 2, 2205, 0.0),
        (44100, 1, 1, 1.6),
        (96000, 2, 9601, 1.6),
        (22050, 5, 3001, 0.9),
    ],
)
@pytest.mark.parametrize("model", ["aaaaaaaa", "hybrid", "waveform"])
def test_stems_keep_the_shape(
    tmp_path: Path, model: str, rate: int, channels: int, samples: int, loudness: float
) -> None:
    from demucs.demucs import Demucs as Waveforms
    from demucs.hdemucs import HDemucs

    with torch.random.fork_rng():
        common = {"channels": 4, "samplerate": RATE, "segment": 1}
        networks = {
            "aaaaaaaa": network,
            "hybrid": partial(HDemucs, list(SOURCES), depth=5, nfft=1024, **common),
            "waveform": partial(Waveforms, list(SOURCES), depth=3, **common),
        }
        save(tmp_path, model, networks[model]())
    mix = noise(channels, samples, loudness)
    stems = separator(tmp_path, model).separate(mix, rate, device="cpu")
    for stem in stems.values():
        assert stem.shape == mix.shape
        assert stem.dtype == np.float32
        assert np.isfinite(stem).all()
        assert loudness or np.abs(stem).max() < 1e-3


def test_mono_enters_on_both_channels_and_more_are_taken_two_by_two(repo: Path) -> None:
    mix = noise(3, 5000)
    stems = separator(repo).separate(mix, RATE, device="cpu")
    pair, both = (
        separator(repo).separate(part, RATE, device="cpu")
        for part in (mix[:2], np.repeat(mix[2:], 2, axis=0))
    )
    for name in CANONICAL_STEMS:
        np.testing.assert_allclose(stems[name][:2], pair[name], atol=1e-6)
        np.testing.assert_allclose(stems[name][2], both[name].mean(axis=0), atol=1e-6)


def test_contract(repo: Path) -> None:
    entry = Entry("separator", Demucs, Origin("", "", "here"))
    parameters = {"model": "bag", "repo": str(repo), "shifts": 1}
    results = check(entry, Registry({("separator", "demucs"): entry}), parameters)
    assert {result.status for result in results} == {"passed"}, results


# Models of one's own


def test_identity_is_of_the_models_own_files(repo: Path, tmp_path: Path) -> None:
    before = separator(repo, "bag").identity()
    for file in repo.iterdir():
        if not file.name.startswith("cccccccc"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    assert separator(tmp_path, "bag").identity() == before
    assert separator(tmp_path, "bag", shifts=1).identity() != before
    assert pickle.loads(pickle.dumps(separator(tmp_path))) == separator(tmp_path)
    bag = tmp_path / "bag.yaml"
    bag.write_text("models: [aaaaaaaa, bbbbbbbb]\nweights: [[1, 1, 1, 1], [0, 1, 1, 1]]\n")
    assert separator(tmp_path, "bag").identity() != before


def test_a_replaced_network_is_noticed(tmp_path: Path) -> None:
    mix = noise(2, 4000)
    file = save(tmp_path, "aaaaaaaa", network())
    identity = separator(tmp_path).identity()
    stems = separator(tmp_path).separate(mix, RATE, device="cpu")
    file.unlink()
    save(tmp_path, "aaaaaaaa", network(seed=5))
    assert separator(tmp_path).identity() != identity
    replaced = separator(tmp_path).separate(mix, RATE, device="cpu")
    assert np.abs(replaced["bass"] - stems["bass"]).max() > 1e-3


def test_the_packages_version_is_part_of_the_identity(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = separator(repo).identity()
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "9.9")
    assert separator(repo).identity() != before


def test_without_the_package_it_says_what_to_install(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    for act in (
        separator(repo).ready,
        lambda: separator(repo).separate(noise(2, 9), RATE, device="cpu"),
    ):
        with pytest.raises(MerbenchError, match="`pip install demucs`"):
            act()
    assert separator(repo).identity()["weights"] is None


@pytest.mark.parametrize(
    ("files", "model", "message"),
    [
        ({}, "bag", "repository has no model 'bag'$"),
        ({"a.th": b""}, "b", "has no model 'b'; choose from a"),
        ({"bag.yaml": b""}, "bags", "did you mean 'bag'?"),
        (
            {"bag.yaml": b"models: [a]"},
            "bag",
            "bag.yaml names a, but the signatures there are none",
        ),
        ({"bag.yaml": b"models: []", "a.th": b""}, "bag", "names no networks, but .* there are a;"),
        ({"bag.yaml": b"[a]"}, "bag", "bag.yaml describes no bag of models"),
        ({"bag.yaml": b"models: {"}, "bag", "bag.yaml describes no bag of models"),
        ({"a-12.th": b"", "a-13.th": b""}, "a", "holds a-12.th and a-13.th, of one signature"),
        ({"a-12.th": b"x"}, "a", "a-12.th is damaged: its SHA-256 begins with 2d711642,"),
    ],
)
def test_repositories_that_cannot_be_used(
    tmp_path: Path, files: dict[str, bytes], model: str, message: str
) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with pytest.raises(MerbenchError, match=message):
        separator(folder, model).ready()


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="nowhere is no folder; set `repo`"):
        separator(tmp_path / "nowhere").ready()


@pytest.mark.parametrize("content", [b"", b"plain text", pickle.dumps([1, 2])])
def test_files_that_are_no_networks(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.th").write_bytes(content)
    with pytest.raises(MerbenchError, match=r"the demucs model a in .* cannot be loaded"):
        separator(tmp_path, "a").separate(noise(2, 100), RATE, device="cpu")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources": ("vocals", "no_vocals")}, "yields vocals, no_vocals in 2 channels"),
        ({"audio_channels": 1}, "yields drums, bass, other, vocals in 1 channels"),
    ],
)
def test_networks_that_do_not_fit(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    save(tmp_path, "a", network(**changes))
    with pytest.raises(MerbenchError, match=message):
        separator(tmp_path, "a").separate(noise(2, 100), RATE, device="cpu")


@pytest.mark.skipif(find_spec("diffq") is not None, reason="diffq is installed")
def test_a_quantised_network_says_what_it_needs(tmp_path: Path) -> None:
    package = torch.load(io.BytesIO(packed(network())), weights_only=False)
    package["state"] = {"__quantized": True}
    torch.save(package, tmp_path / "a.th")
    with pytest.raises(MerbenchError, match=r"quantised; install .* `pip install diffq`"):
        separator(tmp_path, "a").separate(noise(2, 100), RATE, device="cpu")


def test_a_segment_longer_than_the_networks(repo: Path) -> None:
    with pytest.raises(MerbenchError, match=r"segment is 0\.6 s, but bag takes at most 0\.50 s"):
        separator(repo, "bag", segment=0.6).separate(noise(2, 100), RATE, device="cpu")


@pytest.mark.parametrize("option", [{"shifts": -1}, {"overlap": 1.0}, {"segment": 0}])
def test_parameters_out_of_range(option: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(option))):
        Demucs(**option)


# Published models


class Published:
    """A package's listing of two networks and a bag, and a server that has them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        remote, self.served = folder / "package" / "remote", folder / "served" / "hybrid"
        remote.mkdir(parents=True)
        self.served.mkdir(parents=True)
        self.files = [save(self.served, "aaaaaaaa", network()), save(self.served, "b", network())]
        names = "\n".join(file.name for file in self.files)
        (remote / "files.txt").write_text(f"# Networks\nroot: hybrid/\n{names}\n")
        (remote / "tiny.yaml").write_text("models: ['aaaaaaaa']\n")
        (remote / "both.yaml").write_text("models: ['aaaaaaaa', 'b']\n")
        self.requests: list[str] = []
        self.home = folder / "home"
        self.kept = self.home / "weights" / "demucs"
        monkeypatch.setenv("MERBENCH_HOME", str(self.home))
        monkeypatch.setenv("MERBENCH_OFFLINE", "0")
        monkeypatch.setattr(_demucs_models, "_package", lambda: folder / "package")
        requests = self.requests

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                requests.append(self.path)

        handler = partial(Handler, directory=str(self.served.parent))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{self.server.server_port}/"
        monkeypatch.setattr(_demucs_models, "ROOT_URL", root)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    made = Published(tmp_path, monkeypatch)
    yield made
    made.close()


def fetch(name: str) -> Path:
    (known,) = [known for known in Demucs.known_weights() if known.name == name]
    return weights.fetch(known, lambda file, share: None)


def test_a_published_model_is_fetched_once_and_never_by_itself(published: Published) -> None:
    before = Demucs(model="tiny").identity()
    with pytest.raises(MerbenchError, match=r"^demucs: .* `merbench weights fetch tiny`$"):
        Demucs(model="tiny").ready()
    assert not published.requests
    for _ in range(2):
        fetch("tiny")
        Demucs(model="tiny").ready()
    assert published.requests == [f"/hybrid/{published.files[0].name}"]
    fetch("both")
    Demucs(model="both").ready()
    assert len(published.requests) == 2
    assert {p.name for p in published.kept.iterdir()} == {
        *(file.name for file in published.files),
        "tiny.yaml",
        "both.yaml",
    }
    assert Demucs(model="tiny").identity() == before
    mix = noise(2, 5000)
    stems = Demucs(model="tiny").separate(mix, RATE, device="cpu")
    np.testing.assert_allclose(stems["bass"], reference(network(), mix)["bass"], atol=1e-5)


def test_a_network_by_itself_comes_with_a_bag(published: Published) -> None:
    for network_alone, bag in (("aaaaaaaa", "both"), ("b", "both")):
        with pytest.raises(MerbenchError, match=f"`merbench weights fetch {bag}`"):
            Demucs(model=network_alone).ready()
    fetch("both")
    Demucs(model="b").ready()


def test_a_damaged_copy_is_said_and_fetched_again(published: Published) -> None:
    fetch("tiny")
    copy = published.kept / published.files[0].name
    copy.write_bytes(copy.read_bytes()[:1000])
    with pytest.raises(MerbenchError, match=r"weights tiny are damaged.* weights fetch tiny`"):
        Demucs(model="tiny").ready()
    fetch("tiny")
    assert copy.read_bytes() == published.files[0].read_bytes()
    Demucs(model="tiny").ready()


def test_a_home_that_cannot_be_written(published: Published) -> None:
    published.home.write_text("a file")
    with pytest.raises(MerbenchError, match=r"cannot be kept in .* set MERBENCH_HOME"):
        fetch("tiny")


def test_without_the_package_no_weights_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demucs, "find_spec", lambda name: None)
    assert not Demucs.known_weights()


def test_the_packages_own_listing() -> None:
    """Names that the documentation promises, with checksums; nothing is downloaded."""
    from demucs.pretrained import ROOT_URL

    assert ROOT_URL == _demucs_models.ROOT_URL
    fine_tuned = _demucs_models.find("htdemucs_ft", None).checksums
    assert fine_tuned[1:] == ["ba3fe64a", "e57c48e6", "ef3bcb9c", "f3cf25b2"]
    listed = {known.name: known for known in Demucs.known_weights()}
    assert [file.sha256 for file in listed["htdemucs_ft"].files] == fine_tuned[1:]
    for name in ("htdemucs", "htdemucs_6s", "hdemucs_mmi"):
        assert len(listed[name].files) == 1
        bag, network = _demucs_models.find(name, None).checksums
        assert len(bag) == 64
        assert len(network) == 8
    with pytest.raises(MerbenchError, match=r"no model .htdemuc.; did you mean .htdemucs.\?"):
        Demucs(model="htdemuc").ready()
