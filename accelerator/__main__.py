"""`python -m accelerator` is the console script `accelerator`."""

import sys

from accelerator.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
