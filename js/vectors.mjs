// Writes tests/vectors/*.json: panels with the build and the HTML that every engine must make of them.
import { mkdtemp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = new URL("./", import.meta.url).pathname;
const out = new URL("../tests/vectors/", import.meta.url).pathname;
const scratch = await mkdtemp(join(tmpdir(), "nexus-vectors-"));

try {
  const bundle = join(scratch, "vectors.mjs");
  await build({ entryPoints: ["../tests/js/vectors.ts"], bundle: true, outfile: bundle, format: "esm", target: "es2022", absWorkingDir: here, nodePaths: [`${here}node_modules`], loader: { ".css": "text", ".nxml": "text" }, logLevel: "warning" });
  const { vectors } = await import(pathToFileURL(bundle).href);
  await mkdir(out, { recursive: true });
  for (const name of await readdir(out)) if (name.endsWith(".json")) await rm(join(out, name));
  for (const vector of vectors()) await writeFile(join(out, `${vector.name}.json`), `${JSON.stringify(vector, null, 1)}\n`);
} finally {
  await rm(scratch, { recursive: true });
}
