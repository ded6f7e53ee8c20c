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
  const FAIL = 0, UNKNOWN = 1, ACCEPTED = 2, PASS = 3, NOT_APPLICABLE = 4;
  const FEW = 300; // findings that a filter unfolds

  // What can be hidden, and what counts it.
  const boxes = new Map();
  const box = (element) => {
    if (element && !boxes.has(element)) {
      const count = element.matches(".fold") ? element.firstElementChild
        : element.querySelector(":scope > :is(h2, h3, header, summary) .count");
      boxes.set(element, { element, count, words: count && count.textContent, total: 0, shown: 0, before: false, lines: [], stale: false });
    }
    return boxes.get(element);
  };
  const lines = data.findings.map(([host, rule, outcome, severity, fresh], number) => {
    const element = at("f" + number);
    const around = [element.closest("details.fold"), element.closest(".group, details.rule"), element.closest(".severity"),
      element.closest("section")].filter(Boolean).map(box);
    for (const each of around) each.total += 1;
    const line = { element, host, rule, outcome, severity, fresh, around, shown: true };
    if (around[0].element.matches("details")) around[0].lines.push(line);
    return line;
  });
  // Lines in what is closed are hidden when it opens: 10,000 of them would take longer than a blink.
  function settle(each) {
    each.stale = false;
    for (const line of each.lines) if (line.element.hidden === line.shown) line.element.hidden = !line.shown;
  }
  const folds = [...boxes.values()].filter((each) => each.element.matches(".fold"));
  const lineless = [...data.rules.keys()].map((number) => [number, at("r" + number)]).filter(([, each]) => !boxes.has(each));
  // The matrix: a row for each host, and for each column the number of its rule and whether it is hidden.
  const matrix = at("matrix"), table = document.querySelector("table.matrix tbody"), links = all("td a", table);
  const rows = data.hosts.map((_, number) => at("h" + number));
  const columns = all("thead a", matrix).map((link) => ({ rule: Number(link.hash.slice(2)), hidden: false }));
  let texts = null; // made at the first search: reading 10,000 lines takes longer than showing the page
  // What a group says for all its lines: reason, advice and remedy, without the names that are joined in it.
  const once = new Map();
  const textOf = (number) => {
    texts ??= lines.map((line) => [line.element.textContent, ...data.rules[line.rule], textAround(line.element.closest(".group"))]
      .join(" ").toLowerCase());
    return texts[number];
  };
  function textAround(group) {
    if (group && !once.has(group)) {
      const said = all(":scope > header > :is(h3, .advice), :scope > .remedy pre", group);
      once.set(group, said.map((each) => each.parentElement.matches(".joint")
        ? each.textContent.replace(/^ *- [^:\n]+$/gm, "") : each.textContent).join(" "));
    }
    return once.get(group) ?? "";
  }

  const form = at("filter"), text = at("text"), host = at("host"), rule = at("rule"), fresh = at("new"), result = at("result");
  const severities = all("input[name=severity]", form);
  const grouped = (number) => number.toLocaleString("en");

  function filter() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wantedHost = host.value === "" ? null : Number(host.value);
    const wantedRule = rule.value === "" ? null : Number(rule.value);
    const wanted = severities.map((each) => each.checked);
    const onlyNew = Boolean(fresh && fresh.checked);
    const active = words.length > 0 || wantedHost !== null || wantedRule !== null || onlyNew || wanted.includes(false);
    const counts = [0, 0, 0, 0, 0], hostsLeft = new Set(), rulesLeft = new Set();
    for (const each of boxes.values()) each.shown = 0;
    lines.forEach((line, number) => {
      const shown = (wantedHost === null || line.host === wantedHost) && (wantedRule === null || line.rule === wantedRule)
        && wanted[line.severity] && (!onlyNew || line.fresh === 1)
        && words.every((word) => textOf(number).includes(word));
      if (shown) {
        counts[line.outcome] += 1;
        hostsLeft.add(line.host);
        rulesLeft.add(line.rule);
        for (const each of line.around) each.shown += 1;
      }
      if (shown !== line.shown) {
        line.shown = shown;
        if (line.around[0].lines.length && !line.around[0].element.open) line.around[0].stale = true;
        else line.element.hidden = !shown;
      }
    });
    for (const each of boxes.values()) tell(each, active);
    for (const [number, each] of lineless) each.hidden = active && number !== wantedRule;
    const few = active && counts.reduce((sum, each) => sum + each, 0) <= FEW;
    for (const each of folds) unfold(each, few);
    narrow(active, hostsLeft, rulesLeft);
    result.textContent = active ? summary(counts) : "";
  }

  function narrow(active, hostsLeft, rulesLeft) {
    matrix.hidden = active && hostsLeft.size === 0;
    rows.forEach((row, number) => { row.hidden = active && !hostsLeft.has(number); });
    columns.forEach((column, place) => {
      const hidden = active && !rulesLeft.has(column.rule);
      if (hidden === column.hidden) return;
      column.hidden = hidden;
      for (const row of table.parentElement.rows) row.cells[place + 1].hidden = hidden;
    });
    if (current && current.closest("[hidden]")) stopAt(links.find((link) => !link.closest("[hidden]")) ?? current);
  }

  function tell(each, active) {
    each.element.hidden = active && each.shown === 0 && each.element.id !== "rules";
    if (!each.count) return;
    const words = each.shown === each.total ? each.words
      : each.element.matches(".fold") ? `${grouped(each.shown)} that match${each.shown === 1 ? "es" : ""}`
        : `${grouped(each.shown)} of ${grouped(each.total)} match`;
    if (each.count.textContent !== words) each.count.textContent = words;
    each.count.classList.toggle("part", each.shown !== each.total);
  }

  function unfold(each, few) {
    const open = few && each.shown > 0;
    if (open === each.before) return;
    if (open && each.stale) settle(each);
    each.before = open;
    each.element.open = open;
    each.element.classList.toggle("unfolded", open);
  }

  function summary(counts) {
    const total = counts.reduce((sum, each) => sum + each, 0);
    const named = [["failed", FAIL], ["unknown", UNKNOWN], ["accepted", ACCEPTED], ["passed", PASS],
      ["not applicable", NOT_APPLICABLE]].filter(([, outcome]) => counts[outcome]);
    const parts = named.map(([word, outcome]) => `${grouped(counts[outcome])} ${word}`).join(", ");
    return total ? `${grouped(total)} of ${grouped(lines.length)} checks match: ${parts}.` : "No check matches.";
  }

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { filter(); say("The filter is cleared."); }));

  // A link may lead to what is folded away or filtered out.
  function reveal(id) {
    const target = id && at(id);
    if (!target) return;
    const line = /^f\d+$/.test(id) && lines[Number(id.slice(1))];
    if (target.closest("[hidden]") || (line && !line.shown)) { form.reset(); filter(); }
    for (let each = target; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
    // What comes into sight is laid out only then, and may move the target away again.
    const settleOn = (frames) => {
      target.scrollIntoView({ block: id.startsWith("f") ? "center" : "start" });
      if (frames) requestAnimationFrame(() => settleOn(frames - 1));
    };
    settleOn(3);
    if (!target.hasAttribute("tabindex")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href^='#']");
    if (!link) return;
    const id = link.getAttribute("href").slice(1);
    if (link.dataset.host !== undefined) {
      event.preventDefault();
      form.reset();
      host.value = link.dataset.host;
      filter();
      reveal(at("wrong").hidden ? "unknown" : "wrong");
    } else queueMicrotask(() => reveal(id));
  });
  window.addEventListener("hashchange", () => reveal(location.hash.slice(1)));

  // Remedies to copy; without a clipboard the text is left selected.
  function say(words) { at("said").textContent = words; }
  function equip(within) {
    for (const remedy of all(".remedy", within)) {
      if (remedy.querySelector(".copy")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.setAttribute("aria-label", "Copy the remedy");
      remedy.append(button);
    }
  }
  async function copy(button) {
    const pre = button.parentElement.querySelector("pre");
    let done = true;
    try {
      await navigator.clipboard.writeText(pre.textContent);
    } catch {
      getSelection().selectAllChildren(pre);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Selected";
    say(done ? "The remedy is copied." : "The remedy is selected: copy it with the keyboard.");
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }
  document.addEventListener("click", (event) => {
    if (event.target.matches && event.target.matches(".copy")) copy(event.target);
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details.mend, details.rule")) equip(event.target);
    const opened = boxes.get(event.target);
    if (opened && opened.stale) settle(opened);
  }, true);
  window.addEventListener("beforeprint", () => boxes.forEach((each) => { if (each.stale) settle(each); }));
  all(".group > .remedy").forEach((each) => equip(each.parentElement));

  // One stop for the tabulator in the matrix; arrows go on from there.
  links.forEach((link, number) => { link.tabIndex = number ? -1 : 0; });
  let current = links[0];
  function stopAt(link) {
    current.tabIndex = -1;
    current = link;
    current.tabIndex = 0;
  }
  table.addEventListener("focusin", (event) => { if (event.target.matches("td a")) stopAt(event.target); });
  table.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const cell = event.target.closest("td");
    if (!step || !cell) return;
    event.preventDefault();
    let row = cell.parentElement.sectionRowIndex, column = cell.cellIndex;
    for (;;) {
      row += step[0];
      column += step[1];
      const next = table.rows[row] && table.rows[row].cells[column];
      if (!next || next.tagName === "TH") return;
      const link = !table.rows[row].hidden && !next.hidden && next.querySelector("a");
      if (link) { link.focus(); return; }
    }
  });

  if (location.hash) reveal(location.hash.slice(1));
})();
