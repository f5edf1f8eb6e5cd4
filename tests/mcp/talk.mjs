// Talks to a server as the official TypeScript client does. Arguments: address, token, folder of node_modules.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [address, token, modules] = process.argv.slice(2);
const found = createRequire(`${modules}/package.json`).resolve("@modelcontextprotocol/client");
const { Client, StreamableHTTPClientTransport } = await import(pathToFileURL(found).href);
const client = new Client({ name: "test", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(address), { requestInit: { headers: { Authorization: `token ${token}` } } }));
const { tools } = await client.listTools();
const called = await client.callTool({ name: "nexus_check", arguments: { nxml: '<panel id="p"><view><buton id="b" label="x"/></view></panel>' } });
const { resources } = await client.listResources();
const list = await client.callTool({ name: "nexus_list", arguments: {} });
console.log(JSON.stringify({ tools: tools.map(({ name }) => name), checked: called.structuredContent, resources: resources.length, list: list.content[0].text }));
await client.close();
