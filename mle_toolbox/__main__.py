"""`python -m mle_toolbox` is `mle`."""

import sys

from mle_toolbox.cli import main

sys.exit(main())
