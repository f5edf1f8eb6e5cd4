// What the words of the language itself mean; components say it for themselves.

import { table } from "../table.ts";

/** Sections and declarations. */
export const ELEMENTS = table<string>({
  panel: "A panel: what is seen, what it knows and what it does.",
  view: "What is seen: components, top to bottom.",
  data: "What the panel knows: states, computed values, tables.",
  logic: "What the panel does: actions, and what they are allowed to do.",
  doc: "What the panel is for, in words.",
  type: "A record type for states and parameters.",
  state: "A value that controls and actions change.",
  computed: "A value that follows from others.",
  link: "A value that another panel exports.",
  frame: "A table of the notebook.",
  query: "Rows chosen, grouped and ordered from a frame or another query.",
  uses: "Something that actions may do outside the panel, once a person has allowed it.",
  action: "JavaScript that runs in the sandbox, with state, args, event and nx.",
  effect: "JavaScript that runs when a value has changed.",
  lifecycle: "An action that runs when the panel is opened or closed, or again and again.",
  export: "A value that other panels may link to.",
  tool: "Something that a model may do; the text inside tells it what for.",
  resource: "Something that a model may read; the text inside tells it what it is.",
});

/** Attributes that any component takes. */
export const DIRECTIVES = table<string>({
  id: "Its name in edits, undo and layout constraints.",
  if: "Shown while this expression is true.",
  else: "Shown while the element before, which has an if, is not.",
  for: "Once for each item: item in list.",
  key: "What tells the items of a for apart.",
  slot: "The named place of the parent that it stands in.",
  span: "Columns that it takes in a grid, or full.",
  min: "Its least width in pixels.",
  grow: "Its share of the space that is left.",
  priority: "How important its place is when there is little room.",
});

/** Attributes of sections and declarations, by element and name, or for all elements by name alone. */
const ATTRIBUTES = table<string>({
  "panel id": "The panel's name in the workspace.",
  "panel title": "What stands above the panel.",
  name: "The name by which the rest of the panel knows it.",
  expr: "The expression that it is.",
  "type fields": "Its fields, as name: type, name: type.",
  "state type": "str, int, float, bool, date, any, list[T], dict[T], T?, or a declared type.",
  "state default": "What it is before anybody changes it.",
  "state min": "Its smallest number.",
  "state max": "Its largest number.",
  "state scope": "Whose it is: everybody's, each person's, or each view's.",
  "link from": "PANEL.NAME, where the panel exports the name.",
  "frame from": "kernel:NAME for a bound table, or kernel:FUNCTION(arguments) for an exposed function.",
  "frame columns": "The columns, as name: type, name: type.",
  "frame max-rows": "The greatest number of rows.",
  "frame debounce": "Milliseconds of rest before the function is called again.",
  "query frame": "The frame or query that the rows come from.",
  "query where": "Which rows; row.x is the column x.",
  "query group": "What the rows are grouped by.",
  "query agg": "What is computed of each group, such as sum(row.x) as x.",
  "query distinct": "The column whose different values are wanted.",
  "query prepend": "A value that stands before those of distinct.",
  "query order": "Columns to order by, each with desc for the greatest first.",
  "query limit": "The greatest number of rows.",
  "uses cap": "What the actions may do.",
  "uses target": "The only host, function, file or panel with which they may do it.",
  "uses why": "The reason, for the person who is asked.",
  "action params": "Its parameters, as name: type = default.",
  "effect on": "The value whose changes run it.",
  "lifecycle on": "mount, unmount or interval.",
  "lifecycle every": "Milliseconds between two runs of an interval.",
  "lifecycle run": "The action, as name(arguments).",
  "tool action": "The action that it runs.",
  "tool set": "The state that it sets.",
});

export function attributeDoc(element: string, name: string): string | undefined {
  return ATTRIBUTES[`${element} ${name}`] ?? ATTRIBUTES[name];
}

/** Values that an attribute of a declaration may have. */
export const CHOICES = table<Readonly<Record<string, string>>>({
  "state scope": { shared: "One value for everybody.", user: "A value for each person.", view: "A value for each open view; it is not kept." },
  "lifecycle on": { mount: "When the panel is opened.", unmount: "When it is closed.", interval: "Again and again." },
});

/** Capabilities, by what they allow. */
export const CAPABILITY_DOCS = table<string>({
  state: "Reads and writes states.", "panel.send": "Sends events to other panels.", "panel.read": "Reads other panels.", "frame.read": "Reads tables.",
  "kernel.call": "Calls functions of the notebook.", "net.http": "Asks services on the network.", "net.ws": "Talks over WebSockets.", "fs.read": "Reads files.",
  "fs.write": "Writes files.", "db.query": "Asks databases.", "ai.complete": "Asks a model.", "agent.emit": "Tells agents of events.", notify: "Shows notes.",
  clipboard: "Writes to the clipboard.", time: "Reads the clock.", random: "Uses random numbers.", log: "Writes to the log.",
});
