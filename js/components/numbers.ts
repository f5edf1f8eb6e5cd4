// Numbers as people type them: with the decimal mark of their language, and nothing read out of what is no number.

interface Browser {
  readonly navigator?: { readonly language?: string };
  readonly document?: { readonly documentElement?: { readonly lang?: string } };
  readonly Intl?: { NumberFormat: new (language: string) => { formatToParts(value: number): { readonly type: string; readonly value: string }[] } };
}
type Mark = "." | ",";

/** The decimal marks of the person's language and of the page's, the person's first; a point where there is no browser. */
export function decimalMarks(): Mark[] {
  const { navigator, document, Intl } = globalThis as unknown as Browser;
  const marks = [navigator?.language, document?.documentElement?.lang].map((language): Mark => {
    try {
      return language && Intl?.NumberFormat && new Intl.NumberFormat(language).formatToParts(1.5).some((part) => part.type === "decimal" && part.value === ",") ? "," : ".";
    } catch {
      // An attribute may say anything.
      return ".";
    }
  });
  return [...new Set(marks)];
}

const NUMBERS: Readonly<Record<Mark, RegExp>> = {
  ".": /^[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i,
  ",": /^[-+]?(?:(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d*)?|,\d+)(?:e[-+]?\d+)?$/i,
};

/** Read a number as it was typed, by the first of the marks with which it is one; null where it is none, or too large to be one. */
export function readNumber(text: string, marks: readonly Mark[]): number | null {
  // Spaces of any width and apostrophes group digits; a minus may be the typographical one.
  const plain = text.trim().replace(/\u2212/g, "-").replace(/(\d)[\s'\u2019](?=\d{3}(?!\d))/g, "$1");
  const mark = marks.find((one) => NUMBERS[one].test(plain));
  if (mark === undefined) return null;
  const value = Number(mark === "," ? plain.replace(/\./g, "").replace(",", ".") : plain.replace(/,/g, ""));
  return Number.isFinite(value) ? value : null;
}

/** A number for a field: as many digits as were typed, and no binary noise. */
export function writtenNumber(value: number, mark: Mark): string {
  return String(Number(value.toPrecision(15))).replace(".", mark);
}
