"""cmean on a machine whose clock is off by as many seconds as CMEAN_TESTING_CLOCK says."""

import os
import time

from cmean.cli import entry

true_time = time.time
time.time = lambda: true_time() + float(os.environ["CMEAN_TESTING_CLOCK"])
entry()
