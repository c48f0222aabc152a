"""The front page's script: address, freshness, news and search. Pure.

Without it everything is there but in other words: a placeholder for the address, links
to ``status.json`` and to the feed, the list of modules. It asks for files of the tree
alone, and puts whatever they say in as text. What changes without the tree's modules,
how fresh the data is and what came in when, it reads as the page is looked at: so the
page stays as it is, and is the same in two trees with the same modules.

The search index is a script (``searchindex``), loaded once, as the search is first
used: pages from a folder may not fetch. The page's policy lets this script alone run,
and load others (``strict-dynamic``): none that a page could be made to name.
"""

from __future__ import annotations

import json
from typing import Final

from gosync.publish.pages.words import Words


def script(words: Words) -> str:
    """Return the script with its texts in a language; ``{n}`` and the like stay."""
    told = {
        "minute": words.keep("a minute"),
        "minutes": words.keep("{n} minutes"),
        "hours": words.keep("{n} hours"),
        "days": words.keep("{n} days"),
        "ago": words.keep("{time} ago"),
        "asOf": words.keep("As of {time} ago"),
        "upTo": words.keep("new versions known up to {time} ago"),
        "lists": words.keep("lists at most {time} old"),
        "missing": words.keep("{n} selected versions are missing"),
        "whole": words.keep("nothing selected is missing"),
        "found": words.keep("Found: {found}."),
        "vulnerable": words.keep("{n} with known vulnerabilities"),
        "kinds": words.keep("{n} {kind}"),
        "between": words.keep("; "),
        "comma": words.keep(", "),
        "end": words.keep(". "),
        "goMod": words.keep("go.mod only"),
        "command": words.keep("command {path}"),
        "one": words.keep("1 module"),
        "many": words.keep("{n} modules"),
        "none": words.keep("Nothing here has these words."),
        "ask": words.keep("Ask for it"),
        "first": words.keep("{count}, the first {shown} are shown"),
        "unread": words.keep(
            "The search index cannot be read; the list below is whole."
        ),
    }
    texts = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")
    page = json.dumps(words.name)
    return f"const WORDS = {texts};\nconst PAGE = {page};\n{_SCRIPT}"


