// Puts the focus where the work is: on a summary of problems, or on the
// field an address names, so that signing in again leads back to it.
export function focus() {
  const summary = document.querySelector("[data-focus]");
  if (summary) {
    summary.focus();
    return;
  }
  const id = location.hash.slice(1);
  const named = id && document.getElementById(decode(id));
  if (named && named.matches("input, select, textarea")) named.focus();
}

function decode(id) {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
