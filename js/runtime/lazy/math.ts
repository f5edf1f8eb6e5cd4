// Formulas, by KaTeX as MathML. Loaded when the first one is shown.
import katex from "katex";

export const { render } = katex;
