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
  const OPEN_AT_MOST = 300; // findings of a filter whose folds open

  // Elements that a filter can hide, each with the element that shows its count.
  const boxes = new Map();
  const box = (element) => {
    if (element && !boxes.has(element)) {
      const count = element.matches(".fold") ? element.firstElementChild
        : element.querySelector(":scope > :is(h2, h3, header, summary) .count");
      boxes.set(element, { element, count, words: count && count.textContent, total: 0, shown: 0, opened: false, lines: [], stale: false });
    }
    return boxes.get(element);
  };
  const lines = data.findings.map(([host, rule, outcome, severity, isNew], number) => {
    const element = at("f" + number);
    const around = [element.closest("details.fold"), element.closest(".group, details.rule"), element.closest(".severity"),
      element.closest("section")].filter(Boolean).map(box);
    for (const each of around) each.total += 1;
    const line = { element, host, rule, outcome, severity, isNew, around, shown: true };
    if (around[0].element.matches("details")) around[0].lines.push(line);
    return line;
  });
  // Lines in a closed fold are hidden when it opens: hiding 10,000 lines at once is too slow.
  function updateLines(each) {
    each.stale = false;
    for (const line of each.lines) if (line.element.hidden === line.shown) line.element.hidden = !line.shown;
  }
  const folds = [...boxes.values()].filter((each) => each.element.matches(".fold"));
  const rulesWithoutLines = [...data.rules.keys()].map((number) => [number, at("r" + number)]).filter(([, each]) => !boxes.has(each));
  // The matrix: a row for each host, and for each column its rule number and whether it is hidden.
  const matrix = at("matrix"), table = document.querySelector("table.matrix tbody"), links = all("td a", table);
  const rows = data.hosts.map((_, number) => at("h" + number));
  const columns = all("thead a", matrix).map((link) => ({ rule: Number(link.hash.slice(2)), hidden: false }));
  let texts = null; // built at the first search: reading 10,000 lines is slower than showing the page
  // The texts of a group for all its lines: reason, advice and remedy, without the names of joined remedies.
  const groupTexts = new Map();
  const textOf = (number) => {
    texts ??= lines.map((line) => [line.element.textContent, ...data.rules[line.rule], textAround(line.element.closest(".group"))]
      .join(" ").toLowerCase());
    return texts[number];
  };
  function textAround(group) {
    if (group && !groupTexts.has(group)) {
      const parts = all(":scope > header > :is(h3, .advice), :scope > .remedy pre", group);
      groupTexts.set(group, parts.map((each) => each.parentElement.matches(".joint")
        ? each.textContent.replace(/^ *- [^:\n]+$/gm, "") : each.textContent).join(" "));
    }
    return groupTexts.get(group) ?? "";
  }

  const form = at("filter"), text = at("text"), host = at("host"), rule = at("rule"), newOnly = at("new"), result = at("result");
  const severities = all("input[name=severity]", form);
  const grouped = (number) => number.toLocaleString("en");

  function filter() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wantedHost = host.value === "" ? null : Number(host.value);
    const wantedRule = rule.value === "" ? null : Number(rule.value);
    const wanted = severities.map((each) => each.checked);
    const onlyNew = Boolean(newOnly && newOnly.checked);
    const active = words.length > 0 || wantedHost !== null || wantedRule !== null || onlyNew || wanted.includes(false);
    const counts = [0, 0, 0, 0, 0], hostsLeft = new Set(), rulesLeft = new Set();
    for (const each of boxes.values()) each.shown = 0;
    lines.forEach((line, number) => {
      const shown = (wantedHost === null || line.host === wantedHost) && (wantedRule === null || line.rule === wantedRule)
        && wanted[line.severity] && (!onlyNew || line.isNew === 1)
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
    for (const each of boxes.values()) updateBox(each, active);
    for (const [number, each] of rulesWithoutLines) each.hidden = active && number !== wantedRule;
    const open = active && counts.reduce((sum, each) => sum + each, 0) <= OPEN_AT_MOST;
    for (const each of folds) openFold(each, open);
    filterMatrix(active, hostsLeft, rulesLeft);
    result.textContent = active ? summary(counts) : "";
  }

  function filterMatrix(active, hostsLeft, rulesLeft) {
    matrix.hidden = active && hostsLeft.size === 0;
    rows.forEach((row, number) => { row.hidden = active && !hostsLeft.has(number); });
    columns.forEach((column, place) => {
      const hidden = active && !rulesLeft.has(column.rule);
      if (hidden === column.hidden) return;
      column.hidden = hidden;
      for (const row of table.parentElement.rows) row.cells[place + 1].hidden = hidden;
    });
    if (current && current.closest("[hidden]")) setTabStop(links.find((link) => !link.closest("[hidden]")) ?? current);
  }

  function updateBox(each, active) {
    each.element.hidden = active && each.shown === 0 && each.element.id !== "rules";
    if (!each.count) return;
    const words = each.shown === each.total ? each.words
      : each.element.matches(".fold") ? `${grouped(each.shown)} that match${each.shown === 1 ? "es" : ""}`
        : `${grouped(each.shown)} of ${grouped(each.total)} match`;
    if (each.count.textContent !== words) each.count.textContent = words;
    each.count.classList.toggle("part", each.shown !== each.total);
  }

  function openFold(each, allowed) {
    const open = allowed && each.shown > 0;
    if (open === each.opened) return;
    if (open && each.stale) updateLines(each);
    each.opened = open;
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
  form.addEventListener("reset", () => setTimeout(() => { filter(); announce("The filter is cleared."); }));

  // A link can lead to a line that is folded or filtered out.
  function reveal(id) {
    const target = id && at(id);
    if (!target) return;
    const line = /^f\d+$/.test(id) && lines[Number(id.slice(1))];
    if (target.closest("[hidden]") || (line && !line.shown)) { form.reset(); filter(); }
    for (let each = target; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
    // Content is laid out only when it becomes visible, which can move the target.
    const scrollRepeatedly = (frames) => {
      target.scrollIntoView({ block: id.startsWith("f") ? "center" : "start" });
      if (frames) requestAnimationFrame(() => scrollRepeatedly(frames - 1));
    };
    scrollRepeatedly(3);
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

  // Copy buttons of remedies; without a clipboard the text stays selected.
  function announce(words) { at("announcement").textContent = words; }
  function addCopyButtons(within) {
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
    announce(done ? "The remedy is copied." : "The remedy is selected: copy it with the keyboard.");
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }
  document.addEventListener("click", (event) => {
    if (event.target.matches && event.target.matches(".copy")) copy(event.target);
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details.fix, details.rule")) addCopyButtons(event.target);
    const opened = boxes.get(event.target);
    if (opened && opened.stale) updateLines(opened);
  }, true);
  window.addEventListener("beforeprint", () => boxes.forEach((each) => { if (each.stale) updateLines(each); }));
  all(".group > .remedy").forEach((each) => addCopyButtons(each.parentElement));

  // The matrix has one tab stop; the arrow keys move it.
  links.forEach((link, number) => { link.tabIndex = number ? -1 : 0; });
  let current = links[0];
  function setTabStop(link) {
    current.tabIndex = -1;
    current = link;
    current.tabIndex = 0;
  }
  table.addEventListener("focusin", (event) => { if (event.target.matches("td a")) setTabStop(event.target); });
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
