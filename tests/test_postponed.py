"""NumPy's Fortran translator is loaded when somebody wants it, and not for SciPy."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from merbench.postponed import postpone_unused
postpone_unused()
import numpy
import scipy.special
loaded = lambda: "numpy.f2py.crackfortran" in sys.modules
before = loaded()
version = numpy.f2py.get_include
print(before, loaded(), scipy.special.stdtr(3, 0.0))
"""


def said(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_nobody_uses_is_loaded_when_somebody_does() -> None:
    assert said(CODE) == "False True 0.5"


def test_what_is_loaded_stays_as_it_is() -> None:
    code = "import numpy.f2py as a; from merbench.postponed import postpone_unused as p; p(); "
    assert said(code + "import numpy.f2py as b; print(a is b, a.get_include is not None)") == (
        "True True"
    )
