// Lets people see the password they type.
export function reveal() {
  for (const button of document.querySelectorAll("[data-reveal]")) {
    const field = document.getElementById(button.dataset.reveal);
    if (!field) continue;
    button.hidden = false;
    const set = (shown) => {
      field.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", String(shown));
    };
    button.addEventListener("click", () => set(field.type === "password"));
    // What is sent is a password again, so that browsers offer to keep it.
    field.form?.addEventListener("submit", () => set(false));
  }
}