_SCRIPT: Final = """\
const $ = (id) => document.getElementById(id);
const root = new URL(".", location.href);
for (const place of document.querySelectorAll("[data-root]")) {
  place.textContent = root.href.replace(/\\/+$/, "");
}
const say = (text, parts) => text.replace(/\\{(\\w+)\\}/g, (_, name) => parts[name]);
const part = (tag, text, kind) => {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
};
const link = (href, text) => {
  const made = part("a", text, "path");
  made.href = href;
  return made;
};
const span = (seconds) => {
  const minutes = Math.max(0, seconds) / 60;
  if (minutes < 2) return WORDS.minute;
  if (minutes < 120) return say(WORDS.minutes, { n: Math.round(minutes) });
  if (minutes < 2880) return say(WORDS.hours, { n: Math.round(minutes / 60) });
  return say(WORDS.days, { n: Math.round(minutes / 1440) });
};
const since = (time) => span((Date.now() - Date.parse(time)) / 1000);

const showStatus = (status) => {
  const said = [say(WORDS.asOf, { time: since(status.written_at) })];
  const { index_behind_seconds: behind, oldest_list_seconds: list } = status.freshness;
  const age = (Date.now() - Date.parse(status.written_at)) / 1000;
  if (behind !== null) said.push(say(WORDS.upTo, { time: span(behind + age) }));
  else if (list !== null) said.push(say(WORDS.lists, { time: span(list + age) }));
  said.push(status.missing ? say(WORDS.missing, { n: status.missing }) : WORDS.whole);
  $("fresh").textContent = said.join(WORDS.between) + WORDS.end;
  const found = Object.entries(status.findings).filter(([, count]) => count)
    .map(([kind, n]) => say(WORDS.kinds, { n, kind }));
  const { vulnerable: n } = status;
  if (n) {
    const modules = n === 1 ? WORDS.one : say(WORDS.many, { n });
    found.push(say(WORDS.vulnerable, { n: modules }));
  }
  if (found.length) {
    $("found").textContent = say(WORDS.found, { found: found.join(WORDS.comma) });
    $("found").hidden = false;
  }
};
const ours = (href) => href.endsWith("/index.html")
  ? href.slice(0, -"index.html".length) + PAGE : href;
const showNews = (text, feed) => {
  const entries = new DOMParser().parseFromString(text, "application/xml")
    .getElementsByTagName("entry");
  const list = document.createElement("ul");
  for (const entry of [...entries].slice(0, 8)) {
    const told = (name) => entry.getElementsByTagName(name)[0];
    const href = new URL(told("link").getAttribute("href"), feed).href;
    if (!href.startsWith(root.href)) continue;
    const item = document.createElement("li");
    const when = say(WORDS.ago, { time: since(told("updated").textContent) });
    item.append(link(ours(href), told("title").textContent), " ", part("small", when));
    list.append(item);
  }
  if (list.children.length) $("news").replaceChildren(list);
};
const read = async (at, show) => {
  const url = new URL(at, root);
  try {
    const answer = await fetch(url);
    if (answer.ok) show(await answer.text(), url);
  } catch { /* the link stays */ }
};
if (root.protocol !== "file:") {
  read("status.json", (text) => showStatus(JSON.parse(text)));
  read("modules/feed.atom", showNews);
}

const SHOWN = 50;
const form = $("search"), box = $("query"), results = $("results"), told = $("told");
const wanted = document.querySelector("[data-wanted]");
let modules = [], loading = null;
const prepared = ([path, newest, synopsis = "", commands = []]) => {
  const named = commands.map((folder) => folder ? path + "/" + folder : path);
  const lower = path.toLowerCase();
  return { path, newest, synopsis, lower, named,
    all: [lower, synopsis.toLowerCase(), ...commands].join("\\n") };
};
globalThis.gosyncModules = (part) => { modules = modules.concat(part.map(prepared)); };
const load = (at) => new Promise((done, failed) => {
  const script = document.createElement("script");
  script.src = new URL(at, root);
  script.onload = done;
  script.onerror = failed;
  document.head.append(script);
});
const page = (path) => encodeURI(
  path.replace(/[A-Z]/g, (c) => "!" + c.toLowerCase())) + "/@v/" + PAGE;
const rank = (lower, query) => {
  const at = lower.indexOf(query);
  if (at < 0) return 4;
  const begins = at === 0 || lower[at - 1] === "/";
  const ends = at + query.length === lower.length;
  return (begins ? 0 : 2) + (ends ? 0 : 1);
};
const shown = ({ path, newest, synopsis, named }, words) => {
  const item = document.createElement("li");
  item.append(link(page(path), path), " ", part("small", newest || WORDS.goMod));
  if (synopsis) item.append(part("div", synopsis, "told"));
  const rest = words.filter((word) => !path.toLowerCase().includes(word)
    && !synopsis.toLowerCase().includes(word));
  const command = rest.length && named.find((name) => name.includes(rest[0]));
  if (command) item.append(part("div", say(WORDS.command, { path: command }), "told"));
  return item;
};
const noneFound = () => {
  const ask = part("a", WORDS.ask);
  ask.href = "#more";
  told.replaceChildren(WORDS.none + " ", ask);
  const path = box.value.trim();
  if (/^[\\w.~/-]+\\.[\\w.~/-]+$/.test(path)) wanted.textContent = path;
};
const search = () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  if (!words.length) {
    results.replaceChildren();
    told.textContent = "";
    return;
  }
  const found = [];
  for (const module of modules) {
    if (words.every((word) => module.all.includes(word))) {
      found.push([rank(module.lower, words[0]), module]);
    }
  }
  found.sort(([a, one], [b, other]) => a - b || one.path.length - other.path.length
    || (one.path < other.path ? -1 : 1));
  results.replaceChildren(
    ...found.slice(0, SHOWN).map(([, module]) => shown(module, words)));
  const count = found.length === 1 ? WORDS.one : say(WORDS.many, { n: found.length });
  if (!found.length) noneFound();
  else told.textContent = found.length > SHOWN
    ? say(WORDS.first, { count, shown: SHOWN }) : count;
};
const begin = () => {
  loading ??= Promise.all(form.dataset.index.split(" ").map(load)).then(search, () => {
    told.textContent = WORDS.unread;
    loading = null;
  });
  return loading;
};
if (form) {
  form.hidden = false;
  box.addEventListener("focus", begin, { once: true });
  box.addEventListener("input", () => begin().then(search));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    results.querySelector("a")?.click();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== box) {
      event.preventDefault();
      box.focus();
    }
  });
}
"""
