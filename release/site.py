"""The documentation as a site: `python -m release.site [--out DIR]`, into dist/site.

The pages are staged with the files that they link to, at the paths that they have in the repository, so
that links are right in both places; Zensical makes the site of them and is stricter than a browser.
A link to what a site has no place for, a folder, a hidden file or a text beside code, becomes its text.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from release.failure import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Section = Mapping[str, Sequence[str | dict[str, str]]]

ROOT = Path(__file__).parent.parent
SETTINGS = "mkdocs.yml"  # a form that Zensical reads beside its own, and that can be written by a library
LINK = re.compile(r"!?\[([^\]]*)\]\(([^)#:\s]+)(?:#[^)\s]*)?\)")
OUTSIDE = '<script src="https://unpkg.com/iframe-worker/shim" type="text/javascript"></script>'
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
PLACE = re.compile(r"(?:Warning|Error): .*|\[ \S+:\d+:\d+ \]")


def build(root: Path, stage: Path, out: Path) -> None:
    """Make the site of `root`'s pages in `out`, by way of `stage`; both are emptied first.

    Raises BuildError with what Zensical complains of: one complaint is enough.
    """
    for folder in (stage, out):
        shutil.rmtree(folder, ignore_errors=True)
    pages = [*sorted(root.glob("*.md")), *sorted(root.glob("docs/*.md"))]
    for page in pages:
        _stage(page, set(pages), root, stage / "pages")
    _settings(root / "docs/site.yml", {page.relative_to(root).as_posix() for page in pages}, stage)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(stage / SETTINGS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no word of it comes from outside
    if done.returncode:
        raise BuildError(_complaints(done.stdout + done.stderr))
    for page in (stage / "made").rglob("*.html"):
        page.write_text(_without_outside(page.read_text(encoding="utf-8")), encoding="utf-8")
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(stage / "made", out)


def navigation(sections: Iterable[Section], pages: set[str]) -> list[Section]:
    """Return the sections with the pages that there are; those that none names are put at the end.

    An entry is a page, or a page under a title of its own.
    """
    found: list[Section] = [
        {title: [one for one in listed if _page(one) in pages]}
        for section in sections
        for title, listed in section.items()
    ]
    named = {_page(one) for section in found for listed in section.values() for one in listed}
    rest = sorted(pages - named)
    return [*found, {"Further": rest}] if rest else found


def _page(entry: str | dict[str, str]) -> str:
    return entry if isinstance(entry, str) else next(iter(entry.values()))


def _settings(file: Path, pages: set[str], stage: Path) -> None:
    given = yaml.safe_load(file.read_text(encoding="utf-8"))
    for extra in (given.get("theme", {}).get("favicon"), *given.get("extra_css", ())):
        if extra:
            _written((file.parents[1] / extra).read_bytes(), stage / "pages" / extra)
    given |= {"docs_dir": "pages", "site_dir": "made", "nav": navigation(given["nav"], pages)}
    (stage / SETTINGS).write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")


def _stage(page: Path, pages: set[Path], root: Path, into: Path) -> None:
    """Copy a page and the files that it links to."""

    def kept(link: re.Match[str]) -> str:
        target = (page.parent / link[2]).resolve()
        if target in pages or not target.exists():  # what is missing, Zensical complains of
            return link[0]
        if not target.is_file() or target.suffix == ".md" or _hidden(target.relative_to(root)):
            return link[1]
        _written(target.read_bytes(), into / target.relative_to(root))
        return link[0]

    text = LINK.sub(kept, page.read_text(encoding="utf-8"))
    _written(text.encode(), into / page.relative_to(root))


def _without_outside(html: str) -> str:
    """Replace the one script that the theme would ask another host for, so that search works without one."""
    script = Path(__file__).with_name("search_from_files.js").read_text(encoding="utf-8")
    return html.replace(OUTSIDE, f"<script>\n{script}</script>")


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _written(content: bytes, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(content)


def _complaints(said: str) -> str:
    """Return what was said without its drawings, or all of it."""
    plain = COLOURS.sub("", said)
    return "\n".join(PLACE.findall(plain)) or plain


def main(arguments: list[str]) -> int:
    """Build the site, say where it is, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m release.site", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist/site", help="where to: dist/site by default")
    chosen = parser.parse_args(arguments)
    try:
        build(ROOT, ROOT / "build/site", chosen.out)
    except BuildError as failed:
        sys.stderr.write(f"There is no site: {failed}\n")
        return 1
    sys.stdout.write(f"{chosen.out / 'index.html'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
