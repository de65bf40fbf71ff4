import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_lock_files_carry_hashes_and_name_no_registry() -> None:
    locks = [*ROOT.glob("requirements/*.txt"), ROOT / "layers/deps/requirements.txt"]

    assert len(locks) == 3
    for lock in locks:
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert "--find-links" not in text


def test_every_setting_is_documented() -> None:
    named = {
        name
        for file in (ROOT / "layers/cbsnap").rglob("*.py")
        for name in re.findall(r'"(CBSNAP_[A-Z_]+)"', file.read_text())
    }

    documented = set(re.findall(r"`(CBSNAP_[A-Z_]+)`", (ROOT / "docs/settings.md").read_text()))

    assert named == documented
