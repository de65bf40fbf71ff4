"""Whether a server is this host's own: whether data that it names by path can be the files at these paths."""

import socket


def doubts(engine, address):
    """Return why a server that answers at an address may have its data elsewhere: [message], empty if not.

    An address is this host's if it can be bound. None is a unix socket's, which is always this host's.
    """
    if address is None or _is_ours(address):
        return []
    return ["{}: {} is no address of this host: its data may lie elsewhere".format(engine, address)]


def _is_ours(address):
    try:
        family, kind, _, _, where = socket.getaddrinfo(address, 0, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.bind(where)
    except OSError:
        return False
    return True
