"""Properties are tried on the same inputs in every run. To search for new ones: HYPOTHESIS_PROFILE=search."""
import os

import hypothesis

# No deadline for a single input: a machine may be busy. What must not take long has tests that measure it.
COMMON = {"deadline": None, "database": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("repeatable", derandomize=True, max_examples=100, **COMMON)
hypothesis.settings.register_profile("search", max_examples=5000, print_blob=True, **COMMON)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
