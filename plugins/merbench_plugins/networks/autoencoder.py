"""Methods 9 and 13 of Louro et al. 2024: a convolutional autoencoder of spectrograms."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from merbench_plugins.networks.blocks import start_as_keras

WIDTHS = (16, 32, 64, 128)
"""Filters of the encoder's convolutions; the decoder's mirror them."""


class Autoencoder(nn.Module):
    """Convolutions of five that halve both axes four times, and transposed ones that undo it.

    An image of 128 bins x 942 frames becomes 60,416 numbers. Louro et al. 2024, row "Autoencoder".

    Parameters
    ----------
    shape
        (stems, bins, frames) of an image, whose values lie on [-1, 1].
    latent
        Numbers that a dense layer makes of these, and another turns back; None has neither.
    paired
        Whether `forward` also decodes every image's code in the place of another's of its class:
        the penalty of Dablain et al., "DeepSMOTE: fusing deep learning and SMOTE for imbalanced
        data", IEEE Transactions on Neural Networks and Learning Systems 34(9), 2023, Algorithm 1.
    """

    def __init__(
        self, shape: tuple[int, ...], latent: int | None = None, *, paired: bool = False
    ) -> None:
        super().__init__()
        self.shape, self.paired = shape, paired
        small = [-(-length // 2 ** len(WIDTHS)) for length in shape[1:]]
        encoder: list[nn.Module] = []
        for inputs, filters in zip((shape[0], *WIDTHS[:-1]), WIDTHS, strict=True):
            encoder += [nn.Conv2d(inputs, filters, 5, 2, padding=2), nn.LeakyReLU(0.2)]
        decoder: list[nn.Module] = [nn.Unflatten(1, (WIDTHS[-1], *small))]
        mirrored = WIDTHS[::-1]
        for inputs, filters in zip((mirrored[0], *mirrored[:-1]), mirrored, strict=True):
            decoder += [
                nn.ConvTranspose2d(inputs, filters, 5, 2, padding=2, output_padding=1),
                nn.LeakyReLU(0.2),
            ]
        decoder += [nn.Conv2d(WIDTHS[0], shape[0], 5, padding=2), nn.Tanh()]
        size = WIDTHS[-1] * small[0] * small[1]
        dense = [] if latent is None else [nn.Linear(size, latent)]
        undone = [] if latent is None else [nn.Linear(latent, size)]
        self.encoder = nn.Sequential(*encoder, nn.Flatten(), *dense)
        self.decoder = nn.Sequential(*undone, *decoder)
        start_as_keras(self)

    def decode(self, codes: Tensor) -> Tensor:
        """Map codes to images (n, stems, bins, frames)."""
        images: Tensor = self.decoder(codes)[..., : self.shape[1], : self.shape[2]]
        return images

    def forward(self, given: tuple[Tensor, Tensor] | Tensor) -> tuple[Tensor, ...]:
        """Return images decoded from their own codes, and from another's of their class.

        Parameters
        ----------
        given
            Images (n, stems, bins, frames), and where codes are paired their classes (n,).
        """
        images = given[0] if self.paired else given
        codes = self.encoder(images)
        if not self.paired:
            return (self.decode(codes),)
        return self.decode(codes), self.decode(codes[_exchanged(given[1].flatten())])


def _exchanged(classes: Tensor) -> Tensor:
    """Return for each row the next one of its class, for the last the first."""
    partner = torch.empty_like(classes, dtype=torch.long)
    for one in classes.unique():
        rows = (classes == one).nonzero()[:, 0]
        partner[rows] = rows.roll(-1)
    return partner


class ReconstructionError(nn.Module):
    """Mean squared error of each of several reconstructions, added up."""

    def forward(self, decoded: tuple[Tensor, ...], images: Tensor) -> Tensor:
        """Return the loss of one batch of images (n, stems, bins, frames)."""
        return torch.stack([(one - images).square().mean() for one in decoded]).sum()
