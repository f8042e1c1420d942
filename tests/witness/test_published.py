"""Our figures are the published ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelcheck import check
from tests.published import PUBLISHED, Published


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row.name)
def test_published(row: Published, tmp_path: Path) -> None:
    path = row.spec
    if isinstance(path, str):
        path = tmp_path / "published.py"
        path.write_text(str(row.spec), encoding="utf-8")
    result = check(path, spec=row.spec_class, constants=row.constants, deadlock=False)
    found = result.statistics
    assert result.verdict == "holds" and result.complete
    assert found.distinct == row.distinct
    assert row.generated in (None, found.generated)
    assert row.depth in (None, found.depth)
