"""How pages look: one style sheet for light and dark, phone and desk.

Colours keep a contrast of at least 4.5 to 1 on their background; tables scroll
sideways on small screens; nothing depends on colour or script alone.
"""

from __future__ import annotations

STYLE = """\
:root {
  color-scheme: light dark;
  --text: #1c2430; --soft: #56606e; --line: #dde3ea; --back: #ffffff;
  --panel: #f4f7fa; --link: #00627a; --good: #14663a; --plain: #7a4b00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e4e9f0; --soft: #9aa6b5; --line: #2d3743; --back: #12171e;
    --panel: #1a212b; --link: #67d0ea; --good: #7ddba0; --plain: #e5b567;
  }
}
* { box-sizing: border-box; }
body {
  max-width: 66rem; margin: 0 auto; padding: 2.5rem 1.25rem 3rem;
  font: 1rem/1.55 system-ui, sans-serif; color: var(--text); background: var(--back);
}
h1 { margin: .2rem 0 .4rem; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 2.2rem 0 .7rem; font-size: 1.15rem; }
h1.path { overflow-wrap: anywhere; }
p { margin: .5rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.lead { margin: .15rem 0; color: var(--soft); }
.lead b { color: var(--text); }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code, pre, .path, .version { font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
pre {
  margin: .6rem 0; padding: .9rem 1rem; overflow-x: auto; font-size: .92rem;
  background: var(--panel); border: 1px solid var(--line); border-radius: .5rem;
}
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .94rem; }
th, td {
  padding: .5rem .9rem .5rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line);
}
thead th { color: var(--soft); font-weight: 600; font-size: .85rem; }
tbody th { font-weight: 400; }
:lang(zh) :is(th, td) { word-break: keep-all; }
tbody .path, tbody .version { font-size: .9rem; }
tbody .path, tbody .module { min-width: 15rem; }
.path { overflow-wrap: anywhere; }
.version, .day, .entry, .files { white-space: nowrap; }
th.number, td.number {
  padding-right: 2rem; text-align: right; font-variant-numeric: tabular-nums;
}
.proven { color: var(--good); }
.proven a { color: inherit; }
.pinned { color: var(--plain); }
.hash { font-size: .8rem; color: var(--soft); overflow-wrap: anywhere; }
details { margin-top: 1.2rem; }
summary { cursor: pointer; color: var(--soft); }
small { color: var(--soft); }
li small { white-space: nowrap; }
.paste { user-select: all; }
nav { font-size: .94rem; }
.pages { margin-top: 1rem; line-height: 2; }
.pages a { padding: .15rem .5rem; }
.pages a[aria-current] { font-weight: 700; text-decoration: none; color: inherit; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.note { padding: .7rem 1rem; border: 1px solid var(--plain); border-radius: .5rem; }
.told { display: block; overflow-wrap: anywhere; color: var(--soft); font-size: .9rem; }
.ways { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin-top: 1rem; }
.readme { overflow-wrap: anywhere; }
.readme table { overflow-wrap: break-word; }
.readme h3, .readme h4, .readme h5, .readme h6 {
  margin: 1.5rem 0 .4rem; font-size: 1rem;
}
.readme h3 { font-size: 1.1rem; }
.readme blockquote {
  margin: .6rem 0; padding-left: 1rem; border-left: 3px solid var(--line);
}
.readme hr { border: 0; border-top: 1px solid var(--line); }
.readme ul, .readme ol { padding-left: 1.4rem; max-width: 46rem; }
.mark { color: var(--plain); white-space: normal; }
#search { margin-top: 1.6rem; }
[hidden] { display: none; }
#search label { display: block; margin-bottom: .3rem; font-weight: 600; }
#query {
  width: 100%; padding: .7rem .9rem; font: inherit; color: inherit;
  background: var(--back); border: 1px solid var(--soft); border-radius: .5rem;
}
#query:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
#results, #news ul, .lines { margin: .4rem 0; padding: 0; list-style: none; }
#results li, #news li, .lines li {
  padding: .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere;
}
#told { color: var(--soft); font-size: .9rem; }
@media (max-width: 40rem) {
  body { padding: 1.2rem 1rem 2rem; }
  h1 { font-size: 1.5rem; }
  tbody .path, tbody .module { min-width: 11rem; }
  .hash { min-width: 13rem; display: inline-block; }
}
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
"""
