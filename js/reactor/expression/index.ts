export { Effort, EXPRESSION_ROWS, spend, STEPS, TooManyRows, TooMuchWork, Unworkable } from "./effort.ts";
export { compile, compileTest, evaluate, type Evaluator, type RowSource, type Scope } from "./evaluate.ts";
export { FUNCTIONS, type FunctionSpec, OPERATORS } from "./functions.ts";
export { parseExpression, type Occurrence, type Parsed } from "./parse.ts";
export { splitTemplate, type TemplatePart } from "./template.ts";
export { ExpressionError } from "./tokens.ts";
export { compact, grouped, isList, isNumber, isRecord, numberText, order, own, rank, same, textOf, truthy, type Value } from "./values.ts";
