// Prints a program of this folder as one script for a page: node bench/bundle.mjs rows/main.ts
import { build } from "esbuild";

const here = new URL("./", import.meta.url).pathname;
const { outputFiles } = await build({
  entryPoints: [process.argv[2]], bundle: true, write: false, minify: true, format: "iife", target: "es2023", absWorkingDir: here,
  loader: { ".css": "text" }, define: { "process.env.NODE_ENV": '"production"' }, logLevel: "warning",
});
process.stdout.write(outputFiles[0].text);
