"""Redis, by its plain protocol: a BGSAVE that has ended well, on a disk that is then synced.

The snapshot's dump is whole and as old as the BGSAVE. A server that writes an append-only file loads that
instead: it needs the freeze, and since a freeze blocks such a server's readers too, the plan must allow it.
"""

import contextlib
import socket
import time
from typing import NamedTuple, Optional, Tuple

from cbsnap_agent import here, kernel, values
from cbsnap_agent.errors import HoldBroken, StepFailed

_ANSWER_LIMIT_S = 2
_CONFIRM_LIMIT_S = 0.4
_POLL_S = 0.02


class Settings(NamedTuple):
    """How to reach the server, and what the plan allows."""

    socket: Optional[str]
    address: Optional[Tuple[str, int]]
    user: str
    password_file: Optional[str]
    data: list
    allow_append_only: bool


def read(section):
    """Take the `redis.` keys; `data` replaces what CONFIG GET dir says, where that is forbidden."""
    path = section.take("redis.socket", values.path, None)
    return Settings(
        socket=path,
        address=section.take("redis.address", values.address, None if path else ("127.0.0.1", 6379)),
        user=section.take("redis.user", values.word, "default"),
        password_file=section.take("redis.password_file", values.path, None),
        data=section.take("redis.data", values.paths, []),
        allow_append_only=section.take("redis.allow_append_only", values.yes_no, default=False),
    )


class Session:
    """One lease's connection."""

    locks = False

    def __init__(self, settings):
        self._settings = settings
        self._socket = self._reader = None
        self._run_id = None
        self._appends = False
        self._doubts = []

    @property
    def needs_freeze(self):
        """Tell whether the server loads an append-only file, which goes on growing."""
        return self._appends

    def connect(self):
        """Connect, and refuse a server whose readers a freeze would block unless that is allowed."""
        if not self._socket:
            self._open()
        about = self._info("server")
        self._run_id = about["run_id"]
        self._appends = self._info("persistence")["aof_enabled"] == "1"
        if self._appends and not self._settings.allow_append_only:
            raise StepFailed(
                "redis: it writes an append-only file, so a freeze blocks its readers too;"
                " allow it with redis.allow_append_only = yes"
            )

    def places(self):
        """Return the folder of the dump and the append-only file."""
        return self._settings.data or [self._ask("CONFIG", "GET", "dir")[1]]

    def problems(self):
        """Return what keeps this server from being held."""
        try:
            self.connect()
        except StepFailed as error:
            return [("cannot-hold", "redis.allow_append_only", str(error))]
        return []

    def prepare(self, end_s):
        """Have the data written, and wait until they are."""
        before = self._info("persistence")
        if before["rdb_bgsave_in_progress"] == "1":
            self._wait_for_save(end_s)
        self._ask("BGSAVE")
        after = self._wait_for_save(end_s)
        if after["rdb_last_bgsave_status"] != "ok":
            raise StepFailed("redis: BGSAVE ended with {}".format(after["rdb_last_bgsave_status"]))

    def lock(self, end_s):
        """Do nothing: what was saved does not change."""

    def positions(self):
        """Return version, the time of the dump, and the replication position."""
        saved, replication = self._info("persistence"), self._info("replication")
        return {
            "version": self._info("server")["redis_version"],
            "saved_at_s": int(saved["rdb_last_save_time"]),
            "replication_id": replication["master_replid"],
            "replication_offset": int(replication["master_repl_offset"]),
        }

    def confirm(self):
        """See that the same process answers."""
        try:
            self._socket.settimeout(_CONFIRM_LIMIT_S)
            run_id = self._info("server")["run_id"]
        except (StepFailed, OSError) as error:
            raise HoldBroken("redis: the session is gone: {}".format(error)) from error
        if run_id != self._run_id:
            raise HoldBroken("redis: the server was replaced")

    def unlock(self):
        """Disconnect."""
        for end in (self._reader, self._socket):
            if end:
                with contextlib.suppress(OSError):
                    end.close()
        self._socket = self._reader = None

    def doubts(self):
        """Return why the folder may be another host's."""
        return self._doubts

    def caveats(self):
        """Return how old the data are."""
        found = [] if self._appends else ["redis: the data are those of the BGSAVE before the lease was HELD"]
        if self._settings.data:
            found.append("redis: where its data lie is the configuration's word alone")
        return found

    def _wait_for_save(self, end_s):
        while True:
            state = self._info("persistence")
            if state["rdb_bgsave_in_progress"] == "0":
                return state
            if kernel.boottime_s() >= end_s:
                raise StepFailed("redis: BGSAVE did not end in time")
            time.sleep(_POLL_S)

    def _info(self, part):
        lines = self._ask("INFO", part).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def _open(self):
        settings = self._settings
        try:
            if settings.socket:
                self._socket = socket.socket(socket.AF_UNIX)
                self._socket.settimeout(_ANSWER_LIMIT_S)
                self._socket.connect(settings.socket)
            else:
                self._socket = socket.create_connection(settings.address, _ANSWER_LIMIT_S)
                self._doubts = here.doubts("redis", self._socket.getpeername()[0])
            self._reader = self._socket.makefile("rb")
            if settings.password_file:
                with open(settings.password_file) as source:
                    self._ask("AUTH", settings.user, source.read().rstrip("\n"))
        except OSError as error:
            raise StepFailed("redis: cannot connect: {}".format(error)) from error

    def _ask(self, *words):
        """Send a command and return its answer; raises StepFailed without repeating what may be secret."""
        parts = ["*{}".format(len(words))]
        for word in words:
            parts += ["${}".format(len(word.encode())), word]
        try:
            self._socket.sendall(("\r\n".join(parts) + "\r\n").encode())
            return self._answer(words[0])
        except OSError as error:
            raise StepFailed("redis: {}: {}".format(words[0], error)) from error

    def _answer(self, command):
        line = self._reader.readline().decode().rstrip("\r\n")
        kind, text = line[:1], line[1:]
        if kind == "-":
            raise StepFailed("redis: {}: {}".format(command, text))
        if kind == "$":
            return self._reader.read(int(text) + 2)[:-2].decode(errors="replace")
        if kind == "*":
            return [self._answer(command) for _ in range(int(text))]
        if kind in ("+", ":"):
            return text
        raise OSError("the connection was closed")
