"""Measurements in processes of their own: ``python -m benchmarks.child`` runs one function and prints what it gives.

So the heap is in a known state, a library can be as good as not installed, and no measurement sees another's leavings.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from benchmarks import heap
from benchmarks.serving import pin


def call(
    function: str,
    *,
    state: heap.State = "warm",
    without: tuple[str, ...] = (),
    python: str = sys.executable,
    environment: Mapping[str, str] | None = None,
    **arguments: Any,
) -> Any:
    """Call a function of this package in a new process.

    Args:
        function: Its module and name, such as ``"requests.measure"``.
        state: State of the heap, from beginning to end.
        without: Modules that cannot be imported there.
        python: Interpreter.
        environment: Variables to add.
        arguments: For the function, as JSON; what it gives has to be JSON too.
    """
    done = subprocess.run(
        [python, "-m", "benchmarks.child", json.dumps([function, without, arguments])],
        env={**os.environ, **heap.environment(state), **(environment or {})},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def main() -> None:
    """Do what the parent asks for."""
    function, without, arguments = json.loads(sys.argv[1])
    sys.modules.update(dict.fromkeys(without))
    pin(0)
    heap.hold()
    module, _, name = function.partition(".")
    found = getattr(import_module(f"benchmarks.{module}"), name)(**arguments)
    heap.hold()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
