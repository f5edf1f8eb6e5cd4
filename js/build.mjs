// Builds everything that ships in nexus_jupyter/static: the reactor for the engine, the runtime for the browser,
// and the anywidget loader.
import { mkdir } from "node:fs/promises";
import { build } from "esbuild";

const here = new URL("./", import.meta.url).pathname;
const out = new URL("../nexus_jupyter/static/", import.meta.url).pathname;
const shared = { bundle: true, minify: true, charset: "utf8", legalComments: "none", absWorkingDir: here, logLevel: "warning", loader: { ".css": "text" } };

await mkdir(out, { recursive: true });
await Promise.all([
  build({ ...shared, entryPoints: ["engine/reactor.ts"], outfile: `${out}reactor.js`, format: "iife", target: "es2023" }),
  build({ ...shared, entryPoints: ["engine/sandbox.ts"], outfile: `${out}sandbox.js`, format: "iife", target: "es2023" }),
  build({ ...shared, entryPoints: ["runtime/index.ts"], outfile: `${out}runtime.js`, format: "esm", target: "es2022" }),
  ...["assistant", "coedit", "editor", "math", "origins", "vega"].map((name) => build({ ...shared, entryPoints: [`runtime/lazy/${name}.ts`], outfile: `${out}${name}.js`, format: "esm", target: "es2022" })),
  build({ ...shared, entryPoints: ["export/index.ts"], outfile: `${out}page.js`, format: "esm", target: "es2022" }),
  build({ ...shared, entryPoints: ["apps/index.ts"], outfile: `${out}app.js`, format: "esm", target: "es2022" }),
  build({ ...shared, entryPoints: ["export/worker.ts"], outfile: `${out}worker.js`, format: "iife", target: "es2022" }),
  build({ ...shared, entryPoints: ["widget/loader.ts"], outfile: `${out}loader.js`, format: "esm", target: "es2022" }),
]);
