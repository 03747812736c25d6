// Warns two minutes before a session ends and offers to stay. Other tabs of
// the same browser share the news. Nothing of what was typed is stored here.
import { left } from "./words.js";

const warnBefore = 120;

export function session() {
  const { sessionSeconds, sessionExtend, sessionSignIn } = document.body.dataset;
  const dialog = document.getElementById("session");
  if (!sessionSeconds || !dialog) return;

  let ends = Date.now() + Number(sessionSeconds) * 1000;
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("hs-session") : null;
  const words = dialog.querySelector("[data-session-left]");
  let said = "";

  const extended = (seconds) => {
    ends = Date.now() + seconds * 1000;
    if (dialog.open) dialog.close();
  };
  tabs?.addEventListener("message", (event) => {
    if (event.data.seconds > 0) extended(event.data.seconds);
  });
  document.addEventListener("hs:session", (event) => {
    extended(event.detail);
    tabs?.postMessage({ seconds: event.detail });
  });
  // A page just loaded is news to the other tabs.
  tabs?.postMessage({ seconds: Number(sessionSeconds) });

  const stay = async () => {
    try {
      const answer = await fetch(sessionExtend, { method: "POST", headers: { Accept: "application/json" }, credentials: "same-origin", redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const { seconds } = await answer.json();
      extended(seconds);
      tabs?.postMessage({ seconds });
    } catch {
      words.textContent = `${left(Math.round((ends - Date.now()) / 1000))}; staying did not work, try again`;
    }
  };
  dialog.querySelector("[data-session-stay]").addEventListener("click", stay);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    stay();
  });

  const tick = () => {
    const seconds = Math.round((ends - Date.now()) / 1000);
    if (seconds <= 0) return leave(sessionSignIn);
    if (seconds > warnBefore) return;
    if (!dialog.open) {
      document.querySelectorAll("dialog[open]").forEach((d) => d.close());
      fieldBefore = document.activeElement?.id ?? "";
      dialog.showModal();
    }
    // Spoken in steps, not every second.
    const now = left(seconds > 20 ? Math.ceil(seconds / 15) * 15 : seconds);
    if (now !== said) words.textContent = said = now;
  };
  // The clock of a sleeping computer runs on: look again on waking.
  setInterval(tick, 1000);
  addEventListener("visibilitychange", tick);
  addEventListener("pageshow", tick);
}

let fieldBefore = "";

// Leaves what was on the screen, and asks to come back to the same field.
// Drafts had their last chance a minute before: autosave sends on pagehide.
function leave(signIn) {
  const focused = document.activeElement?.matches("input, select, textarea") ? document.activeElement.id : fieldBefore;
  const back = location.pathname + location.search + (focused ? `#${focused}` : "");
  location.replace(`${signIn}?next=${encodeURIComponent(back)}`);
}
