"""One measurement in a process of its own: `python -m benchmark.worker '{"module": …}'`."""

import asyncio
import importlib
import json
import logging
import os
import sys


def main() -> None:
    """Do the work that the argument names; its last and only line of output is the answer."""
    arguments = json.loads(sys.argv[1])
    # Whatever else prints goes to the terminal, not into the answer.
    answer_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    module = importlib.import_module(f"benchmark.{arguments.pop('module')}")
    answer = asyncio.run(module.work(**arguments))
    answer_to.write(json.dumps(answer) + "\n")
    answer_to.flush()
    # Home Assistant's executor threads need not be waited for: all is measured.
    os._exit(0)


if __name__ == "__main__":
    main()
