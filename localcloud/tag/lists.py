"""Reading tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.errors import InvalidParameter
from localcloud.parameters import AtMost, Between
from localcloud.tag.resources import every, find
from localcloud.tag.service import SERVICE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    from localcloud.resources import Tags
    from localcloud.service import Answer, Call
    from localcloud.tag.resources import Resource

    Item = TypeVar("Item")


@dataclass(frozen=True)
class TagFilter:
    """Resources that carry the key with one of the values; with any, where none is given."""

    tag_key: str
    tag_value: Annotated[list[str], AtMost(10)] | None = None

    def admits(self, tags: Tags) -> bool:
        """Say whether these tags have it."""
        return self.tag_key in tags and (not self.tag_value or tags[self.tag_key] in self.tag_value)


Filters = Annotated[list[TagFilter], AtMost(6)]


def _shown(tags: Tags) -> list[dict[str, object]]:
    return [{"TagKey": key, "TagValue": value, "Category": "Custom"} for key, value in tags.items()]


def _page(items: Sequence[Item], token: str | None, size: int) -> tuple[Sequence[Item], str]:
    """Return a page and the token of the next one; a token is the next item's number."""
    if token and not token.isdecimal():
        raise InvalidParameter(name="PaginationToken", reason=f"`{token}`")
    start = int(token or 0)
    end = start + size
    return items[start:end], str(end) if end < len(items) else ""


def _tagged(call: Call, filters: Sequence[TagFilter] | None) -> list[Resource]:
    return [
        each
        for each in every(call)
        if each.existing().tags and all(one.admits(each.existing().tags) for one in filters or ())
    ]


@SERVICE.action
@dataclass(frozen=True)
class GetResources:
    """List resources with their tags: those named, or those that carry certain tags; untagged ones never."""

    resource_list: Annotated[list[str], AtMost(9)] | None = None
    tag_filters: Filters | None = None
    pagination_token: str | None = None
    max_results: Annotated[int, Between(1, 200)] = 50

    def answer(self, call: Call) -> Answer:
        """Answer with a page; MaxResults does not count where resources are named."""
        if self.resource_list:
            named = [find(call, each) for each in self.resource_list]
            rows, token = [each for each in named if each.found and each.found.tags], ""
            rows = [
                each for each in rows if all(f.admits(each.existing().tags) for f in self.tag_filters or ())
            ]
        else:
            page, token = _page(_tagged(call, self.tag_filters), self.pagination_token, self.max_results)
            rows = list(page)
        return {
            "PaginationToken": token,
            "ResourceTagMappingList": [
                {"Resource": each.name, "Tags": _shown(each.existing().tags)} for each in rows
            ],
        }


@SERVICE.action
@dataclass(frozen=True)
class DescribeResourcesByTags:
    """List resources by their tags, of one kind or region where that is said."""

    tag_filters: Filters
    create_uin: int | None = None
    offset: Annotated[int, Between(0, 10**9)] = 0
    limit: Annotated[int, Between(1, 200)] = 15
    resource_prefix: str | None = None
    resource_id: str | None = None
    resource_region: str | None = None
    service_type: str | None = None

    def answer(self, call: Call) -> Answer:
        """Answer with a page and how many there are in all."""
        rows = [each for each in _tagged(call, self.tag_filters) if self._asked(each)]
        return {
            "TotalCount": len(rows),
            "Offset": self.offset,
            "Limit": self.limit,
            "Rows": [_row(each) for each in rows[self.offset : self.offset + self.limit]],
        }

    def _asked(self, resource: Resource) -> bool:
        asked = (self.service_type, self.resource_prefix, self.resource_region, self.resource_id)
        has = (resource.service, resource.prefix, resource.region.name, resource.existing().id)
        return all(one is None or one == other for one, other in zip(asked, has, strict=True))


def _row(resource: Resource) -> Answer:
    return {
        "ServiceType": resource.service,
        "ResourcePrefix": resource.prefix,
        "ResourceRegion": resource.region.name,
        "ResourceId": resource.existing().id,
        "Tags": _shown(resource.existing().tags),
    }


def _values(call: Call) -> dict[str, dict[str, None]]:
    return call.cloud.world.tags_of(call.caller.account.uin).values


@SERVICE.action
@dataclass(frozen=True)
class GetTagKeys:
    """List the keys that the account has."""

    pagination_token: str | None = None
    max_results: Annotated[int, Between(1, 1000)] = 50
    category: str = "All"

    def answer(self, call: Call) -> Answer:
        """Answer with a page of keys."""
        page, token = _page(sorted(_values(call)), self.pagination_token, self.max_results)
        return {"PaginationToken": token, "TagKeys": list(page)}


@SERVICE.action
@dataclass(frozen=True)
class GetTagValues:
    """List the values that keys have."""

    tag_keys: Annotated[list[str], Between(1, 20)]
    pagination_token: str | None = None
    max_results: Annotated[int, Between(1, 1000)] = 50
    category: str = "All"

    def answer(self, call: Call) -> Answer:
        """Answer with a page of pairs."""
        values = _values(call)
        pairs = [(key, value) for key in self.tag_keys for value in sorted(values.get(key, ()))]
        page, token = _page(pairs, self.pagination_token, self.max_results)
        return {
            "PaginationToken": token,
            "Tags": [{"TagKey": key, "TagValue": value, "Category": "Custom"} for key, value in page],
        }
