// The vendored libraries of the console are the files of their npm packages.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

const VENDOR = new URL("../../pages/vendor/", import.meta.url);

/** Where the files of a vendored folder are in its package. */
const FOLDERS = { "lit-html": "lit-html", uplot: "uplot/dist" };

for (const [folder, source] of Object.entries(FOLDERS)) {
  test(`the files of ${folder} are those of its package`, async () => {
    const entries = await readdir(new URL(folder, VENDOR), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    assert(files.length > 2);
    for (const file of files) {
      const path = file.slice(new URL(`${folder}/`, VENDOR).pathname.length);
      const original = join(process.env.NODE_PATH, path === "LICENSE" ? folder : source, path);
      assert.equal(await readFile(file, "utf8"), await readFile(original, "utf8"), path);
    }
  });
}
