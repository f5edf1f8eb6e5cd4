// Code that a page carries compressed, run when it is first needed.

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

let taken = 0;

/**
 * Run a module that lies in the page, and return what it exports. Clients let a page run inline scripts only, neither
 * `import()` nor addresses of blobs: what our builds export, in one clause at their end, is handed over instead.
 */
export async function evaluated(packed: string): Promise<unknown> {
  const text = await new Response(new Blob([bytes(packed)]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const clause = /export\s*\{([^{}]*)\};?\s*$/.exec(text);
  if (!clause) throw new Error("The page's code is damaged.");
  const names = (clause[1] as string).split(",").map((one) => one.trim().split(/\s+as\s+/)).map(([local, exported]) => `${exported ?? local}:${local}`);
  const event = `nexus-code-${++taken}`;
  return new Promise((resolve, reject) => {
    window.addEventListener(event, (given) => resolve((given as CustomEvent<unknown>).detail), { once: true });
    const script = Object.assign(document.createElement("script"), { type: "module", textContent: `${text.slice(0, clause.index)};dispatchEvent(new CustomEvent(${JSON.stringify(event)},{detail:{${names.join(",")}}}));` });
    script.addEventListener("error", () => reject(new Error("The page's code could not be run.")));
    document.head.append(script);
  });
}
