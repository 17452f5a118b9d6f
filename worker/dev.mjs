// Runs the edge on this machine with every binding, fed from a folder that `rapport registry export` wrote.
//   node worker/dev.mjs [--port 8787] [--host 127.0.0.1] [--registry FOLDER]
// Prints one line with the address when the first answer can be given; ends on Ctrl-C.

import { parseArgs } from 'node:util';
import { startEdge } from './local.mjs';
import { defaultRegistryFolder } from './registry-folder.mjs';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8787' },
    host: { type: 'string', default: '127.0.0.1' },
    registry: { type: 'string', default: defaultRegistryFolder() },
  },
});

const edge = await startEdge({
  port: Number(values.port),
  host: values.host,
  onLog: ({ level, message }) => process.stderr.write(`[edge] ${level}: ${message}\n`),
});
await edge.publish(values.registry);
// Whoever asked before the registry was published has made the edge wait a few seconds before it looks again.
let health;
for (let attempt = 0; attempt < 30; attempt++) {
  health = await (await edge.fetch('/health')).json();
  if (health.status !== 'unavailable') break;
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
if (health.status === 'unavailable') {
  console.error(`The edge has no model: ${health.reason}`);
  await edge.stop();
  process.exit(1);
}
const address = `http://${values.host === '0.0.0.0' ? '127.0.0.1' : values.host}:${edge.url.port}`;
console.log(`Edge: ${address}/docs (model ${health.model.name}, registry version ${health.model.registry_version})`);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await edge.stop();
    process.exit(0);
  });
}
