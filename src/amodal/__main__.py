"""`python -m amodal`: the command line, also where its script is not on the path."""

import sys

from amodal.cli.main import main

sys.exit(main())
