// Numbers that name something rather than count it: years, ids, postcodes. They are written as they are, without grouping.

const CODES = new Set(["id", "ids", "uuid", "guid", "key", "code", "codes", "zip", "zipcode", "postcode", "postal", "plz", "phone", "isbn", "sku", "index"]);
const YEARS = new Set(["year", "years", "yr", "jahr", "annee", "ano", "anno", "decade", "vintage", "season"]);
const PARTS = new Set(["quarter", "month", "week", "weekday", "day", "hour"]);
/** Words that make a quantity of what they stand beside: orders per year, number of ids. */
const COUNTED = new Set(["per", "by", "count", "counts", "number", "num", "total", "sum", "mean", "avg", "average", "median", "rate", "ratio", "share", "sales", "revenue"]);
/** Years lie within this; other numbers in a column of that name are lengths of time. */
const FIRST_YEAR = 1000;
const LAST_YEAR = 2999;
const WORD = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g;

/** Whether the numbers of a column name something, by what it is called and what it holds. */
export function isCode(name: string, values: readonly number[]): boolean {
  const words = (name.normalize("NFD").replace(/\p{M}/gu, "").match(WORD) ?? []).map((word) => word.toLowerCase());
  if (!values.every(Number.isInteger) || words.some((word) => COUNTED.has(word))) return false;
  if (words.some((word) => YEARS.has(word))) return values.every((value) => value >= FIRST_YEAR && value <= LAST_YEAR);
  return words.some((word) => CODES.has(word) || PARTS.has(word));
}
