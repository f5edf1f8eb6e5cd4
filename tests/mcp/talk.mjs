// Talks to a server as an official TypeScript client does. Arguments: address, token, folder of node_modules, package.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [address, token, modules, name] = process.argv.slice(2);
const { resolve } = createRequire(`${modules}/package.json`);
const load = (path) => import(pathToFileURL(resolve(path)).href);
const older = name === "@modelcontextprotocol/sdk";
const { Client } = await load(older ? `${name}/client/index.js` : name);
const { StreamableHTTPClientTransport } = await load(older ? `${name}/client/streamableHttp.js` : name);
const client = new Client({ name: "test", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(address), { requestInit: { headers: { Authorization: `token ${token}` } } }));
const { tools } = await client.listTools();
const called = await client.callTool({ name: "nexus_check", arguments: { nxml: '<panel id="p"><view><buton id="b" label="x"/></view></panel>' } });
const { resources } = await client.listResources();
const list = await client.callTool({ name: "nexus_list", arguments: {} });
const { contents } = await client.readResource({ uri: "ui://nexus/panel.html" });
console.log(JSON.stringify({ tools: tools.map((tool) => tool.name), checked: called.structuredContent, resources: resources.length, list: list.content[0].text, page: contents[0].mimeType }));
await client.close();
