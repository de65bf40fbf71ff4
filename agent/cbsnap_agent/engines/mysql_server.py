"""What is known of a MySQL or MariaDB server: versions, statements, places, positions, privileges.

Reads only. Every answer comes from a function that runs a statement and returns its rows,
or raises StepFailed. Version numbers
and statements are those of the two manuals; only MariaDB's have been tried.
"""

import glob
import os
import re

from cbsnap_agent.errors import StepFailed

_PLACE_VARIABLES = (
    "datadir",
    "innodb_data_home_dir",
    "innodb_log_group_home_dir",
    "innodb_undo_directory",
    "innodb_doublewrite_dir",
    "aria_log_dir_path",
    "rocksdb_datadir",
    "rocksdb_wal_dir",
)
_LOG_VARIABLES = ("log_bin_basename", "log_bin_index", "relay_log_basename", "relay_log_index")
_FILES = {
    "innodb_datafiles": "path",  # MySQL 8
    "innodb_sys_datafiles": "path",  # MariaDB before 10.6
    "innodb_sys_tablespaces": "filename",  # MariaDB since 10.6
    "files": "file_name",  # MySQL 8: undo tablespaces too
}
_NEEDED = ("RELOAD", "PROCESS")
_STATUS_SINCE = (8, 2)  # MySQL's SHOW BINARY LOG STATUS; SHOW MASTER STATUS is gone in 8.4


