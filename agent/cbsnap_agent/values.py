"""Parsers of single values in the configuration: text in, value out, ValueError with what is wrong."""

import ipaddress
import os
import re
import shlex

_DISK = re.compile(r"^disk-[a-z0-9]+$")
_YES_NO = {"yes": True, "no": False}


def word(text):
    """Return a non-empty text without spaces."""
    if not text or len(text.split()) != 1:
        raise ValueError("wants one word, not {!r}".format(text))
    return text


def yes_no(text):
    """Return a yes or no as a bool."""
    if text not in _YES_NO:
        raise ValueError("wants yes or no, not {!r}".format(text))
    return _YES_NO[text]


def path(text):
    """Return an absolute path."""
    if not os.path.isabs(text):
        raise ValueError("wants an absolute path, not {!r}".format(text))
    return os.path.normpath(text)


def paths(text):
    """Return absolute paths, separated by spaces; quotes keep a space inside one."""
    found = [path(one) for one in shlex.split(text)]
    if not found:
        raise ValueError("wants one absolute path or more")
    return found


def command(text):
    """Return a command's argv; its first word is an absolute path."""
    argv = shlex.split(text)
    if argv:
        path(argv[0])
    return argv


def shell(text):
    """Return the argv that has a shell run the text as it stands."""
    return ["/bin/sh", "-c", text] if text else []


def environment(text):
    """Return NAME=value pairs as a dict."""
    pairs = [pair.partition("=") for pair in shlex.split(text)]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise ValueError("wants NAME=value, not {!r}".format(name))
    return {name: value for name, _, value in pairs}


def disk_map(text):
    """Return {path: disk id} from `/path=disk-xxxx` words."""
    found = {}
    for pair in shlex.split(text):
        place, _, disk = pair.rpartition("=")
        if not _DISK.match(disk):
            raise ValueError("wants /path=disk-xxxx, not {!r}".format(pair))
        real = os.path.realpath(path(place))
        if real in found:
            raise ValueError("names {} twice".format(real))
        found[real] = disk
    return found


def seconds(low, high):
    """Return a parser of a number of seconds within bounds."""

    def parse(text):
        try:
            number = float(text)
        except ValueError:
            raise ValueError("wants a number of seconds, not {!r}".format(text)) from None
        if not low <= number <= high:
            raise ValueError("wants {} to {} seconds, not {}".format(low, high, text))
        return number

    return parse


def one_of(*choices):
    """Return a parser of one of some words."""

    def parse(text):
        if text not in choices:
            raise ValueError("wants one of {}, not {!r}".format(", ".join(choices), text))
        return text

    return parse


def words_of(*choices):
    """Return a parser of several of some words, each once."""

    def parse(text):
        found = [one_of(*choices)(one) for one in text.split()]
        if not found or len(set(found)) != len(found):
            raise ValueError("wants some of {}, each once".format(", ".join(choices)))
        return found

    return parse


def networks(text):
    """Return the networks of `10.0.0.0/8 fd00::/8` words; an address alone is a network of one."""
    return [ipaddress.ip_network(one) for one in text.split()]


def address_or_off(text):
    """Return (host, port), or None for `off`."""
    return None if text == "off" else address(text)


def address(text):
    """Return (host, port) from host:port; [::1]:port for IPv6."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 - the largest port there is
        raise ValueError("wants host:port, not {!r}".format(text))
    return host.strip("[]"), int(port)
