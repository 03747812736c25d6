// Enhancements. Every page works without this file; nothing here decides
// anything the server does not decide again.
import { autosave } from "./autosave.js";
import { documents } from "./files.js";
import { focus } from "./focus.js";
import { keys } from "./keys.js";
import { once } from "./once.js";
import { passkey } from "./passkey.js";
import { reveal } from "./reveal.js";
import { session } from "./session.js";

for (const start of [focus, reveal, documents, passkey, keys, once, autosave, session]) {
  try {
    start();
  } catch (problem) {
    // One enhancement that fails must not take the others along.
    console.error(problem);
  }
}