class Server:
    """A server, asked through `rows(statement)`."""

    def __init__(self, rows):
        self._rows = rows
        self.version = rows("SELECT VERSION()")[0][0]
        self.is_mariadb = "mariadb" in self.version.lower()
        self.number = tuple(int(part) for part in re.findall(r"\d+", self.version)[:2])

    def role(self):
        """Return `replica` if the server is read-only, else `primary`."""
        return "replica" if self._variable("read_only") in ("ON", "1") else "primary"

    def lock_statements(self, lock):
        """Return the statements that lock, in order."""
        if lock == "backup-stage":
            return ["BACKUP STAGE " + stage for stage in ("START", "FLUSH", "BLOCK_DDL", "BLOCK_COMMIT")]
        if self.is_mariadb or self.number < (8, 0):
            return ["FLUSH TABLES WITH READ LOCK"]
        return ["LOCK INSTANCE FOR BACKUP", "FLUSH LOCAL TABLES", "FLUSH TABLES WITH READ LOCK"]

    def unlock_statement(self, lock):
        """Return what ends the lock; LOCK INSTANCE goes with its session, which ends next."""
        return "BACKUP STAGE END" if lock == "backup-stage" else "UNLOCK TABLES"

    def places(self):
        """Return (every folder that the server writes data or logs to, why there may be more)."""
        data = self._variable("datadir")
        folders = [self._variable(name) for name in _PLACE_VARIABLES]
        files = [self._variable(name) for name in _LOG_VARIABLES] + self._system_files()
        linked, unread = _linked(data)
        listed, unsaid = self._table_files()
        folders += [os.path.dirname(file) for file in files + linked + listed if file]
        places = {os.path.normpath(os.path.join(data, folder)) for folder in folders}
        return sorted(places), unread + unsaid

    def _system_files(self):
        home = self._variable("innodb_data_home_dir")
        files = self._variable("innodb_data_file_path").split(";")
        return [os.path.join(home, file.split(":")[0]) for file in files]

    def _table_files(self):
        """Return (the files of all tables, why there may be more), from whichever list the server has."""
        found, asked = [], False
        try:
            for table, column in _FILES.items():
                if self._has(table, column):
                    query = "SELECT {} FROM information_schema.{}"
                    rows = self._rows(query.format(column, table))
                    found += [row[0] for row in rows if row[0]]
                    asked = asked or table != "files"
        except StepFailed as error:
            return found, ["mysql: where its tables lie was not said: {}".format(error)]
        return found, [] if asked else ["mysql: where its tables lie was not said: no table lists them"]

    def _has(self, table, column):
        query = (
            "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'information_schema'"
            " AND LOWER(table_name) = '{}' AND LOWER(column_name) = '{}'"
        )
        return self._rows(query.format(table, column))[0][0] > 0

    def positions(self):
        """Return (positions, caveats for what the privileges did not show)."""
        found = {"version": self.version}
        caveats = []
        try:
            found["binlog"] = self._binlog()
        except StepFailed as error:
            caveats.append("no binary log position: {}".format(error))
        gtid = "gtid_binlog_pos" if self.is_mariadb else "gtid_executed"
        found["gtid"] = self._variable(gtid)
        return found, caveats

    def longest_query(self, limit_s):
        """Return (id, seconds) of the longest statement that runs for longer than the limit, or None."""
        rows = self._rows(
            "SELECT id, time FROM information_schema.processlist WHERE command IN ('Query', 'Execute')"
            " AND id <> CONNECTION_ID() AND user NOT IN ('system user', 'event_scheduler')"
            " ORDER BY time DESC LIMIT 1"
        )
        return rows[0] if rows and rows[0][1] > limit_s else None

    def open_transactions(self):
        """Return the caveat that goes with transactions left open: their other tables are not protected."""
        try:
            ((count,),) = self._rows("SELECT COUNT(*) FROM information_schema.innodb_trx")
        except StepFailed:
            return ["mysql: open transactions could not be counted (needs PROCESS)"]
        text = "mysql: {} transactions were open; what they wrote to non-transactional tables is not undone"
        return [text.format(count)] if count else []

    def is_desynced(self):
        """Tell whether a Galera node is out of flow control; raises for a server that is no such node."""
        return self._variable("wsrep_desync") in ("ON", "1")

    def problems(self, lock, needs_desync):
        """Return [(code, field, message)], a missing privilege with the statement that grants it."""
        missing = [name for name in self._needed(lock) if name not in self._granted()]
        ((account,),) = self._rows("SELECT CURRENT_USER()")
        grants = "GRANT {} ON *.* TO '{}'".format(", ".join(missing), account.replace("@", "'@'"))
        found = [("missing-privilege", "mysql.user", grants)] if missing else []
        if lock == "backup-stage" and not self.is_mariadb:
            found.append(("not-supported", "mysql.lock", "BACKUP STAGE is MariaDB's; use `tables`"))
        if needs_desync and self.is_desynced():
            found.append(
                ("left-desynced", "mysql.galera_desync", "wsrep_desync is ON already: SET GLOBAL it OFF")
            )
        return found

    def _needed(self, lock):
        position = (
            ["BINLOG MONITOR"] if self.is_mariadb and self.number >= (10, 5) else ["REPLICATION CLIENT"]
        )
        backup = (
            ["BACKUP_ADMIN"] if lock == "tables" and not self.is_mariadb and self.number >= (8, 0) else []
        )
        return [*_NEEDED, *position, *backup]

    def _granted(self):
        lines = [row[0].upper() for row in self._rows("SHOW GRANTS") if " ON *.* " in row[0].upper()]
        names = {
            name.strip() for line in lines for name in line[len("GRANT ") : line.index(" ON ")].split(",")
        }
        return _Everything() if "ALL PRIVILEGES" in names else names

    def _binlog(self):
        is_new = not self.is_mariadb and self.number >= _STATUS_SINCE
        rows = self._rows("SHOW BINARY LOG STATUS" if is_new else "SHOW MASTER STATUS")
        return {"file": rows[0][0], "position": rows[0][1]} if rows else None

    def _variable(self, name):
        rows = self._rows("SHOW GLOBAL VARIABLES LIKE '{}'".format(name))
        return rows[0][1] if rows else ""


class _Everything:
    def __contains__(self, _name):
        return True


def _linked(data):
    """Return (the files that MariaDB's .isl files name: tables placed elsewhere; what was unread)."""
    found, unread = [], []
    for path in glob.glob(os.path.join(glob.escape(data), "*", "*.isl")):
        try:
            with open(path) as link:
                found.append(link.read().strip())
        except OSError as error:
            unread.append("mysql: {}: {}".format(path, error.strerror))
    return found, unread
