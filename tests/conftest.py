"""Settings of every test here."""

import os

from hypothesis import HealthCheck, settings

# How fast examples are made and run says more about the machine than about the code. Where a change has to pass, the
# examples are the same each time; elsewhere they are new each time, and a failure prints how to repeat it.
settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
)
settings.load_profile("default")
