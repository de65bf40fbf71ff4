"""Layers and their versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.parameters import Between
from localcloud.runtime.catalog import Layer
from localcloud.runtime.function import LayerRef
from localcloud.scf.code import Code, unpack
from localcloud.scf.configuration import Tag, described, tags_of
from localcloud.scf.errors import InvalidName, LayerNotFound, LayerVersionInUse, LayerVersionNotFound
from localcloud.scf.service import SERVICE, key_of, layers_of, runtime_of
from localcloud.scf.versions import NAME
from localcloud.scf.views import show_layer

if TYPE_CHECKING:
    from localcloud.service import Answer, Call


def _versions(call: Call, name: str) -> list[Layer]:
    """Return a layer's versions, the latest first."""
    versions = [layer for ref, layer in layers_of(call).items() if ref.name == name]
    return sorted(versions, key=lambda each: -each.ref.version)


def _version(call: Call, name: str, version: int) -> Layer:
    layer = layers_of(call).get(LayerRef(name, version))
    if layer is None:
        raise LayerVersionNotFound(name=name, version=version)
    return layer


@SERVICE.action
@dataclass(frozen=True)
class PublishLayerVersion:
    """Publish a zip file as a layer's next version."""

    layer_name: str
    compatible_runtimes: list[str]
    content: Code
    description: str = ""
    license_info: str = ""
    tags: list[Tag] | None = None

    async def answer(self, call: Call) -> Answer:
        """Answer with the version's number."""
        if not NAME.fullmatch(self.layer_name):
            raise InvalidName(name=self.layer_name)
        stored = await unpack(self.content.zip_file, runtime_of(call).store)
        newest = max((each.ref.version for each in _versions(call, self.layer_name)), default=0)
        ref = LayerRef(self.layer_name, newest + 1)
        described(self.description)
        layers_of(call)[ref] = Layer(
            ref=ref,
            folder=stored.folder,
            runtimes=tuple(self.compatible_runtimes),
            description=self.description,
            licence=self.license_info,
            sha256=stored.sha256,
            added_s=call.now_s,
            settled_s=call.now_s + runtime_of(call).deploy_s,
            tags=tags_of(self.tags),
        )
        return {"LayerVersion": ref.version}


@SERVICE.action
@dataclass(frozen=True)
class GetLayerVersion:
    """Show a layer's version; at its Location are the same files, in a zip file of other bytes."""

    layer_name: str
    layer_version: int

    def answer(self, call: Call) -> Answer:
        """Show it."""
        layer = _version(call, self.layer_name, self.layer_version)
        shown = {
            name: value
            for name, value in show_layer(layer, call.now_s).items()
            if name not in ("Stamp", "Tags")
        }
        where = f"{call.caller.account.uin}/{call.region}/{self.layer_name}/{self.layer_version}"
        url = runtime_of(call).url
        return shown | {"CodeSha256": layer.sha256, "Location": f"{url}/_local/layers/{where}"}


@SERVICE.action
@dataclass(frozen=True)
class ListLayers:
    """List layers, each with its latest version."""

    compatible_runtime: str | None = None
    offset: int = 0
    limit: Annotated[int, Between(0, 100)] = 20
    search_key: str = ""

    def answer(self, call: Call) -> Answer:
        """Show a page."""
        names = dict.fromkeys(ref.name for ref in layers_of(call) if self.search_key in ref.name)
        latest = [_versions(call, name)[0] for name in names]
        found = [each for each in latest if self.compatible_runtime in (None, *each.runtimes)]
        page = found[self.offset : self.offset + self.limit]
        return {"Layers": [show_layer(each, call.now_s) for each in page], "TotalCount": len(found)}


@SERVICE.action
@dataclass(frozen=True)
class ListLayerVersions:
    """List a layer's versions."""

    layer_name: str
    compatible_runtime: list[str] | None = None

    def answer(self, call: Call) -> Answer:
        """Show them all; raises LayerNotFound."""
        versions = _versions(call, self.layer_name)
        if not versions:
            raise LayerNotFound(name=self.layer_name)
        wanted = set(self.compatible_runtime or ())
        shown = [
            show_layer(each, call.now_s) for each in versions if not wanted or wanted & set(each.runtimes)
        ]
        return {"LayerVersions": shown}


@SERVICE.action
@dataclass(frozen=True)
class DeleteLayerVersion:
    """Delete a layer's version that no function uses; the refusal is inferred from its code."""

    layer_name: str
    layer_version: int

    def answer(self, call: Call) -> Answer:
        """Delete it."""
        ref = _version(call, self.layer_name, self.layer_version).ref
        here = key_of(call, "", "")[:2]  # layers belong to a region
        for deployed in runtime_of(call).catalog.functions.values():
            if deployed.key[:2] == here and any(ref in each.layers for each in deployed.versions.values()):
                raise LayerVersionInUse(function=deployed.key.name)
        del layers_of(call)[ref]
        return {}
