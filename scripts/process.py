"""Started by the rules `pre_processing` and `post_processing`: a script that belongs to no seed run.

process.py --stage=NAME --script=FILE --experiment-dir=FOLDER --cores=N [--conda-prefix=FOLDER] [--code=on-disk]
           -- [ARGUMENTS]
"""

import sys

from mle_toolbox.experiment.processing_job import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
