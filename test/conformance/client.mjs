// The official SDK's client, which checks answers against the tools' output
// schemas: node client.mjs TRANSPORT TARGET NAME ARGUMENTS [NAME ARGUMENTS ...]
// with TRANSPORT http, sse (TARGET a URL) or stdio (TARGET a command). It prints
// one line of JSON for each call.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [kind, target, ...calls] = process.argv.slice(2);
const transports = {
  http: () => new StreamableHTTPClientTransport(new URL(target)),
  sse: () => new SSEClientTransport(new URL(target)),
  stdio: () => {
    const [command, ...args] = target.split(' ');
    return new StdioClientTransport({ command, args, env: process.env });
  },
};
const client = new Client({ name: 'conformance', version: '1' });
await client.connect(transports[kind]());
await client.listTools();
for (let i = 0; i < calls.length; i += 2) {
  console.log(JSON.stringify(await client.callTool({ name: calls[i], arguments: JSON.parse(calls[i + 1]) })));
}
await client.close();
