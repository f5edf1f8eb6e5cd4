// A client of MCP Apps: the official host's side of the bridge, with one page in a frame that may do nothing else.

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { AppBridge, PostMessageTransport } from "@modelcontextprotocol/ext-apps/app-bridge";

interface Host {
  keep(html: string): Promise<string>;
}

const opened: string[] = [];
const sizes: number[] = [];
let client: Client;
let bridge: AppBridge;

async function connect(address: string, token: string): Promise<void> {
  client = new Client({ name: "host", version: "1.0.0" });
  await client.connect(new StreamableHTTPClientTransport(new URL(address), { requestInit: { headers: { Authorization: `token ${token}` } } }));
}

/** Show the page that a tool is linked to, as clients do; then call the tool, and hand its answer to the page. */
async function show(name: string, args: Record<string, unknown>, theme: "light" | "dark"): Promise<unknown> {
  const { tools } = await client.listTools();
  const tool = tools.find((one) => one.name === name);
  const ui = tool?._meta?.["ui"] as { resourceUri: string };
  const { contents } = await client.readResource({ uri: ui.resourceUri });
  const page = contents[0] as { text: string; mimeType: string; _meta?: unknown };
  const frame = document.querySelector("iframe") as HTMLIFrameElement;
  bridge = new AppBridge(client as never, { name: "host", version: "1.0.0" }, { openLinks: {}, serverTools: {} }, { hostContext: { theme } });
  bridge.onopenlink = async ({ url }) => { opened.push(url); return {}; };
  bridge.onsizechange = ({ height }) => { sizes.push(height ?? 0); };
  const met = new Promise<void>((resolve) => { bridge.oninitialized = () => resolve(); });
  await bridge.connect(new PostMessageTransport(frame.contentWindow as Window, frame.contentWindow as Window));
  frame.src = await (window as unknown as Host).keep(page.text);
  await met;
  await bridge.sendToolInput({ arguments: args });
  const result = await client.callTool({ name, arguments: args });
  await bridge.sendToolResult(result as never);
  return { uri: ui.resourceUri, mime: page.mimeType, meta: page._meta, result };
}

Object.assign(window, {
  connect,
  show,
  opened,
  sizes,
  call: (name: string, args: Record<string, unknown>) => client.callTool({ name, arguments: args }),
  tell: async (name: string, args: Record<string, unknown>) => bridge.sendToolResult((await client.callTool({ name, arguments: args })) as never),
  dress: (theme: "light" | "dark") => bridge.setHostContext({ theme }),
  leave: () => bridge.teardownResource({}),
});
