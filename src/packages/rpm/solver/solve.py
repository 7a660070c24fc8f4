"""Chooses packages: a request as JSON on stdin, the choice as JSON on stdout. See solver.ts for both documents.

The arguments are libraries, of which the first that is there chooses. It reads local repositories alone, and no
configuration but the request.
"""

import importlib
import json
import os
import resource
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

CHOOSERS = {"dnf": "dnf4", "libdnf5": "dnf5"}


def chooser():
    for library in sys.argv[1:]:
        try:
            importlib.import_module(library)
        except ImportError:
            continue
        return importlib.import_module(CHOOSERS[library])
    sys.exit(90)


def main():
    choose = chooser().choose
    request = json.load(sys.stdin)
    # What a repository says is a stranger's: a solver that runs away ends.
    resource.setrlimit(resource.RLIMIT_AS, (request["memory"], request["memory"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (request["memory"], request["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (request["seconds"], request["seconds"]))
    answer = choose(request)
    sys.stdout.write("\n")
    json.dump(answer, sys.stdout)


main()
