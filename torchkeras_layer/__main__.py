"""Run the command as `python -m torchkeras_layer`."""

import sys

from torchkeras_layer.command import main

if __name__ == "__main__":
    sys.exit(main())
