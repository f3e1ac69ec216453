"""What lensmith must survive, tried many times: `python -m tests.faults`, or `make faults`.

Every trial is a real process that is really killed, a real disk that is really full, a real file that is really
damaged. Each kind of fault is stored in `results/` with how often it was tried and how often it passed, and the table
in `docs/reliability.md` is made of that.
"""

import os

# A process that has threads cannot be forked, and NumPy starts them when it is imported.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[_variable] = "1"
