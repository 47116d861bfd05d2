// The TypeScript client 2.x, which negotiates the newest protocol; as legacy.mjs otherwise.
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: "ts", version: "0" }, { versionNegotiation: { mode: "auto" } });
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: "inherit" }));
const listed = await client.listTools();
const read = await client.callTool({ name: "read_many", arguments: { items: ["a.py"] } });
const wrong = await client.callTool({ name: "read_many", arguments: { path: "a.py" } });
await client.close();
console.log(JSON.stringify({ listed, read, wrong }));
