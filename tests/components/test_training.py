from __future__ import annotations

from merbench.components import Separator, Trainable, Trained
from merbench_plugins.separators.hpss import Hpss
from merbench_plugins.separators.wave_u_net import WaveUNet


def test_only_what_learns_has_what_trains() -> None:
    assert not {"train", "training_music"} & set(dir(Separator))
    assert not isinstance(Hpss(), (Trainable, Trained))
    assert isinstance(WaveUNet(), Trainable)
    assert isinstance(WaveUNet(), Trained)


def test_the_music_may_be_known_where_training_is_not() -> None:
    class Known(Separator):
        def training_music(self) -> None:
            return None

    assert isinstance(Known(), Trained)
    assert not isinstance(Known(), Trainable)
