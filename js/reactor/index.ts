// The NXML language: text to build, build to text. Drawing has its own entry, drawing.ts.

export { CATALOGUE, type Code } from "./catalogue.ts";
export { check } from "./check.ts";
export { applyFix, assemble, fix } from "./fix.ts";
export { parsePatch } from "./patchtext.ts";
export { format, print, type PrintTree } from "./printer.ts";
export type { ComponentSpec, PropSpec, PropType, Registry } from "./registry.ts";
