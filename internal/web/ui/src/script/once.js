// A form that changes something is sent once, however often it is clicked.
// The server guards itself as well: this only spares people the doubt.
export function once() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute("method")?.toLowerCase() !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    const refused = [...form.querySelectorAll('input[type="file"]')].find((f) => f.validity.customError);
    if (refused && !event.submitter?.formNoValidate) {
      event.preventDefault();
      refused.focus();
      return;
    }
    form.dataset.sent = "yes";
    const button = event.submitter;
    // After the browser has collected the values, the pressed one included.
    setTimeout(() => {
      if (button) button.setAttribute("aria-busy", "true");
    });
    // A download answers without leaving the page, and a lost connection may
    // never answer: after a while the form may be tried again.
    setTimeout(() => release(form), 15000);
  });
  // Back from the next page: the form may be used again.
  addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release);
  });
}

function release(form) {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-busy]").forEach((b) => b.removeAttribute("aria-busy"));
  for (const b of form.elements) b.removeAttribute("aria-busy");
}
