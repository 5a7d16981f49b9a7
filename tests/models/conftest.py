"""How long the property tests of the models may take: `--hypothesis-profile long` has them look for hours."""

from hypothesis import settings

settings.register_profile("long", max_examples=5_000, stateful_step_count=100)
