// Builds dist: one style sheet, one script, fonts, icons and a manifest that
// maps plain names to names with a digest.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import * as sass from "sass";

const here = path.dirname(fileURLToPath(import.meta.url));
const at = (...parts) => path.join(here, ...parts);
const uswds = at("node_modules/@uswds/uswds");
const dist = at("dist");

// The icons pages may name. Ours are in src/icons: shapes the set lacks.
const icons = `accessibility_new account_balance add add_circle_outline alarm announcement arrow_back arrow_downward
arrow_forward arrow_upward assessment attach_file autorenew bookmark calendar_today campaign cancel chat check
check_circle check_circle_outline close contact_page content_copy credit_card delete edit error event
expand_less expand_more file_download file_present file_upload filter_list fingerprint flag folder_open forum
group_add groups help history home hospital hourglass_empty identification info insights keyboard label launch
link list local_hospital lock lock_open login logout mail medical_services menu more_horiz navigate_before
navigate_next notifications people person phone print priority_high push_pin remove_circle report schedule
science search security send settings sort_arrow star support_agent timer undo update upload_file verified
verified_user visibility visibility_off warning work`.split(/\s+/);
const ours = ["half", "expired", "pause"];

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 12);

const manifest = {};

async function put(name, bytes) {
  const { name: stem, ext } = path.parse(name);
  const built = `${stem}-${digest(bytes)}${ext}`;
  await writeFile(path.join(dist, built), bytes);
  if (ext !== ".woff2") {
    await writeFile(path.join(dist, built + ".gz"), gzipSync(bytes, { level: 9 }));
  }
  manifest[name] = built;
  return built;
}

async function sprite() {
  const symbols = [];
  const sources = [
    ...icons.map((name) => [name, path.join(uswds, "dist/img/usa-icons", `${name}.svg`)]),
    ...ours.map((name) => [name, at("src/icons", `${name}.svg`)]),
  ];
  for (const [name, file] of sources) {
    const svg = await readFile(file, "utf8");
    const inner = svg.match(/<svg[^>]*>([\s\S]*)<\/svg>/);
    const box = svg.match(/viewBox="([^"]+)"/);
    if (!inner || !box) throw new Error(`icon ${name} has no shape`);
    const shape = inner[1].replace(/<path[^>]*fill="none"[^>]*d="M0 0h24v24H0z?"[^>]*\/>/gi, "").trim();
    symbols.push(`<symbol id="${name}" viewBox="${box[1]}">${shape}</symbol>`);
  }
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("\n")}</svg>\n`);
}

// Files a style sheet refers to become built files of their own.
async function localize(css) {
  const found = [...css.matchAll(/url\(\s*["']?([^"')]+)["']?\s*\)/g)].map((m) => m[1]);
  for (const ref of new Set(found)) {
    if (ref.startsWith("data:")) throw new Error("the style sheet holds a data: address, which the policy blocks");
    const file = path.resolve(at("src/styles"), ref);
    if (!file.startsWith(uswds)) throw new Error(`the style sheet reaches outside the design system: ${ref}`);
    const built = await put(path.basename(file), await readFile(file));
    css = css.replaceAll(ref, `./${built}`);
  }
  return css;
}

async function style() {
  const out = sass.compile(at("src/styles/app.scss"), {
    loadPaths: [path.join(uswds, "packages"), at("src/styles")],
    logger: sass.Logger.silent,
    url: pathToFileURL(at("src/styles/app.scss")),
    charset: false,
  });
  const css = await localize(out.css);
  const small = await esbuild.transform(css, { loader: "css", minify: true, target: ["chrome110", "firefox115", "safari16"], charset: "utf8" });
  return Buffer.from(small.code);
}

async function script() {
  const out = await esbuild.build({
    entryPoints: [at("src/script/app.js")],
    bundle: true,
    minify: true,
    format: "iife",
    target: ["chrome110", "firefox115", "safari16"],
    charset: "utf8",
    legalComments: "none",
    write: false,
  });
  return Buffer.from(out.outputFiles[0].contents);
}

async function clean() {
  await mkdir(dist, { recursive: true });
  for (const name of await readdir(dist)) {
    if (name !== ".gitkeep") await rm(path.join(dist, name), { recursive: true });
  }
}

await clean();
const [css, js, svg] = await Promise.all([style(), script(), sprite()]);
await put("app.css", css);
await put("app.js", js);
await put("sprite.svg", svg);
await put("icon.svg", await readFile(at("src/icons/icon.svg")));
await writeFile(path.join(dist, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
