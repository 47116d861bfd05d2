// The TypeScript SDK 1.x: argv is the server's command; what happened goes to stdout as JSON.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: "ts", version: "0" });
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: "inherit" }));
const listed = await client.listTools();
const read = await client.callTool({ name: "read_many", arguments: { items: ["a.py"] } });
const wrong = await client.callTool({ name: "read_many", arguments: { path: "a.py" } });
await client.close();
console.log(JSON.stringify({ listed, read, wrong }));
