"""Renders Markdown from standard input with GitHub's own renderer, and tells as JSON what a reader would get: the tags,
the tables' cells, and the text that is not code."""

import json
import sys
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options


class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.tables, self.prose = [], [], [], []
        self.open = []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [[tag, name, value] for name, value in attributes]
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in ("br", "hr", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if "code" not in self.open:
            self.prose.append(data)
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data


page = Page()
# GitHub renders raw HTML and sanitises it afterwards: what is raw here must be ours.
page.feed(cmarkgfm.github_flavored_markdown_to_html(sys.stdin.read(), Options.CMARK_OPT_UNSAFE))
json.dump(
    {
        "tags": page.tags,
        "attributes": page.attributes,
        "tables": page.tables,
        "prose": "\n".join(page.prose),
        "unclosed": page.open,
    },
    sys.stdout,
)
