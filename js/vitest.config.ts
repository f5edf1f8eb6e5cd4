// Tests of the JavaScript side. They live beside the Python ones; what they import is found from here.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vitest/config";

const here = fileURLToPath(new URL("./", import.meta.url));
const PREFIX = "\0text:";

/** Stylesheets and panels are imported as text, as in the bundles. */
const asText: Plugin = {
  name: "as-text",
  enforce: "pre",
  async resolveId(source, importer) {
    if (!/\.(css|nxml)$/.test(source)) return null;
    const found = await this.resolve(source, importer, { skipSelf: true });
    return found ? `${PREFIX}${found.id}.js` : null;
  },
  load(id) {
    if (!id.startsWith(PREFIX)) return null;
    return `export default ${JSON.stringify(readFileSync(id.slice(PREFIX.length, -".js".length), "utf8"))};`;
  },
};

export default defineConfig({
  root: here,
  plugins: [asText],
  server: { fs: { allow: [fileURLToPath(new URL("../", import.meta.url))] } },
  test: {
    dir: fileURLToPath(new URL("../tests/js", import.meta.url)),
    include: ["**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
  },
});
