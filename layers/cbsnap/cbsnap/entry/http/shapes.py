"""What several resources speak of."""

from pydantic import BaseModel

DRILL_TAG = "cbsnap:drill"
TITLE_TAG = "cbsnap:title"


class Promise(BaseModel):
    """What will be made: the run, its key, and the snapshots' names, one a disk."""

    run: str
    key: str | None
    region: str
    names: list[str]
