"""What the rows share: the options, the binaries, the programs that run, and measurements that several rows use."""

import contextlib
import functools

from bench.processes import show_progress
from bench.targets import CONFIGURATIONS, DEFAULT, TWIN, run_database, run_target
from bench.twin_check import check_twins


class Environment:
    """Starts each program when a row needs it, and stops all programs at the end."""

    def __init__(self, options, binaries):
        self.options = options
        self.binaries = binaries
        self.stack = contextlib.ExitStack()
        self.results = {}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stack.__exit__(*exception)

    @functools.cached_property
    def database(self):
        show_progress("starting a lab for its DynamoDB")
        return self.stack.enter_context(run_database(self.binaries["lab"]))

    @functools.cached_property
    def targets(self):
        """The running configurations by name. The configurations run at the same time, because their rounds alternate."""
        database = self.database
        show_progress("starting the services and the twins")
        running = {name: self.stack.enter_context(run_target(self.binaries, name, database)) for name in CONFIGURATIONS}
        check_twins(running[TWIN], running[DEFAULT])
        return running

    def measure_once(self, function, *arguments):
        """Calls `function(self, *arguments)` at most once, because several rows use the same measurement."""
        key = (function, *arguments)
        if key not in self.results:
            self.results[key] = function(self, *arguments)
        return self.results[key]
