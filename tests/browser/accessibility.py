"""axe-core inside a page."""

from typing import Any

import pytest
from playwright.sync_api import Page

from dev.axe import axe_script

GRAVE = ("serious", "critical")
RUN = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations;
}"""


def grave_faults(page: Page) -> list[str]:
    """A line for each serious or critical fault of the page as it is. Skips the test on a machine without axe."""
    script = axe_script()
    if script is None:
        pytest.skip("there is no axe-core on this machine")
    page.evaluate(script.read_text())
    return [_told(fault) for fault in page.evaluate(RUN) if fault["impact"] in GRAVE]


def _told(fault: Any) -> str:
    where = "; ".join(f"{node['html'][:200]} ({node['failureSummary']})" for node in fault["nodes"][:5])
    return f"{fault['impact']}: {fault['id']}: {fault['help']}: {where}"
