"""LibreOffice as an independent calculator: a workbook in, the same workbook with every formula computed anew out."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

RECALCULATE_ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


class Office:
    """A LibreOffice with a profile of its own that computes every formula when it opens a file."""

    def __init__(self, folder: Path) -> None:
        """Make the profile; skip the test, saying so, where LibreOffice is absent."""
        self.program = shutil.which("soffice") or shutil.which("libreoffice")
        if self.program is None:
            pytest.skip("LibreOffice is absent: install libreoffice-calc (`make system-deps`)")
        self.folder = folder
        user = folder / "profile" / "user"
        user.mkdir(parents=True)
        (user / "registrymodifications.xcu").write_text(RECALCULATE_ALWAYS, encoding="utf-8")

    def convert(self, path: Path, kind: str) -> Path:
        """Return the file converted (`xlsx` = recalculated, `pdf` = printed)."""
        out = self.folder / kind
        out.mkdir(exist_ok=True)
        profile = f"-env:UserInstallation={(self.folder / 'profile').as_uri()}"
        command = [str(self.program), profile, "--headless", "--convert-to", kind, "--outdir", str(out), str(path)]
        subprocess.run(command, check=False, capture_output=True, timeout=120)
        found = out / f"{path.stem}.{kind}"
        assert found.exists(), f"LibreOffice could not convert {path.name} to {kind}"
        return found
