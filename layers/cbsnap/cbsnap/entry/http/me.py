"""Who the caller is, and what of: the first thing that a client asks."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

import cbsnap
from cbsnap.entry.http import access
from cbsnap.rules.tokens import Scope, Token
from cbsnap.wiring import Wiring


class Me(BaseModel):
    """A token, and the deployment that it is for."""

    name: str
    scopes: list[Scope]
    expires_at: datetime
    deployment: str
    regions: list[str]
    version: str
    time_zone: str


def routes(wiring: Wiring) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["me"])

    @router.get("/me", **access.only(Scope.READ))
    async def me(token: Annotated[Token, Depends(access.caller)]) -> Me:
        """Tell who calls, what the token is for, and which deployment this is."""
        return Me(
            name=token.name,
            scopes=[scope for scope in Scope if scope in token.scopes],
            expires_at=token.expires_at,
            deployment=wiring.plan.deployment,
            regions=list(dict.fromkeys(target.region for target in wiring.plan.targets)),
            version=cbsnap.__version__,
            time_zone=wiring.plan.time_zone,
        )

    return router
