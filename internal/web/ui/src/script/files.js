// Shows name and size of chosen files before they are sent, and says at once
// which are over the limit.
import { size } from "./words.js";

export function documents() {
  for (const input of document.querySelectorAll('input[type="file"]')) {
    const list = document.querySelector(`[data-files-of="${CSS.escape(input.id)}"]`);
    if (list) input.addEventListener("change", () => show(input, list));
  }
}

function show(input, list) {
  const limit = Number(input.dataset.maxBytes) || Infinity;
  list.replaceChildren();
  let problem = "";
  for (const file of input.files) {
    const item = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = file.name;
    item.append(name, text("span", size(file.size)));
    const wrong = file.size > limit ? `Too large: the limit is ${size(limit)}. Choose a smaller file.` : file.size === 0 ? "This file is empty. Choose another." : "";
    if (wrong) {
      const note = text("span", wrong);
      note.className = "hs-file__too-large";
      item.append(note);
      problem = wrong;
    }
    list.append(item);
  }
  // The form is told too: it holds a file that would be refused.
  input.setCustomValidity(problem);
}

function text(tag, words) {
  const element = document.createElement(tag);
  element.textContent = words;
  return element;
}
