// Bundles a TypeScript program and runs it: node run.mjs fuzz/main.ts [arguments]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const [entry, ...args] = process.argv.slice(2);
const here = new URL("./", import.meta.url).pathname;
const scratch = await mkdtemp(join(tmpdir(), "nexus-run-"));

try {
  const bundle = join(scratch, "program.mjs");
  await build({
    entryPoints: [entry], bundle: true, outfile: bundle, platform: "node", format: "esm", target: "es2022", absWorkingDir: here,
    loader: { ".css": "text", ".nxml": "text" }, define: { "process.env.NODE_ENV": '"production"' }, logLevel: "warning",
  });
  const { main } = await import(pathToFileURL(bundle).href);
  process.exitCode = await main(new URL("../", import.meta.url), args);
} finally {
  await rm(scratch, { recursive: true });
}
