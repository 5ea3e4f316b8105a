"""Makes readable text of a web page. Runs in the sandbox; the page may be hostile.

Reads one line of JSON (url, charset), then the page; prints one JSON object (title, text).
"""

import codecs
import html.parser
import importlib
import importlib.util
import json
import re
import sys

SKIPPED = {"script", "style", "noscript", "template", "svg", "head", "iframe", "nav", "footer"}
BLOCKS = {
    *("p", "div", "section", "article", "li", "ul", "ol", "tr", "table", "br", "hr", "pre"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "blockquote"),
}
VOID = {
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
    *("source", "track", "wbr"),
}
HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(font-size|opacity)\s*:\s*0(?![.\d]*[1-9])",
    re.IGNORECASE,
)

NAMED = re.compile(rb"<meta[^>]*\bcharset\s*=\s*[\"']?\s*(?!utf-16)([\w.:-]+)", re.IGNORECASE)
LOOKED = 1024
"""Bytes in which a page may name its encoding, as the HTML standard has it."""


def main():
    """Answer one request."""
    first, _, page = sys.stdin.buffer.read().partition(b"\n")
    asked = json.loads(first)
    try:
        text = page.decode(encoding(asked["charset"], page), "replace")
    except LookupError:
        text = page.decode("utf-8", "replace")
    plain = Plain()
    plain.feed(text)
    plain.close()
    found = main_text(text, asked["url"]) or plain.text()
    sys.stdout.write(json.dumps({"title": plain.title.strip(), "text": found}))


def encoding(told, page):
    """Return a page's encoding: by its byte order mark, what the server told, or its own word."""
    if page.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if page.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    named = NAMED.search(page[:LOOKED])
    return told or (named[1].decode() if named else "utf-8")


def main_text(text, url):
    """Return the main text of a page in Markdown; nothing without trafilatura, or without one."""
    if importlib.util.find_spec("trafilatura") is None:
        return ""
    trafilatura = importlib.import_module("trafilatura")
    tree = importlib.import_module("lxml.html").fromstring(text)
    for node in list(tree.iter()):
        if isinstance(node.tag, str) and hides(dict(node.attrib)) and node.getparent() is not None:
            node.drop_tree()
    return trafilatura.extract(
        tree, url=url, output_format="markdown", include_links=True, include_comments=False
    )


def hides(attributes):
    """Whether nobody would see an element."""
    said = {k.lower(): v or "" for k, v in attributes.items()}
    return (
        "hidden" in said
        or said.get("aria-hidden", "").lower() == "true"
        or HIDDEN.search(said.get("style", "")) is not None
    )


class Plain(html.parser.HTMLParser):
    """The text of a page, line by line."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.parts = []
        self.skipping = []
        self.in_title = False

    def handle_starttag(self, tag, attrs):
        """Begin an element."""
        self.in_title = self.in_title or tag == "title"
        if tag in BLOCKS:
            self.parts.append("\n")
        if tag in VOID:
            return
        if self.skipping or tag in SKIPPED or hides(dict(attrs)):
            self.skipping.append(tag)

    def handle_endtag(self, tag):
        """End an element, and all in it that was left open."""
        if tag == "title":
            self.in_title = False
        if tag in self.skipping:
            while self.skipping and self.skipping.pop() != tag:
                pass
        if tag in BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data):
        """Take text."""
        if self.in_title:
            self.title += data
        elif not self.skipping:
            self.parts.append(data)

    def text(self):
        """Return what was seen."""
        rows = (" ".join(row.split()) for row in "".join(self.parts).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(rows)).strip()


main()
