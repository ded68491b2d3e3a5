from __future__ import annotations

from kept_bench import kept_bench as kept_bench
