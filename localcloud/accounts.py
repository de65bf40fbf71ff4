"""Accounts and their credentials: lasting keys, and temporary ones with a token and an end."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

DAY_S = 86_400


@dataclass(frozen=True)
class Role:
    """A role that others may assume: the accounts in `trusts`, or its own where none is named."""

    name: str = "cbsnap"
    id: str = "4611686018427397919"
    external_id: str = ""
    trusts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """One customer of the cloud; `uin` is the account's number, `appid` its older one."""

    uin: str = "100000000001"
    appid: str = "1250000001"
    secret_id: str = "AKIDlocalcloud"  # noqa: S105  # a public name, as is the key: they open nothing else
    secret_key: str = "localcloud"  # noqa: S105  # as above
    roles: tuple[Role, ...] = (Role(),)


@dataclass(frozen=True)
class Credentials:
    """What signs a call; temporary when it has a token. `expires_s` is a moment of the cloud's clock.

    `asked_by` is the account that asked for a role's credentials.
    """

    account: Account
    secret_id: str
    secret_key: str
    token: str = ""
    expires_s: float | None = None
    role: str = ""
    asked_by: str = ""


@dataclass
class Keyring:
    """Every key that the cloud knows, by its SecretId."""

    accounts: list[Account]
    held: dict[str, Credentials] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Hold each account's lasting key."""
        for account in self.accounts:
            self.held[account.secret_id] = Credentials(account, account.secret_id, account.secret_key)

    def find(self, secret_id: str) -> Credentials | None:
        """Return the credentials with this id, expired ones too."""
        return self.held.get(secret_id)

    def account(self, uin: str) -> Account | None:
        """Return the account with this number."""
        return next((each for each in self.accounts if each.uin == uin), None)

    def mint(  # what credentials are made of
        self, account: Account, now_s: float, expires_s: float, role: str, asked_by: str = ""
    ) -> Credentials:
        """Make temporary credentials that end at `expires_s`; those that ended a day ago are forgotten."""
        for old in [each for each in self.held.values() if (each.expires_s or now_s) < now_s - DAY_S]:
            del self.held[old.secret_id]
        made = Credentials(
            account,
            secret_id="AKID" + secrets.token_urlsafe(36).replace("/", "_"),
            secret_key=secrets.token_urlsafe(24),
            token=secrets.token_urlsafe(96),
            expires_s=expires_s,
            role=role,
            asked_by=asked_by,
        )
        self.held[made.secret_id] = made
        return made
