// Single keys: "/" search, "?" list, j, k and Enter in worklists, and the
// keys that buttons of a row name. They can be switched off (WCAG 2.1.4).
const kept = "hs-single-keys";

export function keys() {
  const list = document.getElementById("keys");
  const toggle = list?.querySelector("[data-keys-switch]");
  if (toggle) {
    toggle.checked = enabled();
    toggle.addEventListener("change", () => remember(toggle.checked));
  }
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    // The list stays reachable: it holds the switch.
    if (event.key === "?" && list) return handled(event, () => list.showModal());
    if (!enabled()) return;
    if (event.key === "/") return search(event);
    if (event.key === "j" || event.key === "k") return step(event, event.key === "j" ? 1 : -1);
    if (event.key.length === 1) return press(event);
  });
}

function enabled() {
  try {
    return localStorage.getItem(kept) !== "off";
  } catch {
    return true;
  }
}

function remember(on) {
  try {
    localStorage.setItem(kept, on ? "on" : "off");
  } catch {
    // Without storage the choice holds for this page only.
  }
}

function typing(target) {
  return target.closest?.("input:not([type=checkbox]):not([type=radio]):not([type=file]), select, textarea, [contenteditable]") !== null;
}

function handled(event, action) {
  event.preventDefault();
  action();
}

function search(event) {
  const field = document.querySelector("[data-search]");
  if (field) handled(event, () => field.select() ?? field.focus());
}

// Rows are walked by focusing their link, so that Enter needs no code and
// screen readers hear the row.
function step(event, by) {
  const links = [...document.querySelectorAll("[data-worklist] tbody tr")].map((row) => row.querySelector("a[data-open]")).filter(Boolean);
  if (links.length === 0) return;
  const row = document.activeElement?.closest("[data-worklist] tbody tr") ?? document.querySelector("[data-worklist] tr:target");
  const at = links.findIndex((link) => row?.contains(link));
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by));
  handled(event, () => {
    links[next].focus();
    links[next].scrollIntoView({ block: "nearest" });
  });
}

function press(event) {
  const wanted = `[data-key="${CSS.escape(event.key)}"]`;
  const row = document.activeElement?.closest("[data-worklist] tbody tr");
  const target = row?.querySelector(wanted) ?? [...document.querySelectorAll(wanted)].find((b) => !b.closest("[data-worklist]"));
  if (target) handled(event, () => target.click());
}
