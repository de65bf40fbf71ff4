"""Assuming a role, and saying who calls.

A role is one that the fleet file gives an account. What its policies allow is not emulated: credentials of a
role may do everything in the role's account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.moments import utc
from localcloud.parameters import AtMost
from localcloud.sts import errors
from localcloud.sts.service import ASSUMED_PER_SECOND, SERVICE
from localcloud.tagging import Tag

if TYPE_CHECKING:
    from localcloud.accounts import Account, Role
    from localcloud.service import Answer, Call

LONGEST_S = 43_200
SessionTags = Annotated[list[Tag], AtMost(50)]
_ARN = re.compile(r"qcs::cam::uin/(?P<uin>\d+):(?:roleName/(?P<name>[\w+=,.@-]+)|role/(?P<id>\w+))")
_SESSION = re.compile(r"[\w+=,.@-]{2,128}")


@SERVICE.rated(ASSUMED_PER_SECOND)
@dataclass(frozen=True)
class AssumeRole:
    """Give temporary credentials of a role to a caller that the role trusts.

    Not emulated: Policy, session tags, SourceIdentity and multi-factor codes are taken and change nothing.
    """

    role_arn: str
    role_session_name: str
    duration_seconds: int = 7200
    policy: str | None = None
    external_id: str | None = None
    tags: SessionTags | None = None
    source_identity: str | None = None
    serial_number: str | None = None
    token_code: str | None = None

    def answer(self, call: Call) -> Answer:
        """Answer with an id, a key, a token and when they end."""
        if not _SESSION.fullmatch(self.role_session_name):
            raise errors.ParamError(name="RoleSessionName")
        if not 0 < self.duration_seconds <= LONGEST_S:
            raise errors.OverTimeError(limit_s=LONGEST_S)
        account, role = self._role(call)
        trusted = role.trusts or (account.uin,)
        if call.caller.account.uin not in trusted or (role.external_id or None) != (self.external_id or None):
            raise errors.UnauthorizedOperation(role=self.role_arn)
        session = f"{role.id}:{self.role_session_name}"
        asked_by = call.caller.account.uin
        minted = call.cloud.mint_credentials(account.uin, self.duration_seconds, session, asked_by)
        ends_s = call.now_s + self.duration_seconds
        return {
            "Credentials": {
                "Token": minted.token,
                "TmpSecretId": minted.secret_id,
                "TmpSecretKey": minted.secret_key,
            },
            "ExpiredTime": int(ends_s),
            "Expiration": utc(ends_s),
        }

    def _role(self, call: Call) -> tuple[Account, Role]:
        match = _ARN.fullmatch(self.role_arn)
        if match is None:
            raise errors.ParamError(name="RoleArn")
        account = call.cloud.keyring.account(match["uin"])
        for role in account.roles if account else ():
            if account and (match["name"] or match["id"]) in (role.name, role.id):
                return account, role
        raise errors.RoleNotFound(role=self.role_arn)


@SERVICE.action
@dataclass(frozen=True)
class GetCallerIdentity:
    """Say who calls: an account, or a role's session."""

    def answer(self, call: Call) -> Answer:
        """Answer with the caller's names."""
        uin, session = call.caller.account.uin, call.caller.role
        return {
            "Arn": f"qcs::sts::uin/{uin}:assumed-role/{session}" if session else f"qcs::cam::uin/{uin}:root",
            "AccountId": uin,
            "UserId": session or uin,
            "PrincipalId": call.caller.asked_by or uin,  # of a role: the account that asked for its key (SDK)
            "Type": "CAMRole" if session else "CAMUser",
        }
