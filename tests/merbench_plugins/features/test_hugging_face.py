"""Models of transformers' own classes, tiny and with random weights, saved as real ones are.

`muq_golden` is a tiny MuQ that the package muq 0.1.0 itself built, saved and let hear two windows,
on transformers 4.46 (`muq_original.py`).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from merbench import MerbenchError
from merbench_plugins.features.hugging_face import (
    Clap,
    Mert,
    Muq,
    PretrainedModel,
    TransformersModel,
)

transformers = pytest.importorskip("transformers")

RATE = 16_000
MUQ, MUQ_RATE = Path(__file__).with_name("muq_golden"), 24_000
HUBERT = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16,
    "conv_dim": (8, 8), "conv_kernel": (10, 3), "conv_stride": (160, 2),
    "num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2,
}  # fmt: skip


def save(folder: Path, model: torch.nn.Module, prepare: object) -> Path:
    model.save_pretrained(folder)
    prepare.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def hubert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = transformers.HubertModel(transformers.HubertConfig(**HUBERT))
    prepare = transformers.Wav2Vec2FeatureExtractor(sampling_rate=RATE, do_normalize=True)
    return save(tmp_path_factory.mktemp("hubert"), model, prepare)


@pytest.fixture(scope="module", params=[False, True], ids=["alone", "fused"])
def clap(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    fused = {"enable_fusion": True, "fusion_type": "aff_2d"} if request.param else {}
    config = transformers.ClapConfig(
        audio_config={
            "spec_size": 64, "num_mel_bins": 16, "patch_embeds_hidden_size": 8, "depths": [1, 1],
            "num_attention_heads": [1, 2], "hidden_size": 16, "num_hidden_layers": 2,
            "window_size": 4, "projection_dim": 12, **fused,
        },
        text_config={
            "vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
            "intermediate_size": 8, "max_position_embeddings": 16, "projection_dim": 12,
        },
        projection_dim=12,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = transformers.ClapModel(config)
    prepare = transformers.ClapFeatureExtractor(
        feature_size=16, hop_length=2_400, truncation="fusion" if request.param else "rand_trunc"
    )
    return save(tmp_path_factory.mktemp("clap"), model, prepare)


def sound(seconds: float, rate: int = RATE, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((2, round(seconds * rate)))
    return (0.1 * noise).astype(np.float32)


def test_a_layer_is_what_the_model_gives_of_it(hubert: Path) -> None:
    waveform = sound(1.5)
    model = transformers.HubertModel.from_pretrained(hubert).eval()
    prepare = transformers.AutoFeatureExtractor.from_pretrained(hubert)
    inputs = prepare(waveform.mean(axis=0), sampling_rate=RATE, return_tensors="pt")
    with torch.inference_mode():
        states = model(**inputs, output_hidden_states=True).hidden_states
    for layer, expected in ((1, states[1]), (-1, states[2]), ("mean", torch.stack(states).mean(0))):
        found = TransformersModel(model=hubert, layer=layer).extract(waveform, RATE, device="cpu")
        np.testing.assert_allclose(found, expected[0].mean(0), atol=1e-5)
    both = TransformersModel(model=hubert, layer=1, pooling="mean-and-deviation")
    found = both.extract(waveform, RATE, device="cpu")
    np.testing.assert_allclose(found[16:], states[1][0].std(0, correction=0), atol=1e-5)
    most = TransformersModel(model=hubert, layer=1, pooling="max")
    found = most.extract(waveform, RATE, device="cpu")
    np.testing.assert_allclose(found, states[1][0].amax(0), atol=1e-5)


@pytest.mark.parametrize("seconds", [[1.0, 2.5, 0.2], [4.2, 4.2]])
def test_several_at_once_are_each_what_they_are_alone(hubert: Path, seconds: list[float]) -> None:
    extractor = TransformersModel(model=hubert, seconds=2.0)
    stems = [sound(length, seed=seed) for seed, length in enumerate(seconds)]
    together = extractor.extract_many(stems, [RATE] * len(stems), device="cpu")
    for stem, found in zip(stems, together, strict=True):
        alone = extractor.extract(stem, RATE, device="cpu")
        np.testing.assert_allclose(found, alone, atol=1e-5)


def test_windows_are_cut_at_the_models_rate(hubert: Path) -> None:
    extractor = TransformersModel(model=hubert, seconds=2.0)
    lengths = [len(w) for w in extractor._windows(sound(5.5, 44_100), 44_100, RATE)]
    assert lengths == [32_000, 32_000, 24_000]
    assert [len(w) for w in extractor._windows(sound(4.5), RATE, RATE)] == [32_000, 32_000]
    assert [len(w) for w in extractor._windows(sound(0.1), RATE, RATE)] == [16_000]


def test_mert_is_loaded_as_the_hubert_that_it_is(hubert: Path, tmp_path: Path) -> None:
    for file in hubert.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((hubert / "config.json").read_text())
    config |= {
        "model_type": "mert_model", "architectures": ["MERTModel"], "attention_relax": -1.0,
        "auto_map": {"AutoModel": "modeling_MERT.MERTModel"}, "feature_extractor_cqt": False,
        "deepnorm": False, "sample_rate": RATE,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    waveform = sound(1.2)
    found = Mert(model=tmp_path, layer=2).extract(waveform, RATE, device="cpu")
    expected = TransformersModel(model=hubert, layer=2).extract(waveform, RATE, device="cpu")
    np.testing.assert_allclose(found, expected, atol=1e-6)
    (tmp_path / "config.json").write_text(json.dumps(config | {"feature_extractor_cqt": True}))
    with pytest.raises(MerbenchError, match="no plain HuBERT: it has feature_extractor_cqt"):
        Mert(model=tmp_path).ready()


def test_muq_hears_what_the_original_hears() -> None:
    heard = np.load(MUQ / "heard.npz")
    windows = heard["windows"].astype(np.float32)
    for layer, expected in enumerate(heard["states"]):
        extractor = Muq(model=MUQ, layer=layer)
        found = extractor._pretrained().hear(list(windows), layer, "cpu")
        np.testing.assert_allclose(found, expected, atol=1e-4)
        assert expected.std(axis=(0, 1)).min() > 0.01
    mean = extractor._pretrained().hear(list(windows), "mean", "cpu")
    np.testing.assert_allclose(mean, heard["states"].mean(axis=0), atol=1e-4)


def test_muq_hears_several_clips_as_each_alone() -> None:
    extractor = Muq(model=MUQ, seconds=1.0, pooling="mean-and-deviation")
    stems = [sound(length, MUQ_RATE, seed) for seed, length in enumerate([1.0, 2.0])]
    together = extractor.extract_many(stems, [MUQ_RATE] * 2, device="cpu")
    for stem, found in zip(stems, together, strict=True):
        alone = extractor.extract(stem, MUQ_RATE, device="cpu")
        assert alone.shape == (32,)
        np.testing.assert_allclose(found, alone, atol=1e-5)


def test_muq_says_what_is_wrong_with_a_model(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="has the layers 0 to 2, and no layer 3"):
        Muq(model=MUQ, layer=3).ready()
    with pytest.raises(MerbenchError, match=r"weights OpenMuQ/\S+ are not here.*hf download"):
        Muq().ready()
    settings = json.loads((MUQ / "config.json").read_text())
    (tmp_path / "model.safetensors").write_bytes((MUQ / "model.safetensors").read_bytes())
    (tmp_path / "config.json").write_text(json.dumps(settings | {"conv_dim": 8}))
    with pytest.raises(MerbenchError, match=r"is no model of MuQ, or is damaged"):
        Muq(model=tmp_path).ready()
    del settings["stat"]
    (tmp_path / "config.json").write_text(json.dumps(settings))
    with pytest.raises(MerbenchError, match=r"damaged \('?stat'? is missing\)"):
        Muq(model=tmp_path).ready()


def test_weights_of_torch_are_read_as_well(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    torch.save(load_file(MUQ / "model.safetensors"), tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_bytes((MUQ / "config.json").read_bytes())
    waveform = sound(1.0, MUQ_RATE)
    found = Muq(model=tmp_path).extract(waveform, MUQ_RATE, device="cpu")
    expected = Muq(model=MUQ).extract(waveform, MUQ_RATE, device="cpu")
    np.testing.assert_array_equal(found, expected)


def test_clap_is_its_embedding_and_leaves_chance_alone(clap: Path) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    extractor = Clap(model=clap, seconds=2.0)
    waveform = sound(4.0, 48_000)
    first = extractor.extract(waveform, 48_000, device="cpu")
    assert first.shape == (12,)
    np.testing.assert_array_equal(first, extractor.extract(waveform, 48_000, device="cpu"))
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    halves = extractor.extract_many(np.split(waveform, 2, axis=1), [48_000] * 2, device="cpu")
    np.testing.assert_allclose(first, np.mean(halves, axis=0), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(halves, axis=1), 1, atol=1e-5)


def test_a_model_for_another_feature(hubert: Path, clap: Path) -> None:
    with pytest.raises(MerbenchError, match=r"take a HubertModel.*feature transformers"):
        Clap(model=hubert).ready()
    with pytest.raises(MerbenchError, match=r"cannot take a ClapModel; .*the feature clap"):
        TransformersModel(model=clap).ready()
    with pytest.raises(MerbenchError, match="has the layers 0 to 2, and no layer 3"):
        TransformersModel(model=hubert, layer=3).ready()
    assert TransformersModel(model=hubert, layer=-3).ready() is None


def test_content_decides_identity(hubert: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    for file in hubert.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "README.md").write_text("Says nothing that is computed.")
    assert TransformersModel(model=copy).identity() == TransformersModel(model=hubert).identity()
    (copy / "preprocessor_config.json").write_text("{}")
    assert TransformersModel(model=copy).identity() != TransformersModel(model=hubert).identity()


def test_a_folder_without_weights_or_with_others(hubert: Path, tmp_path: Path) -> None:
    for name in ("config.json", "preprocessor_config.json"):
        (tmp_path / name).write_bytes((hubert / name).read_bytes())
    with pytest.raises(MerbenchError, match="cannot be loaded by transformers"):
        TransformersModel(model=tmp_path).ready()
    smaller = transformers.HubertModel(
        transformers.HubertConfig(**HUBERT | {"num_hidden_layers": 1})
    )
    smaller.save_pretrained(tmp_path / "smaller")
    (tmp_path / "model.safetensors").write_bytes(
        (tmp_path / "smaller/model.safetensors").read_bytes()
    )
    with pytest.raises(MerbenchError, match=r"lacks \d+ of the weights of a HubertModel"):
        TransformersModel(model=tmp_path).ready()


def test_what_is_neither_a_folder_nor_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nobody/no-such-model-here", "not a name"):
        model = PretrainedModel(name)
        assert model.digest() == "missing"
        with pytest.raises(MerbenchError, match=f"the weights {name} are not here.*hf download"):
            model.path()


def test_a_name_on_the_hub_is_found_in_the_users_cache(
    hubert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--some-one--some-model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text(commit)
    snapshot = repository / "snapshots" / commit
    snapshot.mkdir(parents=True)
    for file in hubert.iterdir():
        (snapshot / file.name).symlink_to(file)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    found = PretrainedModel("some-one/some-model")
    assert found.path() == snapshot
    assert found.digest() == PretrainedModel(str(hubert)).digest()


def test_names_in_a_benchmark_file_stay_names(hubert: Path) -> None:
    assert PretrainedModel.placed("m-a-p/MERT", hubert / "m-a-p/MERT") == "m-a-p/MERT"
    assert PretrainedModel.placed("hubert", hubert) == str(hubert)
