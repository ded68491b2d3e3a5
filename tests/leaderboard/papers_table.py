"""What a paper prints of the numpy-only plugins' systems."""

from __future__ import annotations

TABLE = {
    "source": "A paper, Table 1",
    "systems": [
        {"system": "second", "cells": {"separator": "halves"}, "values": {"noise": 0.5}},
        {"system": "first", "cells": {"separator": "plain"}, "values": {"noise": 0.25}},
        {
            "system": "first",
            "cells": {"separator": "plain"},
            "values": {"noise": 2.0},
            "metric": "kl_median_upper",
            "status": "corrected",
        },
    ],
}
