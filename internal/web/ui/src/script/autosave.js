// Keeps a draft while people type: sends the form, without files, a moment
// after the last change. What could not be sent stays in the page and is
// tried again. Nothing is stored in the browser.
const pause = 1200;
const longest = 60000;

export function autosave() {
  for (const form of document.querySelectorAll("form[data-autosave]")) new Keeper(form).start();
}

class Keeper {
  constructor(form) {
    this.form = form;
    this.line = document.querySelector("[data-save-state]");
    this.dirty = false;
    this.busy = false;
    this.stopped = false;
    this.wait = pause;
  }

  start() {
    const changed = (event) => {
      if (event.target.type === "file" || this.stopped) return;
      this.dirty = true;
      this.plan(pause);
    };
    this.form.addEventListener("input", changed);
    this.form.addEventListener("change", changed);
    this.form.addEventListener("submit", () => {
      // The form itself carries everything now.
      setTimeout(() => {
        if (this.form.dataset.sent) this.dirty = false;
      });
    });
    addEventListener("online", () => this.dirty && this.save());
    addEventListener("offline", () => this.dirty && this.fail());
    addEventListener("pagehide", () => this.last());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.last();
    });
    addEventListener("beforeunload", (event) => {
      if (this.dirty && (this.busy || this.line?.dataset.state === "failed")) event.preventDefault();
    });
  }

  plan(after) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), after);
  }

  body() {
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) {
      if (typeof value === "string") fields.append(name, value);
    }
    return fields;
  }

  request(keepalive) {
    return fetch(this.form.dataset.autosave, {
      method: "POST",
      body: this.body(),
      headers: { Accept: "application/json", "X-Autosave": "1" },
      credentials: "same-origin",
      redirect: "manual",
      keepalive,
    });
  }

  async save() {
    if (this.busy) return this.plan(pause);
    if (!this.dirty || this.stopped || this.form.dataset.sent) return;
    this.busy = true;
    this.dirty = false;
    try {
      const answer = await this.request(false);
      if (!this.refused(answer)) await this.kept(answer);
    } catch {
      this.retry();
    } finally {
      this.busy = false;
    }
  }

  async kept(answer) {
    if (!answer.ok) throw new Error(String(answer.status));
    const { saved, version, seconds } = await answer.json();
    // Saving counts as being there: the session's end moves as well.
    if (seconds > 0) document.dispatchEvent(new CustomEvent("hs:session", { detail: seconds }));
    if (version !== undefined) {
      for (const field of this.form.querySelectorAll('input[name="version"]')) field.value = version;
    }
    this.wait = pause;
    this.say("saved", `Saved ${saved} — draft, not submitted`);
  }

  // Answers that trying again would not change.
  refused(answer) {
    if (answer.status === 409) {
      this.stopped = true;
      this.say("changed", "Not saved: this draft was changed elsewhere. ", "Load the other version", location.href);
      return true;
    }
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
      this.dirty = true;
      this.plan(longest);
      this.say("failed", "Not saved: you are signed out. What you typed is kept on this page. ", "Sign in in another tab", "/login");
      return true;
    }
    if (answer.status === 413 || answer.status === 422 || answer.status === 400) {
      this.say("failed", "Not saved: something in the form cannot be kept as it is. Submit to see what.");
      return true;
    }
    return false;
  }

  retry() {
    this.dirty = true;
    this.wait = Math.min(longest, this.wait * 2);
    this.plan(this.wait);
    this.fail();
  }

  fail() {
    const why = navigator.onLine ? "the portal does not answer" : "you are offline";
    this.say("failed", `Not saved: ${why}. What you typed is kept on this page and is sent again by itself.`);
  }

  // A page that is left sends once more, without waiting for an answer.
  last() {
    if (!this.dirty || this.busy || this.stopped || this.form.dataset.sent) return;
    clearTimeout(this.timer);
    this.dirty = false;
    this.busy = true;
    this.request(true)
      .then((answer) => this.refused(answer) || this.kept(answer))
      .catch(() => this.retry())
      .finally(() => {
        this.busy = false;
      });
  }

  say(state, words, link, href) {
    if (!this.line) return;
    this.line.dataset.state = state;
    this.line.textContent = words;
    if (!link) return;
    const a = document.createElement("a");
    a.textContent = link;
    a.href = href;
    if (href === "/login") a.target = "_blank";
    this.line.append(a);
  }
}
