"""A contestant for tests: prints what it was given as JSON, or fails.

python -m tests.benchmarks.printing [--megabytes N] [--fail] [--seed N]
"""

import argparse
import json
import os
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--megabytes", type=int, default=0)
parser.add_argument("--fail", action="store_true")
parser.add_argument("--folder")
parser.add_argument("--seed", type=int)

if __name__ == "__main__":
    given = parser.parse_args()
    if given.fail:
        sys.exit("no such recipe")
    kept = b"x" * (given.megabytes * 2**20)
    home = os.environ["LENSMITH_HOME"]
    print(json.dumps({"seed": given.seed, "folder": given.folder, "home": home, "made": os.path.exists(home)}))
