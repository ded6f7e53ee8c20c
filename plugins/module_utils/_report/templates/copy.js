/*
Copyright: (c) 2026, winha.cluster contributors
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
*/
// Copy buttons of remedies.
(() => {
  function announce(words) { document.getElementById("announcement").textContent = words; }
  function addCopyButtons(remedies) {
    for (const remedy of remedies) {
      if (remedy.querySelector(".copy")) continue;
      const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: "Copy" });
      button.setAttribute("aria-label", "Copy the remedy");
      remedy.append(button);
    }
  }
  // Without a clipboard the text stays selected.
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
  addCopyButtons(document.querySelectorAll(".group > .remedy"));
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details.rule")) addCopyButtons(event.target.querySelectorAll(".remedy"));
  }, true);
})();
