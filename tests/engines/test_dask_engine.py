"""The engine `dask` is there by name, with nothing to set for a cluster of this machine."""

from __future__ import annotations

from merbench.components import EngineOptions
from merbench.engines import catalogue
from merbench.engines.dask_engine import Dask
from merbench.engines.dask_place import DaskPlace
from merbench.plugins.registry import Registry


def test_it_is_found_by_name_and_starts_a_place_of_its_parameters(tmp_path) -> None:
    engine = catalogue.engine(Registry(), "dask", ["batch=7"])
    assert isinstance(engine, Dask)
    assert engine.cluster == "local"
    place = engine.start(EngineOptions(tmp_path, jobs=1))
    assert isinstance(place, DaskPlace)
    assert place.engine.batch == 7
