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
