"""Lists over several regions, of which some may fail: what can be read is given, and what could not is said.

A request about one region, or about regions of which none can be read, fails as a whole.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field

from cbsnap.errors import CloudError
from cbsnap.model.plan import Target

T = TypeVar("T")


class Unread(BaseModel):
    """A region that is missing in an answer; `code` is the cloud's own."""

    region: str
    code: str
    detail: str


Errors = Annotated[list[Unread], Field(description="regions that could not be read, and are missing here")]


class Readings:
    """The targets of one answer, by number, and those of them that could not be read."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = targets
        self._failed: dict[int, Unread] = {}

    @property
    def errors(self) -> list[Unread]:
        """Return what could not be read, one entry a target."""
        return list(self._failed.values())

    def read(self, number: int, reader: Callable[[], T]) -> T | None:
        """Return what a reader gives, None when its target fails. Raises CloudError when all have."""
        try:
            return reader()
        except CloudError as failed:
            region = self._targets[number].region
            self._failed[number] = Unread(region=region, code=failed.code, detail=str(failed))
            if len(self._failed) == len(self._targets):
                raise
            return None

    def each(self, reader: Callable[[Target], T]) -> Iterator[T]:
        """Yield what a reader gives for each target that can be read. Raises CloudError when none can."""
        for number, target in enumerate(self._targets):
            found = self.read(number, partial(reader, target))
            if found is not None:
                yield found
