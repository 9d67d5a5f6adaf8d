// Builds ../static from src. build.json says of which sources, so that a test sees what was changed and not built.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "..", "static");

const hash = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");
const hashes = (folder, names) => Object.fromEntries(names.sort().map((name) => [name, hash(join(folder, name))]));

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: { app: "src/main.js" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "inline",
  charset: "utf8",
});
copyFileSync(join(here, "src", "index.html"), join(out, "index.html"));
copyFileSync(join(here, "src", "icon.svg"), join(out, "icon.svg"));
const sources = [
  ...readdirSync(join(here, "src")).map((name) => `src/${name}`),
  "build.mjs",
  "package.json",
  "package-lock.json",
];
const told = { sources: hashes(here, sources), built: hashes(out, readdirSync(out)) };
writeFileSync(join(out, "build.json"), `${JSON.stringify(told, null, 1)}\n`);
