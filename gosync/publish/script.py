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

SCRIPT = """\
const $ = (id) => document.getElementById(id);
const root = new URL(".", location.href);
for (const place of document.querySelectorAll("[data-root]")) {
  place.textContent = root.href.replace(/\\/+$/, "");
}
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
  if (minutes < 2) return "a minute";
  if (minutes < 120) return Math.round(minutes) + " minutes";
  if (minutes < 2880) return Math.round(minutes / 60) + " hours";
  return Math.round(minutes / 1440) + " days";
};
const since = (time) => span((Date.now() - Date.parse(time)) / 1000);

const showStatus = (status) => {
  const said = ["As of " + since(status.written_at) + " ago"];
  const { index_behind_seconds: behind, oldest_list_seconds: list } = status.freshness;
  const age = (Date.now() - Date.parse(status.written_at)) / 1000;
  if (behind !== null) said.push("new versions known up to " + span(behind + age)
    + " ago");
  else if (list !== null) said.push("lists at most " + span(list + age) + " old");
  said.push(status.missing ? status.missing + " selected versions are missing"
    : "nothing selected is missing");
  const found = Object.entries(status.findings).filter(([, count]) => count);
  if (found.length) {
    said.push("found: " + found.map(([kind, n]) => n + " " + kind).join(", "));
  }
  $("fresh").textContent = said.join("; ") + ". ";
};
const showNews = (text, feed) => {
  const entries = new DOMParser().parseFromString(text, "application/xml")
    .getElementsByTagName("entry");
  const list = document.createElement("ul");
  for (const entry of [...entries].slice(0, 8)) {
    const told = (name) => entry.getElementsByTagName(name)[0];
    const href = new URL(told("link").getAttribute("href"), feed).href;
    if (!href.startsWith(root.href)) continue;
    const item = document.createElement("li");
    const when = part("small", " " + since(told("updated").textContent) + " ago");
    item.append(link(href, told("title").textContent), when);
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
let modules = [], loading = null;
globalThis.gosyncModules = (part) => { modules = modules.concat(part); };
const load = (at) => new Promise((done, failed) => {
  const script = document.createElement("script");
  script.src = new URL(at, root);
  script.onload = done;
  script.onerror = failed;
  document.head.append(script);
});
const page = (path) => encodeURI(
  path.replace(/[A-Z]/g, (c) => "!" + c.toLowerCase())) + "/@v/index.html";
const rank = (path, query) => {
  const at = path.indexOf(query);
  const begins = at === 0 || path[at - 1] === "/";
  const ends = at >= 0 && at + query.length === path.length;
  return (begins ? 0 : 2) + (ends ? 0 : 1);
};
const search = () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  if (!words.length) {
    results.replaceChildren();
    told.textContent = "";
    return;
  }
  const found = [];
  for (const [path, newest] of modules) {
    const lower = path.toLowerCase();
    if (words.every((word) => lower.includes(word))) {
      found.push([rank(lower, words[0]), path, newest]);
    }
  }
  found.sort((a, b) => a[0] - b[0] || a[1].length - b[1].length
    || (a[1] < b[1] ? -1 : 1));
  results.replaceChildren(...found.slice(0, SHOWN).map(([, path, newest]) => {
    const item = document.createElement("li");
    item.append(link(page(path), path), " ",
      part("small", newest || "go.mod only"));
    return item;
  }));
  const more = found.length > SHOWN ? ", the first " + SHOWN + " are shown" : "";
  told.textContent = (found.length === 1 ? "1 module" : found.length + " modules")
    + more;
};
const begin = () => {
  loading ??= Promise.all(form.dataset.index.split(" ").map(load)).then(search, () => {
    told.textContent = "The search index cannot be read; the list below is whole.";
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
