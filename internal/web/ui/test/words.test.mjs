import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { left, size } from "../src/script/words.js";

test("sizes are written as the pages write them", () => {
  for (const [bytes, words] of [[0, "0 bytes"], [999, "999 bytes"], [1000, "1 KB"], [812345, "812 KB"], [999499, "999 KB"], [999500, "1 MB"], [2440000, "2.4 MB"], [25000000, "25 MB"]]) {
    assert.equal(size(bytes), words);
  }
});

test("time left is said in words", () => {
  for (const [seconds, words] of [[120, "2 minutes"], [90, "2 minutes"], [75, "75 seconds"], [2, "2 seconds"], [1, "a moment"], [0, "a moment"]]) {
    assert.equal(left(seconds), words);
  }
});

test("the lock names no host to fetch from", async () => {
  const lock = await readFile(new URL("../package-lock.json", import.meta.url), "utf8");
  for (const [name, entry] of Object.entries(JSON.parse(lock).packages)) {
    assert.equal(entry.resolved, undefined, name);
    if (name !== "" && !entry.link) assert.ok(entry.integrity, `${name} has no digest`);
  }
});
