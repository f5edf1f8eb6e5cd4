// What the words of the language itself mean, for editors and the reference; components say it for themselves.
// Code stands in backquotes.

import { table } from "./table.ts";

/** Sections and declarations. */
export const ELEMENTS = table<string>({
  panel: "A panel: what is seen, what it knows and what it does.",
  view: "What is seen: components, top to bottom.",
  data: "What the panel knows: states, computed values, tables.",
  logic: "What the panel does: actions, and what they are allowed to do.",
  doc: "What the panel is for, in words.",
  type: 'A record type: `fields="id: str, done: bool"`. Its fields may be of types that stand before it.',
  state: "A value that changes. Scope `shared` (everybody has the same), `user` (one value per person) or `view` (one per page that shows the panel).",
  computed: "A value that follows from others.",
  link: 'A value that another panel exports: `from="sales.total"`.',
  frame: "A table: `kernel:NAME` bound with `ws.bind`, or `kernel:FUNCTION(arguments)` of a function exposed with `ws.expose`, called again when its arguments have changed and rested for `debounce` milliseconds. `nog:nodes(around, types, most)`, `nog:edges(...)`, `nog:attributes(id)` and `nog:causes(id)` are tables of the workspace's object graph; `trilog:changes(hours)`, `trilog:users(hours)`, `trilog:latency(hours)`, `trilog:failures(hours)`, `trilog:versions(hours)`, `trilog:quotas()` and `trilog:graph()` of what goes on in it.",
  query: "Rows of a frame or query, worked out where the data is: filtered, grouped, ordered.",
  uses: "A capability that the panel asks for, with the reason that people are shown.",
  action: "Code that runs in the sandbox when an event, a tool or the notebook asks for it; it has `state`, `args`, `event` and `nx`.",
  effect: "Code that runs when its condition becomes true, or true with another value.",
  lifecycle: "An action that runs on `mount` (somebody looks at the panel), `unmount` (nobody does any more), or every so many milliseconds while somebody looks (`interval`, at least 250).",
  export: "A value that other panels may link to, or an action that they may run.",
  tool: "Something that a model may do: run an action, or set a state. Its text says what it is for.",
  resource: "Something that a model may read.",
});

/** Attributes that any component takes. */
export const DIRECTIVES = table<string>({
  id: "The element's name, unique in the panel; edits, undo and layout find it by that.",
  if: "Shown only while the expression is true.",
  else: "Shown while the element before, which has `if`, is not.",
  for: 'Once for each item: `for="task in tasks"`.',
  key: "What identifies an item over time.",
  slot: "The place in its parent.",
  span: "Columns in a grid, out of twelve, or `full`.",
  min: "Least width in a grid: pixels, or `12rem`.",
  grow: "How eagerly it takes room that is left.",
  priority: "Who gets room first.",
});

/** Attributes of sections and declarations, by element and name, or for all elements by name alone. */
const ATTRIBUTES = table<string>({
  "panel id": "The panel's name in the workspace.",
  "panel title": "What stands above the panel.",
  name: "The name by which the rest of the panel knows it.",
  expr: "The expression that it is.",
  "type fields": "Its fields: `name: type, name: type`.",
  "state type": "str, int, float, bool, date, any, list[T], dict[T], T?, or a declared type.",
  "state default": "What it is before anybody changes it.",
  "state min": "Its smallest number.",
  "state max": "Its largest number.",
  "state scope": "Whose it is: everybody's, each person's, or each view's.",
  "link from": "`PANEL.NAME`, where the panel exports the name.",
  "frame from": "`kernel:NAME` for a bound table, `kernel:FUNCTION(arguments)` for an exposed function, or `nog:TABLE(arguments)` or `trilog:TABLE(hours)` for a table of the workspace itself.",
  "frame columns": "The columns: `name: type, name: type`.",
  "frame debounce": "Milliseconds of rest before the function is called again.",
  "query frame": "The frame or query that the rows come from.",
  "query where": "Which rows; `row.x` is the column x.",
  "query group": "What the rows are grouped by.",
  "query agg": "What is computed of each group, such as `sum(row.x) as x`.",
  "query distinct": "The column whose different values are wanted.",
  "query prepend": "A value that stands before those of distinct.",
  "query order": "Columns to order by, each with `desc` for the greatest first.",
  "query limit": "The greatest number of rows.",
  "uses cap": "What the actions may do.",
  "uses target": "The only host, function, file or panel with which they may do it.",
  "uses why": "The reason, for the person who is asked.",
  "action params": "Its parameters: `name: type = default`.",
  "action from": "`PANEL.NAME`, where the panel exports an action by that name: it runs that one, and has no code of its own.",
  "export action": "The action that other panels may run.",
  "effect on": "The condition.",
  "lifecycle on": "`mount`, `unmount` or `interval`.",
  "lifecycle every": "Milliseconds between two runs of an interval.",
  "lifecycle run": "The action: `name(arguments)`.",
  "tool action": "The action that it runs.",
  "tool set": "The state that it sets.",
});

export function attributeDoc(element: string, name: string): string | undefined {
  return ATTRIBUTES[`${element} ${name}`] ?? ATTRIBUTES[name];
}

/** Values that an attribute of a declaration may have. */
export const CHOICES = table<Readonly<Record<string, string>>>({
  "state scope": { shared: "One value for everybody.", user: "A value for each person.", view: "A value for each open view; it is not kept." },
  "lifecycle on": { mount: "When somebody looks at the panel.", unmount: "When nobody does any more.", interval: "Again and again while somebody looks." },
});

/** Capabilities, by what they allow. */
export const CAPABILITY_DOCS = table<string>({
  state: "Reads and writes states.", "panel.send": "Sends events to other panels.", "panel.read": "Reads other panels.", "frame.read": "Reads tables.",
  "kernel.call": "Calls functions of the notebook.", "net.http": "Asks services on the network.", "net.ws": "Talks over WebSockets.", "fs.read": "Reads files.",
  "fs.write": "Writes files.", "db.query": "Asks databases.", "ai.complete": "Asks a model.", "agent.emit": "Tells agents of events.", notify: "Shows notes.",
  clipboard: "Writes to the clipboard.", time: "Reads the clock.", random: "Uses random numbers.", log: "Writes to the log.",
});
