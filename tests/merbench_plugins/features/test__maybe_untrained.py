"""Networks with random weights: they are ready where no weights are."""

from __future__ import annotations

import pytest

from merbench import MerbenchError
from merbench_plugins.features._maybe_untrained import MaybeUntrained
from merbench_plugins.features.artist_cnn import ArtistEmbedding, ArtistSequence
from merbench_plugins.features.mtat_crnn import MtatEmbedding
from merbench_plugins.features.openl3 import OpenL3, OpenL3Sequence

NETWORKS = (ArtistEmbedding, ArtistSequence, MtatEmbedding, OpenL3, OpenL3Sequence)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("network", NETWORKS, ids=lambda cls: cls.name)
def test_only_trained_networks_need_weights(network: type[MaybeUntrained]) -> None:
    network(untrained=True).ready()
    with pytest.raises(MerbenchError, match="merbench weights fetch"):
        network().ready()
