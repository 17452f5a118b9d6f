// Prints the edge's answers to the recorded conversations, one JSON object a line.
//   npm run parity --workspace tests/worker > edge.jsonl

import { defaultRegistryFolder } from '../../../worker/registry-folder.mjs';
import { withEdge } from '../lib/edge.mjs';
import { edgeAnswers } from './edge-answers.mjs';

await withEdge({}, async (edge) => {
  await edge.publish(process.argv[2] ?? defaultRegistryFolder());
  for (const answer of await edgeAnswers(edge)) console.log(JSON.stringify(answer));
});
