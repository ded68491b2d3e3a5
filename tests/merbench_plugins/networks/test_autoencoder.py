"""The autoencoder: sizes, the exchange of codes within classes, and its error."""

from __future__ import annotations

import pytest
import torch

from merbench_plugins.networks.autoencoder import Autoencoder, ReconstructionError, _exchanged


def test_an_image_of_the_paper_becomes_its_numbers_and_an_image_again():
    network = Autoencoder((1, 128, 942)).eval()
    image = torch.rand(1, 1, 128, 942)
    with torch.inference_mode():
        assert network.encoder(image).shape == (1, 60_416)
        (decoded,) = network(image)
    assert decoded.shape == image.shape
    assert decoded.abs().max() <= 1


def test_a_code_may_be_shorter_and_exchanged_within_its_class():
    network = Autoencoder((2, 16, 20), latent=7, paired=True).eval()
    images, classes = torch.rand(5, 2, 16, 20), torch.tensor([0.0, 1, 0, 1, 1])
    with torch.inference_mode():
        codes = network.encoder(images)
        own, other = network((images, classes[:, None]))
        assert codes.shape == (5, 7)
        torch.testing.assert_close(own, network.decode(codes))
        torch.testing.assert_close(other, network.decode(codes[[2, 3, 0, 4, 1]]))
    assert _exchanged(classes).tolist() == [2, 3, 0, 4, 1]


def test_errors_of_several_reconstructions_add_up():
    images = torch.zeros(2, 1, 3, 3)
    error = ReconstructionError()((images + 1, images + 2), images)
    assert error.item() == pytest.approx(1 + 4)
