// The form of what is typed: letters, #, ? and *. People who know regular expressions write those.

/** What stands in regular expressions, and in no form that somebody means. */
const FOREIGN = /^\^|\\[A-Za-z.]|\[[^\]]+\][+*?{]|\[\w-\w|\.[*+]|\)[+*?{]|[\w\]#]\{\d+,?\d*\}|\(\?/;
/** A part of a regular expression, and how often it stands there. */
const PART = /(\\d|\[0-9\]|\[a-zA-Z\]|\[A-Za-z\]|\.\*|\\[^A-Za-z0-9]|[^\\[\](){}|.+*?^$#])(?:\{(\d{1,2})\})?/y;
const MEANS: Readonly<Record<string, string>> = { "\\d": "#", "[0-9]": "#", "[a-zA-Z]": "?", "[A-Za-z]": "?", ".*": "*" };

/** Whether a form reads like a regular expression. */
export function isRegular(form: string): boolean {
  return FOREIGN.test(form);
}

/** The form that means the same as a regular expression, if there is one. */
export function formOf(regular: string): string | null {
  const text = regular.replace(/^\^/, "").replace(/\$$/, "");
  let form = "";
  PART.lastIndex = 0;
  for (let found = PART.exec(text); found; found = PART.exec(text)) {
    const [, part = "", times = "1"] = found;
    const means = MEANS[part] ?? part.replace("\\", "");
    if (/^[#?*]$/.test(means) && MEANS[part] === undefined) return null;
    form += means.repeat(Number(times));
    if (PART.lastIndex === text.length) return form;
  }
  return null;
}
