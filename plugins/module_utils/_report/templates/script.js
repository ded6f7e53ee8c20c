/*
Copyright: (c) 2026, winha.cluster contributors
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
*/
"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  document.documentElement.classList.add("js");

  const data = JSON.parse(at("data").textContent);
  for (const [name, { runs }] of Object.entries(data)) {
    if (runs) data[name] = runs.flatMap((value, place) => (place % 2 ? [] : new Array(runs[place + 1]).fill(value)));
  }
  const FAIL = 0, UNKNOWN = 1, ACCEPTED = 2, PASS = 3, NOT_APPLICABLE = 4;
  const FIRST = 25, FIRST_OF_MANY = 5, MANY_MATCHES = 400; // lines of a list that are shown; a button shows the others
  const total = data.host.length;
  const grouped = (number) => number.toLocaleString("en");
  const make = (name, content, type) => {
    const element = document.createElement(name);
    if (content !== undefined) element.append(content);
    if (type) element.className = type;
    return element;
  };
  const text = (number, column) => data.texts[data[column][number]];
  const host = (number) => data.hosts[data.host[number]];
  // A sentence has tokens for the host, the subject, the found and the expected value.
  const sentence = (number) => text(number, "sentence").replace(/[\u0001-\u0004]/g, (token) =>
    [host, (n) => text(n, "subject"), (n) => text(n, "found"), (n) => text(n, "expected")][token.charCodeAt() - 1](number));

  // --- Lines: each list has the findings from one number to another, and the first of them in the HTML ---------------
  const lists = all(".lines").map((element) => ({
    element, from: Number(element.dataset.from), to: Number(element.dataset.to), body: element.querySelector("tbody"),
    rest: element.querySelector(".rest"), first: element.querySelectorAll("tbody tr").length, drawn: null, everything: false,
    titled: Boolean(element.querySelector("td .rule")) || element.matches(".short"), short: element.matches(".short, .rest"),
    box: element.closest(".group, details.rule"), folded: element.closest("details.rule"),
  }));

  function lineOf(number, list) {
    const row = document.createElement("tr");
    row.id = "f" + number;
    const where = Object.assign(make("th", make("bdi", host(number))), { scope: "row" });
    const what = make("td", undefined, "what");
    if (list.titled) what.append(make("span", data.rules[data.rule[number]][1], "rule"), " ");
    const words = sentence(number);
    const subject = make("bdi", text(number, "subject") || (words ? "details" : "–"));
    const shown = words ? make("summary", subject) : what;
    if (!words) what.append(subject);
    if (data.new[number] === "1") shown.append(" ", make("b", "new", "new"));
    if (words) {
      const details = make("details", shown);
      details.append(make("p", words));
      what.append(details);
    }
    row.append(where, what);
    if (!list.short || list.folded) {
      const outcome = { [PASS]: "passed", [NOT_APPLICABLE]: "does not apply" }[data.outcome[number]];
      row.append(make("td", make("code", text(number, "found") || outcome || "–"), "found"));
      row.append(make("td", make("code", text(number, "expected") || "–"), "wanted"));
    }
    return row;
  }

  function makeTable(list) {
    const head = make("tr");
    for (const word of ["Where", "What", "Found", "Expected"]) head.append(Object.assign(make("th", word), { scope: "col" }));
    list.body = make("tbody");
    const table = make("table", make("thead", head), "findings");
    table.setAttribute("aria-label", "Passed, and not applicable");
    table.append(list.body);
    list.element.append(table);
  }

  // Draw the lines of a list that match; all of them if asked for.
  function draw(list, matching, limit) {
    if (list.folded && !list.folded.open) { list.drawn = null; return; }
    const numbers = [];
    for (let number = list.from; number < list.to; number += 1) if (!matching || matching[number]) numbers.push(number);
    const shown = numbers.slice(0, list.everything ? numbers.length : limit);
    const key = shown.join();
    if (key !== list.drawn) {
      if (!list.body) makeTable(list);
      list.body.replaceChildren(...shown.map((number) => lineOf(number, list)));
      list.body.parentElement.hidden = shown.length === 0;
      list.drawn = key;
    }
    const left = numbers.length - shown.length;
    if (!list.rest && left) {
      list.rest = make("p", make("span"), "rest");
      list.rest.append(" ", make("button", "", "show"));
      list.rest.lastChild.type = "button";
      list.element.append(list.rest);
    }
    if (list.rest) {
      list.words ??= list.rest.firstChild.textContent;
      list.rest.hidden = !left;
      list.rest.firstChild.textContent = matching ? `${grouped(left)} more that match` : list.words || `${grouped(left)} more`;
      list.rest.lastChild.textContent = `Show all ${grouped(numbers.length)}`;
    }
  }
  let matched = null, many = false; // for each finding whether the filter shows it; null without a filter
  const limitOf = (list) => (matched ? (many ? FIRST_OF_MANY : FIRST) : list.folded ? FIRST : list.first);

  function showAll(list) {
    list.everything = true;
    draw(list, matched, limitOf(list));
  }
  document.addEventListener("click", (event) => {
    if (!event.target.matches || !event.target.matches(".show")) return;
    const list = lists.find((each) => each.element.contains(event.target));
    const place = list.body ? list.body.rows.length : 0;
    showAll(list);
    const next = list.body.rows[place] || list.body.rows[0];
    next.tabIndex = -1;
    next.focus();
  });

  // --- The filter -----------------------------------------------------------------------------------------------------
  const form = at("filter"), search = at("text"), where = at("where"), rule = at("rule"), newOnly = at("new"), result = at("result");
  const severities = all("input[name=severity]", form);
  const KINDS = [["cluster", "Hyper-V clusters"], ["dag", "DAGs"], ["site", "Sites"], ["server", "Exchange servers"]];
  function addOptions(parent, rows) {
    for (const [value, words] of rows) parent.append(Object.assign(make("option", words), { value }));
  }
  for (const [kind, title] of [...KINDS, ["host", "Hosts, and other names of findings"]]) {
    const rows = kind === "host" ? data.hosts.map((name, number) => [`h${number}`, name])
      : data.places.map(([own, name], number) => [`p${number}`, name, own]).filter((row) => row[2] === kind);
    const group = Object.assign(make("optgroup"), { label: title });
    rows.sort((a, b) => a[1].localeCompare(b[1], "en", { numeric: true }));
    addOptions(group, rows);
    if (rows.length) where.append(group);
  }
  addOptions(rule, data.rules.map(([id], number) => [number, id]));
  for (const [number, [kind, name]] of data.places.entries()) {
    if (kind === "other") for (const link of all(`[data-place="${number}"]`)) link.dataset.name = name;
  }

  // Texts to search, in lower case: each is searched once, and not for each finding that has it. The texts of a group
  // count for all its lines; of its remedies only modules and cmdlets, not the names of other hosts.
  let tables = null;
  function makeTables() {
    const around = new Array(total).fill(0), groups = [""];
    for (const list of lists) {
      const group = list.element.closest(".group");
      if (!group) continue;
      const remedies = all(":scope > .remedy pre", group).map((each) => each.textContent.match(/\bwinha\.cluster\.\w+|[A-Z][a-z]+-[A-Z]\w+/g) || []);
      const words = all(":scope > header > :is(h3, .advice)", group).map((each) => each.textContent);
      around.fill(groups.push([...words, ...new Set(remedies.flat())].join(" ")) - 1, list.from, list.to);
    }
    const places = data.sets.map((each) => each.map((place) => data.places[place][1]).join(" "));
    const text = data.texts;
    tables = [[data.host, data.hosts], [data.rule, data.rules.map((each) => each.join(" "))], [data.set, places], [around, groups],
      [data.subject, text], [data.found, text], [data.expected, text], [data.sentence, text]];
    for (const table of tables) table[1] = table[1].map((each) => each.toLowerCase());
  }
  function finder(word) {
    const found = tables.map(([numbers, texts]) => [numbers, texts.map((each) => each.includes(word))]);
    return (number) => found.some(([numbers, contains]) => contains[numbers[number]]);
  }

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wantedHost = where.value.startsWith("h") ? Number(where.value.slice(1)) : null;
    const wantedPlace = where.value.startsWith("p") ? Number(where.value.slice(1)) : null;
    const wantedRule = rule.value === "" ? null : Number(rule.value);
    const wanted = severities.map((each) => each.checked);
    const onlyNew = Boolean(newOnly && newOnly.checked);
    const active = words.length > 0 || where.value !== "" || wantedRule !== null || onlyNew || wanted.includes(false);
    if (words.length && !tables) makeTables();
    const finders = words.map(finder);
    const sets = data.sets.map((each) => wantedPlace === null || each.includes(wantedPlace));
    const counts = [0, 0, 0, 0, 0], hosts = new Set(), places = new Set(), rules = new Set();
    matched = active ? new Uint8Array(total) : null;
    for (let number = 0; active && number < total; number += 1) {
      if ((wantedHost !== null && data.host[number] !== wantedHost) || !sets[data.set[number]]
        || (wantedRule !== null && data.rule[number] !== wantedRule) || !wanted[data.severity[number]]
        || (onlyNew && data.new[number] !== "1") || !finders.every((finds) => finds(number))) continue;
      matched[number] = 1;
      counts[data.outcome[number]] += 1;
      hosts.add(data.host[number]);
      rules.add(data.rule[number]);
      for (const place of data.sets[data.set[number]]) places.add(place);
    }
    many = counts.reduce((before, each) => before + each, 0) > MANY_MATCHES;
    for (const list of lists) {
      list.everything = false;
      draw(list, matched, limitOf(list));
    }
    updateCounts(wantedRule);
    filterTables(active, hosts, places, rules);
    result.textContent = active ? summary(counts) : "";
  }

  // Elements with a counter: the groups, the rules, and what is around them.
  const boxes = all(".group, details.rule, .severity, #unknown, #accepted").map((element) => {
    const count = element.querySelector(":scope > :is(h2, h3, header, summary) .count");
    const inside = lists.filter((list) => element.contains(list.element));
    return { element, count, inside, words: count && count.textContent, total: inside.reduce((sum, each) => sum + each.to - each.from, 0) };
  });
  function updateCounts(wantedRule) {
    for (const { element, count, inside, words, total: whole } of boxes) {
      let shown = whole;
      if (matched) {
        shown = 0;
        for (const list of inside) for (let number = list.from; number < list.to; number += 1) shown += matched[number];
      }
      const chosen = element.matches(".rule") && wantedRule === Number(element.id.slice(1));
      element.hidden = matched !== null && shown === 0 && !chosen;
      if (!count || !whole) continue;
      count.textContent = shown === whole ? words : `${grouped(shown)} of ${grouped(whole)} match`;
      count.classList.toggle("part", shown !== whole);
    }
  }

  function filterTables(active, hosts, places, rules) {
    for (const row of all(".matrix tbody tr")) {
      row.hidden = active && !row.dataset.rows.split(" ").some((key) => (key[0] === "h" ? hosts : places).has(Number(key.slice(1))));
    }
    for (const table of all(".matrix")) {
      all("thead a", table).forEach((link, place) => {
        const hidden = active && !rules.has(Number(link.hash.slice(2)));
        if (table.rows[0].cells[place + 1].hidden !== hidden) for (const row of table.rows) row.cells[place + 1].hidden = hidden;
      });
      const first = all("td a", table).find((link) => !link.closest("tr").hidden && !link.closest("td").hidden);
      table.closest(".layer").hidden = active && !first;
      if (first) setTabStop(table, first);
    }
    if (at("matrix")) at("matrix").hidden = active && all(".layer").every((each) => each.hidden);
    for (const link of all(".places th a")) link.closest("tr").hidden = active && !places.has(Number(link.dataset.place));
  }

  function summary(counts) {
    const sum = counts.reduce((before, each) => before + each, 0);
    const named = [["failed", FAIL], ["unknown", UNKNOWN], ["accepted", ACCEPTED], ["passed", PASS],
      ["not applicable", NOT_APPLICABLE]].filter(([, outcome]) => counts[outcome]);
    const parts = named.map(([word, outcome]) => `${grouped(counts[outcome])} ${word}`).join(", ");
    return sum ? `${grouped(sum)} of ${grouped(total)} checks match: ${parts}.` : "No check matches.";
  }

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  let isQuiet = false;
  form.addEventListener("reset", () => { if (!isQuiet) setTimeout(() => { filter(); at("announcement").textContent = "The filter is cleared."; }); });
  function resetQuietly() {
    isQuiet = true;
    form.reset();
    isQuiet = false;
  }

  // --- Links ----------------------------------------------------------------------------------------------------------
  // A link can lead to a line that is not drawn, or filtered out.
  function reveal(id) {
    const number = /^f\d+$/.test(id) ? Number(id.slice(1)) : null;
    const list = number !== null && lists.find((each) => each.from <= number && number < each.to);
    if ((list && matched && !matched[number]) || (at(id) && at(id).closest("[hidden]") && !list)) { resetQuietly(); filter(); }
    if (list) {
      if (list.folded) list.folded.open = true;
      if (!at(id)) showAll(list);
    }
    const target = id && at(id);
    if (!target) return;
    for (let each = target; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
    // Content is laid out only when it becomes visible, which can move the target.
    const scrollRepeatedly = (frames) => {
      target.scrollIntoView({ block: list ? "center" : "start" });
      if (frames) requestAnimationFrame(() => scrollRepeatedly(frames - 1));
    };
    scrollRepeatedly(3);
    if (!target.hasAttribute("tabindex")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
  }
  function showPlace(link) {
    resetQuietly();
    const named = link.dataset.name === undefined ? -1 : data.hosts.indexOf(link.dataset.name);
    where.value = named < 0 ? `p${link.dataset.place}` : `h${named}`;
    filter();
    const first = ["wrong", "unknown", "rules"].find((id) => at(id) && all(".group, details.rule", at(id)).some((each) => !each.hidden));
    reveal(first || "wrong");
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href^='#']");
    if (!link) return;
    if (link.dataset.place !== undefined) {
      event.preventDefault();
      showPlace(link);
    } else queueMicrotask(() => reveal(link.getAttribute("href").slice(1)));
  });
  window.addEventListener("hashchange", () => reveal(location.hash.slice(1)));
  document.addEventListener("toggle", (event) => {
    const list = event.target.matches("details.rule") && event.target.open && lists.find((each) => each.folded === event.target);
    if (list) draw(list, matched, limitOf(list));
  }, true);

  // --- Print all --------------------------------------------------------------------------------------------
  at("print").addEventListener("click", () => {
    document.documentElement.classList.add("everything");
    for (const each of all("details.rule")) each.open = true;
    for (const list of lists) showAll(list);
    print();
  });
  window.addEventListener("afterprint", () => {
    if (!document.documentElement.classList.contains("everything")) return;
    document.documentElement.classList.remove("everything");
    for (const each of all("details.rule")) each.open = false;
    filter();
  });
  // --- Each matrix has one tab stop; the arrow keys move it -----------------------------------------------------------
  const stops = new Map();
  function setTabStop(table, link) {
    if (stops.has(table)) stops.get(table).tabIndex = -1;
    stops.set(table, link);
    link.tabIndex = 0;
  }
  for (const table of all(".matrix")) {
    const links = all("td a", table);
    for (const link of links) link.tabIndex = -1;
    if (links.length) setTabStop(table, links[0]);
    table.addEventListener("focusin", (event) => { if (event.target.matches("td a")) setTabStop(table, event.target); });
    table.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      const cell = event.target.closest("td");
      if (!step || !cell) return;
      event.preventDefault();
      let row = cell.parentElement.rowIndex, column = cell.cellIndex;
      for (;;) {
        row += step[0];
        column += step[1];
        const next = table.rows[row] && table.rows[row].cells[column];
        if (!next || next.tagName === "TH") return;
        const link = !table.rows[row].hidden && !next.hidden && next.querySelector("a");
        if (link) { link.focus(); return; }
      }
    });
  }

  if (location.hash) reveal(location.hash.slice(1));
})();
