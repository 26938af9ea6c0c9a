"""Data docs that ask no other machine for anything.

Great Expectations' pages load styles, scripts and a logo from a dozen hosts. Without a network they
stay bare, and with one they tell those hosts who reads them. What they say stands in the pages
themselves: so scripts and addresses of other hosts go, and a plain style comes in. The first page
alone is made by its scripts: it is written anew.
"""

import html
import re
from pathlib import Path

NEEDLESS = (
    re.compile(r"<script\b.*?</script>", re.DOTALL),
    re.compile(r"<(?:link|img)\b[^>]*\b(?:href|src)=\"https?://[^>]*>", re.DOTALL),
    # An icon that is not where the page looks for it
    re.compile(r"<link rel=\"shortcut icon\"[^>]*>"),
    # What scripts would have run, and an offer of a newsletter
    re.compile(r"<(?P<tag>button|form|footer)\b.*?</(?P=tag)>", re.DOTALL),
    re.compile(r"<a data-toggle=\"collapse\".*?</a>", re.DOTALL),
    re.compile(r"<div class=\"card mb-3\">\s*<div[^>]*>\s*<strong>Actions.*?<strong>", re.DOTALL),
)

ICONS = {"text-success": "passed", "text-danger": "failed", "text-warning": "not run"}

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
td, th { border-bottom: 1px solid #8885; padding: .3rem .6rem .3rem 0; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
th { overflow-wrap: normal; }
.breadcrumb { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 1rem; }
.cooltip { display: none; }
"""

INDEX = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gates</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<h1>Gates</h1>
<p>What each gate expects of which relation, and what it found.</p>
<table>
<tr><th>relation</th><th>result</th></tr>
{rows}
</table>
</body>
</html>
"""

ROW = '<tr><td><a href="{address}">{relation}</a></td><td>{result}</td></tr>'


def take_offline(folder: Path) -> None:
    """Rewrite each page of data docs so that it needs nothing but itself."""
    for path in folder.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for pattern in NEEDLESS:
            text = pattern.sub("", text)
        for icon, word in ICONS.items():
            text = re.sub(rf"<i class=\"[^\"]*{icon}\"[^>]*>\s*</i>", word, text)
        style = f'<link rel="icon" href="data:,"><style>{STYLE}</style>\n</head>'
        text = text.replace("</head>", style, 1).replace("<html>", '<html lang="en">', 1)
        path.write_text(text, encoding="utf-8")
    (folder / "index.html").write_text(_index(folder), encoding="utf-8")


def _index(folder: Path) -> str:
    """List the validations of data docs."""
    rows = []
    for path in sorted(folder.glob("validations/**/*.html"), key=lambda path: path.name):
        failed = re.search(r"Status:</span>[^<]*Failed", path.read_text(encoding="utf-8"))
        relation = path.stem.removesuffix("-figures")
        rows.append(
            ROW.format(
                address=html.escape(path.relative_to(folder).as_posix()),
                relation=html.escape(relation),
                result="failed" if failed else "passed",
            )
        )
    return INDEX.format(style=STYLE, rows="\n".join(rows))
